//! The panel plan against the plain plan, bit by bit.

use super::*;
use crate::activations::Activation;
use crate::data::{Dataset, Features};
use crate::layers::{
    AdaptiveAveragePool2d, AveragePool2d, BatchNorm, Conv1d, Conv2d, Dense, Dropout, GlobalAveragePool,
    Layer, LayerNorm, MaxPool2d, Noise, Padding, Scale, Window,
};
use crate::network::Draw;
use crate::optimizers::Optimizer;
use crate::plan::lbfgs::PlainGradients;
use crate::plan::{ForwardPlan, PlainForward, Plan};
use crate::random::{Purpose, Stream};
use crate::shape::Shape;

/// One case: a network, its rules, data of so many rows, and the batches of some steps.
struct Case {
    layers: Vec<Layer>,
    rules: Rules,
    columns: usize,
    rows: usize,
    batch: usize,
    bytes: bool,
    /// Whether the rows weigh differently.
    weighted: bool,
    /// Channels, rows and columns, where the rows are images.
    image: Option<Vec<usize>>,
}

fn rules(loss: Loss, optimizer: Optimizer) -> Rules {
    Rules { loss, optimizer, seed: 5, ..Rules::forward_only(Loss::SoftmaxCrossEntropy) }
}

fn dense(out_features: usize) -> Layer {
    Dense::new(out_features).into()
}

fn data(case: &Case, outputs: usize) -> Dataset {
    let stream = Stream::new(3, Purpose::Custom, 0, 0);
    let count = case.rows * case.columns;
    let features = match case.bytes {
        true => Features::U8((0..count).map(|i| (i * 37 % 251) as u8).collect()),
        false => Features::F64((0..count).map(|i| stream.normal(i as u64)).collect()),
    };
    let targets = if matches!(case.rules.loss, Loss::SoftmaxCrossEntropy) {
        DatasetTargets::Classes {
            ids: (0..case.rows).map(|n| (n * 7 % outputs) as u32).collect(),
            count: outputs,
        }
    } else {
        let values = (0..case.rows * outputs).map(|i| stream.uniform::<f64>(i as u64)).collect();
        DatasetTargets::Values { values, outputs }
    };
    let data = Dataset::new(features, shape(case), targets).unwrap();
    match case.weighted {
        true => {
            let weight = |n: usize| (3.0 * stream.uniform::<f64>((count + n) as u64) - 0.5).max(0.0);
            data.with_weights((0..case.rows).map(weight).collect()).unwrap()
        }
        false => data,
    }
}

fn shape(case: &Case) -> Shape {
    case.image.clone().map_or(Shape::from(case.columns), Shape::from)
}

fn bits<R: Real>(values: &[R]) -> Vec<u64> {
    values.iter().map(|value| value.bits()).collect()
}

