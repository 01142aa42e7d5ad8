//! The sum of squares.

use crate::losses::separable::Separable;
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
#[derive(Clone, Copy)]
pub(super) struct SumOfSquares;

impl<R: Real> Separable<R> for SumOfSquares {
    #[inline(always)]
    fn add(self, sum: R, prediction: R, target: R) -> R {
        let d = prediction - target;
        d.mul_add(d, sum)
    }

    #[inline(always)]
    fn finish(self, sum: R) -> R {
        sum
    }

    #[inline(always)]
    fn slope(self, prediction: R, target: R) -> R {
        let d = prediction - target;
        d + d // 2·(ŷⱼ - tⱼ)
    }
}
