//! The mean absolute error.

use crate::losses::separable::Separable;
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
#[derive(Clone, Copy)]
pub(super) struct MeanAbsoluteError<R> {
    outputs: R,
    /// 1/outputs.
    step: R,
}

impl<R: Real> MeanAbsoluteError<R> {
    #[inline(always)]
    pub(super) fn new(outputs: usize) -> Self {
        let outputs = outputs as f64;
        MeanAbsoluteError { outputs: R::from_f64(outputs), step: R::from_f64(1.0 / outputs) }
    }
}

impl<R: Real> Separable<R> for MeanAbsoluteError<R> {
    #[inline(always)]
    fn add(self, sum: R, prediction: R, target: R) -> R {
        sum + (prediction - target).abs()
    }

    #[inline(always)]
    fn finish(self, sum: R) -> R {
        sum / self.outputs
    }

    #[inline(always)]
    fn slope(self, prediction: R, target: R) -> R {
        let d = prediction - target;
        if d > R::ZERO {
            self.step
        } else if d < R::ZERO {
            -self.step
        } else {
            self.step * d // 0, or NaN where d is NaN
        }
    }
}
