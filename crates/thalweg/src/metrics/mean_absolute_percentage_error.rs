//! The mean absolute percentage error.

use serde::{Deserialize, Serialize};

use crate::kernels::OrderedSum;

/// The mean of the absolute differences over all rows and outputs, each as a share of its target.
///
/// ```text
/// Σ|ŷ - t|/|t| / (rows·outputs)        summed by `OrderedSum`
/// ```
///
/// # Units and ranges
/// A share, not per cent: 0.1 is ten per cent. There is none where a target is 0; scikit-learn's
/// `mean_absolute_percentage_error` divides by 2⁻⁵² there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MeanAbsolutePercentageError {
    sum: OrderedSum,
    count: u64,
    has_zero: bool,
}

impl MeanAbsolutePercentageError {
    /// Adds one prediction.
    #[inline]
    pub fn add(&mut self, prediction: f64, target: f64) {
        self.has_zero |= target == 0.0;
        self.sum.push((prediction - target).abs() / target.abs());
        self.count += 1;
    }

    /// The mean so far; `None` without predictions, or if a target is 0.
    pub fn value(&self) -> Option<f64> {
        (self.count > 0 && !self.has_zero).then(|| self.sum.total() / self.count as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_worked_by_hand() {
        let mut mean = MeanAbsolutePercentageError::default();
        assert_eq!(mean.value(), None);
        mean.add(5.0, 4.0);
        mean.add(-1.0, -4.0);
        assert_eq!(mean.value(), Some(0.5)); // (1/4 + 3/4) / 2
    }

    #[test]
    fn nothing_is_a_share_of_zero() {
        let mut mean = MeanAbsolutePercentageError::default();
        mean.add(1.0, 1.0);
        mean.add(0.0, 0.0);
        assert_eq!(mean.value(), None);
    }
}
