//! F1: precision and recall in one number.

use super::ClassCounts;
use super::class_counts::share;

/// ```text
/// F1ₖ      = 2·precisionₖ·recallₖ / (precisionₖ + recallₖ) = 2·correctₖ / (predictedₖ + supportₖ)
/// macro    = Σₖ F1ₖ / classes
/// weighted = Σₖ supportₖ·F1ₖ / rows
/// ```
///
/// # Units and ranges
/// From 0 to 1. The F1 of an absent class, one that neither has rows nor was predicted, is 0, and the macro average is over all
/// classes: a part that lacks classes cannot reach 1.
///
/// # Source
/// Van Rijsbergen, "Information retrieval", 1979, chapter 7 (1 - E with α = 1/2); scikit-learn's `f1_score` with all classes as
/// `labels` and `zero_division=0`.
impl ClassCounts {
    /// The harmonic mean of precision and recall of a class; 0 for an absent one.
    ///
    /// # Panics
    /// If there is no such class.
    pub fn f1(&self, class: usize) -> f64 {
        share(2 * self.correct(class), self.predicted(class) + self.support(class)).unwrap_or(0.0)
    }

    /// The mean F1 of all classes; `None` without rows.
    pub fn f1_macro(&self) -> Option<f64> {
        self.macro_average(|class| self.f1(class))
    }

    /// The F1 of all classes, weighted by how many rows each has; `None` without rows.
    pub fn f1_weighted(&self) -> Option<f64> {
        self.weighted_average(|class| self.f1(class))
    }
}

#[cfg(test)]
mod tests {
    use super::super::class_counts::seven_rows;
    use super::*;

    #[test]
    fn means_worked_by_hand() {
        let counts = seven_rows();
        assert_eq!([0, 1, 2].map(|class| counts.f1(class)), [4.0 / 8.0, 2.0 / 5.0, 0.0]);
        assert_eq!(counts.f1_macro(), Some((0.5 + 0.4) / 3.0));
        assert_eq!(counts.f1_weighted(), Some((4.0 * 0.5 + 3.0 * 0.4) / 7.0));
        assert_eq!(ClassCounts::new(2).f1_macro(), None);
    }

    #[test]
    fn an_absent_class_counts_as_zero() {
        let mut counts = ClassCounts::new(3);
        counts.add(0, Some(0));
        counts.add(1, Some(1));
        assert_eq!((counts.f1_macro(), counts.f1_weighted()), (Some(2.0 / 3.0), Some(1.0)));
    }
}
