//! The sum of squares.

use crate::losses::Target;
use crate::real::Real;

/// The squared distance of prediction and target; rows are added.
///
/// ```text
/// loss  = Σⱼ (ŷⱼ - tⱼ)²        one chain of fma from 0, j ascending
/// dŷⱼ   = 2·(ŷⱼ - tⱼ)
/// ```
///
/// # Shapes
/// `predictions`: `[outputs]`.
///
/// # Source
/// Legendre, "Nouvelles méthodes pour la détermination des orbites des comètes", 1805, appendix.
#[inline(always)]
pub(super) fn row_value<R: Real>(predictions: &[R], target: Target<'_, R>) -> R {
    let mut sum = R::ZERO;
    for (j, &prediction) in predictions.iter().enumerate() {
        let d = prediction - target.value(j, predictions.len());
        sum = d.mul_add(d, sum);
    }
    sum
}

/// The gradient of [`row_value`].
#[inline(always)]
pub(super) fn row_gradient<R: Real>(predictions: &[R], target: Target<'_, R>, dpredictions: &mut [R]) {
    for (j, (&prediction, dprediction)) in predictions.iter().zip(dpredictions).enumerate() {
        let d = prediction - target.value(j, predictions.len());
        *dprediction = d + d; // 2·(ŷⱼ - tⱼ)
    }
}
