//! Training a network on rows, without the interpreter's lock.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::prelude::*;
use pyo3::types::PyDict;
use thalweg::network::AnyNetwork;
use thalweg::train::{Command, Observer, Outcome, Parts, Progress, Snapshot, State, TrainingSettings};
use thalweg::{Loss, Network, Real, Trainer};

use crate::dataset::Dataset;
use crate::observers::{Callback, Plateau, Raised, Signals};

/// All that a training is given.
pub(crate) struct Job {
    pub(crate) settings: TrainingSettings,
    pub(crate) loss: Loss,
    pub(crate) seed: u64,
    pub(crate) threads: usize,
    pub(crate) state: Option<State>,
    pub(crate) callback: Option<Py<PyAny>>,
    pub(crate) with_parameters: bool,
    pub(crate) plateau: Option<Plateau>,
    /// After how many updates from now the run is left, as if it were interrupted.
    pub(crate) leave_after: Option<u64>,
    /// How often the loss may be looked at, and whether it was so often.
    pub(crate) most_looks: Option<(u64, Arc<AtomicBool>)>,
    /// Whether reports are brief.
    pub(crate) is_brief: bool,
    pub(crate) raised: Raised,
}

/// The rows of each part.
pub(crate) struct Data<'a> {
    pub(crate) train: &'a Dataset,
    pub(crate) validation: Option<&'a Dataset>,
    pub(crate) test: Option<&'a Dataset>,
}

/// What a plateau's rule needs to be read from Python.
pub(crate) fn plateau(settings: Option<&Bound<'_, PyDict>>) -> PyResult<Option<Plateau>> {
    settings.map(Plateau::read).transpose()
}

impl Job {
    /// Trains; whether the plateau's rule ended it is said beside the outcome.
    pub(crate) fn train(self, network: &mut AnyNetwork, data: &Data<'_>) -> thalweg::Result<(Outcome, bool)> {
        match network {
            AnyNetwork::F32(network) => self.train_one(network, data),
            AnyNetwork::F64(network) => self.train_one(network, data),
        }
    }

    fn train_one<R: Real>(
        self,
        network: &mut Network<R>,
        data: &Data<'_>,
    ) -> thalweg::Result<(Outcome, bool)> {
        let first = self.state.as_ref().map_or(0, |state| state.counters.step);
        let ended = self.plateau.as_ref().map(|plateau| plateau.ended.clone());
        let mut trainer = Trainer::with_settings(self.settings)
            .loss(self.loss)
            .seed(self.seed)
            .threads(self.threads)
            .evaluate_at_end(false)
            .brief_reports(self.is_brief)
            .failure(self.raised.flag())
            .observer(Signals::new(first, self.raised.clone()));
        if let Some(plateau) = self.plateau {
            trainer = trainer.observer(plateau);
        }
        if let Some(function) = self.callback {
            let (raised, with_parameters) = (self.raised.clone(), self.with_parameters);
            trainer = trainer.observer(Callback { function, raised, with_parameters });
        }
        if let Some((most, reached)) = self.most_looks {
            trainer = trainer.observer(MostLooks { most, next: first + 1, reached });
        }
        if let Some(steps) = self.leave_after {
            trainer = trainer.observer(LeaveAt(first + steps));
        }
        let parts = Parts {
            train: &data.train.inner,
            validation: data.validation.map(|data| &*data.inner),
            test: data.test.map(|data| &*data.inner),
        };
        let outcome = match self.state {
            Some(mut state) => {
                if self.leave_after.is_some() {
                    // Who makes single steps reads the report of each, also where the training before ended with one at this step.
                    state.counters.last_report = None;
                }
                trainer.resume(network, parts, &state)?
            }
            None => trainer.fit_parts(network, parts)?,
        };
        Ok((outcome, ended.is_some_and(|ended| ended.load(Ordering::Relaxed))))
    }
}

/// Ends a run when its loss has been looked at so often.
struct MostLooks {
    most: u64,
    next: u64,
    reached: Arc<AtomicBool>,
}

impl Observer for MostLooks {
    fn next_step(&self) -> Option<u64> {
        Some(self.next)
    }

    fn on_step(&mut self, progress: &Progress, _snapshot: &mut dyn Snapshot) -> thalweg::Result<Command> {
        self.next = progress.step + 1;
        if progress.looks < self.most {
            return Ok(Command::Continue);
        }
        self.reached.store(true, Ordering::Relaxed);
        Ok(Command::Stop)
    }
}

/// Leaves a run at a step, so that it can go on from there.
struct LeaveAt(u64);

impl Observer for LeaveAt {
    fn next_step(&self) -> Option<u64> {
        Some(self.0)
    }

    fn on_step(&mut self, _progress: &Progress, _snapshot: &mut dyn Snapshot) -> thalweg::Result<Command> {
        Ok(Command::Interrupt)
    }
}
