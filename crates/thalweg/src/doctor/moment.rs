//! The network at one moment, layer by layer: activations, gradients, and what one update changes.

use crate::activations::Activation;
use crate::error::{Error, Result};
use crate::kernels::sums;
use crate::layers::Layer;
use crate::network::{Network, Parameter, PlacedLayer};
use crate::optimizers::Optimizer;
use crate::plan::{Plan, Rows, Rules};
use crate::real::Real;
use crate::run::Prepared;
use crate::train::{Parts, Session, Setup, State, TrainingSettings};

use super::sample;

/// Where a sigmoid or tanh has less than this share of its steepest slope, it is flat: sigmoids below 0.013 and above
/// 0.987, tanhs beyond ±0.975.
const FLAT: f64 = 0.05;

/// The network at one moment.
#[derive(Clone, Debug)]
pub(super) struct Moment {
    /// The layers in order.
    pub(super) layers: Vec<LayerFigures>,
}

/// One layer at one moment.
#[derive(Clone, Debug)]
pub(super) struct LayerFigures {
    pub(super) number: usize,
    /// Whether a layer with weights comes after it.
    pub(super) is_hidden: bool,
    /// How many values an example has here.
    pub(super) units: usize,
    /// Of a ReLU: how many units are 0 for every row of the sample.
    pub(super) dead: Option<usize>,
    /// Of a sigmoid or tanh: the share of values in the flat ends.
    pub(super) flat: Option<f64>,
    /// Of a layer with weights.
    pub(super) weights: Option<WeightFigures>,
}

/// The weights of one layer at one moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct WeightFigures {
    /// ‖Δw‖ / ‖w‖ of one update at the base learning rate; infinite where all weights are 0, `None` where they are frozen, and
    /// for L-BFGS, which finds the length of its step itself.
    pub(super) update_ratio: Option<f64>,
    /// The root of the mean square of the gradient by the layer's outputs.
    pub(super) output_gradient: f64,
}

impl Moment {
    /// The weights of every layer that has some, by layer number.
    pub(super) fn weights(&self) -> impl DoubleEndedIterator<Item = (usize, WeightFigures)> {
        self.layers.iter().filter_map(|layer| Some((layer.number, layer.weights?)))
    }

    /// The largest update-to-weight ratio of all layers; `None` where every layer is frozen.
    pub(super) fn largest_update_ratio(&self) -> Option<f64> {
        let ratios = self.weights().filter_map(|(_, weights)| weights.update_ratio);
        ratios.max_by(f64::total_cmp)
    }

    /// How much larger the gradient by the outputs is at the first layer with weights than at the last; `None` where
    /// there is only one such layer, or no gradient at all.
    pub(super) fn gradient_growth(&self) -> Option<GradientGrowth> {
        let (first, first_weights) = self.weights().next()?;
        let (last, last_weights) = self.weights().next_back()?;
        let (at_first, at_last) = (first_weights.output_gradient, last_weights.output_gradient);
        let can_tell = first != last && at_last > 0.0 && at_first.is_finite() && at_last.is_finite();
        can_tell.then_some(GradientGrowth { first, last, at_first, at_last })
    }
}

/// The gradient by the outputs of the first and of the last layer with weights.
#[derive(Clone, Copy, Debug)]
pub(super) struct GradientGrowth {
    pub(super) first: usize,
    pub(super) last: usize,
    pub(super) at_first: f64,
    pub(super) at_last: f64,
}

impl GradientGrowth {
    pub(super) fn ratio(&self) -> f64 {
        self.at_first / self.at_last
    }
}

