//! A user's own loss that is asked for many rows at once.

use super::{Factors, Targets, Weights};
use crate::custom::CustomBatchLoss;
use crate::kernels::OrderedSum;
use crate::real::Real;

/// Writes the loss of each row.
pub(super) fn values<R: Real>(
    loss: &dyn CustomBatchLoss<R>,
    width: usize,
    predictions: &[R],
    targets: Targets<'_, R>,
    weights: Weights<'_>,
    to: &mut [R],
) {
    let mut dpredictions = vec![R::ZERO; predictions.len()];
    let relative = match weights {
        Weights::Equal(_) => None,
        Weights::Each(weights) => Some(relative(weights.iter().copied())),
    };
    loss.losses_and_gradient(width, predictions, targets, relative.as_deref(), to, &mut dpredictions);
}

/// Adds the losses of these rows, each times its weight, to a running sum.
pub(super) fn add_values<R: Real>(
    loss: &dyn CustomBatchLoss<R>,
    width: usize,
    predictions: &[R],
    targets: Targets<'_, R>,
    weights: Weights<'_>,
    sum: &mut OrderedSum,
) {
    let mut losses = vec![R::ZERO; predictions.len() / width];
    values(loss, width, predictions, targets, weights, &mut losses);
    for (n, loss) in losses.iter().enumerate() {
        sum.push(match weights {
            Weights::Equal(_) => loss.to_f64(),
            Weights::Each(weights) => weights[n] * loss.to_f64(),
        });
    }
}

/// Writes the derivative of the batch's loss by every prediction; each row's is multiplied by its factor, if there are any.
pub(super) fn gradient<R: Real>(
    loss: &dyn CustomBatchLoss<R>,
    width: usize,
    factors: Option<Factors<'_, R>>,
    predictions: &[R],
    targets: Targets<'_, R>,
    dpredictions: &mut [R],
) {
    let rows = predictions.len() / width;
    let mut losses = vec![R::ZERO; rows];
    let relative = match factors {
        Some(factors @ Factors::Each(_)) => Some(relative((0..rows).map(|n| factors.row(n).to_f64()))),
        Some(Factors::Same(_)) | None => None,
    };
    loss.losses_and_gradient(width, predictions, targets, relative.as_deref(), &mut losses, dpredictions);
    let Some(factors) = factors else { return };
    for (n, row) in dpredictions.chunks_exact_mut(width).enumerate() {
        row.iter_mut().for_each(|d| *d *= factors.row(n));
    }
}

/// Weights whose mean is 1.
fn relative<R: Real>(weights: impl ExactSizeIterator<Item = f64> + Clone) -> Vec<R> {
    let mean = weights.clone().sum::<f64>() / weights.len() as f64;
    weights.map(|weight| R::from_f64(if mean > 0.0 { weight / mean } else { 0.0 })).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::custom::CustomLoss;
    use crate::losses::{Loss, Reduction, Target};

    /// Half the square, for many rows at once.
    #[derive(Debug)]
    struct Squares;

    impl<R: Real> CustomBatchLoss<R> for Squares {
        fn losses_and_gradient(
            &self,
            width: usize,
            predictions: &[R],
            targets: Targets<'_, R>,
            _weights: Option<&[R]>,
            losses: &mut [R],
            dpredictions: &mut [R],
        ) {
            for (n, loss) in losses.iter_mut().enumerate() {
                *loss = R::ZERO;
                for j in 0..width {
                    let error = predictions[n * width + j] - targets.row(n, width).value(j, width);
                    *loss += R::from_f64(0.5) * error * error;
                    dpredictions[n * width + j] = error;
                }
            }
        }
    }

    impl<R: Real> CustomLoss<R> for Squares {
        fn name(&self) -> &str {
            "squares"
        }

        fn reduction(&self) -> Reduction {
            Reduction::Mean
        }

        fn row_value(&self, _predictions: &[R], _target: Target<'_, R>) -> R {
            panic!("there is a batch")
        }

        fn row_gradient(&self, _predictions: &[R], _target: Target<'_, R>, _dpredictions: &mut [R]) {
            panic!("there is a batch")
        }

        fn batch(&self) -> Option<&dyn CustomBatchLoss<R>> {
            Some(self)
        }
    }

    #[test]
    fn a_batch_is_worth_its_rows() {
        let own = Loss::Custom(Arc::new(Squares));
        let (predictions, targets) = ([1.0, 2.0, 1.0, 4.0], Targets::Values(&[0.0, 0.0, 1.0, 1.5]));
        for weights in [Weights::Equal(2), Weights::Each(&[0.5, 3.0])] {
            let value = |loss: &Loss| loss.weighted_value(2, &predictions, targets, weights);
            assert_eq!(value(&own), value(&Loss::HalfSquares));
        }
        for factors in [Factors::Same(0.5), Factors::Each(&[0.25, 2.0])] {
            let gradient = |loss: &Loss| {
                let mut d = [9.0; 4];
                loss.gradient_of_piece(2, factors, &predictions, targets, &mut d);
                d
            };
            assert_eq!(gradient(&own), gradient(&Loss::HalfSquares));
        }
    }

    #[test]
    fn rows_are_asked_for_at_once() {
        let (predictions, targets) = ([1.0, 2.0, 1.0, 4.0], Targets::Values(&[0.0, 0.0, 1.0, 1.5]));
        let mut values = [9.0; 2];
        let own = Loss::Custom(Arc::new(Squares)); // which panics when asked row by row
        own.row_values(2, &predictions, targets, Weights::Each(&[0.5, 3.0]), &mut values);
        assert_eq!(values, [2.5, 3.125]);
        let mut built_in = [9.0; 2];
        Loss::HalfSquares.row_values(2, &predictions, targets, Weights::Equal(2), &mut built_in);
        assert_eq!(built_in, values);
    }

    #[test]
    fn weights_are_told_relative_to_their_mean() {
        assert_eq!(relative::<f64>([1.0, 3.0].into_iter()), [0.5, 1.5]);
        assert_eq!(relative::<f64>([0.0, 0.0].into_iter()), [0.0, 0.0]);
    }
}