/// Four steps of both plans, on `threads` threads.
fn agrees<R: Real>(case: &Case, name: &str, threads: usize) {
    let mut network = Network::<R>::new(shape(case), case.layers.clone()).unwrap();
    network.start(None, Draw::Philox { seed: 9 }).unwrap();
    let data = data(case, network.output_shape().len());
    let mut plain = Plan::new(&network, case.rules.clone(), &data, case.batch).unwrap();
    let wanted = Wanted {
        rules: &case.rules,
        data: &data,
        largest_batch: case.batch,
        is_full_batch: case.batch == case.rows,
        threads: 1,
    };
    let mut panels = PanelPlan::new(&network, wanted).unwrap().unwrap();
    panels.crew = Crew::always(threads);
    panels.memory.scratch = Arena::with_len(panels.memory.scratch.all().len() * threads);
    if let Optimizer::Muon { .. } = case.rules.optimizer {
        panels.memory.matrices = Arena::with_len(panels.program.matrices.size(threads));
    }
    panels.memory.front_scratch = Arena::with_len(panels.memory.front_scratch.all().len() * threads);
    let all: Vec<u32> = (0..case.rows as u32).rev().collect();
    let mut start = 0;
    for step in 0..4 {
        let end = (start + case.batch).min(case.rows);
        let rows = Rows { data: &data, rows: &all[start..end], epoch: step };
        start = if end == case.rows { 0 } else { end };
        let rates = Rates { step: step + 1, learning_rates: vec![0.05; network.layers().len()] };
        if case.batch == case.rows {
            // A look at a full batch before its step: as it is, of another epoch, or made void.
            match step {
                1 => panels.forward(rows),
                2 => panels.forward(Rows { epoch: 77, ..rows }),
                3 => {
                    panels.forward(rows);
                    let mut parameters = vec![R::ZERO; network.parameter_count()];
                    panels.read_parameters(&mut parameters);
                    panels.set_parameters(&vec![R::ONE; parameters.len()]);
                    panels.forward(rows);
                    panels.set_parameters(&parameters);
                }
                _ => {}
            }
        }
        plain.gather(rows);
        plain.forward(rows, true);
        plain.backward(rows);
        plain.update(&rates);
        assert!(panels.step(rows, &rates), "{name}: step {step} is finite");
        let count = rows.rows.len();
        assert_eq!(bits(panels.outputs(count)), bits(plain.outputs(count)), "{name}: outputs of step {step}");
        let mut parameters = vec![R::ZERO; network.parameter_count()];
        panels.read_parameters(&mut parameters);
        for tensor in network.parameter_tensors() {
            let range = tensor.range.clone();
            assert_eq!(
                bits(&parameters[range.clone()]),
                bits(&plain.parameters()[range]),
                "{name} {} on {threads} threads: {} after step {step}",
                R::PRECISION,
                tensor.name
            );
        }
        let mut state = vec![R::ZERO; plain.optimizer_state().len()];
        panels.read_state(&mut state);
        assert_eq!(bits(&state), bits(plain.optimizer_state()), "{name}: state after step {step}");
    }
}

fn agrees_everywhere(case: &Case, name: &str) {
    for threads in [1, 2, 3, 8] {
        agrees::<f32>(case, name, threads);
        agrees::<f64>(case, name, threads);
    }
}

fn adam() -> Optimizer {
    Optimizer::from_name("adam").unwrap()
}

#[test]
fn mini_batches_of_images() {
    let case = Case {
        layers: vec![Layer::Flatten, dense(37), Activation::Relu.into(), dense(10)],
        rules: rules(Loss::SoftmaxCrossEntropy, adam()),
        columns: 71,
        rows: 50,
        batch: 21,
        bytes: true,
        weighted: false,
        image: None,
    };
    agrees_everywhere(&case, "images");
}

#[test]
fn every_activation() {
    for name in Activation::NAMES.iter().filter(|name| **name != "softmax") {
        let activation = Activation::from_name(name).unwrap();
        let case = Case {
            layers: vec![dense(40), activation.clone().into(), dense(9), activation.into()],
            rules: rules(Loss::MeanSquaredError, Optimizer::Sgd),
            columns: 20,
            rows: 33,
            batch: 33,
            bytes: false,
            weighted: false,
            image: None,
        };
        agrees_everywhere(&case, name);
    }
}

#[test]
fn every_loss_and_optimizer() {
    for name in Loss::NAMES {
        for optimizer in Optimizer::ELEMENTWISE_NAMES {
            let optimizer = Optimizer::from_name(optimizer).unwrap();
            let case = Case {
                layers: vec![dense(16), Activation::Tanh.into(), dense(3)],
                rules: Rules {
                    l2: 1e-2,
                    l1: 1e-3,
                    weight_decay: 1e-2,
                    ..rules(Loss::from_name(name).unwrap(), optimizer)
                },
                columns: 18,
                rows: 20,
                batch: 12,
                bytes: false,
                weighted: false,
                image: None,
            };
            agrees::<f32>(&case, name, 2);
            agrees::<f64>(&case, name, 1);
        }
    }
}

