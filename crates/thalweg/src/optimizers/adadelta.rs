//! Adadelta.

use super::rms_prop::Constants;
use crate::optimizers::settled;
use crate::real::Real;

/// How much of the old means stays where nothing is said.
pub(super) const DEFAULT_RHO: f64 = 0.9;
/// What is added under the roots where nothing is said.
pub(super) const DEFAULT_EPSILON: f64 = 1e-6;

/// Steps in the parameter's own unit: the gradient times the root mean square of the steps so far over that of the
/// gradients.
///
/// ```text
/// v ← fma(rho, v, (1-rho)·dw·dw)             products from left to right
/// s = √(u + epsilon) / √(v + epsilon)·dw
/// u ← fma(rho, u, (1-rho)·s·s)
/// w ← fma(-rate, s, w)
/// ```
///
/// # Shapes
/// `state`: the gradients' mean square v, then the steps' mean square u, each as long as `w`.
///
/// # Units and ranges
/// `rho` weighs the old means: 0.9 by default. `epsilon` is added under both roots and sets the first steps' size; 1e-6 by
/// default. The rate is 1 where none is given: the source has none.
///
/// # Source
/// Zeiler, "ADADELTA: an adaptive learning rate method", 2012, algorithm 1.
#[inline(always)]
pub(super) fn update<R: Real>(c: Constants<R>, w: &mut [R], dw: &[R], state: &mut [R]) {
    let (gradients, steps) = state.split_at_mut(w.len());
    for (((w, &g), v), u) in w.iter_mut().zip(dw).zip(gradients).zip(steps) {
        *v = settled(c.rho.mul_add(*v, c.share * g * g));
        let s = (*u + c.epsilon).sqrt() / (*v + c.epsilon).sqrt() * g;
        *u = settled(c.rho.mul_add(*u, c.share * s * s));
        *w = c.minus_rate.mul_add(s, *w);
    }
}
