//! The works that are timed: their networks, data and rules of training.

use thalweg::activations::Activation;
use thalweg::init::Init;
use thalweg::layers::{
    BatchNorm, Conv2d, Dense, GlobalAveragePool, Layer, MaxPool2d, Padding, Residual, Scale, Window,
};
use thalweg::train::{BatchSize, TrainingSettings};
use thalweg::{Loss, Optimizer, Precision};

use super::passes::{Convolution, Pass};
use super::sets::Set;
use crate::exit::Failure;

/// Rows per update where sizes are given without.
const BATCH_SIZE: usize = 32;

/// The most parameters of a network given by its sizes: 1 GB of them, and three times that with Adam's state.
const MOST_PARAMETERS: usize = 1 << 28;

/// The widest layer of a network given by its sizes.
const WIDEST: usize = 1 << 20;

/// The most rows per update of a network given by its sizes.
const LARGEST_BATCH: usize = 60_000;

/// What one figure is the time of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Step,
    TenSteps,
    Epoch,
    /// Predicting so many rows at once.
    Rows(usize),
    /// One pass of a convolution over a batch.
    Pass(Convolution, Pass),
}

impl Unit {
    pub(super) fn name(self) -> String {
        match self {
            Unit::Step => "step".to_owned(),
            Unit::TenSteps => "10 steps".to_owned(),
            Unit::Epoch => "epoch".to_owned(),
            Unit::Rows(1) => "row".to_owned(),
            Unit::Rows(rows) => format!("{rows} rows"),
            Unit::Pass(..) => "pass".to_owned(),
        }
    }
}

/// Something to time.
#[derive(Clone, Debug)]
pub(super) struct Work {
    pub(super) name: String,
    /// In a few words.
    pub(super) about: String,
    pub(super) unit: Unit,
    pub(super) precision: Precision,
    pub(super) set: Set,
    /// Channels, height and width, where the network takes images and the rows do not say so.
    pub(super) image: Option<[usize; 3]>,
    pub(super) layers: Vec<Layer>,
    /// How weights start; `None` takes the network's default.
    pub(super) init: Option<Init>,
    pub(super) settings: TrainingSettings,
    /// Whether reading bounds it, not arithmetic: it uses each number that it reads once or twice.
    pub(super) is_bound_by_reading: bool,
}

