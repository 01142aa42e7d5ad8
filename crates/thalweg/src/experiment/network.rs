//! `network`: the layers, their sugar removed.

use super::NetworkSettings;
use super::image_layers;
use super::item::{Item, Keys};
use super::parts::{self, ACTIVATIONS};
use super::problem::{Bounds, Expected, ExperimentProblem, Kind};
use super::tree::{Fault, Value};
use crate::custom::Registry;
use crate::layers::{
    BatchNorm, Dense, Dropout, Embedding, GlobalAveragePool, Layer, LayerNorm, MOST_CATEGORIES, Noise,
    Periodic, PiecewiseLinear, Residual, Scale,
};
use crate::shape::Shape;

/// The most outputs that a layer, or values that an example, can have: products of two fit 64 bits with room to spare.
pub(super) const MOST_FEATURES: u64 = 1 << 30;

/// The keys by which a table says which layer it is; `activation` counts only where no other is there.
pub(super) const LAYER_KEYS: [&str; 11] = [
    "dense",
    "scale",
    "dropout",
    "noise",
    "batch_norm",
    "layer_norm",
    "embedding",
    "periodic",
    "piecewise_linear",
    "residual",
    "custom",
];
/// The layers that need no options.
const PLAIN_LAYERS: [&str; 6] =
    ["flatten", "batch_norm", "layer_norm", "periodic", "piecewise_linear", "global_average_pool"];
/// What stands for the end of an option list: as many frequencies or bins as anybody could want.
const MOST_PARTS: u64 = 1_000_000;

pub(super) fn network(keys: &Keys<'_>, registry: &Registry) -> Result<NetworkSettings, Fault> {
    keys.only(&["layers", "input_shape", "init"])?;
    let Some(list) = keys.get("layers") else {
        return Err(keys.missing("layers", Expected::List));
    };
    let mut layers = Vec::new();
    for item in list.list()? {
        layer(&item, registry, &mut layers)?;
    }
    let learns = |layer: &Layer| layer.has_weights() || matches!(layer, Layer::Custom(_));
    if !layers.iter().any(|layer| layer.any(&learns)) {
        return Err(list.fault(ExperimentProblem::NothingLearns));
    }
    Ok(NetworkSettings {
        layers,
        input_shape: keys.maybe("input_shape", |item| shape(&item))?,
        init: keys.maybe("init", |item| parts::init(&item))?,
    })
}

fn shape(item: &Item<'_>) -> Result<Shape, Fault> {
    let axes = match &item.node.value {
        Value::Whole(_) => vec![item.size(1, MOST_FEATURES)?],
        Value::List(nodes) if !nodes.is_empty() => {
            item.list()?.iter().map(|axis| axis.size(1, MOST_FEATURES)).collect::<Result<Vec<_>, _>>()?
        }
        _ => return Err(item.wrong(Expected::Sizes)),
    };
    let values = axes.iter().try_fold(1u64, |product, axis| product.checked_mul(*axis as u64));
    match values {
        Some(values) if values <= MOST_FEATURES => Ok(Shape::from(axes)),
        _ => Err(item.wrong(Expected::Sizes)),
    }
}

/// Adds what one entry of the list describes: a layer, and the activation that follows it if it has one.
pub(super) fn layer(item: &Item<'_>, registry: &Registry, layers: &mut Vec<Layer>) -> Result<(), Fault> {
    match &item.node.value {
        Value::Text(name) => layers.push(named(item, name)?),
        Value::Table(_) => described(item, registry, layers)?,
        _ => return Err(item.wrong(Expected::Layer)),
    }
    Ok(())
}

fn named(item: &Item<'_>, name: &str) -> Result<Layer, Fault> {
    match name {
        "flatten" => return Ok(Layer::Flatten),
        "batch_norm" => return Ok(BatchNorm::default().into()),
        "layer_norm" => return Ok(LayerNorm::default().into()),
        "periodic" => return Ok(Periodic::default().into()),
        "piecewise_linear" => return Ok(PiecewiseLinear::default().into()),
        "global_average_pool" => return Ok(GlobalAveragePool.into()),
        _ => {}
    }
    if LAYER_KEYS.contains(&name) || image_layers::KEYS.contains(&name) {
        return Err(item.wrong(Expected::Layer)); // the word alone does not say how much
    }
    let known: Vec<_> = PLAIN_LAYERS.into_iter().chain(ACTIVATIONS.iter().copied()).collect();
    let part = item.part()?;
    let name = part.known(Kind::Layer, &known)?;
    Ok(Layer::Activation(parts::activation_part(name, &part)?))
}

