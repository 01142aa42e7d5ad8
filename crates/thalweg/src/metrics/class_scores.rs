//! What the predictions of a whole part come to: probabilities held against the classes, and their order.

use super::{Brier, CalibrationError, LogLoss, Metric, Ranking, predicted_class};

/// The most predictions that are kept to be ordered: half a gigabyte.
pub(crate) const MOST_RANKED: usize = 1 << 26;

/// Collects predictions (probabilities, where the loss makes such) of rows with classes.
///
/// # Memory
/// All predictions, in `f64`, if they are to be ordered; else nothing that grows.
#[derive(Clone, Debug)]
pub(crate) struct ClassScores {
    outputs: usize,
    probabilities: Option<Probabilities>,
    is_ranked: bool,
    is_finite: bool,
    predictions: Vec<f64>,
    labels: Vec<u32>,
}

/// What is added up of probabilities.
#[derive(Clone, Debug, Default)]
struct Probabilities {
    log_loss: LogLoss,
    brier: Brier,
    calibration_error: CalibrationError,
}

/// What they came to; a metric that was not asked for, or has no value, is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct ScoreValues {
    log_loss: Option<f64>,
    brier: Option<f64>,
    calibration_error: Option<f64>,
    roc_auc: Option<f64>,
    roc_auc_weighted: Option<f64>,
    average_precision: Option<f64>,
}

impl ClassScores {
    /// For rows of so many outputs, and what these metrics need; `None` if that is nothing.
    pub(crate) fn new(outputs: usize, metrics: &[Metric]) -> Option<Self> {
        let probabilities = metrics.iter().any(|metric| metric.needs_probabilities());
        let is_ranked = metrics.iter().any(|metric| metric.needs_ranking());
        (probabilities || is_ranked).then(|| ClassScores {
            outputs,
            probabilities: probabilities.then(Probabilities::default),
            is_ranked,
            is_finite: true,
            predictions: Vec::new(),
            labels: Vec::new(),
        })
    }

    /// Adds a row.
    pub(crate) fn add(&mut self, predictions: &[f64], right: u32) {
        self.is_finite &= predictions.iter().all(|prediction| prediction.is_finite());
        if let Some(probabilities) = &mut self.probabilities {
            probabilities.add(predictions, right as usize);
        }
        if self.is_ranked {
            self.predictions.extend_from_slice(predictions);
            self.labels.push(right);
        }
    }

    /// What all rows come to: nothing, if a prediction is not finite.
    pub(crate) fn values(&self) -> ScoreValues {
        if !self.is_finite {
            return ScoreValues::default();
        }
        let mut values = match self.is_ranked {
            false => ScoreValues::default(),
            true if self.outputs <= 2 => self.two_classes(),
            true => self.one_against_the_others(),
        };
        if let Some(probabilities) = &self.probabilities {
            values.log_loss = probabilities.log_loss.value();
            values.brier = probabilities.brier.value();
            values.calibration_error = probabilities.calibration_error.value();
        }
        values
    }

    /// The rows in the order of one output, as rows of a class and others.
    fn ranking(&self, output: usize, class: u32) -> Option<Ranking> {
        let scores = self.predictions.chunks_exact(self.outputs).map(|row| row[output]);
        Ranking::new(scores.zip(self.labels.iter().map(|&label| label == class)).collect())
    }

    /// Class 1 by the last output.
    fn two_classes(&self) -> ScoreValues {
        let ranking = self.ranking(self.outputs - 1, 1);
        let roc_auc = ranking.as_ref().and_then(Ranking::roc_auc);
        ScoreValues {
            roc_auc,
            roc_auc_weighted: roc_auc,
            average_precision: ranking.as_ref().and_then(Ranking::average_precision),
            ..ScoreValues::default()
        }
    }

    /// Each class by its output; `None` where a class has no value.
    fn one_against_the_others(&self) -> ScoreValues {
        let classes = self.outputs;
        let (mut areas, mut weighted, mut precisions) = (Some(0.0), Some(0.0), Some(0.0));
        let add = |sum: Option<f64>, value: Option<f64>| Some(sum? + value?);
        for class in 0..classes {
            let Some(ranking) = self.ranking(class, class as u32) else { return ScoreValues::default() };
            let area = ranking.roc_auc();
            areas = add(areas, area);
            weighted = add(weighted, area.map(|area| ranking.positives() as f64 * area));
            precisions = add(precisions, ranking.average_precision());
        }
        ScoreValues {
            roc_auc: areas.map(|sum| sum / classes as f64),
            roc_auc_weighted: weighted.map(|sum| sum / self.labels.len() as f64),
            average_precision: precisions.map(|sum| sum / classes as f64),
            ..ScoreValues::default()
        }
    }
}

impl Probabilities {
    fn add(&mut self, row: &[f64], right: usize) {
        let (of_right, confidence) = match row {
            [p] => (if right == 1 { *p } else { 1.0 - p }, p.max(1.0 - p)),
            _ => (row[right], row.iter().copied().fold(0.0, f64::max)),
        };
        self.log_loss.add(of_right);
        self.brier.add(row, right);
        self.calibration_error.add(confidence, predicted_class(row, false) == Some(right));
    }
}

impl ScoreValues {
    /// The value of a metric, if it is here.
    pub(crate) fn get(&self, metric: Metric) -> Option<f64> {
        match metric {
            Metric::LogLoss => self.log_loss,
            Metric::Brier => self.brier,
            Metric::CalibrationError => self.calibration_error,
            Metric::RocAuc => self.roc_auc,
            Metric::RocAucWeighted => self.roc_auc_weighted,
            Metric::AveragePrecision => self.average_precision,
            _ => None,
        }
    }
}
