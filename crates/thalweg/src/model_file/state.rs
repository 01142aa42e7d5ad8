//! State files: what a resumed run goes on from.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::at;
use super::container::{self, Container, Tensor};
use super::metadata::{self, FORMAT_VERSION};
use super::problem::ModelProblem;
use crate::NUMERICS_VERSION;
use crate::custom::Options;
use crate::error::Result;
use crate::real::Precision;
use crate::shape::Shape;
use crate::train::{Counters, State};

/// The tensors of a state file, in the order of their checksum.
const PARAMETERS: &str = "parameters";
const OPTIMIZER_STATE: &str = "optimizer_state";
const BEST_PARAMETERS: &str = "best_parameters";
const AVERAGE: &str = "average";

/// Counters stay below this: a run of a billion steps a second would need 100 days.
const MOST_COUNTED: u64 = 1 << 53;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StateMetadata {
    format: u64,
    kind: String,
    version: String,
    numerics: u64,
    precision: String,
    counters: Counters,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    optimizer: String,
    /// What observers know, by their names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    observers: BTreeMap<String, Options>,
    /// Of the counters' JSON, the optimizer's name, the tensors and the observers' JSON, one after the other.
    sha256: String,
}

/// Writes a state, whole or not at all.
///
/// # Errors
/// [`Error::Io`](crate::Error::Io).
pub fn save_state(state: &State, path: &Path) -> Result<()> {
    let metadata = StateMetadata {
        format: FORMAT_VERSION,
        kind: "state".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        numerics: u64::from(NUMERICS_VERSION),
        precision: state.precision.name().to_owned(),
        counters: state.counters.clone(),
        optimizer: state.optimizer.clone(),
        observers: state.observers.clone(),
        sha256: fingerprint(state),
    };
    let named = [
        (PARAMETERS, Some(&state.parameters)),
        (OPTIMIZER_STATE, Some(&state.optimizer_state)),
        (BEST_PARAMETERS, state.best_parameters.as_ref()),
        (AVERAGE, state.average.as_ref()),
    ];
    let tensors: Vec<Tensor<'_>> = named
        .into_iter()
        .filter_map(|(name, bytes)| Some((name, bytes?)))
        .map(|(name, bytes)| Tensor {
            name,
            shape: vec![bytes.len() / size(state.precision)],
            precision: state.precision,
            bytes,
        })
        .collect();
    container::write(path, &tensors, &metadata)
}

/// Reads a state and checks all of it, its checksum last.
///
/// # Errors
/// [`Error::Io`](crate::Error::Io), or [`Error::Model`](crate::Error::Model) with the first problem found.
pub fn load_state(path: &Path) -> Result<State> {
    let bytes = container::read_bytes(path)?;
    read(&bytes).map_err(|problem| at(path, problem))
}

pub(super) fn read(bytes: &[u8]) -> Result<State, ModelProblem> {
    let container = Container::read(bytes)?;
    let read: StateMetadata = metadata::read(container.own_metadata()?, "state")?;
    let precision = match read.precision.as_str() {
        "f32" => Precision::F32,
        "f64" => Precision::F64,
        _ => {
            let reason = "its precision is neither \"f32\" nor \"f64\"".to_owned();
            return Err(ModelProblem::Metadata { reason });
        }
    };
    check_counters(&read.counters)?;
    let names = container.names();
    let tensor = |name: &str| -> Result<Vec<u8>, ModelProblem> {
        let len = container.shape_and_type(name).map_or(0, |(shape, _)| shape.len());
        container.bytes(name, &Shape::from([len]), precision).map(<[u8]>::to_vec)
    };
    let optional = |name: &str| -> Result<Option<Vec<u8>>, ModelProblem> {
        names.iter().any(|known| known == name).then(|| tensor(name)).transpose()
    };
    let state = State {
        precision,
        counters: read.counters,
        optimizer: read.optimizer,
        parameters: tensor(PARAMETERS)?,
        optimizer_state: tensor(OPTIMIZER_STATE)?,
        best_parameters: optional(BEST_PARAMETERS)?,
        average: optional(AVERAGE)?,
        observers: read.observers,
    };
    let known = [PARAMETERS, OPTIMIZER_STATE, BEST_PARAMETERS, AVERAGE];
    if let Some(name) = names.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(ModelProblem::UnknownTensor { name: container::in_short(name) });
    }
    if fingerprint(&state) != read.sha256 {
        return Err(ModelProblem::Checksum);
    }
    Ok(state)
}

fn check_counters(counters: &Counters) -> Result<(), ModelProblem> {
    let all = [
        ("step", counters.step),
        ("epoch", counters.epoch),
        ("batch", counters.batch),
        ("epoch_rows", counters.epoch_rows),
        ("reports_without_gain", counters.reports_without_gain),
        ("averaged", counters.averaged),
        ("last_report", counters.last_report.unwrap_or(0)),
    ];
    match all.into_iter().find(|(_, value)| *value >= MOST_COUNTED) {
        Some((counter, value)) => Err(ModelProblem::Counter { counter, value }),
        None => Ok(()),
    }
}

fn size(precision: Precision) -> usize {
    match precision {
        Precision::F32 => size_of::<f32>(),
        Precision::F64 => size_of::<f64>(),
    }
}

/// SHA-256 of everything in a state, in hexadecimal.
fn fingerprint(state: &State) -> String {
    let mut hash = Sha256::new();
    hash.update(serde_json::to_vec(&state.counters).unwrap_or_default());
    hash.update(&state.optimizer);
    let average = state.average.as_ref().map(Some); // a state without one is hashed as before there were any
    let three = [Some(&state.parameters), Some(&state.optimizer_state), state.best_parameters.as_ref()];
    for bytes in three.into_iter().chain(average) {
        // The lengths tell apart what would else run into each other.
        hash.update((bytes.map_or(u64::MAX, |bytes| bytes.len() as u64)).to_le_bytes());
        hash.update(bytes.map_or(&[][..], Vec::as_slice));
    }
    if !state.observers.is_empty() {
        hash.update(serde_json::to_vec(&state.observers).unwrap_or_default());
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
