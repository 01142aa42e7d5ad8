//! Every layer, activation and loss through the check, and wrong gradients that it must notice.

use std::sync::Arc;

use super::*;
use crate::activations::Activation;
use crate::custom::CustomLoss;
use crate::data::{DatasetTargets, Features};
use crate::layers::{
    AdaptiveAveragePool2d, AveragePool2d, BatchNorm, Conv1d, Conv2d, ConvTranspose2d, Dense, Dropout,
    Embedding, Layer, LayerNorm, MaxPool2d, Noise, Padding, Periodic, PiecewiseLinear, Residual, Scale,
    Upsample, Window,
};
use crate::losses::{Reduction, Target};
use crate::shape::Shape;

fn values_data(rows: usize, columns: usize, outputs: usize) -> Dataset {
    let stream = Stream::new(5, Purpose::Custom, 0, 0);
    let x = (0..rows * columns).map(|i| stream.normal(i as u64)).collect();
    let t = |i: usize| 0.3 + 0.2 * stream.normal::<f64>(10_000 + i as u64);
    let t = (0..rows * outputs).map(|i| t(i).abs()).collect();
    let targets = DatasetTargets::Values { values: t, outputs };
    Dataset::new(Features::F64(x), Shape::from(columns), targets).unwrap()
}

fn classes_data(rows: usize, columns: usize, count: usize) -> Dataset {
    let Features::F64(x) = values_data(rows, columns, 1).features().clone() else { unreachable!() };
    let ids = (0..rows).map(|n| (n * 7 % count) as u32).collect();
    Dataset::new(Features::F64(x), Shape::from(columns), DatasetTargets::Classes { ids, count }).unwrap()
}

fn with_loss(loss: Loss) -> TrainingSettings {
    TrainingSettings { loss: Some(loss), ..TrainingSettings::default() }
}

#[test]
fn every_activation_passes() {
    for name in Activation::NAMES {
        let activation = Activation::from_name(name).unwrap();
        let network = Network::<f64>::builder(3).dense(5).activation(activation).dense(2).build(1).unwrap();
        let data = values_data(7, 3, 2);
        let report = check(&network, &with_loss(Loss::HalfSquares), &data, 0).unwrap();
        assert!(report.ok, "{name}: {:?}", report.worst);
        assert_eq!(report.comparisons, 3 * 5 + 5 + 5 * 2 + 2 + 4);
    }
}

#[test]
fn every_loss_passes_with_values_and_with_classes() {
    for name in Loss::NAMES {
        let loss = Loss::from_name(name).unwrap();
        for (data, outputs) in
            [(values_data(6, 2, 3), 3), (classes_data(6, 2, 3), 3), (classes_data(1, 2, 3), 3)]
        {
            let network = Network::<f64>::builder(2).dense(4).sigmoid().dense(outputs).build(2).unwrap();
            let report = check(&network, &with_loss(loss.clone()), &data, 0).unwrap();
            assert!(report.ok, "{name}: {:?}", report.worst);
        }
    }
    let network = Network::<f64>::builder(2).dense(1).build(2).unwrap();
    for loss in [Loss::BinaryCrossEntropy, Loss::Hinge, Loss::SquaredHinge] {
        let report = check(&network, &with_loss(loss), &classes_data(9, 2, 2), 0).unwrap();
        assert!(report.ok, "{:?}", report.worst);
    }
}

#[test]
fn every_layer_and_both_penalties_pass() {
    let network = Network::<f64>::builder([2, 2])
        .flatten()
        .dense(6)
        .tanh()
        .layer(Dropout { dropout: 0.3 })
        .layer(Scale { factor: 2.5 })
        .dense(2)
        .build(3)
        .unwrap();
    let Features::F64(x) = values_data(9, 4, 1).features().clone() else { unreachable!() };
    let targets = values_data(9, 4, 2).targets().clone();
    let data = Dataset::new(Features::F64(x), Shape::from([2, 2]), targets).unwrap();
    let settings = TrainingSettings { l2: 0.1, l1: 0.05, ..with_loss(Loss::MeanSquaredError) };
    let report = check(&network, &settings, &data, 0).unwrap();
    assert!(report.ok, "{:?}", report.worst);
}