/// All works that have a name, in order. Some names stand for two, in both precisions or with both kinds of input.
pub(super) fn named() -> Vec<Work> {
    let single = Precision::F32;
    let mut works = vec![
        Work {
            layers: vec![
                dense(5, Some(normal(1.0))),
                Activation::Sigmoid.into(),
                dense(1, Some(normal(1.0))),
                Activation::Sigmoid.into(),
                Scale { factor: 100.0 }.into(),
            ],
            init: Some(normal(0.01)),
            ..work("W0", "30 x (1-5-1) sigmoid", Unit::Step, Set::Curve, full(sgd(1e-4)))
                .with_loss(Loss::MeanSquaredError)
        },
        Work {
            layers: vec![dense(9, Some(normal(1.0))), Activation::Relu.into(), dense(3, Some(normal(1.0)))],
            init: Some(normal(1.0)),
            ..work("W1", "100 x (27-9-3) ReLU", Unit::Step, Set::Regression, full(sgd(1e-4)))
                .with_loss(Loss::SumOfSquares)
        },
        Work {
            layers: vec![
                dense(30, Some(normal(1.0))),
                Activation::Sigmoid.into(),
                dense(10, Some(normal(1.0))),
                Activation::Sigmoid.into(),
            ],
            init: Some(normal(1.0)),
            ..work("W2", "784-30-10 sigmoid, batch 10", Unit::Epoch, Set::Images, batch(10, sgd(3.0)))
                .with_loss(Loss::HalfSquares)
        },
    ];
    for precision in [Precision::F64, single] {
        works.push(Work {
            layers: multilayer(&[100, 3]),
            init: Some(normal(0.01)),
            precision,
            ..work("W3", "300 x (2-100-3) ReLU", Unit::Step, Set::Spiral(precision), spiral())
        });
    }
    works.push(Work {
        layers: multilayer(&[3]),
        init: Some(normal(0.01)),
        precision: Precision::F64,
        ..work("W3L", "300 x (2-3)", Unit::Step, Set::Spiral(Precision::F64), spiral())
    });
    for set in [Set::CatBytes, Set::CatFloats] {
        works.push(Work {
            layers: multilayer(&[1]),
            init: Some(Init::Uniform { low: 0.0, high: 0.01 }),
            is_bound_by_reading: true,
            ..work("W4", "209 x (12288-1)", Unit::Step, set, full(sgd(0.005)))
                .with_loss(Loss::BinaryCrossEntropy)
        });
    }
    works.extend([
        Work {
            layers: multilayer(&[128, 10]),
            ..work("W5", "784-128-10 ReLU, batch 32, Adam", Unit::Epoch, Set::Images, batch(32, adam()))
        },
        Work {
            layers: multilayer(&[512, 512, 10]),
            ..work(
                "W6",
                "784-512-512-10 ReLU, batch 128, momentum",
                Unit::Epoch,
                Set::Images,
                batch(128, momentum(0.05)),
            )
        },
        Work {
            layers: multilayer(&[256, 256, 256, 1]),
            ..work(
                "W7",
                "64-256-256-256-1 ReLU, batch 256, Adam",
                Unit::Epoch,
                Set::Waves,
                batch(256, adam()),
            )
            .with_loss(Loss::MeanSquaredError)
        },
        Work {
            layers: multilayer(&[4096, 4096, 10]),
            ..work(
                "W8",
                "512 x (4096-4096-4096-10) ReLU, momentum",
                Unit::TenSteps,
                Set::Wide,
                full(momentum(1e-3)),
            )
        },
        Work {
            layers: multilayer(&[128, 10]),
            is_bound_by_reading: true,
            ..work("INF1", "784-128-10 ReLU, one row", Unit::Rows(1), Set::ImageRows(1), adam())
        },
        Work {
            layers: multilayer(&[128, 10]),
            ..work("INF1024", "784-128-10 ReLU, 1,024 rows", Unit::Rows(1024), Set::ImageRows(1024), adam())
        },
        Work {
            layers: lenet(),
            image: Some([1, 28, 28]),
            ..work("W9", "LeNet-5 ReLU, batch 64, Adam", Unit::Epoch, Set::Images, batch(64, adam()))
        },
        Work {
            layers: lenet(),
            image: Some([1, 28, 28]),
            ..work("INF9", "LeNet-5 ReLU, one image", Unit::Rows(1), Set::ImageRows(1), adam())
        },
    ]);
    works.push(Work {
        layers: residual_network(),
        image: Some([3, 32, 32]),
        ..work("W10", "ResNet-20, batch 128, momentum", Unit::Step, Set::Colours, batch(128, momentum(0.05)))
    });
    let full = Convolution { channels: 64, side: 32, rows: 32, groups: 1 };
    let depthwise = Convolution { channels: 64, side: 56, rows: 8, groups: 64 };
    works.extend([
        pass("CONV", "conv2d 3x3, 64 to 64, 32 x (32x32)", full, Pass::Forward),
        pass("CONV-DX", "its gradient to x", full, Pass::InputGradient),
        pass("CONV-DW", "its gradient to w and b", full, Pass::ParameterGradients),
        pass("DEPTHWISE", "conv2d 3x3, 64 groups, 8 x (56x56)", depthwise, Pass::Forward),
        pass("DEPTHWISE-DX", "its gradient to x", depthwise, Pass::InputGradient),
        pass("DEPTHWISE-DW", "its gradient to w and b", depthwise, Pass::ParameterGradients),
    ]);
    works
}

/// One pass of a convolution.
fn pass(name: &str, about: &str, convolution: Convolution, pass: Pass) -> Work {
    let set = Set::Planes(convolution);
    Work {
        layers: vec![convolution.layer()],
        ..work(name, about, Unit::Pass(convolution, pass), set, adam())
    }
}

/// Two convolutions of 5 by 5, each with ReLU and the largest of 2 by 2, and three dense layers. After LeCun, Bottou, Bengio and Haffner,
/// "Gradient-Based Learning Applied to Document Recognition" (1998), with ReLU and max pooling.
fn lenet() -> Vec<Layer> {
    let five = Window::square(5);
    let mut layers: Vec<Layer> = vec![
        Conv2d::new(6, five.padding(Padding::Same)).into(),
        Activation::Relu.into(),
        MaxPool2d::new(2).into(),
        Conv2d::new(16, five).into(),
        Activation::Relu.into(),
        MaxPool2d::new(2).into(),
        Layer::Flatten,
    ];
    layers.extend(multilayer(&[120, 84, 10]));
    layers
}

