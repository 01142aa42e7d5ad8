//! Parts of a program's own in files: models, experiments and runs that name them, with and without a registry, and observers that a
//! resumed run goes on with.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use thalweg::activations::Activation;
use thalweg::custom::{
    CustomActivation, CustomLayer, CustomLoss, CustomMetric, CustomOptimizer, Options, Registry,
};
use thalweg::data::{Dataset, DatasetTargets, Features};
use thalweg::experiment::Draft;
use thalweg::layers::{Backward, Forward, Layer, ParameterRole, ParameterShape};
use thalweg::losses::{Reduction, Target};
use thalweg::optimizers::Update;
use thalweg::run::{self, Place, RunFolder};
use thalweg::train::{BatchSize, Command, Ending, Every, Observer, Parts, Progress, Report, Snapshot};
use thalweg::{Error, Loss, Model, Network, Real, Shape};

fn options(name: &str, value: f64) -> Options {
    [(name.to_owned(), Options::from(value))].into_iter().collect()
}

fn number(options: &Options, name: &str) -> Result<f64, String> {
    options[name].as_f64().ok_or_else(|| format!("it needs a number `{name}`"))
}

/// y = (1 + gain) ⊙ x·factor.
#[derive(Debug)]
struct Gain {
    factor: f64,
}

impl<R: Real> CustomLayer<R> for Gain {
    fn name(&self) -> &str {
        "gain"
    }
    fn options(&self) -> Options {
        options("factor", self.factor)
    }
    fn output_shape(&self, input: &Shape) -> Result<Shape, String> {
        Ok(input.clone())
    }
    fn parameters(&self, input: &Shape) -> Vec<ParameterShape> {
        vec![ParameterShape { name: "gain".to_owned(), shape: input.flattened(), role: ParameterRole::Free }]
    }
    fn forward(&self, pass: Forward<'_, R>) {
        let gain = pass.parameters;
        for (i, (y, &x)) in pass.y.iter_mut().zip(pass.x).enumerate() {
            *y = (R::ONE + gain[i % gain.len()]) * x * R::from_f64(self.factor);
        }
    }
    fn backward(&self, pass: Backward<'_, R>) {
        let (gain, factor) = (pass.parameters, R::from_f64(self.factor));
        for (i, (&dy, &x)) in pass.dy.iter().zip(pass.x).enumerate() {
            pass.dparameters[i % gain.len()] += dy * x * factor;
        }
        if let Some(dx) = pass.dx {
            for (i, (dx, &dy)) in dx.iter_mut().zip(pass.dy).enumerate() {
                *dx = dy * (R::ONE + gain[i % gain.len()]) * factor;
            }
        }
    }
}

/// a = z between ±edge.
#[derive(Debug)]
struct Clamp {
    edge: f64,
}

impl<R: Real> CustomActivation<R> for Clamp {
    fn name(&self) -> &str {
        "clamp"
    }
    fn options(&self) -> Options {
        options("edge", self.edge)
    }
    fn value(&self, z: R) -> R {
        let edge = R::from_f64(self.edge);
        if z > edge {
            edge
        } else if z < -edge {
            -edge
        } else {
            z
        }
    }
    fn derivative(&self, z: R, _a: R) -> R {
        if z.abs() < R::from_f64(self.edge) { R::ONE } else { R::ZERO }
    }
}

/// Σⱼ scale·(ŷⱼ - tⱼ)².
#[derive(Debug)]
struct Scaled {
    scale: f64,
}

impl<R: Real> CustomLoss<R> for Scaled {
    fn name(&self) -> &str {
        "scaled"
    }
    fn options(&self) -> Options {
        options("scale", self.scale)
    }
    fn reduction(&self) -> Reduction {
        Reduction::Mean
    }
    fn row_value(&self, predictions: &[R], target: Target<'_, R>) -> R {
        let d = predictions[0] - target.value(0, predictions.len());
        R::from_f64(self.scale) * d * d
    }
    fn row_gradient(&self, predictions: &[R], target: Target<'_, R>, dpredictions: &mut [R]) {
        let d = predictions[0] - target.value(0, predictions.len());
        dpredictions[0] = R::from_f64(2.0 * self.scale) * d;
    }
}