#[test]
fn narrow_layers_one_output_and_everything_between() {
    let case = Case {
        layers: vec![
            Scale { factor: 0.5 }.into(),
            Dropout { dropout: 0.1 }.into(),
            dense(7),
            Activation::Sigmoid.into(),
            Dropout { dropout: 0.3 }.into(),
            Scale { factor: 2.0 }.into(),
            dense(90),
            Activation::Gelu.into(),
            Activation::Relu.into(),
            Dropout { dropout: 0.2 }.into(),
            dense(1),
            Activation::Identity.into(),
            Scale { factor: 3.0 }.into(),
        ],
        rules: Rules { frozen: vec![6], ..rules(Loss::HalfSquares, adam()) },
        columns: 5,
        rows: 70,
        batch: 70,
        bytes: false,
        weighted: false,
        image: None,
    };
    agrees_everywhere(&case, "narrow");
}

#[test]
fn gradients_are_clipped() {
    let case = Case {
        layers: vec![dense(35), Activation::Relu.into(), dense(4)],
        rules: Rules {
            clip_norm: Some(0.05),
            l2: 1e-3,
            frozen: vec![2],
            ..rules(Loss::SoftmaxCrossEntropy, adam())
        },
        columns: 40,
        rows: 30,
        batch: 30,
        bytes: false,
        weighted: false,
        image: None,
    };
    agrees_everywhere(&case, "clipped");
}

#[test]
fn batches_of_several_tiles_and_blocks() {
    for rows in [512, 513, 1100, 4096, 4700] {
        let case = Case {
            layers: vec![dense(6), Activation::Tanh.into(), dense(17), Activation::Relu.into(), dense(3)],
            rules: rules(Loss::SoftmaxCrossEntropy, Optimizer::Sgd),
            columns: 4,
            rows,
            batch: rows,
            bytes: false,
            weighted: false,
            image: None,
        };
        agrees::<f32>(&case, "tiles", 1);
        agrees::<f64>(&case, "tiles", 2);
    }
}

#[test]
fn rows_that_weigh_differently() {
    for name in Loss::NAMES {
        for (rows, batch) in [(20, 12), (33, 33), (1100, 1100)] {
            let case = Case {
                layers: vec![dense(16), Activation::Tanh.into(), dense(3)],
                rules: rules(Loss::from_name(name).unwrap(), adam()),
                columns: 8,
                rows,
                batch,
                bytes: false,
                weighted: true,
                image: None,
            };
            agrees::<f32>(&case, name, 2);
            agrees::<f64>(&case, name, 1);
        }
    }
}

#[test]
fn gradients_are_cut_and_units_are_limited() {
    for clip_norm in [None, Some(0.5)] {
        for (optimizer, batch) in [(Optimizer::Sgd, 30), (adam(), 11), (Optimizer::Sgd, 1030)] {
            let case = Case {
                layers: vec![
                    dense(35),
                    Activation::Relu.into(),
                    dense(70),
                    Activation::Tanh.into(),
                    dense(1),
                ],
                rules: Rules {
                    clip_value: Some(1e-3),
                    clip_norm,
                    max_norm: Some(0.9),
                    frozen: vec![0],
                    ..rules(Loss::HalfSquares, optimizer)
                },
                columns: 40,
                rows: batch + 7 * usize::from(batch == 11),
                batch,
                bytes: false,
                weighted: false,
                image: None,
            };
            agrees_everywhere(&case, "limits");
        }
    }
}

#[test]
fn normalised_and_noisy_layers() {
    for frozen in [vec![], vec![1]] {
        let case = Case {
            layers: vec![
                dense(70),
                BatchNorm { momentum: 0.8, epsilon: 1e-3 }.into(),
                Activation::Relu.into(),
                Noise { noise: 0.1 }.into(),
                dense(33),
                Activation::Gelu.into(),
                BatchNorm::default().into(),
                Dropout { dropout: 0.2 }.into(),
                LayerNorm::default().into(),
                Activation::Tanh.into(),
                LayerNorm { epsilon: 1e-2 }.into(),
                dense(40),
                Activation::Sigmoid.into(),
                LayerNorm::default().into(),
                Noise { noise: 0.01 }.into(),
                dense(5),
                Activation::Sigmoid.into(),
                BatchNorm::default().into(),
                dense(3),
            ],
            rules: Rules { frozen, clip_value: Some(0.01), ..rules(Loss::SoftmaxCrossEntropy, adam()) },
            columns: 20,
            rows: 61,
            batch: 20, // the last batch has one row
            bytes: false,
            weighted: true,
            image: None,
        };
        agrees_everywhere(&case, "normalised");
        agrees_everywhere(&Case { batch: 61, ..case }, "normalised, full batch");
    }
}

