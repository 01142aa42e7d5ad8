//! The layers of a model file, or the tensors of another safetensors file.

use std::path::Path;

use serde_json::{Value, json};
use thalweg::model_file::{Model, ModelProblem, tensor_names};
use thalweg::network::PlacedLayer;

use crate::exit::Failure;
use crate::numbers;
use crate::output::Output;
use crate::table::Table;

pub(super) fn inspect(path: &Path, output: &Output) -> Result<(), Failure> {
    let model = match Model::load(path) {
        Ok(model) => model,
        Err(thalweg::Error::Model { problem, .. }) if holds_other_tensors(&problem) => {
            return tensors(path, output);
        }
        Err(error) => return Err(error.into()),
    };
    output.json(&object(&model));
    if output.json {
        return Ok(());
    }
    output.line(format_args!(
        "{}: a model of {} parameters in {}",
        path.display(),
        numbers::count(model.network.parameter_count() as u64),
        model.network.precision().name()
    ));
    output.text(&model.network.summary());
    if let Some(loss) = &model.loss {
        output.line(format_args!("loss: {}", loss.name()));
    }
    if !model.label_names.is_empty() {
        output.line(format_args!("classes: {}", model.label_names.join(", ")));
    }
    if !model.target_names.is_empty() {
        output.line(format_args!("target: {}", model.target_names.join(", ")));
    }
    if let Some(summary) = &model.summary {
        output.line(format_args!(
            "trained as {} for {}, {}",
            summary.name,
            numbers::counted(summary.epochs, "epoch"),
            numbers::counted(summary.steps, "step")
        ));
    }
    Ok(())
}

/// Whether the file is whole and simply no model: a saved state, or tensors from elsewhere.
fn holds_other_tensors(problem: &ModelProblem) -> bool {
    matches!(problem, ModelProblem::NoMetadata | ModelProblem::Kind { .. })
}

fn object(model: &Model) -> Value {
    let layer = |placed: &PlacedLayer| {
        json!({
            "number": placed.number,
            "kind": placed.layer.kind(),
            "output": placed.output.axes(),
            "parameters": placed.range.len(),
        })
    };
    let summary = model.summary.as_ref().map(|summary| serde_json::to_value(summary).unwrap_or_default());
    let preprocessing = model.preprocessing.as_ref().map(|own| serde_json::to_value(own).unwrap_or_default());
    json!({
        "kind": "model",
        "format": "safetensors",
        "layers": model.network.layers().iter().map(layer).collect::<Vec<_>>(),
        "parameter_count": model.network.parameter_count(),
        "metadata": {
            "precision": model.network.precision().name(),
            "input_shape": model.network.input_shape().axes(),
            "loss": model.loss.as_ref().map(|loss| loss.name()),
            "labels": model.label_names,
            "targets": model.target_names,
            "preprocessing": preprocessing,
            "training": summary,
        },
    })
}

/// Names and shapes of tensors that are no model.
fn tensors(path: &Path, output: &Output) -> Result<(), Failure> {
    let mut table = Table::new(["tensor", "type", "shape", "values"]);
    let mut objects = Vec::new();
    let mut count = 0;
    let (tensors, _) = tensor_names(path)?;
    for (name, shape, type_name) in tensors {
        count += shape.len();
        objects.push(json!({ "name": name, "type": type_name, "shape": shape.axes() }));
        table.row([name, type_name, shape.to_string(), numbers::count(shape.len() as u64)]);
    }
    output.json(&json!({
        "kind": "tensors", "format": "safetensors", "tensors": objects, "parameter_count": count,
    }));
    output.line(format_args!("{}: tensors, without a description of a network", path.display()));
    output.line(table);
    Ok(())
}
