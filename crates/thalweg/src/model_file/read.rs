//! Reading a model file: everything is checked before any of it is used.

use std::collections::BTreeSet;
use std::path::Path;

use super::container::{self, Container};
use super::metadata::{self, ModelMetadata, NetworkMetadata};
use super::problem::ModelProblem;
use super::{Model, at};
use crate::custom::Registry;
use crate::data::Preprocessing;
use crate::error::{Error, Result};
use crate::experiment::{ExperimentProblem, layers_from_json, loss_from_json};
use crate::layers::Layer;
use crate::losses::Loss;
use crate::network::{AnyNetwork, Network};
use crate::real::{Precision, Real};
use crate::shape::Shape;

/// More layers than any network has.
const MOST_LAYERS: usize = 10_000;

/// The most values that one example can have, as in the experiment file.
const MOST_FEATURES: usize = 1 << 30;

pub(super) fn model(bytes: &[u8], registry: &Registry) -> Result<Model, ModelProblem> {
    let container = Container::read(bytes)?;
    let read: ModelMetadata = metadata::read(container.own_metadata()?, "model")?;
    let invalid = |reason: &str| ModelProblem::Metadata { reason: reason.to_owned() };
    let precision = match read.precision.as_str() {
        "f32" => Precision::F32,
        "f64" => Precision::F64,
        _ => return Err(invalid("its precision is neither \"f32\" nor \"f64\"")),
    };
    let (input_shape, layers) = layers(&read.network, registry)?;
    check_tensors(&container, &input_shape, &layers, precision)?;
    let network = match precision {
        Precision::F32 => AnyNetwork::F32(network::<f32>(&container, input_shape, layers)?),
        Precision::F64 => AnyNetwork::F64(network::<f64>(&container, input_shape, layers)?),
    };
    let (loss, l2, l1) = match &read.training {
        None => (None, 0.0, 0.0),
        Some(training) => (Some(loss(&training.loss, registry)?), training.l2, training.l1),
    };
    if !(l2.is_finite() && l2 >= 0.0 && l1.is_finite() && l1 >= 0.0) {
        return Err(invalid("a penalty is below 0"));
    }
    let preprocessing = match read.preprocessing {
        None => None,
        Some(json) => Some(
            Preprocessing::from_json(json)
                .map_err(|error| ModelProblem::Preprocessing { source: Box::new(error) })?,
        ),
    };
    let model = Model {
        network,
        loss,
        l2,
        l1,
        preprocessing,
        label_names: read.labels,
        target_names: read.targets,
        summary: read.summary,
    };
    check_edges(&model)?;
    Ok(model)
}

/// The input shape and the layers that the description names.
fn layers(network: &NetworkMetadata, registry: &Registry) -> Result<(Shape, Vec<Layer>), ModelProblem> {
    let invalid = |reason: &str| ModelProblem::Metadata { reason: reason.to_owned() };
    let count = network.layers.as_array().map_or(0, Vec::len);
    if count > MOST_LAYERS {
        return Err(invalid("it has more than 10000 layers"));
    }
    let values = network.input_shape.iter().try_fold(1_usize, |product, &axis| product.checked_mul(axis));
    if network.input_shape.is_empty() || !values.is_some_and(|values| (1..=MOST_FEATURES).contains(&values)) {
        return Err(invalid("its input shape is empty or too large"));
    }
    let layers = layers_from_json(&network.layers, registry).map_err(own_or_wrong)?;
    Ok((Shape::from(network.input_shape.as_slice()), layers))
}

fn loss(json: &serde_json::Value, registry: &Registry) -> Result<Loss, ModelProblem> {
    loss_from_json(json, registry).map_err(own_or_wrong)
}

/// `2.0` of `layers[2].residual[0].activation`, `2.shortcut.1` of `layers[2].shortcut[1]`.
fn place(key: &str) -> String {
    let step = |step: &str| -> Option<String> {
        let (list, number) = step.strip_suffix(']')?.split_once('[')?;
        Some(if list == "shortcut" { format!("shortcut.{number}") } else { number.to_owned() })
    };
    key.split('.').filter_map(step).collect::<Vec<_>>().join(".")
}

/// A part that this program does not have is not a wrong description.
fn own_or_wrong(problem: ExperimentProblem) -> ModelProblem {
    match problem {
        ExperimentProblem::NotRegistered { key, kind, name } => {
            let numbers = place(&key);
            let part = match (numbers.is_empty(), kind) {
                (true, _) => kind.to_owned(),
                (false, "layer") => format!("layer {numbers}"),
                (false, _) => format!("{kind} in layer {numbers}"),
            };
            ModelProblem::Custom { part, name: container::in_short(&name) }
        }
        problem => problem.into(),
    }
}

