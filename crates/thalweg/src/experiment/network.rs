//! `network`: the layers, their sugar removed.

use super::NetworkSettings;
use super::item::{Item, Keys};
use super::parts::{self, ACTIVATIONS};
use super::problem::{Bounds, Expected, ExperimentProblem, Kind};
use super::tree::{Fault, Value};
use crate::layers::{Dense, Dropout, Layer, Scale};
use crate::shape::Shape;

/// The most outputs that a layer, or values that an example, can have: products of two fit 64 bits with room to spare.
pub(super) const MOST_FEATURES: u64 = 1 << 30;

/// The keys by which a table says which layer it is; `activation` counts only where no other is there.
const LAYER_KEYS: [&str; 3] = ["dense", "scale", "dropout"];

pub(super) fn network(keys: &Keys<'_>) -> Result<NetworkSettings, Fault> {
    keys.only(&["layers", "input_shape", "init"])?;
    let Some(list) = keys.get("layers") else {
        return Err(keys.missing("layers", Expected::List));
    };
    let mut layers = Vec::new();
    for item in list.list()? {
        layer(&item, &mut layers)?;
    }
    if !layers.iter().any(|layer| matches!(layer, Layer::Dense(_))) {
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
pub(super) fn layer(item: &Item<'_>, layers: &mut Vec<Layer>) -> Result<(), Fault> {
    match &item.node.value {
        Value::Text(name) => layers.push(named(item, name)?),
        Value::Table(_) => described(item, layers)?,
        _ => return Err(item.wrong(Expected::Layer)),
    }
    Ok(())
}

fn named(item: &Item<'_>, name: &str) -> Result<Layer, Fault> {
    if name == "flatten" {
        return Ok(Layer::Flatten);
    }
    if LAYER_KEYS.contains(&name) {
        return Err(item.wrong(Expected::Layer)); // the word alone does not say how much
    }
    let known: Vec<_> = std::iter::once("flatten").chain(ACTIVATIONS.iter().copied()).collect();
    let part = item.part()?;
    let name = part.known(Kind::Layer, &known)?;
    Ok(Layer::Activation(parts::activation_part(name, &part)?))
}

fn described(item: &Item<'_>, layers: &mut Vec<Layer>) -> Result<(), Fault> {
    let keys = item.keys()?;
    let mut kinds = LAYER_KEYS.into_iter().filter(|key| keys.get(key).is_some());
    let kind = kinds.next();
    if let (Some(first), Some(second)) = (kind, kinds.next()) {
        return Err(item.fault(ExperimentProblem::TwoLayers { key: item.path.clone(), first, second }));
    }
    keys.only(match kind {
        Some("dense") => &["dense", "activation", "init", "bias_init"],
        Some("scale") => &["scale", "activation"],
        Some("dropout") => &["dropout", "activation"],
        _ if keys.get("activation").is_some() => &["activation"],
        _ => &["dense", "activation", "scale", "dropout"],
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
        _ => {}
    }
    if let Some(activation) = keys.get("activation") {
        layers.push(Layer::Activation(parts::activation(&activation)?));
    }
    Ok(())
}

/// What a layer is called in messages.
pub(super) fn kind_of(layer: &Layer) -> &'static str {
    match layer {
        Layer::Dense(_) => "dense",
        Layer::Activation(_) => "activation",
        Layer::Scale(_) => "scale",
        Layer::Dropout(_) => "dropout",
        Layer::Flatten => "flatten",
        Layer::Custom(_) => "custom",
    }
}
