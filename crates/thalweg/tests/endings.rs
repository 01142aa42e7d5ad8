//! How runs end: too large a rate, early stopping, a full stop by an observer.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use thalweg::data::{Dataset, DatasetTargets, Features};
use thalweg::metrics::Metric;
use thalweg::train::{
    BatchSize, Command, EarlyStopping, Ending, Every, Observer, Part, Parts, Report, Snapshot,
    TrainingSettings,
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

/// Two classes that overlap: of the rows below 0 every fourth is of class 1, of those above every third of class 0.
fn overlapping(rows: u32) -> Dataset {
    let x = (0..rows).map(|n| f64::from(n * 37 % 64) / 32.0 - 1.0);
    let ids =
        x.clone().zip(0..).map(|(x, n)| if x < 0.0 { u32::from(n % 4 == 0) } else { u32::from(n % 3 != 0) });
    let targets = DatasetTargets::Classes { ids: ids.collect(), count: 2 };
    Dataset::new(Features::F64(x.collect()), Shape::from(1), targets).unwrap()
}

#[test]
fn a_run_stops_by_any_metric_of_its_validation_part() {
    let (train, validation) = (overlapping(48), overlapping(29));
    let parts = Parts { train: &train, validation: Some(&validation), test: Some(&validation) };
    let many = [Metric::TopK, Metric::RocAucWeighted]; // for more than two classes
    for metric in Metric::ALL.into_iter().filter(|metric| metric.is_for_classes() && !many.contains(metric)) {
        let path = format!("validation.{}", metric.name());
        let stopping = EarlyStopping { metric: path.clone(), patience: 4, min_delta: 1e-4 };
        let settings = TrainingSettings {
            loss: None,
            early_stopping: Some(stopping),
            batch_size: BatchSize::Rows(8),
            epochs: Some(3000),
            ..descent(0.1)
        };
        let mut network = Network::<f64>::builder(1).dense(5).tanh().dense(1).build(3).unwrap();
        let outcome = Trainer::with_settings(settings).fit_parts(&mut network, parts).unwrap();
        assert_eq!(outcome.ending, Ending::Stopped, "{path}");
        let values: Vec<f64> =
            outcome.history.reports.iter().map(|report| report.metric(&path).unwrap()).collect();
        // The kept weights are those of the best report, and four came after it without a gain.
        let kept = outcome.parts.iter().find(|part| part.part == Part::Validation).unwrap();
        let best = values[outcome.best_epoch.unwrap() as usize - 1];
        assert_eq!(kept.metric(metric.name()), Some(best), "{path}");
        assert_eq!(outcome.best_epoch, Some(outcome.epochs - 4), "{path}");
        let is_better =
            |value: f64| if metric.more_is_better() { value > best + 1e-4 } else { value < best - 1e-4 };
        assert!(!values.iter().any(|&value| is_better(value)), "{path}: {values:?}");
        // No other part has it, unless it is always there.
        let report = outcome.history.last().unwrap();
        assert_eq!(report.metric(&format!("test.{}", metric.name())).is_some(), metric.is_always_there());
    }
}

#[test]
fn a_run_stops_by_what_is_added_up_while_it_trains() {
    let train = overlapping(48);
    let stopping = EarlyStopping { metric: "train.f1_macro".into(), patience: 5, min_delta: 0.0 };
    let settings = TrainingSettings {
        loss: None,
        early_stopping: Some(stopping),
        batch_size: BatchSize::Rows(8),
        epochs: Some(3000),
        ..descent(0.1)
    };
    let mut network = Network::<f32>::builder(1).dense(5).tanh().dense(1).build(3).unwrap();
    let outcome = Trainer::with_settings(settings).fit(&mut network, &train).unwrap();
    assert_eq!((outcome.ending, outcome.best_epoch), (Ending::Stopped, Some(outcome.epochs - 5)));
}

#[test]
fn the_training_part_is_counted_as_the_others_are() {
    // A full batch, so that the report of the training part is of the same weights.
    let train = overlapping(30);
    let settings = TrainingSettings {
        loss: None,
        metrics: vec![Metric::F1Macro, Metric::RecallWeighted, Metric::PrecisionMacro],
        batch_size: BatchSize::Full,
        epochs: Some(40),
        report_every: Some(Every::Steps(10)),
        ..descent(0.1)
    };
    let parts = Parts { train: &train, validation: Some(&train), test: None };
    let mut network = Network::<f64>::builder(1).dense(5).tanh().dense(1).build(3).unwrap();
    let outcome = Trainer::with_settings(settings).fit_parts(&mut network, parts).unwrap();
    for report in &outcome.history.reports {
        let [train, validation] = &report.parts[..] else { panic!("{report:?}") };
        assert_eq!(train.metrics.more.len(), 3);
        assert_eq!(train.metrics, validation.metrics, "step {}", report.step);
    }
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
