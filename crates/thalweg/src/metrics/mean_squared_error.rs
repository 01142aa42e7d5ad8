//! The mean squared error.

use serde::{Deserialize, Serialize};

use crate::kernels::OrderedSum;

/// The mean of the squared differences over all rows and outputs, in the target's unit, squared.
///
/// ```text
/// Σ(ŷ - t)² / (rows·outputs)        summed by `OrderedSum`
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MeanSquaredError {
    sum: OrderedSum,
    count: u64,
}

impl MeanSquaredError {
    /// Adds one prediction.
    #[inline]
    pub fn add(&mut self, prediction: f64, target: f64) {
        let d = prediction - target;
        self.sum.push(d * d);
        self.count += 1;
    }

    /// Adds predictions by their squared differences.
    pub(super) fn add_squares(&mut self, squares: &[f64]) {
        self.sum.push_all(squares);
        self.count += squares.len() as u64;
    }

    /// The mean so far; `None` without predictions.
    pub fn value(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum.total() / self.count as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_worked_by_hand() {
        let mut mean = MeanSquaredError::default();
        assert_eq!(mean.value(), None);
        mean.add(5.0, 2.0);
        mean.add(-4.0, 0.0);
        assert_eq!(mean.value(), Some(25.0 / 2.0));
    }
}
