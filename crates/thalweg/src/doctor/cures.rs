//! Cures that several findings share, as they are typed.

use super::patient::Patient;
use crate::activations::Activation;
use crate::explain::number::short;
use crate::layers::Layer;

/// `--lr`, with one digit: the rate times a factor.
pub(super) fn rate(patient: &Patient<'_>, factor: f64) -> String {
    let rate = patient.rate() * factor;
    let round: f64 = format!("{rate:.0e}").parse().unwrap_or(rate);
    format!("--lr {}", short(round))
}

/// How weights should start: by He's or Glorot's rule, whichever goes with the hidden layers. `None` where they do.
pub(super) fn start(patient: &Patient<'_>) -> Option<String> {
    let own = patient.layers().any(|layer| matches!(layer, Layer::Dense(dense) if dense.init.is_some()));
    if own {
        return Some("take the `init` out of the layers in network.layers".to_owned());
    }
    patient.prepared.experiment.network.init.as_ref()?;
    let is_relu_like = |layer: &Layer| matches!(layer, Layer::Activation(a) if a.is_relu_like());
    let rule = if patient.layers().any(is_relu_like) { "he_normal" } else { "glorot_uniform" };
    Some(format!("--set network.init={rule}"))
}

/// Whether a hidden layer is a sigmoid or tanh.
pub(super) fn has_squashing(patient: &Patient<'_>) -> bool {
    let squashes = |layer: &Layer| matches!(layer, Layer::Activation(Activation::Sigmoid | Activation::Tanh));
    patient.layers().any(squashes)
}

/// Several ways, the first one first.
pub(super) fn or<'a>(ways: impl IntoIterator<Item = &'a str>) -> String {
    ways.into_iter().collect::<Vec<_>>().join(", or ")
}