fn described(item: &Item<'_>, registry: &Registry, layers: &mut Vec<Layer>) -> Result<(), Fault> {
    let keys = item.keys()?;
    let all = LAYER_KEYS.into_iter().chain(image_layers::KEYS);
    let mut kinds = all.filter(|key| keys.get(key).is_some());
    let kind = kinds.next();
    if let (Some(first), Some(second)) = (kind, kinds.next()) {
        return Err(item.fault(ExperimentProblem::TwoLayers { key: item.path.clone(), first, second }));
    }
    let of_images = kind.and_then(image_layers::options);
    keys.only(match kind {
        _ if of_images.is_some() => of_images.unwrap_or_default(),
        Some("dense") => &["dense", "activation", "init", "bias_init"],
        Some("scale") => &["scale", "activation"],
        Some("dropout") => &["dropout", "activation"],
        Some("noise") => &["noise", "activation"],
        Some("batch_norm") => &["batch_norm", "activation"],
        Some("layer_norm") => &["layer_norm", "activation"],
        Some("custom") => &["custom", "options", "activation"],
        Some("embedding") => &["embedding", "activation", "init"],
        Some("periodic") => &["periodic", "activation"],
        Some("piecewise_linear") => &["piecewise_linear", "activation"],
        Some("residual") => &["residual", "shortcut", "activation"],
        _ if keys.get("activation").is_some() => &["activation"],
        _ => &[
            "dense",
            "activation",
            "scale",
            "dropout",
            "noise",
            "batch_norm",
            "layer_norm",
            "embedding",
            "periodic",
            "piecewise_linear",
            "residual",
            "conv2d",
            "conv1d",
            "conv_transpose2d",
            "upsample",
            "max_pool2d",
            "average_pool2d",
            "adaptive_average_pool2d",
            "channel_dropout",
            "group_norm",
        ],
    })?;
    let Some(value) = keys.get(kind.unwrap_or("activation")) else {
        return Err(item.wrong(Expected::Layer));
    };
    match kind {
        Some("dense") => layers.push(Layer::Dense(Dense {
            out_features: value.size(1, MOST_FEATURES)?,
            init: keys.maybe("init", |item| parts::init(&item))?,
            bias_init: keys.maybe("bias_init", |item| parts::bias_init(&item))?,
        })),
        Some("scale") => layers.push(Layer::Scale(Scale { factor: value.number(Bounds::Any)? })),
        Some("dropout") => layers.push(Layer::Dropout(Dropout { dropout: value.number(Bounds::BelowOne)? })),
        Some("noise") => layers.push(Layer::Noise(Noise { noise: value.number(Bounds::NotNegative)? })),
        Some("batch_norm") => layers.push(batch_norm(&value)?.into()),
        Some("layer_norm") => layers.push(layer_norm(&value)?.into()),
        Some("custom") => {
            if let Some(own) = item.own_part()? {
                let made = registry.make_layer(&own.name, &own.options);
                layers.push(Layer::Custom(own.made("layer", made)?));
            }
        }
        Some("embedding") => {
            let init = keys.maybe("init", |item| parts::init(&item))?;
            layers.push(Embedding { init, ..embedding(&value)? }.into());
        }
        Some("periodic") => layers.push(periodic(&value)?.into()),
        Some("piecewise_linear") => layers.push(piecewise_linear(&value)?.into()),
        Some("residual") => {
            let shortcut = keys.read("shortcut", Vec::new(), |item| inner_layers(&item, registry))?;
            layers.push(Residual::new(inner_layers(&value, registry)?).with_shortcut(shortcut).into());
        }
        Some(kind) => layers.extend(image_layers::layer(kind, &value, &keys)?),
        None => {}
    }
    if let Some(activation) = keys.get("activation") {
        layers.push(Layer::Activation(parts::activation(&activation, registry)?));
    }
    Ok(())
}

fn batch_norm(item: &Item<'_>) -> Result<BatchNorm, Fault> {
    let (keys, default) = (item.keys()?, BatchNorm::default());
    keys.only(&["momentum", "epsilon"])?;
    Ok(BatchNorm {
        momentum: keys.read("momentum", default.momentum, |item| item.number(Bounds::BelowOne))?,
        epsilon: keys.read("epsilon", default.epsilon, |item| item.number(Bounds::Positive))?,
    })
}

fn layer_norm(item: &Item<'_>) -> Result<LayerNorm, Fault> {
    let keys = item.keys()?;
    keys.only(&["epsilon"])?;
    let epsilon = LayerNorm::default().epsilon;
    Ok(LayerNorm { epsilon: keys.read("epsilon", epsilon, |item| item.number(Bounds::Positive))? })
}

/// The layers of a block.
fn inner_layers(item: &Item<'_>, registry: &Registry) -> Result<Vec<Layer>, Fault> {
    let mut layers = Vec::new();
    for item in item.list()? {
        layer(&item, registry, &mut layers)?;
    }
    Ok(layers)
}

