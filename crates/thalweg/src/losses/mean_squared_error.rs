//! The mean squared error.

use crate::losses::separable::Separable;
use crate::losses::sum_of_squares::SumOfSquares;
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
#[derive(Clone, Copy)]
pub(super) struct MeanSquaredError<R> {
    outputs: R,
    /// 2/outputs.
    factor: R,
}

impl<R: Real> MeanSquaredError<R> {
    #[inline(always)]
    pub(super) fn new(outputs: usize) -> Self {
        let outputs = outputs as f64;
        MeanSquaredError { outputs: R::from_f64(outputs), factor: R::from_f64(2.0 / outputs) }
    }
}

impl<R: Real> Separable<R> for MeanSquaredError<R> {
    #[inline(always)]
    fn add(self, sum: R, prediction: R, target: R) -> R {
        SumOfSquares.add(sum, prediction, target)
    }

    #[inline(always)]
    fn finish(self, sum: R) -> R {
        sum / self.outputs
    }

    #[inline(always)]
    fn slope(self, prediction: R, target: R) -> R {
        self.factor * (prediction - target)
    }
}