/// Heavy-ball momentum.
#[derive(Debug)]
struct Heavy {
    momentum: f64,
}

impl<R: Real> CustomOptimizer<R> for Heavy {
    fn name(&self) -> &str {
        "heavy"
    }
    fn options(&self) -> Options {
        options("momentum", self.momentum)
    }
    fn state_slots(&self) -> usize {
        1
    }
    fn update(&self, update: &Update, w: &mut [R], dw: &[R], state: &mut [R]) {
        let (rate, momentum) = (R::from_f64(update.learning_rate), R::from_f64(self.momentum));
        for ((w, &dw), v) in w.iter_mut().zip(dw).zip(state) {
            *v = momentum * *v + dw;
            *w -= rate * *v;
        }
    }
}

/// The share of rows whose prediction is within a distance of the target.
#[derive(Debug)]
struct Within {
    distance: f64,
}

impl CustomMetric for Within {
    fn name(&self) -> &str {
        "within"
    }
    fn options(&self) -> Options {
        options("distance", self.distance)
    }
    fn value(&self, predictions: &[f64], outputs: usize, targets: &[Target<'_, f64>]) -> f64 {
        let near = predictions
            .chunks(outputs)
            .zip(targets)
            .filter(|(row, target)| (row[0] - target.value(0, outputs)).abs() < self.distance);
        near.count() as f64 / targets.len() as f64
    }
}

fn registry() -> Registry {
    Registry::new()
        .layer("gain", |options| Ok(Gain { factor: number(options, "factor")? }))
        .activation("clamp", |options| Ok(Clamp { edge: number(options, "edge")? }))
        .loss("scaled", |options| Ok(Scaled { scale: number(options, "scale")? }))
        .optimizer("heavy", |options| Ok(Heavy { momentum: number(options, "momentum")? }))
        .metric("within", |options| Ok(Within { distance: number(options, "distance")? }))
}

/// One third has no short binary number: options come back to the last bit.
const THIRD: f64 = 1.0 / 3.0;

fn model() -> Model {
    let clamp = Activation::Custom(Arc::new(Clamp { edge: 0.75 }));
    let gain = Layer::Custom(Arc::new(Gain { factor: THIRD }));
    let mut network =
        Network::<f32>::builder(2).dense(5).activation(clamp).layer(gain).dense(1).build(4).unwrap();
    network.set_parameter("2.gain", &[0.1, -0.2, 0.3, THIRD as f32, 7.0]).unwrap();
    let mut model = Model::from(network);
    model.loss = Some(Loss::Custom(Arc::new(Scaled { scale: THIRD })));
    model
}

fn rows() -> Dataset {
    let x = (0..40).map(|i| f64::from(i * 37 % 23) / 11.0 - 1.0).collect();
    let targets = DatasetTargets::Values { values: (0..20).map(f64::from).collect(), outputs: 1 };
    Dataset::new(Features::F64(x), Shape::from(2), targets).unwrap()
}

#[test]
fn a_model_with_parts_of_its_own_comes_back_to_the_last_bit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own.safetensors");
    let model = model();
    model.save(&path).unwrap();
    let again = Model::load_with(&path, &registry()).unwrap();
    let bits = |model: &Model| -> Vec<u64> {
        model.predict(&rows()).unwrap().values.iter().map(|value| value.to_bits()).collect()
    };
    assert_eq!(bits(&model), bits(&again));
    let loss = |model: &Model| model.data_loss(&rows()).unwrap().to_bits();
    assert_eq!(loss(&model), loss(&again));
    assert_eq!(Network::<f32>::load_with(&path, &registry()).unwrap().parameter_count(), 5 * 3 + 5 + 6);
    // What was read is written as it was.
    let second = folder.path().join("second.safetensors");
    again.save(&second).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), std::fs::read(&second).unwrap());
}