/// Checks that the file has exactly the tensors that the layers need, layer by layer, so that nothing larger than the
/// file is ever asked for.
fn check_tensors(
    container: &Container<'_>,
    input_shape: &Shape,
    layers: &[Layer],
    precision: Precision,
) -> Result<(), ModelProblem> {
    let mut unknown: BTreeSet<String> = container.names().into_iter().collect();
    let mut input = input_shape.clone();
    for (number, layer) in layers.iter().enumerate() {
        let output = layer.output_shape(&input).map_err(|problem| {
            let kind = layer.kind().to_owned();
            ModelProblem::Layers { source: Box::new(Error::Layer { layer: number, kind, problem }) }
        })?;
        for parameter in layer.parameters(&input) {
            let name = format!("{number}.{}", parameter.name);
            container.bytes(&name, &parameter.shape, precision)?;
            unknown.remove(&name);
        }
        input = output;
    }
    match unknown.into_iter().next() {
        Some(name) => Err(ModelProblem::UnknownTensor { name: container::in_short(&name) }),
        None => Ok(()),
    }
}

fn network<R: Real>(
    container: &Container<'_>,
    input_shape: Shape,
    layers: Vec<Layer>,
) -> Result<Network<R>, ModelProblem> {
    let wrong = |error| ModelProblem::Layers { source: Box::new(error) };
    let mut network = Network::new(input_shape, layers).map_err(wrong)?;
    let tensors: Vec<_> = network.parameter_tensors().cloned().collect();
    for parameter in tensors {
        let bytes = container.bytes(&parameter.name, &parameter.shape, R::PRECISION)?;
        let values = &mut network.parameters_mut()[parameter.range.clone()];
        for (index, (to, value)) in values.iter_mut().zip(container::values::<R>(bytes)).enumerate() {
            if !value.is_finite() {
                let value = value.to_f64();
                return Err(ModelProblem::NotFinite { name: parameter.name, index, value });
            }
            if parameter.is_variance() && value < R::ZERO {
                let value = value.to_f64();
                return Err(ModelProblem::NegativeVariance { name: parameter.name, index, value });
            }
            *to = value;
        }
    }
    Ok(network)
}

/// Checks that what goes in and what comes out fit the network.
fn check_edges(model: &Model) -> Result<(), ModelProblem> {
    let outputs = model.network.output_shape().len();
    if let Some(preprocessing) = &model.preprocessing {
        let made = preprocessing.input_shape();
        if made.len() != model.network.input_shape().len() {
            let taken = model.network.input_shape().clone();
            return Err(ModelProblem::Inputs { made, taken });
        }
        if let Some(crate::data::Task::Regression { outputs: names }) = preprocessing.task()
            && names != outputs
        {
            return Err(ModelProblem::Outputs { names, outputs });
        }
    }
    let fits = |names: usize| names == outputs || (names == 2 && outputs == 1);
    if !model.label_names.is_empty() && !fits(model.label_names.len()) {
        return Err(ModelProblem::Outputs { names: model.label_names.len(), outputs });
    }
    if model.label_names.is_empty() && !model.target_names.is_empty() && model.target_names.len() != outputs {
        return Err(ModelProblem::Outputs { names: model.target_names.len(), outputs });
    }
    Ok(())
}

/// One tensor of any safetensors file by name: its shape and its values, row-major.
///
/// # Errors
/// [`Error::Io`], or [`Error::Model`] when the file is not valid or has no tensor of floating point of that name.
pub fn read_tensor(path: &Path, name: &str) -> Result<(Shape, Vec<f64>)> {
    let bytes = container::read_bytes(path)?;
    let container = Container::read(&bytes).map_err(|problem| at(path, problem))?;
    container.numbers(name).map_err(|problem| at(path, problem))
}

/// The names, shapes and types of all tensors of any safetensors file, sorted by name, and our metadata, if it has some.
///
/// # Errors
/// [`Error::Io`], or [`Error::Model`] when the file is not valid.
#[expect(clippy::type_complexity, reason = "a table of three columns")]
pub fn tensor_names(path: &Path) -> Result<(Vec<(String, Shape, String)>, Option<serde_json::Value>)> {
    let bytes = container::read_bytes(path)?;
    let container = Container::read(&bytes).map_err(|problem| at(path, problem))?;
    let row = |name: String| {
        let (shape, kind) = container.shape_and_type(&name)?;
        Some((name, shape, kind.to_string().to_lowercase()))
    };
    let tensors = container.names().into_iter().filter_map(row).collect();
    let metadata = container.metadata.as_deref().and_then(|json| serde_json::from_str(json).ok());
    Ok((tensors, metadata))
}
