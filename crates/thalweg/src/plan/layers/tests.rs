//! The plan against the plain plan, bit by bit.

use super::*;
use crate::activations::Activation;
use crate::data::{Dataset, Features, Scaling, TargetScale};
use crate::layers::{
    AdaptiveAveragePool2d, BatchNorm, ChannelDropout, Conv1d, Conv2d, ConvTranspose2d, Dense, Dropout,
    Embedding, GlobalAveragePool, GroupNorm, Layer, LayerNorm, MaxPool2d, Noise, Padding, Periodic,
    PiecewiseLinear, Residual, Scale, Upsample, Window,
};
use crate::network::Draw;
use crate::plan::lbfgs::PlainGradients;
use crate::plan::{ForwardPlan, PlainForward, Plan};
use crate::random::{Purpose, Stream};
use crate::shape::Shape;

/// One case: a network, its rules, data of so many rows, and the batches of some steps.
struct Case {
    layers: Vec<Layer>,
    rules: Rules,
    shape: Vec<usize>,
    rows: usize,
    batch: usize,
    weighted: bool,
    /// Whether the features are small whole numbers.
    ids: bool,
    is_target_scaled: bool,
}

fn case(layers: Vec<Layer>, shape: &[usize], rows: usize, batch: usize) -> Case {
    let rules = rules(Loss::SoftmaxCrossEntropy, Optimizer::from_name("adam").unwrap());
    let shape = shape.to_vec();
    Case { layers, rules, shape, rows, batch, weighted: false, ids: false, is_target_scaled: false }
}

fn rules(loss: Loss, optimizer: Optimizer) -> Rules {
    Rules { loss, optimizer, seed: 5, ..Rules::forward_only(Loss::SoftmaxCrossEntropy) }
}

fn momentum() -> Optimizer {
    Optimizer::from_name("momentum").unwrap()
}

fn dense(out_features: usize) -> Layer {
    Dense::new(out_features).into()
}

fn relu() -> Layer {
    Activation::Relu.into()
}

fn norm() -> Layer {
    BatchNorm::default().into()
}

/// A convolution that keeps the size of its images, or divides it.
fn conv(out_channels: usize, side: usize, stride: usize) -> Layer {
    Conv2d::new(out_channels, Window::square(side).padding(Padding::Same).stride(stride)).into()
}

fn residual(layers: Vec<Layer>, shortcut: Vec<Layer>) -> Layer {
    Residual::new(layers).with_shortcut(shortcut).into()
}

/// A block of the networks of He et al., with a way around where the shape changes.
fn block(channels: usize, stride: usize) -> [Layer; 2] {
    let inner = vec![conv(channels, 3, stride), norm(), relu(), conv(channels, 3, 1), norm()];
    let around = if stride > 1 { vec![conv(channels, 1, stride), norm()] } else { Vec::new() };
    [residual(inner, around), relu()]
}

/// A small network of them.
fn residual_network() -> Vec<Layer> {
    let mut layers = vec![conv(4, 3, 1), norm(), relu()];
    layers.extend(block(4, 1));
    layers.extend(block(6, 2));
    layers.extend(block(6, 1));
    layers.extend([GlobalAveragePool.into(), dense(3)]);
    layers
}

fn data(case: &Case, outputs: usize) -> Dataset {
    let stream = Stream::new(3, Purpose::Custom, 0, 0);
    let columns: usize = case.shape.iter().product();
    let count = case.rows * columns;
    let value = |i: usize| if case.ids { (i * 7 % 3) as f64 } else { stream.normal(i as u64) };
    let features = Features::F64((0..count).map(value).collect());
    let targets = if matches!(case.rules.loss, Loss::SoftmaxCrossEntropy) {
        let ids = (0..case.rows).map(|n| (n * 7 % outputs) as u32).collect();
        DatasetTargets::Classes { ids, count: outputs }
    } else {
        let values = (0..case.rows * outputs).map(|i| stream.uniform::<f64>(i as u64)).collect();
        DatasetTargets::Values { values, outputs }
    };
    let mut data = Dataset::new(features, Shape::from(case.shape.clone()), targets).unwrap();
    if case.is_target_scaled {
        let DatasetTargets::Values { values, outputs } = data.targets() else { panic!("values") };
        let all: Vec<u32> = (0..case.rows as u32).collect();
        let scale = TargetScale::fit(Scaling::MinMax, values, *outputs, &all);
        data = data.with_target_scale(scale);
    }
    if case.weighted {
        let weight = |n: usize| (3.0 * stream.uniform::<f64>((count + n) as u64) - 0.5).max(0.0);
        data = data.with_weights((0..case.rows).map(weight).collect()).unwrap();
    }
    data
}

