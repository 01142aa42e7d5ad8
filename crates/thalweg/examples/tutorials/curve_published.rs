//! A tutorial's fit of an exponential as published, beside ours: two of its gradients are not the gradient.
//!
//! The network is 1-5-1 with a sigmoid hidden layer and the head 100·sigmoid. The script prints the mean squared error,
//! but (1) the gradient that it takes at the output is that of another loss, and (2) all five hidden biases get one
//! summed gradient. Both faults are rebuilt here as parts of one's own; the gradient check finds each of them.

use std::sync::Arc;

use thalweg::custom::{CustomLayer, CustomLoss};
use thalweg::data::{self, Dataset, LoadOptions};
use thalweg::experiment::Experiment;
use thalweg::gradient_check::{self, GradientReport};
use thalweg::layers::{Backward, Forward, Layer, ParameterRole, ParameterShape};
use thalweg::losses::{Reduction, Target};
use thalweg::network::Draw;
use thalweg::train::{BatchSize, Every, LayerTraining, Part, TrainingSettings};
use thalweg::{Error, Loss, Network, Optimizer, Real, Result, Shape, Trainer};

/// The largest value that the head can give.
const HEAD: f64 = 100.0;

/// The head and the loss of the script, as functions of the pre-activation z of the output.
///
/// ```text
/// ŷ     = 100·sigmoid(z)
/// loss  = (ŷ - t)²
/// dz    = ŷ - t                               as published
///       = 2·(ŷ - t)·100·s·(1 - s)             the true gradient, s = sigmoid(z)
/// ```
#[derive(Debug)]
pub(crate) struct HeadAndLoss {
    /// Whether `dz` is as published.
    pub(crate) published: bool,
}

impl<R: Real> CustomLoss<R> for HeadAndLoss {
    fn name(&self) -> &str {
        if self.published { "squares_published" } else { "squares_of_head" }
    }

    fn reduction(&self) -> Reduction {
        Reduction::Mean
    }

    fn row_value(&self, predictions: &[R], target: Target<'_, R>) -> R {
        let d = R::from_f64(HEAD) * predictions[0].sigmoid() - target.value(0, 1);
        d * d
    }

    fn row_gradient(&self, predictions: &[R], target: Target<'_, R>, dpredictions: &mut [R]) {
        let s = predictions[0].sigmoid();
        let d = R::from_f64(HEAD) * s - target.value(0, 1);
        dpredictions[0] = match self.published {
            true => d,
            false => R::from_f64(2.0 * HEAD) * d * s * (R::ONE - s),
        };
    }
}

/// A dense layer whose biases all get the sum of all their gradients.
///
/// ```text
/// forward   y  = x·w + b
/// backward  dx = dy·wᵀ      dw = xᵀ·dy      db[j] = Σₙ Σₖ dy[n,k] for every j, as published
/// ```
#[derive(Debug)]
pub(crate) struct SummedBias {
    /// How many outputs.
    pub(crate) out_features: usize,
}

impl<R: Real> CustomLayer<R> for SummedBias {
    fn name(&self) -> &str {
        "summed_bias"
    }

    fn output_shape(&self, _input: &Shape) -> Result<Shape, String> {
        Ok(Shape::from(self.out_features))
    }

    fn parameters(&self, input: &Shape) -> Vec<ParameterShape> {
        let weight = Shape::from([input.len(), self.out_features]);
        vec![
            ParameterShape { name: "weight".to_owned(), shape: weight, role: ParameterRole::Weight },
            ParameterShape {
                name: "bias".to_owned(),
                shape: Shape::from(self.out_features),
                role: ParameterRole::Free,
            },
        ]
    }

    fn forward(&self, pass: Forward<'_, R>) {
        let (inputs, outputs) = (pass.input.len(), self.out_features);
        let (w, b) = pass.parameters.split_at(inputs * outputs);
        for (x, y) in pass.x.chunks_exact(inputs).zip(pass.y.chunks_exact_mut(outputs)) {
            for (j, y) in y.iter_mut().enumerate() {
                *y = x.iter().enumerate().fold(b[j], |z, (k, &x)| x.mul_add(w[k * outputs + j], z));
            }
        }
    }

    fn backward(&self, pass: Backward<'_, R>) {
        let (inputs, outputs) = (pass.input.len(), self.out_features);
        let (w, _) = pass.parameters.split_at(inputs * outputs);
        let (dw, db) = pass.dparameters.split_at_mut(inputs * outputs);
        for (x, dy) in pass.x.chunks_exact(inputs).zip(pass.dy.chunks_exact(outputs)) {
            for (k, &x) in x.iter().enumerate() {
                for (j, &dy) in dy.iter().enumerate() {
                    dw[k * outputs + j] += x * dy;
                }
            }
        }
        let sum: R = pass.dy.iter().copied().sum();
        for db in db {
            *db += sum;
        }
        if let Some(dx) = pass.dx {
            for (dx, dy) in dx.chunks_exact_mut(inputs).zip(pass.dy.chunks_exact(outputs)) {
                for (k, dx) in dx.iter_mut().enumerate() {
                    *dx = dy.iter().enumerate().map(|(j, &dy)| dy * w[k * outputs + j]).sum();
                }
            }
        }
    }
}

