//! Rows ordered by their score: what the ROC curve and the curve of precision over recall are read off.

/// How many rows have at least a certain score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// Those that are of the class.
    pub(super) positives: u64,
    /// Those that are not.
    pub(super) negatives: u64,
}

/// Rows ordered by the score that a network gave them for one class, the highest first. Equal scores are one step: no order among
/// them can be told.
///
/// Nothing but the order matters: a function that grows strictly, applied to all scores, changes nothing, nor does the order in
/// which the rows come.
///
/// # Memory
/// Two numbers for each score that occurs.
///
/// # Example
/// ```
/// use thalweg::metrics::Ranking;
///
/// // Of the four pairs of a row of the class and one of another, three are in the right order.
/// let ranking = Ranking::new(vec![(0.1, false), (0.4, false), (0.35, true), (0.8, true)]).unwrap();
/// assert_eq!(ranking.roc_auc(), Some(0.75));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranking {
    pub(super) steps: Vec<Step>,
}

impl Ranking {
    /// Orders rows, each given as its score and whether it is of the class. `None` if a score is NaN.
    pub fn new(mut rows: Vec<(f64, bool)>) -> Option<Self> {
        if rows.iter().any(|(score, _)| score.is_nan()) {
            return None;
        }
        rows.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
        let mut steps: Vec<Step> = Vec::new();
        let (mut step, mut last) = (Step { positives: 0, negatives: 0 }, None);
        for (score, is_positive) in rows {
            if last.is_some_and(|last| last != score) {
                steps.push(step);
            }
            step.positives += u64::from(is_positive);
            step.negatives += u64::from(!is_positive);
            last = Some(score);
        }
        steps.extend(last.map(|_| step));
        Some(Ranking { steps })
    }

    /// How many rows are of the class.
    pub fn positives(&self) -> u64 {
        self.steps.last().map_or(0, |step| step.positives)
    }

    /// How many rows are not.
    pub fn negatives(&self) -> u64 {
        self.steps.last().map_or(0, |step| step.negatives)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_scores_are_one_step() {
        let rows = vec![(0.0, true), (2.0, true), (1.0, false), (1.0, true), (-0.0, false), (1.0, false)];
        let ranking = Ranking::new(rows).unwrap();
        let steps: Vec<_> = ranking.steps.iter().map(|step| (step.positives, step.negatives)).collect();
        assert_eq!(steps, [(1, 0), (2, 2), (3, 3)]);
        assert_eq!((ranking.positives(), ranking.negatives()), (3, 3));
    }

    #[test]
    fn nothing_and_nan_have_no_order() {
        assert_eq!(Ranking::new(Vec::new()).unwrap().positives(), 0);
        assert_eq!(Ranking::new(vec![(1.0, true), (f64::NAN, false)]), None);
        assert!(Ranking::new(vec![(f64::INFINITY, true), (f64::NEG_INFINITY, false)]).is_some());
    }
}
