//! The gradients of losses where a row has one output, so that rows are worked side by side.

use super::Loss;
use super::separable::{Separable, SeparableTask};
use crate::real::Real;

/// d[n] = factor·(the gradient of row n).
struct OneOutputGradient<'a, R> {
    factor: R,
    predictions: &'a [R],
    targets: &'a [R],
    d: &'a mut [R],
}

impl<R: Real> SeparableTask<R> for OneOutputGradient<'_, R> {
    type Output = ();

    #[inline(always)]
    fn run<L: Separable<R>>(self, loss: L) {
        for (d, (&prediction, &target)) in self.d.iter_mut().zip(self.predictions.iter().zip(self.targets)) {
            *d = loss.slope(prediction, target) * self.factor;
        }
    }
}

impl Loss {
    /// Whether [`gradient_of_one_output`](Self::gradient_of_one_output) knows it.
    pub(crate) fn has_gradient_of_one_output(&self) -> bool {
        !self.is_from_softmax() && !matches!(self, Loss::Custom(_))
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
        self.run_separable(1, OneOutputGradient { factor, predictions, targets, d })
            .expect("a loss of single outputs");
    }
}
