//! Training a run again, to see whether it goes the same way to the bit.

use std::sync::atomic::AtomicBool;

use super::folder::RunFolder;
use super::hashes::{ReportHashes, Tensors};
use super::metrics::{self, MetricsRow};
use super::prepare::Prepared;
use super::problem::RunProblem;
use crate::error::{Error, Result};
use crate::model_file::Status;
use crate::train::{Command, Ending, Every, Observer, Progress, Report, Snapshot};

/// What a repetition of a run came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// How many reports were compared and found equal.
    pub reports: usize,
    /// The step of the last report that was found equal; 0 if there is none.
    pub step: u64,
    /// Where it went another way first.
    pub difference: Option<Difference>,
    /// Whether it was stopped before everything was compared.
    pub interrupted: bool,
}

/// Where two runs went apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The last report at which they were equal, 0 if there is none, and the step at which they were not.
    pub between_steps: [u64; 2],
    /// What differs there.
    pub cause: Cause,
}

/// What differs between two runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// This tensor, the first in layer order.
    Tensor(String),
    /// The losses, and no tensor.
    Losses,
    /// This number of `metrics.jsonl`, such as `"validation.accuracy"`, though losses and tensors are those that were written down: somebody
    /// changed the file.
    Metrics(String),
    /// One of them made a report there, and the other did not.
    Reports,
    /// All reports agree, but not the last weights.
    Weights,
    /// The repetition's loss stopped being finite.
    Diverged,
}

impl RunFolder {
    /// Trains `prepared`, which [`prepare`](Self::prepare) gave, from the start, and compares every report with the one
    /// that the run wrote down: losses and each tensor, by their hashes, and every number of `metrics.jsonl` but the seconds. It ends at
    /// the first difference, and otherwise where the run ended. Nothing is written.
    ///
    /// A run that an observer stopped is stopped at the same step; one that an observer changed in other ways (its learning rate) is
    /// found to be different.
    ///
    /// # Errors
    /// As [`Prepared::train`]; [`RunProblem::NoHashes`] where the run has none, [`RunProblem::ReportsByClock`] where its reports
    /// came by the minute, so that no repetition makes them at the same steps.
    ///
    /// # Example
    /// ```
    /// use thalweg::experiment::Draft;
    /// use thalweg::run::{self, Place, RunFolder};
    /// # let runs = std::env::temp_dir().join(format!("thalweg-doc-verify-{}", std::process::id()));
    /// let experiment = Draft::builtin("spiral-linear")?.set("steps", "300")?.check()?;
    /// let mut prepared = run::prepare(experiment, None)?;
    /// let mut folder = RunFolder::create(&prepared, &Place { runs: runs.clone(), ..Place::default() }, Vec::new())?;
    /// folder.train(&mut prepared, Vec::new(), None, None)?;
    ///
    /// let mut again = folder.prepare()?;
    /// let verification = folder.verify(&mut again, Vec::new(), None)?;
    /// assert_eq!((verification.step, verification.difference), (300, None));
    /// # std::fs::remove_dir_all(&runs).unwrap();
    /// # Ok::<(), thalweg::Error>(())
    /// ```
    pub fn verify(
        &self,
        prepared: &mut Prepared,
        observers: Vec<Box<dyn Observer + '_>>,
        interrupt: Option<&AtomicBool>,
    ) -> Result<Verification> {
        let refuse = |problem| Err(Error::Run { path: self.path().to_owned(), problem });
        if let Some(Every::Minutes(_)) = prepared.experiment.training.report_every {
            return refuse(RunProblem::ReportsByClock);
        }
        let recorded = self.hashes()?.unwrap_or_default();
        if recorded.is_empty() {
            return refuse(RunProblem::NoHashes);
        }
        let summary = self.result()?.map(|result| result.summary);
        let stop_at = summary
            .as_ref()
            .filter(|summary| summary.status == Status::Stopped)
            .filter(|_| prepared.experiment.training.early_stopping.is_none())
            .map(|summary| summary.steps);
        let mut comparison = Comparison {
            tensors: Tensors::new(prepared.network.layers()),
            recorded,
            metrics: self.metrics()?,
            told: 0,
            is_complete: summary.is_some(),
            stop_at,
            equal: 0,
            difference: None,
        };
        let mut observers: Vec<Box<dyn Observer + '_>> = observers;
        observers.push(Box::new(&mut comparison));
        let outcome = match prepared.train(observers, interrupt, None) {
            Ok(outcome) => Some(outcome),
            Err(Error::Diverged { step, .. }) => {
                // Where the run itself diverged, there are no more lines; then everything was compared.
                if comparison.is_complete || comparison.equal < comparison.recorded.len() {
                    comparison.part(step, Cause::Diverged);
                }
                None
            }
            Err(error) => return Err(error),
        };
        let agrees = comparison.difference.is_none();
        let interrupted =
            agrees && outcome.as_ref().is_some_and(|outcome| outcome.ending == Ending::Interrupted);
        if let Some(outcome) = outcome.filter(|_| agrees && !interrupted) {
            let kept = summary.map(|summary| summary.parameters_sha256);
            if comparison.equal < comparison.recorded.len() {
                comparison.part(outcome.steps, Cause::Reports);
            } else if let Some(more) =
                comparison.metrics.get(comparison.told).filter(|_| comparison.is_complete)
            {
                let (step, cause) = (more.step, Cause::Metrics(format!("the {} line", more.split)));
                comparison.part(step, cause);
            } else if kept.is_some_and(|sha256| sha256 != outcome.parameters_sha256) {
                comparison.part(outcome.steps, Cause::Weights);
            }
        }
        Ok(Verification {
            reports: comparison.equal,
            step: comparison.last_equal(),
            difference: comparison.difference,
            interrupted,
        })
    }
}

