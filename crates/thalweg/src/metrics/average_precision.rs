//! Average precision: the curve of precision over recall in one number.

use super::ranking::Ranking;

/// ```text
/// precisionᵢ = tpᵢ / (tpᵢ + fpᵢ)        recallᵢ = tpᵢ / positives        steps i from the highest score down
/// AP    = Σ (recallᵢ - recallᵢ₋₁)·precisionᵢ
/// macro = Σₖ APₖ / classes              class k against all others
/// ```
///
/// # Units and ranges
/// Above 0, up to 1; scores without any meaning give about the share of the class. Nothing is interpolated: the trapezoid rule
/// would be too good here.
///
/// # Source
/// Scikit-learn's `average_precision_score`; Davis and Goadrich, "The relationship between precision-recall and ROC curves",
/// 2006, section 4, on why not to interpolate.
impl Ranking {
    /// The average precision; `None` if no row is of the class.
    pub fn average_precision(&self) -> Option<f64> {
        let (mut sum, mut before) = (0.0, 0);
        for step in &self.steps {
            let found = step.positives - before;
            let said = step.positives + step.negatives;
            sum += found as f64 * (step.positives as f64 / said as f64);
            before = step.positives;
        }
        (self.positives() > 0).then(|| sum / self.positives() as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn average(rows: &[(f64, bool)]) -> Option<f64> {
        Ranking::new(rows.to_vec()).unwrap().average_precision()
    }

    #[test]
    fn sums_worked_by_hand() {
        // Recall rises by 1/2 at precision 1/1, and by 1/2 at 2/3.
        assert_eq!(
            average(&[(0.9, true), (0.8, false), (0.3, true), (0.2, false)]),
            Some((1.0 + 2.0 / 3.0) / 2.0)
        );
        // Equal scores are one step: all of the recall at precision 2/4.
        assert_eq!(average(&[(1.0, true), (1.0, false), (1.0, true), (1.0, false)]), Some(0.5));
        assert_eq!(average(&[(1.0, false), (0.0, true)]), Some(0.5));
    }

    #[test]
    fn rows_of_the_class_alone_are_perfect_and_none_are_nothing() {
        assert_eq!(average(&[(0.0, true), (1.0, true)]), Some(1.0));
        assert_eq!(average(&[(0.0, false)]), None);
    }
}
