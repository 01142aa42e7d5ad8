//! Trains on a table of one's own: a CSV file with numbers, a category and a label in words.
//!
//! Shows what the library does with columns (categories become zeros and ones, numbers are scaled, both fitted on the
//! training part only), and how a new file is predicted with the same preparation.

use std::fmt::Write;
use std::path::Path;

use thalweg::data::{self, LoadOptions, Source};
use thalweg::experiment::Experiment;
use thalweg::train::Parts;
use thalweg::{Error, Loss, Network, Result, Trainer};

fn main() -> Result<()> {
    run().map(|_| ())
}

/// The labels predicted for the new file.
pub(crate) fn run() -> Result<Vec<String>> {
    let folder = std::env::temp_dir().join(format!("thalweg-own-csv-{}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(|error| Error::io(&folder, "create", error))?;
    let labels = train_and_predict(&folder);
    std::fs::remove_dir_all(&folder).map_err(|error| Error::io(&folder, "remove", error))?;
    labels
}

fn train_and_predict(folder: &Path) -> Result<Vec<String>> {
    let table = folder.join("plants.csv");
    write_file(&table, &made_up_plants())?;

    // The rest of what an experiment file can say has defaults: columns are standardised, a tenth is held out twice.
    let text = format!(
        "data.source = '{}'\ndata.target = 'thirst'\nnetwork.layers = [{{ dense = 3 }}]",
        table.display()
    );
    let experiment = Experiment::parse(&text, None)?;
    let parts = data::load(&experiment.data, &LoadOptions::default())?;
    println!("inputs: {}", parts.train.feature_names().join(", "));
    println!("classes: {}", parts.train.label_names().join(", "));

    let mut network = Network::<f32>::builder(parts.train.columns()).dense(16).relu().dense(3).build(0)?;
    let views =
        Parts { train: &parts.train, validation: parts.validation.as_ref(), test: parts.test.as_ref() };
    let outcome = Trainer::new().learning_rate(1e-2).epochs(60).fit_parts(&mut network, views)?;
    for part in &outcome.parts {
        let accuracy = part.metrics.accuracy.unwrap_or(0.0);
        println!("{:>10}: {:>3} rows, accuracy {accuracy:.3}", part.part.name(), part.metrics.rows);
    }

    // A new file, without the label and with its columns in another order.
    let new = folder.join("new.csv");
    write_file(&new, "place,height_cm,leaves\nsun,180,60\nshade,20,4\n")?;
    let rows =
        data::load_for(&parts.preprocessing, &Source::Files(vec![new]), None, &LoadOptions::default())?;
    let probabilities = network.predict(&Loss::SoftmaxCrossEntropy, &rows.dataset)?;
    let names = parts.preprocessing.label_names();
    let mut labels = Vec::new();
    for (row, p) in probabilities.chunks(names.len()).enumerate() {
        let best = (0..p.len()).fold(0, |best, j| if p[j] > p[best] { j } else { best });
        println!("new plant {row}: {} ({:.0} %)", names[best], 100.0 * p[best]);
        labels.push(names[best].clone());
    }
    Ok(labels)
}

/// Tall plants with many leaves in the sun are thirsty; the numbers are made up.
fn made_up_plants() -> String {
    let mut text = "height_cm,leaves,place,thirst\n".to_owned();
    for i in 0..240 {
        let (height, leaves) = (10 + (i * 37) % 190, 2 + (i * 53) % 70);
        let place = ["sun", "shade", "window"][i % 3];
        let need = height / 2 + leaves + [60, 0, 30][i % 3];
        let thirst = if need > 140 {
            "high"
        } else if need > 80 {
            "middle"
        } else {
            "low"
        };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{height},{leaves},{place},{thirst}");
    }
    text
}

fn write_file(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).map_err(|error| Error::io(path, "write", error))
}
