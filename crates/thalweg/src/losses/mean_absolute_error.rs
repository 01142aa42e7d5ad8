//! The mean absolute error.

use crate::losses::Target;
use crate::real::Real;

/// The mean over outputs of the distances; rows are averaged.
///
/// ```text
/// loss  = Σⱼ |ŷⱼ - tⱼ| / outputs
/// dŷⱼ   = sign(ŷⱼ - tⱼ) / outputs      sign(0) = 0
/// ```
///
/// # Shapes
/// `predictions`: `[outputs]`.
///
/// # Source
/// Boscovich's rule as told by Stigler, "The history of statistics", 1986, chapter 1.
#[inline(always)]
pub(super) fn row_value<R: Real>(predictions: &[R], target: Target<'_, R>) -> R {
    let outputs = predictions.len();
    let mut sum = R::ZERO;
    for (j, &prediction) in predictions.iter().enumerate() {
        sum += (prediction - target.value(j, outputs)).abs();
    }
    sum / R::from_f64(outputs as f64)
}

/// The gradient of [`row_value`].
#[inline(always)]
pub(super) fn row_gradient<R: Real>(predictions: &[R], target: Target<'_, R>, dpredictions: &mut [R]) {
    let outputs = predictions.len();
    let step = R::from_f64(1.0 / outputs as f64);
    for (j, (&prediction, dprediction)) in predictions.iter().zip(dpredictions).enumerate() {
        let d = prediction - target.value(j, outputs);
        *dprediction = if d > R::ZERO {
            step
        } else if d < R::ZERO {
            -step
        } else {
            step * d // 0, or NaN where d is NaN
        };
    }
}
