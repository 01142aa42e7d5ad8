//! Losses over rows in lanes, compiled for the path in use.
#![allow(
    unsafe_code,
    reason = "the entries compiled for an instruction set are called after it was detected"
)]

use crate::losses::{LaneBatch, Loss};
use crate::real::Real;

dispatched! {
    /// The gradient of a batch whose rows lie in lanes, and each row's loss if `values` are given, both to the bits of the
    /// single rows. Lanes without a row get a gradient of 0. False: a prediction is NaN, or the sum
    /// of their magnitudes is larger than the limit, as it is where one of them is.
    ///
    /// # Panics
    /// If a slice is shorter than the sizes say, if the stride is no multiple of 16, or for a user's own loss.
    pub(crate) fn in_lanes<R>(
        loss: &Loss, batch: LaneBatch<'_, R>, d: &mut [R], values: Option<&mut [R]>,
    ) -> bool = in_lanes_portable;
}

#[inline(always)]
fn in_lanes_portable<R: Real>(
    loss: &Loss,
    batch: LaneBatch<'_, R>,
    d: &mut [R],
    values: Option<&mut [R]>,
) -> bool {
    loss.in_lanes(batch, d, values)
}