/// Looks at the network as it is, or as a saved state has it. `None` where its loss is not finite.
pub(super) fn look<R: Real>(
    network: &Network<R>,
    prepared: &Prepared,
    state: Option<&State>,
) -> Result<Option<Moment>> {
    let settings = TrainingSettings {
        early_stopping: None,
        reduce_on_plateau: None,
        metrics: Vec::new(),
        ..prepared.experiment.training.clone()
    };
    let seed = prepared.experiment.seed;
    let setup = Setup {
        settings: &settings,
        loss: prepared.loss.clone(),
        seed,
        custom: &settings.custom_metrics,
        failure: None,
        threads: 1,
    };
    let parts = Parts { train: &prepared.train, validation: None, test: None };
    let mut session = Session::new(network, parts, setup)?;
    if let Some(state) = state {
        session.restore(state).ok_or(Error::State)?;
    }
    let mut begun = match session.begin_step() {
        Ok(begun) => begun,
        Err(Error::Diverged { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut network = network.clone();
    network.parameters_mut().copy_from_slice(begun.plan.parameters());
    let epoch = begun.epoch;

    // One update at the base rate: at the end of a schedule the rate may be 0, which says nothing.
    let base = settings.learning_rate.unwrap_or_else(|| settings.optimizer.default_learning_rate());
    for (number, rate) in begun.rates.learning_rates.iter_mut().enumerate() {
        *rate = settings.layer.get(&number).and_then(|layer| layer.learning_rate).unwrap_or(base);
    }
    begun.plan.backward(Rows { data: &prepared.train, rows: &begun.rows, epoch });
    let can_update = !matches!(begun.plan.rules().optimizer, Optimizer::Lbfgs { .. });
    if can_update {
        begun.plan.update(&begun.rates);
    }
    let mut layers = on_sample(&network, prepared, epoch)?;
    for (placed, figures) in network.layers().iter().zip(&mut layers) {
        let (Some(weight), Some(weights)) = (weight(placed), &mut figures.weights) else { continue };
        if can_update && !begun.plan.rules().frozen.contains(&placed.number) {
            let before = &network.parameters()[weight.range.clone()];
            let after = &begun.plan.parameters()[weight.range.clone()];
            let ratio = change(before, after) / sums::sum_of_squares(before).sqrt();
            weights.update_ratio = Some(if ratio.is_nan() { 0.0 } else { ratio }); // 0 / 0: nothing moves
        }
    }
    Ok(Some(Moment { layers }))
}

/// The weights of a layer, if it has some: what penalties touch, and so not the scales of a normalisation.
pub(super) fn weight(placed: &PlacedLayer) -> Option<&Parameter> {
    placed.parameters.iter().find(|parameter| parameter.role.is_penalised())
}

/// ‖after - before‖
fn change<R: Real>(before: &[R], after: &[R]) -> f64 {
    let squares = before.iter().zip(after).map(|(before, after)| {
        let step = after.to_f64() - before.to_f64();
        step * step
    });
    squares.sum::<f64>().sqrt()
}

/// Activations and gradients of a sample of the training rows.
fn on_sample<R: Real>(network: &Network<R>, prepared: &Prepared, epoch: u64) -> Result<Vec<LayerFigures>> {
    let data = &prepared.train;
    let placed = network.layers();
    let per_row = placed.iter().map(|layer| 2 * layer.output.len() + layer.input.len()).sum();
    let rows = sample::rows(data.rows(), per_row);
    let count = rows.len();
    let batch = Rows { data, rows: &rows, epoch };
    let rules = Rules { seed: prepared.experiment.seed, ..Rules::forward_only(prepared.loss.clone()) };
    let mut plan = Plan::new(network, rules, data, count)?;
    plan.gather(batch);
    // As the network predicts, nothing dropped.
    plan.forward(batch, false);
    let last = placed.iter().rposition(|layer| weight(layer).is_some()).unwrap_or(0);
    let mut layers: Vec<LayerFigures> = placed
        .iter()
        .map(|layer| {
            let i = layer.number;
            let (dead, flat) = activity(layer, plan.value(i + 1, count));
            LayerFigures {
                number: i,
                is_hidden: i < last,
                units: layer.output.len(),
                dead,
                flat,
                weights: None,
            }
        })
        .collect();
    // As it trains.
    plan.forward(batch, true);
    plan.backward_data(batch);
    for (layer, figures) in placed.iter().zip(&mut layers).filter(|(layer, _)| weight(layer).is_some()) {
        let dy = plan.dvalue(layer.number + 1, count);
        let output_gradient = (sums::sum_of_squares(dy) / dy.len().max(1) as f64).sqrt();
        figures.weights = Some(WeightFigures { update_ratio: None, output_gradient });
    }
    Ok(layers)
}

/// How many units of a ReLU are dead, and which share of a sigmoid's or tanh's values is flat, from the outputs
/// `[rows, units]`.
fn activity<R: Real>(layer: &PlacedLayer, a: &[R]) -> (Option<usize>, Option<f64>) {
    let share = |is_flat: &dyn Fn(f64) -> bool| {
        a.iter().filter(|a| is_flat(a.to_f64())).count() as f64 / a.len().max(1) as f64
    };
    match &layer.layer {
        Layer::Activation(Activation::Relu) => {
            let units = layer.output.len();
            let is_dead = |unit: &usize| a.iter().skip(*unit).step_by(units).all(|a| *a == R::ZERO);
            (Some((0..units).filter(is_dead).count()), None)
        }
        // σ' = a·(1 - a), at most ¼
        Layer::Activation(Activation::Sigmoid) => (None, Some(share(&|a| a * (1.0 - a) < FLAT / 4.0))),
        // tanh' = 1 - a², at most 1
        Layer::Activation(Activation::Tanh) => (None, Some(share(&|a| 1.0 - a * a < FLAT))),
        _ => (None, None),
    }
}
