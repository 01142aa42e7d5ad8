//! Reads handwritten digits: 1,797 images of 8×8 pixels that come with the library.
//!
//! Shows images, a held-out test part, mini-batches, dropout, and which digits are taken for which.

use thalweg::data::{self, LoadOptions};
use thalweg::experiment::Draft;
use thalweg::losses::Targets;
use thalweg::metrics::{Metrics, Task};
use thalweg::train::Parts;
use thalweg::{Loss, Network, Result, Trainer};

fn main() -> Result<()> {
    run().map(|_| ())
}

/// The accuracy on the test part.
pub(crate) fn run() -> Result<f64> {
    // The built-in experiment says where the images are and which fifth of them is held out.
    let digits = Draft::builtin("digits")?.check()?;
    let parts = data::load(&digits.data, &LoadOptions::default())?;
    let test = parts.test.as_ref().unwrap_or(&parts.train);
    println!("{} images to train on, {} to test on", parts.train.rows(), test.rows());

    let mut network =
        Network::<f32>::builder([8, 8]).flatten().dense(64).relu().dropout(0.1).dense(10).build(0)?;
    let outcome = Trainer::new()
        .loss(Loss::SoftmaxCrossEntropy)
        .learning_rate(3e-3)
        .batch_size(32)
        .epochs(20)
        .fit_parts(&mut network, Parts { train: &parts.train, validation: None, test: Some(test) })?;
    for report in outcome.history.reports.iter().step_by(5) {
        let accuracy = report.metric("test.accuracy").unwrap_or(0.0);
        println!("epoch {:>2}: {:.1} % of the test images are read right", report.epoch, 100.0 * accuracy);
    }

    // One row of ten probabilities per image.
    let probabilities = network.predict(&Loss::SoftmaxCrossEntropy, test)?;
    let rows: Vec<u32> = (0..test.rows() as u32).collect();
    let mut labels = vec![0; test.rows()];
    test.gather_classes(&rows, &mut labels);
    let mut metrics = Metrics::new(Task::Classes { from_logits: false }, 10).with_confusion_matrix();
    metrics.add(&probabilities, Targets::Classes(&labels));
    if let Some(confusion) = metrics.confusion_matrix() {
        println!("rows: the digit; columns: what it was taken for");
        for digit in 0..10 {
            let line: Vec<String> = confusion.row(digit).iter().map(|count| format!("{count:>3}")).collect();
            println!("{digit}: {}", line.join(""));
        }
    }
    Ok(metrics.values().accuracy.unwrap_or(0.0))
}
