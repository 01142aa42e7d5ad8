//! How a network is trained, as an experiment file or a builder says it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::custom::CustomMetric;
use crate::data::Augmentation;
use crate::losses::Loss;
use crate::metrics::Metric;
use crate::optimizers::Optimizer;
use crate::schedules::Schedule;

/// How many rows an update sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchSize {
    /// This many, at least 1; the last batch of an epoch may be shorter.
    Rows(usize),
    /// All of them: an epoch is a step.
    Full,
}

/// How often something happens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Every {
    /// After so many updates.
    Steps(u64),
    /// After so many passes over the training set.
    Epochs(u64),
    /// After so many minutes of wall time.
    Minutes(f64),
}

/// When to stop because nothing gets better.
#[derive(Clone, Debug, PartialEq)]
pub struct EarlyStopping {
    /// `"validation.loss"`, `"validation.accuracy"` ...: a part and one of its metrics.
    pub metric: String,
    /// How many reports without a gain are waited for.
    pub patience: u64,
    /// What counts as a gain, in the metric's unit.
    pub min_delta: f64,
}

/// When every learning rate becomes smaller because nothing gets better.
#[derive(Clone, Debug, PartialEq)]
pub struct ReduceOnPlateau {
    /// `"validation.loss"`, `"validation.accuracy"` ...: a part and one of its metrics.
    pub metric: String,
    /// By what the rates are multiplied, above 0 and below 1; 0.1 by default.
    pub factor: f64,
    /// How many reports without a gain are waited for, at least 1; 10 by default.
    pub patience: u64,
    /// What counts as a gain, in the metric's unit.
    pub min_delta: f64,
    /// The least that is left of the rates, as a share of what they would be; 0 by default.
    pub least_share: f64,
}

/// An average of the weights over the steps, which is validated and kept in place of the last weights.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum WeightAverage {
    /// After each step, average ← average + (1 - decay)·(w - average); the mean of all, as long as these are few.
    ///
    /// Source: Polyak, Juditsky, "Acceleration of stochastic approximation by averaging" (1992), with a decay.
    Ema {
        /// What the average keeps, 0 or more and less than 1; 0.999 by default.
        decay: f64,
    },
    /// The mean of the weights at the ends of the epochs, from some point of the run on.
    ///
    /// Source: Izmailov et al., "Averaging weights leads to wider optima and better generalization" (2018), algorithm 1.
    Swa {
        /// From which share of the run's steps on, 0 or more and less than 1; 0.75 by default.
        start: f64,
    },
}

/// What one layer does differently.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct LayerTraining {
    /// Its own learning rate, in place of the base rate; the schedule's share applies to it too.
    pub learning_rate: Option<f64>,
    /// Its parameters are not changed.
    pub frozen: bool,
}

/// How a network is trained. The defaults are those of the experiment file.
#[derive(Clone, Debug)]
pub struct TrainingSettings {
    /// `None`: by the target.
    pub loss: Option<Loss>,
    /// The update rule.
    pub optimizer: Optimizer,
    /// The base learning rate; `None` takes the optimizer's default.
    pub learning_rate: Option<f64>,
    /// The rate as a function of the step.
    pub schedule: Schedule,
    /// Adds ½·l2·Σw² to the loss; weights only.
    pub l2: f64,
    /// Adds l1·Σ|w| to the loss; weights only.
    pub l1: f64,
    /// Decoupled decay: w ← w - rate·weight_decay·w; weights only.
    pub weight_decay: f64,
    /// Each value of the gradient is cut to this magnitude, before the norm is looked at.
    pub clip_value: Option<f64>,
    /// The gradient is shortened to this norm where it is longer.
    pub clip_norm: Option<f64>,
    /// After each update, the weights that come into a unit are shortened to this norm where they are longer.
    pub max_norm: Option<f64>,
    /// How many rows an update sees, or one of the batches that it adds up.
    pub batch_size: BatchSize,
    /// How many batches an update adds up, at least 1: the gradient is that of one batch so many times as large. Where rows are
    /// worked in tiles, it needs little more memory.
    pub accumulate: usize,
    /// Whether the rows are reordered each epoch.
    pub shuffle: bool,
    /// How images of the training part are changed each epoch.
    pub augment: Option<Augmentation>,
    /// The run ends after so many epochs.
    pub epochs: Option<u64>,
    /// The run ends after so many steps, if that comes first.
    pub steps: Option<u64>,
    /// What single layers do differently, by layer number.
    pub layer: BTreeMap<usize, LayerTraining>,
    /// When to stop because nothing gets better.
    pub early_stopping: Option<EarlyStopping>,
    /// When the learning rates become smaller because nothing gets better.
    pub reduce_on_plateau: Option<ReduceOnPlateau>,
    /// An average of the weights, in place of the last.
    pub average: Option<WeightAverage>,
    /// Metrics that each report has beside those that are always there; the training part has those of them that can be added up
    /// batch by batch.
    pub metrics: Vec<Metric>,
    /// Metrics of a program's own, for every report.
    pub custom_metrics: Vec<Arc<dyn CustomMetric>>,
    /// How often a report is made; `None`: each epoch, or every 100 steps of a full-batch run.
    pub report_every: Option<Every>,
    /// How often the state is saved; `None`: at the end.
    pub checkpoint_every: Option<Every>,
    /// How many of the newest states a run's folder keeps, at least 1.
    pub keep_checkpoints: usize,
    /// Into how many runs of rows each batch is cut (NUMERICS rule 8).
    pub shards: usize,
}

impl TrainingSettings {
    /// How many rows an update sees.
    pub fn rows_per_update(&self) -> BatchSize {
        match self.batch_size {
            BatchSize::Rows(rows) => BatchSize::Rows(rows.saturating_mul(self.accumulate.max(1))),
            BatchSize::Full => BatchSize::Full,
        }
    }
}

impl Default for TrainingSettings {
    fn default() -> Self {
        TrainingSettings {
            loss: None,
            optimizer: Optimizer::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
            learning_rate: None,
            schedule: Schedule::Constant,
            l2: 0.0,
            l1: 0.0,
            weight_decay: 0.0,
            clip_value: None,
            clip_norm: None,
            max_norm: None,
            batch_size: BatchSize::Rows(32),
            accumulate: 1,
            shuffle: true,
            augment: None,
            epochs: Some(100),
            steps: None,
            layer: BTreeMap::new(),
            early_stopping: None,
            reduce_on_plateau: None,
            average: None,
            metrics: Vec::new(),
            custom_metrics: Vec::new(),
            report_every: None,
            checkpoint_every: None,
            keep_checkpoints: 2,
            shards: 1,
        }
    }
}
