//! Recall: how much of a class was found.

use super::ClassCounts;
use super::class_counts::share;

/// ```text
/// recallₖ  = correctₖ / supportₖ
/// macro    = Σₖ recallₖ / classes
/// weighted = Σₖ supportₖ·recallₖ / rows        which is the accuracy
/// ```
///
/// # Units and ranges
/// From 0 to 1. A row without a clear prediction (NaN) was not found. In the averages a class without rows counts as 0, and the
/// macro average is over all classes.
///
/// # Source
/// Scikit-learn's `recall_score` with all classes as `labels` and `zero_division=0`.
impl ClassCounts {
    /// The share of the rows of a class that were predicted as it (recall); `None` if there were none.
    ///
    /// # Panics
    /// If there is no such class.
    pub fn recall(&self, class: usize) -> Option<f64> {
        share(self.correct(class), self.support(class))
    }

    /// The mean recall of all classes; `None` without rows.
    pub fn recall_macro(&self) -> Option<f64> {
        self.macro_average(|class| self.recall(class).unwrap_or(0.0))
    }

    /// The recall of all classes, weighted by how many rows each has; `None` without rows.
    pub fn recall_weighted(&self) -> Option<f64> {
        self.weighted_average(|class| self.recall(class).unwrap_or(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::super::class_counts::seven_rows;
    use super::*;

    #[test]
    fn shares_worked_by_hand() {
        let counts = seven_rows();
        assert_eq!([0, 1, 2].map(|class| counts.recall(class)), [Some(0.5), Some(1.0 / 3.0), None]);
        assert_eq!(counts.recall_macro(), Some((0.5 + 1.0 / 3.0) / 3.0));
        assert_eq!(counts.recall_weighted(), Some(3.0 / 7.0)); // three of seven are right
        assert_eq!(ClassCounts::new(2).recall_weighted(), None);
    }
}
