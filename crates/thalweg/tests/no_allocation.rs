//! After its first step, training allocates nothing: a counting allocator watches two stretches of a run.
//!
//! An observer reads the count at three steps. Between the first two lie 10 steps, between the last two 110 (whole
//! epochs, short batches and reshuffles among them). Each stretch holds one call of an observer, which may allocate; so
//! the counts are equal exactly when the steps allocate nothing.
#![allow(unsafe_code, reason = "an allocator is unsafe to implement")]
#![allow(clippy::unwrap_used, reason = "tests may unwrap")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;

use thalweg::activations::Activation;
use thalweg::custom::CustomLayer;
use thalweg::data::{
    Augmentation, Dataset, DatasetTargets, Features, FittedScale, Flip, Scaling, TargetScale,
};
use thalweg::layers::{
    AdaptiveAveragePool2d, Backward, BatchNorm, Conv2d, ConvTranspose2d, Dense, Embedding, Forward, Layer,
    MaxPool2d, Padding, ParameterShape, Periodic, PiecewiseLinear, Residual, Upsample, Window,
};
use thalweg::metrics::Metric;
use thalweg::run::{Place, Recorder, RunFolder, prepare};
use thalweg::schedules::Schedule;
use thalweg::train::{BatchSize, Command, Every, Observer, Progress, Snapshot, State, TrainingSettings};
use thalweg::{Experiment, Loss, Network, Optimizer, Real, Result, Shape, Trainer};

thread_local! {
    /// Allocations of this thread; tests run on threads of their own.
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

fn count_one() {
    // A thread that is ending has no counter any more.
    let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
}

/// The system's allocator, counted.
struct Counting;

// SAFETY: every call is handed on to the system's allocator as it came; counting touches a constant-initialised
// thread-local without a destructor, which allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count_one();
        // SAFETY: the caller's promises are the system allocator's conditions.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count_one();
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count_one();
        // SAFETY: as above; the pointer came from the system's allocator.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above; the pointer came from the system's allocator.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The steps at which the count is read.
const MARKS: [u64; 3] = [5, 15, 125];

/// Asks for a checkpoint every so many steps; each is copied as a run's recorder does.
struct Saves<'a> {
    every: u64,
    next: u64,
    recorder: Option<Recorder>,
    saved: &'a Cell<u64>,
}

impl Observer for Saves<'_> {
    fn next_step(&self) -> Option<u64> {
        Some(self.next)
    }

    fn on_step(&mut self, progress: &Progress, _snapshot: &mut dyn Snapshot) -> Result<Command> {
        self.next = progress.step + self.every;
        Ok(if progress.step == 0 { Command::Continue } else { Command::Save })
    }

    fn on_checkpoint(&mut self, state: &State) -> Result<()> {
        self.saved.set(self.saved.get() + 1);
        self.recorder.as_mut().map_or(Ok(()), |recorder| recorder.on_checkpoint(state))
    }
}

/// The copy of a checkpoint is made in the memory of the one before; writing it is another thread's work.
#[test]
fn a_checkpoint_after_the_first_allocates_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for (data, outputs) in [("{ name = \"moons\", rows = 40 }", 2), ("{ name = \"curve\", rows = 40 }", 1)] {
        for batch_size in ["8", "\"full\""] {
            let text = format!(
                "data.source = {data}\ndata.split = {{ validation = 0.2 }}\n\
                 network.layers = [{{ dense = 4, activation = \"tanh\" }}, {{ dense = {outputs} }}]\n\
                 training = {{ batch_size = {batch_size}, steps = 126, report_every = \"3 steps\" }}"
            );
            let mut prepared = prepare(Experiment::parse(&text, None).unwrap(), None).unwrap();
            // With a full batch the only report comes first, so that there are best weights to be saved too.
            prepared.experiment.training.report_every = Some(Every::Steps(1_000_000_007));
            let place = Place { runs: folder.path().to_owned(), ..Place::default() };
            let run = RunFolder::create(&prepared, &place, Vec::new()).unwrap();
            let counts = Cell::new([0; 3]);
            let saved = Cell::new(0);
            let recorder = Some(run.recorder(&prepared).unwrap());
            let observers: Vec<Box<dyn Observer + '_>> = vec![
                Box::new(Saves { every: 4, next: 0, recorder, saved: &saved }),
                Box::new(Marks { next: 0, counts: &counts }),
            ];
            prepared.train(observers, None, None).unwrap();
            let [_, second, third] = counts.get();
            assert!(saved.get() > 30, "{data} {batch_size}: {}", saved.get());
            assert_eq!(third - second, 0, "{data} {batch_size}");
            assert!(run.state().unwrap().is_some());
        }
    }
}

