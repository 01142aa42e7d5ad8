//! Whole steps by the plain plan: what trains every network that no fast plan takes.

use super::{Plan, Rates, Rows, Rules, StepPlan};
use crate::data::Dataset;
use crate::error::Result;
use crate::kernels::OrderedSum;
use crate::network::Network;
use crate::real::Real;

/// The plain plan as a [`StepPlan`].
#[derive(Debug)]
pub(crate) struct PlainSteps<R: Real> {
    plan: Plan<R>,
    outputs: usize,
    /// The losses of the last batch's rows.
    row_losses: Vec<R>,
    /// Whether every batch has the same rows.
    is_full_batch: bool,
    has_gathered: bool,
    /// The loss of the last forward pass and its epoch, if a step of a full batch may go on from there.
    looked: Option<(u64, f64)>,
}

impl<R: Real> PlainSteps<R> {
    /// Lays out the plain plan.
    ///
    /// # Errors
    /// As [`Plan::new`].
    pub(crate) fn new(
        network: &Network<R>,
        rules: &Rules,
        data: &Dataset,
        largest_batch: usize,
        is_full_batch: bool,
    ) -> Result<Self> {
        Ok(PlainSteps {
            plan: Plan::new(network, rules.clone(), data, largest_batch)?,
            outputs: network.output_shape().len(),
            row_losses: vec![R::ZERO; largest_batch],
            is_full_batch,
            has_gathered: false,
            looked: None,
        })
    }

    /// Computes the losses of the rows and joins them.
    fn note_losses(&mut self, rows: usize) -> f64 {
        let loss = &self.plan.rules().loss;
        let (predictions, targets) = self.plan.in_own_units(rows);
        let weights = self.plan.weights(rows);
        loss.row_values(self.outputs, predictions, targets, weights, &mut self.row_losses[..rows]);
        let mut sum = OrderedSum::new();
        weights.add(&self.row_losses[..rows], &mut sum);
        loss.join::<R>(sum.total(), weights.total())
    }

    fn look(&mut self, batch: Rows<'_>) -> f64 {
        if !(self.is_full_batch && self.has_gathered) {
            self.plan.gather(batch);
            self.has_gathered = true;
        }
        self.plan.forward(batch, true);
        self.note_losses(batch.rows.len())
    }
}

impl<R: Real> StepPlan<R> for PlainSteps<R> {
    fn read_parameters(&self, parameters: &mut [R]) {
        parameters.copy_from_slice(self.plan.parameters());
    }

    fn set_parameters(&mut self, parameters: &[R]) {
        self.plan.parameters_mut().copy_from_slice(parameters);
        self.looked = None;
    }

    fn read_state(&self, state: &mut [R]) {
        state.copy_from_slice(self.plan.optimizer_state());
    }

    fn set_state(&mut self, state: &[R]) {
        self.plan.optimizer_state_mut().copy_from_slice(state);
    }

    fn forward(&mut self, batch: Rows<'_>) {
        let loss = self.look(batch);
        self.looked = self.is_full_batch.then_some((batch.epoch, loss));
    }

    fn outputs(&self, rows: usize) -> &[R] {
        self.plan.outputs(rows)
    }

    fn leaves_outputs(&self) -> bool {
        true
    }

    fn row_losses(&self, rows: usize) -> Option<&[R]> {
        Some(&self.row_losses[..rows])
    }

    fn step(&mut self, batch: Rows<'_>, rates: &Rates) -> bool {
        let loss = match self.looked.take() {
            Some((epoch, loss)) if epoch == batch.epoch => loss,
            _ => self.look(batch),
        };
        if !loss.is_finite() {
            return false;
        }
        self.plan.backward(batch);
        if self.plan.rules().has_failed() {
            return false;
        }
        self.plan.update(rates);
        true
    }
}
