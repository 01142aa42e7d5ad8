//! What training came to: figures for the model file and for `thalweg train --json`.

use serde::{Deserialize, Deserializer, Serialize};

use crate::metrics::{ClassValues, Metric};
use crate::train::{Ending, Outcome, Part, PartReport};

/// Why a run ended, as JSON says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// All epochs or steps were made.
    Finished,
    /// Early stopping or an observer ended it.
    Stopped,
    /// It was interrupted, and can be resumed.
    Interrupted,
}

impl From<Ending> for Status {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Finished => Status::Finished,
            Ending::Stopped => Status::Stopped,
            Ending::Interrupted => Status::Interrupted,
        }
    }
}

/// Loss and metrics of one part of the data; metrics that do not fit the task are left out of the JSON, and a number
/// that is not finite is `null` there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PartFigures {
    /// How many rows it has.
    pub rows: u64,
    /// The loss with penalties.
    #[serde(deserialize_with = "number_or_nan")]
    pub loss: f64,
    /// The loss without penalties, in the target's own units.
    #[serde(deserialize_with = "number_or_nan")]
    pub data_loss: f64,
    /// The share of rows whose class was predicted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<f64>,
    /// In how many rows the class was predicted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correct: Option<u64>,
    /// The mean squared error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mse: Option<f64>,
    /// The mean absolute error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mae: Option<f64>,
    /// The share of variance explained.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r2: Option<f64>,
    /// The root of the mean squared error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rmse: Option<f64>,
    /// The mean absolute error as a share of the target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mape: Option<f64>,
    /// The mean precision of all classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precision_macro: Option<f64>,
    /// The mean recall of all classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recall_macro: Option<f64>,
    /// The mean F1 of all classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub f1_macro: Option<f64>,
    /// The precision of all classes, each by its rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precision_weighted: Option<f64>,
    /// The recall of all classes, each by its rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recall_weighted: Option<f64>,
    /// The F1 of all classes, each by its rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub f1_weighted: Option<f64>,
    /// The share of rows whose class is among the five most likely; with more than five classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_k: Option<f64>,
    /// The area under the ROC curve: of class 1 for two classes, else the mean of each class against the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roc_auc: Option<f64>,
    /// The same, each class by its rows; with more than two classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roc_auc_weighted: Option<f64>,
    /// The average precision: of class 1 for two classes, else the mean of each class against the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub average_precision: Option<f64>,
    /// The mean of -log of the probability of the right class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_loss: Option<f64>,
    /// The Brier score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brier: Option<f64>,
    /// The expected calibration error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration_error: Option<f64>,
    /// Precision, recall and F1 of each class by its id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<ClassValues>,
}

impl PartFigures {
    /// The value of a metric, if it is here.
    pub fn metric(&self, metric: Metric) -> Option<f64> {
        match metric {
            Metric::Accuracy => self.accuracy,
            Metric::Correct => self.correct.map(|correct| correct as f64),
            Metric::Mse => self.mse,
            Metric::Mae => self.mae,
            Metric::R2 => self.r2,
            Metric::Rmse => self.rmse,
            Metric::Mape => self.mape,
            Metric::PrecisionMacro => self.precision_macro,
            Metric::RecallMacro => self.recall_macro,
            Metric::F1Macro => self.f1_macro,
            Metric::PrecisionWeighted => self.precision_weighted,
            Metric::RecallWeighted => self.recall_weighted,
            Metric::F1Weighted => self.f1_weighted,
            Metric::TopK => self.top_k,
            Metric::RocAuc => self.roc_auc,
            Metric::RocAucWeighted => self.roc_auc_weighted,
            Metric::AveragePrecision => self.average_precision,
            Metric::LogLoss => self.log_loss,
            Metric::Brier => self.brier,
            Metric::CalibrationError => self.calibration_error,
        }
    }
}

impl From<&PartReport> for PartFigures {
    fn from(report: &PartReport) -> Self {
        let metric = |metric| report.metrics.get(metric);
        PartFigures {
            rows: report.metrics.rows,
            loss: report.loss,
            data_loss: report.data_loss,
            accuracy: report.metrics.accuracy,
            correct: report.metrics.correct,
            mse: report.metrics.mse,
            mae: report.metrics.mae,
            r2: report.metrics.r2,
            rmse: metric(Metric::Rmse),
            mape: metric(Metric::Mape),
            precision_macro: metric(Metric::PrecisionMacro),
            recall_macro: metric(Metric::RecallMacro),
            f1_macro: metric(Metric::F1Macro),
            precision_weighted: metric(Metric::PrecisionWeighted),
            recall_weighted: metric(Metric::RecallWeighted),
            f1_weighted: metric(Metric::F1Weighted),
            top_k: metric(Metric::TopK),
            roc_auc: metric(Metric::RocAuc),
            roc_auc_weighted: metric(Metric::RocAucWeighted),
            average_precision: metric(Metric::AveragePrecision),
            log_loss: metric(Metric::LogLoss),
            brier: metric(Metric::Brier),
            calibration_error: metric(Metric::CalibrationError),
            classes: report.metrics.classes.clone(),
        }
    }
}

/// What training came to. The figures of the parts are those of the weights in the model file: the best by validation,
/// else the last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingSummary {
    /// The experiment.
    pub name: String,
    /// Why training ended.
    pub status: Status,
    /// Epochs completed.
    pub epochs: u64,
    /// Updates made.
    pub steps: u64,
    /// Wall time of training.
    pub seconds: f64,
    /// How many values training changed.
    pub parameter_count: u64,
    /// SHA-256 of the last parameters, little-endian, in layer order.
    pub parameters_sha256: String,
    /// The epoch whose weights were kept, where validation decided.
    pub best_epoch: Option<u64>,
    /// The part that was trained on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub train: Option<PartFigures>,
    /// The part that decided which weights are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<PartFigures>,
    /// The part that decided nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<PartFigures>,
}

impl TrainingSummary {
    /// The figures of a run.
    pub fn new(name: &str, parameter_count: usize, outcome: &Outcome) -> Self {
        let part = |part| outcome.parts.iter().find(|report| report.part == part).map(PartFigures::from);
        TrainingSummary {
            name: name.to_owned(),
            status: outcome.ending.into(),
            epochs: outcome.epochs,
            steps: outcome.steps,
            seconds: outcome.seconds,
            parameter_count: parameter_count as u64,
            parameters_sha256: outcome.parameters_sha256.clone(),
            best_epoch: outcome.best_epoch,
            train: part(Part::Train),
            validation: part(Part::Validation),
            test: part(Part::Test),
        }
    }

    /// The same without the figures of single classes, for one line.
    pub(crate) fn without_classes(&self) -> Self {
        let mut summary = self.clone();
        for part in [&mut summary.train, &mut summary.validation, &mut summary.test].into_iter().flatten() {
            part.classes.clear();
        }
        summary
    }
}

/// JSON has no NaN or infinity; both are written as null, and null is read as NaN.
fn number_or_nan<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    Ok(Option::<f64>::deserialize(from)?.unwrap_or(f64::NAN))
}
