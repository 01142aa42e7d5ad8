//! What every plan that trains does: a whole training step in one call, to the bits of the plain plan.

use std::fmt::Debug;

use super::{Rates, Rows};
use crate::kernels::elementwise;
use crate::real::Real;

/// A plan that runs whole steps and keeps only what a step needs. It agrees with the plain plan in every bit.
///
/// Parameters and optimizer state go in and out in the plain plan's layout: parameters row-major in layer order; state,
/// for each parameter tensor in turn, its slots one after the other. Inside, they lie as the plan likes.
///
/// In a run whose batch is the whole data, every call has the same rows, in order: a plan may gather them once. Nothing
/// is asked of such a plan per step but the step: the loss is looked at only when somebody wants to know it, in the outputs
/// that a step leaves or by [`forward`](StepPlan::forward), which a step of the same batch may follow.
pub trait StepPlan<R: Real>: Debug + Send {
    /// Writes the parameters.
    fn read_parameters(&self, parameters: &mut [R]);

    /// How many values the plan keeps an average of the parameters in; here their average, and room for the parameters, row-major.
    fn average_len(&self, parameter_count: usize) -> usize {
        2 * parameter_count
    }

    /// average ← average + share·(parameters - average), in the plan's own layout; a share of 1 copies them.
    fn average(&self, share: f64, average: &mut [R]) {
        let (average, parameters) = average.split_at_mut(average.len() / 2);
        self.read_parameters(parameters);
        elementwise::move_towards(share, parameters, average);
    }

    /// Writes the average row-major.
    fn read_average(&self, average: &[R], parameters: &mut [R]) {
        parameters.copy_from_slice(&average[..average.len() / 2]);
    }

    /// Takes an average.
    fn set_average(&self, parameters: &[R], average: &mut [R]) {
        average[..parameters.len()].copy_from_slice(parameters);
    }

    /// Takes these parameters.
    fn set_parameters(&mut self, parameters: &[R]);

    /// Writes the optimizer's state.
    fn read_state(&self, state: &mut [R]);

    /// Takes this optimizer state.
    fn set_state(&mut self, state: &[R]);

    /// The training forward pass of a batch, alone: [`outputs`](StepPlan::outputs) has its result, which need not be
    /// finite.
    fn forward(&mut self, batch: Rows<'_>);

    /// The network's outputs of the last batch, `[rows, outputs]` row-major, in the units that it is trained in: of the
    /// last [`forward`](StepPlan::forward), or of the last [`step`](StepPlan::step) where it
    /// [leaves](StepPlan::leaves_outputs) them.
    fn outputs(&self, rows: usize) -> &[R];

    /// Whether a step leaves its outputs behind, those from before its update: they are there once they are [recalled](Self::recall). A
    /// plan for mini-batches does.
    fn leaves_outputs(&self) -> bool {
        false
    }

    /// Lays out what the last step left, where it did not at once: then [`outputs`](Self::outputs) and
    /// [`row_losses`](Self::row_losses) are those from before its update. No product is computed again.
    fn recall(&mut self) {}

    /// Says that every step's outputs and losses will be recalled, so that a plan may take the losses on its way.
    fn expect_recalls(&mut self) {}

    /// The losses of the rows that [`outputs`](StepPlan::outputs) are of, as [`Loss::row_value`](crate::Loss::row_value)
    /// gives them, in the target's own units; `None` where the plan has not computed them, and whoever wants them does.
    fn row_losses(&self, _rows: usize) -> Option<&[R]> {
        None
    }

    /// How often the loss was looked at since the plan was made, by a rule that looks more than once a step; else 0.
    fn looks(&self) -> u64 {
        0
    }

    /// One training step: gather, forward, backward, update. `false`: the loss, joined over the rows and in the target's
    /// own units, is not certain to be finite, or a part of a user's own [failed](super::Rules::failure), and neither a parameter nor
    /// the optimizer's state was changed; the caller finds out with the plain plan.
    fn step(&mut self, batch: Rows<'_>, rates: &Rates) -> bool;
}

/// What takes the loss of a batch and its gradient at any parameters, as an optimizer asks for them that looks along a line.
pub trait GradientPlan<R: Real>: Debug + Send {
    /// The loss of the batch at `parameters`, without penalties, in the units that the network is trained in and not rounded to the
    /// scalar type. `gradients` is overwritten: penalties included, and where an average would have one, the batch's own value.
    fn look(&mut self, batch: Rows<'_>, parameters: &[R], gradients: &mut [R]) -> f64;

    /// The training forward pass of a batch at `parameters`, alone.
    fn forward_at(&mut self, batch: Rows<'_>, parameters: &[R]);

    /// The network's outputs of the last pass, `[rows, outputs]`.
    fn last_outputs(&self, rows: usize) -> &[R];
}
