//! The loop over plans of all kinds: those that doubt, those that count, those that do nothing.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::activations::Activation;
use crate::custom::CustomLoss;
use crate::data::{DatasetTargets, Features};
use crate::error::Error;
use crate::losses::{Reduction, Target};
use crate::optimizers::Optimizer;
use crate::plan::{PlainSteps, Rows};
use crate::shape::Shape;
use crate::train::{BatchSize, Command, Cure, Part, Progress, Report, Snapshot};

/// What the plans of a run were asked for.
#[derive(Debug, Default)]
struct Asked {
    steps: AtomicU64,
    forwards: AtomicU64,
    doubts: AtomicU64,
}

/// The plain plan, but not certain of every third step, and without losses of rows.
#[derive(Debug)]
struct Doubtful<R: Real> {
    plain: PlainSteps<R>,
    asked: Arc<Asked>,
}

impl<R: Real> StepPlan<R> for Doubtful<R> {
    fn read_parameters(&self, parameters: &mut [R]) {
        self.plain.read_parameters(parameters);
    }

    fn set_parameters(&mut self, parameters: &[R]) {
        self.plain.set_parameters(parameters);
    }

    fn read_state(&self, state: &mut [R]) {
        self.plain.read_state(state);
    }

    fn set_state(&mut self, state: &[R]) {
        self.plain.set_state(state);
    }

    fn forward(&mut self, batch: Rows<'_>) {
        self.asked.forwards.fetch_add(1, Ordering::Relaxed);
        self.plain.forward(batch);
    }

    fn outputs(&self, rows: usize) -> &[R] {
        self.plain.outputs(rows)
    }

    fn step(&mut self, batch: Rows<'_>, rates: &Rates) -> bool {
        let is_certain = self.asked.steps.fetch_add(1, Ordering::Relaxed) % 3 != 2;
        let is_taken = is_certain && self.plain.step(batch, rates);
        self.asked.doubts.fetch_add(u64::from(!is_taken), Ordering::Relaxed);
        is_taken
    }
}

/// Takes no time and changes nothing.
#[derive(Debug)]
struct Idle([f32; 64]);

impl StepPlan<f32> for Idle {
    fn read_parameters(&self, parameters: &mut [f32]) {
        parameters.fill(0.0);
    }

    fn set_parameters(&mut self, _: &[f32]) {}

    fn read_state(&self, _: &mut [f32]) {}

    fn set_state(&mut self, _: &[f32]) {}

    fn forward(&mut self, _: Rows<'_>) {}

    fn outputs(&self, rows: usize) -> &[f32] {
        &self.0[..rows]
    }

    fn row_losses(&self, rows: usize) -> Option<&[f32]> {
        Some(&self.0[..rows])
    }

    fn step(&mut self, _: Rows<'_>, rates: &Rates) -> bool {
        std::hint::black_box(rates);
        true
    }
}

/// t = size·sin(x), scaled or not.
fn wave(rows: usize, size: f64) -> Dataset {
    let x: Vec<f64> = (0..rows).map(|n| n as f64 / 4.0 - 1.0).collect();
    let values: Vec<f64> = x.iter().map(|&x| size * Real::tanh(x)).collect();
    let targets = DatasetTargets::Values { values, outputs: 1 };
    Dataset::new(Features::F64(x), Shape::from(1), targets).unwrap()
}

fn settings(batch_size: BatchSize, steps: u64) -> TrainingSettings {
    TrainingSettings {
        learning_rate: Some(0.01),
        batch_size,
        epochs: None,
        steps: Some(steps),
        report_every: Some(Every::Steps(7)),
        ..TrainingSettings::default()
    }
}

fn network() -> Network<f32> {
    Network::builder(1).dense(5).tanh().dense(1).build(0).unwrap()
}

fn setup(settings: &TrainingSettings, loss: Loss) -> Setup<'_> {
    Setup { settings, loss, seed: 3, custom: &[], threads: 1, failure: None }
}

fn plain(data: &Dataset, settings: &TrainingSettings, loss: Loss) -> Result<Outcome> {
    let parts = Parts { train: data, validation: Some(data), test: None };
    let mut network = network();
    Session::new(&network, parts, setup(settings, loss))?.run(&mut network, &mut [], None)
}