#[test]
fn a_model_without_its_parts_is_refused_in_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own.safetensors");
    model().save(&path).unwrap();
    let refused = |registry: Registry| {
        let message = Model::load_with(&path, &registry).unwrap_err().to_string();
        message.split_once("own.safetensors: ").unwrap().1.to_owned()
    };
    insta::assert_snapshot!(
        refused(Registry::new()),
        @r#"its activation in layer 1 "clamp" is of a program's own, and this program does not have it; load the file in the program that defines it, with a Registry that has the name"#
    );
    let some = || Registry::new().activation("clamp", |_| Ok(Clamp { edge: 0.75 }));
    assert!(refused(some()).starts_with("its layer 2 \"gain\" is of a program's own"));
    let most = || some().layer("gain", |_| Ok(Gain { factor: 1.0 }));
    assert!(refused(most()).starts_with("its loss \"scaled\" is of a program's own"));
    let wrong = most().loss("scaled", |options| Ok(Scaled { scale: number(options, "size")? }));
    insta::assert_snapshot!(
        refused(wrong),
        @r#"its description of the network is not valid: `loss`: the loss "scaled" cannot be made from its options: it needs a number `size`"#
    );
    let other =
        most().loss("scaled", |_| Err::<Scaled, _>("never".to_owned())).layer("gain", |_| Ok(Renamed));
    assert!(refused(other).contains("calls itself \"renamed\""));
}

/// A layer that was registered by another name.
#[derive(Debug)]
struct Renamed;

impl<R: Real> CustomLayer<R> for Renamed {
    fn name(&self) -> &str {
        "renamed"
    }
    fn output_shape(&self, input: &Shape) -> Result<Shape, String> {
        Ok(input.clone())
    }
    fn parameters(&self, _input: &Shape) -> Vec<ParameterShape> {
        Vec::new()
    }
    fn forward(&self, pass: Forward<'_, R>) {
        pass.y.copy_from_slice(pass.x);
    }
    fn backward(&self, _pass: Backward<'_, R>) {}
}

const EXPERIMENT: &str = r#"
name = "own"
seed = 5
[data]
source = { name = "moons", rows = 100, noise = 0.2 }
split = { validation = 0.2, test = 0.1 }
[network]
layers = [
  { dense = 8, activation = { custom = "clamp", options = { edge = 0.75 } } },
  { custom = "gain", options = { factor = 0.3333333333333333 } },
  { dropout = 0.25 },
  { dense = 1 },
]
[training]
loss = { custom = "scaled", options = { scale = 0.5 } }
optimizer = { custom = "heavy", options = { momentum = 0.8 }, learning_rate = 0.02 }
metrics = ["f1_macro", { custom = "within", options = { distance = 0.4 } }]
early_stopping = { metric = "validation.within", patience = 100 }
batch_size = 16
epochs = 6
checkpoint_every = "7 steps"
"#;

fn prepared() -> run::Prepared {
    let draft = Draft::parse(EXPERIMENT, None).unwrap().with_registry(registry());
    run::prepare(draft.check().unwrap(), None).unwrap()
}

/// A rate that falls by a tenth at every third report, counted over all resumptions.
#[derive(Default)]
struct Falls {
    reports: u64,
}

impl Observer for Falls {
    fn on_report(&mut self, report: &Report, _snapshot: &mut dyn Snapshot) -> thalweg::Result<Command> {
        self.reports += 1;
        Ok(match self.reports % 3 {
            0 => Command::SetLearningRate(report.learning_rate * 0.9),
            _ => Command::Continue,
        })
    }
    fn name(&self) -> Option<&str> {
        Some("falls")
    }
    fn state(&self) -> Options {
        self.reports.into()
    }
    fn restore(&mut self, state: &Options) -> Result<(), String> {
        self.reports = state.as_u64().ok_or("it needs a whole number")?;
        Ok(())
    }
}

/// Ends the run with an error at a step, as a kill would.
struct Kill(u64);

impl Observer for Kill {
    fn next_step(&self) -> Option<u64> {
        Some(self.0)
    }
    fn on_step(&mut self, _: &Progress, _: &mut dyn Snapshot) -> thalweg::Result<Command> {
        Err(Error::State)
    }
}

#[test]
fn a_run_with_parts_and_an_observer_of_its_own_is_resumed_to_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place { runs: folder.path().join("runs"), ..Place::default() };
    let mut whole = prepared();
    let mut run = RunFolder::create(&whole, &place, Vec::new()).unwrap();
    let (outcome, result) = run.train(&mut whole, vec![Box::new(Falls::default())], None, None).unwrap();
    assert_eq!(outcome.ending, Ending::Finished);
    assert!(outcome.parts[1].custom.iter().any(|(name, _)| name == "within"));
    // The folder knows its parts, and so does one that is opened with them.
    assert_eq!(run.result().unwrap().unwrap(), result);
    assert_eq!(RunFolder::open_with(run.path(), registry()).unwrap().result().unwrap().unwrap(), result);