/// Holds every report against the one that was written down.
struct Comparison {
    tensors: Tensors,
    recorded: Vec<ReportHashes>,
    metrics: Vec<MetricsRow>,
    /// How many of the metrics' lines were held against a report.
    told: usize,
    /// Whether the run came to its end, so that a repetition ends there by itself.
    is_complete: bool,
    /// The step after which an observer stopped it.
    stop_at: Option<u64>,
    /// How many reports were equal.
    equal: usize,
    difference: Option<Difference>,
}

impl Comparison {
    fn last_equal(&self) -> u64 {
        self.equal.checked_sub(1).map_or(0, |last| self.recorded[last].step)
    }

    /// What `metrics.jsonl` has otherwise than this report.
    fn other_metric(&mut self, report: &Report) -> Option<String> {
        for ours in metrics::rows(report) {
            let Some(recorded) = self.metrics.get(self.told) else {
                return Some(format!("the {} line", ours.split));
            };
            if let Some(name) = recorded.first_other(&ours) {
                return Some(name);
            }
            self.told += 1;
        }
        None
    }

    /// Notes where the two went apart.
    fn part(&mut self, step: u64, cause: Cause) {
        self.difference = Some(Difference { between_steps: [self.last_equal(), step], cause });
    }
}

impl Observer for Comparison {
    fn next_step(&self) -> Option<u64> {
        self.stop_at
    }

    fn on_step(&mut self, _progress: &Progress, _snapshot: &mut dyn Snapshot) -> Result<Command> {
        Ok(Command::Stop)
    }

    fn on_report(&mut self, report: &Report, snapshot: &mut dyn Snapshot) -> Result<Command> {
        let Some(recorded) = self.recorded.get(self.equal) else {
            self.part(report.step, Cause::Reports);
            return Ok(Command::Stop);
        };
        let ours = ReportHashes::new(report, &snapshot.parameters(), &self.tensors);
        if *recorded == ours {
            if let Some(name) = self.other_metric(report) {
                self.part(report.step, Cause::Metrics(name));
                return Ok(Command::Stop);
            }
            self.equal += 1;
            // An interrupted run says no more, and a repetition would go on.
            let is_over = self.equal == self.recorded.len() && !self.is_complete;
            return Ok(if is_over { Command::Stop } else { Command::Continue });
        }
        let step = recorded.step.min(report.step);
        let cause = match recorded.first_other(&ours) {
            _ if recorded.step != report.step => Cause::Reports,
            Some(tensor) => Cause::Tensor(tensor.to_owned()),
            None => Cause::Losses,
        };
        self.part(step, cause);
        Ok(Command::Stop)
    }
}
