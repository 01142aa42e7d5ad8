//! Metrics: numbers that tell a person how good the predictions are; one file each.
//!
//! [`Metrics`] takes predictions and targets row by row, batch after batch, and yields all metrics of the task. It computes
//! in `f64` whatever the network computes in, in the order of the rows, so that the batches they come in change nothing.

mod accuracy;
mod average_precision;
mod brier;
mod calibration_error;
mod class_counts;
mod class_scores;
mod confusion_matrix;
mod f1;
mod log_loss;
mod mean_absolute_error;
mod mean_absolute_percentage_error;
mod mean_squared_error;
mod metric;
mod precision;
mod r2;
mod ranking;
mod recall;
mod roc_auc;
mod root_mean_squared_error;
#[cfg(test)]
mod tests;
mod top_k;
mod undefined;
mod values;

pub use accuracy::{Accuracy, predicted_class, target_class};
pub use brier::Brier;
pub use calibration_error::CalibrationError;
pub use class_counts::ClassCounts;
pub(crate) use class_scores::{ClassScores, MOST_RANKED};
pub use confusion_matrix::ConfusionMatrix;
pub use log_loss::LogLoss;
pub use mean_absolute_error::MeanAbsoluteError;
pub use mean_absolute_percentage_error::MeanAbsolutePercentageError;
pub use mean_squared_error::MeanSquaredError;
pub use metric::{Metric, TOP_K};
pub use r2::R2;
pub use ranking::Ranking;
pub use top_k::TopK;
pub use undefined::Undefined;
pub(crate) use values::label;
pub use values::{ClassValues, MetricValues};

use serde::{Deserialize, Serialize};

use crate::losses::Targets;
use crate::real::Real;

/// What the predictions are about, and so which metrics make sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Task {
    /// Each row has a class: accuracy, correct of total.
    Classes {
        /// Whether the outputs are logits or scores, as [`Loss::decides_at_zero`](crate::losses::Loss::decides_at_zero) says. It
        /// matters for one output only: class 1 is predicted above 0, else above 0.5.
        from_logits: bool,
    },
    /// Each row has a value per output: mean squared and absolute error, R².
    Values,
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    by_class: Option<ClassCounts>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    top_k: Option<TopK>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mean_absolute_percentage_error: Option<MeanAbsolutePercentageError>,
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
            by_class: None,
            top_k: None,
            mean_absolute_percentage_error: None,
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
            by_class: other.by_class.clone(),
            top_k: other.top_k,
            mean_absolute_percentage_error: other.mean_absolute_percentage_error.clone(),
            task: other.task,
            outputs: other.outputs,
            rows: other.rows,
            accuracy: other.accuracy,
        };
    }

    /// Also collects what these metrics need, of those that can be added up; what does not fit the task is left out.
    pub fn with(mut self, metrics: &[Metric]) -> Self {
        let are_classes = self.task != Task::Values;
        if metrics.iter().any(|metric| metric.needs_class_counts()) && are_classes {
            self.by_class = Some(ClassCounts::new(self.outputs.max(2)));
        }
        if metrics.contains(&Metric::TopK) && are_classes {
            self.top_k = Some(TopK::new(TOP_K));
        }
        if metrics.contains(&Metric::Mape) && !are_classes {
            self.mean_absolute_percentage_error = Some(MeanAbsolutePercentageError::default());
        }
        self
    }

    /// Whether these metrics are of the same task and as many outputs, whatever else they collect.
    pub(crate) fn is_of_same_kind(&self, other: &Metrics) -> bool {
        self.task == other.task && self.outputs == other.outputs
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
        if self.by_class.is_some() || self.top_k.is_some() || self.mean_absolute_percentage_error.is_some() {
            self.add_to_more(predictions, targets);
        }
    }

    /// What was asked for; kept apart from what every step of a run does.
    #[inline(never)]
    fn add_to_more<R: Real>(&mut self, predictions: &[R], targets: Targets<'_, R>) {
        let from_logits = self.task == Task::Classes { from_logits: true };
        for (n, row) in predictions.chunks_exact(self.outputs).enumerate() {
            let target = targets.row(n, self.outputs);
            let right = || target_class(target).unwrap_or(usize::MAX);
            if let Some(by_class) = &mut self.by_class {
                by_class.add(right(), predicted_class(row, from_logits));
            }
            // One output is class 1 or 0, which is no order of more.
            if let (Some(top_k), 2..) = (&mut self.top_k, row.len()) {
                top_k.add(row, right());
            }
            if let Some(mean) = &mut self.mean_absolute_percentage_error {
                for (j, prediction) in row.iter().enumerate() {
                    mean.add(prediction.to_f64(), target.value(j, row.len()).to_f64());
                }
            }
        }
    }

    fn add_classes<R: Real>(&mut self, from_logits: bool, predictions: &[R], targets: Targets<'_, R>) {
        if let (Targets::Classes(classes), None) = (targets, &self.confusion) {
            // What every step of a run does.
            let mut correct = 0;
            for (row, &class) in predictions.chunks_exact(self.outputs).zip(classes) {
                correct += u64::from(predicted_class(row, from_logits) == Some(class as usize));
            }
            return self.accuracy.add_rows(classes.len() as u64, correct);
        }
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

    /// The metrics of all rows so far, and of the others those that were asked for and have a finite value.
    pub fn values_with(&self, metrics: &[Metric]) -> MetricValues {
        let more = metrics.iter().filter(|metric| !metric.is_always_there());
        let more =
            more.filter_map(|&metric| Some((metric, self.added_up(metric).filter(|v| v.is_finite())?)));
        MetricValues { more: more.collect(), ..self.values() }
    }

    /// The value of a metric that not every report has, if it was collected; it may not be finite.
    pub(crate) fn added_up(&self, metric: Metric) -> Option<f64> {
        let counts = self.by_class.as_ref();
        match metric {
            Metric::Rmse if self.task == Task::Values => self.mean_squared_error.root(),
            Metric::Mape => self.mean_absolute_percentage_error.as_ref()?.value(),
            Metric::TopK => self.top_k?.value(),
            Metric::PrecisionMacro => counts?.precision_macro(),
            Metric::RecallMacro => counts?.recall_macro(),
            Metric::F1Macro => counts?.f1_macro(),
            Metric::PrecisionWeighted => counts?.precision_weighted(),
            Metric::RecallWeighted => counts?.recall_weighted(),
            Metric::F1Weighted => counts?.f1_weighted(),
            _ => None,
        }
    }

    /// The counts of every class, if a metric that is made of them was asked for.
    pub(crate) fn by_class(&self) -> Option<&ClassCounts> {
        self.by_class.as_ref()
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
        if let Some(by_class) = &mut self.by_class {
            by_class.clear();
        }
        if let Some(top_k) = &mut self.top_k {
            top_k.clear();
        }
        if let Some(mean) = &mut self.mean_absolute_percentage_error {
            *mean = MeanAbsolutePercentageError::default();
        }
    }
}
