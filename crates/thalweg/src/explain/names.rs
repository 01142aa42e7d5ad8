//! What the matrices of a step are called: as in a textbook, with the layer's number.

use crate::layers::Layer;
use crate::losses::Loss;
use crate::network::PlacedLayer;

/// The names of all values of a network: the input of every layer, then the output of the last.
///
/// `x` comes in; a dense layer or a convolution gives `z`, an activation `a`, any other layer `y`, each with the layer's number; what
/// goes into the loss is `logits`, `log λ`, `scores` or `ŷ`.
pub(super) fn values(layers: &[PlacedLayer], loss: &Loss) -> Vec<String> {
    let mut names = vec!["x".to_owned()];
    for (i, layer) in layers.iter().enumerate() {
        let letter = match &layer.layer {
            layer if layer.has_weights() => "z",
            Layer::Activation(_) => "a",
            _ => "y",
        };
        let is_last = i + 1 == layers.len();
        names.push(match is_last {
            false => format!("{letter}{i}"),
            true => last(loss).to_owned(),
        });
    }
    names
}

/// What goes into the loss.
fn last(loss: &Loss) -> &'static str {
    if loss.from_logits() {
        "logits"
    } else if loss.from_log_rates() {
        "log λ"
    } else if loss.gives_scores() {
        "scores"
    } else {
        "ŷ"
    }
}

/// The names of a layer's parameters: `w0` and `b0` for `0.weight` and `0.bias`; other words stay.
pub(super) fn parameters(layer: &PlacedLayer) -> Vec<String> {
    let name = |parameter: &str| {
        // The layer's number, with the places inside blocks: 3.0.
        let (path, word) = parameter.rsplit_once('.').unwrap_or(("", parameter));
        match word {
            "weight" => format!("w{path}"),
            "bias" => format!("b{path}"),
            other => format!("{other}{path}"),
        }
    };
    layer.parameters.iter().map(|parameter| name(&parameter.name)).collect()
}
