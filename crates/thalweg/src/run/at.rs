//! The network of a run as it was after any of its steps.

use std::sync::atomic::AtomicBool;

use super::folder::RunFolder;
use super::prepare::Prepared;
use super::problem::RunProblem;
use crate::error::{Error, Result};
use crate::model_file::Model;
use crate::network::either;
use crate::train::{Command, Ending, Observer, Progress, Snapshot, State, from_bytes};

impl RunFolder {
    /// The model that the run had after `step` updates (0: its start), to the bit: the run is made again from its saved state, or from
    /// its start where that lies after the step. `prepared`, which [`prepare`](Self::prepare) gave, ends up with that network.
    /// `None` if it was interrupted. Nothing is written.
    ///
    /// # Errors
    /// As [`Prepared::train`] and [`state`](Self::state); [`RunProblem::NoStep`] for a step that the run does not have.
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
        let no_step = |last| {
            Err(Error::Run { path: self.path().to_owned(), problem: RunProblem::NoStep { step, last } })
        };
        if step == 0 {
            return Ok(Some(prepared.untrained_model()));
        }
        let saved = self.state()?.filter(|state| state.counters.step <= step);
        let state = match saved {
            Some(state) if state.counters.step == step => state,
            Some(state) if state.counters.finished => return no_step(state.counters.step),
            saved => {
                let mut observers: Vec<Box<dyn Observer + '_>> = observers;
                observers.push(Box::new(StopAt(step)));
                let outcome = prepared.train(observers, interrupt, saved.as_ref())?;
                if outcome.steps != step {
                    return match outcome.ending {
                        Ending::Interrupted => Ok(None),
                        Ending::Finished | Ending::Stopped => no_step(outcome.steps),
                    };
                }
                outcome.state
            }
        };
        self.take_parameters(prepared, &state)?;
        Ok(Some(prepared.untrained_model()))
    }

    /// Gives the network a state's last parameters, which need not be those that a run keeps.
    fn take_parameters(&self, prepared: &mut Prepared, state: &State) -> Result<()> {
        let taken = either!(&mut prepared.network, network => {
            from_bytes(&state.parameters, network.parameters_mut())
        });
        taken.ok_or(Error::State)
    }
}

/// Ends a run after so many updates.
struct StopAt(u64);

impl Observer for StopAt {
    fn next_step(&self) -> Option<u64> {
        Some(self.0)
    }

    fn on_step(&mut self, _progress: &Progress, _snapshot: &mut dyn Snapshot) -> Result<Command> {
        Ok(Command::Stop)
    }
}
