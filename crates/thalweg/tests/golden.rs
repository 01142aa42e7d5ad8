//! The golden checksums: small nets of every layer, activation, loss, optimizer and schedule, whose last parameters must have
//! these bits on every processor and instruction set. A change of any of them is a change of the number contract.
//!
//! `GOLDEN_UPDATE=1 cargo test -p thalweg --test golden` writes the file anew.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use thalweg::activations::Activation;
use thalweg::data::{Augmentation, Dataset, DatasetTargets, Features, Flip};
use thalweg::layers::{
    AdaptiveAveragePool2d, AveragePool2d, BatchNorm, ChannelDropout, Conv1d, Conv2d, ConvTranspose2d,
    Dropout, Embedding, GlobalAveragePool, GroupNorm, Layer, LayerNorm, MaxPool2d, Noise, Padding, Periodic,
    PiecewiseLinear, Residual, Scale, Upsample, Window,
};
use thalweg::optimizers::Optimizer;
use thalweg::random::{Purpose, Stream};
use thalweg::schedules::Schedule;
use thalweg::train::{BatchSize, TrainingSettings};
use thalweg::{Loss, Network, Real, Shape, Trainer};

/// 23 rows: no multiple of a batch, a lane count or a vector.
const ROWS: usize = 23;

fn features(columns: usize) -> Vec<f64> {
    let stream = Stream::new(11, Purpose::Custom, 0, 0);
    (0..ROWS * columns).map(|i| stream.normal(i as u64)).collect()
}

fn classes(columns: usize, count: usize) -> Dataset {
    let ids = (0..ROWS).map(|n| (n * 5 % count) as u32).collect();
    Dataset::new(
        Features::F64(features(columns)),
        Shape::from(columns),
        DatasetTargets::Classes { ids, count },
    )
    .unwrap()
}

/// Images of this shape, in four classes.
fn images(shape: [usize; 3]) -> Dataset {
    let shape = Shape::from(shape);
    let ids = (0..ROWS).map(|n| (n * 3 % 4) as u32).collect();
    let targets = DatasetTargets::Classes { ids, count: 4 };
    Dataset::new(Features::F64(features(shape.len())), shape, targets).unwrap()
}

fn values(columns: usize, outputs: usize) -> Dataset {
    let stream = Stream::new(12, Purpose::Custom, 0, 0);
    let values = (0..ROWS * outputs).map(|i| 0.5 + 0.2 * stream.normal::<f64>(i as u64)).collect();
    let targets = DatasetTargets::Values { values, outputs };
    Dataset::new(Features::F64(features(columns)), Shape::from(columns), targets).unwrap()
}

fn counts(columns: usize, outputs: usize) -> Dataset {
    let values = (0..ROWS * outputs).map(|i| (i * 5 % 7) as f64).collect();
    let targets = DatasetTargets::Values { values, outputs };
    Dataset::new(Features::F64(features(columns)), Shape::from(columns), targets).unwrap()
}

/// Column 1 has ids of 4 categories and -1, the others numbers.
fn table() -> Dataset {
    let mut x = features(3);
    for n in 0..ROWS {
        x[3 * n + 1] = (n * 7 % 5) as f64 - 1.0;
    }
    let ids = (0..ROWS).map(|n| (n * 5 % 3) as u32).collect();
    Dataset::new(Features::F64(x), Shape::from(3), DatasetTargets::Classes { ids, count: 3 }).unwrap()
}

fn checksum<R: Real>(layers: Vec<Layer>, settings: TrainingSettings, data: &Dataset) -> String {
    let mut network = Network::<R>::new(data.feature_shape().clone(), layers).unwrap();
    network.start(None, thalweg::network::Draw::Philox { seed: 7 }).unwrap();
    let outcome = Trainer::with_settings(settings).seed(7).fit(&mut network, data).unwrap();
    outcome.parameters_sha256
}

fn dense(out_features: usize) -> Layer {
    thalweg::layers::Dense::new(out_features).into()
}

fn settings() -> TrainingSettings {
    TrainingSettings { batch_size: BatchSize::Rows(10), epochs: Some(3), ..TrainingSettings::default() }
}

