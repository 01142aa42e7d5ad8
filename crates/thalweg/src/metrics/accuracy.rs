//! Accuracy: the share of rows whose class is predicted.

use serde::{Deserialize, Serialize};

use crate::losses::Target;
use crate::real::Real;

/// The class that a row's outputs stand for: the index of the largest, the first of equals.
///
/// One output stands for class 1 where it is strictly above 0 as a logit, above 0.5 as a probability, else for class 0.
/// `None` if any output is NaN: such a prediction is never correct.
#[inline]
pub fn predicted_class<R: Real>(predictions: &[R], from_logits: bool) -> Option<usize> {
    if let [prediction] = predictions {
        let threshold = if from_logits { R::ZERO } else { R::from_f64(0.5) };
        return prediction.partial_cmp(&threshold).map(|order| usize::from(order.is_gt()));
    }
    let (&first, rest) = predictions.split_first()?;
    let (mut index, mut largest) = (0, first);
    let mut has_nan = first.partial_cmp(&first).is_none();
    for (j, &value) in rest.iter().enumerate() {
        has_nan |= value.partial_cmp(&value).is_none();
        if value > largest {
            (index, largest) = (j + 1, value);
        }
    }
    (!has_nan).then_some(index)
}

/// The class that a row should have: its number, or the index of the largest of its probabilities, the first of equals; one
/// value is class 1 where it is strictly above 0.5.
#[inline]
pub fn target_class<R: Real>(target: Target<'_, R>) -> Option<usize> {
    match target {
        Target::Class(class) => Some(class),
        Target::Values(values) => predicted_class(values, false),
    }
}

/// Counts the rows whose class was predicted.
///
/// ```text
/// accuracy = correct / rows
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Accuracy {
    rows: u64,
    correct: u64,
}

impl Accuracy {
    /// Adds a row. A class that is `None` on either side is not correct.
    #[inline]
    pub fn add(&mut self, predicted: Option<usize>, right: Option<usize>) {
        self.rows += 1;
        self.correct += u64::from(predicted.is_some() && predicted == right);
    }

    /// Adds so many rows, of which so many are correct.
    pub(super) fn add_rows(&mut self, rows: u64, correct: u64) {
        self.rows += rows;
        self.correct += correct;
    }

    /// In how many rows the class was predicted.
    pub fn correct(&self) -> u64 {
        self.correct
    }

    /// The share of all rows, from 0 to 1; `None` without rows.
    pub fn value(&self) -> Option<f64> {
        (self.rows > 0).then(|| self.correct as f64 / self.rows as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_equals_is_taken() {
        assert_eq!(predicted_class(&[1.0, 3.0, 3.0], true), Some(1));
        assert_eq!(predicted_class(&[f32::NEG_INFINITY; 2], true), Some(0));
        assert_eq!(predicted_class::<f64>(&[], true), None);
    }

    #[test]
    fn one_output_has_to_be_strictly_above_the_middle() {
        assert_eq!(predicted_class(&[0.0], true), Some(0));
        assert_eq!(predicted_class(&[1e-9], true), Some(1));
        assert_eq!(predicted_class(&[0.5], false), Some(0));
        assert_eq!(predicted_class(&[0.500_001], false), Some(1));
    }

    #[test]
    fn nan_is_never_correct() {
        assert_eq!(predicted_class(&[f64::NAN], true), None);
        assert_eq!(predicted_class(&[1.0, f64::NAN], true), None);
        let mut accuracy = Accuracy::default();
        accuracy.add(None, None);
        accuracy.add(None, Some(0));
        assert_eq!((accuracy.correct(), accuracy.value()), (0, Some(0.0)));
    }

    #[test]
    fn targets_may_be_probabilities() {
        assert_eq!(target_class(Target::Values(&[0.25, 0.75])), Some(1));
        assert_eq!(target_class::<f32>(Target::Class(4)), Some(4));
        assert_eq!(target_class(Target::Values(&[1.0])), Some(1));
    }
}
