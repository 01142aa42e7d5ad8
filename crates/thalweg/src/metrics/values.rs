//! The values of the metrics of a part.

use serde::{Deserialize, Serialize};

use super::{ClassCounts, Metric, Undefined};

/// The metrics of a part of the data; those that do not fit the task are `None`.
#[derive(Clone, Debug, PartialEq, Default)]
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
    /// Metrics that not every report has, in the order of [`Metric::ALL`]; all of them are finite.
    pub more: Vec<(Metric, f64)>,
    /// Metrics that were asked for and have no value here, and why.
    pub undefined: Vec<(Metric, Undefined)>,
    /// Precision, recall and F1 of each class by its id, where everything was asked for.
    pub classes: Vec<ClassValues>,
}

impl MetricValues {
    /// The value of a metric, if it is here.
    pub fn get(&self, metric: Metric) -> Option<f64> {
        match metric {
            Metric::Accuracy => self.accuracy,
            Metric::Correct => self.correct.map(|correct| correct as f64),
            Metric::Mse => self.mse,
            Metric::Mae => self.mae,
            Metric::R2 => self.r2,
            _ => self.more.iter().find(|(own, _)| *own == metric).map(|(_, value)| *value),
        }
    }
}

/// How well one class is told from the others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassValues {
    /// The class's name.
    pub label: String,
    /// The share of the rows predicted as it that were of it; 0 if there were none.
    pub precision: f64,
    /// The share of its rows that were predicted as it; 0 if there were none.
    pub recall: f64,
    /// The harmonic mean of both; 0 for an absent class.
    pub f1: f64,
    /// How many rows it has.
    pub support: u64,
}

impl ClassValues {
    /// Those of every class; one without a name is called by its id.
    pub(crate) fn all(counts: &ClassCounts, labels: &[String]) -> Vec<ClassValues> {
        let of = |class: usize| ClassValues {
            label: label(labels, class),
            precision: counts.precision(class).unwrap_or(0.0),
            recall: counts.recall(class).unwrap_or(0.0),
            f1: counts.f1(class),
            support: counts.support(class),
        };
        (0..counts.classes()).map(of).collect()
    }
}

/// What a class is called.
pub(crate) fn label(labels: &[String], class: usize) -> String {
    labels.get(class).cloned().unwrap_or_else(|| class.to_string())
}
