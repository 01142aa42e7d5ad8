//! The step by the plain plan: for a loss that may not be finite, and for whoever wants to see all of it.

use super::step::seen;
use super::{Plan, Rates, Session};
use crate::data::augmentation::AugmentedBatch;
use crate::error::{Error, Result};
use crate::network::PlacedLayer;
use crate::real::Real;

/// A step that has come as far as its loss: backward and the update are left to do.
pub(crate) struct BegunStep<R: Real> {
    /// The plan, with every matrix of the forward pass.
    pub(crate) plan: Plan<R>,
    /// The rows of the batch.
    pub(crate) rows: Vec<u32>,
    /// These rows as they are changed, if they are.
    pub(crate) changed: Option<AugmentedBatch<R>>,
    /// The rates of the update.
    pub(crate) rates: Rates,
    /// The epoch, from 0.
    pub(crate) epoch: u64,
    /// The batch within the epoch, from 0.
    pub(crate) batch: u64,
    /// How many batches an epoch has.
    pub(crate) batches_per_epoch: u64,
}

impl<R: Real> Session<'_, R> {
    /// Begins the next step and hands it over, for whoever wants to see all of it.
    pub(crate) fn begin_step(mut self) -> Result<BegunStep<R>> {
        self.set_rates();
        self.batches.next_batch();
        self.augment();
        self.forward_exactly(true)?;
        Ok(BegunStep {
            changed: self.augmented,
            rows: self.batches.last_rows().to_vec(),
            epoch: self.counters.epoch,
            batch: self.counters.batch,
            batches_per_epoch: self.steps_per_epoch,
            rates: self.rates,
            plan: *self.exact.expect("the step was begun with the plain plan"),
        })
    }

    /// The step that a plan did not take because the loss may not be finite; `is_noted`: the epoch need not be told of it.
    /// `false`: a part of a user's own failed, and nothing was changed.
    pub(super) fn step_exactly(&mut self, is_noted: bool) -> Result<bool> {
        self.forward_exactly(true)?;
        if !is_noted {
            if !self.look()? {
                return Ok(false);
            }
            self.add_to_epoch();
        }
        let rows = seen(&self.augmented, &self.batches, &self.parts, &self.counters);
        if let Some(exact) = &mut self.exact {
            exact.backward(rows);
            if exact.rules().has_failed() {
                return Ok(false);
            }
            exact.update(&self.rates);
            self.plan.set_parameters(exact.parameters());
            self.plan.set_state(exact.optimizer_state());
        }
        Ok(true)
    }

    /// The error of a loss that is not finite on the current batch.
    pub(super) fn diverged(&mut self) -> Error {
        match self.forward_exactly(true) {
            Err(error) => error,
            Ok(()) => self.divergence(),
        }
    }

    /// Computes the outputs and the loss of the current batch with the plain plan, from the parameters as they are.
    pub(super) fn forward_exactly(&mut self, training: bool) -> Result<()> {
        self.read_parameters();
        let rows = seen(&self.augmented, &self.batches, &self.parts, &self.counters);
        if self.exact.is_none() {
            let plan = Plan::new(&self.network, self.rules.clone(), rows.data, self.batches.largest())?;
            self.exact = Some(Box::new(plan));
        }
        let Some(exact) = &mut self.exact else { return Ok(()) };
        exact.parameters_mut().copy_from_slice(self.network.parameters());
        self.plan.read_state(exact.optimizer_state_mut());
        exact.gather(rows);
        exact.forward(rows, training);
        self.last_loss = exact.data_loss(rows.rows.len());
        if self.last_loss.is_finite() { Ok(()) } else { Err(self.divergence()) }
    }

    /// One more backward pass of the plain plan finds where a loss stopped being finite.
    fn divergence(&mut self) -> Error {
        let rows = seen(&self.augmented, &self.batches, &self.parts, &self.counters);
        let first = self.exact.as_mut().and_then(|exact| {
            exact.backward(rows);
            exact.first_not_finite(rows.rows.len())
        });
        self.ran_away(self.counters.epoch + 1, self.last_loss, first)
    }
}

/// A layer with its kind, for an error.
pub(super) fn named(
    first: Option<(usize, &'static str)>,
    layers: &[PlacedLayer],
) -> Option<(usize, String, &'static str)> {
    first.map(|(layer, what)| (layer, layers[layer].layer.kind().to_owned(), what))
}
