//! Fits a line: one dense layer with one input and one output, and gradient descent on all rows at once.
//!
//! Shows the three things that every program has: a `Dataset`, a `Network`, a `Trainer`.

use thalweg::data::{Dataset, DatasetTargets, Features};
use thalweg::{Loss, Network, Optimizer, Result, Shape, Trainer};

fn main() -> Result<()> {
    run().map(|_| ())
}

/// The slope and the intercept that were found.
pub(crate) fn run() -> Result<(f64, f64)> {
    // Five points on t = 3x - 2.
    let x = Features::F64(vec![-2.0, -1.0, 0.0, 1.0, 2.0]);
    let targets = DatasetTargets::Values { values: vec![-8.0, -5.0, -2.0, 1.0, 4.0], outputs: 1 };
    let data = Dataset::new(x, Shape::from(1), targets)?;

    // ŷ = x·w + b; the start is drawn from seed 0.
    let mut line = Network::<f64>::builder(1).dense(1).build(0)?;
    print!("{}", line.summary());

    let outcome = Trainer::new()
        .loss(Loss::MeanSquaredError)
        .optimizer(Optimizer::Sgd)
        .learning_rate(0.1)
        .full_batch()
        .epochs(100)
        .fit(&mut line, &data)?;

    let (w, b) = (line.parameter("0.weight")?[0], line.parameter("0.bias")?[0]);
    println!("after {} steps: t = {w:.4}·x + {b:.4}, loss {:.1e}", outcome.steps, outcome.parts[0].loss);

    // What the line says at a point that it has not seen.
    let unseen = Dataset::new(Features::F64(vec![10.0]), Shape::from(1), DatasetTargets::None)?;
    println!("at x = 10: {:.3}", line.predict(&Loss::MeanSquaredError, &unseen)?[0]);
    Ok((w, b))
}
