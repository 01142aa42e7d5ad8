//! How runs end: too large a rate, early stopping, a full stop by an observer.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use thalweg::data::{Dataset, DatasetTargets, Features};
use thalweg::train::{
    BatchSize, Command, EarlyStopping, Ending, Observer, Part, Parts, Report, Snapshot, TrainingSettings,
};
use thalweg::{Error, Loss, Network, Optimizer, Shape, Trainer};

/// t = x², which a line fits badly and a large rate makes explode.
fn parabola(rows: i32) -> Dataset {
    let x: Vec<f64> = (0..rows).map(f64::from).collect();
    let targets = DatasetTargets::Values { values: x.iter().map(|x| x * x).collect(), outputs: 1 };
    Dataset::new(Features::F64(x), Shape::from(1), targets).unwrap()
}

fn descent(learning_rate: f64) -> TrainingSettings {
    TrainingSettings {
        loss: Some(Loss::MeanSquaredError),
        optimizer: Optimizer::Sgd,
        learning_rate: Some(learning_rate),
        batch_size: BatchSize::Full,
        ..TrainingSettings::default()
    }
}

#[test]
fn a_loss_that_overflows_ends_the_run_and_leaves_the_network_alone() {
    let data = parabola(20);
    let mut network = Network::<f32>::builder(1).dense(1).build(0).unwrap();
    let before = network.parameters().to_vec();
    let error = Trainer::with_settings(descent(10.0)).fit(&mut network, &data).unwrap_err();
    let Error::Diverged { step, loss, .. } = error else { panic!("{error}") };
    assert!(step > 0 && !loss.is_finite());
    assert_eq!(network.parameters(), before);
}

#[test]
fn a_last_update_that_overflows_is_noticed_too() {
    let data = parabola(20);
    for batch_size in [BatchSize::Full, BatchSize::Rows(20), BatchSize::Rows(7)] {
        let mut network = Network::<f32>::builder(1).dense(1).build(0).unwrap();
        let settings = TrainingSettings { batch_size, steps: Some(1), ..descent(1e30) };
        let error = Trainer::with_settings(settings).fit(&mut network, &data).unwrap_err();
        assert!(matches!(error, Error::Diverged { .. }), "{batch_size:?}: {error}");
    }
}

#[test]
fn early_stopping_keeps_the_best_weights() {
    let (train, validation) = (parabola(8), parabola(4));
    let mut network = Network::<f64>::builder(1).dense(6).tanh().dense(1).build(3).unwrap();
    let stopping = EarlyStopping { metric: "validation.loss".into(), patience: 3, min_delta: 0.0 };
    let settings = TrainingSettings {
        early_stopping: Some(stopping),
        batch_size: BatchSize::Rows(4),
        epochs: Some(5000),
        ..descent(0.02)
    };
    let parts = Parts { train: &train, validation: Some(&validation), test: None };
    let outcome = Trainer::with_settings(settings).fit_parts(&mut network, parts).unwrap();
    assert_eq!(outcome.ending, Ending::Stopped);
    let losses: Vec<f64> =
        outcome.history.reports.iter().map(|report| report.metric("validation.loss").unwrap()).collect();
    let best = losses.iter().copied().fold(f64::INFINITY, f64::min);
    assert_eq!(outcome.best_epoch, Some(outcome.epochs - 3));
    let kept = outcome.parts.iter().find(|part| part.part == Part::Validation).unwrap();
    assert_eq!(kept.loss, best);
    assert!(losses.last().unwrap() > &best);
}

/// Stops at the second report.
struct Second(u32);

impl Observer for Second {
    fn on_report(&mut self, _report: &Report, _snapshot: &mut dyn Snapshot) -> thalweg::Result<Command> {
        self.0 += 1;
        Ok(if self.0 == 2 { Command::Stop } else { Command::Continue })
    }
}

#[test]
fn an_observer_stops_a_run_at_a_report() {
    let data = parabola(6);
    let mut network = Network::<f64>::builder(1).dense(1).build(0).unwrap();
    let settings = TrainingSettings { batch_size: BatchSize::Rows(2), ..descent(1e-3) };
    let outcome = Trainer::with_settings(settings).observer(Second(0)).fit(&mut network, &data).unwrap();
    assert_eq!((outcome.ending, outcome.epochs, outcome.steps), (Ending::Stopped, 2, 6));
}
