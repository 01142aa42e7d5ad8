//! Observers: they watch a run and may steer it between steps.

use super::report::Report;
use super::state::State;
use crate::custom::Options;
use crate::data::Dataset;
use crate::error::{Error, Result};

/// What an observer wants of the loop; applied between steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Command {
    /// Go on.
    Continue,
    /// End the run after this step; what there is stays.
    Stop,
    /// End the run after this step as an interrupt does: without a last report, so that going on from its state gives the same
    /// bits as if it had not ended.
    Interrupt,
    /// Use this base learning rate from now on.
    SetLearningRate(f64),
    /// Write a checkpoint now.
    Save,
}

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Epochs completed.
    pub epoch: u64,
    /// Updates made.
    pub step: u64,
    /// Updates that the run will make at most.
    pub total_steps: u64,
    /// Updates of one epoch.
    pub steps_per_epoch: u64,
    /// The loss of the last update's batch, without penalties, with the parameters from before that update; NaN before the
    /// first update, and right after a resume.
    pub loss: f64,
    /// The base learning rate of the next step.
    pub learning_rate: f64,
    /// How often the loss has been looked at since training began or was taken up, by a rule that looks more than once a step: L-BFGS;
    /// else 0.
    pub looks: u64,
    /// Wall time since training began.
    pub seconds: f64,
}

/// How it stands with the last checkpoint that an observer was given.
#[derive(Debug)]
pub enum Saving {
    /// It is where it belongs, or the observer does not keep any.
    Done,
    /// It is still being written.
    Busy,
    /// It, or something else that the observer writes, could not be written. This is said once.
    Failed(Error),
}

/// The network as it is at this moment, whatever it computes in.
pub trait Snapshot {
    /// All parameters, row-major, in layer order.
    fn parameters(&self) -> Vec<f64>;
    /// Predictions for these rows: probabilities, scores, or numbers in the target's own units; `[rows, outputs]`.
    fn predict(&mut self, data: &Dataset) -> Result<Vec<f64>>;
    /// The data loss of the training part, or of its first rows where it is large, if the parameters were these.
    fn loss_at(&mut self, parameters: &[f64]) -> Result<f64>;
}

/// Watches a run. Every method has a default that does nothing.
///
/// An observer that steers a run by what it has seen before (it counts, it waits) gives itself a [`name`](Observer::name), and with
/// [`state`](Observer::state) and [`restore`](Observer::restore) goes on in a resumed run where it was.
///
/// # Example
/// ```
/// use thalweg::Result;
/// use thalweg::custom::Options;
/// use thalweg::train::{Command, Observer, Report, Snapshot};
///
/// /// Ends a run after so many reports, counted over all its resumptions.
/// struct Enough {
///     left: u64,
/// }
///
/// impl Observer for Enough {
///     fn on_report(&mut self, _report: &Report, _snapshot: &mut dyn Snapshot) -> Result<Command> {
///         self.left = self.left.saturating_sub(1);
///         Ok(if self.left == 0 { Command::Stop } else { Command::Continue })
///     }
///     fn name(&self) -> Option<&str> {
///         Some("enough")
///     }
///     fn state(&self) -> Options {
///         self.left.into()
///     }
///     fn restore(&mut self, state: &Options) -> std::result::Result<(), String> {
///         self.left = state.as_u64().ok_or("it needs a whole number")?;
///         Ok(())
///     }
/// }
/// ```
///
/// Between steps the loop calls only those observers that are due, so that steps of a microsecond carry no calls.
pub trait Observer {
    /// The number of updates after which [`on_step`](Observer::on_step) is next called; `None` for never.
    fn next_step(&self) -> Option<u64> {
        None
    }

    /// Called when as many updates as `next_step` said have been made (0: before the first).
    fn on_step(&mut self, _progress: &Progress, _snapshot: &mut dyn Snapshot) -> Result<Command> {
        Ok(Command::Continue)
    }

    /// Called with every report.
    fn on_report(&mut self, _report: &Report, _snapshot: &mut dyn Snapshot) -> Result<Command> {
        Ok(Command::Continue)
    }

    /// Called when a checkpoint is due, with everything that a resumed run needs.
    fn on_checkpoint(&mut self, _state: &State) -> Result<()> {
        Ok(())
    }

    /// Asked at reports and before a checkpoint that is due. While somebody is busy with the one before, none is made: training
    /// does not wait for a disk. The last state of a run, and one that [`Command::Save`] asks for, are never left out.
    fn saving(&mut self) -> Saving {
        Saving::Done
    }

    /// Called with what another observer could not write. Training goes on.
    fn on_warning(&mut self, _warning: &Error) {}

    /// The name by which checkpoints keep what this observer knows; `None` for one that a resumed run can do without, since all
    /// that it does follows from the step, the report and the snapshot that it is given. Of one name there may be one observer.
    ///
    /// A run that is resumed from such a checkpoint must have an observer of the name, else it does not begin: it would go another way.
    fn name(&self) -> Option<&str> {
        None
    }

    /// What this observer knows between two steps, if it has a name: asked for every checkpoint.
    fn state(&self) -> Options {
        Options::Null
    }

    /// Takes what an observer of its name knew, before the first step of a resumed run; or says in words why it cannot.
    fn restore(&mut self, _state: &Options) -> std::result::Result<(), String> {
        Ok(())
    }

    /// Called once, after the last checkpoint of a run that was not ended by an error: what is still being written is waited
    /// for.
    fn on_end(&mut self) -> Result<()> {
        Ok(())
    }
}

macro_rules! pass_on {
    ($($owner:ty),*) => {$(
        impl<T: Observer + ?Sized> Observer for $owner {
            fn next_step(&self) -> Option<u64> {
                (**self).next_step()
            }

            fn on_step(&mut self, progress: &Progress, snapshot: &mut dyn Snapshot) -> Result<Command> {
                (**self).on_step(progress, snapshot)
            }

            fn on_report(&mut self, report: &Report, snapshot: &mut dyn Snapshot) -> Result<Command> {
                (**self).on_report(report, snapshot)
            }

            fn on_checkpoint(&mut self, state: &State) -> Result<()> {
                (**self).on_checkpoint(state)
            }

            fn saving(&mut self) -> Saving {
                (**self).saving()
            }

            fn on_warning(&mut self, warning: &Error) {
                (**self).on_warning(warning);
            }

            fn name(&self) -> Option<&str> {
                (**self).name()
            }

            fn state(&self) -> Options {
                (**self).state()
            }

            fn restore(&mut self, state: &Options) -> std::result::Result<(), String> {
                (**self).restore(state)
            }

            fn on_end(&mut self) -> Result<()> {
                (**self).on_end()
            }
        }
    )*};
}
pass_on!(Box<T>, &mut T);
