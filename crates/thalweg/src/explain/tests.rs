//! Explanations worked out by hand, and that no part is left without its formulas.

use std::sync::Arc;

use super::*;
use crate::activations::Activation;
use crate::custom::{CustomActivation, CustomLoss};
use crate::data::{Dataset, DatasetTargets, Features, LoadOptions, load};
use crate::experiment::Draft;
use crate::layers::{AdaptiveAveragePool2d, ConvTranspose2d, Layer, Upsample, Window};
use crate::losses::{Loss, Reduction, Target};
use crate::network::Draw;
use crate::optimizers::Optimizer;
use crate::shape::Shape;
use crate::train::BatchSize;

fn values(x: &[f64], columns: usize, t: &[f64], outputs: usize) -> Dataset {
    let targets = DatasetTargets::Values { values: t.to_vec(), outputs };
    Dataset::new(Features::F64(x.to_vec()), Shape::from(columns), targets).unwrap()
}

fn full_batch(loss: Loss, optimizer: Optimizer) -> TrainingSettings {
    TrainingSettings {
        loss: Some(loss),
        optimizer,
        learning_rate: Some(0.5),
        batch_size: BatchSize::Full,
        ..TrainingSettings::default()
    }
}

fn step<R: Real>(
    network: &Network<R>,
    settings: &TrainingSettings,
    data: &Dataset,
    step: u64,
) -> Explanation {
    explain(network, settings, Parts { train: data, validation: None, test: None }, 0, step).unwrap()
}

/// x = (1, 2) through w = ((1, -1), (1, 1)), ReLU, w = (2, 3): z = (3, 1), ŷ = 9. With t = 8 the gradient is 2.
fn by_hand() -> (Network<f64>, Dataset) {
    let mut network = Network::builder(2).dense(2).relu().dense(1).build(0).unwrap();
    network.set_parameter("0.weight", &[1.0, -1.0, 1.0, 1.0]).unwrap();
    network.set_parameter("2.weight", &[2.0, 3.0]).unwrap();
    (network, values(&[1.0, 2.0], 2, &[8.0], 1))
}

#[test]
fn a_step_worked_by_hand() {
    let (network, data) = by_hand();
    let mut settings = full_batch(Loss::SumOfSquares, Optimizer::Sgd);
    settings.l2 = 0.5;
    settings.clip_norm = Some(100.0);
    let explanation = step(&network, &settings, &data, 0);
    insta::assert_snapshot!(explanation.render(78, 8, 8));
}

#[test]
fn the_spirals_first_step_is_cut_to_fit() {
    let experiment = Draft::builtin("spiral").unwrap().check().unwrap();
    let options = LoadOptions { draws_from_numpy: true, ..LoadOptions::default() };
    let mut parts = load(&experiment.data, &options).unwrap();
    let mut network = Network::<f64>::new(2, experiment.network.layers.clone()).unwrap();
    let draw = Draw::Numpy(parts.numpy.as_mut().unwrap());
    network.start(experiment.network.init.as_ref(), draw).unwrap();
    let text = step(&network, &experiment.training, &parts.train, 0).render(78, 4, 6);
    insta::assert_snapshot!(text);
    assert!(text.lines().all(|line| line.chars().count() <= 78));
}

#[test]
fn a_later_step_is_the_runs_own() {
    let (network, data) = by_hand();
    let mut settings =
        full_batch(Loss::SumOfSquares, Optimizer::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 });
    settings.epochs = Some(7);
    settings.schedule = crate::schedules::Schedule::Cosine { final_share: 0.0 };
    let seventh = step(&network, &settings, &data, 6);
    let mut trained = network.clone();
    Trainer::with_settings(settings.clone()).fit(&mut trained, &data).unwrap();
    assert_eq!(seventh.matrix("new w0").unwrap().values, trained.parameter("0.weight").unwrap());
    assert_eq!(seventh.matrix("new b2").unwrap().values, trained.parameter("2.bias").unwrap());
    assert_eq!((seventh.step, seventh.epoch, seventh.batch), (6, 7, 1));

    let parts = Parts { train: &data, validation: None, test: None };
    let beyond = explain(&network, &settings, parts, 0, 7).unwrap_err();
    insta::assert_snapshot!(beyond, @"there is no step 7 to explain: the run makes 7 steps, counted from 0");
}