#[test]
fn hidden_matrices_move_as_a_whole() {
    for (clip_norm, weight_decay) in [(None, 0.0), (Some(0.1), 0.02)] {
        let case = Case {
            layers: vec![
                dense(70),
                Activation::Relu.into(),
                dense(35),
                Activation::Relu.into(),
                dense(50),
                BatchNorm::default().into(),
                Activation::Tanh.into(),
                dense(1),
                dense(90),
                Activation::Tanh.into(),
                dense(1),
                dense(3),
            ],
            rules: Rules {
                clip_norm,
                weight_decay,
                max_norm: Some(2.0),
                frozen: vec![4],
                ..rules(Loss::SoftmaxCrossEntropy, Optimizer::from_name("muon").unwrap())
            },
            columns: 40,
            rows: 30,
            batch: 12,
            bytes: false,
            weighted: false,
            image: None,
        };
        agrees_everywhere(&case, "muon");
    }
}

/// The loss and its gradient at two places, as L-BFGS asks for them.
#[test]
fn gradients_of_full_batches() {
    for rows in [30, 1100, 4500] {
        let case = Case {
            layers: vec![
                dense(20),
                BatchNorm::default().into(),
                Activation::Sigmoid.into(),
                Dropout { dropout: 0.2 }.into(),
                dense(3),
            ],
            rules: Rules {
                l2: 1e-2,
                ..rules(Loss::SoftmaxCrossEntropy, Optimizer::from_name("lbfgs").unwrap())
            },
            columns: 7,
            rows,
            batch: rows,
            bytes: false,
            weighted: true,
            image: None,
        };
        looks_agree::<f32>(&case);
        looks_agree::<f64>(&case);
        looks_agree::<f64>(&Case { layers: vec![dense(2), dense(3)], weighted: false, ..case });
    }
}

fn looks_agree<R: Real>(case: &Case) {
    let mut network = Network::<R>::new(Shape::from(case.columns), case.layers.clone()).unwrap();
    network.start(None, Draw::Philox { seed: 9 }).unwrap();
    let data = data(case, 3);
    let wanted =
        Wanted { rules: &case.rules, data: &data, largest_batch: case.rows, is_full_batch: true, threads: 2 };
    let mut panels = PanelPlan::new(&network, wanted).unwrap().unwrap();
    let mut plain = PlainGradients::new(&network, wanted).unwrap();
    let all: Vec<u32> = (0..case.rows as u32).collect();
    let mut parameters = network.parameters().to_vec();
    for epoch in 0..2 {
        let rows = Rows { data: &data, rows: &all, epoch };
        let [mut own, mut theirs] = [vec![R::ZERO; parameters.len()], vec![R::ONE; parameters.len()]];
        let value = panels.look(rows, &parameters, &mut own);
        assert_eq!(value.to_bits(), plain.look(rows, &parameters, &mut theirs).to_bits());
        assert_eq!(bits(&own), bits(&theirs));
        for (w, dw) in parameters.iter_mut().zip(&own) {
            *w -= *dw;
        }
    }
    parameters.fill(R::from_f64(f64::NAN));
    let rows = Rows { data: &data, rows: &all, epoch: 0 };
    let mut gradients = parameters.clone();
    assert!(panels.look(rows, &parameters, &mut gradients).is_nan());
    assert!(gradients.iter().all(|dw| !dw.is_finite()));
}