#[test]
fn normalisations_and_noise_pass_and_averages_have_no_gradient() {
    for rows in [9, 2] {
        let builder = Network::<f64>::builder(4).batch_norm().dense(6).batch_norm().tanh().noise(0.1);
        let network = builder.dense(5).layer_norm().relu().dense(2).build(3).unwrap();
        let settings = TrainingSettings { l2: 0.1, ..with_loss(Loss::MeanSquaredError) };
        let report = check(&network, &settings, &values_data(rows, 4, 2), 0).unwrap();
        assert!(report.ok, "{rows} rows: {:?}", report.worst);
        assert!(report.by_parameter.iter().all(|worst| !worst.parameter.contains("running")));
        assert_eq!(report.by_parameter.len(), 3 * 2 + 3 * 2);
    }
    // A channel's values over the whole batch are one feature.
    let Features::F64(x) = values_data(3, 12, 1).features().clone() else { unreachable!() };
    let data =
        Dataset::new(Features::F64(x), Shape::from([2, 3, 2]), values_data(3, 12, 1).targets().clone());
    let network =
        Network::<f64>::builder([2, 3, 2]).batch_norm().layer_norm().flatten().dense(1).build(3).unwrap();
    let report = check(&network, &with_loss(Loss::HalfSquares), &data.unwrap(), 0).unwrap();
    assert!(report.ok, "{:?}", report.worst);
}

/// Column 1 has ids of 3 categories, the others numbers.
fn table(rows: usize) -> Dataset {
    let numbers = values_data(rows, 3, 2);
    let Features::F64(mut x) = numbers.features().clone() else { unreachable!() };
    for n in 0..rows {
        x[3 * n + 1] = (n % 4) as f64 - 1.0;
    }
    Dataset::new(Features::F64(x), Shape::from(3), numbers.targets().clone()).unwrap()
}

#[test]
fn embeddings_of_categories_and_numbers_pass() {
    let columns = Some(vec![0, 1]); // the embedding lets the numbers by first
    let edges = vec![vec![-1.0, -0.2, 0.3, 1.5], vec![-0.5, 0.6]];
    let periodic = Periodic { columns: columns.clone(), frequencies: 3, sigma: 0.3, ..Periodic::default() };
    let piecewise = PiecewiseLinear { columns, edges, ..PiecewiseLinear::default() };
    for rows in [7, 1] {
        let numbers: [Layer; 6] = [
            periodic.clone().into(),
            Periodic { dimension: Some(5), relu: false, ..periodic.clone() }.into(),
            Periodic { dimension: Some(5), ..periodic.clone() }.into(),
            piecewise.clone().into(),
            PiecewiseLinear { dimension: Some(5), relu: false, ..piecewise.clone() }.into(),
            PiecewiseLinear { dimension: Some(5), ..piecewise.clone() }.into(),
        ];
        for layer in numbers {
            let embedding = Embedding { columns: Some(vec![1]), ..Embedding::new(vec![3], 5) };
            let builder = Network::<f64>::builder(3).layer(embedding).layer(layer.clone());
            let network = builder.dense(4).tanh().dense(2).build(6).unwrap();
            let settings = TrainingSettings { l2: 0.1, l1: 0.05, ..with_loss(Loss::HalfSquares) };
            let report = check(&network, &settings, &table(rows), 0).unwrap();
            assert!(report.ok, "{layer:?}, {rows} rows: {:?}", report.worst);
        }
    }
}

#[test]
fn the_gradient_by_x_of_embeddings_of_numbers_passes() {
    // A dense layer before them, whose weights would show a wrong dx.
    let periodic = Periodic { columns: Some(vec![1, 2]), frequencies: 2, sigma: 0.3, ..Periodic::default() };
    let edges = vec![vec![-1.0, -0.2, 0.3, 1.5], vec![-0.5, 0.6]];
    let piecewise = PiecewiseLinear { columns: Some(vec![0, 3]), edges, ..PiecewiseLinear::default() };
    for layer in [
        Layer::from(periodic.clone()),
        Periodic { dimension: Some(3), ..periodic }.into(),
        piecewise.clone().into(),
        PiecewiseLinear { dimension: Some(3), ..piecewise }.into(),
    ] {
        for rows in [7, 1] {
            let builder = Network::<f64>::builder(3).dense(4).layer(layer.clone());
            let network = builder.dense(2).build(7).unwrap();
            let report = check(&network, &with_loss(Loss::HalfSquares), &values_data(rows, 3, 2), 0).unwrap();
            assert!(report.ok, "{layer:?}, {rows} rows: {:?}", report.worst);
        }
    }
}