/// Every small net by name, in both precisions.
fn checksums() -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let mut add = |name: String, layers: Vec<Layer>, settings: TrainingSettings, data: &Dataset| {
        all.insert(format!("{name} f32"), checksum::<f32>(layers.clone(), settings.clone(), data));
        all.insert(format!("{name} f64"), checksum::<f64>(layers, settings, data));
    };
    for name in Activation::NAMES {
        let activation = Activation::from_name(name).unwrap();
        let layers = vec![dense(6), activation.into(), dense(3)];
        add(format!("activation {name}"), layers, settings(), &classes(5, 3));
    }
    for name in Loss::NAMES {
        let settings = TrainingSettings { loss: Loss::from_name(name), ..settings() };
        let layers = vec![dense(9), Activation::Tanh.into(), dense(2)];
        add(
            format!("loss {name}"),
            layers,
            settings,
            &match name {
                "binary_cross_entropy" | "softmax_cross_entropy" | "hinge" | "squared_hinge" => classes(4, 2),
                "poisson" => counts(4, 2),
                _ => values(4, 2),
            },
        );
    }
    for name in ["hinge", "squared_hinge"] {
        let settings = TrainingSettings { loss: Loss::from_name(name), ..settings() };
        add(
            format!("one score, loss {name}"),
            vec![dense(9), Activation::Tanh.into(), dense(1)],
            settings,
            &classes(4, 2),
        );
    }
    for (name, loss) in [
        ("binary_cross_entropy", Loss::SmoothedBinaryCrossEntropy { label_smoothing: 0.1 }),
        ("softmax_cross_entropy", Loss::SmoothedSoftmaxCrossEntropy { label_smoothing: 0.1 }),
    ] {
        let settings = TrainingSettings { loss: Some(loss), ..settings() };
        let layers = vec![dense(9), Activation::Tanh.into(), dense(2)];
        add(format!("label smoothing {name}"), layers, settings, &classes(4, 2));
    }
    let nesterov = Optimizer::Momentum { momentum: 0.9, nesterov: true };
    let rules = Optimizer::ELEMENTWISE_NAMES.iter().map(|name| (*name, Optimizer::from_name(name).unwrap()));
    for (name, optimizer) in rules.chain([("nesterov", nesterov)]) {
        let settings = TrainingSettings { optimizer, l2: 1e-2, l1: 1e-3, clip_norm: Some(1.0), ..settings() };
        add(
            format!("optimizer {name}"),
            vec![dense(8), Activation::Relu.into(), dense(3)],
            settings,
            &classes(6, 3),
        );
    }
    for name in Schedule::NAMES {
        let settings = TrainingSettings { schedule: Schedule::from_name(name).unwrap(), ..settings() };
        add(format!("schedule {name}"), vec![dense(3)], settings, &classes(6, 3));
    }
    let dropped = vec![
        dense(20),
        Activation::Relu.into(),
        Dropout { dropout: 0.4 }.into(),
        dense(1),
        Scale { factor: 3.0 }.into(),
    ];
    add("dropout scale".into(), dropped, settings(), &values(3, 1));
    let noisy = vec![
        dense(11),
        LayerNorm::default().into(),
        Activation::Tanh.into(),
        Noise { noise: 0.2 }.into(),
        dense(2),
    ];
    add("layer_norm noise".into(), noisy, settings(), &values(3, 2));
    let normed = vec![dense(40), BatchNorm::default().into(), Activation::Relu.into(), dense(3)];
    add("batch_norm".into(), normed, settings(), &classes(6, 3));
    let embedded = |numbers: Layer| {
        let embedding = Embedding { columns: Some(vec![1]), ..Embedding::new(vec![4], 5) };
        vec![embedding.into(), numbers, dense(9), Activation::Relu.into(), dense(3)]
    };
    let columns = Some(vec![0, 1]);
    let periodic = Periodic { columns: columns.clone(), frequencies: 3, sigma: 0.4, ..Periodic::default() };
    let edges = vec![vec![-1.0, -0.3, 0.4, 1.2], vec![-0.7, 0.9]];
    let piecewise = PiecewiseLinear { columns, edges, ..PiecewiseLinear::default() };
    let penalised = TrainingSettings { l2: 1e-2, ..settings() };
    for (name, numbers) in [
        ("embedding periodic", Layer::from(periodic.clone())),
        ("embedding periodic dimension", Periodic { dimension: Some(6), ..periodic }.into()),
        ("embedding piecewise_linear", piecewise.clone().into()),
        ("embedding piecewise_linear dimension", PiecewiseLinear { dimension: Some(6), ..piecewise }.into()),
    ] {
        add(name.into(), embedded(numbers), penalised.clone(), &table());
    }
    let inner = Residual::new(vec![LayerNorm::default().into(), dense(11), Activation::Gelu.into()]);
    let block = Residual::new(vec![
        dense(12),
        Activation::Relu.into(),
        Dropout { dropout: 0.3 }.into(),
        inner.into(),
        dense(5),
        BatchNorm::default().into(),
    ]);
    let around = Residual::new(vec![dense(5), Activation::Tanh.into(), Noise { noise: 0.1 }.into()])
        .with_shortcut(vec![dense(5)]);
    let blocks = vec![block.into(), around.into(), dense(3)];
    add("residual".into(), blocks, penalised, &classes(5, 3));
    let strided = Window::new([2, 3]).stride(2).padding(Padding::Numbers([[1, 0], [0, 2]]));
    let convolved = vec![
        Conv2d::new(6, Window::square(3).padding(Padding::Same)).into(),
        BatchNorm::default().into(),
        Activation::Relu.into(),
        MaxPool2d::new(2).into(),
        Conv2d { groups: 2, ..Conv2d::new(4, strided) }.into(),
        Layer::Flatten,
        dense(4),
    ];
    add("conv2d batch_norm max_pool2d".into(), convolved, settings(), &images([2, 9, 7]));
    let pooled = vec![
        Conv2d::new(8, Window::square(3).dilation(2)).into(),
        GroupNorm::new(4).into(),
        Activation::Tanh.into(),
        ChannelDropout { dropout: 0.25 }.into(),
        AveragePool2d { window: Window::square(3).stride(2).padding(Padding::Same) }.into(),
        AdaptiveAveragePool2d { output_size: [2, 3] }.into(),
        Conv2d { groups: 4, ..Conv2d::new(4, Window::square(1)) }.into(),
        GlobalAveragePool.into(),
    ];
    let larger = vec![
        ConvTranspose2d { groups: 3, ..ConvTranspose2d::new(6, Window::square(3).stride(2)) }.into(),
        Activation::Relu.into(),
        Upsample { factor: [2, 1] }.into(),
        Conv2d::new(2, Window::square(3).stride(3)).into(),
        Layer::Flatten,
        dense(4),
    ];
    add("conv_transpose2d upsample".into(), larger, settings(), &images([3, 4, 5]));
    let along = vec![
        Conv1d { window: Window::new([1, 3]).padding(Padding::Same), ..Conv1d::new(8, 3) }.into(),
        Activation::Relu.into(),
        Conv1d { groups: 2, ..Conv1d::new(4, 2) }.into(),
        GlobalAveragePool.into(),
    ];
    let sequences = images([1, 2, 12]);
    let (shape, targets) = (Shape::from([2, 12]), sequences.targets().clone());
    let sequences = Dataset::new(sequences.features().clone(), shape, targets).unwrap();
    add("conv1d".into(), along, settings(), &sequences);
    let augment = Augmentation {
        shift: 1,
        flip: Some(Flip::Horizontal),
        rotate: 15.0,
        crop: 0.75,
        cutout: 2,
        mixup: 0.5,
        brightness: 0.25,
        contrast: 0.25,
    };
    let changed = TrainingSettings { augment: Some(augment), ..settings() };
    let small =
        vec![Conv2d::new(4, Window::square(3)).into(), Activation::Relu.into(), Layer::Flatten, dense(4)];
    add("augment".into(), small, changed, &images([2, 6, 5]));
    add("conv2d group_norm average_pool2d".into(), pooled, settings(), &images([3, 10, 11]));
    let weights = (0..ROWS).map(|n| (n % 4) as f64 * 0.75).collect();
    let weighted = classes(6, 3).with_weights(weights).unwrap();
    add("weights".into(), vec![dense(9), Activation::Tanh.into(), dense(3)], settings(), &weighted);
    let full = TrainingSettings { batch_size: BatchSize::Full, epochs: Some(20), ..settings() };
    let muon = TrainingSettings {
        optimizer: Optimizer::from_name("muon").unwrap(),
        weight_decay: 0.1,
        ..settings()
    };
    let hidden =
        vec![dense(9), Activation::Relu.into(), dense(12), Activation::Tanh.into(), dense(7), dense(3)];
    add("optimizer muon".into(), hidden, muon, &classes(6, 3));
    let lbfgs = TrainingSettings { optimizer: Optimizer::Lbfgs { history: 4 }, l2: 1e-2, ..full.clone() };
    add("optimizer lbfgs".into(), vec![dense(8), Activation::Tanh.into(), dense(3)], lbfgs, &classes(6, 3));
    add("one output, long input".into(), vec![Layer::Flatten, dense(1)], full.clone(), &classes(70, 2));
    let sharded = TrainingSettings { shards: 3, ..full };
    add("shards".into(), vec![dense(18), Activation::Sigmoid.into(), dense(4)], sharded, &classes(17, 4));
    all
}

#[test]
fn every_small_net_has_its_golden_checksum() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/golden.txt");
    let ours = checksums();
    if std::env::var_os("GOLDEN_UPDATE").is_some() {
        let mut text = String::new();
        for (name, checksum) in &ours {
            writeln!(text, "{checksum}  {name}").unwrap();
        }
        std::fs::write(&path, text).unwrap();
    }
    let text = std::fs::read_to_string(&path).unwrap();
    let golden: BTreeMap<String, String> = text
        .lines()
        .filter_map(|line| line.split_once("  "))
        .map(|(checksum, name)| (name.to_owned(), checksum.to_owned()))
        .collect();
    let names = |map: &BTreeMap<String, String>| map.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&ours), names(&golden));
    let wrong: Vec<&String> =
        ours.iter().filter(|(name, sum)| golden[*name] != **sum).map(|(name, _)| name).collect();
    assert!(wrong.is_empty(), "other bits on {:?}: {wrong:?}", thalweg::kernels::path());
}