#[test]
fn norms_at_both_ends_in_batches_of_any_size() {
    for (rows, batch) in [(40, 17), (40, 40), (700, 700), (5000, 4500), (4200, 4200)] {
        for clip_norm in [None, Some(0.02)] {
            let case = Case {
                layers: vec![
                    BatchNorm { momentum: 0.7, epsilon: 1e-3 }.into(),
                    LayerNorm::default().into(),
                    dense(6),
                    Activation::Relu.into(),
                    BatchNorm::default().into(),
                    Dropout { dropout: 0.2 }.into(),
                    dense(35),
                    LayerNorm { epsilon: 1e-2 }.into(),
                    Activation::Tanh.into(),
                    dense(3),
                    BatchNorm::default().into(),
                    Activation::Sigmoid.into(),
                    LayerNorm::default().into(),
                    Scale { factor: 2.0 }.into(),
                ],
                rules: Rules {
                    clip_norm,
                    l2: 1e-3,
                    max_norm: Some(1.5),
                    frozen: vec![4, 10],
                    ..rules(Loss::SoftmaxCrossEntropy, adam())
                },
                columns: 37,
                rows,
                batch,
                bytes: false,
                weighted: true,
                image: None,
            };
            agrees::<f32>(&case, "norms at both ends", 2);
            agrees::<f64>(&case, "norms at both ends", 3);
            agrees::<f64>(&case, "norms at both ends", 1);
        }
    }
}

#[test]
fn one_norm_at_an_end() {
    let norms = || [Layer::from(BatchNorm::default()), LayerNorm::default().into()];
    for norm in norms() {
        for place in [0, 1] {
            let mut layers = vec![dense(9)];
            layers.insert(place, norm.clone());
            let case = Case {
                layers,
                rules: rules(Loss::HalfSquares, adam()),
                columns: 5,
                rows: 30,
                batch: 30,
                bytes: true,
                weighted: false,
                image: None,
            };
            agrees_everywhere(&case, "one norm");
        }
    }
}

/// What looks at columns after rows were shared out, and norms over more than one axis: the layer plan's.
#[test]
fn norms_that_are_not_taken() {
    let taken = |layers: Vec<Layer>, shape: Shape| {
        let case = Case {
            layers,
            rules: rules(Loss::HalfSquares, adam()),
            columns: 4,
            rows: 5,
            batch: 5,
            bytes: false,
            weighted: false,
            image: None,
        };
        let network = Network::<f32>::new(shape, case.layers.clone()).unwrap();
        let data = data(&case, network.output_shape().len());
        let wanted =
            Wanted { rules: &case.rules, data: &data, largest_batch: 5, is_full_batch: true, threads: 1 };
        PanelPlan::new(&network, wanted).unwrap().is_some()
    };
    let norm = || Layer::from(BatchNorm::default());
    let square = || Shape::from([2, 2]);
    assert!(taken(vec![dense(4), norm(), dense(2)], Shape::from(4)));
    assert!(!taken(vec![dense(4), LayerNorm::default().into(), norm(), dense(2)], Shape::from(4)));
    assert!(taken(vec![Layer::Flatten, norm(), dense(2)], square()));
    assert!(!taken(vec![norm(), Layer::Flatten, dense(2)], square()));
}

fn conv(out_channels: usize, window: Window) -> Layer {
    Conv2d::new(out_channels, window).into()
}

