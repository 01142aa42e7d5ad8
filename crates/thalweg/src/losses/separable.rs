//! Losses that add a term for each output: the loops that they share.

use super::Target;
use crate::real::Real;

/// A loss whose row is a sum over its outputs, as a type, so that every loop over it is compiled for it alone. It is made
/// for a number of outputs.
pub(crate) trait Separable<R: Real>: Copy {
    /// The sum over the outputs, from 0, with one more output's term.
    fn add(self, sum: R, prediction: R, target: R) -> R;

    /// The row's loss, given the sum over all outputs.
    fn finish(self, sum: R) -> R;

    /// The derivative of the row's loss by the prediction.
    fn slope(self, prediction: R, target: R) -> R;
}

/// Something to be done with whichever loss it turns out to be: see
/// [`ElementwiseTask`](crate::activations::ElementwiseTask).
pub(crate) trait SeparableTask<R: Real> {
    /// What comes out.
    type Output;
    /// Does it.
    fn run<L: Separable<R>>(self, loss: L) -> Self::Output;
}

/// The loss of one row.
pub(super) struct RowValue<'a, R> {
    pub(super) predictions: &'a [R],
    pub(super) target: Target<'a, R>,
}

impl<R: Real> SeparableTask<R> for RowValue<'_, R> {
    type Output = R;

    #[inline(always)]
    fn run<L: Separable<R>>(self, loss: L) -> R {
        let outputs = self.predictions.len();
        let mut sum = R::ZERO;
        for (j, &prediction) in self.predictions.iter().enumerate() {
            sum = loss.add(sum, prediction, self.target.value(j, outputs));
        }
        loss.finish(sum)
    }
}

/// The gradient of one row.
pub(super) struct RowGradient<'a, R> {
    pub(super) predictions: &'a [R],
    pub(super) target: Target<'a, R>,
    pub(super) dpredictions: &'a mut [R],
}

impl<R: Real> SeparableTask<R> for RowGradient<'_, R> {
    type Output = ();

    #[inline(always)]
    fn run<L: Separable<R>>(self, loss: L) {
        let outputs = self.predictions.len();
        for (j, (&prediction, d)) in self.predictions.iter().zip(self.dpredictions).enumerate() {
            *d = loss.slope(prediction, self.target.value(j, outputs));
        }
    }
}
