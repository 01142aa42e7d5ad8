//! Precision: how much of what was said to be a class is of it.

use super::ClassCounts;
use super::class_counts::share;

/// ```text
/// precisionₖ = correctₖ / predictedₖ
/// macro      = Σₖ precisionₖ / classes
/// weighted   = Σₖ supportₖ·precisionₖ / rows
/// ```
///
/// # Units and ranges
/// From 0 to 1. In the averages a class that was never predicted counts as 0, and the macro average is over all classes, those
/// without rows too.
///
/// # Source
/// Scikit-learn's `precision_score` with all classes as `labels` and `zero_division=0`.
impl ClassCounts {
    /// The share of the rows predicted as a class that were of it (precision); `None` if there were none.
    ///
    /// # Panics
    /// If there is no such class.
    pub fn precision(&self, class: usize) -> Option<f64> {
        share(self.correct(class), self.predicted(class))
    }

    /// The mean precision of all classes; `None` without rows.
    pub fn precision_macro(&self) -> Option<f64> {
        self.macro_average(|class| self.precision(class).unwrap_or(0.0))
    }

    /// The precision of all classes, weighted by how many rows each has; `None` without rows.
    pub fn precision_weighted(&self) -> Option<f64> {
        self.weighted_average(|class| self.precision(class).unwrap_or(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::super::class_counts::seven_rows;
    use super::*;

    #[test]
    fn shares_worked_by_hand() {
        let counts = seven_rows();
        assert_eq!([0, 1, 2].map(|class| counts.precision(class)), [Some(0.5), Some(0.5), None]);
        assert_eq!(counts.precision_macro(), Some(1.0 / 3.0)); // (1/2 + 1/2 + 0) / 3
        assert_eq!(counts.precision_weighted(), Some(0.5)); // (4/2 + 3/2 + 0) / 7
        assert_eq!(ClassCounts::new(2).precision_macro(), None);
    }
}