fn doubtful(data: &Dataset, settings: &TrainingSettings, loss: Loss) -> (Result<Outcome>, Arc<Asked>) {
    let asked = Arc::new(Asked::default());
    let parts = Parts { train: data, validation: Some(data), test: None };
    let mut network = network();
    let session = Session::with_plan(&network, parts, setup(settings, loss), |network, rules, batches, _| {
        let plain = PlainSteps::new(network, rules, data, batches.largest(), batches.is_full())?;
        Ok(Box::new(Doubtful { plain, asked: Arc::clone(&asked) }))
    });
    (session.unwrap().run(&mut network, &mut [], None), asked)
}

/// A history without its times.
fn timeless(mut history: History) -> History {
    history.reports.iter_mut().for_each(|report| report.seconds = 0.0);
    history
}

#[test]
fn a_step_in_doubt_is_made_by_the_plain_plan_to_the_same_bits() {
    let data = wave(13, 1.0);
    for batch_size in [BatchSize::Full, BatchSize::Rows(4)] {
        let settings = settings(batch_size, 40);
        let expected = plain(&data, &settings, Loss::MeanSquaredError).unwrap();
        let (given, asked) = doubtful(&data, &settings, Loss::MeanSquaredError);
        let given = given.unwrap();
        assert_eq!(asked.doubts.load(Ordering::Relaxed), 13);
        assert_eq!(given.parameters_sha256, expected.parameters_sha256);
        assert_eq!(given.state.optimizer_state, expected.state.optimizer_state);
        assert_eq!(timeless(given.history), timeless(expected.history));
        assert_eq!(given.parts, expected.parts);
    }
}

/// Made-up rows with so many inputs and numbers to say.
fn made_up(rows: usize, inputs: usize, outputs: usize) -> Dataset {
    let number = |i: usize| (i * 37 % 101) as f64 / 50.0 - 1.0;
    let features = Features::F64((0..rows * inputs).map(number).collect());
    let values = (0..rows * outputs).map(|i| number(i * 7 + 3)).collect();
    Dataset::new(features, Shape::from(inputs), DatasetTargets::Values { values, outputs }).unwrap()
}

#[test]
fn brief_reports_say_what_the_steps_saw() {
    let one = |inputs| Network::<f32>::builder(inputs);
    let adam = || TrainingSettings::default().optimizer;
    let lbfgs = || Optimizer::Lbfgs { history: 5 };
    let cases = [
        ("LanePlan", one(3).dense(5).tanh().dense(1).build(0), 13, adam()),
        ("NarrowHiddenPlan", one(2).dense(40).relu().dense(3).build(0), 37, adam()),
        ("OneOutputPlan", one(70).dense(1).build(0), 21, adam()),
        ("NarrowHiddenPlan", one(7).dense(300).relu().dense(3).build(0), 130, adam()),
        ("PanelPlan", one(7).dense(300).tanh().dense(3).build(0), 130, adam()),
        ("PanelPlan", one(70).dense(40).relu().dense(3).build(0), 1030, adam()),
        ("LbfgsSteps", one(3).dense(5).tanh().dense(2).build(0), 13, lbfgs()),
    ];
    for (name, network, rows, optimizer) in cases {
        let network = network.unwrap();
        let data = made_up(rows, network.input_shape().len(), network.output_shape().len());
        let parts = Parts { train: &data, validation: None, test: None };
        for batch_size in [BatchSize::Full, BatchSize::Rows(10)] {
            let is_full = batch_size == BatchSize::Full;
            if name == "LbfgsSteps" && !is_full {
                continue;
            }
            let settings = TrainingSettings {
                report_every: Some(Every::Epochs(1)),
                optimizer: optimizer.clone(),
                l2: 1e-3,
                ..settings(batch_size, 12)
            };
            let run = |is_brief| {
                let mut trained = network.clone();
                let mut session =
                    Session::new(&trained, parts, setup(&settings, Loss::MeanSquaredError)).unwrap();
                let is_its_plan = format!("{:?}", session.plan).starts_with(name);
                assert!(is_its_plan || !is_full, "{name} takes the network");
                session.is_brief = is_brief;
                session.run(&mut trained, &mut [], None).unwrap()
            };
            let (whole, brief) = (run(false), run(true));
            assert_eq!(brief.state.parameters, whole.state.parameters, "{name}");
            assert_eq!(brief.state.optimizer_state, whole.state.optimizer_state, "{name}");
            assert_eq!(brief.state.parameters_sha256(), whole.parameters_sha256);
            // A whole report of a full batch comes before its update, and there is one more at the end.
            let (whole, brief) = (whole.history.reports, brief.history.reports);
            assert_eq!(brief.len(), whole.len() - usize::from(is_full), "{name}");
            for (whole, brief) in whole.iter().zip(&brief) {
                assert_eq!(brief.step, whole.step + u64::from(is_full), "{name}");
                assert_eq!(brief.parts[0].data_loss.to_bits(), whole.parts[0].data_loss.to_bits(), "{name}");
                assert_eq!(brief.parts[0].metrics, whole.parts[0].metrics, "{name}");
                assert_eq!(brief.checksum, 0);
            }
        }
    }
}

