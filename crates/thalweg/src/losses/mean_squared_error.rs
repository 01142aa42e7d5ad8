//! The mean squared error.

use crate::losses::{Target, sum_of_squares};
use crate::real::Real;

/// The mean over outputs of the squared differences; rows are averaged.
///
/// ```text
/// loss  = Σⱼ (ŷⱼ - tⱼ)² / outputs
/// dŷⱼ   = (2/outputs)·(ŷⱼ - tⱼ)       2/outputs rounded once
/// ```
///
/// # Shapes
/// `predictions`: `[outputs]`.
///
/// # Source
/// Bishop, "Pattern recognition and machine learning", 2006, equations 1.2 and 1.3, by another factor.
#[inline(always)]
pub(super) fn row_value<R: Real>(predictions: &[R], target: Target<'_, R>) -> R {
    sum_of_squares::row_value(predictions, target) / R::from_f64(predictions.len() as f64)
}

/// The gradient of [`row_value`].
#[inline(always)]
pub(super) fn row_gradient<R: Real>(predictions: &[R], target: Target<'_, R>, dpredictions: &mut [R]) {
    let outputs = predictions.len();
    let factor = R::from_f64(2.0 / outputs as f64);
    for (j, (&prediction, dprediction)) in predictions.iter().zip(dpredictions).enumerate() {
        *dprediction = factor * (prediction - target.value(j, outputs));
    }
}
