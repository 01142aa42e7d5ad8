//! The state of a run between two steps: everything that a resumed run needs to go on to the same bits.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::custom::Options;
use crate::data::{Dataset, DatasetTargets};
use crate::metrics::{Metrics, Task};
use crate::real::{Precision, Real};

/// The counters of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Counters {
    /// Updates made.
    pub step: u64,
    /// Epochs completed.
    pub epoch: u64,
    /// Batches of the current epoch that are done.
    pub batch: u64,
    /// Σ loss·weight of the current epoch's batches (Σ loss where losses are added).
    pub epoch_loss: f64,
    /// Rows of the current epoch's batches.
    pub epoch_rows: u64,
    /// What these rows weigh, where they do not count once each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch_weight: Option<f64>,
    /// The metrics of the current epoch's batches.
    pub epoch_metrics: Metrics,
    /// What the steps said of the current epoch's rows, where a metric of a user's own wants it.
    #[serde(default, skip_serializing_if = "SeenRows::is_empty")]
    pub epoch_seen: SeenRows,
    /// The running hash.
    pub checksum: u64,
    /// The base learning rate, if an observer changed it.
    pub learning_rate: Option<f64>,
    /// The best value of the metric that decides which weights are kept.
    pub best_value: Option<f64>,
    /// The epoch of that value.
    pub best_epoch: Option<u64>,
    /// Reports since the last gain.
    pub reports_without_gain: u64,
    /// What is known of a plateau, where one is watched for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plateau: Option<PlateauCounters>,
    /// How often the weights were added to their average.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub averaged: u64,
    /// The step of the last report, so that none is made twice.
    pub last_report: Option<u64>,
    /// Wall time of training so far.
    pub seconds: f64,
    /// Whether the run came to its end.
    pub finished: bool,
    /// The training loss of the first rows that were looked at, for one row: from it one tells a loss that explodes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_loss: Option<f64>,
}

/// Rows and what was said of them, in the order in which they came.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SeenRows {
    /// Which rows of the training part.
    pub rows: Vec<u32>,
    /// The predictions, as a user is told them: `[rows, outputs]`.
    pub predictions: Vec<f64>,
}

impl SeenRows {
    /// Whether the data have such rows, and as many outputs.
    pub(crate) fn are_of(&self, data: &Dataset) -> bool {
        let (rows, count) = (self.rows.len(), self.predictions.len());
        let outputs = count / rows.max(1);
        let fit = match data.targets() {
            DatasetTargets::Values { outputs: wanted, .. } => outputs == *wanted,
            DatasetTargets::Classes { .. } | DatasetTargets::None => outputs > 0,
        };
        rows == 0
            || count == rows * outputs && fit && self.rows.iter().all(|&row| (row as usize) < data.rows())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Adds the next rows.
    pub(crate) fn add(&mut self, rows: &[u32], predictions: &[f64]) {
        self.rows.extend_from_slice(rows);
        self.predictions.extend_from_slice(predictions);
    }

    /// Forgets them, and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.rows.clear();
        self.predictions.clear();
    }
}

/// What is known of a plateau.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlateauCounters {
    /// The best value of the metric so far.
    pub best: Option<f64>,
    /// Reports since then, or since the rates were last reduced.
    pub waited: u64,
    /// What is left of the rates.
    pub share: f64,
}