#[test]
fn a_brief_report_follows_a_step_in_doubt_too() {
    let data = wave(13, 1.0);
    let parts = Parts { train: &data, validation: Some(&data), test: None };
    for batch_size in [BatchSize::Full, BatchSize::Rows(4)] {
        let settings = TrainingSettings { report_every: Some(Every::Epochs(1)), ..settings(batch_size, 40) };
        let run = |doubts| {
            let mut trained = network();
            let setup = setup(&settings, Loss::MeanSquaredError);
            let mut session = Session::with_plan(&trained, parts, setup, |network, rules, batches, data| {
                let plain = PlainSteps::new(network, rules, data, batches.largest(), batches.is_full())?;
                let asked = Arc::default();
                Ok(if doubts { Box::new(Doubtful { plain, asked }) } else { Box::new(plain) })
            })
            .unwrap();
            session.is_brief = true;
            session.run(&mut trained, &mut [], None).unwrap()
        };
        let (expected, given) = (run(false), run(true));
        assert_eq!(given.state.parameters, expected.state.parameters);
        assert_eq!(timeless(given.history), timeless(expected.history));
    }
}

#[test]
fn a_full_batch_is_run_forward_for_its_reports_alone() {
    let data = wave(13, 1.0);
    let (_, asked) = doubtful(&data, &settings(BatchSize::Full, 40), Loss::MeanSquaredError);
    assert_eq!(asked.forwards.load(Ordering::Relaxed), 6); // before the steps 0, 7, 14, 21, 28 and 35
    assert_eq!(asked.steps.load(Ordering::Relaxed), 40);
}

#[test]
fn a_loss_that_overflows_though_all_parameters_are_finite_ends_the_run_alike() {
    // (1e25)² is more than f32 holds; outputs and gradients are not.
    let data = wave(13, 1e25);
    for batch_size in [BatchSize::Full, BatchSize::Rows(4)] {
        let settings = TrainingSettings {
            optimizer: Optimizer::Sgd,
            learning_rate: Some(1e-30),
            report_every: Some(Every::Steps(u64::MAX)),
            ..settings(batch_size, 40)
        };
        let message = plain(&data, &settings, Loss::SumOfSquares).unwrap_err().to_string();
        let start =
            "the loss is inf at epoch 1, step 0 (learning rate 1e-30): every layer looked at is finite";
        assert!(message.starts_with(start), "{message}");
        let (given, _) = doubtful(&data, &settings, Loss::SumOfSquares);
        assert_eq!(given.unwrap_err().to_string(), message);
    }
}

#[test]
fn numbers_that_are_not_finite_are_traced_to_their_layer() {
    let data = wave(13, 1.0);
    for batch_size in [BatchSize::Full, BatchSize::Rows(4)] {
        let settings = TrainingSettings {
            optimizer: Optimizer::Sgd,
            learning_rate: Some(1e38),
            ..settings(batch_size, 40)
        };
        let expected = plain(&data, &settings, Loss::MeanSquaredError).unwrap_err();
        let Error::Diverged { step, first: Some(_), .. } = &expected else { panic!("{expected}") };
        assert!(*step > 0);
        let (given, _) = doubtful(&data, &settings, Loss::MeanSquaredError);
        assert_eq!(given.unwrap_err().to_string(), expected.to_string());
    }
}

