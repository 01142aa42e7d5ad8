//! The root of the mean squared error.

use super::MeanSquaredError;

/// ```text
/// RMSE = √(Σ(ŷ - t)² / (rows·outputs))
/// ```
///
/// # Units and ranges
/// In the target's unit. With several outputs it is the root of the mean over all of them, so that it is always √mse; scikit-learn's
/// `root_mean_squared_error` averages the roots of the outputs.
impl MeanSquaredError {
    /// The root of the mean so far; `None` without predictions.
    pub fn root(&self) -> Option<f64> {
        self.value().map(f64::sqrt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_worked_by_hand() {
        let mut mean = MeanSquaredError::default();
        assert_eq!(mean.root(), None);
        mean.add(5.0, 2.0);
        mean.add(-4.0, 0.0);
        mean.add(1.0, 1.0);
        mean.add(0.0, 0.0);
        assert_eq!(mean.root(), Some(2.5)); // √(25/4)
    }
}