/// A dimension, or a table with it.
fn embedding(item: &Item<'_>) -> Result<Embedding, Fault> {
    if let Value::Whole(_) = item.node.value {
        return Ok(Embedding::new(Vec::new(), item.size(1, MOST_FEATURES)?));
    }
    let keys = item.keys()?;
    keys.only(&["dimension", "columns", "categories"])?;
    let Some(dimension) = keys.get("dimension") else {
        return Err(keys.missing("dimension", Expected::Whole { least: 1, most: MOST_FEATURES }));
    };
    let most = MOST_CATEGORIES as u64;
    Ok(Embedding {
        columns: keys.maybe("columns", |item| sizes(&item, 0, MOST_FEATURES))?,
        categories: keys.read("categories", Vec::new(), |item| sizes(&item, 1, most))?,
        ..Embedding::new(Vec::new(), dimension.size(1, MOST_FEATURES)?)
    })
}

fn periodic(item: &Item<'_>) -> Result<Periodic, Fault> {
    let (keys, default) = (item.keys()?, Periodic::default());
    keys.only(&["frequencies", "sigma", "dimension", "relu", "columns"])?;
    let (dimension, relu) = column_layer(&keys)?;
    Ok(Periodic {
        columns: keys.maybe("columns", |item| sizes(&item, 0, MOST_FEATURES))?,
        frequencies: keys.read("frequencies", default.frequencies, |item| item.size(1, MOST_PARTS))?,
        sigma: keys.read("sigma", default.sigma, |item| item.number(Bounds::Positive))?,
        dimension,
        relu,
    })
}

fn piecewise_linear(item: &Item<'_>) -> Result<PiecewiseLinear, Fault> {
    let (keys, default) = (item.keys()?, PiecewiseLinear::default());
    keys.only(&["bins", "edges", "dimension", "relu", "columns"])?;
    let (dimension, relu) = column_layer(&keys)?;
    let edges = |item: Item<'_>| -> Result<Vec<f64>, Fault> {
        item.list()?.iter().map(|edge| edge.number(Bounds::Any)).collect()
    };
    let edges = |item: Item<'_>| item.list()?.into_iter().map(edges).collect::<Result<Vec<_>, _>>();
    Ok(PiecewiseLinear {
        columns: keys.maybe("columns", |item| sizes(&item, 0, MOST_FEATURES))?,
        bins: keys.read("bins", default.bins, |item| item.size(1, MOST_PARTS))?,
        edges: keys.read("edges", Vec::new(), edges)?,
        dimension,
        relu,
    })
}

/// The options of the layer that each column has of its own; ReLU follows nothing else.
fn column_layer(keys: &Keys<'_>) -> Result<(Option<usize>, bool), Fault> {
    let dimension = keys.maybe("dimension", |item| item.size(1, MOST_FEATURES))?;
    if dimension.is_none() && keys.get("relu").is_some() {
        return Err(keys.missing("dimension", Expected::Whole { least: 1, most: MOST_FEATURES }));
    }
    Ok((dimension, keys.read("relu", true, |item| item.truth())?))
}

fn sizes(item: &Item<'_>, least: u64, most: u64) -> Result<Vec<usize>, Fault> {
    item.list()?.iter().map(|item| item.size(least, most)).collect()
}

/// What a layer is called in messages.
pub(super) fn kind_of(layer: &Layer) -> &'static str {
    match layer {
        Layer::Dense(_) => "dense",
        Layer::Activation(_) => "activation",
        Layer::Scale(_) => "scale",
        Layer::Dropout(_) => "dropout",
        Layer::Noise(_) => "noise",
        Layer::BatchNorm(_) => "batch_norm",
        Layer::LayerNorm(_) => "layer_norm",
        Layer::Embedding(_) => "embedding",
        Layer::Periodic(_) => "periodic",
        Layer::PiecewiseLinear(_) => "piecewise_linear",
        Layer::Residual(_) => "residual",
        Layer::Flatten => "flatten",
        Layer::Conv2d(_) => "conv2d",
        Layer::Conv1d(_) => "conv1d",
        Layer::ConvTranspose2d(_) => "conv_transpose2d",
        Layer::Upsample(_) => "upsample",
        Layer::MaxPool2d(_) => "max_pool2d",
        Layer::AveragePool2d(_) => "average_pool2d",
        Layer::AdaptiveAveragePool2d(_) => "adaptive_average_pool2d",
        Layer::GlobalAveragePool(_) => "global_average_pool",
        Layer::ChannelDropout(_) => "channel_dropout",
        Layer::GroupNorm(_) => "group_norm",
        Layer::Custom(_) => "custom",
    }
}