/// What is to be tried where a run from this network ran away.
fn cure(network: &Network<f32>, data: &Dataset, settings: &TrainingSettings, loss: Loss) -> (Cure, Error) {
    let parts = Parts { train: data, validation: None, test: None };
    let mut trained = network.clone();
    let session = Session::new(network, parts, setup(settings, loss)).unwrap();
    let error = session.run(&mut trained, &mut [], None).unwrap_err();
    let Error::Diverged { cure, .. } = &error else { panic!("{error}") };
    (*cure, error)
}

fn descent(learning_rate: f64) -> TrainingSettings {
    TrainingSettings {
        optimizer: Optimizer::Sgd,
        learning_rate: Some(learning_rate),
        report_every: Some(Every::Steps(1)),
        ..settings(BatchSize::Rows(4), 40)
    }
}

/// t = tanh(x) of inputs so many times as large.
fn wide_wave(size: f64) -> Dataset {
    let narrow = wave(13, 1.0);
    let x = (0..13).map(|n| size * narrow.feature(n, 0)).collect();
    Dataset::new(Features::F64(x), Shape::from(1), narrow.targets().clone()).unwrap()
}

#[test]
fn large_inputs_are_to_be_scaled_before_all_else() {
    let line = Network::<f32>::builder(1).dense(1).build(0).unwrap();
    let (found, error) = cure(&line, &wide_wave(1e3), &descent(0.1), Loss::MeanSquaredError);
    assert_eq!(found, Cure::ScaleFeatures { largest: 2000.0 });
    assert!(
        error.to_string().ends_with("; the inputs reach 2000: scale them with data.scale = \"standard\""),
        "{error}"
    );
    // Just within what is usual, the rate is to blame.
    let (found, _) = cure(&line, &wide_wave(49.0), &descent(0.1), Loss::MeanSquaredError);
    assert_eq!(found, Cure::LowerRate { to: 0.01 });
}

#[test]
fn large_targets_are_to_be_scaled_unless_they_are_already() {
    let (found, error) = cure(&network(), &wave(13, 1e6), &descent(0.5), Loss::SumOfSquares);
    assert!(matches!(found, Cure::ScaleTarget { largest } if (9e5..1e6).contains(&largest)), "{error}");
    assert!(error.to_string().contains("scale them with data.scale_target = \"standard\""), "{error}");
    let data = wave(13, 1e6);
    let DatasetTargets::Values { values, .. } = data.targets() else { panic!() };
    let rows: Vec<u32> = (0..13).collect();
    let scale = crate::data::TargetScale::fit(crate::data::Scaling::Standard, values, 1, &rows);
    let (found, _) =
        cure(&network(), &data.clone().with_target_scale(scale), &descent(1e38), Loss::MeanSquaredError);
    assert_eq!(found, Cure::LowerRate { to: 1e37 });
}

/// Raises the rate before a step, so that a run that learns breaks.
struct Break(u64);

impl Observer for Break {
    fn next_step(&self) -> Option<u64> {
        Some(self.0)
    }

    fn on_step(&mut self, _: &Progress, _: &mut dyn Snapshot) -> Result<Command> {
        Ok(Command::SetLearningRate(1e38))
    }
}

#[test]
fn a_run_that_had_learned_is_to_clip_its_gradients_unless_it_does() {
    let data = wave(13, 1.0);
    let parts = Parts { train: &data, validation: None, test: None };
    let broken = |settings: &TrainingSettings| {
        let mut network = network();
        let session = Session::new(&network, parts, setup(settings, Loss::MeanSquaredError)).unwrap();
        let error = session.run(&mut network, &mut [Box::new(Break(20))], None).unwrap_err();
        let Error::Diverged { cure, .. } = error else { panic!("{error}") };
        cure
    };
    assert_eq!(broken(&descent(0.05)), Cure::ClipNorm);
    let clipped = TrainingSettings { clip_norm: Some(1.0), ..descent(0.05) };
    assert_eq!(broken(&clipped), Cure::LowerRate { to: 1e37 });
    let at_once = cure(&network(), &data, &descent(1e38), Loss::MeanSquaredError).0;
    assert_eq!(at_once, Cure::LowerRate { to: 1e37 });
}