fn network<R: Real>(case: &Case) -> Network<R> {
    let mut network = Network::<R>::new(Shape::from(case.shape.clone()), case.layers.clone()).unwrap();
    network.start(None, Draw::Philox { seed: 9 }).unwrap();
    network
}

fn bits<R: Real>(values: &[R]) -> Vec<u64> {
    values.iter().map(|value| value.bits()).collect()
}

/// Four steps of both plans, on `threads` threads.
fn agrees<R: Real>(case: &Case, name: &str, threads: usize) {
    let name = format!("{name} in {} on {threads} threads", R::PRECISION);
    let network = network::<R>(case);
    let data = data(case, network.output_shape().len());
    let mut plain = Plan::new(&network, case.rules.clone(), &data, case.batch).unwrap();
    let is_full_batch = case.batch == case.rows;
    let wanted =
        Wanted { rules: &case.rules, data: &data, largest_batch: case.batch, is_full_batch, threads };
    let mut ours = LayerPlan::on(&network, wanted).unwrap().unwrap();
    let all: Vec<u32> = (0..case.rows as u32).rev().collect();
    let mut start = 0;
    let (mut parameters, mut state) =
        (vec![R::ZERO; network.parameter_count()], vec![R::ZERO; plain.optimizer_state().len()]);
    for step in 0..4 {
        let end = (start + case.batch).min(case.rows);
        let rows = Rows { data: &data, rows: &all[start..end], epoch: step };
        start = if end == case.rows { 0 } else { end };
        let rates = Rates { step: step + 1, learning_rates: vec![0.05; network.layers().len()] };
        if is_full_batch {
            // A look at a full batch before its step: as it is, of another epoch, or made void.
            match step {
                1 => ours.forward(rows),
                2 => ours.forward(Rows { epoch: 77, ..rows }),
                3 => {
                    ours.read_parameters(&mut parameters);
                    ours.set_parameters(&vec![R::ONE; parameters.len()]);
                    ours.forward(rows);
                    ours.set_parameters(&parameters);
                }
                _ => {}
            }
        }
        plain.gather(rows);
        plain.forward(rows, true);
        plain.backward(rows);
        plain.update(&rates);
        assert!(ours.step(rows, &rates), "{name}: step {step} is finite");
        let count = rows.rows.len();
        assert_eq!(bits(ours.outputs(count)), bits(plain.outputs(count)), "{name}: outputs of step {step}");
        assert_eq!(
            ours.loss(count).to_bits(),
            plain.data_loss(count).to_bits(),
            "{name}: loss of step {step}"
        );
        ours.read_parameters(&mut parameters);
        for tensor in network.parameter_tensors() {
            let (ours, plain) =
                (&parameters[tensor.range.clone()], &plain.parameters()[tensor.range.clone()]);
            assert_eq!(bits(ours), bits(plain), "{name}: {} after step {step}", tensor.name);
        }
        ours.read_state(&mut state);
        assert_eq!(bits(&state), bits(plain.optimizer_state()), "{name}: state after step {step}");
        ours.set_state(&vec![R::ONE; state.len()]);
        ours.set_state(&state);
    }
}

