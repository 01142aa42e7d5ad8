//! Lion.

use crate::optimizers::{Update, settled};
use crate::real::Real;

/// How much of the mean goes into a step where nothing is said.
pub(super) const DEFAULT_BETA1: f64 = 0.9;
/// How much of the mean stays where nothing is said.
pub(super) const DEFAULT_BETA2: f64 = 0.99;

/// What is the same for all parameters of a step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Constants<R> {
    beta1: R,
    beta2: R,
    /// 1 - beta1.
    share1: R,
    /// 1 - beta2.
    share2: R,
    minus_rate: R,
}

impl<R: Real> Constants<R> {
    pub(super) fn at_step(beta1: f64, beta2: f64, update: &Update) -> Self {
        Constants {
            beta1: R::from_f64(beta1),
            beta2: R::from_f64(beta2),
            share1: R::from_f64(1.0 - beta1),
            share2: R::from_f64(1.0 - beta2),
            minus_rate: R::from_f64(-update.learning_rate),
        }
    }
}

/// Steps of one size, in the direction of the sign of a mean of gradients; the mean that is kept is a longer one.
///
/// ```text
/// s = sign(fma(beta1, m, (1-beta1)·dw))       0 where that is 0
/// w ← fma(-rate, s, w)
/// m ← fma(beta2, m, (1-beta2)·dw)
/// ```
///
/// # Shapes
/// `state`: the mean m, as long as `w`.
///
/// # Units and ranges
/// `beta1` is 0.9 and `beta2` 0.99 by default. Every parameter moves by the whole rate at each step: give it a third to a tenth of
/// Adam's, and so many times its weight decay. The default rate is 1e-4.
///
/// # Source
/// Chen and others, "Symbolic discovery of optimization algorithms", 2023, algorithm 2.
#[inline(always)]
pub(super) fn update<R: Real>(c: Constants<R>, w: &mut [R], dw: &[R], mean: &mut [R]) {
    for ((w, &g), m) in w.iter_mut().zip(dw).zip(mean) {
        let s = sign(c.beta1.mul_add(*m, c.share1 * g));
        *w = c.minus_rate.mul_add(s, *w);
        *m = settled(c.beta2.mul_add(*m, c.share2 * g));
    }
}

/// -1, 0 or 1; NaN stays.
#[inline(always)]
pub(super) fn sign<R: Real>(x: R) -> R {
    let negative = if x < R::ZERO { -R::ONE } else { x };
    if x > R::ZERO { R::ONE } else { negative }
}