/// -ln(p): infinite where a probability has become 0.
#[derive(Debug)]
struct Surprise;

impl<R: Real> CustomLoss<R> for Surprise {
    fn name(&self) -> &str {
        "surprise"
    }

    fn reduction(&self) -> Reduction {
        Reduction::Mean
    }

    fn row_value(&self, predictions: &[R], _: Target<'_, R>) -> R {
        -predictions[0].log()
    }

    fn row_gradient(&self, predictions: &[R], _: Target<'_, R>, dpredictions: &mut [R]) {
        dpredictions[0] = -R::ONE / predictions[0];
    }
}

#[test]
fn the_logarithm_of_a_probability_of_0_is_to_be_taken_from_logits() {
    let with_last = |activation| {
        let mut network = Network::<f32>::builder(1).dense(1).activation(activation).build(0).unwrap();
        network.parameters_mut().copy_from_slice(&[0.0, -200.0]);
        cure(&network, &wave(13, 1.0), &descent(0.1), Loss::Custom(Arc::new(Surprise)))
    };
    let (found, error) = with_last(Activation::Sigmoid);
    assert_eq!(found, Cure::LossFromLogits, "{error}");
    assert!(error.to_string().contains("the loss is inf at epoch 1, step 0"), "{error}");
    assert!(error.to_string().ends_with("take a loss from logits such as softmax_cross_entropy"), "{error}");
    assert_ne!(with_last(Activation::Relu).0, Cure::LossFromLogits);
}

#[test]
fn a_loss_that_explodes_ends_the_run_while_it_is_finite() {
    // Each step multiplies the distance from the best line by about -5.
    let data = wave(13, 1.0);
    let line = || Network::<f64>::builder(1).dense(1).build(0).unwrap();
    for batch_size in [BatchSize::Full, BatchSize::Rows(13)] {
        let settings = TrainingSettings { batch_size, report_every: Some(Every::Steps(1)), ..descent(1.5) };
        let parts = Parts { train: &data, validation: None, test: None };
        let mut network = line();
        let session = Session::new(&network, parts, setup(&settings, Loss::MeanSquaredError)).unwrap();
        let error = session.run(&mut network, &mut [], None).unwrap_err();
        let Error::Diverged { loss, step, first, cure, .. } = &error else { panic!("{error}") };
        assert!((1e6..1e9).contains(loss) && (3..30).contains(step), "{error}");
        assert_eq!(first, &Some((0, "dense".to_owned(), "weights")));
        assert_eq!(*cure, Cure::LowerRate { to: 0.15 });
        assert!(error.to_string().contains("the weights of layer 0 (dense) are the largest"), "{error}");
        assert_eq!(network.parameters(), line().parameters(), "the network is left alone");
    }
}

#[test]
fn a_target_far_from_the_others_is_no_explosion() {
    let outlier = 1e5;
    let values: Vec<f64> = (0..40).map(|n| if n == 30 { outlier } else { 0.0 }).collect();
    let features = Features::F64(vec![1.0; 40]);
    let data = Dataset::new(features, Shape::from(1), DatasetTargets::Values { values, outputs: 1 }).unwrap();
    let settings = TrainingSettings {
        batch_size: BatchSize::Rows(1),
        shuffle: false,
        report_every: Some(Every::Epochs(1)),
        ..descent(1e-9)
    };
    let parts = Parts { train: &data, validation: None, test: None };
    let mut network = Network::<f64>::builder(1).dense(1).build(0).unwrap();
    let session = Session::new(&network, parts, setup(&settings, Loss::MeanSquaredError)).unwrap();
    let outcome = session.run(&mut network, &mut [], None).unwrap();
    let losses = outcome.history.losses(Part::Train);
    assert!(losses[0].1 > 1e8, "{losses:?}");
}

/// Notes the loss at every fifth step, and saves at every report.
#[derive(Default)]
struct Notes {
    losses: Vec<(u64, f64)>,
    reports: Vec<(u64, f64)>,
    states: Vec<State>,
}

struct Noting<'a> {
    every: u64,
    next: u64,
    notes: &'a RefCell<Notes>,
}

