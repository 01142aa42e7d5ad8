//! Gradient descent.

use crate::optimizers::Update;
use crate::real::Real;

/// Goes down the slope. On the whole data this is gradient descent, on mini-batches its stochastic form.
///
/// ```text
/// w ← fma(-rate, dw, w)
/// ```
///
/// # Source
/// Robbins and Monro, "A stochastic approximation method", 1951, equation 8.
#[inline]
pub(super) fn update<R: Real>(update: &Update, w: &mut [R], dw: &[R]) {
    let minus_rate = R::from_f64(-update.learning_rate);
    for (w, &g) in w.iter_mut().zip(dw) {
        *w = minus_rate.mul_add(g, *w);
    }
}
