//! The tutorials' scripts as published, rebuilt from parts of one's own, and what the gradient check says of them.
#![allow(dead_code, reason = "the examples' `main` is not called here")]
#![allow(clippy::unwrap_used, reason = "tests may unwrap")]

mod support;

#[path = "../examples/tutorials/curve_published.rs"]
mod curve;
#[path = "../examples/tutorials/network.rs"]
mod network;
#[path = "../examples/tutorials/regression_published.rs"]
mod regression;

use std::collections::BTreeMap;

use support::{arrays, shared};
use thalweg::data::{Dataset, DatasetTargets, Features, FittedScale};
use thalweg::explain::explain;
use thalweg::gradient_check::TOLERANCE;
use thalweg::train::{BatchSize, Every, Part, Parts, TrainingSettings};
use thalweg::{Loss, Network, Optimizer, Shape, Trainer};

fn reference(name: &str) -> Option<BTreeMap<String, Vec<f64>>> {
    Some(arrays(&shared()?.join("reference").join(name)))
}

/// |a - b| / |b| for every pair.
fn assert_relative(ours: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(ours.len(), expected.len(), "{what}");
    let mut worst = 0.0_f64;
    for (i, (a, b)) in ours.iter().zip(expected).enumerate() {
        let error = (a - b).abs() / b.abs();
        assert!(error <= tolerance, "{what}[{i}]: {a} is not {b}");
        worst = worst.max(error);
    }
    println!("{what}: {} values, relative error at most {worst:.1e}", ours.len());
}

