//! Nadam.

use crate::optimizers::{Update, settled};
use crate::real::Real;

/// By which power of the step the momentum rises, a constant of the source.
const RISE: f64 = 0.004;
/// The number whose powers the momentum's rise follows, a constant of the source.
const BASE: f64 = 0.96;

/// What is the same for all parameters of a step, computed in `f64` and rounded once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Constants<R> {
    beta1: R,
    beta2: R,
    /// 1 - beta1.
    share1: R,
    /// 1 - beta2.
    share2: R,
    /// -rate·(1 - μ_t) / (1 - Πμ).
    minus_gradient_rate: R,
    /// -rate·μ_{t+1} / (1 - Πμ·μ_{t+1}).
    minus_mean_rate: R,
    /// 1 / √(1 - beta2ᵗ).
    correction: R,
    epsilon: R,
}

impl<R: Real> Constants<R> {
    /// The constants of step t = `update.step`, which counts from 1.
    pub(super) fn at_step(beta1: f64, beta2: f64, epsilon: f64, update: &Update) -> Self {
        let (momentum, next) = (momentum(beta1, update.step), momentum(beta1, update.step.saturating_add(1)));
        let product = product(beta1, update.step);
        let rate = -update.learning_rate;
        let correction = 1.0 / (1.0 - Real::pow(beta2, update.step as f64)).sqrt();
        Constants {
            beta1: R::from_f64(beta1),
            beta2: R::from_f64(beta2),
            share1: R::from_f64(1.0 - beta1),
            share2: R::from_f64(1.0 - beta2),
            minus_gradient_rate: R::from_f64(rate * (1.0 - momentum) / (1.0 - product)),
            minus_mean_rate: R::from_f64(rate * next / (1.0 - product * next)),
            correction: R::from_f64(correction),
            epsilon: R::from_f64(epsilon),
        }
    }
}

/// μ_t, the momentum of step t: it rises from about half of beta1 to beta1.
pub(super) fn momentum(beta1: f64, t: u64) -> f64 {
    beta1 * (1.0 - 0.5 * Real::pow(BASE, t as f64 * RISE))
}

/// Πμ, the product of the momenta of all steps up to t; 0 once it counts for nothing beside 1, which is soon: the first
/// factors are about a half.
pub(super) fn product(beta1: f64, t: u64) -> f64 {
    let mut product = 1.0;
    for step in 1..=t {
        product *= momentum(beta1, step);
        if product < f64::EPSILON / 4.0 {
            return 0.0;
        }
    }
    product
}

/// Adam with Nesterov's look ahead: the mean of the next step is used already in this one.
///
/// ```text
/// μ_t = beta1·(1 - ½·0.96^{0.004·t})             t counts steps from 1; Πμ = μ₁·μ₂·…·μ_t
/// c_t = 1 / √(1 - beta2ᵗ)
/// m ← fma(beta1, m, (1-beta1)·dw)
/// v ← fma(beta2, v, (1-beta2)·dw·dw)             products from left to right
/// d = √v·c_t + epsilon
/// w ← fma(-rate·(1-μ_t)/(1-Πμ), dw / d, w)
/// w ← fma(-rate·μ_{t+1}/(1-Πμ·μ_{t+1}), m / d, w)
/// ```
///
/// # Shapes
/// `state`: the mean m, then the mean square v, each as long as `w`.
///
/// # Units and ranges
/// `beta1`, `beta2` and `epsilon` are Adam's.
///
/// # Source
/// Dozat, "Incorporating Nesterov momentum into Adam", 2016, algorithm 2. There the mean itself decays by μ_t; here, as is the custom
/// since, by beta1.
#[inline(always)]
pub(super) fn update<R: Real>(constants: Constants<R>, w: &mut [R], dw: &[R], state: &mut [R]) {
    let c = constants;
    let (mean, mean_square) = state.split_at_mut(w.len());
    for (((w, &g), m), v) in w.iter_mut().zip(dw).zip(mean).zip(mean_square) {
        *m = settled(c.beta1.mul_add(*m, c.share1 * g));
        *v = settled(c.beta2.mul_add(*v, c.share2 * g * g));
        let d = v.sqrt() * c.correction + c.epsilon;
        *w = c.minus_gradient_rate.mul_add(g / d, *w);
        *w = c.minus_mean_rate.mul_add(*m / d, *w);
    }
}
