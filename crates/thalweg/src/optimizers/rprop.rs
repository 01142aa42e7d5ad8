//! Rprop.

use super::lion::sign;
use crate::optimizers::{Update, settled};
use crate::real::Real;

/// By what a step shrinks where the gradient turned, where nothing is said.
pub(super) const DEFAULT_SHRINK: f64 = 0.5;
/// By what it grows where the gradient kept its sign, where nothing is said.
pub(super) const DEFAULT_GROW: f64 = 1.2;
/// The smallest step where nothing is said.
pub(super) const DEFAULT_LEAST: f64 = 1e-6;
/// The largest step where nothing is said.
pub(super) const DEFAULT_MOST: f64 = 50.0;

/// What is the same for all parameters of a step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Constants<R> {
    shrink: R,
    grow: R,
    least: R,
    most: R,
    rate: R,
}

impl<R: Real> Constants<R> {
    pub(super) fn at_step(shrink: f64, grow: f64, least: f64, most: f64, update: &Update) -> Self {
        Constants {
            shrink: R::from_f64(shrink),
            grow: R::from_f64(grow),
            least: R::from_f64(least),
            most: R::from_f64(most),
            rate: R::from_f64(update.learning_rate),
        }
    }
}

/// Each parameter has a step of its own, which grows while the gradient keeps its sign and shrinks where it turns; the
/// gradient's size does not matter. For full batches: the signs of small ones are noise.
///
/// ```text
/// d ← rate                          where it is 0, at the first step
/// dw·g > 0:  d ← min(grow·d, most)
/// dw·g < 0:  d ← max(shrink·d, least), dw ← 0
/// w ← w - sign(dw)·d
/// g ← dw
/// ```
///
/// # Shapes
/// `state`: the gradient g of the step before, then the step d, each as long as `w`.
///
/// # Units and ranges
/// `shrink` lies above 0 and below 1, 0.5 by default; `grow` is above 1, 1.2 by default; `least` is 1e-6 and `most` 50 by default.
/// The rate is the first step alone; what a schedule makes of it later does nothing.
///
/// # Source
/// Riedmiller and Braun, "A direct adaptive method for faster backpropagation learning: the RPROP algorithm", 1993, section
/// II; in the form without steps back of Igel and Hüsken, "Improving the Rprop learning algorithm", 2000, there iRprop⁻.
#[inline(always)]
pub(super) fn update<R: Real>(c: Constants<R>, w: &mut [R], dw: &[R], state: &mut [R]) {
    let (gradients, steps) = state.split_at_mut(w.len());
    for (((w, &now), g), d) in w.iter_mut().zip(dw).zip(gradients).zip(steps) {
        let step = if *d == R::ZERO { c.rate } else { *d };
        let turn = sign(now) * sign(*g);
        let (grown, shrunk) = (c.grow * step, c.shrink * step);
        let grown = if grown > c.most { c.most } else { grown };
        let shrunk = if shrunk < c.least { c.least } else { shrunk };
        let other = if turn < R::ZERO { shrunk } else { step };
        *d = if turn > R::ZERO { grown } else { other };
        let counts = if turn < R::ZERO { R::ZERO } else { now };
        *w -= sign(counts) * *d;
        *g = settled(counts);
    }
}
