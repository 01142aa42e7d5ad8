//! Metrics: numbers that tell a person how good the predictions are; one file each.
//!
//! [`Metrics`] takes predictions and targets row by row, batch after batch, and yields all metrics of the task. It computes
//! in `f64` whatever the network computes in, in the order of the rows, so that the batches they come in change nothing.

mod accuracy;
mod confusion_matrix;
mod mean_absolute_error;
mod mean_squared_error;
mod r2;

pub use accuracy::{Accuracy, predicted_class, target_class};
pub use confusion_matrix::ConfusionMatrix;
pub use mean_absolute_error::MeanAbsoluteError;
pub use mean_squared_error::MeanSquaredError;
pub use r2::R2;

use serde::{Deserialize, Serialize};

use crate::losses::Targets;
use crate::real::Real;

/// What the predictions are about, and so which metrics make sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Task {
    /// Each row has a class: accuracy, correct of total.
    Classes {
        /// Whether the outputs are logits, as [`Loss::from_logits`](crate::losses::Loss::from_logits) says. It matters for
        /// one output only: class 1 is predicted above 0, else above 0.5.
        from_logits: bool,
    },
    /// Each row has a value per output: mean squared and absolute error, R².
    Values,
}

/// The metrics of a part of the data; those that do not fit the task are `None`.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct MetricValues {
    /// How many rows were seen.
    pub rows: u64,
    /// The share of rows whose class was predicted; `None` without rows.
    pub accuracy: Option<f64>,
    /// In how many rows the class was predicted.
    pub correct: Option<u64>,
    /// The mean squared error over all rows and outputs; `None` without rows.
    pub mse: Option<f64>,
    /// The mean absolute error over all rows and outputs; `None` without rows.
    pub mae: Option<f64>,
    /// The share of variance explained, averaged over outputs; `None` for fewer than two rows.
    pub r2: Option<f64>,
}

/// Collects the metrics of a part of the data, batch by batch, without allocating per batch.
///
/// # Example
/// ```
/// use thalweg::losses::Targets;
/// use thalweg::metrics::{Metrics, Task};
///
/// let mut metrics = Metrics::new(Task::Classes { from_logits: true }, 2);
/// metrics.add(&[1.0, 3.0, 5.0, 4.0], Targets::Classes(&[1, 1])); // predicts class 1, then class 0
/// metrics.add(&[0.0, 0.0], Targets::Classes(&[0])); // the first of equals
/// assert_eq!(metrics.values().correct, Some(2));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    task: Task,
    outputs: usize,
    rows: u64,
    accuracy: Accuracy,
    confusion: Option<ConfusionMatrix>,
    mean_squared_error: MeanSquaredError,
    mean_absolute_error: MeanAbsoluteError,
    r2: R2,
}

impl Metrics {
    /// For a network of so many outputs, at least one; nothing seen yet.
    pub fn new(task: Task, outputs: usize) -> Self {
        Metrics {
            task,
            outputs,
            rows: 0,
            accuracy: Accuracy::default(),
            confusion: None,
            mean_squared_error: MeanSquaredError::default(),
            mean_absolute_error: MeanAbsoluteError::default(),
            r2: R2::new(if task == Task::Values { outputs } else { 0 }),
        }
    }

    /// Becomes a copy of `other` in the memory that it has.
    pub(crate) fn copy_from(&mut self, other: &Metrics) {
        let mut r2 = std::mem::replace(&mut self.r2, R2::new(0));
        r2.copy_from(&other.r2);
        *self = Metrics {
            r2,
            confusion: other.confusion.clone(),
            mean_squared_error: other.mean_squared_error.clone(),
            mean_absolute_error: other.mean_absolute_error.clone(),
            ..*other
        };
    }

    /// Also counts which class was taken for which. It takes classes² numbers.
    pub fn with_confusion_matrix(mut self) -> Self {
        if let Task::Classes { .. } = self.task {
            self.confusion = Some(ConfusionMatrix::new(self.outputs.max(2)));
        }
        self
    }

    /// Adds the next rows.
    ///
    /// # Shapes
    /// `predictions`: `[rows, outputs]`, row-major.
    ///
    /// # Panics
    /// If the lengths do not fit each other.
    pub fn add<R: Real>(&mut self, predictions: &[R], targets: Targets<'_, R>) {
        let outputs = self.outputs;
        assert!(predictions.len().is_multiple_of(outputs), "predictions have whole rows");
        assert_eq!(predictions.len() / outputs, targets.rows(outputs), "every row has its target");
        self.rows += (predictions.len() / outputs) as u64;
        match self.task {
            Task::Classes { from_logits } => self.add_classes(from_logits, predictions, targets),
            Task::Values => self.add_values(predictions, targets),
        }
    }

