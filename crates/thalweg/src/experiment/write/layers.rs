//! Layers as entries of `network.layers`.

use std::fmt::Write as _;

use super::super::image_layers;
use super::{activation, init, list, number, own_keys, quoted};
use crate::activations::Activation;
use crate::custom::CustomLayer;
use crate::layers::{Dense, Embedding, Layer, Periodic, PiecewiseLinear};

/// A layer, with the activation that follows it where it can take it in; and how many layers that are.
pub(in crate::experiment) fn described(layer: &Layer, next: Option<&Activation>) -> (String, usize) {
    let mut keys = match layer {
        Layer::Flatten => return (quoted("flatten"), 1),
        Layer::Activation(own) => {
            let own = activation(own);
            return (if own.starts_with('{') { format!("{{ activation = {own} }}") } else { own }, 1);
        }
        Layer::Custom(layer) => {
            own_keys(CustomLayer::<f64>::name(&**layer), &CustomLayer::<f64>::options(&**layer))
        }
        Layer::Dense(Dense { out_features, .. }) => format!("dense = {out_features}"),
        Layer::Scale(scale) => format!("scale = {}", number(scale.factor)),
        Layer::Dropout(dropout) => format!("dropout = {}", number(dropout.dropout)),
        Layer::Noise(noise) => format!("noise = {}", number(noise.noise)),
        Layer::BatchNorm(norm) => {
            let (momentum, epsilon) = (number(norm.momentum), number(norm.epsilon));
            format!("batch_norm = {{ momentum = {momentum}, epsilon = {epsilon} }}")
        }
        Layer::LayerNorm(norm) => format!("layer_norm = {{ epsilon = {} }}", number(norm.epsilon)),
        Layer::Embedding(embedding) => format!("embedding = {}", embedding_options(embedding)),
        Layer::Periodic(periodic) => format!("periodic = {}", periodic_options(periodic)),
        Layer::PiecewiseLinear(piecewise) => format!("piecewise_linear = {}", piecewise_options(piecewise)),
        Layer::GlobalAveragePool(_) => return (quoted("global_average_pool"), 1),
        Layer::Conv2d(_)
        | Layer::Conv1d(_)
        | Layer::ConvTranspose2d(_)
        | Layer::Upsample(_)
        | Layer::MaxPool2d(_)
        | Layer::AveragePool2d(_)
        | Layer::AdaptiveAveragePool2d(_)
        | Layer::ChannelDropout(_)
        | Layer::GroupNorm(_) => image_layers::written(layer).unwrap_or_default(),
        Layer::Residual(residual) => {
            let mut keys = format!("residual = {}", all(residual.layers()));
            if !residual.shortcut().is_empty() {
                let _ = write!(keys, ", shortcut = {}", all(residual.shortcut()));
            }
            keys
        }
    };
    if let Some(next) = next {
        let _ = write!(keys, ", activation = {}", activation(next));
    }
    for (key, value) in ["init", "bias_init"].into_iter().zip(layer.inits()) {
        if let Some(value) = value {
            let _ = write!(keys, ", {key} = {}", init(value));
        }
    }
    (format!("{{ {keys} }}"), 1 + usize::from(next.is_some()))
}

/// The layers of a block.
fn all(layers: &[Layer]) -> String {
    list(layers.iter().map(|layer| described(layer, None).0))
}

fn embedding_options(embedding: &Embedding) -> String {
    let mut options = vec![format!("dimension = {}", embedding.dimension)];
    options.extend(columns(embedding.columns.as_deref()));
    if !embedding.categories.is_empty() {
        options.push(format!("categories = {}", sizes(&embedding.categories)));
    }
    table(&options)
}

fn periodic_options(periodic: &Periodic) -> String {
    let mut options = vec![
        format!("frequencies = {}", periodic.frequencies),
        format!("sigma = {}", number(periodic.sigma)),
    ];
    options.extend(column_layer(periodic.dimension, periodic.relu));
    options.extend(columns(periodic.columns.as_deref()));
    table(&options)
}

fn piecewise_options(piecewise: &PiecewiseLinear) -> String {
    let mut options = vec![format!("bins = {}", piecewise.bins)];
    options.extend(column_layer(piecewise.dimension, piecewise.relu));
    options.extend(columns(piecewise.columns.as_deref()));
    if !piecewise.edges.is_empty() {
        let of_column = |edges: &Vec<f64>| list(edges.iter().map(|edge| number(*edge)));
        options.push(format!("edges = {}", list(piecewise.edges.iter().map(of_column))));
    }
    table(&options)
}

/// The options of the layer that each column has of its own.
fn column_layer(dimension: Option<usize>, relu: bool) -> Vec<String> {
    match dimension {
        Some(dimension) => vec![format!("dimension = {dimension}"), format!("relu = {relu}")],
        None => Vec::new(),
    }
}

fn columns(columns: Option<&[usize]>) -> Option<String> {
    columns.map(|columns| format!("columns = {}", sizes(columns)))
}

fn sizes(sizes: &[usize]) -> String {
    list(sizes.iter().map(usize::to_string))
}

fn table(options: &[String]) -> String {
    format!("{{ {} }}", options.join(", "))
}
