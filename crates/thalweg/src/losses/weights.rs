//! What the rows of a batch weigh.

use super::{Loss, Reduction};
use crate::kernels::OrderedSum;
use crate::real::Real;

/// What each row of a batch counts: a weight of 2 is the row twice, a weight of 0 its absence.
///
/// ```text
/// sum   L = Σₙ wₙ·lossₙ            dpredictions[n] = slopeₙ·wₙ
/// mean  L = Σₙ wₙ·lossₙ / Σₙ wₙ    dpredictions[n] = slopeₙ·(wₙ / Σₙ wₙ)
/// ```
///
/// # Units and ranges
/// Weights are finite and 0 or more. A batch whose weights are all 0 has a loss of 0 and moves nothing by its data.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Weights<'a> {
    /// So many rows, each once.
    Equal(usize),
    /// `[rows]`: the weight of each.
    Each(&'a [f64]),
}

impl<'a> Weights<'a> {
    /// How many rows there are.
    pub fn rows(&self) -> usize {
        match self {
            Weights::Equal(rows) => *rows,
            Weights::Each(weights) => weights.len(),
        }
    }

    /// Σₙ wₙ, in the order of NUMERICS rule 5.
    pub fn total(&self) -> f64 {
        match self {
            Weights::Equal(rows) => *rows as f64,
            Weights::Each(weights) => {
                let mut sum = OrderedSum::new();
                for &weight in *weights {
                    sum.push(weight);
                }
                sum.total()
            }
        }
    }

    /// The weights of `rows` rows from row `first` on.
    ///
    /// # Panics
    /// If there are no such rows.
    pub fn piece(&self, first: usize, rows: usize) -> Weights<'a> {
        match self {
            Weights::Equal(all) => {
                assert!(first + rows <= *all, "the rows exist");
                Weights::Equal(rows)
            }
            Weights::Each(weights) => Weights::Each(&weights[first..][..rows]),
        }
    }

    /// Adds the losses of these rows to a running sum, each times its weight.
    ///
    /// # Panics
    /// If there are not as many.
    pub(crate) fn add<R: Real>(&self, losses: &[R], sum: &mut OrderedSum) {
        assert_eq!(losses.len(), self.rows(), "every row has its loss");
        match self {
            Weights::Equal(_) => sum.push_all(losses),
            Weights::Each(weights) => {
                for (loss, weight) in losses.iter().zip(*weights) {
                    sum.push(weight * loss.to_f64());
                }
            }
        }
    }
}

/// What each row's gradient is multiplied by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Factors<'a, R> {
    /// The same for all rows: 1 for a sum, the rounded 1/rows for a mean.
    Same(R),
    /// `[rows]`: the rounded weight for a sum, the rounded weight / Σ weights for a mean.
    Each(&'a [R]),
}

impl<'a, R: Real> Factors<'a, R> {
    /// The factor of row `n`.
    #[inline(always)]
    pub fn row(&self, n: usize) -> R {
        match self {
            Factors::Same(factor) => *factor,
            Factors::Each(factors) => factors[n],
        }
    }

    /// The factors of `rows` rows from row `first` on.
    ///
    /// # Panics
    /// If there are no such rows.
    pub fn piece(&self, first: usize, rows: usize) -> Factors<'a, R> {
        match self {
            Factors::Same(_) => *self,
            Factors::Each(factors) => Factors::Each(&factors[first..][..rows]),
        }
    }
}

impl Loss {
    /// What the gradients of a batch's rows are multiplied by; `room` holds the factors where they differ.
    ///
    /// # Panics
    /// If the weights differ and `room` is shorter than the batch.
    pub fn gradient_factors<'a, R: Real>(&self, weights: Weights<'_>, room: &'a mut [R]) -> Factors<'a, R> {
        let Weights::Each(each) = weights else {
            return Factors::Same(self.gradient_factor(weights.rows()));
        };
        let factors = &mut room[..each.len()];
        let total = match self.reduction() {
            Reduction::Sum => 1.0,
            Reduction::Mean => weights.total(),
        };
        for (factor, weight) in factors.iter_mut().zip(each) {
            *factor = if *weight == 0.0 { R::ZERO } else { R::from_f64(weight / total) };
        }
        Factors::Each(factors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::losses::Targets;

    #[test]
    fn weights_are_shares_of_a_mean_and_counts_of_a_sum() {
        let weights = Weights::Each(&[1.0, 0.0, 3.0]);
        let mut room = [9.0; 4];
        assert_eq!(
            Loss::HalfSquares.gradient_factors::<f64>(weights, &mut room),
            Factors::Each(&[0.25, 0.0, 0.75])
        );
        assert_eq!(
            Loss::SumOfSquares.gradient_factors::<f64>(weights, &mut room),
            Factors::Each(&[1.0, 0.0, 3.0])
        );
        assert_eq!(Loss::HalfSquares.gradient_factors(Weights::Equal(4), &mut room), Factors::Same(0.25));
    }

    #[test]
    fn a_batch_that_weighs_nothing_moves_nothing() {
        let weights = Weights::Each(&[0.0, 0.0]);
        let mut room = [9.0_f32; 2];
        assert_eq!(Loss::HalfSquares.gradient_factors(weights, &mut room), Factors::Each(&[0.0, 0.0]));
        assert_eq!(
            Loss::HalfSquares.weighted_value(1, &[1.0_f32, 2.0], Targets::Values(&[0.0, 0.0]), weights),
            0.0
        );
    }

    /// Rows of three outputs, by hand-made irregular numbers.
    fn rows() -> (Vec<f64>, Vec<f64>) {
        let predictions = (0..12).map(|i| f64::from(i * 37 % 23) / 9.0 - 1.0).collect();
        let targets = (0..12).map(|i| f64::from(i * 11 % 7) / 7.0).collect();
        (predictions, targets)
    }

    #[test]
    fn a_weight_of_two_is_the_row_twice_and_of_zero_its_absence() {
        let (predictions, targets) = rows();
        // Rows 0 to 3 weigh 1, 2, 0, 1: as rows 0, 1, 1, 3 do.
        let weights = Weights::Each(&[1.0, 2.0, 0.0, 1.0]);
        let pick = |values: &[f64]| [&values[..6], &values[3..6], &values[9..]].concat();
        let (repeated, repeated_targets) = (pick(&predictions), pick(&targets));
        for name in Loss::NAMES {
            let loss = Loss::from_name(name).unwrap();
            let weighted = loss.weighted_value(3, &predictions, Targets::Values(&targets), weights);
            let expected = loss.value(3, &repeated, Targets::Values(&repeated_targets));
            assert!(
                (weighted - expected).abs() <= 1e-14 * expected.abs(),
                "{name}: {weighted} and {expected}"
            );

            let (mut d, mut room) = (vec![0.0; 12], vec![0.0; 4]);
            let factors = loss.gradient_factors(weights, &mut room);
            loss.gradient_of_piece(3, factors, &predictions, Targets::Values(&targets), &mut d);
            let mut of_repeated = vec![0.0; 12];
            loss.gradient(3, &repeated, Targets::Values(&repeated_targets), &mut of_repeated);
            assert_eq!(d[6..9], [0.0; 3], "{name}");
            for j in 0..3 {
                let pairs = [
                    (d[j], of_repeated[j]),
                    (d[3 + j], of_repeated[3 + j] + of_repeated[6 + j]),
                    (d[9 + j], of_repeated[9 + j]),
                ];
                for (weighted, expected) in pairs {
                    assert!((weighted - expected).abs() <= 1e-15, "{name}: {weighted} and {expected}");
                }
            }
        }
    }
}
