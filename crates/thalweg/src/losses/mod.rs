//! Losses: one file each, value and gradient side by side.
//!
//! A loss is a number per row, and a [`Reduction`] that joins the rows. The value of a row is computed in the network's
//! scalar type, the outputs in ascending order; rows are joined in `f64` by [`OrderedSum`] (NUMERICS rules 5 and 6). The
//! gradient of a row leaves out the factor 1/rows of a mean: [`Loss::gradient`] multiplies by it once, rounded. Rows may
//! have [`Weights`].
//!
//! Every loss takes both kinds of target. A class number stands for its one-hot row, or, where there is one output, for
//! the number 0 or 1.

mod batch;
mod binary_cross_entropy;
mod focal;
mod formula;
mod half_squares;
mod hinge;
mod huber;
mod label_smoothing;
mod lanes;
mod link;
mod log_cosh;
mod mean_absolute_error;
mod mean_squared_error;
mod multi_margin;
mod one_output;
mod poisson;
mod quantile;
mod separable;
mod softmax_cross_entropy;
mod squared_hinge;
mod sum_of_squares;
mod target;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod torch_tests;
mod weights;

use std::sync::Arc;

use crate::custom::{AnyCustomLoss, CustomBatchLoss, Pick};
use crate::kernels::OrderedSum;
use crate::real::Real;

pub use formula::LossSizes;
pub(crate) use label_smoothing::LabelSmoothing;
pub(crate) use lanes::{LaneBatch, LaneGradient, LaneValues};
use multi_margin::MultiMargin;
use separable::{RowGradient, RowValue, SeparableTask};
pub use target::{Target, Targets};
pub use weights::{Factors, Weights};

/// How the losses of the rows become one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduction {
    /// They are added.
    Sum,
    /// They are averaged.
    Mean,
}

/// A loss: a number per row, and how the rows are joined.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Loss {
    /// Σⱼ(ŷⱼ - tⱼ)², added over rows.
    SumOfSquares,
    /// Σⱼ(ŷⱼ - tⱼ)² / outputs, averaged over rows.
    MeanSquaredError,
    /// ½Σⱼ(ŷⱼ - tⱼ)², averaged over rows: the quadratic cost.
    HalfSquares,
    /// Σⱼ|ŷⱼ - tⱼ| / outputs, averaged over rows.
    MeanAbsoluteError,
    /// Quadratic near zero, linear beyond `delta`; mean over outputs, averaged over rows.
    Huber {
        /// Where the parabola becomes a line, in the target's unit; 1 by default.
        delta: f64,
    },
    /// log cosh(ŷⱼ - tⱼ); mean over outputs, averaged over rows.
    LogCosh,
    /// Too low costs `quantile` a unit, too high the rest; mean over outputs, averaged over rows.
    Quantile {
        /// Which share of the targets is to lie below the prediction, above 0 and below 1; 0.5 by default.
        quantile: f64,
    },
    /// From logarithms of rates, for counts: e^{zⱼ} - tⱼ·zⱼ; mean over outputs, averaged over rows.
    Poisson,
    /// From logits; mean over outputs, averaged over rows.
    BinaryCrossEntropy,
    /// The same with targets that are not quite sure: t' = (1 - label_smoothing)·t + label_smoothing/2.
    SmoothedBinaryCrossEntropy {
        /// How unsure, 0 or more and less than 1.
        label_smoothing: f64,
    },
    /// From logits; the binary cross-entropy, less of it where the network is sure and right.
    Focal {
        /// How much less, 0 or more; 2 by default.
        gamma: f64,
        /// What class 1 weighs, from 0 to 1; 0.25 by default. Class 0 weighs the rest.
        alpha: f64,
    },
    /// From one score, how far it is from the right side of a margin, max(0, 1 - (2t - 1)·z), or from a score for each class, how
    /// far the right one is from standing out; averaged over rows.
    Hinge,
    /// The same with squares.
    SquaredHinge,
    /// From logits; class numbers or probabilities as targets; averaged over rows.
    SoftmaxCrossEntropy,
    /// The same with targets that are not quite sure: t' = (1 - label_smoothing)·t + label_smoothing/classes.
    SmoothedSoftmaxCrossEntropy {
        /// How unsure, 0 or more and less than 1.
        label_smoothing: f64,
    },
    /// A user's own.
    Custom(Arc<dyn AnyCustomLoss>),
}