/// A convolution, three groups of three residual blocks, each group but the first beginning with a stride, and the mean of each channel. After
/// He, Zhang, Ren and Sun, "Deep residual learning for image recognition" (2016), section 4.2, with a convolution of 1 by 1 on the
/// way around where the shape changes.
fn residual_network() -> Vec<Layer> {
    const BLOCKS: usize = 3;
    let convolution = |channels: usize, side: usize, stride: usize| -> Layer {
        Conv2d::new(channels, Window::square(side).padding(Padding::Same).stride(stride)).into()
    };
    let norm = || Layer::from(BatchNorm::default());
    let relu = || Layer::from(Activation::Relu);
    let mut layers = vec![convolution(16, 3, 1), norm(), relu()];
    for channels in [16, 32, 64] {
        for block in 0..BLOCKS {
            let stride = if channels > 16 && block == 0 { 2 } else { 1 };
            let inner =
                vec![convolution(channels, 3, stride), norm(), relu(), convolution(channels, 3, 1), norm()];
            let around = if stride > 1 { vec![convolution(channels, 1, stride), norm()] } else { Vec::new() };
            layers.extend([Residual::new(inner).with_shortcut(around).into(), relu()]);
        }
    }
    layers.extend([GlobalAveragePool.into(), dense(10, None)]);
    layers
}

/// The works that a user names; all that have a name where none is given.
///
/// # Errors
/// For a name that is none, with the nearest that is one, and for sizes that make no network.
pub(super) fn chosen(names: &[String]) -> Result<Vec<Work>, Failure> {
    let all = named();
    if names.is_empty() {
        return Ok(all);
    }
    let mut works: Vec<Work> = Vec::new();
    for name in names.iter().map(|name| name.trim()) {
        if works.iter().any(|work| work.name == name) {
            continue;
        }
        let before = works.len();
        works.extend(all.iter().filter(|work| work.name == name).cloned());
        if works.len() == before {
            works.push(match name.starts_with(|first: char| first.is_ascii_digit()) {
                true => sized(name)?,
                false => return Err(unknown(name, &all)),
            });
        }
    }
    Ok(works)
}

/// A network by its sizes and its batch, such as `784-256-10@32`.
fn sized(name: &str) -> Result<Work, Failure> {
    let wrong = |reason: String| Failure::usage(format!("--work {name}: {reason}, such as 784-256-10@32"));
    let (sizes, batch_size) = name.split_once('@').map_or((name, None), |(sizes, size)| (sizes, Some(size)));
    let number = |text: &str, most: usize| {
        let number = text.parse().ok().filter(|number| (1..=most).contains(number));
        number.ok_or_else(|| {
            wrong(format!("\"{text}\" is not a size; sizes are whole numbers from 1 to {most}"))
        })
    };
    let sizes: Vec<usize> = sizes.split('-').map(|size| number(size, WIDEST)).collect::<Result<_, _>>()?;
    let batch_size = batch_size.map_or(Ok(BATCH_SIZE), |size| number(size, LARGEST_BATCH))?;
    let [columns, outputs @ ..] = sizes.as_slice() else { unreachable!("a split has a part") };
    let classes = match outputs.last() {
        None => return Err(wrong("a network has at least two sizes, inputs and classes".to_owned())),
        Some(1) => return Err(wrong("the last size is the number of classes, at least 2".to_owned())),
        Some(&classes) => classes,
    };
    let parameters: usize = sizes.windows(2).map(|pair| (pair[0] + 1) * pair[1]).sum();
    if parameters > MOST_PARAMETERS {
        return Err(wrong(format!("{parameters} parameters are too many; give smaller sizes")));
    }
    let about = format!("ReLU, batch {batch_size}, Adam");
    let set = Set::Bytes { columns: *columns, classes, batch_size };
    Ok(Work { layers: multilayer(outputs), ..work(name, &about, Unit::Step, set, batch(batch_size, adam())) })
}