/// Predictions of some rows at a time, and of one.
fn predicts<R: Real>(case: &Case, name: &str, threads: usize) {
    let mut network = network::<R>(case);
    for (i, parameter) in network.parameters_mut().iter_mut().enumerate() {
        *parameter += R::from_f64(0.01 * (i % 5) as f64);
    }
    let data = data(case, network.output_shape().len());
    let mut x = vec![R::ZERO; case.rows * data.columns()];
    data.gather(&(0..case.rows as u32).collect::<Vec<_>>(), &mut x);
    let mut plain = PlainForward::new(&network, case.rows);
    plain.forward(case.rows, &x);
    let mut ours = LayerForward::on(&network, case.rows, threads).unwrap().unwrap();
    for rows in [case.rows, 1, case.rows.div_ceil(2)] {
        ours.set_parameters(&vec![R::ONE; network.parameter_count()]);
        ours.forward(rows, &x[..rows * data.columns()]);
        ours.set_parameters(network.parameters());
        for _ in 0..2 {
            ours.forward(rows, &x[..rows * data.columns()]);
            assert_eq!(
                bits(ours.outputs(rows)),
                bits(plain.outputs(rows)),
                "{name} in {} on {threads} threads: predictions of {rows} rows",
                R::PRECISION
            );
        }
    }
}

fn agrees_everywhere(case: &Case, name: &str) {
    for threads in [1, 2, 3, 8] {
        agrees::<f32>(case, name, threads);
        agrees::<f64>(case, name, threads);
        predicts::<f32>(case, name, threads);
        predicts::<f64>(case, name, threads);
    }
}

#[test]
fn a_residual_network() {
    let case = case(residual_network(), &[2, 8, 8], 75, 50);
    agrees_everywhere(&case, "residual");
}

#[test]
fn whole_blocks_of_examples() {
    // 16 x 16 positions: 16 examples are a block, and 4 of the images of half the size a quarter of one.
    let case = case(residual_network(), &[1, 16, 16], 64, 64);
    for threads in [1, 2, 4] {
        agrees::<f32>(&case, "whole blocks", threads);
        agrees::<f64>(&case, "whole blocks", threads);
    }
}

#[test]
fn normalisations_between_convolutions() {
    let with =
        |norm: Layer| vec![conv(6, 3, 1), norm, relu(), conv(4, 3, 2), relu(), Layer::Flatten, dense(3)];
    for (name, norm) in [
        ("batch norm", norm()),
        ("group norm", GroupNorm::new(2).into()),
        ("layer norm", LayerNorm::default().into()),
    ] {
        // 35 positions: no whole rounds of lanes.
        agrees_everywhere(&case(with(norm.clone()), &[2, 5, 7], 30, 20), name);
        agrees_everywhere(&case(vec![norm, Layer::Flatten, dense(3)], &[2, 5, 7], 30, 30), name);
    }
}

#[test]
fn normalisations_of_rows_inside_blocks() {
    let inner = vec![norm(), relu(), dense(12), norm(), Dropout { dropout: 0.3 }.into(), dense(12)];
    let layers = vec![
        dense(12),
        residual(inner, Vec::new()),
        residual(vec![dense(9), LayerNorm::default().into()], Vec::new()),
        Activation::Gelu.into(),
        residual(vec![dense(9)], vec![dense(9), Activation::Tanh.into()]),
        dense(3),
    ];
    agrees_everywhere(&case(layers, &[7], 60, 25), "rows");
}

#[test]
fn blocks_of_odd_shapes() {
    let layers = vec![
        residual(vec![Layer::Flatten], Vec::new()),
        residual(vec![relu()], vec![Scale { factor: 0.5 }.into(), Activation::Tanh.into()]),
        dense(6),
        residual(vec![residual(vec![dense(6), relu()], Vec::new()), Activation::Softmax.into()], Vec::new()),
        residual(vec![Scale { factor: 2.0 }.into()], vec![Layer::Flatten]),
        residual(vec![Layer::Flatten], vec![dense(6), Activation::Tanh.into()]),
        dense(3),
    ];
    agrees_everywhere(&case(layers, &[5], 20, 20), "odd shapes");
}

#[test]
fn sums_that_a_normalisation_makes() {
    let layers = vec![
        conv(3, 3, 1),
        // The sum goes on into a block whose way around needs it as it is.
        residual(vec![conv(3, 3, 1), norm()], Vec::new()),
        residual(vec![relu(), conv(3, 3, 1), norm(), relu()], Vec::new()),
        residual(vec![conv(3, 3, 1)], vec![conv(3, 1, 1), norm()]),
        relu(),
        residual(vec![norm()], vec![norm(), relu()]),
        Activation::Gelu.into(),
        residual(vec![residual(vec![conv(3, 3, 1), norm()], Vec::new()), relu()], Vec::new()),
        norm(),
        relu(),
        relu(),
        Layer::Flatten,
        dense(6),
        residual(vec![dense(6), norm()], Vec::new()),
        relu(),
        dense(3),
    ];
    agrees_everywhere(&case(layers, &[2, 4, 6], 30, 20), "sums");
}

