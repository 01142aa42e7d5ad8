//! What every fast plan does: a whole training step in one call, to the bits of the plain plan.

use std::fmt::Debug;

use super::{Rates, Rows};

/// A plan that runs whole steps and keeps only what a step needs. It agrees with the plain plan in every bit.
///
/// Parameters and optimizer state go in and out in the plain plan's layout: parameters row-major in layer order; state,
/// for each parameter tensor in turn, its slots one after the other. Inside, they lie as the plan likes.
pub(crate) trait StepPlan<R>: Debug + Send {
    /// Writes the parameters.
    fn read_parameters(&self, parameters: &mut [R]);

    /// Takes these parameters.
    fn set_parameters(&mut self, parameters: &[R]);

    /// Writes the optimizer's state.
    fn read_state(&self, state: &mut [R]);

    /// Takes this optimizer state.
    fn set_state(&mut self, state: &[R]);

    /// The training forward pass of a batch, alone: [`outputs`](StepPlan::outputs) has its result.
    fn forward(&mut self, batch: Rows<'_>);

    /// The network's outputs of the last batch, `[rows, outputs]` row-major, in the units that it is trained in: of the
    /// last [`forward`](StepPlan::forward), and after a [`step`](StepPlan::step) of a plan for mini-batches, of that step.
    fn outputs(&self, rows: usize) -> &[R];

    /// One training step: gather, forward, backward, update. `false`: the loss is not certain to be finite, and no
    /// parameter was changed; the caller finds out with the plain plan.
    fn step(&mut self, batch: Rows<'_>, rates: &Rates) -> bool;
}
