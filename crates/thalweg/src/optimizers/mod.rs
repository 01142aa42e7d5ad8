//! Optimizers: one file each, the update rule.
//!
//! A rule changes a run of parameters `w` by their gradient `dw`, element by element in the order of operations that
//! NUMERICS rule 14 fixes. Its constants are computed in `f64` and rounded once to the scalar type. What a rule remembers
//! lies in slots, one after the other, each as long as `w` and zero at the start. State whose magnitude falls below
//! [`Real::STATE_FLOOR`] becomes zero (rule 12).

mod adadelta;
mod adagrad;
mod adam;
mod adam_w;
mod formula;
pub(crate) mod lbfgs;
mod lion;
mod momentum;
pub(crate) mod muon;
mod nadam;
mod rms_prop;
mod rprop;
mod sgd;
#[cfg(test)]
mod tests;
mod weight_decay;

use std::borrow::Cow;
use std::sync::Arc;

use crate::custom::{AnyCustomOptimizer, Pick};
use crate::real::Real;

/// What an update rule is told about the step.
#[derive(Clone, Copy, Debug)]
pub struct Update {
    /// The number of this update, from 1.
    pub step: u64,
    /// The learning rate of these parameters at this step.
    pub learning_rate: f64,
    /// The decoupled weight decay of these parameters: 0 for biases. The trainer adds the settings' own and
    /// [`Optimizer::weight_decay`], which is AdamW's.
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
    /// v ← v + dw²; w ← w - rate·dw / (√v + epsilon).
    Adagrad {
        /// Keeps the divisor from zero; 1e-10 by default.
        epsilon: f64,
    },
    /// Steps in the parameter's own unit, from the mean squares of gradients and steps.
    Adadelta {
        /// How much of the old mean squares stays; 0.9 by default.
        rho: f64,
        /// Added under the roots; 1e-6 by default.
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
    /// Adam with Nesterov's look ahead.
    Nadam {
        /// How much of the old mean stays; 0.9 by default.
        beta1: f64,
        /// How much of the old mean square stays; 0.999 by default.
        beta2: f64,
        /// Keeps the divisor from zero; 1e-8 by default.
        epsilon: f64,
    },
    /// w ← w - rate·sign(beta1·m + (1-beta1)·dw); m ← beta2·m + (1-beta2)·dw.
    Lion {
        /// How much of the mean goes into a step; 0.9 by default.
        beta1: f64,
        /// How much of the mean stays; 0.99 by default.
        beta2: f64,
    },
    /// A step for each parameter, from the gradient's sign alone; for full batches.
    Rprop {
        /// By what a step shrinks where the gradient turned, above 0 and below 1; 0.5 by default.
        shrink: f64,
        /// By what it grows where the sign stayed, above 1; 1.2 by default.
        grow: f64,
        /// The smallest step, above 0; 1e-6 by default.
        least: f64,
        /// The largest step; 50 by default.
        most: f64,
    },
    /// Hidden matrices move by their momentum with all singular values near 1, everything else by Adam.
    Muon {
        /// How much of the mean stays; 0.95 by default.
        momentum: f64,
        /// How often the iteration towards 1 is made, at least 1; 5 by default.
        iterations: usize,
        /// Adam's rate as a share of the rate; 0.05 by default.
        adam_share: f64,
    },
    /// A step by the curvature that the last gradients show, as far as a line search says; for full batches.
    Lbfgs {
        /// How many steps back the curvature is remembered, at least 1; 10 by default.
        history: usize,
    },
    /// A user's own.
    Custom(Arc<dyn AnyCustomOptimizer>),
}

impl Optimizer {
    /// The names of the built-in rules in experiment files. Nesterov's form is a flag of `momentum`.
    pub const NAMES: [&'static str; 12] = [
        "sgd", "momentum", "rmsprop", "adagrad", "adadelta", "adam", "adamw", "nadam", "lion", "rprop",
        "muon", "lbfgs",
    ];