#[test]
fn noise_and_channel_dropout() {
    let layers = vec![
        Noise { noise: 0.1 }.into(),
        conv(5, 3, 1),
        ChannelDropout { dropout: 0.4 }.into(),
        Activation::Silu.into(),
        MaxPool2d::new(2).into(),
        residual(
            vec![conv(5, 3, 1), Dropout { dropout: 0.2 }.into(), Noise { noise: 0.2 }.into()],
            Vec::new(),
        ),
        AdaptiveAveragePool2d { output_size: [2, 2] }.into(),
        Layer::Flatten,
        dense(3),
    ];
    agrees_everywhere(&case(layers, &[2, 8, 8], 30, 20), "noise");
}

#[test]
fn larger_images_from_smaller_ones() {
    let layers = vec![
        conv(4, 3, 2),
        relu(),
        ConvTranspose2d::new(3, Window::square(2).stride(2)).into(),
        norm(),
        Upsample { factor: [2, 2] }.into(),
        conv(2, 3, 2),
        Layer::Flatten,
    ];
    let mut case = case(layers, &[2, 6, 6], 20, 12);
    case.rules.loss = Loss::MeanSquaredError;
    agrees_everywhere(&case, "larger images");
    case.is_target_scaled = true;
    agrees_everywhere(&case, "scaled targets");
}

#[test]
fn images_smaller_than_a_register() {
    let layers = vec![conv(3, 3, 2), norm(), relu(), conv(3, 2, 2), relu(), Layer::Flatten, dense(3)];
    agrees_everywhere(&case(layers, &[2, 3, 4], 30, 30), "tiny images");
}

#[test]
fn sequences_and_groups() {
    let grouped = Conv2d { groups: 2, ..Conv2d::new(4, Window::square(3)) };
    let layers = vec![Layer::from(grouped), relu(), GlobalAveragePool.into(), dense(3)];
    agrees_everywhere(&case(layers, &[2, 9, 9], 20, 13), "groups");
    let layers = vec![Conv1d::new(4, 3).into(), norm(), relu(), GlobalAveragePool.into(), dense(3)];
    agrees_everywhere(&case(layers, &[2, 40], 20, 20), "sequences");
}

#[test]
fn embeddings_and_waves() {
    let embedding = Embedding { columns: Some(vec![1, 3]), ..Embedding::new(vec![3, 4], 5) };
    let layers = vec![embedding.into(), dense(8), relu(), dense(3)];
    agrees_everywhere(&Case { ids: true, ..case(layers, &[5], 40, 17) }, "embedding");
    let periodic = |dimension| Periodic {
        columns: None,
        frequencies: 3,
        sigma: 0.5,
        dimension,
        relu: dimension.is_some(),
    };
    for dimension in [None, Some(4)] {
        let layers = vec![dense(4), periodic(dimension).into(), dense(3)];
        agrees_everywhere(&case(layers, &[5], 40, 17), "periodic");
        let edges = vec![vec![-1.0, 0.0, 1.0], vec![-0.5, 0.5]];
        let piecewise = PiecewiseLinear {
            columns: Some(vec![0, 2]),
            bins: 3,
            edges,
            dimension,
            relu: dimension.is_some(),
        };
        let layers = vec![dense(4), piecewise.into(), dense(3)];
        agrees_everywhere(&case(layers, &[5], 40, 17), "piecewise");
    }
}