#[test]
fn a_mini_batch_is_the_runs_own_batch() {
    let x: Vec<f64> = (0..10).map(f64::from).collect();
    let data = values(&x, 1, &x, 1);
    let network = Network::<f32>::builder(1).dense(3).tanh().dropout(0.25).dense(1).build(3).unwrap();
    let mut settings =
        full_batch(Loss::MeanSquaredError, Optimizer::Momentum { momentum: 0.5, nesterov: true });
    settings.batch_size = BatchSize::Rows(4);
    settings.learning_rate = Some(0.01);
    settings.epochs = Some(2);
    let last = step(&network, &settings, &data, 5);
    assert_eq!((last.epoch, last.batch), (2, 3));
    assert_eq!(last.matrix("x").unwrap().shape, [2, 1]);
    assert!(last.matrix("mask2").unwrap().values.iter().all(|&mask| mask == 0.0 || mask > 1.3));
    let mut trained = network.clone();
    Trainer::with_settings(settings).fit(&mut trained, &data).unwrap();
    let b3: Vec<f64> = trained.parameter("3.bias").unwrap().iter().map(|&b| f64::from(b)).collect();
    assert_eq!(last.matrix("new b3").unwrap().values, b3);
}

#[test]
fn clipping_decay_frozen_layers_and_scaled_targets_are_told() {
    let (network, data) = by_hand();
    let scale = crate::data::TargetScale::fit(crate::data::Scaling::Standard, &[4.0, 8.0], 1, &[0, 1]);
    let data = data.with_target_scale(scale);
    let adamw = Optimizer::AdamW { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.01 };
    let mut settings = full_batch(Loss::Huber { delta: 1.0 }, adamw);
    settings.clip_norm = Some(0.25);
    settings.l1 = 0.5;
    settings.layer.insert(0, crate::train::LayerTraining { learning_rate: None, frozen: true });
    insta::assert_snapshot!(step(&network, &settings, &data, 0).render(90, 3, 3));
}

#[derive(Debug)]
struct Square;

impl<R: Real> CustomActivation<R> for Square {
    fn name(&self) -> &str {
        "square"
    }
    fn value(&self, z: R) -> R {
        z * z
    }
    fn derivative(&self, z: R, _a: R) -> R {
        z + z
    }
}

#[derive(Debug)]
struct Plain;

impl<R: Real> CustomLoss<R> for Plain {
    fn name(&self) -> &str {
        "plain"
    }
    fn reduction(&self) -> Reduction {
        Reduction::Mean
    }
    fn row_value(&self, predictions: &[R], _target: Target<'_, R>) -> R {
        predictions[0]
    }
    fn row_gradient(&self, _predictions: &[R], _target: Target<'_, R>, dpredictions: &mut [R]) {
        dpredictions.fill(R::ONE);
    }
}

/// The formulas of a section by the beginning of its title.
fn formulas(explanation: &Explanation, title: &str) -> String {
    let section = explanation.sections.iter().find(|section| section.title.starts_with(title)).unwrap();
    let lines: Vec<&str> = section
        .entries
        .iter()
        .filter_map(|entry| match entry {
            Entry::Formula { formula, .. } => Some(formula.text.as_str()),
            _ => None,
        })
        .collect();
    lines.join("; ")
}

#[test]
fn every_part_has_its_formulas() {
    let mut text = String::new();
    let custom = Activation::Custom(Arc::new(Square));
    for activation in Activation::NAMES.iter().filter_map(|name| Activation::from_name(name)).chain([custom])
    {
        let network = Network::<f64>::builder(1).dense(2).activation(activation).dense(1).build(0).unwrap();
        let settings = full_batch(Loss::HalfSquares, Optimizer::Sgd);
        let explanation = step(&network, &settings, &values(&[0.5], 1, &[0.5], 1), 0);
        let (forward, backward) =
            (formulas(&explanation, "forward, layer 1"), formulas(&explanation, "backward, layer 1"));
        text.push_str(&format!("{forward}\n  {backward}\n"));
    }
    let custom = Loss::Custom(Arc::new(Plain));
    for loss in Loss::NAMES.iter().filter_map(|name| Loss::from_name(name)).chain([custom]) {
        let network = Network::<f64>::builder(1).dense(2).build(0).unwrap();
        let settings = full_batch(loss, Optimizer::Sgd);
        let explanation = step(&network, &settings, &values(&[0.5; 3], 1, &[0.5; 6], 2), 0);
        text.push_str(&format!(
            "{}\n  {}\n",
            formulas(&explanation, "loss"),
            formulas(&explanation, "backward, loss")
        ));
    }
    // The first dense layer lies before the others, so that their gradients are needed.
    let flat = Network::<f64>::builder(2)
        .dense(2)
        .flatten()
        .layer(Layer::Scale(crate::layers::Scale { factor: 2.5 }))
        .dropout(0.2)
        .dense(1)
        .build(0)
        .unwrap();
    for optimizer in Optimizer::NAMES.iter().filter_map(|name| Optimizer::from_name(name)) {
        let settings = full_batch(Loss::HalfSquares, optimizer);
        let explanation = step(&flat, &settings, &values(&[1.0, 2.0], 2, &[0.5], 1), 0);
        text.push_str(&format!("{}\n", formulas(&explanation, "update")));
        if text.matches("as one axis").count() == 0 {
            for i in 1..5 {
                text.push_str(&format!("{}\n", formulas(&explanation, &format!("forward, layer {i}"))));
                text.push_str(&format!("  {}\n", formulas(&explanation, &format!("backward, layer {i}"))));
            }
        }
    }
    insta::assert_snapshot!(text);
}

