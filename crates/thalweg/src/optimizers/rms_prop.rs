//! RMSprop.

use crate::optimizers::{Update, settled};
use crate::real::Real;

/// How much of the old mean square stays where nothing is said, as in the source.
pub(super) const DEFAULT_RHO: f64 = 0.9;
/// What keeps the divisor from zero where nothing is said.
pub(super) const DEFAULT_EPSILON: f64 = 1e-8;

/// What is the same for all parameters of a step; Adadelta's too.
#[derive(Clone, Copy, Debug)]
pub(super) struct Constants<R> {
    pub(super) rho: R,
    /// 1 - rho.
    pub(super) share: R,
    pub(super) epsilon: R,
    pub(super) minus_rate: R,
}

impl<R: Real> Constants<R> {
    pub(super) fn at_step(rho: f64, epsilon: f64, update: &Update) -> Self {
        Constants {
            rho: R::from_f64(rho),
            share: R::from_f64(1.0 - rho),
            epsilon: R::from_f64(epsilon),
            minus_rate: R::from_f64(-update.learning_rate),
        }
    }
}

/// Divides each gradient by the root of its running mean square, so that all parameters move at a like pace.
///
/// ```text
/// v ← fma(rho, v, (1-rho)·dw·dw)             products from left to right
/// w ← fma(-rate, dw / (√v + epsilon), w)
/// ```
///
/// # Shapes
/// `state`: the mean square v, as long as `w`.
///
/// # Units and ranges
/// `rho` weighs the old mean: 0.9 by default, as in the source (PyTorch: 0.99, by the name alpha). `epsilon` is added
/// outside the root; 1e-8 by default.
///
/// # Source
/// Tieleman and Hinton, "Neural networks for machine learning", 2012, lecture 6e.
#[inline(always)]
pub(super) fn update<R: Real>(c: Constants<R>, w: &mut [R], dw: &[R], mean_square: &mut [R]) {
    for ((w, &g), v) in w.iter_mut().zip(dw).zip(mean_square) {
        *v = settled(c.rho.mul_add(*v, c.share * g * g));
        *w = c.minus_rate.mul_add(g / (v.sqrt() + c.epsilon), *w);
    }
}