    for step in [3, 16, 22, 29] {
        let mut begun = prepared();
        let mut run = RunFolder::create(&begun, &place, Vec::new()).unwrap();
        let observers: Vec<Box<dyn Observer>> = vec![Box::new(Falls::default()), Box::new(Kill(step))];
        run.train(&mut begun, observers, None, None).unwrap_err();
        drop(run);
        let runs = std::fs::read_dir(folder.path().join("runs")).unwrap().count();
        let path = folder.path().join(format!("runs/own-{runs:03}"));
        let mut again = RunFolder::open_with(&path, registry()).unwrap();
        let mut goes_on = again.prepare().unwrap();
        let state = again.rewind().unwrap();
        let (resumed, _) =
            again.train(&mut goes_on, vec![Box::new(Falls::default())], None, state.as_ref()).unwrap();
        assert_eq!(resumed.parameters_sha256, outcome.parameters_sha256, "killed at {step}");
    }
}

#[test]
fn a_run_without_its_parts_or_its_observer_is_refused_in_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place { runs: folder.path().join("runs"), ..Place::default() };
    let mut begun = prepared();
    let mut run = RunFolder::create(&begun, &place, Vec::new()).unwrap();
    let observers: Vec<Box<dyn Observer>> = vec![Box::new(Falls::default()), Box::new(Kill(9))];
    run.train(&mut begun, observers, None, None).unwrap_err();
    let path = run.path().to_owned();
    drop(run);

    let refused = RunFolder::open(&path).unwrap_err().to_string();
    insta::assert_snapshot!(
        refused.rsplit("own-001: ").next().unwrap(),
        @r#"its activation "clamp" is of a program's own, and this program does not have it; open the run in the program that defines it, with a Registry that has the name"#
    );
    let mut again = RunFolder::open_with(&path, registry()).unwrap();
    let mut goes_on = again.prepare().unwrap();
    let state = again.rewind().unwrap();
    assert_eq!(state.as_ref().unwrap().observers["falls"], Options::from(1));
    let refused = again.train(&mut goes_on, Vec::new(), None, state.as_ref()).unwrap_err();
    insta::assert_snapshot!(
        refused,
        @r#"the saved state has what an observer "falls" knew, and this run has no such observer; resume it in the program that defines it, with that observer"#
    );
    // Two of a name could not be told apart.
    let twice: Vec<Box<dyn Observer>> = vec![Box::new(Falls::default()), Box::new(Falls::default())];
    let refused = prepared().train(twice, None, None).unwrap_err().to_string();
    assert!(refused.contains("the same name"), "{refused}");
}

/// y = x·w with a weight of three axes, of which the last one counts the outputs.
#[derive(Debug)]
struct Split;