/// Column 0 passes by; column 1 is an id of two categories.
#[test]
fn embeddings_and_blocks_are_told_with_what_happens_inside() {
    use crate::layers::{Dense, Embedding, Periodic, PiecewiseLinear, Residual};
    let inner: Vec<Layer> = vec![Dense::new(2).into(), Activation::Relu.into(), Dense::new(2).into()];
    let network = Network::<f64>::builder(2)
        .layer(Embedding { columns: Some(vec![1]), ..Embedding::new(vec![2], 1) })
        .layer(Residual::new(inner))
        .layer(Residual::new(vec![Activation::Tanh.into(), Dense::new(1).into()]))
        .build(0)
        .unwrap();
    let settings = full_batch(Loss::HalfSquares, Optimizer::Sgd);
    let data = values(&[0.5, 1.0, -0.5, -1.0], 2, &[0.5, 1.0], 1);
    insta::assert_snapshot!(step(&network, &settings, &data, 0).render(100, 4, 4));

    let edges = vec![vec![-1.0, 0.0, 1.0]; 2];
    let mut text = String::new();
    for dimension in [None, Some(2)] {
        let network = Network::<f64>::builder(2)
            .dense(2)
            .layer(Periodic { columns: Some(vec![1]), frequencies: 1, dimension, ..Periodic::default() })
            .build(0)
            .unwrap();
        let outputs = network.output_shape().len();
        let waves = step(&network, &settings, &values(&[0.5, 1.0], 2, &vec![0.5; outputs], outputs), 0);
        let layer =
            PiecewiseLinear { edges: edges.clone(), dimension, relu: false, ..PiecewiseLinear::default() };
        let network = Network::<f64>::builder(2).dense(2).layer(layer).build(0).unwrap();
        let outputs = network.output_shape().len();
        let shares = step(&network, &settings, &values(&[0.5, 1.0], 2, &vec![0.5; outputs], outputs), 0);
        for explanation in [waves, shares] {
            text.push_str(&format!("{}\n", formulas(&explanation, "forward, layer 1")));
            text.push_str(&format!("  {}\n", formulas(&explanation, "backward, layer 1")));
        }
    }
    insta::assert_snapshot!(text);
}

#[test]
fn layers_for_images_have_their_formulas() {
    let network = Network::<f64>::builder([2, 5, 5])
        .conv2d(4, Window::square(2).stride(1))
        .group_norm(2)
        .channel_dropout(0.2)
        .layer(ConvTranspose2d::new(4, Window::square(2)))
        .layer(Upsample { factor: [2, 2] })
        .max_pool2d(2)
        .average_pool2d(1)
        .layer(AdaptiveAveragePool2d { output_size: [1, 2] })
        .global_average_pool()
        .build(0)
        .unwrap();
    let x: Vec<f64> = (0..100).map(|i| f64::from(i * 7 % 11)).collect();
    let targets = DatasetTargets::Values { values: vec![0.5; 8], outputs: 4 };
    let data = Dataset::new(Features::F64(x), Shape::from([2, 5, 5]), targets).unwrap();
    let explanation = step(&network, &full_batch(Loss::HalfSquares, Optimizer::Sgd), &data, 0);
    let mut text = String::new();
    for i in 0..9 {
        let (forward, backward) = (
            formulas(&explanation, &format!("forward, layer {i}")),
            formulas(&explanation, &format!("backward, layer {i}")),
        );
        text.push_str(&format!("{forward}\n  {backward}\n"));
    }
    insta::assert_snapshot!(text);
    assert_eq!(explanation.matrix("mask2").unwrap().shape, [2, 4]);
    assert_eq!(explanation.matrix("dw0").unwrap().shape, [4, 2, 2, 2]);
}

#[test]
fn an_explanation_is_json_too() {
    let (network, data) = by_hand();
    let explanation = step(&network, &full_batch(Loss::SumOfSquares, Optimizer::Sgd), &data, 0);
    let json = serde_json::to_value(&explanation).unwrap();
    assert_eq!(json["sections"][1]["entries"][0]["formula"]["formula"]["text"], "z0 = x·w0 + b0");
    assert_eq!(json["sections"][1]["entries"][1]["matrix"]["values"][1], -1.0);
}
