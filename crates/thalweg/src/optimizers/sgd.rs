//! Gradient descent.

use crate::real::Real;

/// Goes down the slope. On the whole data this is gradient descent, on mini-batches its stochastic form.
///
/// ```text
/// w ← fma(-rate, dw, w)
/// ```
///
/// # Source
/// Robbins and Monro, "A stochastic approximation method", 1951, equation 8.
#[inline(always)]
pub(super) fn update<R: Real>(minus_rate: R, w: &mut [R], dw: &[R]) {
    for (w, &g) in w.iter_mut().zip(dw) {
        *w = minus_rate.mul_add(g, *w);
    }
}
