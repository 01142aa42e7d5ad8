//! A layer with its place in a network: the sizes that follow from its input, and where its parameters lie.

use std::ops::Range;

use crate::error::{Error, Result};
use crate::layers::{Layer, LayerProblem, ParameterRole};
use crate::network::NetworkProblem;
use crate::shape::Shape;

/// A layer with its place in a network.
#[derive(Clone, Debug)]
pub struct PlacedLayer {
    /// Its number, from 0.
    pub number: usize,
    /// What it is.
    pub layer: Layer,
    /// The shape of one example of its input.
    pub input: Shape,
    /// The shape of one example of its output.
    pub output: Shape,
    /// Its parameters.
    pub parameters: Vec<Parameter>,
    /// Where all its parameters lie in the flat vector of the network.
    pub range: Range<usize>,
}

/// One parameter tensor of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// `LAYER.weight` or `LAYER.bias`, by layer number.
    pub name: String,
    /// Its axes, row-major.
    pub shape: Shape,
    /// What training does with it.
    pub role: ParameterRole,
    /// Where it lies in the flat vector of the network.
    pub range: Range<usize>,
}

impl Parameter {
    /// Whether it is a variance, which no training makes negative and no file may.
    pub(crate) fn is_variance(&self) -> bool {
        self.name.ends_with(".running_variance")
    }
}

/// Gives every layer its shapes and the place of its parameters: weights first, then biases, layer after layer.
pub(super) fn place(input_shape: &Shape, layers: Vec<Layer>) -> Result<Vec<PlacedLayer>> {
    if layers.is_empty() {
        return Err(NetworkProblem::NoLayers.into());
    }
    let mut placed = Vec::with_capacity(layers.len());
    let mut input = input_shape.clone();
    let mut start = 0;
    let mut raw = Some((0..input.len()).map(Some).collect::<Vec<_>>());
    for (number, layer) in layers.into_iter().enumerate() {
        let refuse = |problem| Error::Layer { layer: number, kind: layer.kind().to_owned(), problem };
        let output = layer.output_shape(&input).map_err(refuse)?;
        check_ids(&layer, &input, raw.as_deref()).map_err(refuse)?;
        raw = passed_on(&layer, &input, raw.as_deref());
        let first = start;
        let mut parameters = Vec::new();
        for parameter in layer.parameters(&input) {
            let range = start..start + parameter.shape.len();
            start = range.end;
            parameters.push(Parameter {
                name: format!("{number}.{}", parameter.name),
                shape: parameter.shape,
                role: parameter.role,
                range,
            });
        }
        placed.push(PlacedLayer {
            number,
            layer,
            input,
            output: output.clone(),
            parameters,
            range: first..start,
        });
        input = output;
    }
    Ok(placed)
}

/// For each value that a layer gives, which value of the data it is, if it is one unchanged. `raw` is the same of what comes in.
fn passed_on(layer: &Layer, input: &Shape, raw: Option<&[Option<usize>]>) -> Option<Vec<Option<usize>>> {
    let passed = layer.passed(input)?;
    let raw = raw?;
    Some(passed.into_iter().map(|from| from.and_then(|from| raw[from])).collect())
}

/// Whether what an embedding takes for ids comes from the data as it is.
fn check_ids(layer: &Layer, input: &Shape, raw: Option<&[Option<usize>]>) -> Result<(), LayerProblem> {
    let Layer::Embedding(embedding) = layer else { return Ok(()) };
    let is_raw = |column: usize| raw.is_some_and(|raw| raw[column].is_some());
    match embedding.ids(input).find(|(column, _)| !is_raw(*column)) {
        Some((column, _)) => Err(LayerProblem::NoIds { column }),
        None => Ok(()),
    }
}

/// The columns of the data that must hold ids, and how many categories each has.
pub(crate) fn id_columns(layers: &[PlacedLayer]) -> Vec<(usize, usize)> {
    let mut ids = Vec::new();
    let Some(first) = layers.first() else { return ids };
    let mut raw: Vec<Option<usize>> = (0..first.input.len()).map(Some).collect();
    for placed in layers {
        if let Layer::Embedding(embedding) = &placed.layer {
            ids.extend(
                embedding.ids(&placed.input).filter_map(|(column, count)| Some((raw[column]?, count))),
            );
        }
        match passed_on(&placed.layer, &placed.input, Some(&raw)) {
            Some(next) => raw = next,
            None => break,
        }
    }
    ids
}
