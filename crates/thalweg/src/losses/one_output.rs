//! The gradients of losses where a row has one output, so that rows are worked side by side.

use super::{
    Loss, Target, binary_cross_entropy, half_squares, huber, mean_absolute_error, mean_squared_error,
    sum_of_squares,
};
use crate::real::Real;

/// `d[n] = factor · (the gradient of row n)`, where `$gradient` is a loss's `row_gradient` of what comes before its slices.
macro_rules! rows {
    ($gradient:path $(, $before:expr)?; $factor:ident, $predictions:ident, $targets:ident, $d:ident) => {
        for n in 0..$d.len() {
            let mut gradient = [R::ZERO];
            $gradient($($before,)? &[$predictions[n]], Target::Values(&[$targets[n]]), &mut gradient);
            $d[n] = gradient[0] * $factor;
        }
    };
}

impl Loss {
    /// Whether [`gradient_of_one_output`](Self::gradient_of_one_output) knows it.
    pub(crate) fn has_gradient_of_one_output(&self) -> bool {
        !matches!(self, Loss::SoftmaxCrossEntropy | Loss::Custom(_))
    }

    /// The gradient of rows of one output, times `factor`: to the bits of [`gradient_of_piece`](Self::gradient_of_piece) with
    /// its [`gradient_factor`](Self::gradient_factor).
    ///
    /// # Panics
    /// If the lengths differ, or for a loss without such a gradient.
    #[inline(always)]
    pub(crate) fn gradient_of_one_output<R: Real>(
        &self,
        factor: R,
        predictions: &[R],
        targets: &[R],
        d: &mut [R],
    ) {
        assert_eq!(predictions.len(), d.len(), "predictions and d have the same length");
        assert_eq!(targets.len(), d.len(), "every row has its target");
        match self {
            Loss::SumOfSquares => rows!(sum_of_squares::row_gradient; factor, predictions, targets, d),
            Loss::MeanSquaredError => {
                rows!(mean_squared_error::row_gradient; factor, predictions, targets, d);
            }
            Loss::HalfSquares => rows!(half_squares::row_gradient; factor, predictions, targets, d),
            Loss::MeanAbsoluteError => {
                rows!(mean_absolute_error::row_gradient; factor, predictions, targets, d);
            }
            Loss::Huber { delta } => {
                let delta = R::from_f64(*delta);
                rows!(huber::row_gradient, delta; factor, predictions, targets, d);
            }
            Loss::BinaryCrossEntropy => {
                rows!(binary_cross_entropy::row_gradient; factor, predictions, targets, d);
            }
            Loss::SoftmaxCrossEntropy | Loss::Custom(_) => panic!("a loss of single outputs"),
        }
    }
}
