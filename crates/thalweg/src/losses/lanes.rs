//! Losses over rows in lanes: many rows of one output side by side, to the bits of the single rows.

use super::Factors;
use super::separable::{Separable, SeparableTask};
use crate::real::Real;

/// Outputs and targets of a batch, rows in lanes.
///
/// ```text
/// row n's output j lies at (n / stride)·width·stride + j·stride + n % stride
/// ```
/// Lanes without a row may hold any numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LaneBatch<'a, R> {
    /// How many rows there are.
    pub(crate) rows: usize,
    /// How many outputs each row has.
    pub(crate) width: usize,
    /// How many rows lie side by side: a multiple of 16.
    pub(crate) stride: usize,
    /// What the network says.
    pub(crate) predictions: &'a [R],
    /// What it should say; a class is 1 at its own output and 0 elsewhere, or the class's number where there is one output.
    pub(crate) targets: &'a [R],
    /// What the derivatives are multiplied by: [`Loss::gradient_factors`](super::Loss::gradient_factors), with any numbers for
    /// the lanes without a row.
    pub(crate) factors: Factors<'a, R>,
}

impl<R> LaneBatch<'_, R> {
    /// How many values predictions, targets and gradient have.
    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.rows.div_ceil(self.stride) * self.stride * self.width
    }

    /// Where output `j` of the rows from `row` on begins; `row` is the first of a block.
    #[inline(always)]
    pub(crate) fn at(&self, row: usize, j: usize) -> usize {
        row * self.width + j * self.stride
    }
}

/// The gradient of a loss that is a sum over outputs: value by value, and without the factors of single rows.
pub(crate) struct LaneGradient<'a, R> {
    pub(crate) batch: LaneBatch<'a, R>,
    pub(crate) d: &'a mut [R],
}

impl<R: Real> SeparableTask<R> for LaneGradient<'_, R> {
    type Output = ();

    #[inline(always)]
    fn run<L: Separable<R>>(self, loss: L) {
        let LaneBatch { predictions, targets, factors, .. } = self.batch;
        // Factors of single rows are multiplied in afterwards, which gives the same bits: this loop is compiled for each loss.
        let factor = match factors {
            Factors::Same(factor) => factor,
            Factors::Each(_) => R::ONE,
        };
        for (d, (&prediction, &target)) in self.d.iter_mut().zip(predictions.iter().zip(targets)) {
            *d = loss.slope(prediction, target) * factor;
        }
    }
}

/// The rows' values of such a loss.
pub(crate) struct LaneValues<'a, R> {
    pub(crate) batch: LaneBatch<'a, R>,
    pub(crate) values: &'a mut [R],
}

impl<R: Real> SeparableTask<R> for LaneValues<'_, R> {
    type Output = ();

    #[inline(always)]
    fn run<L: Separable<R>>(self, loss: L) {
        let batch = self.batch;
        let mut row = 0;
        for values in self.values[..batch.rows].chunks_mut(batch.stride) {
            values.fill(R::ZERO);
            for j in 0..batch.width {
                let at = batch.at(row, j);
                let pairs = batch.predictions[at..].iter().zip(&batch.targets[at..]);
                for (value, (&prediction, &target)) in values.iter_mut().zip(pairs) {
                    *value = loss.add(*value, prediction, target);
                }
            }
            for value in values {
                *value = loss.finish(*value);
            }
            row += batch.stride;
        }
    }
}
