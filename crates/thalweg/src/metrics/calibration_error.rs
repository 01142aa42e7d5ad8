//! The expected calibration error: how far confidence and accuracy lie apart.

use crate::kernels::OrderedSum;

/// How many bins there are where nobody says it.
const BINS: usize = 15;

/// The mean distance between how sure a network is and how often it is right, over rows that are about equally sure.
///
/// ```text
/// bin m  = the rows whose confidence lies in ((m - 1)/bins, m/bins]
/// ECE    = Σₘ |Bₘ|/rows·|accuracy(Bₘ) - confidence(Bₘ)|
/// ```
///
/// The confidence of a row is the probability of the class that is predicted: with one output p or 1 - p, whichever is larger.
///
/// # Units and ranges
/// From 0 to 1; 0 is calibrated. 15 bins of equal width, unless others are asked for.
///
/// # Source
/// Guo, Pleiss, Sun, Weinberger, "On calibration of modern neural networks", 2017, equations 2 and 3.
#[derive(Clone, Debug, PartialEq)]
pub struct CalibrationError {
    bins: Vec<Bin>,
}

/// What is known of the rows of one bin.
#[derive(Clone, Debug, Default, PartialEq)]
struct Bin {
    rows: u64,
    correct: u64,
    confidence: OrderedSum,
}

impl Default for CalibrationError {
    fn default() -> Self {
        CalibrationError::with_bins(BINS)
    }
}

impl CalibrationError {
    /// With so many bins, at least 1, of equal width.
    pub fn with_bins(bins: usize) -> Self {
        CalibrationError { bins: vec![Bin::default(); bins.max(1)] }
    }

    /// Adds a row: the probability of the class that was predicted, and whether it was right.
    pub fn add(&mut self, confidence: f64, is_correct: bool) {
        let bins = self.bins.len();
        // The edges as such, not a product that is rounded: 3/15 belongs to the third bin.
        let above = (1..bins).take_while(|&m| confidence > m as f64 / bins as f64).count();
        let bin = &mut self.bins[above];
        bin.rows += 1;
        bin.correct += u64::from(is_correct);
        bin.confidence.push(confidence);
    }

    /// The error so far; `None` without rows.
    pub fn value(&self) -> Option<f64> {
        let rows: u64 = self.bins.iter().map(|bin| bin.rows).sum();
        // |B|·|correct/|B| - Σ/|B|| = |correct - Σ|
        let apart = |bin: &Bin| (bin.correct as f64 - bin.confidence.total()).abs();
        (rows > 0).then(|| self.bins.iter().map(apart).sum::<f64>() / rows as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(bins: usize, rows: &[(f64, bool)]) -> Option<f64> {
        let mut error = CalibrationError::with_bins(bins);
        rows.iter().for_each(|&(confidence, is_correct)| error.add(confidence, is_correct));
        error.value()
    }

    #[test]
    fn bins_worked_by_hand() {
        // Halves: (0, 1/2] has one row at 0.5, wrong; (1/2, 1] has 0.75 right, 1.0 right and 0.75 wrong.
        let rows = [(0.5, false), (0.75, true), (1.0, true), (0.75, false)];
        assert_eq!(error(2, &rows), Some((0.5 + (2.0_f64 - 2.5).abs()) / 4.0));
        // In one bin they make up for each other.
        assert_eq!(error(1, &rows), Some((2.0_f64 - 3.0).abs() / 4.0));
        assert_eq!(error(15, &[]), None);
    }

    #[test]
    fn an_edge_belongs_to_the_bin_below() {
        let mut fifteen = CalibrationError::default();
        for m in 1..=15 {
            fifteen.add(f64::from(m) / 15.0, true);
        }
        assert!(fifteen.bins.iter().all(|bin| bin.rows == 1));
        fifteen.add(0.0, true);
        fifteen.add(1.5, true); // no probability, but no panic either
        assert_eq!((fifteen.bins[0].rows, fifteen.bins[14].rows), (2, 2));
    }
}