impl PlateauCounters {
    /// Nothing seen yet.
    pub(crate) const NEW: Self = PlateauCounters { best: None, waited: 0, share: 1.0 };
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Counters {
    /// The counters of a run that has not begun.
    pub(crate) fn new(epoch_metrics: Metrics) -> Self {
        Counters {
            step: 0,
            epoch: 0,
            batch: 0,
            epoch_loss: 0.0,
            epoch_rows: 0,
            epoch_weight: None,
            epoch_metrics,
            epoch_seen: SeenRows::default(),
            checksum: 0,
            learning_rate: None,
            best_value: None,
            best_epoch: None,
            reports_without_gain: 0,
            plateau: None,
            averaged: 0,
            last_report: None,
            seconds: 0.0,
            finished: false,
            first_loss: None,
        }
    }

    /// Becomes a copy of `other` in the memory that it has.
    fn copy_from(&mut self, other: &Counters) {
        let mut epoch_metrics = std::mem::replace(&mut self.epoch_metrics, Metrics::new(Task::Values, 0));
        epoch_metrics.copy_from(&other.epoch_metrics);
        let mut epoch_seen = std::mem::take(&mut self.epoch_seen);
        epoch_seen.clear();
        epoch_seen.add(&other.epoch_seen.rows, &other.epoch_seen.predictions);
        *self = Counters { epoch_metrics, epoch_seen, ..*other };
    }
}

/// The state of a run between two steps. Numbers are little-endian bytes of the run's precision.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// What the run computes in.
    pub precision: Precision,
    /// The counters.
    pub counters: Counters,
    /// The name of the optimizer whose state it is; empty in files of versions that did not write it.
    pub optimizer: String,
    /// All parameters, row-major, in layer order.
    pub parameters: Vec<u8>,
    /// For each parameter tensor in turn, the optimizer's slots one after the other.
    pub optimizer_state: Vec<u8>,
    /// The parameters of the best report, if one is kept.
    pub best_parameters: Option<Vec<u8>>,
    /// The average of the parameters, if one is kept.
    pub average: Option<Vec<u8>>,
    /// What the observers know that a resumed run must know, by their names.
    pub observers: BTreeMap<String, Options>,
}

impl State {
    /// The SHA-256 of the parameters, in hexadecimal: what [`Outcome`](super::Outcome) says of the last.
    pub fn parameters_sha256(&self) -> String {
        super::session::sha256(&self.parameters)
    }

    /// A state of nothing, whose memory others are copied into.
    pub(crate) fn empty() -> Self {
        State {
            precision: Precision::F32,
            counters: Counters::new(Metrics::new(Task::Values, 0)),
            optimizer: String::new(),
            parameters: Vec::new(),
            optimizer_state: Vec::new(),
            best_parameters: None,
            average: None,
            observers: BTreeMap::new(),
        }
    }

    /// Becomes a copy of `other` in the memory that it has.
    pub(crate) fn copy_from(&mut self, other: &State) {
        self.precision = other.precision;
        self.counters.copy_from(&other.counters);
        self.optimizer.clone_from(&other.optimizer);
        self.parameters.clone_from(&other.parameters);
        self.optimizer_state.clone_from(&other.optimizer_state);
        self.best_parameters.clone_from(&other.best_parameters);
        self.average.clone_from(&other.average);
        self.observers.clone_from(&other.observers);
    }

    /// Takes what a run knows between two steps, in the memory that it has.
    pub(crate) fn take<R: Real>(
        &mut self,
        counters: &Counters,
        parameters: &[R],
        optimizer_state: &[R],
        best_parameters: Option<&[R]>,
        average: Option<&[R]>,
    ) {
        self.precision = R::PRECISION;
        self.counters.copy_from(counters);
        copy_bytes(parameters, &mut self.parameters);
        copy_bytes(optimizer_state, &mut self.optimizer_state);
        let optional = [(best_parameters, &mut self.best_parameters), (average, &mut self.average)];
        for (values, bytes) in optional {
            match values {
                None => *bytes = None,
                Some(values) => copy_bytes(values, bytes.get_or_insert_default()),
            }
        }
    }
}

/// The little-endian bytes of some numbers.
pub(crate) fn to_bytes<R: Real>(values: &[R]) -> Vec<u8> {
    let mut bytes = Vec::new();
    copy_bytes(values, &mut bytes);
    bytes
}

/// The same, in the memory that there is.
fn copy_bytes<R: Real>(values: &[R], bytes: &mut Vec<u8>) {
    let size = size_of::<R>();
    bytes.resize(size_of_val(values), 0);
    for (bytes, value) in bytes.chunks_exact_mut(size).zip(values) {
        bytes.copy_from_slice(&value.bits().to_le_bytes()[..size]);
    }
}

/// The numbers that these little-endian bytes are; `None` unless there are exactly as many as `values` holds.
pub(crate) fn from_bytes<R: Real>(bytes: &[u8], values: &mut [R]) -> Option<()> {
    let size = size_of::<R>();
    if bytes.len() != size_of_val(values) {
        return None;
    }
    for (value, bytes) in values.iter_mut().zip(bytes.chunks_exact(size)) {
        let mut bits = [0; 8];
        bits[..size].copy_from_slice(bytes);
        *value = R::from_bits(u64::from_le_bytes(bits));
    }
    Some(())
}