    /// The names of the rules that change each parameter by its own gradient alone; the others look at the loss too.
    pub const ELEMENTWISE_NAMES: [&'static str; 10] =
        ["sgd", "momentum", "rmsprop", "adagrad", "adadelta", "adam", "adamw", "nadam", "lion", "rprop"];

    /// The built-in rule of this name, with its default constants.
    ///
    /// # Example
    /// ```
    /// use thalweg::optimizers::{Optimizer, Update};
    ///
    /// let sgd = Optimizer::from_name("sgd").expect("a name of the list");
    /// let mut w = [1.0, 2.0];
    /// sgd.update(&Update { step: 1, learning_rate: 0.5, weight_decay: 0.0 }, &mut w, &[2.0, -4.0], &mut []);
    /// assert_eq!(w, [0.0, 4.0]);
    /// ```
    pub fn from_name(name: &str) -> Option<Self> {
        let (beta1, beta2, epsilon) = (adam::DEFAULT_BETA1, adam::DEFAULT_BETA2, adam::DEFAULT_EPSILON);
        Some(match name {
            "sgd" => Optimizer::Sgd,
            "momentum" => Optimizer::Momentum { momentum: momentum::DEFAULT_MOMENTUM, nesterov: false },
            "rmsprop" => {
                Optimizer::RmsProp { rho: rms_prop::DEFAULT_RHO, epsilon: rms_prop::DEFAULT_EPSILON }
            }
            "adagrad" => Optimizer::Adagrad { epsilon: adagrad::DEFAULT_EPSILON },
            "adadelta" => {
                Optimizer::Adadelta { rho: adadelta::DEFAULT_RHO, epsilon: adadelta::DEFAULT_EPSILON }
            }
            "nadam" => Optimizer::Nadam { beta1, beta2, epsilon },
            "lion" => Optimizer::Lion { beta1: lion::DEFAULT_BETA1, beta2: lion::DEFAULT_BETA2 },
            "rprop" => Optimizer::Rprop {
                shrink: rprop::DEFAULT_SHRINK,
                grow: rprop::DEFAULT_GROW,
                least: rprop::DEFAULT_LEAST,
                most: rprop::DEFAULT_MOST,
            },
            "muon" => Optimizer::Muon {
                momentum: muon::DEFAULT_MOMENTUM,
                iterations: muon::DEFAULT_ITERATIONS,
                adam_share: muon::DEFAULT_ADAM_SHARE,
            },
            "lbfgs" => Optimizer::Lbfgs { history: lbfgs::DEFAULT_HISTORY },
            "adam" => Optimizer::Adam { beta1, beta2, epsilon },
            "adamw" => Optimizer::AdamW { beta1, beta2, epsilon, weight_decay: adam_w::DEFAULT_WEIGHT_DECAY },
            _ => return None,
        })
    }

    /// The name in experiment files; a custom optimizer's own.
    pub fn name(&self) -> &str {
        match self {
            Optimizer::Sgd => "sgd",
            Optimizer::Momentum { .. } => "momentum",
            Optimizer::RmsProp { .. } => "rmsprop",
            Optimizer::Adam { .. } => "adam",
            Optimizer::AdamW { .. } => "adamw",
            Optimizer::Adagrad { .. } => "adagrad",
            Optimizer::Adadelta { .. } => "adadelta",
            Optimizer::Nadam { .. } => "nadam",
            Optimizer::Lion { .. } => "lion",
            Optimizer::Rprop { .. } => "rprop",
            Optimizer::Muon { .. } => "muon",
            Optimizer::Lbfgs { .. } => "lbfgs",
            Optimizer::Custom(part) => <f64 as Pick>::optimizer(part.as_ref()).name(),
        }
    }

    /// The learning rate where none is given: 1e-3 for the rules that divide by the gradient's size, 1e-4 for Lion, 1 for
    /// Adadelta and L-BFGS, which find their own steps, 0.02 for Muon, else 1e-2.
    pub const fn default_learning_rate(&self) -> f64 {
        match self {
            Optimizer::RmsProp { .. }
            | Optimizer::Adam { .. }
            | Optimizer::AdamW { .. }
            | Optimizer::Nadam { .. } => 1e-3,
            Optimizer::Lion { .. } => 1e-4,
            Optimizer::Muon { .. } => 0.02,
            Optimizer::Adadelta { .. } | Optimizer::Lbfgs { .. } => 1.0,
            Optimizer::Sgd
            | Optimizer::Momentum { .. }
            | Optimizer::Adagrad { .. }
            | Optimizer::Rprop { .. }
            | Optimizer::Custom(_) => 1e-2,
        }
    }

    /// Whether it changes each parameter by its own gradient alone, as [`ELEMENTWISE_NAMES`](Self::ELEMENTWISE_NAMES) do.
    pub(crate) const fn is_elementwise(&self) -> bool {
        !matches!(self, Optimizer::Muon { .. } | Optimizer::Lbfgs { .. } | Optimizer::Custom(_))
    }

    /// The decoupled weight decay that belongs to the rule itself: AdamW's constant, else 0. The trainer hands it back,
    /// for weights only, in [`Update::weight_decay`]; [`update`](Self::update) looks nowhere else.
    pub const fn weight_decay(&self) -> f64 {
        match self {
            Optimizer::AdamW { weight_decay, .. } => *weight_decay,
            _ => 0.0,
        }
    }

    /// How many values of state each parameter has.
    pub fn state_slots(&self) -> usize {
        match self {
            Optimizer::Sgd => 0,
            Optimizer::Momentum { .. }
            | Optimizer::RmsProp { .. }
            | Optimizer::Adagrad { .. }
            | Optimizer::Lion { .. } => 1,
            Optimizer::Adadelta { .. }
            | Optimizer::Adam { .. }
            | Optimizer::AdamW { .. }
            | Optimizer::Nadam { .. }
            | Optimizer::Rprop { .. }
            | Optimizer::Muon { .. } => 2,
            Optimizer::Lbfgs { history } => 2 * history,
            Optimizer::Custom(part) => <f64 as Pick>::optimizer(part.as_ref()).state_slots(),
        }
    }

    /// What the slots of the state are called in checkpoints, in order; a custom optimizer's are numbered.
    pub fn slot_names(&self) -> Vec<Cow<'static, str>> {
        match self {
            Optimizer::Sgd => vec![],
            Optimizer::Momentum { .. } => vec!["velocity".into()],
            Optimizer::RmsProp { .. } => vec!["mean_square".into()],
            Optimizer::Adagrad { .. } => vec!["sum_of_squares".into()],
            Optimizer::Adadelta { .. } => vec!["mean_square".into(), "mean_square_step".into()],
            Optimizer::Adam { .. }
            | Optimizer::AdamW { .. }
            | Optimizer::Nadam { .. }
            | Optimizer::Muon { .. } => {
                vec!["mean".into(), "mean_square".into()]
            }
            Optimizer::Lion { .. } => vec!["mean".into()],
            Optimizer::Rprop { .. } => vec!["gradient".into(), "step".into()],
            Optimizer::Lbfgs { history } => {
                (0..*history).flat_map(|i| [format!("s{i}").into(), format!("y{i}").into()]).collect()
            }
            Optimizer::Custom(_) => {
                (0..self.state_slots()).map(|slot| format!("slot{slot}").into()).collect()
            }
        }
    }

