//! Decoupled weight decay, which every rule may have.

use crate::optimizers::Update;
use crate::real::Real;

/// Shrinks the parameters by a share of themselves, before the step and apart from the gradient.
///
/// ```text
/// w ← fma(-(rate·weight_decay), w, w)       rate·weight_decay in f64, rounded once
/// ```
///
/// # Units and ranges
/// Nothing is done where `update.weight_decay` is 0, as it is for biases.
///
/// # Source
/// Loshchilov and Hutter, "Decoupled weight decay regularization", 2019, algorithm 1, line 9, and algorithm 2, line 12; there the
/// decay is multiplied by the schedule's share only, here, as is the custom since, by the whole rate.
#[inline(always)]
pub(super) fn decay<R: Real>(share: R, w: &mut [R]) {
    for w in w {
        *w = share.mul_add(*w, *w);
    }
}

/// -(rate·weight_decay), where there is a decay.
pub(super) fn share<R: Real>(update: &Update) -> Option<R> {
    (update.weight_decay > 0.0).then(|| R::from_f64(-(update.learning_rate * update.weight_decay)))
}
