//! Top-k accuracy: the share of rows whose class is among the k most likely.

use serde::{Deserialize, Serialize};

use crate::real::Real;

/// Counts the rows whose right class is among the k largest outputs.
///
/// ```text
/// rankₙ = how many outputs are larger than that of the right class, or as large and before it
/// top-k = #{n : rankₙ < k} / rows
/// ```
///
/// # Units and ranges
/// From 0 to 1; with k = 1 it is the accuracy. Of equal outputs the first comes first, as everywhere here; scikit-learn's
/// `top_k_accuracy_score` takes the last first. A row with NaN is not correct.
///
/// # Example
/// ```
/// use thalweg::metrics::TopK;
///
/// let mut top_2 = TopK::new(2);
/// top_2.add(&[0.5, 0.3, 0.2], 1);
/// top_2.add(&[0.5, 0.3, 0.2], 2);
/// assert_eq!(top_2.value(), Some(0.5));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopK {
    k: usize,
    rows: u64,
    correct: u64,
}

impl TopK {
    /// For the `k` largest; nothing seen yet.
    pub fn new(k: usize) -> Self {
        TopK { k, rows: 0, correct: 0 }
    }

    /// Adds a row: an output per class, and the right class.
    pub fn add<R: Real>(&mut self, outputs: &[R], right: usize) {
        self.rows += 1;
        let Some(&own) = outputs.get(right) else { return };
        let is_before = |(j, &output): (usize, &R)| output > own || (output == own && j < right);
        let rank = outputs.iter().enumerate().filter(|output| is_before(*output)).count();
        let has_nan = outputs.iter().any(|output| output.partial_cmp(output).is_none());
        self.correct += u64::from(rank < self.k && !has_nan);
    }

    /// The share of all rows; `None` without rows.
    pub fn value(&self) -> Option<f64> {
        (self.rows > 0).then(|| self.correct as f64 / self.rows as f64)
    }

    /// Forgets all rows.
    pub fn clear(&mut self) {
        *self = TopK::new(self.k);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn top(k: usize, rows: &[([f32; 4], usize)]) -> Option<f64> {
        let mut top = TopK::new(k);
        rows.iter().for_each(|(outputs, right)| top.add(outputs, *right));
        top.value()
    }

    #[test]
    fn ranks_worked_by_hand() {
        let row = [0.1, 4.0, -2.0, 3.0]; // ranks 2, 0, 3, 1
        let rows = [(row, 0), (row, 1), (row, 2), (row, 3)];
        assert_eq!([1, 2, 3, 4].map(|k| top(k, &rows)), [Some(0.25), Some(0.5), Some(0.75), Some(1.0)]);
        assert_eq!(top(1, &[]), None);
    }

    #[test]
    fn the_first_of_equals_comes_first() {
        let row = [1.0, 1.0, 0.0, 1.0];
        assert_eq!([0, 1, 3, 2].map(|right| top(2, &[(row, right)])), [1.0, 1.0, 0.0, 0.0].map(Some));
    }

    #[test]
    fn nan_and_a_class_that_does_not_exist_are_never_correct() {
        assert_eq!(top(4, &[([1.0, f32::NAN, 0.0, 0.0], 0)]), Some(0.0));
        assert_eq!(top(4, &[([1.0; 4], 7)]), Some(0.0));
    }
}
