//! The Huber loss.

use crate::losses::separable::Separable;
use crate::real::Real;

/// Where the parabola becomes a line where nothing else is said.
pub(super) const DEFAULT_DELTA: f64 = 1.0;

/// Half the square of small differences, a line for large ones, so that outliers pull with bounded force; mean over
/// outputs, rows are averaged.
///
/// ```text
/// d     = ŷⱼ - tⱼ
/// loss  = Σⱼ (½d² where |d| ≤ delta, else delta·(|d| - ½·delta)) / outputs
/// dŷⱼ   = (1/outputs)·(d cut to [-delta, delta])
/// ```
///
/// # Shapes
/// `predictions`: `[outputs]`.
///
/// # Units and ranges
/// `delta` is in the target's unit, above 0; 1 by default.
///
/// # Source
/// Huber, "Robust estimation of a location parameter", 1964, section 3 (his k is our delta).
#[derive(Clone, Copy)]
pub(super) struct Huber<R> {
    delta: R,
    outputs: R,
    /// 1/outputs.
    factor: R,
}

impl<R: Real> Huber<R> {
    #[inline(always)]
    pub(super) fn new(delta: f64, outputs: usize) -> Self {
        let outputs = outputs as f64;
        Huber { delta: R::from_f64(delta), outputs: R::from_f64(outputs), factor: R::from_f64(1.0 / outputs) }
    }
}

impl<R: Real> Separable<R> for Huber<R> {
    #[inline(always)]
    fn add(self, sum: R, prediction: R, target: R) -> R {
        let half = R::from_f64(0.5);
        let d = (prediction - target).abs();
        let line = self.delta * (d - half * self.delta);
        let parabola = half * d * d;
        sum + if d > self.delta { line } else { parabola }
    }

    #[inline(always)]
    fn finish(self, sum: R) -> R {
        sum / self.outputs
    }

    #[inline(always)]
    fn slope(self, prediction: R, target: R) -> R {
        let d = prediction - target;
        let below = if d > self.delta { self.delta } else { d };
        let cut = if below < -self.delta { -self.delta } else { below };
        self.factor * cut
    }
}