fn dense(out_features: usize) -> Layer {
    Dense::new(out_features).into()
}

/// A block of a block, with random layers and norms inside, one projected and one with a shortcut of layers.
fn blocks() -> Vec<Layer> {
    let inner = Residual::new(vec![
        LayerNorm::default().into(),
        dense(6),
        Activation::Tanh.into(),
        Noise { noise: 0.1 }.into(),
    ]);
    let projected = Residual::new(vec![
        dense(5),
        Activation::Tanh.into(),
        inner.into(),
        Dropout { dropout: 0.3 }.into(),
        dense(7),
    ]);
    let around = vec![Scale { factor: 0.5 }.into(), dense(4)];
    let with_shortcut = Residual::new(vec![dense(4), BatchNorm::default().into()]).with_shortcut(around);
    vec![projected.into(), Activation::Silu.into(), with_shortcut.into(), dense(2)]
}

#[test]
fn residual_blocks_pass() {
    for rows in [9, 2, 1] {
        let mut network = Network::<f64>::new(3, blocks()).unwrap();
        network.start(None, crate::network::Draw::Philox { seed: 5 }).unwrap();
        let settings = TrainingSettings { l2: 0.1, l1: 0.05, ..with_loss(Loss::MeanSquaredError) };
        let report = check(&network, &settings, &values_data(rows, 3, 2), 0).unwrap();
        assert!(report.ok, "{rows} rows: {:?}", report.worst);
        assert!(report.by_parameter.iter().any(|worst| worst.parameter == "0.2.projection.weight"));
    }
}

#[test]
fn kinks_inside_a_block_are_counted() {
    let targets = DatasetTargets::Values { values: vec![1.0, 2.0, -1.0], outputs: 1 };
    let data = Dataset::new(Features::F64(vec![0.0, 1.5, -2.0]), Shape::from(1), targets).unwrap();
    let block = Residual::new(vec![dense(8), Activation::Relu.into(), dense(1)]);
    let network = Network::<f64>::builder(1).layer(block).build(4).unwrap();
    let report = check(&network, &with_loss(Loss::HalfSquares), &data, 0).unwrap();
    assert_eq!(report.kinks, 8);
}

/// Images of this shape with two numbers each to say.
fn images_data(rows: usize, shape: [usize; 3]) -> Dataset {
    let shape = Shape::from(shape);
    let Features::F64(x) = values_data(rows, shape.len(), 1).features().clone() else { unreachable!() };
    Dataset::new(Features::F64(x), shape, values_data(rows, 3, 2).targets().clone()).unwrap()
}