/// Reads the count at each mark.
struct Marks<'a> {
    next: usize,
    counts: &'a Cell<[u64; 3]>,
}

impl Observer for Marks<'_> {
    fn next_step(&self) -> Option<u64> {
        MARKS.get(self.next).copied()
    }

    fn on_step(&mut self, progress: &Progress, _snapshot: &mut dyn Snapshot) -> Result<Command> {
        assert_eq!(progress.step, MARKS[self.next]);
        let mut counts = self.counts.get();
        counts[self.next] = ALLOCATIONS.with(Cell::get);
        self.counts.set(counts);
        self.next += 1;
        Ok(Command::Continue)
    }
}

/// How much more was allocated over 110 steps than over 10.
fn allocations_of_100_steps<R: Real>(
    network: &Network<R>,
    settings: TrainingSettings,
    data: &Dataset,
) -> u64 {
    let counts = Cell::new([0; 3]);
    let settings = TrainingSettings {
        epochs: None,
        steps: Some(MARKS[2] + 1),
        // No report falls between the marks.
        report_every: Some(Every::Steps(u64::MAX)),
        ..settings
    };
    let mut network = network.clone();
    Trainer::with_settings(settings)
        .observer(Marks { next: 0, counts: &counts })
        .fit(&mut network, data)
        .unwrap();
    let [first, second, third] = counts.get();
    assert!(first > 0, "the run came to its marks");
    (third - second) - (second - first)
}

/// 10 rows of 6 features: numbers with one output each (scaled), or classes.
fn numbers(outputs: usize) -> Dataset {
    let x = (0..60).map(|i| f64::from(i * 37 % 61) / 30.0 - 1.0).collect();
    let values: Vec<f64> = (0..10 * outputs).map(|i| (i * 7 % 11) as f64).collect();
    let rows: Vec<u32> = (0..10).collect();
    let scale = TargetScale::fit(Scaling::Standard, &values, outputs, &rows);
    let targets = DatasetTargets::Values { values, outputs };
    Dataset::new(Features::F64(x), Shape::from(6), targets).unwrap().with_target_scale(scale)
}

fn classes() -> Dataset {
    let targets = DatasetTargets::Classes { ids: (0..10).map(|n| n % 3).collect(), count: 3 };
    let bytes = Features::U8((0..60).map(|i| (i * 41 % 256) as u8).collect());
    Dataset::new(bytes, Shape::from([2, 3]), targets)
        .unwrap()
        .with_scale(FittedScale::Divide { divisor: 255.0 })
}

/// Every kind of layer, and every activation.
fn every_layer<R: Real>(input: Shape, outputs: usize) -> Network<R> {
    let mut builder = Network::builder(input).flatten().dense(7);
    for activation in Activation::NAMES.iter().filter_map(|name| Activation::from_name(name)) {
        builder = builder.activation(activation).dense(5);
    }
    builder.dropout(0.2).scale(0.5).dense(outputs).build(0).unwrap()
}

