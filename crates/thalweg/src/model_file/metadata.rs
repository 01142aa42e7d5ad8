//! What a model file says beside its tensors.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::container::in_short;
use super::problem::ModelProblem;
use super::summary::TrainingSummary;

/// The version of the model and the state file.
pub const FORMAT_VERSION: u64 = 1;

/// What a model file says about its network, as JSON.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ModelMetadata {
    pub(super) format: u64,
    pub(super) kind: String,
    /// The version of the program that wrote it.
    pub(super) version: String,
    /// The version of the number contract.
    pub(super) numerics: u64,
    pub(super) precision: String,
    pub(super) network: NetworkMetadata,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) training: Option<LossMetadata>,
    /// The classes' names by id; empty for numbers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) labels: Vec<String>,
    /// The target's name, or one name per output.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) targets: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) preprocessing: Option<Json>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) summary: Option<TrainingSummary>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NetworkMetadata {
    pub(super) input_shape: Vec<usize>,
    pub(super) layers: Json,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LossMetadata {
    pub(super) loss: Json,
    pub(super) l2: f64,
    pub(super) l1: f64,
}

/// The two fields that are read before all others, whatever stands beside them.
#[derive(Deserialize)]
struct Head {
    format: u64,
    kind: String,
}

/// Reads metadata of the expected kind; its version is looked at first, so that a later format is called that.
pub(super) fn read<'a, T: Deserialize<'a>>(json: &'a str, expected: &'static str) -> Result<T, ModelProblem> {
    let wrong = |error: serde_json::Error| ModelProblem::Metadata { reason: in_short(&error.to_string()) };
    let head: Head = serde_json::from_str(json).map_err(wrong)?;
    if head.format == 0 || head.format > FORMAT_VERSION {
        return Err(ModelProblem::Version { found: head.format, known: FORMAT_VERSION });
    }
    if head.kind != expected {
        return Err(ModelProblem::Kind { expected, found: in_short(&head.kind) });
    }
    serde_json::from_str(json).map_err(wrong)
}
