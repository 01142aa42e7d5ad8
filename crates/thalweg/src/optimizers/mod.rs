//! Optimizers: one file each, the update rule.

use std::sync::Arc;

use crate::custom::AnyCustomOptimizer;

/// What an update rule is told about the step.
#[derive(Clone, Copy, Debug)]
pub struct Update {
    /// The number of this update, from 1.
    pub step: u64,
    /// The learning rate of these parameters at this step.
    pub learning_rate: f64,
    /// The decoupled weight decay of these parameters: 0 for biases.
    pub weight_decay: f64,
}

/// An update rule with its constants. The learning rate is the trainer's.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Optimizer {
    /// w ← w - rate·dw.
    Sgd,
    /// v ← momentum·v + dw; w ← w - rate·v.
    Momentum {
        /// How much of the old velocity stays; 0.9 by default.
        momentum: f64,
        /// Nesterov's form: w ← w - rate·(dw + momentum·v).
        nesterov: bool,
    },
    /// v ← rho·v + (1-rho)·dw²; w ← w - rate·dw / (√v + epsilon).
    RmsProp {
        /// How much of the old mean square stays; 0.9 by default.
        rho: f64,
        /// Keeps the divisor from zero; 1e-8 by default.
        epsilon: f64,
    },
    /// Adam: bias-corrected first and second moments.
    Adam {
        /// How much of the old mean stays; 0.9 by default.
        beta1: f64,
        /// How much of the old mean square stays; 0.999 by default.
        beta2: f64,
        /// Keeps the divisor from zero; 1e-8 by default.
        epsilon: f64,
    },
    /// Adam with decoupled weight decay.
    AdamW {
        /// How much of the old mean stays; 0.9 by default.
        beta1: f64,
        /// How much of the old mean square stays; 0.999 by default.
        beta2: f64,
        /// Keeps the divisor from zero; 1e-8 by default.
        epsilon: f64,
        /// w ← w - rate·weight_decay·w before the step, weights only; 0.01 by default.
        weight_decay: f64,
    },
    /// A user's own.
    Custom(Arc<dyn AnyCustomOptimizer>),
}