impl<R: Real> CustomLayer<R> for Split {
    fn name(&self) -> &str {
        "split"
    }
    fn output_shape(&self, _input: &Shape) -> Result<Shape, String> {
        Ok(Shape::from(3))
    }
    fn parameters(&self, input: &Shape) -> Vec<ParameterShape> {
        let shape = Shape::from([2, input.len() / 2, 3]);
        vec![ParameterShape { name: "kernel".to_owned(), shape, role: ParameterRole::Weight }]
    }
    fn forward(&self, pass: Forward<'_, R>) {
        let columns = pass.input.len();
        for (x, y) in pass.x.chunks(columns).zip(pass.y.chunks_mut(3)) {
            for (j, y) in y.iter_mut().enumerate() {
                *y = x
                    .iter()
                    .enumerate()
                    .fold(R::ZERO, |sum, (k, &x)| x.mul_add(pass.parameters[3 * k + j], sum));
            }
        }
    }
    fn backward(&self, pass: Backward<'_, R>) {
        let columns = pass.input.len();
        for (n, dy) in pass.dy.chunks(3).enumerate() {
            for k in 0..columns {
                for (j, &dy) in dy.iter().enumerate() {
                    let dw = &mut pass.dparameters[3 * k + j];
                    *dw = pass.x[n * columns + k].mul_add(dy, *dw);
                }
            }
        }
        if let Some(dx) = pass.dx {
            for (dx, dy) in dx.chunks_mut(columns).zip(pass.dy.chunks(3)) {
                for (k, dx) in dx.iter_mut().enumerate() {
                    let w = &pass.parameters[3 * k..][..3];
                    *dx = dy.iter().zip(w).fold(R::ZERO, |sum, (&dy, &w)| dy.mul_add(w, sum));
                }
            }
        }
    }
}

/// What comes into a unit is all that lies at one place of the last axis.
#[test]
fn the_last_axis_of_a_weight_counts_the_units_that_are_limited() {
    let x = (0..240).map(|i| f64::from(i * 37 % 101) / 25.0 - 2.0).collect();
    let targets = DatasetTargets::Classes { ids: (0..60).map(|i| i * 7 % 3).collect(), count: 3 };
    let data = Dataset::new(Features::F64(x), Shape::from(4), targets).unwrap();
    let start: Vec<f64> = (0..12).map(|i| f64::from(i * 5 % 7) / 2.0 - 1.5).collect();
    let trained = |layer: Layer, name: &str, max_norm: Option<f64>| {
        let mut network = Network::<f64>::builder(4).layer(layer).build(0).unwrap();
        network.set_parameter(name, &start).unwrap();
        let settings = thalweg::train::TrainingSettings {
            max_norm,
            learning_rate: Some(0.05),
            optimizer: thalweg::Optimizer::Sgd,
            epochs: Some(3),
            ..Default::default()
        };
        thalweg::Trainer::with_settings(settings).fit(&mut network, &data).unwrap();
        network.parameter(name).unwrap().to_vec()
    };
    let own = || Layer::Custom(Arc::new(Split));
    let norms = |w: &[f64]| -> Vec<f64> {
        (0..3).map(|j| w.iter().skip(j).step_by(3).map(|w| w * w).sum::<f64>().sqrt()).collect()
    };
    let limited = trained(own(), "0.kernel", Some(0.5));
    assert!(norms(&limited).iter().all(|norm| *norm <= 0.5 + 1e-15), "{:?}", norms(&limited));
    let free = trained(own(), "0.kernel", None);
    assert!(norms(&free).iter().any(|norm| *norm > 0.6), "{:?}", norms(&free));
}

