//! Writing a model file.

use std::path::Path;

use super::container::{self, Tensor};
use super::metadata::{FORMAT_VERSION, LossMetadata, ModelMetadata, NetworkMetadata};
use super::{Model, ModelProblem, at};
use crate::NUMERICS_VERSION;
use crate::error::Result;
use crate::experiment::{layers_to_json, loss_to_json};
use crate::layers::Layer;
use crate::network::{Network, either};
use crate::real::Real;
use crate::train::to_bytes;

pub(super) fn model(model: &Model, path: &Path) -> Result<()> {
    let layers: Vec<Layer> = model.network.layers().iter().map(|placed| placed.layer.clone()).collect();
    let metadata = ModelMetadata {
        format: FORMAT_VERSION,
        kind: "model".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        numerics: u64::from(NUMERICS_VERSION),
        precision: model.network.precision().name().to_owned(),
        network: NetworkMetadata {
            input_shape: model.network.input_shape().axes().to_vec(),
            layers: layers_to_json(&layers),
        },
        training: model.loss.as_ref().map(|loss| LossMetadata {
            loss: loss_to_json(loss),
            l2: model.l2,
            l1: model.l1,
        }),
        labels: model.label_names.clone(),
        targets: model.target_names.clone(),
        preprocessing: model.preprocessing.as_ref().map(|preprocessing| preprocessing.to_json()),
        summary: model.summary.clone(),
    };
    either!(&model.network, network => write(network, &metadata, path))
}

fn write<R: Real>(network: &Network<R>, metadata: &ModelMetadata, path: &Path) -> Result<()> {
    let bytes: Vec<(&str, Vec<usize>, Vec<u8>)> = network
        .parameter_tensors()
        .map(|parameter| {
            let values = &network.parameters()[parameter.range.clone()];
            match values.iter().position(|value| !value.is_finite()) {
                None => Ok((parameter.name.as_str(), parameter.shape.axes().to_vec(), to_bytes(values))),
                Some(index) => {
                    let (name, value) = (parameter.name.clone(), values[index].to_f64());
                    Err(at(path, ModelProblem::NotFinite { name, index, value }))
                }
            }
        })
        .collect::<Result<_>>()?;
    let tensors: Vec<Tensor<'_>> = bytes
        .iter()
        .map(|(name, shape, bytes)| Tensor { name, shape: shape.clone(), precision: R::PRECISION, bytes })
        .collect();
    container::write(path, &tensors, metadata)
}
