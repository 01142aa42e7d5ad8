//! Parts of one's own: a loss and a layer that the library does not have, the check of their gradients, and a model file with them.
//!
//! Shows the traits of `thalweg::custom`, that a wrong formula is found and named, and what a registry is for.

use std::sync::Arc;

use thalweg::custom::{CustomLayer, CustomLoss, Registry};
use thalweg::data::{Dataset, DatasetTargets, Features};
use thalweg::gradient_check::{self, GradientReport};
use thalweg::layers::{Backward, Forward, Layer, ParameterRole, ParameterShape};
use thalweg::losses::{Reduction, Target};
use thalweg::train::TrainingSettings;
use thalweg::{Loss, Network, Real, Result, Shape, Trainer};

/// log cosh(ŷ - t): a parabola near 0, straight far away.
///
/// ```text
/// loss = Σⱼ log cosh(ŷⱼ - tⱼ)
/// dŷⱼ  = tanh(ŷⱼ - tⱼ)
/// ```
#[derive(Debug)]
struct LogCosh;

impl<R: Real> CustomLoss<R> for LogCosh {
    fn name(&self) -> &str {
        "log_cosh"
    }

    fn reduction(&self) -> Reduction {
        Reduction::Mean
    }

    fn row_value(&self, predictions: &[R], target: Target<'_, R>) -> R {
        let outputs = predictions.len();
        let one = |j: usize| {
            // log cosh d = |d| + log1p(e^{-2|d|}) - log 2 does not overflow.
            let d = (predictions[j] - target.value(j, outputs)).abs();
            d + (-(d + d)).exp().log1p() - R::from_f64(std::f64::consts::LN_2)
        };
        (0..outputs).map(one).sum()
    }

    fn row_gradient(&self, predictions: &[R], target: Target<'_, R>, dpredictions: &mut [R]) {
        for (j, d) in dpredictions.iter_mut().enumerate() {
            *d = (predictions[j] - target.value(j, predictions.len())).tanh();
        }
    }
}

/// Every value times a factor of its own, which is learned.
///
/// ```text
/// forward   y = x ⊙ gain
/// backward  dx = dy ⊙ gain      dgain = Σₙ dy[n,:] ⊙ x[n,:]
/// ```
#[derive(Debug)]
struct Gain {
    /// Leaves the sum over rows out of `dgain`, to show that the check notices.
    wrong: bool,
}

impl<R: Real> CustomLayer<R> for Gain {
    fn name(&self) -> &str {
        "gain"
    }

    fn output_shape(&self, input: &Shape) -> Result<Shape, String> {
        Ok(input.clone())
    }

    fn parameters(&self, input: &Shape) -> Vec<ParameterShape> {
        vec![ParameterShape { name: "gain".to_owned(), shape: input.flattened(), role: ParameterRole::Free }]
    }

    fn forward(&self, pass: Forward<'_, R>) {
        let gain = pass.parameters;
        for (i, (y, &x)) in pass.y.iter_mut().zip(pass.x).enumerate() {
            *y = x * gain[i % gain.len()];
        }
    }

    fn backward(&self, pass: Backward<'_, R>) {
        let gain = pass.parameters;
        let rows = if self.wrong { 1 } else { pass.rows };
        for i in 0..rows * gain.len() {
            pass.dparameters[i % gain.len()] += pass.dy[i] * pass.x[i];
        }
        if let Some(dx) = pass.dx {
            for (i, (dx, &dy)) in dx.iter_mut().zip(pass.dy).enumerate() {
                *dx = dy * gain[i % gain.len()];
            }
        }
    }
}

fn main() -> Result<()> {
    run().map(|_| ())
}

/// The loss after training, and what the check says of the right layer and of the wrong one.
pub(crate) fn run() -> Result<(f64, GradientReport, GradientReport)> {
    let x: Vec<f64> = (0..40).map(|i| f64::from(i) / 10.0 - 2.0).collect();
    let values = x.iter().map(|x| 2.0 * x * x - 1.0).collect();
    let targets = DatasetTargets::Values { values, outputs: 1 };
    let data = Dataset::new(Features::F64(x), Shape::from(1), targets)?;

    let settings =
        TrainingSettings { loss: Some(Loss::Custom(Arc::new(LogCosh))), ..TrainingSettings::default() };
    let build = |wrong: bool| -> Result<Network<f64>> {
        let gain = Layer::Custom(Arc::new(Gain { wrong }));
        let mut network = Network::builder(1).dense(12).tanh().layer(gain).dense(1).build(0)?;
        // A layer's own parameters start at zero.
        network.set_parameter("2.gain", &[1.0; 12])?;
        Ok(network)
    };

    let right = gradient_check::check(&build(false)?, &settings, &data, 0)?;
    let wrong = gradient_check::check(&build(true)?, &settings, &data, 0)?;
    for (name, report) in [("right", &right), ("wrong", &wrong)] {
        if let Some(worst) = &report.worst {
            println!(
                "{name}: {}, worst at {}: backward says {:.6}, the loss itself {:.6}",
                if report.ok { "passes" } else { "fails" },
                worst.parameter,
                worst.analytic,
                worst.numeric,
            );
        }
    }

    let mut network = build(false)?;
    let outcome =
        Trainer::with_settings(settings).learning_rate(1e-2).epochs(400).fit(&mut network, &data)?;
    let loss = outcome.parts[0].loss;
    println!(
        "after {} steps: loss {loss:.5}, r2 {:.5}",
        outcome.steps,
        outcome.parts[0].metrics.r2.unwrap_or(0.0)
    );
    // A file has the layer's name; the registry says what it means.
    let path = std::env::temp_dir().join(format!("thalweg-example-08-{}", std::process::id()));
    network.save(&path)?;
    let registry = Registry::new().layer("gain", |_| Ok(Gain { wrong: false }));
    let again = Network::<f64>::load_with(&path, &registry);
    let without = Network::<f64>::load(&path);
    let _ = std::fs::remove_file(&path);
    println!("read again: {}", again?.parameters() == network.parameters());
    if let Err(error) = without {
        println!("without the registry: {error}");
    }
    Ok((loss, right, wrong))
}
