//! The built-in experiments with convolutions reach their figures.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

mod support;

use support::{builtin, shared};
use thalweg::run;

/// The share of the test part that an experiment's network predicts correctly.
fn test_accuracy(name: &str, settings: &[(&str, &str)]) -> Option<f64> {
    let folder = if name == "digits-conv" { None } else { Some(shared()?.join("data")) };
    let mut prepared = run::prepare(builtin(name, settings), folder.as_deref()).unwrap();
    let outcome = prepared.train(Vec::new(), None, None).unwrap();
    let test = outcome.parts.iter().find(|part| part.part.name() == "test").unwrap();
    println!("{name} {settings:?}: {:?}", test.metrics.accuracy);
    test.metrics.accuracy
}

#[test]
fn digits_by_convolution() {
    // 360 images: one is 0.28 %.
    let accuracy = test_accuracy("digits-conv", &[]).unwrap();
    assert!(accuracy >= 0.98, "{accuracy}");
}

#[test]
#[ignore = "minutes: cargo test --release --test image_experiments -- --ignored"]
fn mnist_by_convolution() {
    let Some(accuracy) = test_accuracy("mnist-conv", &[]) else { return };
    assert!(accuracy >= 0.99, "{accuracy}");
}

#[test]
#[ignore = "minutes: cargo test --release --test image_experiments -- --ignored"]
fn mnist_by_convolution_of_changed_images() {
    let settings =
        [("training.augment", "{ shift = 2, rotate = 10.0, crop = 0.9 }"), ("training.epochs", "20")];
    let Some(accuracy) = test_accuracy("mnist-conv", &settings) else { return };
    assert!(accuracy >= 0.994, "{accuracy}");
}

#[test]
#[ignore = "minutes: cargo test --release --test image_experiments -- --ignored"]
fn cats_by_convolution_over_five_seeds() {
    // 50 images: one is 2 %.
    let seeds = ["0", "1", "2", "3", "4"];
    let each: Option<Vec<f64>> =
        seeds.iter().map(|seed| test_accuracy("cats-conv", &[("seed", seed)])).collect();
    let Some(each) = each else { return };
    let mean = each.iter().sum::<f64>() / each.len() as f64;
    assert!(mean >= 0.76, "{each:?}");
}
