//! The confusion matrix: which class was taken for which.

use serde::{Deserialize, Serialize};

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
    unclear: u64,
}

impl ConfusionMatrix {
    /// For so many classes; nothing counted yet.
    pub fn new(classes: usize) -> Self {
        ConfusionMatrix { classes, counts: vec![0; classes * classes], unclear: 0 }
    }

    /// Counts a row. A class that does not exist, or a prediction with NaN, is counted apart.
    pub fn add(&mut self, right: usize, predicted: Option<usize>) {
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

    /// The share of the rows of a class that were predicted as it (recall); `None` if there were none.
    ///
    /// # Panics
    /// If there is no such class.
    pub fn recall(&self, class: usize) -> Option<f64> {
        share(self.row(class)[class], self.row(class).iter().sum())
    }

    /// The share of the rows predicted as a class that were of it (precision); `None` if there were none.
    ///
    /// # Panics
    /// If there is no such class.
    pub fn precision(&self, class: usize) -> Option<f64> {
        let predicted = (0..self.classes).map(|right| self.row(right)[class]).sum();
        share(self.row(class)[class], predicted)
    }

    /// Forgets all rows and keeps the memory.
    pub fn clear(&mut self) {
        self.counts.fill(0);
        self.unclear = 0;
    }
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
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
        assert_eq!((matrix.recall(0), matrix.recall(2)), (Some(2.0 / 3.0), None));
        assert_eq!(
            (matrix.precision(0), matrix.precision(1), matrix.precision(2)),
            (Some(0.5), Some(0.5), None)
        );
    }
}
