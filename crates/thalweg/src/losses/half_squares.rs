//! Half the sum of squares: the quadratic cost.

use crate::losses::{Target, sum_of_squares};
use crate::real::Real;

/// Half the squared distance, so that the gradient is the difference itself; rows are averaged.
///
/// ```text
/// loss  = ½·Σⱼ (ŷⱼ - tⱼ)²
/// dŷⱼ   = ŷⱼ - tⱼ
/// ```
///
/// # Shapes
/// `predictions`: `[outputs]`.
///
/// # Source
/// Nielsen, "Neural networks and deep learning", 2015, chapter 1, equation 6; Rumelhart, Hinton and Williams, 1986, equation 3.
#[inline(always)]
pub(super) fn row_value<R: Real>(predictions: &[R], target: Target<'_, R>) -> R {
    R::from_f64(0.5) * sum_of_squares::row_value(predictions, target)
}

/// The gradient of [`row_value`].
#[inline(always)]
pub(super) fn row_gradient<R: Real>(predictions: &[R], target: Target<'_, R>, dpredictions: &mut [R]) {
    for (j, (&prediction, dprediction)) in predictions.iter().zip(dpredictions).enumerate() {
        *dprediction = prediction - target.value(j, predictions.len());
    }
}
