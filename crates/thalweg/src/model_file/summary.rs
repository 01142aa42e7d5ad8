//! What training came to: figures for the model file and for `thalweg train --json`.

use serde::{Deserialize, Deserializer, Serialize};

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
}

impl From<&PartReport> for PartFigures {
    fn from(report: &PartReport) -> Self {
        PartFigures {
            rows: report.metrics.rows,
            loss: report.loss,
            data_loss: report.data_loss,
            accuracy: report.metrics.accuracy,
            correct: report.metrics.correct,
            mse: report.metrics.mse,
            mae: report.metrics.mae,
            r2: report.metrics.r2,
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
}

/// JSON has no NaN or infinity; both are written as null, and null is read as NaN.
fn number_or_nan<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    Ok(Option::<f64>::deserialize(from)?.unwrap_or(f64::NAN))
}
