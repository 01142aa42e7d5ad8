//! The network and the state of a run as they were after any of its steps.

use std::sync::atomic::AtomicBool;

use super::folder::RunFolder;
use super::prepare::Prepared;
use super::problem::RunProblem;
use super::states;
use crate::error::{Error, Result};
use crate::model_file::Model;
use crate::train::{Command, Ending, Observer, Progress, Snapshot, State};

impl RunFolder {
    /// The model that the run had after `step` updates (0: its start), to the bit: the run is made again from the nearest state
    /// before the step that its folder keeps, or from its start. `prepared`, which [`prepare`](Self::prepare) gave, ends up with that
    /// network. `None` if it was interrupted. Nothing is written.
    ///
    /// # Errors
    /// As [`state_at`](Self::state_at).
    ///
    /// # Example
    /// ```
    /// use thalweg::experiment::Draft;
    /// use thalweg::run::{self, Place, RunFolder};
    /// # let runs = std::env::temp_dir().join(format!("thalweg-doc-at-{}", std::process::id()));
    /// let experiment = Draft::builtin("spiral-linear")?.set("steps", "20")?.check()?;
    /// let mut prepared = run::prepare(experiment, None)?;
    /// let mut folder = RunFolder::create(&prepared, &Place { runs: runs.clone(), ..Place::default() }, Vec::new())?;
    /// folder.train(&mut prepared, Vec::new(), None, None)?;
    ///
    /// let mut again = folder.prepare()?;
    /// let model = folder.at(&mut again, 7, Vec::new(), None)?;
    /// assert!(model.is_some());
    /// assert!(folder.at(&mut folder.prepare()?, 21, Vec::new(), None).is_err());
    /// # std::fs::remove_dir_all(&runs).unwrap();
    /// # Ok::<(), thalweg::Error>(())
    /// ```
    pub fn at(
        &self,
        prepared: &mut Prepared,
        step: u64,
        observers: Vec<Box<dyn Observer + '_>>,
        interrupt: Option<&AtomicBool>,
    ) -> Result<Option<Model>> {
        if step != prepared.first_step() {
            let Some(state) = self.state_at(prepared, step, observers, interrupt)? else { return Ok(None) };
            prepared.take_parameters(&state)?;
        }
        Ok(Some(prepared.untrained_model()))
    }

    /// The state that the run had after `step` updates, with which it would have gone on: that which its folder keeps, else made
    /// again as by [`at`](Self::at). `None` if it was interrupted.
    ///
    /// # Errors
    /// As [`Prepared::train`]; [`RunProblem::NoStep`] and [`RunProblem::BeforeStart`] for a step that the run does not have.
    pub fn state_at(
        &self,
        prepared: &mut Prepared,
        step: u64,
        observers: Vec<Box<dyn Observer + '_>>,
        interrupt: Option<&AtomicBool>,
    ) -> Result<Option<State>> {
        let refuse = |problem| Err(Error::Run { path: self.path().to_owned(), problem });
        let no_step = |last| refuse(RunProblem::NoStep { step, last });
        if step < prepared.first_step() {
            let from = self.environment().from.as_ref().map(|origin| origin.path.clone()).unwrap_or_default();
            return refuse(RunProblem::BeforeStart { step, first: prepared.first_step(), from });
        }
        let saved = states::up_to(self.path(), step);
        match saved {
            Some(state) if state.counters.step == step => Ok(Some(state)),
            Some(state) if state.counters.finished => no_step(state.counters.step),
            saved => {
                let mut observers: Vec<Box<dyn Observer + '_>> = observers;
                observers.push(Box::new(EndAt(step)));
                let outcome = prepared.train(observers, interrupt, saved.as_ref())?;
                match outcome.ending {
                    _ if outcome.steps == step => Ok(Some(outcome.state)),
                    Ending::Interrupted => Ok(None),
                    Ending::Finished | Ending::Stopped => no_step(outcome.steps),
                }
            }
        }
    }

    /// The step that the run came to: its last, or that of its newest whole state.
    ///
    /// # Errors
    /// As [`result`](Self::result) and [`state`](Self::state).
    pub fn last_step(&self) -> Result<u64> {
        match self.result()? {
            Some(result) => Ok(result.summary.steps),
            None => Ok(self.state()?.map_or(0, |state| state.counters.step)),
        }
    }
}

/// Ends a run after so many updates, as if it were interrupted there.
struct EndAt(u64);

impl Observer for EndAt {
    fn next_step(&self) -> Option<u64> {
        Some(self.0)
    }

    fn on_step(&mut self, _progress: &Progress, _snapshot: &mut dyn Snapshot) -> Result<Command> {
        Ok(Command::Interrupt)
    }
}
