//! Adagrad.

use crate::optimizers::{Update, settled};
use crate::real::Real;

/// What keeps the divisor from zero where nothing is said.
pub(super) const DEFAULT_EPSILON: f64 = 1e-10;

/// What is the same for all parameters of a step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Constants<R> {
    epsilon: R,
    minus_rate: R,
}

impl<R: Real> Constants<R> {
    pub(super) fn at_step(epsilon: f64, update: &Update) -> Self {
        Constants { epsilon: R::from_f64(epsilon), minus_rate: R::from_f64(-update.learning_rate) }
    }
}

/// Divides each gradient by the root of the sum of all its squares so far: what moved much moves less and less.
///
/// ```text
/// v ← fma(dw, dw, v)
/// w ← fma(-rate, dw / (√v + epsilon), w)
/// ```
///
/// # Shapes
/// `state`: the sum of squares v, as long as `w`.
///
/// # Units and ranges
/// `epsilon` is added outside the root; 1e-10 by default.
///
/// # Source
/// Duchi, Hazan and Singer, "Adaptive subgradient methods for online learning and stochastic optimization", 2011, figure 1 with a
/// diagonal matrix.
#[inline(always)]
pub(super) fn update<R: Real>(c: Constants<R>, w: &mut [R], dw: &[R], squares: &mut [R]) {
    for ((w, &g), v) in w.iter_mut().zip(dw).zip(squares) {
        *v = settled(g.mul_add(g, *v));
        *w = c.minus_rate.mul_add(g / (v.sqrt() + c.epsilon), *w);
    }
}