#[test]
fn limits_penalties_and_rules() {
    type Change = fn(&mut Rules);
    let change: [(&str, Change); 8] = [
        ("clip_norm", |rules| rules.clip_norm = Some(0.1)),
        ("clip_value", |rules| rules.clip_value = Some(0.01)),
        ("max_norm", |rules| rules.max_norm = Some(0.5)),
        ("penalties", |rules| (rules.l2, rules.l1) = (1e-2, 1e-3)),
        ("decay", |rules| rules.weight_decay = 1e-2),
        ("frozen", |rules| rules.frozen = vec![0, 1, 3]),
        ("frozen and clipped", |rules| (rules.frozen, rules.clip_norm) = (vec![3, 7], Some(0.1))),
        ("muon", |rules| rules.optimizer = Optimizer::from_name("muon").unwrap()),
    ];
    for (name, change) in change {
        let mut layers = residual_network();
        layers.extend([relu(), dense(12), relu(), dense(3)]);
        let mut case = case(layers, &[1, 8, 8], 24, 16);
        case.rules.optimizer = momentum();
        change(&mut case.rules);
        agrees_everywhere(&case, name);
    }
}

#[test]
fn rows_that_weigh_differently() {
    for batch in [20, 13] {
        let case = Case { weighted: true, ..case(residual_network(), &[1, 8, 8], 20, batch) };
        agrees_everywhere(&case, "weighted");
    }
}

#[test]
fn every_loss() {
    for name in Loss::NAMES {
        let layers = vec![conv(3, 3, 1), norm(), relu(), GlobalAveragePool.into(), dense(3)];
        let mut case = case(layers, &[1, 5, 5], 12, 8);
        case.rules.loss = Loss::from_name(name).unwrap();
        for threads in [1, 3] {
            agrees::<f32>(&case, name, threads);
            agrees::<f64>(&case, name, threads);
        }
    }
}

#[test]
fn large_batches_of_images() {
    let layers =
        vec![conv(3, 3, 1), norm(), relu(), conv(17, 3, 1), Layer::Flatten, dense(9), relu(), dense(3)];
    let case = case(layers, &[1, 4, 4], 1100, 700);
    for threads in [1, 2, 8] {
        agrees::<f32>(&case, "large batches", threads);
    }
}

#[test]
fn more_rows_than_a_block_has() {
    let case = case(vec![dense(3), norm(), residual(vec![dense(3)], Vec::new())], &[2], 9000, 9000);
    for threads in [1, 2, 3] {
        agrees::<f32>(&case, "many rows", threads);
    }
}

#[test]
fn gradients_of_a_full_batch() {
    for threads in [1, 2, 3] {
        let mut case = case(residual_network(), &[1, 8, 8], 24, 24);
        case.rules.optimizer = Optimizer::from_name("lbfgs").unwrap();
        let network = network::<f64>(&case);
        let data = data(&case, 3);
        let rules = &case.rules;
        let wanted = Wanted { rules, data: &data, largest_batch: 24, is_full_batch: true, threads };
        let mut plain = PlainGradients::new(&network, wanted).unwrap();
        let mut ours = LayerPlan::on(&network, wanted).unwrap().unwrap();
        let all: Vec<u32> = (0..24).collect();
        let rows = Rows { data: &data, rows: &all, epoch: 0 };
        let mut gradients = [vec![1.0; network.parameter_count()], vec![2.0; network.parameter_count()]];
        for _ in 0..2 {
            let values = [
                plain.look(rows, network.parameters(), &mut gradients[0]),
                ours.look(rows, network.parameters(), &mut gradients[1]),
            ];
            assert_eq!(values[0].to_bits(), values[1].to_bits());
            assert_eq!(bits(&gradients[0]), bits(&gradients[1]));
        }
    }
}

#[test]
fn a_loss_that_is_not_finite_changes_nothing() {
    let mut case = case(residual_network(), &[1, 8, 8], 8, 8);
    case.rules.optimizer = momentum();
    let mut network = network::<f32>(&case);
    let data = data(&case, 3);
    let last = network.parameter_count() - 1;
    network.parameters_mut()[last] = f32::INFINITY;
    let wanted =
        Wanted { rules: &case.rules, data: &data, largest_batch: 8, is_full_batch: true, threads: 2 };
    let mut ours = LayerPlan::new(&network, wanted).unwrap().unwrap();
    let all: Vec<u32> = (0..8).collect();
    let rates = Rates { step: 1, learning_rates: vec![0.05; network.layers().len()] };
    assert!(!ours.step(Rows { data: &data, rows: &all, epoch: 0 }, &rates));
    let mut parameters = vec![0.0; network.parameter_count()];
    ours.read_parameters(&mut parameters);
    assert_eq!(bits(&parameters), bits(network.parameters()));
}
