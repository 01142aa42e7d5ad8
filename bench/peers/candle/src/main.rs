//! Candle: a network of its `Linear` layers, its losses, its AdamW without decay; plain descent and momentum are written
//! out, for it has no such optimizer with momentum. The threads are those of RAYON_NUM_THREADS and of the pinning.

use candle_core::{D, DType, Device, Result, Tensor, Var};
use candle_nn::{AdamW, Linear, Module, Optimizer as _, ParamsAdamW, loss, ops};
use work::{Hidden, Loss, Optimizer, Output, Random, Work};

const CPU: Device = Device::Cpu;

struct Network {
    layers: Vec<Linear>,
    weights: Vec<Var>,
    biases: Vec<Var>,
}

impl Network {
    fn new(work: &Work) -> Result<Network> {
        let dtype = dtype(work);
        let mut network = Network { layers: vec![], weights: vec![], biases: vec![] };
        for start in work.start() {
            // Candle keeps weights as [out_features, in_features].
            let weight = Tensor::from_vec(start.weight, (start.in_features, start.out_features), &CPU)?;
            let weight = Var::from_tensor(&weight.t()?.contiguous()?.to_dtype(dtype)?)?;
            let bias =
                Var::from_tensor(&Tensor::from_vec(start.bias, start.out_features, &CPU)?.to_dtype(dtype)?)?;
            network.layers.push(Linear::new(weight.as_tensor().clone(), Some(bias.as_tensor().clone())));
            network.weights.push(weight);
            network.biases.push(bias);
        }
        Ok(network)
    }

    fn parameters(&self) -> Vec<Var> {
        self.weights.iter().chain(&self.biases).cloned().collect()
    }

    /// The same layers for prediction, outside of the graph of derivatives.
    fn detached(&self) -> Vec<Linear> {
        self.layers
            .iter()
            .map(|layer| Linear::new(layer.weight().detach(), layer.bias().map(|bias| bias.detach())))
            .collect()
    }

    fn loss(&self, work: &Work, x: &Tensor, targets: &Tensor) -> Result<Tensor> {
        let y = predict(work, &self.layers, x)?;
        let mut value = match work.loss {
            Loss::SoftmaxCrossEntropy => loss::cross_entropy(&y, targets)?,
            Loss::BinaryCrossEntropy => loss::binary_cross_entropy_with_logit(&y, targets)?,
            Loss::MeanSquaredError => loss::mse(&y, targets)?,
            Loss::SumOfSquares => (y - targets)?.sqr()?.sum_all()?,
            Loss::HalfSquares => ((y - targets)?.sqr()?.sum_all()? * (0.5 / x.dim(0)? as f64))?,
        };
        if work.l2 != 0.0 {
            for weight in &self.weights {
                value = (value + (weight.as_tensor().sqr()?.sum_all()? * (work.l2 / 2.0))?)?;
            }
        }
        Ok(value)
    }
}

fn predict(work: &Work, layers: &[Linear], x: &Tensor) -> Result<Tensor> {
    let mut z = layers[0].forward(x)?;
    for layer in &layers[1..] {
        let a = if work.hidden == Hidden::Relu { z.relu()? } else { ops::sigmoid(&z)? };
        z = layer.forward(&a)?;
    }
    match work.output {
        Output::Linear => Ok(z),
        Output::Sigmoid => ops::sigmoid(&z),
        Output::HundredSigmoid => ops::sigmoid(&z)? * 100.0,
    }
}

/// The update, with what it keeps from step to step.
enum Update {
    GradientDescent,
    Momentum(Vec<Tensor>),
    Adam(AdamW),
}

impl Update {
    fn new(work: &Work, parameters: &[Var]) -> Result<Update> {
        Ok(match work.optimizer {
            Optimizer::GradientDescent => Update::GradientDescent,
            Optimizer::Momentum => Update::Momentum(
                parameters.iter().map(|p| p.as_tensor().zeros_like()).collect::<Result<_>>()?,
            ),
            Optimizer::Adam => Update::Adam(AdamW::new(
                parameters.to_vec(),
                ParamsAdamW { lr: work.learning_rate, weight_decay: 0.0, ..Default::default() },
            )?),
        })
    }

    fn step(&mut self, work: &Work, parameters: &[Var], loss: &Tensor) -> Result<()> {
        if let Update::Adam(adam) = self {
            return adam.backward_step(loss);
        }
        let gradients = loss.backward()?;
        for (index, p) in parameters.iter().enumerate() {
            let dp = gradients.get(p).expect("each parameter is in the loss");
            let dp = match self {
                Update::Momentum(velocities) => {
                    velocities[index] = ((&velocities[index] * 0.9)? + dp)?;
                    &velocities[index]
                }
                _ => dp,
            };
            p.set(&p.as_tensor().sub(&(dp * work.learning_rate)?)?)?;
        }
        Ok(())
    }
}

fn dtype(work: &Work) -> DType {
    if work.precision == "f64" { DType::F64 } else { DType::F32 }
}

fn main() -> Result<()> {
    let work = Work::from_arguments();
    let x = Tensor::from_vec(work.x(), (work.rows, work.in_features()), &CPU)?.to_dtype(dtype(&work))?;
    let network = Network::new(&work)?;
    if work.predicts() {
        let (layers, rows) = (network.detached(), x.narrow(0, 0, work.batch_size)?.copy()?);
        let samples = work::of_calls(&work, || predict(&work, &layers, &rows).map(drop))?;
        work::report(&work, samples, &[]);
        return Ok(());
    }

    let targets = if work.has_classes() {
        let ids: Vec<u32> = work.targets().iter().map(|&id| id as u32).collect();
        Tensor::from_vec(ids, work.rows, &CPU)?
    } else {
        Tensor::from_vec(work.targets(), (work.rows, work.outputs()), &CPU)?.to_dtype(dtype(&work))?
    };
    let parameters = network.parameters();
    let mut update = Update::new(&work, &parameters)?;
    let mut step = |x: &Tensor, targets: &Tensor| {
        let loss = network.loss(&work, x, targets)?;
        update.step(&work, &parameters, &loss)
    };
    let samples = if work.unit == "10 steps" {
        work::of_steps(&work, 10, || (0..10).try_for_each(|_| step(&x, &targets)))?
    } else if work.full_batch() {
        work::of_calls(&work, || step(&x, &targets))?
    } else {
        let mut random = Random::new();
        work::of_steps(&work, work.sample_steps(), || {
            work.batches(&mut random).into_iter().try_for_each(|rows| {
                let count = rows.len();
                let rows = Tensor::from_vec(rows, count, &CPU)?;
                step(&x.index_select(&rows, 0)?, &targets.index_select(&rows, 0)?)
            })
        })?
    };

    let first = work.rows.min(10_000);
    let (x, targets) = (x.narrow(0, 0, first)?, targets.narrow(0, 0, first)?);
    let loss = network.loss(&work, &x, &targets)?.to_dtype(DType::F64)?.to_scalar::<f64>()?;
    let mut check = vec![("loss", loss)];
    if work.has_classes() {
        let correct = predict(&work, &network.layers, &x)?.argmax(D::Minus1)?.eq(&targets)?;
        check.push(("accuracy", correct.to_dtype(DType::F64)?.mean_all()?.to_scalar::<f64>()?));
    }
    work::report(&work, samples, &check);
    Ok(())
}
