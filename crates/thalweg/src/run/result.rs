//! What a run came to, as `thalweg train --json` prints it.

use serde::Serialize;

use crate::model_file::TrainingSummary;

/// What a run came to, as `thalweg train --json` prints it: where it lies, and its figures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrainResult {
    /// The run's folder.
    pub run: String,
    /// The figures.
    #[serde(flatten)]
    pub summary: TrainingSummary,
}
