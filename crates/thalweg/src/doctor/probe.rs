//! The probe: an experiment trained for a bounded number of steps, in memory.

use std::sync::atomic::AtomicBool;

use super::course::{self, Course};
use crate::error::{Error, Result};
use crate::layers::Layer;
use crate::network::Network;
use crate::real::Real;
use crate::run::Prepared;
use crate::train::{
    BatchSize, Command, Ending, Observer, Parts, Progress, Snapshot, State, Trainer, TrainingSettings,
};

/// The most steps of a probe: most small experiments come to their end in it.
const MOST_STEPS: u64 = 2000;

/// The fewest, however large a step is.
const FEWEST_STEPS: u64 = 20;

/// About how many multiplications a probe is worth: a second or a few.
const MOST_PRODUCTS: f64 = 1e11;

/// What a probe came to: its course, and the state after it if the loss stayed finite. `None` if it was interrupted.
pub(super) type Probed = Option<(Course, Option<State>)>;

/// Trains a copy of `network` as the experiment says, schedule and all, up to the bound.
pub(super) fn probe<R: Real>(
    network: &Network<R>,
    prepared: &Prepared,
    interrupt: Option<&AtomicBool>,
) -> Result<Probed> {
    let settings = TrainingSettings {
        loss: Some(prepared.loss.clone()),
        checkpoint_every: None,
        metrics: Vec::new(),
        ..prepared.experiment.training.clone()
    };
    let limit = limit(network.parameter_count(), batch(prepared));
    let mut watch = Watch { limit, next: 0, total_steps: 0, steps_per_epoch: 1, losses: Vec::new() };
    let mut trainer = Trainer::with_settings(settings)
        .seed(prepared.experiment.seed)
        .threads(prepared.threads)
        .observer(&mut watch);
    if let Some(flag) = interrupt {
        trainer = trainer.interrupt(flag);
    }
    // The test part decides nothing, not even here.
    let parts = Parts { train: &prepared.train, validation: prepared.validation.as_ref(), test: None };
    let outcome = match trainer.fit_parts(&mut network.clone(), parts) {
        Ok(outcome) if outcome.ending == Ending::Interrupted => return Ok(None),
        Ok(outcome) => Ok(outcome),
        Err(Error::Diverged { step, .. }) => Err(step),
        Err(error) => return Err(error),
    };
    let (losses, noise) = match is_exact(prepared) {
        true => (watch.losses, 0.0),
        false => course::averaged(&watch.losses, watch.steps_per_epoch as usize),
    };
    let course = Course { losses, noise, total_steps: watch.total_steps, ..Course::default() };
    Ok(Some(match outcome {
        Ok(outcome) => {
            let reports = course::points(&outcome.history);
            // Early stopping ends a run before its last step, the limit does it later.
            let is_whole = outcome.steps >= watch.total_steps || outcome.steps < limit;
            (Course { reports, steps: outcome.steps, is_whole, ..course }, Some(outcome.state))
        }
        Err(step) => (Course { steps: step, diverged_at: Some(step), ..course }, None),
    }))
}

/// How many steps a probe may make.
fn limit(parameters: usize, rows: usize) -> u64 {
    // Forward, dw and dx each multiply every weight by every row.
    let products = 3.0 * parameters as f64 * rows as f64;
    ((MOST_PRODUCTS / products.max(1.0)) as u64).clamp(FEWEST_STEPS, MOST_STEPS)
}

/// Rows of a step.
fn batch(prepared: &Prepared) -> usize {
    match prepared.experiment.training.rows_per_update() {
        BatchSize::Rows(rows) => rows.min(prepared.train.rows()),
        BatchSize::Full => prepared.train.rows(),
    }
}

/// Whether the losses of two steps differ by the weights alone: all rows each time, and nothing random in the layers.
fn is_exact(prepared: &Prepared) -> bool {
    let augment = prepared.experiment.training.augment.as_ref();
    batch(prepared) == prepared.train.rows()
        && augment.is_none_or(|augmentation| augmentation.is_off())
        && !prepared.network.layers().iter().any(|placed| placed.layer.any(&Layer::is_random))
}

/// Notes the loss of every step, and ends the probe.
struct Watch {
    limit: u64,
    next: u64,
    total_steps: u64,
    steps_per_epoch: u64,
    losses: Vec<(u64, f64)>,
}

impl Observer for Watch {
    fn next_step(&self) -> Option<u64> {
        Some(self.next)
    }

    fn on_step(&mut self, progress: &Progress, _snapshot: &mut dyn Snapshot) -> Result<Command> {
        self.next = progress.step + 1;
        self.total_steps = progress.total_steps;
        self.steps_per_epoch = progress.steps_per_epoch;
        if let Some(step) = progress.step.checked_sub(1) {
            self.losses.push((step, progress.loss));
        }
        Ok(if progress.step >= self.limit { Command::Stop } else { Command::Continue })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_step_makes_a_short_probe() {
        assert_eq!(limit(603, 300), MOST_STEPS);
        assert_eq!(limit(33_000_000, 512), FEWEST_STEPS);
        assert!((FEWEST_STEPS..MOST_STEPS).contains(&limit(1_000_000, 256)));
    }
}
