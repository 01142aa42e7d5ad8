//! A tutorial's 27-9-3 regression as published, beside ours: it has a bias for every example.
//!
//! Such a bias is a parameter like any other, so its gradient is right and the gradient check passes. But it belongs to
//! a row of the training data: the network learns 1,200 numbers that mean nothing for any other row. Ours shares its 12
//! biases between all rows, ends at a lower loss all the same, and is the only one that can predict.

use std::sync::Arc;

use thalweg::custom::CustomLayer;
use thalweg::data::{Dataset, DatasetTargets, Features};
use thalweg::gradient_check::{self, GradientReport};
use thalweg::layers::{Backward, Forward, Layer, Mode, ParameterRole, ParameterShape};
use thalweg::random::numpy::NumpyRandom;
use thalweg::train::{BatchSize, Every, Part, TrainingSettings};
use thalweg::{Loss, Network, Optimizer, Real, Result, Shape, Trainer};

/// Examples of the script.
const ROWS: usize = 100;

/// A dense layer with a bias for every example.
///
/// ```text
/// forward   y[n,:] = x[n,:]·w + b[n,:]
/// backward  dx = dy·wᵀ      dw = xᵀ·dy      db = dy
/// ```
///
/// n is the row's number in the training data; in inference nothing but its place is known, and rows beyond the last
/// have no bias.
#[derive(Debug)]
pub(crate) struct BiasPerExample {
    /// How many outputs.
    pub(crate) out_features: usize,
    /// How many examples have a bias.
    pub(crate) examples: usize,
}

impl BiasPerExample {
    fn example(mode: Mode<'_>, n: usize) -> usize {
        match mode {
            Mode::Training { row_numbers, .. } => row_numbers[n] as usize,
            Mode::Inference => n,
        }
    }
}

impl<R: Real> CustomLayer<R> for BiasPerExample {
    fn name(&self) -> &str {
        "bias_per_example"
    }

    fn output_shape(&self, _input: &Shape) -> Result<Shape, String> {
        Ok(Shape::from(self.out_features))
    }

    fn parameters(&self, input: &Shape) -> Vec<ParameterShape> {
        let (weight, bias) =
            (Shape::from([input.len(), self.out_features]), Shape::from([self.examples, self.out_features]));
        vec![
            ParameterShape { name: "weight".to_owned(), shape: weight, role: ParameterRole::Weight },
            ParameterShape { name: "bias".to_owned(), shape: bias, role: ParameterRole::Free },
        ]
    }

    fn forward(&self, pass: Forward<'_, R>) {
        let (inputs, outputs) = (pass.input.len(), self.out_features);
        let (w, b) = pass.parameters.split_at(inputs * outputs);
        let rows = pass.x.chunks_exact(inputs).zip(pass.y.chunks_exact_mut(outputs));
        for (n, (x, y)) in rows.enumerate() {
            let first = Self::example(pass.mode, n) * outputs;
            for (j, y) in y.iter_mut().enumerate() {
                let bias = b.get(first + j).copied().unwrap_or(R::ZERO);
                *y = x.iter().enumerate().fold(bias, |z, (k, &x)| x.mul_add(w[k * outputs + j], z));
            }
        }
    }