#[test]
fn layers_for_images_pass() {
    let uneven = Window::new([3, 2]).stride(2).padding(Padding::Numbers([[1, 0], [0, 1]]));
    let overlapping = Window { stride: [1, 2], padding: Padding::Same, ..Window::square(3) };
    for rows in [5, 1] {
        let data = images_data(rows, [4, 7, 9]);
        let builder = Network::<f64>::builder([4, 7, 9])
            .conv2d(6, Window::square(3).padding(Padding::Same).dilation(2))
            .group_norm(3)
            .relu()
            .layer(MaxPool2d { window: overlapping })
            .channel_dropout(0.3)
            .layer(Conv2d { groups: 2, ..Conv2d::new(4, uneven) });
        let network = builder
            .layer(AveragePool2d { window: overlapping })
            .layer(AdaptiveAveragePool2d { output_size: [2, 1] })
            .tanh()
            .layer(Conv2d { groups: 4, ..Conv2d::new(8, Window::square(1)) })
            .global_average_pool()
            .dense(2)
            .build(3)
            .unwrap();
        let settings = TrainingSettings { l2: 0.1, ..with_loss(Loss::MeanSquaredError) };
        let report = check(&network, &settings, &data, 0).unwrap();
        assert!(report.ok, "{rows} rows: {:?}", report.worst);
        assert_eq!(report.by_parameter.len(), 5 * 2);
    }
    // There and back in size, and a sequence.
    let network = Network::<f64>::builder([3, 3, 2])
        .conv2d(2, Window::square(2))
        .layer(ConvTranspose2d {
            output_padding: [1, 0],
            ..ConvTranspose2d::new(
                4,
                Window::new([2, 3]).stride(2).padding(Padding::Numbers([[1, 0], [0, 1]])),
            )
        })
        .tanh()
        .layer(Upsample { factor: [1, 2] })
        .layer(ConvTranspose2d {
            groups: 2,
            ..ConvTranspose2d::new(2, Window::square(2).padding(Padding::Same))
        })
        .flatten()
        .dense(2)
        .build(3)
        .unwrap();
    let report = check(&network, &with_loss(Loss::HalfSquares), &images_data(3, [3, 3, 2]), 0).unwrap();
    assert!(report.ok, "{:?}", report.worst);
    let mut network = Network::<f64>::builder([2, 6]).layer(Conv1d::new(4, 3)).tanh();
    network = network.layer(Conv1d { groups: 2, ..Conv1d::new(2, 2) }).global_average_pool();
    let report =
        check(&network.build(3).unwrap(), &with_loss(Loss::HalfSquares), &images_data(3, [1, 2, 6]), 0)
            .unwrap();
    assert!(report.ok, "{:?}", report.worst);
    // Batch normalisation over channels, between convolutions.
    let network = Network::<f64>::builder([2, 5, 4])
        .conv2d(3, Window::square(2))
        .batch_norm()
        .relu()
        .conv2d(2, Window::square(2))
        .flatten()
        .dense(2)
        .build(3)
        .unwrap();
    let report = check(&network, &with_loss(Loss::HalfSquares), &images_data(4, [2, 5, 4]), 0).unwrap();
    assert!(report.ok, "{:?}", report.worst);
}

#[test]
fn a_point_on_a_kink_is_noticed_and_checked_beside_it() {
    // x = 0 and bias 0 put every hidden value of row 0 on the kink of ReLU.
    let targets = DatasetTargets::Values { values: vec![1.0, 2.0, -1.0], outputs: 1 };
    let data = Dataset::new(Features::F64(vec![0.0, 1.5, -2.0]), Shape::from(1), targets).unwrap();
    let network = Network::<f64>::builder(1).dense(8).relu().dense(1).build(4).unwrap();
    let report = check(&network, &with_loss(Loss::HalfSquares), &data, 0).unwrap();
    assert_eq!(report.kinks, 8);
    assert!(report.checked_beside >= 8, "{report:?}");
    assert!(report.ok, "{:?}", report.worst);
}

/// The derivative of the binary cross-entropy in place of that of the squares.
#[derive(Debug)]
struct WrongGradient;

impl<R: Real> CustomLoss<R> for WrongGradient {
    fn name(&self) -> &str {
        "wrong"
    }
    fn reduction(&self) -> Reduction {
        Reduction::Mean
    }
    fn row_value(&self, predictions: &[R], target: Target<'_, R>) -> R {
        Loss::HalfSquares.row_value(predictions, target)
    }
    fn row_gradient(&self, predictions: &[R], target: Target<'_, R>, dpredictions: &mut [R]) {
        Loss::HalfSquares.row_gradient(predictions, target, dpredictions);
        dpredictions[0] *= R::from_f64(1.01);
    }
}

#[test]
fn a_wrong_gradient_is_named() {
    let network = Network::<f64>::builder(2).dense(3).tanh().dense(2).build(5).unwrap();
    let settings = with_loss(Loss::Custom(Arc::new(WrongGradient)));
    let report = check(&network, &settings, &values_data(5, 2, 2), 0).unwrap();
    assert!(!report.ok);
    let bias = report.by_parameter.iter().find(|worst| worst.parameter == "2.bias").unwrap();
    assert!(bias.relative_error > 0.009, "{bias:?}");
    let layers = network.layers().iter().filter(|layer| matches!(layer.layer, Layer::Dense(_))).count();
    assert_eq!(report.by_parameter.len(), 2 * layers);
}