/// Our network for the same start, true gradients throughout, and the data.
fn ours() -> Result<(Network<f64>, Dataset)> {
    let text = include_str!("../../experiments/tutorials/curve-published-network.toml");
    let experiment = Experiment::parse(text, None)?;
    let options = LoadOptions { draws_from_numpy: true, ..LoadOptions::default() };
    let mut parts = data::load(&experiment.data, &options)?;
    let mut network = Network::new(1, experiment.network.layers)?;
    if let Some(numpy) = &mut parts.numpy {
        network.start(None, Draw::Numpy(numpy))?;
    }
    Ok((network, parts.train))
}

/// The same start with some of the published parts in place of ours.
fn with_hidden(hidden: Layer) -> Result<(Network<f64>, Dataset)> {
    let (ours, data) = ours()?;
    let mut network = Network::builder(1).layer(hidden).sigmoid().dense(1).build(0)?;
    network.parameters_mut().copy_from_slice(ours.parameters());
    Ok((network, data))
}

/// Gradient descent on all rows at once, 300 steps, each reported.
fn settings(loss: Loss, learning_rate: f64) -> TrainingSettings {
    let each = LayerTraining { learning_rate: Some(learning_rate), frozen: false };
    TrainingSettings {
        loss: Some(loss),
        optimizer: Optimizer::Sgd,
        layer: [(0, each), (2, each)].into(),
        batch_size: BatchSize::Full,
        steps: Some(300),
        epochs: None,
        report_every: Some(Every::Steps(1)),
        ..TrainingSettings::default()
    }
}

fn losses(network: &mut Network<f64>, data: &Dataset, settings: TrainingSettings) -> Result<Vec<f64>> {
    let outcome = Trainer::with_settings(settings).fit(network, data)?;
    Ok(outcome.history.losses(Part::Train).into_iter().map(|(_, loss)| loss).collect())
}

fn published_loss() -> Loss {
    Loss::Custom(Arc::new(HeadAndLoss { published: true }))
}

fn summed_bias() -> Layer {
    Layer::Custom(Arc::new(SummedBias { out_features: 5 }))
}

/// The losses of the script as it was published, before each of its 300 steps and after the last.
pub(crate) fn published_losses() -> Result<Vec<f64>> {
    let (mut network, data) = with_hidden(summed_bias())?;
    losses(&mut network, &data, settings(published_loss(), 1e-2))
}

/// The losses of the true gradient.
pub(crate) fn our_losses() -> Result<Vec<f64>> {
    let (mut network, data) = ours()?;
    losses(&mut network, &data, settings(Loss::MeanSquaredError, 1e-3))
}

/// What the check says of: the true gradient through the same parts, the published loss alone, the summed bias alone.
pub(crate) fn checks() -> Result<[(&'static str, GradientReport); 3]> {
    let true_loss = || Loss::Custom(Arc::new(HeadAndLoss { published: false }));
    let dense = || Layer::Dense(thalweg::layers::Dense::new(5));
    let check = |hidden: Layer, loss: Loss| -> Result<GradientReport, Error> {
        let (network, data) = with_hidden(hidden)?;
        gradient_check::check(&network, &settings(loss, 1e-2), &data, 0)
    };
    Ok([
        ("the true gradient", check(dense(), true_loss())?),
        ("the published output gradient", check(dense(), published_loss())?),
        ("the published summed bias", check(summed_bias(), true_loss())?),
    ])
}

fn main() -> Result<()> {
    run()
}

pub(crate) fn run() -> Result<()> {
    let (published, ours) = (published_losses()?, our_losses()?);
    println!("  step   published        ours");
    for step in [0, 1, 10, 100, 200, 299] {
        println!("{step:>6} {:>11.3} {:>11.3}", published[step], ours[step]);
    }
    println!("The target reaches 148.4 and the head ends at 100: no weights get below 79.02.");
    for (name, report) in checks()? {
        println!("{name}: {}", if report.ok { "passes" } else { "FAILS" });
        for worst in
            report.by_parameter.iter().filter(|worst| worst.relative_error > gradient_check::TOLERANCE)
        {
            println!(
                "  {}: backward says {:.6}, the loss itself {:.6}",
                worst.parameter, worst.analytic, worst.numeric
            );
        }
    }
    Ok(())
}