/// Every kind of layer for images, and images changed in every way.
#[test]
fn images_allocate_nothing() {
    let bytes = Features::U8((0..10 * 60).map(|i| (i * 41 % 256) as u8).collect());
    let targets = DatasetTargets::Classes { ids: (0..10).map(|n| n % 3).collect(), count: 3 };
    let data = Dataset::new(bytes, Shape::from([2, 5, 6]), targets).unwrap();
    let builder = Network::<f32>::builder([2, 5, 6])
        .conv2d(4, Window::square(3).padding(Padding::Same))
        .batch_norm()
        .relu()
        .layer(ConvTranspose2d::new(2, Window::square(2).stride(2)))
        .group_norm(2)
        .max_pool2d(2)
        .layer(Upsample { factor: [1, 2] })
        .average_pool2d(2)
        .channel_dropout(0.2)
        .layer(AdaptiveAveragePool2d { output_size: [2, 2] });
    let network = builder.conv2d(3, Window::square(2)).global_average_pool().build(0).unwrap();
    let plain =
        Network::<f32>::builder([2, 5, 6]).conv2d(4, Window::square(3)).relu().max_pool2d(2).flatten();
    let plain = plain.dense(3).build(0).unwrap();
    let augment = Augmentation {
        shift: 1,
        flip: Some(Flip::Both),
        rotate: 10.0,
        crop: 0.8,
        cutout: 2,
        mixup: 0.5,
        brightness: 0.1,
        contrast: 0.1,
    };
    // Blocks as in residual networks: one straight, one with a stride and a way around.
    let conv = |channels: usize, side: usize, stride: usize| {
        Layer::from(Conv2d::new(channels, Window::square(side).padding(Padding::Same).stride(stride)))
    };
    let norm = || Layer::from(BatchNorm::default());
    let inner = |stride| vec![conv(4, 3, stride), norm(), Activation::Relu.into(), conv(4, 3, 1), norm()];
    let blocks = Network::<f32>::builder([2, 5, 6])
        .layer(conv(4, 3, 1))
        .layer(norm())
        .relu()
        .layer(Residual::new(inner(1)))
        .relu()
        .layer(Residual::new(inner(2)).with_shortcut(vec![conv(4, 1, 2), norm()]))
        .relu()
        .global_average_pool()
        .dense(3)
        .build(0)
        .unwrap();
    let mut predictor = blocks.predictor(&Loss::SoftmaxCrossEntropy).unwrap();
    let (x, mut predictions) = (vec![0.5; 20 * 60], vec![0.0; 20 * 3]);
    predictor.predict(&x, &mut predictions).unwrap();
    let before = ALLOCATIONS.with(Cell::get);
    for rows in [20, 1, 7] {
        predictor.predict(&x[..rows * 60], &mut predictions[..rows * 3]).unwrap();
    }
    assert_eq!(ALLOCATIONS.with(Cell::get), before);
    for network in [network, plain, blocks] {
        for (batch_size, augment) in [
            (BatchSize::Rows(4), None),
            (BatchSize::Rows(4), Some(augment)),
            (BatchSize::Full, Some(augment)),
        ] {
            let settings = TrainingSettings { batch_size, augment, ..TrainingSettings::default() };
            assert_eq!(allocations_of_100_steps(&network, settings, &data), 0, "{batch_size:?} {augment:?}");
        }
    }
}

fn every_rule() -> Vec<Optimizer> {
    let mut rules: Vec<Optimizer> =
        Optimizer::ELEMENTWISE_NAMES.iter().filter_map(|name| Optimizer::from_name(name)).collect();
    rules.push(Optimizer::Momentum { momentum: 0.9, nesterov: true });
    rules
}

fn nothing_is_allocated<R: Real>() {
    for data in [numbers(2), classes()] {
        let network = every_layer::<R>(data.feature_shape().clone(), data.outputs());
        for batch_size in [BatchSize::Full, BatchSize::Rows(4)] {
            for optimizer in every_rule() {
                let name = optimizer.name().to_owned();
                let settings = TrainingSettings {
                    optimizer,
                    learning_rate: Some(1e-4),
                    schedule: Schedule::Cosine { final_share: 0.1 },
                    l2: 1e-3,
                    l1: 1e-4,
                    clip_norm: Some(1.0),
                    shards: 2,
                    batch_size,
                    ..TrainingSettings::default()
                };
                let allocations = allocations_of_100_steps(&network, settings, &data);
                assert_eq!(allocations, 0, "{} {name} {batch_size:?} {:?}", R::PRECISION, data.task_name());
            }
        }
    }
}

