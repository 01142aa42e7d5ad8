//! The losses of a batch's rows and their gradient, compiled for the path in use.
#![allow(
    unsafe_code,
    reason = "the entries compiled for an instruction set are called after it was detected"
)]

use crate::losses::{Loss, Targets};
use crate::real::Real;

dispatched! {
    /// Each row's loss and its gradient by the predictions: [`Loss::values_and_gradient_of_piece`].
    pub(crate) fn values_and_gradient<R>(
        loss: &Loss, width: usize, factor: R, predictions: &[R], targets: Targets<'_, R>, dpredictions: &mut [R],
        values: &mut [R],
    ) = values_and_gradient_portable;
}

#[inline(always)]
fn values_and_gradient_portable<R: Real>(
    loss: &Loss,
    width: usize,
    factor: R,
    predictions: &[R],
    targets: Targets<'_, R>,
    dpredictions: &mut [R],
    values: &mut [R],
) {
    loss.values_and_gradient_of_piece(width, factor, predictions, targets, dpredictions, values);
}