    /// Changes the parameters `w` by the gradient `dw`.
    ///
    /// First, where `update.weight_decay` is above 0, w ← fma(-(rate·weight_decay), w, w); then the rule. A custom
    /// optimizer sees to the decay itself. L-BFGS, which must look at the loss, does nothing here, and Muon what it does to everything
    /// but hidden matrices.
    ///
    /// # Shapes
    /// `w`, `dw`: any run of parameters; `state`: [`state_slots`](Self::state_slots) slots, one after the other, each as
    /// long as `w`.
    ///
    /// # Panics
    /// If the lengths do not fit each other.
    pub fn update<R: Real>(&self, update: &Update, w: &mut [R], dw: &[R], state: &mut [R]) {
        assert_eq!(w.len(), dw.len(), "w and dw have the same length");
        assert_eq!(state.len(), self.state_slots() * w.len(), "every slot of the state is as long as w");
        if let Optimizer::Custom(part) = self {
            return R::optimizer(part.as_ref()).update(update, w, dw, state);
        }
        if let Some(rule) = self.at_step::<R>(update) {
            rule.update(w, dw, state);
        }
    }

    /// The rule with its constants for one step, computed once for all runs of parameters that share a rate and a decay;
    /// `None` for a user's own and for L-BFGS.
    pub(crate) fn at_step<R: Real>(&self, update: &Update) -> Option<StepRule<R>> {
        let rule = match self {
            Optimizer::Sgd => Rule::Sgd { minus_rate: R::from_f64(-update.learning_rate) },
            Optimizer::Momentum { momentum, nesterov: false } => {
                Rule::Momentum(momentum::Constants::at_step(*momentum, update))
            }
            Optimizer::Momentum { momentum, nesterov: true } => {
                Rule::Nesterov(momentum::Constants::at_step(*momentum, update))
            }
            Optimizer::RmsProp { rho, epsilon } => {
                Rule::RmsProp(rms_prop::Constants::at_step(*rho, *epsilon, update))
            }
            Optimizer::Adam { beta1, beta2, epsilon } | Optimizer::AdamW { beta1, beta2, epsilon, .. } => {
                Rule::Adam(adam::Constants::at_step(*beta1, *beta2, *epsilon, update))
            }
            Optimizer::Muon { adam_share, .. } => {
                let update = Update { learning_rate: adam_share * update.learning_rate, ..*update };
                let (beta1, beta2) = (adam::DEFAULT_BETA1, adam::DEFAULT_BETA2);
                let rule = Rule::Adam(adam::Constants::at_step(beta1, beta2, adam::DEFAULT_EPSILON, &update));
                return Some(StepRule { decay: weight_decay::share(&update), rule });
            }
            Optimizer::Adagrad { epsilon } => Rule::Adagrad(adagrad::Constants::at_step(*epsilon, update)),
            Optimizer::Adadelta { rho, epsilon } => {
                Rule::Adadelta(rms_prop::Constants::at_step(*rho, *epsilon, update))
            }
            Optimizer::Nadam { beta1, beta2, epsilon } => {
                Rule::Nadam(nadam::Constants::at_step(*beta1, *beta2, *epsilon, update))
            }
            Optimizer::Lion { beta1, beta2 } => Rule::Lion(lion::Constants::at_step(*beta1, *beta2, update)),
            Optimizer::Rprop { shrink, grow, least, most } => {
                Rule::Rprop(rprop::Constants::at_step(*shrink, *grow, *least, *most, update))
            }
            Optimizer::Lbfgs { .. } | Optimizer::Custom(_) => return None,
        };
        Some(StepRule { decay: weight_decay::share(update), rule })
    }
}

/// An update rule with its constants for one step, rounded to the scalar type.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StepRule<R> {
    decay: Option<R>,
    rule: Rule<R>,
}

