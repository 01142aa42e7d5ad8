//! Log loss: how surprised one is by the right class.

use crate::kernels::OrderedSum;
use crate::real::Real;

/// The smallest probability that counts, and how far below 1 the largest stays: the distance from 1 to the next `f64`.
const LEAST: f64 = f64::EPSILON;

/// The mean of -log p over all rows, where p is the probability that was given to the right class.
///
/// ```text
/// -Σₙ log(min(max(pₙ, ε), 1 - ε)) / rows        ε = 2⁻⁵², summed by `OrderedSum`
/// ```
///
/// # Units and ranges
/// 0 is perfect. A right class that was given the probability 0 costs -log ε = 36.04, not infinity.
///
/// # Source
/// Scikit-learn's `log_loss` for probabilities in `f64`. The loss of training is computed from logits, and so without ε.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogLoss {
    sum: OrderedSum,
    rows: u64,
}

impl LogLoss {
    /// Adds a row by the probability of its right class.
    pub fn add(&mut self, probability: f64) {
        self.sum.push(-Real::log(probability.clamp(LEAST, 1.0 - LEAST)));
        self.rows += 1;
    }

    /// The mean so far; `None` without rows.
    pub fn value(&self) -> Option<f64> {
        (self.rows > 0).then(|| self.sum.total() / self.rows as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loss(probabilities: &[f64]) -> Option<f64> {
        let mut loss = LogLoss::default();
        probabilities.iter().for_each(|&p| loss.add(p));
        loss.value()
    }

    #[test]
    fn a_mean_worked_by_hand() {
        let ln_2 = std::f64::consts::LN_2;
        assert_eq!(loss(&[]), None);
        assert!((loss(&[0.5, 0.25, 0.125]).unwrap() - 2.0 * ln_2).abs() < 1e-15);
    }

    #[test]
    fn certainty_costs_what_is_finite() {
        assert!((loss(&[0.0]).unwrap() - 52.0 * std::f64::consts::LN_2).abs() < 1e-13);
        assert!((0.0..3e-16).contains(&loss(&[1.0]).unwrap()));
        assert!(loss(&[f64::NAN]).is_some_and(f64::is_nan));
    }
}
