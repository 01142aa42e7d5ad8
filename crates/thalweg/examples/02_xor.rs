//! Learns "one or the other, but not both", which no line can tell apart: a hidden layer can.
//!
//! Shows classes as targets, logits and probabilities, and that the same seed gives the same network.

use thalweg::data::{Dataset, DatasetTargets, Features};
use thalweg::train::Part;
use thalweg::{Loss, Network, Optimizer, Result, Shape, Trainer};

fn main() -> Result<()> {
    run().map(|_| ())
}

/// The accuracy without and with a hidden layer.
pub(crate) fn run() -> Result<(f64, f64)> {
    let x = Features::F64(vec![0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0]);
    let targets = DatasetTargets::Classes { ids: vec![0, 1, 1, 0], count: 2 };
    let data = Dataset::new(x, Shape::from(2), targets)?;

    // One output is a logit: sigmoid(logit) is the probability of class 1.
    let mut linear = Network::<f64>::builder(2).dense(1).build(1)?;
    let mut hidden = Network::<f64>::builder(2).dense(8).tanh().dense(1).build(1)?;
    let mut accuracies = Vec::new();
    for (name, network) in [("linear", &mut linear), ("hidden", &mut hidden)] {
        Trainer::new()
            .loss(Loss::BinaryCrossEntropy)
            .optimizer(Optimizer::Momentum { momentum: 0.9, nesterov: false })
            .learning_rate(0.2)
            .full_batch()
            .epochs(300)
            .fit(network, &data)?;
        let report = network.evaluate(&Loss::BinaryCrossEntropy, &data, Part::Train)?;
        let accuracy = report.metrics.accuracy.unwrap_or(0.0);
        println!("{name}: loss {:.4}, accuracy {accuracy}", report.loss);
        accuracies.push(accuracy);
    }

    let probabilities = hidden.predict(&Loss::BinaryCrossEntropy, &data)?;
    for (row, p) in probabilities.iter().enumerate() {
        println!("{} xor {}: {p:.3}", data.feature(row, 0), data.feature(row, 1));
    }
    Ok((accuracies[0], accuracies[1]))
}