#[test]
fn convolutions_before_dense_layers() {
    let same = |side: usize| Window::square(side).padding(Padding::Same);
    let grouped = Conv2d { groups: 2, ..Conv2d::new(6, same(3).dilation(2)) };
    let relu = || Layer::from(Activation::Relu);
    let usual = Case {
        layers: vec![
            conv(6, same(5)),
            relu(),
            MaxPool2d::new(2).into(),
            conv(16, Window::square(3)),
            relu(),
            MaxPool2d::new(2).into(),
            Layer::Flatten,
            dense(20),
            relu(),
            dense(10),
        ],
        rules: rules(Loss::SoftmaxCrossEntropy, adam()),
        columns: 144,
        rows: 50,
        batch: 20,
        bytes: true,
        weighted: false,
        image: Some(vec![1, 12, 12]),
    };
    agrees_everywhere(&usual, "convolutions");
    // Steps through every kind, with penalties; a full batch, so that images are gathered once.
    let strange = Case {
        layers: vec![
            conv(4, Window::square(3).stride(2)),
            Activation::Gelu.into(),
            Scale { factor: 0.5 }.into(),
            grouped.into(),
            Activation::Tanh.into(),
            AveragePool2d::new(2).into(),
            conv(5, Window::square(1)),
            AdaptiveAveragePool2d { output_size: [2, 3] }.into(),
            Layer::Flatten,
            Dropout { dropout: 0.3 }.into(),
            dense(3),
        ],
        rules: Rules {
            l2: 0.01,
            l1: 0.001,
            weight_decay: 0.1,
            clip_value: Some(0.02),
            frozen: vec![6],
            ..rules(Loss::MeanSquaredError, Optimizer::from_name("momentum").unwrap())
        },
        columns: 2 * 15 * 17,
        rows: 9,
        batch: 9,
        bytes: false,
        weighted: true,
        image: Some(vec![2, 15, 17]),
    };
    agrees_everywhere(&strange, "strange convolutions");
    // More positions than a block has, and features that one dense layer narrows to one.
    let large = Case {
        layers: vec![conv(3, same(3)), relu(), GlobalAveragePool.into(), dense(1)],
        rules: rules(Loss::MeanSquaredError, Optimizer::Sgd),
        columns: 50 * 50,
        rows: 5,
        batch: 5,
        bytes: true,
        weighted: false,
        image: Some(vec![1, 50, 50]),
    };
    agrees_everywhere(&large, "large images");
}

#[test]
fn filters_of_one_channel_and_sequences() {
    let same = Window::square(3).padding(Padding::Same);
    let depthwise = Conv2d { groups: 3, ..Conv2d::new(3, same) };
    let relu = || Layer::from(Activation::Relu);
    let by_channel = Case {
        layers: vec![
            depthwise.clone().into(),
            relu(),
            depthwise.into(),
            MaxPool2d::new(3).into(),
            Layer::Flatten,
            dense(4),
        ],
        rules: rules(Loss::SoftmaxCrossEntropy, adam()),
        columns: 3 * 7 * 20,
        rows: 6,
        batch: 4,
        bytes: false,
        weighted: false,
        image: Some(vec![3, 7, 20]),
    };
    let sequences = Case {
        layers: vec![Conv1d::new(5, 4).into(), relu(), Conv1d::new(3, 2).into(), Layer::Flatten, dense(3)],
        columns: 2 * 30,
        image: Some(vec![2, 30]),
        rules: by_channel.rules.clone(),
        rows: 6,
        batch: 4,
        bytes: false,
        weighted: false,
    };
    for threads in [1, 2, 3] {
        agrees::<f32>(&by_channel, "filters of one channel", threads);
        agrees::<f32>(&sequences, "sequences", threads);
    }
}

#[test]
fn convolutions_predict_as_the_plain_plan_does() {
    let layers = || {
        vec![
            conv(6, Window::square(5).padding(Padding::Same)),
            Activation::Relu.into(),
            MaxPool2d::new(2).into(),
            Layer::Flatten,
            dense(12),
            Activation::Sigmoid.into(),
            dense(3),
        ]
    };
    let mut network = Network::<f32>::new(Shape::from([2, 9, 10]), layers()).unwrap();
    network.start(None, Draw::Philox { seed: 9 }).unwrap();
    let stream = Stream::new(3, Purpose::Custom, 0, 0);
    let x: Vec<f32> = (0..90 * 180).map(|i| stream.normal(i as u64)).collect();
    let mut plain = PlainForward::new(&network, 90);
    plain.forward(90, &x);
    for threads in [1, 2] {
        let mut panels = PanelForward::new(&network, 90, threads).unwrap().unwrap();
        panels.forward(90, &x);
        assert_eq!(bits(panels.outputs(90)), bits(plain.outputs(90)));
        for row in [0, 7, 89] {
            panels.forward(1, &x[row * 180..(row + 1) * 180]);
            assert_eq!(bits(panels.outputs(1)), bits(&plain.outputs(90)[row * 3..(row + 1) * 3]));
        }
    }
}
