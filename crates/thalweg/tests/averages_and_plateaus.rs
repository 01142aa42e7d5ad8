//! Averages of the weights, and rates that fall where nothing gets better.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use thalweg::data::{Dataset, DatasetTargets, Features};
use thalweg::train::{
    BatchSize, Command, Every, Observer, Outcome, Part, Parts, Progress, ReduceOnPlateau, Snapshot, State,
    TrainingSettings, WeightAverage,
};
use thalweg::{Loss, Network, Optimizer, Shape, Trainer};

/// A noisy line.
fn data(first: usize) -> Dataset {
    let number = |i: usize| (i * 7919 % 1009) as f64 / 504.5 - 1.0;
    let x: Vec<f64> = (first..first + 30).map(number).collect();
    let t = x.iter().enumerate().map(|(n, x)| 2.0 * x + 0.5 + 0.3 * number(n + 700)).collect();
    let targets = DatasetTargets::Values { values: t, outputs: 1 };
    Dataset::new(Features::F64(x), Shape::from(1), targets).unwrap()
}

fn settings(average: Option<WeightAverage>, steps: u64) -> TrainingSettings {
    TrainingSettings {
        loss: Some(Loss::MeanSquaredError),
        optimizer: Optimizer::Sgd,
        learning_rate: Some(0.1),
        batch_size: BatchSize::Rows(8),
        epochs: None,
        steps: Some(steps),
        average,
        ..TrainingSettings::default()
    }
}

/// Writes down the parameters after every step.
#[derive(Default)]
struct Path(Vec<Vec<f64>>, u64);

impl Observer for &mut Path {
    fn next_step(&self) -> Option<u64> {
        Some(self.1)
    }

    fn on_step(&mut self, progress: &Progress, snapshot: &mut dyn Snapshot) -> thalweg::Result<Command> {
        if progress.step > 0 {
            self.0.push(snapshot.parameters());
        }
        self.1 = progress.step + 1;
        Ok(Command::Continue)
    }
}

fn network() -> Network<f64> {
    Network::<f64>::builder(1).dense(40).tanh().dense(1).build(2).unwrap()
}

/// The kept parameters and those after every step.
fn run(settings: TrainingSettings) -> (Vec<f64>, Vec<Vec<f64>>, Outcome) {
    let (train, mut network, mut path) = (data(0), network(), Path::default());
    let outcome = Trainer::with_settings(settings).observer(&mut path).fit(&mut network, &train).unwrap();
    (network.parameters().to_vec(), path.0, outcome)
}

fn near(ours: &[f64], expected: &[f64]) {
    for (a, b) in ours.iter().zip(expected) {
        assert!((a - b).abs() < 1e-12, "{a} and {b}");
    }
}

#[test]
fn an_exponential_average_is_the_mean_at_first_and_decays_then() {
    for (batch_size, decay) in [(BatchSize::Rows(8), 0.9), (BatchSize::Full, 0.75)] {
        let average = Some(WeightAverage::Ema { decay });
        let (kept, path, _) = run(TrainingSettings { batch_size, ..settings(average, 25) });
        assert_eq!(path.len(), 25);
        let mut expected = vec![0.0; kept.len()];
        for (t, w) in path.iter().enumerate() {
            let share = (1.0 - decay).max(1.0 / (t as f64 + 1.0));
            for (average, w) in expected.iter_mut().zip(w) {
                *average += share * (w - *average);
            }
        }
        near(&kept, &expected);
    }
}

#[test]
fn the_mean_of_the_last_epochs_is_kept() {
    // Four batches an epoch, eight epochs; from half of the steps on: the ends of epochs 4 to 8.
    let (kept, path, _) = run(settings(Some(WeightAverage::Swa { start: 0.5 }), 32));
    let ends: Vec<&Vec<f64>> = [16, 20, 24, 28, 32].iter().map(|step| &path[step - 1]).collect();
    let expected: Vec<f64> =
        (0..kept.len()).map(|i| ends.iter().map(|w| w[i]).sum::<f64>() / ends.len() as f64).collect();
    near(&kept, &expected);
}

