//! Half the sum of squares: the quadratic cost.

use crate::losses::separable::Separable;
use crate::losses::sum_of_squares::SumOfSquares;
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
#[derive(Clone, Copy)]
pub(super) struct HalfSquares;

impl<R: Real> Separable<R> for HalfSquares {
    #[inline(always)]
    fn add(self, sum: R, prediction: R, target: R) -> R {
        SumOfSquares.add(sum, prediction, target)
    }

    #[inline(always)]
    fn finish(self, sum: R) -> R {
        R::from_f64(0.5) * sum
    }

    #[inline(always)]
    fn slope(self, prediction: R, target: R) -> R {
        prediction - target
    }
}