    fn add_classes<R: Real>(&mut self, from_logits: bool, predictions: &[R], targets: Targets<'_, R>) {
        for (n, row) in predictions.chunks_exact(self.outputs).enumerate() {
            let predicted = predicted_class(row, from_logits);
            let right = target_class(targets.row(n, self.outputs));
            self.accuracy.add(predicted, right);
            if let (Some(confusion), Some(right)) = (&mut self.confusion, right) {
                confusion.add(right, predicted);
            }
        }
    }

    fn add_values<R: Real>(&mut self, predictions: &[R], targets: Targets<'_, R>) {
        // The sums take a piece at a time.
        const PIECE: usize = 64;
        let (mut squares, mut magnitudes) = ([0.0; PIECE], [0.0; PIECE]);
        let (mut n, mut j) = (0, 0);
        for piece in predictions.chunks(PIECE) {
            for (i, prediction) in piece.iter().enumerate() {
                let prediction = prediction.to_f64();
                let target = targets.row(n, self.outputs).value(j, self.outputs).to_f64();
                let d = prediction - target;
                (squares[i], magnitudes[i]) = (d * d, d.abs());
                self.r2.add(j, prediction, target);
                j += 1;
                if j == self.outputs {
                    (n, j) = (n + 1, 0);
                }
            }
            self.mean_squared_error.add_squares(&squares[..piece.len()]);
            self.mean_absolute_error.add_magnitudes(&magnitudes[..piece.len()]);
        }
    }

    /// The metrics of all rows so far; more may come.
    pub fn values(&self) -> MetricValues {
        let empty = MetricValues { rows: self.rows, ..MetricValues::default() };
        match self.task {
            Task::Classes { .. } => MetricValues {
                accuracy: self.accuracy.value(),
                correct: Some(self.accuracy.correct()),
                ..empty
            },
            Task::Values => MetricValues {
                mse: self.mean_squared_error.value(),
                mae: self.mean_absolute_error.value(),
                r2: self.r2.value(),
                ..empty
            },
        }
    }

    /// Which class was taken for which, if [`with_confusion_matrix`](Self::with_confusion_matrix) asked for it.
    pub fn confusion_matrix(&self) -> Option<&ConfusionMatrix> {
        self.confusion.as_ref()
    }

    /// Forgets all rows and keeps the memory.
    pub fn clear(&mut self) {
        self.rows = 0;
        self.accuracy = Accuracy::default();
        self.mean_squared_error = MeanSquaredError::default();
        self.mean_absolute_error = MeanAbsoluteError::default();
        self.r2.clear();
        if let Some(confusion) = &mut self.confusion {
            confusion.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_worked_by_hand() {
        let mut metrics = Metrics::new(Task::Classes { from_logits: false }, 3).with_confusion_matrix();
        let predictions = [0.1, 0.8, 0.1, 0.4, 0.4, 0.2, f32::NAN, 1.0, 0.0];
        metrics.add(&predictions, Targets::Classes(&[1, 1, 1]));
        let values = metrics.values();
        assert_eq!((values.rows, values.correct), (3, Some(1)));
        assert_eq!(values.accuracy, Some(1.0 / 3.0));
        assert_eq!((values.mse, values.mae, values.r2), (None, None, None));
        let confusion = metrics.confusion_matrix().expect("asked for");
        assert_eq!(confusion.row(1), [1, 1, 0]);
        assert_eq!(confusion.unclear(), 1);
        metrics.clear();
        assert_eq!(metrics.values(), MetricValues { correct: Some(0), ..MetricValues::default() });
    }

    #[test]
    fn values_worked_by_hand() {
        let mut metrics = Metrics::new(Task::Values, 1);
        metrics.add(&[3.0], Targets::Values(&[1.0]));
        metrics.add(&[2.0, 5.0], Targets::Values(&[3.0, 5.0]));
        let values = metrics.values();
        // Differences 2, -1, 0; the targets 1, 3, 5 lie 2, 0, 2 from their mean.
        assert_eq!((values.mse, values.mae, values.r2), (Some(5.0 / 3.0), Some(1.0), Some(1.0 - 5.0 / 8.0)));
        assert_eq!((values.accuracy, values.correct), (None, None));
    }

    #[test]
    fn the_batches_do_not_matter() {
        let predictions: Vec<f64> = (0..600).map(|i| f64::from((i * 31) % 101) / 7.0).collect();
        let targets: Vec<f64> = (0..600).map(|i| f64::from((i * 17) % 89) / 6.0).collect();
        let in_batches = |rows: usize| {
            let mut metrics = Metrics::new(Task::Values, 2);
            for (p, t) in predictions.chunks(2 * rows).zip(targets.chunks(2 * rows)) {
                metrics.add(p, Targets::Values(t));
            }
            metrics.values()
        };
        assert_eq!(in_batches(300), in_batches(7));
        assert_eq!(in_batches(300), in_batches(1));
    }

    #[test]
    fn no_rows_have_no_metrics() {
        assert_eq!(Metrics::new(Task::Values, 2).values(), MetricValues::default());
    }
}
