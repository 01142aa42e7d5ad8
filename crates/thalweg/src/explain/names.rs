//! What the matrices of a step are called: as in a textbook, with the layer's number.

use crate::layers::Layer;
use crate::losses::Loss;
use crate::network::PlacedLayer;

/// The names of all values of a network: the input of every layer, then the output of the last.
///
/// `x` comes in; a dense layer or a convolution gives `z`, an activation `a`, any other layer `y`, each with the layer's number; what
/// goes into the loss is `logits` or `ŷ`.
pub(super) fn values(layers: &[PlacedLayer], loss: &Loss) -> Vec<String> {
    let mut names = vec!["x".to_owned()];
    for (i, layer) in layers.iter().enumerate() {
        let letter = match &layer.layer {
            layer if layer.has_weights() => "z",
            Layer::Activation(_) => "a",
            _ => "y",
        };
        let is_last = i + 1 == layers.len();
        names.push(match (is_last, loss.from_logits()) {
            (false, _) => format!("{letter}{i}"),
            (true, true) => "logits".to_owned(),
            (true, false) => "ŷ".to_owned(),
        });
    }
    names
}

/// The names of a layer's parameters: `w0` and `b0` for `0.weight` and `0.bias`; other words stay.
pub(super) fn parameters(layer: &PlacedLayer) -> Vec<String> {
    let name = |word: &str| match word {
        "weight" => format!("w{}", layer.number),
        "bias" => format!("b{}", layer.number),
        other => format!("{other}{}", layer.number),
    };
    layer
        .parameters
        .iter()
        .map(|parameter| {
            name(parameter.name.split_once('.').map_or(parameter.name.as_str(), |(_, word)| word))
        })
        .collect()
}
