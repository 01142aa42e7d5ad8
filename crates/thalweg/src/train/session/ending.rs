//! The end of a run: its last checkpoint, the weights that are kept, and how good they are.

use super::super::observer::Observer;
use super::super::report::Part;
use super::super::wanted::Wanted;
use super::{Ending, Outcome, Session, watching};
use crate::error::Result;
use crate::network::Network;
use crate::real::Real;

impl<R: Real> Session<'_, R> {
    /// Gives the kept weights to the network, evaluates them, and writes the last checkpoint.
    pub(super) fn finish(
        mut self,
        network: &mut Network<R>,
        observers: &mut [Box<dyn Observer + '_>],
        ending: Ending,
    ) -> Result<Outcome> {
        if ending == Ending::Interrupted {
            // Whoever interrupts may not wait for an evaluation.
            self.save(observers)?;
        }
        self.read_parameters();
        let kept = match &self.best {
            Some(best) => best.clone(),
            None => self.judged().to_vec(),
        };
        self.network.parameters_mut().copy_from_slice(&kept);
        let penalty = self.rules.penalty(self.network.layers(), self.network.parameters());
        let mut parts = Vec::new();
        let given = [
            (Part::Train, Some(self.parts.train)),
            (Part::Validation, self.parts.validation),
            (Part::Test, self.parts.test),
        ];
        for (part, data) in given {
            let Some(data) = data.filter(|_| self.evaluates && !self.has_failed()) else { continue };
            let evaluator = self.evaluator.get(&self.network, &self.rules.loss, self.parts.train)?;
            evaluator.set_parameters(self.network.parameters());
            parts.push(evaluator.evaluate(data, part, penalty, Wanted::All, self.custom));
            if self.has_failed() {
                parts.clear(); // such an evaluation says nothing
                break;
            }
            self.check_finite(&parts)?;
        }
        // Nothing that was learned is lost with it.
        let is_cut_short = self.has_failed() && ending != Ending::Interrupted;
        if is_cut_short {
            self.counters.finished = false;
        }
        network.parameters_mut().copy_from_slice(self.network.parameters());
        if ending != Ending::Interrupted {
            self.save(observers)?;
        }
        observers.iter_mut().try_for_each(|observer| observer.on_end())?;
        watching::is_saving(observers);
        let parameters_sha256 = match self.is_brief {
            true => String::new(),
            false => self.saved.parameters_sha256(),
        };
        Ok(Outcome {
            ending: if is_cut_short { Ending::Interrupted } else { ending },
            history: self.history,
            epochs: self.counters.epoch,
            steps: self.counters.step,
            seconds: self.saved.counters.seconds,
            best_epoch: self.counters.best_epoch,
            parameters_sha256,
            parts,
            state: self.saved,
        })
    }
}

/// The SHA-256 of some bytes, in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
