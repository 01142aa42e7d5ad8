//! Training a run again, to see whether it goes the same way to the bit.

use std::sync::atomic::AtomicBool;

use super::folder::RunFolder;
use super::hashes::{ReportHashes, Tensors};
use super::prepare::Prepared;
use super::problem::RunProblem;
use crate::error::{Error, Result};
use crate::train::{Command, Ending, Every, Observer, Report, Snapshot};

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
    /// The last report at which they were equal, 0 if there is none, and the first at which they were not.
    pub between_steps: [u64; 2],
    /// The first tensor, in layer order, that differs there; `None` where only losses do.
    pub tensor: Option<String>,
}

impl RunFolder {
    /// Trains `prepared`, which [`prepare`](Self::prepare) gave, from the start, and compares every report with the one
    /// that the run wrote down: losses and each tensor, by their hashes. It ends at the first difference, and otherwise where the
    /// run ended. Nothing is written.
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
        let Some(recorded) = self.hashes()? else { return refuse(RunProblem::NoHashes) };
        let kept = self.result()?.map(|result| result.summary.parameters_sha256);
        let mut comparison = Comparison {
            tensors: Tensors::new(prepared.network.layers()),
            recorded,
            is_complete: kept.is_some(),
            equal: 0,
            difference: None,
        };
        let mut observers: Vec<Box<dyn Observer + '_>> = observers;
        observers.push(Box::new(&mut comparison));
        let outcome = prepared.train(observers, interrupt, None)?;
        let is_over = comparison.equal == comparison.recorded.len();
        let interrupted = outcome.ending == Ending::Interrupted && comparison.difference.is_none();
        if comparison.difference.is_none() && !interrupted {
            // All reports agree; so must the number of them, and the weights that were kept.
            let is_same = kept.is_none_or(|sha256| sha256 == outcome.parameters_sha256);
            if !(is_over && is_same) {
                comparison.difference = Some(comparison.apart(outcome.steps, None));
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
    /// Whether the run came to its end, so that a repetition ends there by itself.
    is_complete: bool,
    /// How many reports were equal.
    equal: usize,
    difference: Option<Difference>,
}

impl Comparison {
    fn last_equal(&self) -> u64 {
        self.equal.checked_sub(1).map_or(0, |last| self.recorded[last].step)
    }

    fn apart(&self, step: u64, tensor: Option<String>) -> Difference {
        Difference { between_steps: [self.last_equal(), step], tensor }
    }
}

impl Observer for Comparison {
    fn on_report(&mut self, report: &Report, snapshot: &mut dyn Snapshot) -> Result<Command> {
        let ours = ReportHashes::new(report, &snapshot.parameters(), &self.tensors);
        let Some(recorded) = self.recorded.get(self.equal) else {
            // An interrupted run says no more; a complete one should have said this too.
            if self.is_complete {
                self.difference = Some(self.apart(report.step, None));
            }
            return Ok(Command::Stop);
        };
        if *recorded == ours {
            self.equal += 1;
            let is_last = self.equal == self.recorded.len();
            return Ok(if is_last && !self.is_complete { Command::Stop } else { Command::Continue });
        }
        let is_leftover =
            !self.is_complete && self.equal + 1 == self.recorded.len() && recorded.step < report.step;
        if is_leftover {
            // The report that an interruption made between two that were due.
            self.equal += 1;
            return Ok(Command::Stop);
        }
        let tensor = recorded.first_other(&ours).map(str::to_owned);
        self.difference = Some(self.apart(recorded.step.min(report.step), tensor));
        Ok(Command::Stop)
    }
}
