//! Draws a smooth curve through noisy points: a small network as a function of one number.
//!
//! Shows generated data, scaling, a schedule, and the history of the loss.

use thalweg::data::{self, LoadOptions};
use thalweg::experiment::Experiment;
use thalweg::schedules::Schedule;
use thalweg::train::Part;
use thalweg::{Loss, Network, Result, Trainer};

fn main() -> Result<()> {
    run().map(|_| ())
}

/// The mean squared error at the end.
pub(crate) fn run() -> Result<f64> {
    // The data of an experiment file; the network and the training are written out below.
    let experiment = Experiment::parse(
        r#"
        data.source = { name = "curve", rows = 30 }
        data.scale = "standard"
        data.scale_target = "standard"
        network.layers = [{ dense = 1 }]
        "#,
        None,
    )?;
    let curve = data::load(&experiment.data, &LoadOptions::default())?.train;

    let mut network = Network::<f64>::builder(1).dense(5).sigmoid().dense(1).build(0)?;
    let outcome = Trainer::new()
        .loss(Loss::MeanSquaredError)
        .learning_rate(0.1)
        .schedule(Schedule::Cosine { final_share: 0.1 })
        .full_batch()
        .steps(300)
        .fit(&mut network, &curve)?;

    for (step, loss) in outcome.history.losses(Part::Train) {
        println!("step {step:>3}: mean squared error {loss:.4}");
    }
    // Losses and predictions are in the units of the target, whatever the network was trained in.
    let predictions = network.predict(&Loss::MeanSquaredError, &curve)?;
    for row in [0, 15, 29] {
        println!("x = {:>6.3}: {:>8.3}", curve.feature(row, 0), predictions[row]);
    }
    Ok(outcome.parts[0].loss)
}
