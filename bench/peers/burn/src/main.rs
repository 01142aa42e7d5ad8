//! Burn with its back end "flex": its linear layers, its cross-entropy, its optimizers. Batches are gathered from plain
//! memory, which was faster than selecting rows of a tensor. Its modules keep f32, so f64 is not among its works. The
//! threads are those of RAYON_NUM_THREADS and of the pinning.

use std::convert::Infallible;

use burn::module::{Module, Param};
use burn::nn::loss::{CrossEntropyLoss, CrossEntropyLossConfig};
use burn::nn::{Linear, LinearConfig};
use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer, SgdConfig};
use burn::tensor::{Device, Int, Tensor, TensorData, activation};
use work::{Hidden, Loss, Optimizer, Output, Random, Work};

#[derive(Module, Debug)]
struct Network {
    layers: Vec<Linear>,
}

impl Network {
    fn new(work: &Work, device: &Device) -> Network {
        let layer = |start: work::Start| {
            let mut layer = LinearConfig::new(start.in_features, start.out_features).init(device);
            let weight = TensorData::new(start.weight, [start.in_features, start.out_features]);
            let bias = TensorData::new(start.bias, [start.out_features]);
            layer.weight = Param::from_tensor(Tensor::from_data(weight, device));
            layer.bias = Some(Param::from_tensor(Tensor::from_data(bias, device)));
            layer
        };
        Network { layers: work.start().into_iter().map(layer).collect() }
    }

    fn predict(&self, work: &Work, x: Tensor<2>) -> Tensor<2> {
        let mut z = self.layers[0].forward(x);
        for layer in &self.layers[1..] {
            let a = if work.hidden == Hidden::Relu { activation::relu(z) } else { activation::sigmoid(z) };
            z = layer.forward(a);
        }
        match work.output {
            Output::Linear => z,
            Output::Sigmoid => activation::sigmoid(z),
            Output::HundredSigmoid => activation::sigmoid(z) * 100,
        }
    }

    fn loss(
        &self,
        work: &Work,
        cross_entropy: &CrossEntropyLoss,
        x: Tensor<2>,
        targets: Targets,
    ) -> Tensor<1> {
        let rows = x.dims()[0];
        let y = self.predict(work, x);
        let mut value = match targets {
            Targets::Classes(ids) => cross_entropy.forward(y, ids),
            Targets::Values(t) if work.loss == Loss::BinaryCrossEntropy => {
                (activation::softplus(y.clone(), 1.0) - t * y).mean()
            }
            Targets::Values(t) => {
                let difference = y - t;
                let sum = (difference.clone() * difference).sum();
                match work.loss {
                    Loss::MeanSquaredError => sum / (rows * work.outputs()) as f64,
                    Loss::HalfSquares => sum * (0.5 / rows as f64),
                    _ => sum,
                }
            }
        };
        if work.l2 != 0.0 {
            for layer in &self.layers {
                let weight = layer.weight.val();
                value = value + (weight.clone() * weight).sum() * (work.l2 / 2.0);
            }
        }
        value
    }
}

#[derive(Clone)]
enum Targets {
    Classes(Tensor<1, Int>),
    Values(Tensor<2>),
}

/// The data in plain memory.
struct Rows {
    in_features: usize,
    outputs: usize,
    x: Vec<f32>,
    targets: Vec<f32>,
    has_classes: bool,
}

impl Rows {
    fn new(work: &Work) -> Rows {
        let outputs = if work.has_classes() { 1 } else { work.outputs() };
        Rows {
            in_features: work.in_features(),
            outputs,
            x: work.x(),
            targets: work.targets(),
            has_classes: work.has_classes(),
        }
    }

    fn gather(&self, rows: &[u32], device: &Device) -> (Tensor<2>, Targets) {
        let collect = |values: &[f32], width: usize| {
            let mut gathered = Vec::with_capacity(rows.len() * width);
            for &row in rows {
                gathered.extend_from_slice(&values[row as usize * width..][..width]);
            }
            gathered
        };
        let x = TensorData::new(collect(&self.x, self.in_features), [rows.len(), self.in_features]);
        let targets = collect(&self.targets, self.outputs);
        let targets = if self.has_classes {
            let ids: Vec<i32> = targets.into_iter().map(|id| id as i32).collect();
            Targets::Classes(Tensor::from_data(TensorData::new(ids, [rows.len()]), device))
        } else {
            Targets::Values(Tensor::from_data(TensorData::new(targets, [rows.len(), self.outputs]), device))
        };
        (Tensor::from_data(x, device), targets)
    }
}

fn optimizer(work: &Work) -> ModuleOptimizer {
    match work.optimizer {
        Optimizer::GradientDescent => SgdConfig::new().init(),
        Optimizer::Momentum => {
            let momentum = MomentumConfig::new().with_momentum(0.9).with_dampening(0.0);
            SgdConfig::new().with_momentum(Some(momentum)).init()
        }
        Optimizer::Adam => AdamConfig::new().with_epsilon(1e-8).init(),
    }
}

fn main() {
    let work = Work::from_arguments();
    let rows = Rows::new(&work);
    let plain = Device::flex();
    if work.predicts() {
        let network = Network::new(&work, &plain);
        let first: Vec<u32> = (0..work.batch_size as u32).collect();
        let (x, _) = rows.gather(&first, &plain);
        let samples = work::of_calls(&work, || {
            network.predict(&work, x.clone());
            Ok::<(), Infallible>(())
        });
        let Ok(samples) = samples;
        work::report(&work, samples, &[]);
        return;
    }

    let device = plain.autodiff();
    let cross_entropy = CrossEntropyLossConfig::new().init(&device);
    let mut optimizer = optimizer(&work);
    let mut network = Some(Network::new(&work, &device)); // an update takes the network and gives it back
    let mut step = |x: Tensor<2>, targets: Targets| {
        let before = network.take().expect("each step puts it back");
        let loss = before.loss(&work, &cross_entropy, x, targets);
        let gradients = GradientsParams::from_grads(loss.backward(), &before);
        network = Some(optimizer.step(work.learning_rate, before, gradients));
        Ok::<(), Infallible>(())
    };
    let all: Vec<u32> = (0..work.rows as u32).collect();
    let samples = if work.full_batch() {
        let (x, targets) = rows.gather(&all, &device);
        let mut step = || step(x.clone(), targets.clone());
        if work.unit == "10 steps" {
            work::of_steps(&work, 10, || (0..10).try_for_each(|_| step()))
        } else {
            work::of_calls(&work, step)
        }
    } else {
        let mut random = Random::new();
        work::of_steps(&work, work.sample_steps(), || {
            work.batches(&mut random).iter().try_for_each(|batch| {
                let (x, targets) = rows.gather(batch, &device);
                step(x, targets)
            })
        })
    };
    let Ok(samples) = samples;

    let network = network.expect("each step puts it back");
    let (x, targets) = rows.gather(&all[..work.rows.min(10_000)], &device);
    let loss = network.loss(&work, &cross_entropy, x.clone(), targets.clone()).into_scalar::<f32>();
    let mut check = vec![("loss", f64::from(loss))];
    if let Targets::Classes(ids) = targets {
        let correct = network.predict(&work, x).argmax(1).squeeze_dim::<1>(1).equal(ids).float().mean();
        check.push(("accuracy", f64::from(correct.into_scalar::<f32>())));
    }
    work::report(&work, samples, &check);
}