fn unknown(name: &str, all: &[Work]) -> Failure {
    let mut known: Vec<&str> = all.iter().map(|work| work.name.as_str()).collect();
    known.dedup();
    let upper = name.to_uppercase();
    let nearest = known.iter().copied().min_by_key(|known| strsim::osa_distance(&upper, known));
    let nearest = nearest.filter(|known| strsim::osa_distance(&upper, known) < known.len());
    let known = format!("there are {}, and sizes such as 784-256-10@32", known.join(", "));
    Failure::usage(match nearest {
        Some(nearest) => format!("--work {name}: there is no such work; did you mean `{nearest}`? ({known})"),
        None => format!("--work {name}: there is no such work; {known}"),
    })
}

/// A work in `f32` with the softmax cross-entropy, and no layers yet.
fn work(name: &str, about: &str, unit: Unit, set: Set, settings: TrainingSettings) -> Work {
    Work {
        name: name.to_owned(),
        about: about.to_owned(),
        unit,
        precision: Precision::F32,
        set,
        image: None,
        layers: Vec::new(),
        init: None,
        settings,
        is_bound_by_reading: false,
    }
    .with_loss(Loss::SoftmaxCrossEntropy)
}

impl Work {
    fn with_loss(mut self, loss: Loss) -> Work {
        self.settings.loss = Some(loss);
        self
    }
}

fn normal(std: f64) -> Init {
    Init::Normal { std }
}

fn dense(out_features: usize, bias_init: Option<Init>) -> Layer {
    Dense { bias_init, ..Dense::new(out_features) }.into()
}

/// Dense layers of these sizes with ReLU between.
fn multilayer(sizes: &[usize]) -> Vec<Layer> {
    let mut layers = Vec::new();
    for &size in sizes {
        if !layers.is_empty() {
            layers.push(Activation::Relu.into());
        }
        layers.push(dense(size, None));
    }
    layers
}

/// What the works have in common: no report, no end.
fn training(optimizer: Optimizer, learning_rate: f64) -> TrainingSettings {
    TrainingSettings {
        optimizer,
        learning_rate: Some(learning_rate),
        epochs: None,
        steps: Some(u64::MAX),
        report_every: Some(thalweg::train::Every::Steps(u64::MAX)),
        ..TrainingSettings::default()
    }
}

fn sgd(learning_rate: f64) -> TrainingSettings {
    training(Optimizer::Sgd, learning_rate)
}

fn momentum(learning_rate: f64) -> TrainingSettings {
    training(Optimizer::Momentum { momentum: 0.9, nesterov: false }, learning_rate)
}

fn adam() -> TrainingSettings {
    training(TrainingSettings::default().optimizer, 1e-3)
}

fn spiral() -> TrainingSettings {
    TrainingSettings { l2: 1e-3, ..full(sgd(1.0)) }
}

fn full(settings: TrainingSettings) -> TrainingSettings {
    TrainingSettings { batch_size: BatchSize::Full, shuffle: false, ..settings }
}

fn batch(rows: usize, settings: TrainingSettings) -> TrainingSettings {
    TrainingSettings { batch_size: BatchSize::Rows(rows), ..settings }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        text.split(',').map(str::to_owned).collect()
    }

    #[test]
    fn works_are_chosen_by_name_and_by_size() {
        let works = chosen(&names("W3,W0,W3,20-30-40-5")).unwrap();
        let chosen: Vec<_> = works.iter().map(|work| (work.name.as_str(), work.precision.name())).collect();
        assert_eq!(chosen, [("W3", "f64"), ("W3", "f32"), ("W0", "f32"), ("20-30-40-5", "f32")]);
        assert_eq!(works[3].settings.batch_size, BatchSize::Rows(32));
        assert_eq!(works[3].layers.len(), 5);
    }

    #[test]
    fn what_is_no_work_is_refused_with_its_cure() {
        for (name, said) in [
            ("w5", "did you mean `W5`?"),
            ("INF2", "did you mean `INF1`?"),
            ("matmul", "there is no such work; there are W0, W1"),
            ("784", "at least two sizes"),
            ("784-10@0", "\"0\" is not a size"),
            ("784--10", "\"\" is not a size"),
            ("784-1", "number of classes, at least 2"),
            ("1000000-1000000-10", "are too many"),
        ] {
            let failure = chosen(&names(name)).unwrap_err();
            assert!(failure.message.contains(said), "{name}: {}", failure.message);
        }
    }
}