impl Loss {
    /// The names of the built-in losses in experiment files.
    pub const NAMES: [&'static str; 13] = [
        "sum_of_squares",
        "mean_squared_error",
        "half_squares",
        "mean_absolute_error",
        "huber",
        "log_cosh",
        "quantile",
        "poisson",
        "binary_cross_entropy",
        "focal",
        "hinge",
        "squared_hinge",
        "softmax_cross_entropy",
    ];

    /// The built-in loss of this name, with its default options.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "sum_of_squares" => Loss::SumOfSquares,
            "mean_squared_error" => Loss::MeanSquaredError,
            "half_squares" => Loss::HalfSquares,
            "mean_absolute_error" => Loss::MeanAbsoluteError,
            "huber" => Loss::Huber { delta: huber::DEFAULT_DELTA },
            "log_cosh" => Loss::LogCosh,
            "quantile" => Loss::Quantile { quantile: quantile::DEFAULT_QUANTILE },
            "poisson" => Loss::Poisson,
            "binary_cross_entropy" => Loss::BinaryCrossEntropy,
            "focal" => Loss::Focal { gamma: focal::DEFAULT_GAMMA, alpha: focal::DEFAULT_ALPHA },
            "hinge" => Loss::Hinge,
            "squared_hinge" => Loss::SquaredHinge,
            "softmax_cross_entropy" => Loss::SoftmaxCrossEntropy,
            _ => return None,
        })
    }

    /// The name in experiment files; a custom loss's own.
    pub fn name(&self) -> &str {
        match self {
            Loss::SumOfSquares => "sum_of_squares",
            Loss::MeanSquaredError => "mean_squared_error",
            Loss::HalfSquares => "half_squares",
            Loss::MeanAbsoluteError => "mean_absolute_error",
            Loss::Huber { .. } => "huber",
            Loss::LogCosh => "log_cosh",
            Loss::Quantile { .. } => "quantile",
            Loss::BinaryCrossEntropy | Loss::SmoothedBinaryCrossEntropy { .. } => "binary_cross_entropy",
            Loss::Focal { .. } => "focal",
            Loss::Poisson => "poisson",
            Loss::Hinge => "hinge",
            Loss::SquaredHinge => "squared_hinge",
            Loss::SoftmaxCrossEntropy | Loss::SmoothedSoftmaxCrossEntropy { .. } => "softmax_cross_entropy",
            Loss::Custom(part) => <f64 as Pick>::loss(part.as_ref()).name(),
        }
    }

    /// Whether the rows are added or averaged.
    pub fn reduction(&self) -> Reduction {
        match self {
            Loss::SumOfSquares => Reduction::Sum,
            Loss::Custom(part) => <f64 as Pick>::loss(part.as_ref()).reduction(),
            _ => Reduction::Mean,
        }
    }

    /// How a softmax cross-entropy softens its targets, if it does.
    pub(crate) fn label_smoothing<R: Real>(&self, classes: usize) -> Option<LabelSmoothing<R>> {
        match self {
            Loss::SmoothedSoftmaxCrossEntropy { label_smoothing } => {
                Some(LabelSmoothing::new(*label_smoothing, classes))
            }
            _ => None,
        }
    }

    /// A hinge loss of several scores.
    #[inline(always)]
    pub(crate) fn multi_margin<R: Real>(&self, outputs: usize) -> Option<MultiMargin<R>> {
        match self {
            Loss::Hinge if outputs > 1 => Some(MultiMargin::new(false, outputs)),
            Loss::SquaredHinge if outputs > 1 => Some(MultiMargin::new(true, outputs)),
            _ => None,
        }
    }

    /// The loss of one row.
    ///
    /// # Shapes
    /// `predictions`: `[outputs]`; a target of values is as long.
    #[inline(always)]
    pub fn row_value<R: Real>(&self, predictions: &[R], target: Target<'_, R>) -> R {
        match self {
            Loss::SoftmaxCrossEntropy | Loss::SmoothedSoftmaxCrossEntropy { .. } => {
                let smoothing = self.label_smoothing(predictions.len());
                softmax_cross_entropy::row_value(predictions, target, smoothing)
            }
            Loss::Custom(part) => R::loss(part.as_ref()).row_value(predictions, target),
            _ => match self.multi_margin(predictions.len()) {
                Some(loss) => loss.row_value(predictions, target),
                None => self
                    .run_separable(predictions.len(), RowValue { predictions, target })
                    .expect("the other losses are sums over outputs"),
            },
        }
    }

    /// The derivative of one row's loss by each prediction, without the factor 1/rows of a mean.
    ///
    /// # Shapes
    /// `predictions`, `dpredictions`: `[outputs]`; `dpredictions` is overwritten.
    #[inline(always)]
    pub fn row_gradient<R: Real>(&self, predictions: &[R], target: Target<'_, R>, dpredictions: &mut [R]) {
        match self {
            Loss::SoftmaxCrossEntropy | Loss::SmoothedSoftmaxCrossEntropy { .. } => {
                let smoothing = self.label_smoothing(predictions.len());
                softmax_cross_entropy::row_value_and_gradient(predictions, target, smoothing, dpredictions);
            }
            Loss::Custom(part) => R::loss(part.as_ref()).row_gradient(predictions, target, dpredictions),
            _ => match self.multi_margin(predictions.len()) {
                Some(loss) => loss.row_gradient(predictions, target, dpredictions),
                None => self
                    .run_separable(predictions.len(), RowGradient { predictions, target, dpredictions })
                    .expect("the other losses are sums over outputs"),
            },
        }
    }

    /// Runs `task` with this loss, for rows of so many outputs, as a type; `None` for the softmax cross-entropy, a hinge loss of
    /// several scores and a user's own, which are no sums of terms for each output.
    #[inline(always)]
    pub(crate) fn run_separable<R: Real, T: SeparableTask<R>>(
        &self,
        outputs: usize,
        task: T,
    ) -> Option<T::Output> {
        Some(match self {
            Loss::SumOfSquares => task.run(sum_of_squares::SumOfSquares),
            Loss::MeanSquaredError => task.run(mean_squared_error::MeanSquaredError::new(outputs)),
            Loss::HalfSquares => task.run(half_squares::HalfSquares),
            Loss::MeanAbsoluteError => task.run(mean_absolute_error::MeanAbsoluteError::new(outputs)),
            Loss::Huber { delta } => task.run(huber::Huber::new(*delta, outputs)),
            Loss::LogCosh => task.run(log_cosh::LogCosh::new(outputs)),
            Loss::Quantile { quantile } => task.run(quantile::Quantile::new(*quantile, outputs)),
            Loss::BinaryCrossEntropy | Loss::SmoothedBinaryCrossEntropy { .. } => {
                let label_smoothing = match self {
                    Loss::SmoothedBinaryCrossEntropy { label_smoothing } => *label_smoothing,
                    _ => 0.0,
                };
                task.run(binary_cross_entropy::BinaryCrossEntropy::new(label_smoothing, outputs))
            }
            Loss::Focal { gamma, alpha } => task.run(focal::Focal::new(*gamma, *alpha, outputs)),
            Loss::Poisson => task.run(poisson::Poisson::new(outputs)),
            Loss::Hinge if outputs == 1 => task.run(hinge::Hinge),
            Loss::SquaredHinge if outputs == 1 => task.run(squared_hinge::SquaredHinge),
            Loss::Hinge
            | Loss::SquaredHinge
            | Loss::SoftmaxCrossEntropy
            | Loss::SmoothedSoftmaxCrossEntropy { .. }
            | Loss::Custom(_) => return None,
        })
    }

    /// [`row_value`](Self::row_value) and [`row_gradient`](Self::row_gradient) at once, to the same bits; the softmax
    /// cross-entropy takes its exponentials only once.
    #[inline(always)]
    pub fn row_value_and_gradient<R: Real>(
        &self,
        predictions: &[R],
        target: Target<'_, R>,
        dpredictions: &mut [R],
    ) -> R {
        if self.is_from_softmax() {
            let smoothing = self.label_smoothing(predictions.len());
            return softmax_cross_entropy::row_value_and_gradient(
                predictions,
                target,
                smoothing,
                dpredictions,
            );
        }
        self.row_gradient(predictions, target, dpredictions);
        self.row_value(predictions, target)
    }

    /// The loss of all rows, rounded to the scalar type (NUMERICS rule 6); 0 without rows.
    ///
    /// # Shapes
    /// `predictions`: `[rows, width]`, row-major.
    ///
    /// # Panics
    /// If the number of targets does not fit.
    ///
    /// # Example
    /// ```
    /// use thalweg::losses::{Loss, Targets};
    ///
    /// // Two rows of two outputs: (1² + 2²)/2 = 2.5 and (0² + 3²)/2 = 4.5.
    /// let targets = Targets::Values(&[0.0, 0.0, 1.0, 1.0]);
    /// assert_eq!(Loss::MeanSquaredError.value(2, &[1.0, 2.0, 1.0, 4.0], targets), 3.5);
    /// ```
    pub fn value<R: Real>(&self, width: usize, predictions: &[R], targets: Targets<'_, R>) -> f64 {
        self.weighted_value(width, predictions, targets, Weights::Equal(targets.rows(width)))
    }

    /// [`value`](Self::value) of rows that do not all weigh the same.
    ///
    /// # Panics
    /// If the number of targets or weights does not fit.
    ///
    /// # Example
    /// ```
    /// use thalweg::losses::{Loss, Targets, Weights};
    ///
    /// // Losses of 4 and 9, the second of which counts three times: (4 + 3·9) / 4.
    /// let weights = Weights::Each(&[1.0, 3.0]);
    /// let value = Loss::MeanSquaredError.weighted_value(1, &[2.0, 3.0], Targets::Values(&[0.0, 0.0]), weights);
    /// assert_eq!(value, 7.75);
    /// ```
    pub fn weighted_value<R: Real>(
        &self,
        width: usize,
        predictions: &[R],
        targets: Targets<'_, R>,
        weights: Weights<'_>,
    ) -> f64 {
        let mut sum = OrderedSum::new();
        self.add_values(width, predictions, targets, weights, &mut sum);
        self.join::<R>(sum.total(), weights.total())
    }

    /// Adds the losses of these rows, each times its weight, to a running sum, so that a batch may come in pieces, in order.
    ///
    /// # Panics
    /// If the number of targets or weights does not fit.
    pub fn add_values<R: Real>(
        &self,
        width: usize,
        predictions: &[R],
        targets: Targets<'_, R>,
        weights: Weights<'_>,
        sum: &mut OrderedSum,
    ) {
        check_lengths(width, predictions, targets);
        assert_eq!(weights.rows(), targets.rows(width), "every row has its weight");
        if let Some(loss) = self.batch_loss::<R>() {
            return batch::add_values(loss, width, predictions, targets, weights, sum);
        }
        for (n, predictions) in predictions.chunks_exact(width).enumerate() {
            let loss = self.row_value(predictions, targets.row(n, width)).to_f64();
            sum.push(match weights {
                Weights::Equal(_) => loss,
                Weights::Each(weights) => weights[n] * loss,
            });
        }
    }

    /// Writes the loss of each row, without its weight; a user's own loss that takes batches is asked once for all of them.
    ///
    /// # Panics
    /// If the number of targets, weights or losses does not fit.
    pub(crate) fn row_values<R: Real>(
        &self,
        width: usize,
        predictions: &[R],
        targets: Targets<'_, R>,
        weights: Weights<'_>,
        to: &mut [R],
    ) {
        check_lengths(width, predictions, targets);
        assert_eq!(to.len(), targets.rows(width), "every row has its loss");
        if let Some(loss) = self.batch_loss::<R>() {
            return batch::values(loss, width, predictions, targets, weights, to);
        }
        for (n, (predictions, value)) in predictions.chunks_exact(width).zip(to).enumerate() {
            *value = self.row_value(predictions, targets.row(n, width));
        }
    }

    /// What is reported for a sum over rows of so much weight in all (of as many rows, where each counts once): the sum or the
    /// mean, rounded to the scalar type; 0 where nothing weighs anything.
    pub fn join<R: Real>(&self, sum: f64, weight: f64) -> f64 {
        let joined = match self.reduction() {
            Reduction::Mean if weight > 0.0 => sum / weight,
            Reduction::Sum | Reduction::Mean => sum,
        };
        R::from_f64(joined).to_f64()
    }

    /// The factor that the rows' gradients are multiplied by in a batch of `rows`: 1 for a sum, the rounded 1/rows for a
    /// mean.
    pub fn gradient_factor<R: Real>(&self, rows: usize) -> R {
        match self.reduction() {
            Reduction::Sum => R::ONE,
            Reduction::Mean => R::from_f64(1.0 / rows as f64),
        }
    }

    /// The derivative of [`value`](Self::value) by every prediction.
    ///
    /// # Shapes
    /// `predictions`, `dpredictions`: `[rows, width]`, row-major; `dpredictions` is overwritten.
    ///
    /// # Panics
    /// If the lengths do not fit each other.
    pub fn gradient<R: Real>(
        &self,
        width: usize,
        predictions: &[R],
        targets: Targets<'_, R>,
        dpredictions: &mut [R],
    ) {
        let factor = Factors::Same(self.gradient_factor(targets.rows(width)));
        self.gradient_of_piece(width, factor, predictions, targets, dpredictions);
    }

    /// The gradient of some rows of a larger batch, whose [`gradient_factors`](Self::gradient_factors) are given.
    ///
    /// # Shapes
    /// `predictions`, `dpredictions`: `[rows, width]`, row-major; `dpredictions` is overwritten.
    ///
    /// # Panics
    /// If the lengths do not fit each other.
    pub fn gradient_of_piece<R: Real>(
        &self,
        width: usize,
        factors: Factors<'_, R>,
        predictions: &[R],
        targets: Targets<'_, R>,
        dpredictions: &mut [R],
    ) {
        check_lengths(width, predictions, targets);
        assert_eq!(
            predictions.len(),
            dpredictions.len(),
            "predictions and dpredictions have the same length"
        );
        let scaled = self.is_scaled(factors);
        if let Some(loss) = self.batch_loss() {
            return batch::gradient(
                loss,
                width,
                scaled.then_some(factors),
                predictions,
                targets,
                dpredictions,
            );
        }
        let rows = predictions.chunks_exact(width).zip(dpredictions.chunks_exact_mut(width));
        for (n, (predictions, dpredictions)) in rows.enumerate() {
            self.row_gradient(predictions, targets.row(n, width), dpredictions);
            if scaled {
                let factor = factors.row(n);
                for d in dpredictions {
                    *d *= factor;
                }
            }
        }
    }

    /// A user's own loss that takes many rows at once.
    #[inline(always)]
    fn batch_loss<R: Real>(&self) -> Option<&dyn CustomBatchLoss<R>> {
        match self {
            Loss::Custom(part) => R::loss(part.as_ref()).batch(),
            _ => None,
        }
    }

    /// Whether a row's gradient is multiplied at all: not where every row of a sum counts once.
    fn is_scaled<R>(&self, factors: Factors<'_, R>) -> bool {
        matches!(factors, Factors::Each(_)) || self.reduction() == Reduction::Mean
    }

    /// [`gradient_of_piece`](Self::gradient_of_piece) that also writes each row's value, to the bits of
    /// [`row_value`](Self::row_value): what one tile of a training step does.
    ///
    /// # Shapes
    /// `predictions`, `dpredictions`: `[rows, width]`, row-major; `values`: `[rows]`; the last two are overwritten.
    ///
    /// # Panics
    /// If the lengths do not fit each other.
    #[inline(always)]
    pub fn values_and_gradient_of_piece<R: Real>(
        &self,
        width: usize,
        factors: Factors<'_, R>,
        predictions: &[R],
        targets: Targets<'_, R>,
        dpredictions: &mut [R],
        values: &mut [R],
    ) {
        check_lengths(width, predictions, targets);
        assert_eq!(
            predictions.len(),
            dpredictions.len(),
            "predictions and dpredictions have the same length"
        );
        assert_eq!(predictions.len(), values.len() * width, "there is one value per row");
        let scaled = self.is_scaled(factors);
        let rows = predictions.chunks_exact(width).zip(dpredictions.chunks_exact_mut(width));
        for (n, ((predictions, dpredictions), value)) in rows.zip(values).enumerate() {
            *value = self.row_value_and_gradient(predictions, targets.row(n, width), dpredictions);
            if scaled {
                let factor = factors.row(n);
                for d in dpredictions {
                    *d *= factor;
                }
            }
        }
    }
}

/// Predictions are whole rows, and each has its target.
fn check_lengths<R: Real>(width: usize, predictions: &[R], targets: Targets<'_, R>) {
    assert!(width > 0 && predictions.len().is_multiple_of(width), "predictions have whole rows");
    assert_eq!(predictions.len() / width, targets.rows(width), "every row has its target");
    if let Targets::Values(values) = targets {
        assert_eq!(values.len(), predictions.len(), "a target of values is as wide as the predictions");
    }
}