    fn backward(&self, pass: Backward<'_, R>) {
        let (inputs, outputs) = (pass.input.len(), self.out_features);
        let (w, _) = pass.parameters.split_at(inputs * outputs);
        let (dw, db) = pass.dparameters.split_at_mut(inputs * outputs);
        for (n, (x, dy)) in pass.x.chunks_exact(inputs).zip(pass.dy.chunks_exact(outputs)).enumerate() {
            let first = Self::example(pass.mode, n) * outputs;
            for (j, &dy) in dy.iter().enumerate() {
                for (k, &x) in x.iter().enumerate() {
                    dw[k * outputs + j] = x.mul_add(dy, dw[k * outputs + j]);
                }
                if let Some(db) = db.get_mut(first + j) {
                    *db += dy;
                }
            }
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

/// What the script draws after `np.random.seed(0)`, and rows of the same rule that no network has seen.
struct Start {
    data: Dataset,
    unseen: Dataset,
    published: Network<f64>,
    ours: Network<f64>,
}

fn start() -> Result<Start> {
    let mut random = NumpyRandom::new(0);
    let mut draw = |count: usize| -> Vec<f64> { (0..count).map(|_| random.randn()).collect() };
    let (x, rule) = (draw(ROWS * 27), draw(27 * 3));
    let (w0, per_example0, w2, per_example2) = (draw(27 * 9), draw(ROWS * 9), draw(9 * 3), draw(ROWS * 3));
    let new_x = draw(ROWS * 27);

    let layer = |out_features| Layer::Custom(Arc::new(BiasPerExample { out_features, examples: ROWS }));
    let mut published = Network::builder(27).layer(layer(9)).relu().layer(layer(3)).build(0)?;
    let mut ours = Network::builder(27).dense(9).relu().dense(3).build(0)?;
    for network in [&mut published, &mut ours] {
        network.set_parameter("0.weight", &w0)?;
        network.set_parameter("2.weight", &w2)?;
    }
    published.set_parameter("0.bias", &per_example0)?;
    published.set_parameter("2.bias", &per_example2)?;
    // Ours start from the first example's.
    ours.set_parameter("0.bias", &per_example0[..9])?;
    ours.set_parameter("2.bias", &per_example2[..3])?;
    Ok(Start { data: rows(x, &rule)?, unseen: rows(new_x, &rule)?, published, ours })
}

/// Examples x with the targets x·rule.
fn rows(x: Vec<f64>, rule: &[f64]) -> Result<Dataset> {
    let target = |x: &[f64], j: usize| x.iter().enumerate().map(|(k, x)| x * rule[k * 3 + j]).sum::<f64>();
    let values = x.chunks(27).flat_map(|x| [target(x, 0), target(x, 1), target(x, 2)]).collect();
    let targets = DatasetTargets::Values { values, outputs: 3 };
    Dataset::new(Features::F64(x), Shape::from(27), targets)
}

fn settings() -> TrainingSettings {
    TrainingSettings {
        loss: Some(Loss::SumOfSquares),
        optimizer: Optimizer::Sgd,
        learning_rate: Some(1e-4),
        batch_size: BatchSize::Full,
        steps: Some(2000),
        epochs: None,
        report_every: Some(Every::Steps(1)),
        ..TrainingSettings::default()
    }
}

/// What came of one network.
pub(crate) struct Fitted {
    /// The sum of squares before each step and after the last.
    pub(crate) losses: Vec<f64>,
    /// The same on rows that it has not seen.
    pub(crate) unseen_loss: f64,
    /// What it says about the first training row, in its own place and after the row behind it.
    pub(crate) same_row_twice: [Vec<f64>; 2],
    /// What the gradient check says of its start.
    pub(crate) check: GradientReport,
}

fn fit(mut network: Network<f64>, data: &Dataset, unseen: &Dataset) -> Result<Fitted> {
    let check = gradient_check::check(&network, &settings(), data, 0)?;
    let outcome = Trainer::with_settings(settings()).fit(&mut network, data)?;
    let loss = Loss::SumOfSquares;
    let in_place = network.predict(&loss, &data.select(&[0, 1]))?;
    let behind = network.predict(&loss, &data.select(&[1, 0]))?;
    Ok(Fitted {
        losses: outcome.history.losses(Part::Train).into_iter().map(|(_, loss)| loss).collect(),
        unseen_loss: network.evaluate(&loss, unseen, Part::Test)?.loss,
        same_row_twice: [in_place[..3].to_vec(), behind[3..].to_vec()],
        check,
    })
}

/// The script as published, and ours.
pub(crate) fn fit_both() -> Result<(Fitted, Fitted)> {
    let start = start()?;
    let published = fit(start.published, &start.data, &start.unseen)?;
    let ours = fit(start.ours, &start.data, &start.unseen)?;
    Ok((published, ours))
}

fn main() -> Result<()> {
    run()
}

pub(crate) fn run() -> Result<()> {
    let (published, ours) = fit_both()?;
    println!("  step   published        ours");
    for step in [0, 1, 10, 100, 1000, 1999] {
        println!("{step:>6} {:>11.3} {:>11.3}", published.losses[step], ours.losses[step]);
    }
    println!("unseen {:>11.3} {:>11.3}", published.unseen_loss, ours.unseen_loss);
    for (name, fitted) in [("published", &published), ("ours", &ours)] {
        let passes = if fitted.check.ok { "passes" } else { "FAILS" };
        println!("{name}: the gradient check {passes} ({} comparisons)", fitted.check.comparisons);
        let [in_place, behind] = &fitted.same_row_twice;
        println!("  the first row, in its place:    {in_place:.3?}");
        println!("  the same row in second place:   {behind:.3?}");
    }
    println!("A bias per example has a true gradient, but it belongs to a place in the training data.");
    Ok(())
}
