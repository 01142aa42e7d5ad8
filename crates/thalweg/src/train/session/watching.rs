//! Observers: when they are called, what they see, what they want.

use std::collections::BTreeMap;

use super::super::observer::{Command, Observer, Progress, Saving, Snapshot};
use super::super::report::Part;
use super::super::wanted::Wanted;
use super::{Ending, Session};
use crate::custom::Options;
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::real::Real;

/// The earliest number of updates after which an observer wants to be called.
pub(super) fn next_call(observers: &[Box<dyn Observer + '_>]) -> u64 {
    observers.iter().filter_map(|observer| observer.next_step()).min().unwrap_or(u64::MAX)
}

/// Whether an observer is still writing the checkpoint before. What could not be written is told to all.
pub(super) fn is_saving(observers: &mut [Box<dyn Observer + '_>]) -> bool {
    let mut is_busy = false;
    for i in 0..observers.len() {
        match observers[i].saving() {
            Saving::Done => {}
            Saving::Busy => is_busy = true,
            Saving::Failed(warning) => {
                observers.iter_mut().for_each(|observer| observer.on_warning(&warning));
            }
        }
    }
    is_busy
}

/// What the observers that have a name know.
fn known(observers: &[Box<dyn Observer + '_>]) -> Result<BTreeMap<String, Options>> {
    let mut known = BTreeMap::new();
    for observer in observers {
        let Some(name) = observer.name() else { continue };
        if known.insert(name.to_owned(), observer.state()).is_some() {
            let reason = "another observer of this run has the same name".to_owned();
            return Err(Error::ObserverState { name: name.to_owned(), reason });
        }
    }
    Ok(known)
}

impl<R: Real> Session<'_, R> {
    /// Calls the observers that are due between two steps, and does what they want. An ending: the run is over.
    pub(super) fn call_step(&mut self, observers: &mut [Box<dyn Observer + '_>]) -> Result<Option<Ending>> {
        let progress = Progress {
            epoch: self.counters.epoch,
            step: self.counters.step,
            total_steps: self.total_steps,
            steps_per_epoch: self.steps_per_epoch,
            loss: self.last_loss,
            learning_rate: self.learning_rate(),
            looks: self.plan.looks(),
            seconds: self.seconds(),
        };
        let mut ending = None;
        for observer in observers.iter_mut() {
            if observer.next_step().is_some_and(|next| next <= progress.step) {
                let command = observer.on_step(&progress, &mut View { session: self })?;
                ending = ending.or(self.obey(command));
            }
        }
        if self.is_save_asked {
            self.save(observers)?;
        }
        Ok(ending)
    }

    /// Notes what an observer wants.
    pub(super) fn obey(&mut self, command: Command) -> Option<Ending> {
        match command {
            Command::Continue => {}
            Command::Stop => return Some(Ending::Stopped),
            Command::Interrupt => return Some(Ending::Interrupted),
            Command::SetLearningRate(rate) => self.set_learning_rate(rate),
            // A state lies between two steps, and a report may not.
            Command::Save => self.is_save_asked = true,
        }
        None
    }

    /// Hands the state to every observer.
    pub(super) fn save(&mut self, observers: &mut [Box<dyn Observer + '_>]) -> Result<()> {
        self.is_save_asked = false;
        self.note_state();
        // Taken away rather than cleared: most runs have none, and nothing is allocated for those.
        self.saved.observers = known(observers)?;
        observers.iter_mut().try_for_each(|observer| observer.on_checkpoint(&self.saved))
    }
}

/// What observers may look at.
pub(super) struct View<'s, 'a, R: Real> {
    pub(super) session: &'s mut Session<'a, R>,
}

impl<R: Real> Snapshot for View<'_, '_, R> {
    fn parameters(&self) -> Vec<f64> {
        let mut parameters = vec![R::ZERO; self.session.network.parameter_count()];
        self.session.plan.read_parameters(&mut parameters);
        parameters.iter().map(|value| value.to_f64()).collect()
    }

    fn predict(&mut self, data: &Dataset) -> Result<Vec<f64>> {
        let session = &mut *self.session;
        session.read_parameters();
        let train = session.parts.train;
        let evaluator = session.evaluator.get(&session.network, &session.rules.loss, train)?;
        evaluator.set_parameters(session.network.parameters());
        Ok(evaluator.predict(data))
    }

    fn loss_at(&mut self, parameters: &[f64]) -> Result<f64> {
        let session = &mut *self.session;
        let parameters: Vec<R> = parameters.iter().map(|&value| R::from_f64(value)).collect();
        let train = session.parts.train;
        let evaluator = session.evaluator.get(&session.network, &session.rules.loss, train)?;
        evaluator.set_parameters(&parameters);
        Ok(evaluator.evaluate(train, Part::Train, 0.0, Wanted::Only(&[]), &[]).data_loss)
    }
}