impl Observer for Noting<'_> {
    fn next_step(&self) -> Option<u64> {
        Some(self.next)
    }

    fn on_step(&mut self, progress: &Progress, _: &mut dyn Snapshot) -> Result<Command> {
        self.next = progress.step + self.every;
        self.notes.borrow_mut().losses.push((progress.step, progress.loss));
        Ok(Command::Continue)
    }

    fn on_report(&mut self, report: &Report, _: &mut dyn Snapshot) -> Result<Command> {
        self.notes.borrow_mut().reports.push((report.step, report.parts[0].data_loss));
        Ok(Command::Save)
    }

    fn on_checkpoint(&mut self, state: &State) -> Result<()> {
        self.notes.borrow_mut().states.push(state.clone());
        Ok(())
    }
}

#[test]
fn an_observer_is_told_the_loss_of_the_step_before() {
    let data = wave(13, 1.0);
    let every_step =
        TrainingSettings { report_every: Some(Every::Steps(1)), ..settings(BatchSize::Full, 12) };
    let all = plain(&data, &every_step, Loss::MeanSquaredError).unwrap().history.losses(Part::Train);
    let notes = RefCell::new(Notes::default());
    let seldom =
        TrainingSettings { report_every: Some(Every::Steps(u64::MAX)), ..settings(BatchSize::Full, 12) };
    let parts = Parts { train: &data, validation: None, test: None };
    let mut network = network();
    let noting = Noting { every: 5, next: 0, notes: &notes };
    Session::new(&network, parts, setup(&seldom, Loss::MeanSquaredError))
        .unwrap()
        .run(&mut network, &mut [Box::new(noting)], None)
        .unwrap();
    let losses = notes.into_inner().losses;
    assert!(losses[0].1.is_nan(), "no step came before");
    assert_eq!(losses[1..], [(5, all[4].1), (10, all[9].1)]);
}

#[test]
fn a_state_asked_for_at_a_report_goes_on_to_the_same_bits() {
    let data = wave(13, 1.0);
    for batch_size in [BatchSize::Full, BatchSize::Rows(4)] {
        let settings = TrainingSettings { report_every: Some(Every::Epochs(2)), ..settings(batch_size, 30) };
        let notes = RefCell::new(Notes::default());
        let parts = Parts { train: &data, validation: None, test: None };
        let setup = || setup(&settings, Loss::MeanSquaredError);
        let noting = Noting { every: u64::MAX, next: u64::MAX, notes: &notes };
        let mut trained = network();
        let expected = Session::new(&trained, parts, setup())
            .unwrap()
            .run(&mut trained, &mut [Box::new(noting)], None)
            .unwrap();
        let states = notes.into_inner().states;
        assert!(states.len() >= 3);
        for state in states {
            let mut again = network();
            let mut session = Session::new(&again, parts, setup()).unwrap();
            session.restore(&state).unwrap();
            let outcome = session.run(&mut again, &mut [], None).unwrap();
            assert_eq!(outcome.parameters_sha256, expected.parameters_sha256);
            assert_eq!(outcome.state.counters.checksum, expected.state.counters.checksum);
        }
    }
}

/// How long the loop itself takes per step: `cargo test --release -p thalweg overhead -- --ignored --nocapture`.
#[test]
#[ignore = "prints nanoseconds a step for a person to read: a time is never asserted"]
fn overhead_of_a_step() {
    let data = wave(32, 1.0);
    for (name, batch_size) in [("full batch", BatchSize::Full), ("batches of 16", BatchSize::Rows(16))] {
        let settings = TrainingSettings { report_every: None, ..settings(batch_size, 50_000) };
        let parts = Parts { train: &data, validation: None, test: None };
        let flag = AtomicBool::new(false);
        let mut best = f64::INFINITY;
        for _ in 0..40 {
            let mut network = network();
            let setup = setup(&settings, Loss::MeanSquaredError);
            let session =
                Session::with_plan(&network, parts, setup, |_, _, _, _| Ok(Box::new(Idle([0.0; 64]))));
            let outcome = session.unwrap().run(&mut network, &mut [], Some(&flag)).unwrap();
            best = best.min(outcome.seconds * 1e9 / outcome.steps as f64);
        }
        println!("{name}: {best:.1} ns a step");
    }
}
