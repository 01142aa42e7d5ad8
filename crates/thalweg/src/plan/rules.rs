//! What a step is told: its rows, its rates, and the rules of the run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::data::Dataset;
use crate::kernels::sums;
use crate::losses::Loss;
use crate::network::PlacedLayer;
use crate::optimizers::Optimizer;
use crate::real::Real;

/// Rows of a data set that are worked together.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// The data.
    pub data: &'a Dataset,
    /// Which of its rows.
    pub rows: &'a [u32],
    /// The epoch, from 0: random masks depend on it.
    pub epoch: u64,
}

/// The learning rate and the decay of one step.
#[derive(Clone, Debug)]
pub struct Rates {
    /// The number of this update, from 1.
    pub step: u64,
    /// The learning rate of every layer, by number.
    pub learning_rates: Vec<f64>,
}

/// What decides a plan, beside the network.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The loss.
    pub loss: Loss,
    /// The update rule.
    pub optimizer: Optimizer,
    /// Adds ½·l2·Σw² to the loss.
    pub l2: f64,
    /// Adds l1·Σ|w| to the loss.
    pub l1: f64,
    /// Decoupled decay of the weights.
    pub weight_decay: f64,
    /// Each value of the gradient is cut to this magnitude, before the norm is looked at.
    pub clip_value: Option<f64>,
    /// The gradient is shortened to this norm where it is longer.
    pub clip_norm: Option<f64>,
    /// After each update, what comes into a unit is shortened to this norm where it is longer.
    pub max_norm: Option<f64>,
    /// Into how many runs of rows each batch is cut for its gradient.
    pub shards: usize,
    /// The run's seed.
    pub seed: u64,
    /// Layers whose parameters stay.
    pub frozen: Vec<usize>,
    /// Raised by a part of a user's own whose call failed: what it gave is no number, and the step may not be taken.
    pub failure: Option<Arc<AtomicBool>>,
}

impl Rules {
    /// Rules for forward passes alone.
    pub fn forward_only(loss: Loss) -> Self {
        Rules {
            loss,
            optimizer: Optimizer::Sgd,
            l2: 0.0,
            l1: 0.0,
            weight_decay: 0.0,
            clip_value: None,
            clip_norm: None,
            max_norm: None,
            shards: 1,
            seed: 0,
            frozen: Vec::new(),
            failure: None,
        }
    }

    /// Whether a part of a user's own has failed.
    pub(crate) fn has_failed(&self) -> bool {
        self.failure.as_ref().is_some_and(|failure| failure.load(Ordering::Relaxed))
    }

    /// Whether a step needs the whole gradient before any parameter may change.
    pub(crate) fn wants_whole_gradient(&self) -> bool {
        self.clip_norm.is_some() || !self.optimizer.is_elementwise()
    }

    /// Whether weights are penalised.
    pub(crate) fn has_penalty(&self) -> bool {
        self.l2 != 0.0 || self.l1 != 0.0
    }

    /// ½·l2·Σw² + l1·Σ|w| over the weights of a network.
    pub fn penalty<R: Real>(&self, layers: &[PlacedLayer], parameters: &[R]) -> f64 {
        let mut penalty = 0.0;
        for parameter in layers.iter().flat_map(|layer| &layer.parameters).filter(|p| p.role.is_penalised()) {
            let w = &parameters[parameter.range.clone()];
            if self.l2 != 0.0 {
                penalty += 0.5 * self.l2 * sums::sum_of_squares(w);
            }
            if self.l1 != 0.0 {
                penalty += self.l1 * sums::sum_of_magnitudes(w);
            }
        }
        penalty
    }
}