/// |a - b| / the largest |b| for every pair of a tensor.
fn assert_tensor(ours: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(ours.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(0.0_f64, |largest, b| largest.max(b.abs()));
    for (i, (a, b)) in ours.iter().zip(expected).enumerate() {
        assert!((a - b).abs() <= tolerance * largest, "{what}[{i}]: {a} is not {b}");
    }
}

#[test]
fn curve_as_published_follows_the_script_and_ours_the_true_gradient() {
    curve::run().unwrap();
    let Some(reference) = reference("curve.npz") else { return };
    assert_relative(
        &curve::published_losses().unwrap()[..300],
        &reference["loss_published"],
        1e-9,
        "published",
    );
    assert_relative(&curve::our_losses().unwrap()[..300], &reference["loss"], 1e-9, "ours");
}

#[test]
fn the_check_finds_both_faults_of_the_curve() {
    let [(_, right), (_, wrong_loss), (_, summed_bias)] = curve::checks().unwrap();
    assert!(right.ok, "{:?}", right.worst);

    // A wrong gradient at the output is wrong in every parameter.
    assert!(!wrong_loss.ok);
    let wrong = |report: &thalweg::gradient_check::GradientReport| -> Vec<String> {
        let wrong = report.by_parameter.iter().filter(|worst| worst.relative_error > TOLERANCE);
        wrong.map(|worst| worst.parameter.clone()).collect()
    };
    assert_eq!(wrong(&wrong_loss), ["0.weight", "0.bias", "2.weight", "2.bias"]);

    // The summed bias is wrong there and nowhere else.
    assert!(!summed_bias.ok);
    assert_eq!(summed_bias.worst.as_ref().unwrap().parameter, "0.bias");
    assert_eq!(wrong(&summed_bias), ["0.bias"]);
}

#[test]
fn regression_as_published_passes_the_check_and_predicts_nothing_new() {
    regression::run().unwrap();
    let (published, ours) = regression::fit_both().unwrap();
    assert!(published.check.ok && ours.check.ok, "{:?} {:?}", published.check.worst, ours.check.worst);
    // On rows that it has not seen, the network with a bias per example is worse by far than ours.
    assert!(published.unseen_loss > 2.0 * ours.unseen_loss, "{} {}", published.unseen_loss, ours.unseen_loss);
    // What it says of a row depends on the row's place.
    let [in_place, behind] = &published.same_row_twice;
    assert!(in_place.iter().zip(behind).any(|(a, b)| (a - b).abs() > 0.1), "{in_place:?} {behind:?}");
    assert_eq!(ours.same_row_twice[0], ours.same_row_twice[1]);

    let Some(reference) = reference("regression.npz") else { return };
    assert_relative(&published.losses[..2000], &reference["loss_published"], 1e-9, "published");
    assert_relative(&ours.losses[..2000], &reference["loss"], 1e-9, "ours");
}

#[test]
fn the_network_of_sizes_follows_the_reference() {
    network::run().unwrap();
    let Some(reference) = reference("network.npz") else { return };
    let names = [("0.weight", "w0"), ("0.bias", "b0"), ("2.weight", "w1"), ("2.bias", "b1")];
    let compare = |network: &Network<f64>, when: &str, tolerance: f64| {
        for (name, array) in names {
            let what = format!("{array}_{when}");
            assert_tensor(network.parameter(name).unwrap(), &reference[&what], tolerance, &what);
        }
    };
    let (start, data) = network::start().unwrap();
    compare(&start, "start", 1e-15);
    let x: Vec<f64> = (0..64 * 8).map(|i| data.feature(i / 8, i % 8)).collect();
    assert_eq!(x, reference["x"]);

    let mut one_step = start.clone();
    network::trainer().steps(1).fit(&mut one_step, &data).unwrap();
    compare(&one_step, "step1", 1e-12);
    let mut one_epoch = start.clone();
    network::trainer().epochs(1).fit(&mut one_epoch, &data).unwrap();
    compare(&one_epoch, "epoch1", 1e-12);

    let (cost, correct, end) = network::costs().unwrap();
    assert_relative(&cost, &reference["cost"], 1e-9, "cost");
    let correct: Vec<f64> = correct.into_iter().map(|correct| correct as f64).collect();
    assert_eq!(correct, reference["correct"]);
    compare(&end, "end", 1e-9);
}

/// Logistic regression by gradient descent on all rows at once.
fn logistic_settings(learning_rate: f64, steps: u64) -> TrainingSettings {
    TrainingSettings {
        loss: Some(Loss::BinaryCrossEntropy),
        optimizer: Optimizer::Sgd,
        learning_rate: Some(learning_rate),
        batch_size: BatchSize::Full,
        steps: Some(steps),
        epochs: None,
        report_every: Some(Every::Steps(1)),
        ..TrainingSettings::default()
    }
}

#[test]
fn logistic_regression_on_made_up_images_follows_the_reference() {
    let Some(reference) = reference("logistic.npz") else { return };
    let images = reference["images"].iter().map(|&value| value as u8).collect();
    let ids = reference["labels"].iter().map(|&label| label as u32).collect();
    let data =
        Dataset::new(Features::U8(images), Shape::from([8, 8, 3]), DatasetTargets::Classes { ids, count: 2 })
            .unwrap()
            .with_scale(FittedScale::Divide { divisor: 255.0 });
    let mut start = Network::<f64>::builder([8, 8, 3]).flatten().dense(1).build(0).unwrap();
    start.set_parameter("1.weight", &reference["w0_start"]).unwrap();
    start.set_parameter("1.bias", &reference["b0_start"]).unwrap();

    let mut one_step = start.clone();
    Trainer::with_settings(logistic_settings(0.005, 1)).fit(&mut one_step, &data).unwrap();
    assert_tensor(one_step.parameter("1.weight").unwrap(), &reference["w0_step1"], 1e-12, "w0_step1");
    assert_tensor(one_step.parameter("1.bias").unwrap(), &reference["b0_step1"], 1e-12, "b0_step1");

    let mut end = start.clone();
    let outcome = Trainer::with_settings(logistic_settings(0.005, 2000)).fit(&mut end, &data).unwrap();
    let losses: Vec<f64> = outcome.history.losses(Part::Train).into_iter().map(|(_, loss)| loss).collect();
    assert_relative(&losses[..2000], &reference["loss"], 1e-9, "loss");
    assert_tensor(end.parameter("1.weight").unwrap(), &reference["w0_end"], 1e-9, "w0_end");
    assert_tensor(end.parameter("1.bias").unwrap(), &reference["b0_end"], 1e-9, "b0_end");
}

/// The worked example of the cats tutorial: w = (1, 2), b = 2, x = (1, 3) and (2, 4), y = (1, 0), learning rate 0.009.
/// The figures after 100 steps were computed anew with 40 decimal digits.
#[test]
fn the_worked_example_of_cats() {
    let targets = DatasetTargets::Classes { ids: vec![1, 0], count: 2 };
    let data = Dataset::new(Features::F64(vec![1.0, 3.0, 2.0, 4.0]), Shape::from(2), targets).unwrap();
    let mut network = Network::<f64>::builder(2).dense(1).build(0).unwrap();
    network.set_parameter("0.weight", &[1.0, 2.0]).unwrap();
    network.set_parameter("0.bias", &[2.0]).unwrap();
    let settings = logistic_settings(0.009, 100);
    let parts = Parts { train: &data, validation: None, test: None };

    let first = explain(&network, &settings, parts, 0, 0).unwrap();
    let printed = |name: &str| -> Vec<String> {
        first.matrix(name).unwrap().values.iter().map(|value| format!("{value:.8}")).collect()
    };
    assert_eq!(printed("dw0"), ["0.99993216", "1.99980262"]);
    assert_eq!(printed("db0"), ["0.49993523"]);
    let last = explain(&network, &settings, parts, 0, 99).unwrap();
    let last_dw = &last.matrix("dw0").unwrap().values;
    assert_relative(last_dw, &[0.9015842801285687, 1.7625084234859344], 1e-12, "last dw");
    assert_relative(&last.matrix("db0").unwrap().values, &[0.4304620716786828], 1e-12, "last db");

    let outcome = Trainer::with_settings(settings).fit(&mut network, &data).unwrap();
    assert_relative(&[outcome.history.losses(Part::Train)[0].1], &[6.000064773192205], 1e-12, "first cost");
    let w = network.parameter("0.weight").unwrap();
    assert_relative(w, &[0.1124578970863514, 0.2310677467761294], 1e-12, "w");
    assert_relative(network.parameter("0.bias").unwrap(), &[1.5593049248448891], 1e-12, "b");
    let probabilities = network.predict(&Loss::BinaryCrossEntropy, &data).unwrap();
    assert!(probabilities.iter().all(|&p| p > 0.5), "{probabilities:?}");
}
