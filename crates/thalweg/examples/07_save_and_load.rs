//! Saves what was trained and loads it again: a network alone, and a model that knows its labels and its data.
//!
//! Shows that what is loaded says the same to the bit, and goes on training.

use std::path::Path;

use thalweg::data::{self, LoadOptions};
use thalweg::experiment::Draft;
use thalweg::train::Part;
use thalweg::{Error, Loss, Model, Network, Result, Trainer};

fn main() -> Result<()> {
    run().map(|_| ())
}

/// The accuracy of the loaded model on the test part.
pub(crate) fn run() -> Result<f64> {
    let folder = std::env::temp_dir().join(format!("thalweg-save-and-load-{}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(|error| Error::io(&folder, "create", error))?;
    let accuracy = save_and_load(&folder);
    std::fs::remove_dir_all(&folder).map_err(|error| Error::io(&folder, "remove", error))?;
    accuracy
}

fn save_and_load(folder: &Path) -> Result<f64> {
    // Irises: four lengths, three kinds; a fifth is held out.
    let iris = Draft::builtin("iris")?.check()?;
    let parts = data::load(&iris.data, &LoadOptions::default())?;
    let test = parts.test.as_ref().unwrap_or(&parts.train);
    let mut network = Network::<f32>::builder(4).dense(16).tanh().dense(3).build(0)?;
    Trainer::new().learning_rate(1e-2).epochs(40).fit(&mut network, &parts.train)?;

    // The network alone: layers and numbers.
    let path = folder.join("network.safetensors");
    network.save(&path)?;
    let mut loaded = Network::<f32>::load(&path)?;
    println!(
        "the same {} numbers: {}",
        loaded.parameter_count(),
        loaded.parameters() == network.parameters()
    );
    Trainer::new().epochs(1).fit(&mut loaded, &parts.train)?;
    println!("after one more epoch: {}", loaded.parameters() == network.parameters());

    // The model: also how a file becomes inputs, and what the classes are called.
    let path = folder.join("iris.safetensors");
    let model = Model {
        loss: Some(Loss::SoftmaxCrossEntropy),
        label_names: parts.train.label_names().to_vec(),
        target_names: parts.train.target_names().to_vec(),
        preprocessing: Some(parts.preprocessing),
        ..Model::from(network)
    };
    model.save(&path)?;
    let loaded = Model::load(&path)?;
    let (before, after) = (model.predict(test)?, loaded.predict(test)?);
    println!("the same predictions: {}", before.values == after.values);
    for row in 0..3 {
        let right = after.target_label(row).unwrap_or("?");
        println!("iris {row}: {}, and it is {right}", after.label(row).unwrap_or("?"));
    }
    let report = loaded.evaluate(test, Part::Test)?;
    let accuracy = report.metrics.accuracy.unwrap_or(0.0);
    println!("{:.1} % of {} irises are right", 100.0 * accuracy, test.rows());
    Ok(if before.values == after.values { accuracy } else { 0.0 })
}
