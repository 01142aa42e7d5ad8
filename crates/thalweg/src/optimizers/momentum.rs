//! Gradient descent with momentum, and Nesterov's form of it.

use crate::optimizers::{Update, settled};
use crate::real::Real;

/// How much of the old velocity stays where nothing is said.
pub(super) const DEFAULT_MOMENTUM: f64 = 0.9;

/// What is the same for all parameters of a step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Constants<R> {
    momentum: R,
    minus_rate: R,
}

impl<R: Real> Constants<R> {
    pub(super) fn at_step(momentum: f64, update: &Update) -> Self {
        Constants { momentum: R::from_f64(momentum), minus_rate: R::from_f64(-update.learning_rate) }
    }
}

/// A heavy ball: the step is a decaying sum of all gradients so far.
///
/// ```text
/// v ← fma(momentum, v, dw)
/// w ← fma(-rate, v, w)
/// ```
///
/// # Shapes
/// `state`: the velocity v, as long as `w`.
///
/// # Units and ranges
/// `momentum` weighs the old velocity: from 0 to below 1. The gradient enters v whole, so that a constant gradient ends
/// in steps 1/(1 - momentum) times as long.
///
/// # Source
/// Polyak, "Some methods of speeding up the convergence of iteration methods", 1964, equation 9; in the form of
/// Sutskever, Martens, Dahl and Hinton, 2013, equations 1 and 2, with the rate taken out of the velocity.
#[inline(always)]
pub(super) fn update<R: Real>(c: Constants<R>, w: &mut [R], dw: &[R], velocity: &mut [R]) {
    let Constants { momentum, minus_rate } = c;
    for ((w, &g), v) in w.iter_mut().zip(dw).zip(velocity) {
        *v = settled(momentum.mul_add(*v, g));
        *w = minus_rate.mul_add(*v, *w);
    }
}

/// Nesterov's form: the step looks one velocity ahead.
///
/// ```text
/// v ← fma(momentum, v, dw)
/// w ← fma(-rate, fma(momentum, v, dw), w)
/// ```
///
/// # Shapes
/// `state`: the velocity v, as long as `w`.
///
/// # Source
/// Nesterov, "A method of solving a convex programming problem with convergence rate O(1/k²)", 1983; in the form of
/// Bengio, Boulanger-Lewandowski and Pascanu, "Advances in optimizing recurrent networks", 2013, equation 7, where w is
/// the point looked ahead to.
#[inline(always)]
pub(super) fn update_nesterov<R: Real>(c: Constants<R>, w: &mut [R], dw: &[R], velocity: &mut [R]) {
    let Constants { momentum, minus_rate } = c;
    for ((w, &g), v) in w.iter_mut().zip(dw).zip(velocity) {
        *v = settled(momentum.mul_add(*v, g));
        *w = minus_rate.mul_add(momentum.mul_add(*v, g), *w);
    }
}
