//! The Huber loss.

use crate::losses::Target;
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
#[inline(always)]
pub(super) fn row_value<R: Real>(delta: R, predictions: &[R], target: Target<'_, R>) -> R {
    let outputs = predictions.len();
    let half = R::from_f64(0.5);
    let mut sum = R::ZERO;
    for (j, &prediction) in predictions.iter().enumerate() {
        let d = (prediction - target.value(j, outputs)).abs();
        sum += if d > delta { delta * (d - half * delta) } else { half * d * d };
    }
    sum / R::from_f64(outputs as f64)
}

/// The gradient of [`row_value`].
#[inline(always)]
pub(super) fn row_gradient<R: Real>(
    delta: R,
    predictions: &[R],
    target: Target<'_, R>,
    dpredictions: &mut [R],
) {
    let outputs = predictions.len();
    let factor = R::from_f64(1.0 / outputs as f64);
    for (j, (&prediction, dprediction)) in predictions.iter().zip(dpredictions).enumerate() {
        let d = prediction - target.value(j, outputs);
        let below = if d > delta { delta } else { d };
        let cut = if below < -delta { -delta } else { below };
        *dprediction = factor * cut;
    }
}
