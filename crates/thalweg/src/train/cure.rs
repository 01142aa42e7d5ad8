//! What to try when a loss ran away: one cure, chosen by rule.

use std::fmt;

use crate::activations::Activation;
use crate::data::{Dataset, DatasetTargets};
use crate::error::short;
use crate::layers::Layer;

/// Inputs and targets beyond this, as the network is given them, are large: standardized ones hardly reach 10.
const LARGE: f64 = 100.0;

/// So many rows tell how large the data are.
const ROWS_SEEN: usize = 10_000;

/// What to try when a loss stopped being finite or exploded.
///
/// The first rule that fits decides:
///
/// 1. The loss is not finite though every output of a layer is, and the last layer is a sigmoid or a softmax: the loss took the
///    logarithm of a probability that had become 0. [`LossFromLogits`](Cure::LossFromLogits).
/// 2. An input of the network is beyond 100. [`ScaleFeatures`](Cure::ScaleFeatures).
/// 3. A target, as the network is to say it, is beyond 100, and the loss takes scaled ones. [`ScaleTarget`](Cure::ScaleTarget).
/// 4. The loss had fallen from the first report to the last, and gradients are not clipped: a single step was too long.
///    [`ClipNorm`](Cure::ClipNorm).
/// 5. Else a tenth of the learning rate. [`LowerRate`](Cure::LowerRate).
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Cure {
    /// Leave out the layer that makes probabilities, and take a loss that is computed from logits.
    LossFromLogits,
    /// Scale the inputs.
    ScaleFeatures {
        /// How far from 0 they reach.
        largest: f64,
    },
    /// Scale the targets.
    ScaleTarget {
        /// How far from 0 they reach.
        largest: f64,
    },
    /// Shorten long gradients.
    ClipNorm,
    /// Lower the learning rate.
    LowerRate {
        /// What to try.
        to: f64,
    },
}

impl fmt::Display for Cure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cure::LossFromLogits => f.write_str(
                "leave out the last layer, which makes probabilities, and take a loss from logits such as softmax_cross_entropy",
            ),
            Cure::ScaleFeatures { largest } => {
                write!(f, "the inputs reach {}: scale them with data.scale = \"standard\"", short(*largest))
            }
            Cure::ScaleTarget { largest } => write!(
                f,
                "the targets reach {}: scale them with data.scale_target = \"standard\"",
                short(*largest)
            ),
            Cure::ClipNorm => f.write_str("shorten long gradients with training.clip_norm = 1.0"),
            Cure::LowerRate { to } => write!(f, "try a learning rate of {}", short(*to)),
        }
    }
}

/// What is known of a run whose loss ran away.
pub(crate) struct Symptoms<'a> {
    /// The loss.
    pub(crate) loss: f64,
    /// What of a layer was the first that was not finite, "output" or "gradient"; else "weights".
    pub(crate) first: Option<&'static str>,
    /// The last layer.
    pub(crate) last_layer: Option<&'a Layer>,
    /// The rows that were trained on.
    pub(crate) train: &'a Dataset,
    /// Whether the loss takes scaled targets.
    pub(crate) takes_scaled_targets: bool,
    /// Whether gradients are clipped.
    pub(crate) is_clipped: bool,
    /// Whether the last report's loss was below the first's.
    pub(crate) had_learned: bool,
    /// The learning rate before the schedule's share.
    pub(crate) base_rate: f64,
}

impl Symptoms<'_> {
    /// Chooses by the rules that stand at [`Cure`].
    pub(crate) fn cure(&self) -> Cure {
        let makes_probabilities =
            matches!(self.last_layer, Some(Layer::Activation(Activation::Sigmoid | Activation::Softmax)));
        if !self.loss.is_finite() && self.first != Some("output") && makes_probabilities {
            return Cure::LossFromLogits;
        }
        let largest = rounded(largest_feature(self.train));
        if largest > LARGE {
            return Cure::ScaleFeatures { largest };
        }
        let largest = rounded(largest_target(self.train));
        if largest > LARGE && self.takes_scaled_targets {
            return Cure::ScaleTarget { largest };
        }
        if self.had_learned && !self.is_clipped {
            return Cure::ClipNorm;
        }
        Cure::LowerRate { to: rounded(self.base_rate / 10.0) }
    }
}

/// Three digits of a number that people read.
fn rounded(value: f64) -> f64 {
    format!("{value:.2e}").parse().unwrap_or(value)
}

/// The size of the largest input, scaled as the network is given it.
fn largest_feature(data: &Dataset) -> f64 {
    let mut x = vec![0.0_f64; data.columns()];
    let mut largest = 0.0;
    for row in 0..data.rows().min(ROWS_SEEN) {
        data.gather(&[row as u32], &mut x);
        largest = x.iter().fold(largest, |largest: f64, x| largest.max(x.abs()));
    }
    largest
}

/// The size of the largest target that is a number, scaled as the network is to say it.
fn largest_target(data: &Dataset) -> f64 {
    let DatasetTargets::Values { values, outputs } = data.targets() else { return 0.0 };
    let scale = data.target_scale();
    let scaled = values.iter().enumerate().map(|(i, t)| scale.to_training_units(i % outputs, *t));
    scaled.take(ROWS_SEEN * outputs).fold(0.0, |largest, t| largest.max(t.abs()))
}
