//! The Brier score: the squared distance of the probabilities from what came true.

use crate::kernels::OrderedSum;

/// The mean squared distance between the probabilities of a row and its one-hot class.
///
/// ```text
/// two classes: Σₙ (pₙ₁ - tₙ)² / rows              p₁ the probability of class 1, t 1 or 0
/// more:        Σₙ Σₖ (pₙₖ - [k = tₙ])² / rows      summed by `OrderedSum`
/// ```
///
/// # Units and ranges
/// 0 is perfect. With two classes it goes up to 1, with more up to 2: the sum over two classes would be twice the usual score.
///
/// # Source
/// Brier, "Verification of forecasts expressed in terms of probability", 1950, equation 2; scikit-learn's `brier_score_loss`,
/// which halves the sum for two classes too.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Brier {
    sum: OrderedSum,
    rows: u64,
}

impl Brier {
    /// Adds a row: a probability for each class, or that of class 1 alone; and its right class.
    pub fn add(&mut self, probabilities: &[f64], right: usize) {
        self.sum.push(match probabilities {
            [p] | [_, p] => square(p - f64::from(u8::from(right == 1))),
            _ => {
                let distance = |(k, p): (usize, &f64)| square(p - f64::from(u8::from(k == right)));
                probabilities.iter().enumerate().map(distance).sum()
            }
        });
        self.rows += 1;
    }

    /// The mean so far; `None` without rows.
    pub fn value(&self) -> Option<f64> {
        (self.rows > 0).then(|| self.sum.total() / self.rows as f64)
    }
}

fn square(d: f64) -> f64 {
    d * d
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_classes_worked_by_hand() {
        let (mut one, mut two) = (Brier::default(), Brier::default());
        assert_eq!(one.value(), None);
        for (p, right) in [(0.75, 1), (0.5, 0)] {
            one.add(&[p], right);
            two.add(&[1.0 - p, p], right);
        }
        assert_eq!(one.value(), Some((0.0625 + 0.25) / 2.0));
        assert_eq!(two, one);
    }

    #[test]
    fn three_classes_worked_by_hand() {
        let mut brier = Brier::default();
        brier.add(&[0.5, 0.25, 0.25], 0); // 1/4 + 1/16 + 1/16
        brier.add(&[0.0, 0.0, 1.0], 0); // 1 + 0 + 1
        assert_eq!(brier.value(), Some((0.375 + 2.0) / 2.0));
    }
}
