//! R², the coefficient of determination.

use serde::{Deserialize, Serialize};

/// The share of the targets' variance that the predictions explain, averaged over outputs.
///
/// ```text
/// R²ⱼ = 1 - Σₙ(ŷₙⱼ - tₙⱼ)² / Σₙ(tₙⱼ - t̄ⱼ)²        R² = Σⱼ R²ⱼ / outputs
/// ```
///
/// # Units and ranges
/// 1 is perfect, 0 as good as always saying the mean, negative worse. Where a target never changes, R²ⱼ is 1 if it was
/// predicted exactly, else 0.
///
/// # Memory
/// Four numbers per output: the variance is updated row by row, which stays exact where the mean is large.
///
/// # Source
/// Scikit-learn's `r2_score` with its default `multioutput="uniform_average"`; Welford, "Note on a method for calculating
/// corrected sums of squares and products", 1962, equation I.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct R2 {
    columns: Vec<Column>,
}

/// What is known of one output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Column {
    rows: u64,
    /// t̄ so far.
    mean: f64,
    /// Σ(t - t̄)² so far.
    total: f64,
    /// Σ(ŷ - t)² so far.
    residual: f64,
}

impl Column {
    fn add(&mut self, prediction: f64, target: f64) {
        self.rows += 1;
        let before = target - self.mean;
        self.mean += before / self.rows as f64;
        self.total += before * (target - self.mean);
        let d = prediction - target;
        self.residual += d * d;
    }

    fn value(&self) -> f64 {
        // NaN is not 0 and so goes on into the quotient.
        if self.total != 0.0 {
            1.0 - self.residual / self.total
        } else if self.residual == 0.0 {
            1.0
        } else {
            self.residual * 0.0 // 0, or NaN where the residual is not finite
        }
    }
}

impl R2 {
    /// For so many outputs; nothing seen yet.
    pub fn new(outputs: usize) -> Self {
        R2 { columns: vec![Column::default(); outputs] }
    }

    /// Adds the prediction of output `j` in the next row.
    ///
    /// # Panics
    /// If there is no such output.
    #[inline]
    pub fn add(&mut self, j: usize, prediction: f64, target: f64) {
        self.columns[j].add(prediction, target);
    }

    /// R² so far; `None` for fewer than two rows, which have no variance.
    pub fn value(&self) -> Option<f64> {
        let enough = self.columns.iter().all(|column| column.rows >= 2);
        (enough && !self.columns.is_empty())
            .then(|| self.columns.iter().map(Column::value).sum::<f64>() / self.columns.len() as f64)
    }

    /// Becomes a copy of `other` in the memory that it has.
    pub(super) fn copy_from(&mut self, other: &R2) {
        self.columns.clone_from(&other.columns);
    }

    /// Forgets all rows and keeps the memory.
    pub fn clear(&mut self) {
        self.columns.fill(Column::default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn r2(rows: &[([f64; 2], [f64; 2])]) -> Option<f64> {
        let mut r2 = R2::new(2);
        for (predictions, targets) in rows {
            for j in 0..2 {
                r2.add(j, predictions[j], targets[j]);
            }
        }
        r2.value()
    }

    #[test]
    fn an_average_worked_by_hand() {
        // Targets 0, 2, 4 and 1, 1, 4: means 2 and 2, totals 8 and 6. Residuals 1 + 0 + 1 and 0 + 1 + 4.
        let rows = [([1.0, 1.0], [0.0, 1.0]), ([2.0, 2.0], [2.0, 1.0]), ([3.0, 2.0], [4.0, 4.0])];
        let expected = ((1.0 - 2.0 / 8.0) + (1.0 - 5.0 / 6.0)) / 2.0;
        assert!((r2(&rows).expect("three rows") - expected).abs() < 1e-15);
    }

    #[test]
    fn targets_that_never_change() {
        assert_eq!(r2(&[([4.0, 1.0], [4.0, 0.0]), ([4.0, 0.0], [4.0, 0.0])]), Some(0.5));
        assert_eq!(r2(&[([4.0, 1.0], [4.0, 0.0])]), None);
        assert_eq!(r2(&[]), None);
    }

    #[test]
    fn a_large_mean_does_no_harm() {
        // The targets are 1e9 and 1e9 + 2: total 2; one prediction is off by 1.
        let rows = [([1e9, 0.0], [1e9, 0.0]), ([1e9 + 1.0, 1.0], [1e9 + 2.0, 1.0])];
        assert_eq!(r2(&rows), Some(0.75));
    }

    #[test]
    fn nan_is_seen() {
        assert!(r2(&[([f64::NAN, 0.0], [1.0, 0.0]), ([1.0, 0.0], [1.0, 1.0])]).is_some_and(f64::is_nan));
    }
}