fn resumed(settings: &TrainingSettings, stop: u64, validation: &Dataset) -> (Outcome, Vec<f64>) {
    let (train, mut network) = (data(0), network());
    let parts = Parts { train: &train, validation: Some(validation), test: None };
    let first = TrainingSettings { steps: Some(stop), ..settings.clone() };
    let state: State = Trainer::with_settings(first).fit_parts(&mut network, parts).unwrap().state;
    let outcome = Trainer::with_settings(settings.clone()).resume(&mut network, parts, &state).unwrap();
    (outcome, network.parameters().to_vec())
}

#[test]
fn a_resumed_run_has_the_same_averages_rates_and_best_weights() {
    let validation = data(40);
    let plateau = ReduceOnPlateau {
        metric: "validation.loss".to_owned(),
        factor: 0.5,
        patience: 2,
        min_delta: 1e-3,
        least_share: 0.1,
    };
    // The length of the run decides when the mean begins, so that one is resumed with its own length alone.
    let settings = TrainingSettings {
        reduce_on_plateau: Some(plateau),
        report_every: Some(Every::Steps(4)),
        ..settings(Some(WeightAverage::Ema { decay: 0.95 }), 60)
    };
    let (train, mut whole) = (data(0), network());
    let parts = Parts { train: &train, validation: Some(&validation), test: None };
    let outcome = Trainer::with_settings(settings.clone()).fit_parts(&mut whole, parts).unwrap();
    for stop in [8, 20, 40] {
        let (again, kept) = resumed(&settings, stop, &validation);
        assert_eq!(outcome.parameters_sha256, again.parameters_sha256, "stopped at {stop}");
        assert_eq!(whole.parameters(), kept, "stopped at {stop}");
    }
}

#[test]
fn rates_fall_when_nothing_is_gained_and_not_below_their_least() {
    let validation = data(40);
    let plateau = ReduceOnPlateau {
        metric: "validation.loss".to_owned(),
        factor: 0.5,
        patience: 3,
        min_delta: 1e9, // no gain is ever large enough after the first
        least_share: 0.2,
    };
    let settings = TrainingSettings {
        reduce_on_plateau: Some(plateau),
        report_every: Some(Every::Steps(1)),
        ..settings(None, 14)
    };
    let (train, mut network) = (data(0), network());
    let parts = Parts { train: &train, validation: Some(&validation), test: None };
    let outcome = Trainer::with_settings(settings).fit_parts(&mut network, parts).unwrap();
    let rates: Vec<f64> = outcome.history.reports.iter().map(|report| report.learning_rate).collect();
    // The first report is a gain; the fourth, seventh and tenth end a wait of three.
    let expected = [0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.025, 0.025, 0.025, 0.02, 0.02, 0.02, 0.02, 0.02];
    assert_eq!(rates.len(), expected.len());
    for (ours, expected) in rates.iter().zip(expected) {
        assert!((ours - expected).abs() < 1e-15, "{rates:?}");
    }
}

#[test]
fn what_is_validated_is_the_average() {
    let validation = data(40);
    let settings = TrainingSettings {
        report_every: Some(Every::Steps(10)),
        ..settings(Some(WeightAverage::Ema { decay: 0.9 }), 10)
    };
    let (train, mut network) = (data(0), network());
    let parts = Parts { train: &train, validation: Some(&validation), test: None };
    let outcome = Trainer::with_settings(settings).fit_parts(&mut network, parts).unwrap();
    let reported = outcome.history.reports[0].metric("validation.loss").unwrap();
    let kept = network.evaluate(&Loss::MeanSquaredError, &validation, Part::Validation).unwrap();
    assert_eq!(reported, kept.loss);
}