#[test]
fn convolutions_allocate_nothing() {
    let targets = DatasetTargets::Classes { ids: (0..10).map(|n| n % 3).collect(), count: 3 };
    let bytes = Features::U8((0..10 * 72).map(|i| (i * 41 % 256) as u8).collect());
    let data = Dataset::new(bytes, Shape::from([2, 6, 6]), targets).unwrap();
    let window = Window::square(3).padding(Padding::Same);
    let network = Network::<f32>::builder(data.feature_shape().clone())
        .layer(Conv2d::new(4, window))
        .activation(Activation::Relu)
        .layer(MaxPool2d::new(2))
        .layer(Conv2d::new(3, window.stride(2)))
        .activation(Activation::Gelu)
        .flatten()
        .dense(3)
        .build(0)
        .unwrap();
    for batch_size in [BatchSize::Full, BatchSize::Rows(4)] {
        let settings = TrainingSettings {
            learning_rate: Some(1e-4),
            l2: 1e-3,
            batch_size,
            ..TrainingSettings::default()
        };
        assert_eq!(allocations_of_100_steps(&network, settings, &data), 0, "{batch_size:?}");
    }
    let mut predictor = network.predictor(&Loss::SoftmaxCrossEntropy).unwrap();
    let (x, mut predictions) = (vec![0.5; 70 * 72], vec![0.0; 70 * 3]);
    predictor.predict(&x, &mut predictions).unwrap();
    let before = ALLOCATIONS.with(Cell::get);
    for rows in [70, 1, 17] {
        predictor.predict(&x[..rows * 72], &mut predictions[..rows * 3]).unwrap();
    }
    assert_eq!(ALLOCATIONS.with(Cell::get), before);
}

/// What a failure says of the data.
trait TaskName {
    fn task_name(&self) -> &'static str;
}

impl TaskName for Dataset {
    fn task_name(&self) -> &'static str {
        match self.targets() {
            DatasetTargets::Classes { .. } => "classes",
            _ => "numbers",
        }
    }
}

#[test]
fn a_step_in_f32_allocates_nothing() {
    nothing_is_allocated::<f32>();
}

#[test]
fn a_step_in_f64_allocates_nothing() {
    nothing_is_allocated::<f64>();
}

#[test]
fn a_prediction_allocates_nothing() {
    let network = every_layer::<f32>(Shape::from([2, 3]), 3);
    for loss in [Loss::SoftmaxCrossEntropy, Loss::MeanSquaredError] {
        let mut predictor = network.predictor(&loss).unwrap();
        let (x, mut predictions) = (vec![0.5; 600 * 6], vec![0.0; 600 * 3]);
        predictor.predict(&x, &mut predictions).unwrap();
        let before = ALLOCATIONS.with(Cell::get);
        for rows in [600, 1, 17] {
            predictor.predict(&x[..rows * 6], &mut predictions[..rows * 3]).unwrap();
        }
        assert_eq!(ALLOCATIONS.with(Cell::get), before);
    }
}

/// Ids in column 0, and numbers; a block around a block, one projected, one with a shortcut.
#[test]
fn embeddings_and_blocks_allocate_nothing() {
    let mut x: Vec<f64> = (0..60).map(|i| f64::from(i * 37 % 61) / 30.0 - 1.0).collect();
    x.iter_mut().step_by(6).enumerate().for_each(|(n, id)| *id = (n % 4) as f64 - 1.0);
    let targets = DatasetTargets::Classes { ids: (0..10).map(|n| n % 3).collect(), count: 3 };
    let data = Dataset::new(Features::F64(x), Shape::from(6), targets).unwrap();
    let dense = |outputs| Layer::from(Dense::new(outputs));
    let inner = Residual::new(vec![dense(5), Activation::Relu.into()]);
    let block = Residual::new(vec![dense(4), inner.into(), dense(7)]);
    let around = Residual::new(vec![dense(4)]).with_shortcut(vec![Activation::Tanh.into(), dense(4)]);
    let network = Network::<f32>::builder(6)
        .layer(Embedding { columns: Some(vec![0]), ..Embedding::new(vec![3], 2) })
        .layer(Periodic { columns: Some(vec![1]), frequencies: 2, dimension: Some(3), ..Periodic::default() })
        .layer(PiecewiseLinear {
            columns: Some(vec![0]),
            edges: vec![vec![0.0, 0.5, 1.0]],
            dimension: Some(2),
            ..PiecewiseLinear::default()
        })
        .layer(block)
        .layer(around)
        .dense(3)
        .build(0)
        .unwrap();
    for shards in [1, 3] {
        let settings = TrainingSettings {
            learning_rate: Some(1e-4),
            batch_size: BatchSize::Rows(4),
            shards,
            ..TrainingSettings::default()
        };
        assert_eq!(allocations_of_100_steps(&network, settings, &data), 0, "{shards} shards");
    }
}

