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
    for (number, layer) in layers.into_iter().enumerate() {
        let refuse = |problem| Error::Layer { layer: number, kind: layer.kind().to_owned(), problem };
        let output = layer.output_shape(&input).map_err(refuse)?;
        if let Layer::Embedding(embedding) = &layer
            && let Some((column, _)) =
                embedding.ids(&input).find(|(column, _)| origin(&placed, *column).is_none())
        {
            return Err(refuse(LayerProblem::NoIds { column }));
        }
        let first = start;
        let mut parameters = Vec::new();
        for parameter in layer.parameters(&input) {
            let len = parameter.shape.axes().iter().try_fold(1_usize, |len, &axis| len.checked_mul(axis));
            let end = len
                .and_then(|len| len.checked_add(start))
                .ok_or(NetworkProblem::OutOfMemory { parameters: usize::MAX, gigabytes: f64::INFINITY })?;
            let range = start..end;
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

/// Which value of the data comes unchanged through these layers as this value, if one does.
fn origin(before: &[PlacedLayer], value: usize) -> Option<usize> {
    before.iter().rev().try_fold(value, |value, placed| placed.layer.origin(&placed.input, value))
}

/// The columns of the data that must hold ids, and how many categories each has.
pub(crate) fn id_columns(layers: &[PlacedLayer]) -> Vec<(usize, usize)> {
    let mut all = Vec::new();
    for (i, placed) in layers.iter().enumerate() {
        if let Layer::Embedding(embedding) = &placed.layer {
            let ids = embedding.ids(&placed.input);
            all.extend(ids.filter_map(|(column, count)| Some((origin(&layers[..i], column)?, count))));
        }
    }
    all
}
