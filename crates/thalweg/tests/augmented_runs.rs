//! Runs whose images are changed each epoch: the same bits however they are stopped, shared out or cut into batches, and
//! nothing changed but the training part.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use thalweg::data::{Augmentation, Dataset, DatasetTargets, Features, FittedScale, Flip};
use thalweg::layers::{MaxPool2d, Window};
use thalweg::train::{BatchSize, Outcome, Part, Parts, TrainingSettings};
use thalweg::{Loss, Network, Shape, Trainer};

/// 30 images of 7×6 bytes in three classes.
fn images() -> Dataset {
    let bytes = (0..30 * 42).map(|i| (i * 7919 % 256) as u8).collect();
    let targets = DatasetTargets::Classes { ids: (0..30).map(|n| n * 5 % 3).collect(), count: 3 };
    let data = Dataset::new(Features::U8(bytes), Shape::from([1, 7, 6]), targets).unwrap();
    data.with_scale(FittedScale::Divide { divisor: 255.0 })
}

fn all() -> Augmentation {
    Augmentation {
        shift: 1,
        flip: Some(Flip::Horizontal),
        rotate: 15.0,
        crop: 0.8,
        cutout: 2,
        mixup: 0.4,
        brightness: 0.1,
        contrast: 0.2,
    }
}

/// A network of convolutions, and a dense one.
fn networks() -> Vec<Network<f32>> {
    let convolved = Network::builder([1, 7, 6])
        .conv2d(4, Window::square(3))
        .batch_norm()
        .relu()
        .layer(MaxPool2d::new(2))
        .flatten()
        .dropout(0.2)
        .dense(3);
    let dense = Network::builder([1, 7, 6]).flatten().dense(20).relu().dense(3);
    [convolved, dense].map(|builder| builder.build(3).unwrap()).into()
}

fn settings(augment: Option<Augmentation>, batch_size: BatchSize, epochs: u64) -> TrainingSettings {
    TrainingSettings { augment, batch_size, epochs: Some(epochs), ..TrainingSettings::default() }
}

fn train(network: &Network<f32>, settings: TrainingSettings, threads: usize) -> Outcome {
    Trainer::with_settings(settings).seed(7).threads(threads).fit(&mut network.clone(), &images()).unwrap()
}

#[test]
fn a_run_that_was_stopped_and_one_on_two_threads_give_the_same_bits() {
    for network in networks() {
        for batch_size in [BatchSize::Rows(8), BatchSize::Full] {
            let whole = train(&network, settings(Some(all()), batch_size, 4), 1);
            let shared = train(&network, settings(Some(all()), batch_size, 4), 2);
            assert_eq!(whole.parameters_sha256, shared.parameters_sha256);
            let half = train(&network, settings(Some(all()), batch_size, 2), 1);
            let data = images();
            let parts = Parts { train: &data, validation: None, test: None };
            let trainer = Trainer::with_settings(settings(Some(all()), batch_size, 4)).seed(7);
            let resumed = trainer.resume(&mut network.clone(), parts, &half.state).unwrap();
            assert_eq!(whole.parameters_sha256, resumed.parameters_sha256);
            let plain = train(&network, settings(None, batch_size, 4), 1);
            assert_ne!(whole.parameters_sha256, plain.parameters_sha256);
        }
    }
}

#[test]
fn what_is_off_is_as_if_it_were_not_there() {
    for network in networks() {
        let without = train(&network, settings(None, BatchSize::Rows(8), 2), 1);
        let off = train(&network, settings(Some(Augmentation::default()), BatchSize::Rows(8), 2), 1);
        assert_eq!(without.parameters_sha256, off.parameters_sha256);
    }
}

#[test]
fn images_are_judged_as_they_are() {
    let (data, others) = (images(), images());
    for mut network in networks() {
        let parts = Parts { train: &data, validation: Some(&others), test: None };
        let trainer = Trainer::with_settings(settings(Some(all()), BatchSize::Rows(8), 2)).seed(7);
        let outcome = trainer.fit_parts(&mut network, parts).unwrap();
        let judged = network.evaluate(&Loss::SoftmaxCrossEntropy, &others, Part::Validation).unwrap();
        for part in &outcome.parts {
            // The same rows, unchanged, in both parts.
            assert_eq!(part.data_loss.to_bits(), judged.data_loss.to_bits(), "{:?}", part.part);
        }
        let reports = &outcome.history.reports;
        let losses: Vec<f64> = reports[0].parts.iter().map(|part| part.data_loss).collect();
        assert_ne!(losses[0], losses[1]);
    }
}