#[test]
fn no_loss_allocates() {
    for loss in Loss::NAMES.iter().filter_map(|name| Loss::from_name(name)) {
        // Counts are not scaled.
        let counts = || numbers(3).with_target_scale(TargetScale::NONE);
        let numbers = if loss.from_log_rates() { counts() } else { numbers(3) };
        for data in [numbers, classes()] {
            let network =
                Network::<f32>::builder(data.feature_shape().clone()).flatten().dense(3).build(0).unwrap();
            let name = loss.name().to_owned();
            let settings = TrainingSettings {
                loss: Some(loss.clone()),
                learning_rate: Some(1e-4),
                batch_size: BatchSize::Rows(4),
                ..TrainingSettings::default()
            };
            let allocations = allocations_of_100_steps(&network, settings, &data);
            assert_eq!(allocations, 0, "{name} {}", data.task_name());
        }
    }
}

#[test]
fn no_metric_of_the_training_part_allocates() {
    let targets = DatasetTargets::Classes { ids: (0..10).map(|n| n % 7).collect(), count: 7 };
    let features = Features::F64((0..60).map(|i| f64::from(i * 37 % 61) / 30.0 - 1.0).collect());
    let many = Dataset::new(features, Shape::from(6), targets).unwrap();
    for data in [numbers(2), many] {
        let are_classes = data.task_name() == "classes";
        let fits = |metric: &Metric| metric.is_added_up() && metric.is_for_classes() == are_classes;
        let metrics: Vec<Metric> = Metric::ALL.into_iter().filter(fits).collect();
        assert!(metrics.iter().any(|metric| !metric.is_always_there()));
        let network = Network::<f32>::builder(6).dense(data.outputs()).build(0).unwrap();
        let settings = TrainingSettings {
            metrics,
            learning_rate: Some(1e-4),
            batch_size: BatchSize::Rows(4),
            ..TrainingSettings::default()
        };
        assert_eq!(allocations_of_100_steps(&network, settings, &data), 0, "{}", data.task_name());
    }
}

/// A layer that does nothing but allocate.
#[derive(Debug)]
struct Wasteful;

impl<R: Real> CustomLayer<R> for Wasteful {
    fn name(&self) -> &str {
        "wasteful"
    }

    fn output_shape(&self, input: &Shape) -> Result<Shape, String> {
        Ok(input.clone())
    }

    fn parameters(&self, _input: &Shape) -> Vec<ParameterShape> {
        Vec::new()
    }

    fn forward(&self, pass: Forward<'_, R>) {
        let copy = std::hint::black_box(pass.x.to_vec());
        pass.y.copy_from_slice(&copy);
    }

    fn backward(&self, pass: Backward<'_, R>) {
        if let Some(dx) = pass.dx {
            dx.copy_from_slice(pass.dy);
        }
    }
}

#[test]
fn the_guard_notices_one_allocation_per_step() {
    let data = numbers(1);
    let wasteful = Layer::Custom(Arc::new(Wasteful));
    let network = Network::<f64>::builder(6).layer(wasteful).dense(1).build(0).unwrap();
    let settings = TrainingSettings { learning_rate: Some(1e-4), ..TrainingSettings::default() };
    assert_eq!(allocations_of_100_steps(&network, settings, &data), 100);
}
