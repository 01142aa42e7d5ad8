//! Adam.

use crate::optimizers::{Update, settled};
use crate::real::Real;

/// How much of the old mean stays where nothing is said.
pub(super) const DEFAULT_BETA1: f64 = 0.9;
/// How much of the old mean square stays where nothing is said.
pub(super) const DEFAULT_BETA2: f64 = 0.999;
/// What keeps the divisor from zero where nothing is said.
pub(super) const DEFAULT_EPSILON: f64 = 1e-8;

/// What is the same for all parameters of a step, computed in `f64` and rounded once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Constants<R> {
    beta1: R,
    beta2: R,
    /// 1 - beta1.
    share1: R,
    /// 1 - beta2.
    share2: R,
    /// -rate / (1 - beta1ᵗ).
    minus_rate: R,
    /// 1 / √(1 - beta2ᵗ).
    correction: R,
    epsilon: R,
}

impl<R: Real> Constants<R> {
    /// The constants of step t = `update.step`, which counts from 1.
    pub(super) fn at_step(beta1: f64, beta2: f64, epsilon: f64, update: &Update) -> Self {
        let t = update.step as f64;
        let minus_rate = -update.learning_rate / (1.0 - Real::pow(beta1, t));
        let correction = 1.0 / (1.0 - Real::pow(beta2, t)).sqrt();
        Constants {
            beta1: R::from_f64(beta1),
            beta2: R::from_f64(beta2),
            share1: R::from_f64(1.0 - beta1),
            share2: R::from_f64(1.0 - beta2),
            minus_rate: R::from_f64(minus_rate),
            correction: R::from_f64(correction),
            epsilon: R::from_f64(epsilon),
        }
    }
}

/// Steps by the running mean of the gradient over the root of its running mean square; both means are corrected for
/// having started at zero.
///
/// ```text
/// rate_t = rate / (1 - beta1ᵗ)               t counts steps from 1
/// c_t    = 1 / √(1 - beta2ᵗ)
/// m ← fma(beta1, m, (1-beta1)·dw)
/// v ← fma(beta2, v, (1-beta2)·dw·dw)         products from left to right
/// w ← fma(-rate_t, m / (√v·c_t + epsilon), w)
/// ```
///
/// # Shapes
/// `state`: the mean m, then the mean square v, each as long as `w`.
///
/// # Units and ranges
/// `beta1` and `beta2` weigh the old means: 0.9 and 0.999 by default; `epsilon` is added outside the root, after the
/// correction: 1e-8 by default. All as in the source.
///
/// # Source
/// Kingma and Ba, "Adam: a method for stochastic optimization", 2015, algorithm 1.
#[inline(always)]
pub(super) fn update<R: Real>(constants: Constants<R>, w: &mut [R], dw: &[R], state: &mut [R]) {
    let c = constants;
    let (mean, mean_square) = state.split_at_mut(w.len());
    for (((w, &g), m), v) in w.iter_mut().zip(dw).zip(mean).zip(mean_square) {
        *m = settled(c.beta1.mul_add(*m, c.share1 * g));
        *v = settled(c.beta2.mul_add(*v, c.share2 * g * g));
        *w = c.minus_rate.mul_add(*m / (v.sqrt() * c.correction + c.epsilon), *w);
    }
}
