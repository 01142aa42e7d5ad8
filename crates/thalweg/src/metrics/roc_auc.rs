//! ROC AUC: the area under the curve of the true over the false positives.

use super::ranking::{Ranking, Step};

/// ```text
/// AUC      = Σ (fpᵢ - fpᵢ₋₁)·(tpᵢ + tpᵢ₋₁) / (2·positives·negatives)        steps i from the highest score down
/// macro    = Σₖ AUCₖ / classes                                               class k against all others
/// weighted = Σₖ supportₖ·AUCₖ / rows
/// ```
///
/// It is the chance that a row of the class has a higher score than one that is not, pairs of equal scores counting half.
///
/// # Units and ranges
/// From 0 to 1; 0.5 is no better than drawing lots. Counted in whole numbers, so that it is exact but for one division.
///
/// # Source
/// Fawcett, "An introduction to ROC analysis", 2006, algorithm 2; scikit-learn's `roc_auc_score`, with `multi_class="ovr"` for
/// more than two classes.
impl Ranking {
    /// The area under the ROC curve, steps of equal scores by the trapezoid rule; `None` if all rows are of the class or none is.
    pub fn roc_auc(&self) -> Option<f64> {
        let (mut twice_area, mut before) = (0_u128, Step { positives: 0, negatives: 0 });
        for &step in &self.steps {
            let width = step.negatives - before.negatives;
            twice_area += u128::from(width) * u128::from(step.positives + before.positives);
            before = step;
        }
        let twice_all = 2 * u128::from(self.positives()) * u128::from(self.negatives());
        (twice_all > 0).then(|| twice_area as f64 / twice_all as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auc(rows: &[(f64, bool)]) -> Option<f64> {
        Ranking::new(rows.to_vec()).unwrap().roc_auc()
    }

    #[test]
    fn areas_worked_by_hand() {
        // Pairs in order: (0.9, 0.8), (0.9, 0.2), (0.3, 0.2) of four.
        assert_eq!(auc(&[(0.9, true), (0.8, false), (0.3, true), (0.2, false)]), Some(0.75));
        // Pairs of equal scores count half: (1 + 1/2 + 1/2 + 0) / 4.
        assert_eq!(auc(&[(2.0, true), (2.0, false), (0.0, true), (0.0, false)]), Some(0.5));
        assert_eq!(auc(&[(2.0, true), (1.0, true), (1.0, false)]), Some(0.75));
        assert_eq!(auc(&[(1.0, true), (0.0, false)]), Some(1.0));
        assert_eq!(auc(&[(0.0, true), (1.0, false)]), Some(0.0));
    }

    #[test]
    fn one_kind_of_row_has_no_area() {
        assert_eq!(auc(&[(0.0, true), (1.0, true)]), None);
        assert_eq!(auc(&[(0.0, false)]), None);
        assert_eq!(auc(&[]), None);
    }
}