#[derive(Clone, Copy, Debug)]
enum Rule<R> {
    Sgd { minus_rate: R },
    Momentum(momentum::Constants<R>),
    Nesterov(momentum::Constants<R>),
    RmsProp(rms_prop::Constants<R>),
    Adagrad(adagrad::Constants<R>),
    Adadelta(rms_prop::Constants<R>),
    Adam(adam::Constants<R>),
    Nadam(nadam::Constants<R>),
    Lion(lion::Constants<R>),
    Rprop(rprop::Constants<R>),
}

impl<R: Real> StepRule<R> {
    /// -rate, if the rule is gradient descent and nothing else.
    pub(crate) fn descent(&self) -> Option<R> {
        match (self.decay, self.rule) {
            (None, Rule::Sgd { minus_rate }) => Some(minus_rate),
            _ => None,
        }
    }

    /// Changes a run of parameters `w` by their gradient `dw`; `state` holds the rule's slots one after the other, each as
    /// long as `w`.
    #[inline(always)]
    pub(crate) fn update(&self, w: &mut [R], dw: &[R], state: &mut [R]) {
        if let Some(share) = self.decay {
            weight_decay::decay(share, w);
        }
        match self.rule {
            Rule::Sgd { minus_rate } => sgd::update(minus_rate, w, dw),
            Rule::Momentum(constants) => momentum::update(constants, w, dw, state),
            Rule::Nesterov(constants) => momentum::update_nesterov(constants, w, dw, state),
            Rule::RmsProp(constants) => rms_prop::update(constants, w, dw, state),
            Rule::Adagrad(constants) => adagrad::update(constants, w, dw, state),
            Rule::Adadelta(constants) => adadelta::update(constants, w, dw, state),
            Rule::Adam(constants) => adam::update(constants, w, dw, state),
            Rule::Nadam(constants) => nadam::update(constants, w, dw, state),
            Rule::Lion(constants) => lion::update(constants, w, dw, state),
            Rule::Rprop(constants) => rprop::update(constants, w, dw, state),
        }
    }
}

/// NUMERICS rule 12: zero where the magnitude is below the floor; NaN stays.
#[inline(always)]
fn settled<R: Real>(state: R) -> R {
    if state.abs() < R::STATE_FLOOR { R::ZERO } else { state }
}
