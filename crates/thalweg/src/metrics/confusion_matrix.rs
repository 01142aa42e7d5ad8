//! The confusion matrix: which class was taken for which.

use serde::{Deserialize, Serialize};

use super::ClassCounts;

/// Counts rows by their class and the class predicted.
///
/// # Shapes
/// `[classes, classes]`, row-major: a row per right class, a column per predicted one.
///
/// # Example
/// ```
/// use thalweg::metrics::ConfusionMatrix;
///
/// let mut matrix = ConfusionMatrix::new(2);
/// matrix.add(0, Some(0));
/// matrix.add(0, Some(1));
/// assert_eq!(matrix.row(0), [1, 1]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfusionMatrix {
    classes: usize,
    counts: Vec<u64>,
    by_class: ClassCounts,
    unclear: u64,
}

impl ConfusionMatrix {
    /// For so many classes; nothing counted yet.
    pub fn new(classes: usize) -> Self {
        ConfusionMatrix {
            classes,
            counts: vec![0; classes * classes],
            by_class: ClassCounts::new(classes),
            unclear: 0,
        }
    }

    /// Counts a row. A class that does not exist, or a prediction with NaN, is counted apart.
    pub fn add(&mut self, right: usize, predicted: Option<usize>) {
        self.by_class.add(right, predicted);
        match predicted {
            Some(predicted) if right < self.classes && predicted < self.classes => {
                self.counts[right * self.classes + predicted] += 1;
            }
            _ => self.unclear += 1,
        }
    }

    /// How many classes there are.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// How the rows of class `right` were predicted, by predicted class.
    ///
    /// # Panics
    /// If there is no such class.
    pub fn row(&self, right: usize) -> &[u64] {
        &self.counts[right * self.classes..][..self.classes]
    }

    /// How many rows had no place in the matrix.
    pub fn unclear(&self) -> u64 {
        self.unclear
    }

    /// How many rows each class has, and how many were predicted as it: what precision, recall and F1 are read off.
    pub fn by_class(&self) -> &ClassCounts {
        &self.by_class
    }

    /// Forgets all rows and keeps the memory.
    pub fn clear(&mut self) {
        self.counts.fill(0);
        self.by_class.clear();
        self.unclear = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_worked_by_hand() {
        let mut matrix = ConfusionMatrix::new(3);
        for (right, predicted) in [(0, 0), (0, 0), (0, 1), (1, 1), (1, 0), (1, 0)] {
            matrix.add(right, Some(predicted));
        }
        matrix.add(0, None);
        matrix.add(5, Some(0));
        assert_eq!(
            (matrix.row(0), matrix.row(1), matrix.row(2)),
            (&[2, 1, 0][..], &[2, 1, 0][..], &[0; 3][..])
        );
        assert_eq!(matrix.unclear(), 2);
        assert_eq!(matrix.by_class().recall(0), Some(0.5)); // of four rows, one without a clear prediction
        assert_eq!(matrix.by_class().precision(0), Some(0.5));
        matrix.clear();
        assert_eq!(matrix, ConfusionMatrix::new(3));
    }
}