/// With a gradient of 0 only penalties and decay move a weight, by the same rule as a dense layer's.
#[test]
fn penalties_and_decay_touch_weights_by_their_role() {
    let targets = DatasetTargets::Values { values: vec![0.0; 24], outputs: 3 };
    let data = Dataset::new(Features::F64(vec![0.0; 32]), Shape::from(4), targets).unwrap();
    let start: Vec<f64> = (0..12).map(|i| f64::from(i * 5 % 7) / 2.0 - 1.5).collect();
    let trained = |layer: Layer, name: &str| {
        let mut network = Network::<f64>::builder(4).layer(layer).build(0).unwrap();
        network.set_parameter(name, &start).unwrap();
        let settings = thalweg::train::TrainingSettings {
            l2: 0.1,
            l1: 0.01,
            weight_decay: 0.2,
            max_norm: Some(2.0),
            learning_rate: Some(0.05),
            optimizer: thalweg::Optimizer::Sgd,
            epochs: Some(3),
            ..Default::default()
        };
        thalweg::Trainer::with_settings(settings).fit(&mut network, &data).unwrap();
        network.parameter(name).unwrap().to_vec()
    };
    let own = trained(Layer::Custom(Arc::new(Split)), "0.kernel");
    assert_eq!(own, trained(thalweg::layers::Dense::new(3).into(), "0.weight"));
    assert!(own.iter().zip(&start).all(|(w, before)| w.abs() < before.abs() || *before == 0.0));
}

/// The mean squared error, which fails at one of its calls.
#[derive(Debug)]
struct Fails {
    at: u64,
    calls: AtomicU64,
    failure: Arc<AtomicBool>,
}

impl<R: Real> CustomLoss<R> for Fails {
    fn name(&self) -> &str {
        "fails"
    }
    fn reduction(&self) -> Reduction {
        Reduction::Mean
    }
    fn row_value(&self, predictions: &[R], target: Target<'_, R>) -> R {
        if self.calls.fetch_add(1, Ordering::Relaxed) + 1 == self.at {
            self.failure.store(true, Ordering::Relaxed);
        }
        Loss::MeanSquaredError.row_value(predictions, target)
    }
    fn row_gradient(&self, predictions: &[R], target: Target<'_, R>, dpredictions: &mut [R]) {
        Loss::MeanSquaredError.row_gradient(predictions, target, dpredictions);
    }
}

/// What a failed call gave may be finite: the flag alone decides.
#[test]
fn a_step_in_which_a_part_fails_is_left_out_and_the_run_can_go_on() {
    let data = rows();
    let network = || Network::<f64>::builder(2).dense(3).tanh().dense(1).build(1).unwrap();
    let settings = |optimizer: thalweg::Optimizer, is_full: bool| thalweg::train::TrainingSettings {
        batch_size: if is_full { BatchSize::Full } else { BatchSize::Rows(5) },
        epochs: Some(8),
        report_every: Some(Every::Epochs(1)),
        optimizer,
        ..Default::default()
    };
    for (optimizer, is_full) in [
        (thalweg::Optimizer::from_name("adam").unwrap(), false),
        (thalweg::Optimizer::Sgd, true),
        (thalweg::Optimizer::from_name("lbfgs").unwrap(), true),
    ] {
        let trainer = |at: u64| {
            let failure = Arc::new(AtomicBool::new(false));
            let fails = Fails { at, calls: AtomicU64::new(0), failure: failure.clone() };
            thalweg::Trainer::with_settings(settings(optimizer.clone(), is_full))
                .loss(Loss::Custom(Arc::new(fails)))
                .metric(Within { distance: 1.0 })
                .failure(failure)
        };
        let mut whole = network();
        let outcome = trainer(0).fit(&mut whole, &data).unwrap();
        for at in [1, 33, 70] {
            let mut cut = network();
            let begun = trainer(at).fit(&mut cut, &data).unwrap();
            assert_eq!(begun.ending, Ending::Interrupted, "at {at}");
            assert!(begun.steps < outcome.steps && begun.parts.is_empty());
            let parts = Parts { train: &data, validation: None, test: None };
            let resumed = trainer(0).resume(&mut cut, parts, &begun.state).unwrap();
            assert_eq!(whole.parameters(), cut.parameters(), "at {at}");
            let of = |report: &Report| report.metric("train.within").unwrap();
            let reports = begun.history.reports.iter().chain(&resumed.history.reports).map(of);
            assert!(reports.eq(outcome.history.reports.iter().map(of)), "at {at}");
        }
    }
}
