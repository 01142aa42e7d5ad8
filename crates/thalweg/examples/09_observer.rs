//! Watches a run and steers it: slows down when the loss stops falling, and ends the run when it is good enough.
//!
//! Shows `Observer`: when it is called, what it may look at, and how it answers.

use thalweg::data::{self, Dataset, DatasetTargets, LoadOptions};
use thalweg::experiment::Draft;
use thalweg::train::{Command, Ending, Observer, Progress, Report, Snapshot};
use thalweg::{Loss, Network, Result, Trainer};

/// Halves the learning rate when a report is no better than the one before.
struct Halving {
    best: f64,
}

impl Observer for Halving {
    fn on_report(&mut self, report: &Report, _snapshot: &mut dyn Snapshot) -> Result<Command> {
        let loss = report.metric("train.loss").unwrap_or(f64::INFINITY);
        if loss < self.best {
            self.best = loss;
            return Ok(Command::Continue);
        }
        println!(
            "step {}: {loss:.4} is no gain, the rate goes to {:.4}",
            report.step,
            report.learning_rate / 2.0
        );
        Ok(Command::SetLearningRate(report.learning_rate / 2.0))
    }
}

/// Looks every 100 steps, and ends the run when all but a few points are told apart.
struct GoodEnough<'a> {
    points: &'a Dataset,
    accuracy: f64,
    next: u64,
}

impl Observer for GoodEnough<'_> {
    fn next_step(&self) -> Option<u64> {
        Some(self.next)
    }

    fn on_step(&mut self, progress: &Progress, snapshot: &mut dyn Snapshot) -> Result<Command> {
        self.next = progress.step + 100;
        let DatasetTargets::Classes { ids, count } = self.points.targets() else {
            return Ok(Command::Stop);
        };
        let probabilities = snapshot.predict(self.points)?;
        let is_right = |(p, id): &(&[f64], &u32)| p.iter().all(|&other| other <= p[**id as usize]);
        let right = probabilities.chunks(*count).zip(ids).filter(is_right).count();
        let accuracy = right as f64 / ids.len() as f64;
        if accuracy < self.accuracy {
            return Ok(Command::Continue);
        }
        println!("step {}: {right} of {} points are right, that is enough", progress.step, ids.len());
        Ok(Command::Stop)
    }
}

fn main() -> Result<()> {
    run().map(|_| ())
}

/// How the run ended, and after how many steps.
pub(crate) fn run() -> Result<(Ending, u64)> {
    let spiral = Draft::builtin("spiral")?.check()?;
    let points = data::load(&spiral.data, &LoadOptions::default())?.train;
    let mut network = Network::<f64>::builder(2).dense(32).relu().dense(3).build(0)?;
    let outcome = Trainer::new()
        .loss(Loss::SoftmaxCrossEntropy)
        .learning_rate(0.05)
        .batch_size(32)
        .steps(5000)
        .observer(Halving { best: f64::INFINITY })
        .observer(GoodEnough { points: &points, accuracy: 0.985, next: 0 })
        .fit(&mut network, &points)?;
    println!("{:?} after {} of 5000 steps", outcome.ending, outcome.steps);
    Ok((outcome.ending, outcome.steps))
}
