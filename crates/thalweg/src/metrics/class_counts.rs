//! Three counts per class, which precision, recall and F1 are made of.

use serde::{Deserialize, Serialize};

/// Counts for each class how many rows are of it, how many were predicted as it, and how many are both: the sums along the
/// rows and columns of a [`ConfusionMatrix`](super::ConfusionMatrix), and its diagonal.
///
/// # Memory
/// Three numbers per class.
///
/// # Example
/// ```
/// use thalweg::metrics::ClassCounts;
///
/// let mut counts = ClassCounts::new(2);
/// counts.add(0, Some(0));
/// counts.add(0, Some(1));
/// assert_eq!((counts.recall(0), counts.precision(0)), (Some(0.5), Some(1.0)));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassCounts {
    support: Vec<u64>,
    predicted: Vec<u64>,
    correct: Vec<u64>,
}

impl ClassCounts {
    /// For so many classes; nothing counted yet.
    pub fn new(classes: usize) -> Self {
        ClassCounts { support: vec![0; classes], predicted: vec![0; classes], correct: vec![0; classes] }
    }

    /// Counts a row. One of a class that does not exist has no place; one whose prediction is NaN is of its class, and of no other.
    pub fn add(&mut self, right: usize, predicted: Option<usize>) {
        let Some(support) = self.support.get_mut(right) else { return };
        *support += 1;
        if let Some(count) = predicted.and_then(|predicted| self.predicted.get_mut(predicted)) {
            *count += 1;
        }
        self.correct[right] += u64::from(predicted == Some(right));
    }

    /// How many classes there are.
    pub fn classes(&self) -> usize {
        self.support.len()
    }

    /// How many rows a class has.
    ///
    /// # Panics
    /// If there is no such class.
    pub fn support(&self, class: usize) -> u64 {
        self.support[class]
    }

    /// How many rows were predicted as a class.
    ///
    /// # Panics
    /// If there is no such class.
    pub fn predicted(&self, class: usize) -> u64 {
        self.predicted[class]
    }

    /// How many rows of a class were predicted as it.
    ///
    /// # Panics
    /// If there is no such class.
    pub fn correct(&self, class: usize) -> u64 {
        self.correct[class]
    }

    /// Forgets all rows and keeps the memory.
    pub fn clear(&mut self) {
        for counts in [&mut self.support, &mut self.predicted, &mut self.correct] {
            counts.fill(0);
        }
    }

    /// Σₖ valueₖ / classes, over all classes, those without rows too; `None` without rows.
    pub(super) fn macro_average(&self, value: impl Fn(usize) -> f64) -> Option<f64> {
        let rows: u64 = self.support.iter().sum();
        (rows > 0).then(|| (0..self.classes()).map(value).sum::<f64>() / self.classes() as f64)
    }

    /// Σₖ supportₖ·valueₖ / rows; `None` without rows.
    pub(super) fn weighted_average(&self, value: impl Fn(usize) -> f64) -> Option<f64> {
        let rows: u64 = self.support.iter().sum();
        let weighted = |class: usize| self.support[class] as f64 * value(class);
        (rows > 0).then(|| (0..self.classes()).map(weighted).sum::<f64>() / rows as f64)
    }
}

/// A share of a whole; `None` of nothing.
pub(super) fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// Four rows of class 0, three of class 1, none of class 2: the counts that the tests of the metrics work with.
///
/// ```text
///           0  1  2   nothing clear
/// right 0   2  1  0   1
/// right 1   2  1  0   0
/// right 2   0  0  0   0
/// ```
#[cfg(test)]
pub(super) fn seven_rows() -> ClassCounts {
    let mut counts = ClassCounts::new(3);
    for (right, predicted) in [(0, 0), (0, 0), (0, 1), (1, 1), (1, 0), (1, 0)] {
        counts.add(right, Some(predicted));
    }
    counts.add(0, None);
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_worked_by_hand() {
        let mut counts = seven_rows();
        let of = |counts: &ClassCounts, class| {
            [counts.support(class), counts.predicted(class), counts.correct(class)]
        };
        assert_eq!([0, 1, 2].map(|class| of(&counts, class)), [[4, 4, 2], [3, 2, 1], [0; 3]]);
        counts.add(5, Some(0));
        assert_eq!(counts, seven_rows());
        counts.clear();
        assert_eq!(counts, ClassCounts::new(3));
    }
}
