//! Laying out the plan: stages, matrices, parameters, and the data in their place.

use std::ops::Range;

use super::super::limit::output_limits;
use super::LanePlan;
use super::parameters::{Parameters, Tensor};
use crate::activations::Activation;
use crate::data::{Dataset, DatasetTargets};
use crate::kernels::elementwise;
use crate::kernels::lanes::{DenseStage, Form, PARTIAL, Runs, Stage};
use crate::kernels::panels::panel_width;
use crate::kernels::sums::{LANES, ROWS};
use crate::layers::Layer;
use crate::losses::Loss;
use crate::network::{Network, PlacedLayer};
use crate::plan::arena::Arena;
use crate::plan::{Rules, StepPlan, fit};
use crate::real::Real;

/// The widest layer that the plan takes; wider ones are worth panels of columns.
const WIDEST: usize = 256;
/// How many bytes all matrices of a step may take: half of a common second-level cache.
const MOST_BYTES: usize = 512 << 10;

/// Where value (row, feature) of a matrix with rows in lanes lies.
pub(super) fn in_lanes(row: usize, feature: usize, features: usize, width: usize) -> usize {
    row / width * features * width + feature * width + row % width
}

pub(super) fn lay_out<R: Real>(network: &Network<R>, rules: &Rules, data: &Dataset) -> Option<LanePlan<R>> {
    let layers = network.layers();
    let first = layers.iter().position(|layer| !layer.range.is_empty())?;
    let is_ours = data.rows() <= ROWS
        && rules.shards <= 1
        && !matches!(rules.loss, Loss::Custom(_))
        && rules.optimizer.is_elementwise()
        && !matches!(data.targets(), DatasetTargets::None)
        && fit::check(network, &rules.loss, data).is_ok()
        && layers.iter().all(is_supported);
    if !is_ours {
        return None;
    }
    let outputs = network.output_shape().len();
    let limits = output_limits::<R>(&rules.loss, data, outputs)?;
    let rows = data.rows();
    let width = panel_width::<R>();
    let lane_rows = rows.next_multiple_of(width);

    let mut builder = Builder::<R> { lane_rows, rows, next: 0, columns: 0, stages: Vec::new() };
    let mut current = builder.matrix(layers[first].input.len());
    let input = current.clone();
    for layer in &layers[first..] {
        current = builder.stage(layer, current)?;
    }
    let widest = layers[first..].iter().map(|layer| layer.input.len().max(layer.output.len())).max()?;
    let dvalue_len = lane_rows * widest;
    let bytes = (builder.next + builder.columns + 2 * dvalue_len + lane_rows * outputs) * size_of::<R>();
    if widest > WIDEST || bytes > MOST_BYTES {
        return None;
    }
    let parameters =
        place_parameters(&mut builder.stages, &layers[first..], rules, network.parameter_count());

    let mut plan = LanePlan {
        rules: rules.clone(),
        rows,
        outputs,
        stages: builder.stages,
        values: Arena::with_len(builder.next),
        predictions: current,
        targets: Arena::with_len(lane_rows * outputs),
        dvalues: Arena::with_len(2 * dvalue_len),
        dvalue_len,
        columns: Arena::with_len(builder.columns),
        parameters,
        factor: rules.loss.gradient_factor(rows),
        limits,
        has_state: rules.optimizer.state_slots() > 0,
        row_major: vec![R::ZERO; rows * outputs],
        row_losses: vec![R::ZERO; if data.target_scale().is_none() { lane_rows } else { 0 }],
    };
    plan.set_parameters(network.parameters());
    bring_in(&mut plan, &layers[..first], input, data);
    Some(plan)
}

/// Dense layers that sum in chains or lanes, functions of single values, scale, flatten.
fn is_supported(layer: &PlacedLayer) -> bool {
    match &layer.layer {
        // One output of many inputs has an order of its own (NUMERICS rule 2).
        Layer::Dense(dense) => dense.out_features > 1 || layer.input.len() < LANES,
        Layer::Activation(activation) => !matches!(activation, Activation::Softmax | Activation::Custom(_)),
        Layer::Scale(_) | Layer::Flatten => true,
        Layer::Dropout(_)
        | Layer::Noise(_)
        | Layer::BatchNorm(_)
        | Layer::LayerNorm(_)
        | Layer::Embedding(_)
        | Layer::Periodic(_)
        | Layer::PiecewiseLinear(_)
        | Layer::Residual(_)
        | Layer::Conv2d(_)
        | Layer::Conv1d(_)
        | Layer::ConvTranspose2d(_)
        | Layer::Upsample(_)
        | Layer::MaxPool2d(_)
        | Layer::AveragePool2d(_)
        | Layer::AdaptiveAveragePool2d(_)
        | Layer::GlobalAveragePool(_)
        | Layer::ChannelDropout(_)
        | Layer::GroupNorm(_)
        | Layer::Custom(_) => false,
    }
}

/// Gives matrices their places while it goes through the layers.
struct Builder<R> {
    lane_rows: usize,
    rows: usize,
    next: usize,
    columns: usize,
    stages: Vec<Stage<R>>,
}

impl<R: Real> Builder<R> {
    fn matrix(&mut self, features: usize) -> Range<usize> {
        let range = self.next..self.next + self.lane_rows * features;
        self.next = range.end;
        range
    }

    /// The stage of a layer whose input is given; its output is returned.
    fn stage(&mut self, layer: &PlacedLayer, x: Range<usize>) -> Option<Range<usize>> {
        if matches!(layer.layer, Layer::Flatten) {
            return Some(x);
        }
        let y = self.matrix(layer.output.len());
        let stage = match &layer.layer {
            Layer::Dense(_) => {
                let (in_features, out_features) = (layer.input.len(), layer.output.len());
                let form = Form::of(in_features, out_features);
                let columns = form.panels::<R>(in_features) * self.rows * panel_width::<R>();
                self.columns += columns;
                Stage::Dense(DenseStage {
                    form,
                    in_features,
                    out_features,
                    x,
                    z: y.clone(),
                    weight: 0..0,
                    bias: 0..0,
                    parts: (0..0, 0..0),
                    columns: self.columns - columns..self.columns,
                    is_first: self.stages.is_empty(),
                })
            }
            Layer::Activation(activation) => {
                Stage::Activation { activation: activation.clone(), z: x, a: y.clone() }
            }
            Layer::Scale(scale) => Stage::Scale { factor: R::from_f64(scale.factor), x, y: y.clone() },
            _ => return None,
        };
        self.stages.push(stage);
        Some(y)
    }
}

/// Gives weights and biases their places, in the order of [`Runs`].
fn place_parameters<R: Real>(
    stages: &mut [Stage<R>],
    layers: &[PlacedLayer],
    rules: &Rules,
    count: usize,
) -> Parameters<R> {
    let mut dense: Vec<&mut DenseStage> = stages
        .iter_mut()
        .filter_map(|stage| if let Stage::Dense(dense) = stage { Some(dense) } else { None })
        .collect();
    let mut next = 0;
    let mut runs = Runs::default();
    let mut take = |len: usize| {
        next += len;
        next - len..next
    };
    for dense in dense.iter_mut().filter(|dense| dense.form != Form::Narrow) {
        dense.weight = take(dense.form.weight_len::<R>(dense.in_features, dense.out_features));
    }
    runs.wide = take(0).end;
    for dense in dense.iter_mut().filter(|dense| dense.form == Form::Narrow) {
        dense.weight = take(dense.form.weight_len::<R>(dense.in_features, dense.out_features));
    }
    runs.weights = take(0).end;
    let is_chain = |dense: &DenseStage| dense.form == Form::Inputs { ones: true };
    for dense in dense.iter_mut().filter(|dense| !is_chain(dense)) {
        dense.bias = take(dense.out_features);
    }
    let sums = take(0).end - runs.wide;
    take(sums.next_multiple_of(PARTIAL) - sums);
    runs.sums = take(0).end;
    for dense in dense.iter_mut().filter(|dense| is_chain(dense)) {
        dense.bias = take(dense.out_features);
    }
    runs.len = take(0).end;

    let parts = |range: &Range<usize>| {
        let at = |place: usize| place.clamp(runs.wide, runs.sums) - runs.wide;
        at(range.start) * PARTIAL..at(range.end) * PARTIAL
    };
    for dense in &mut dense {
        dense.parts = (parts(&dense.weight), parts(&dense.bias));
    }

    let mut places = vec![0; count];
    let mut tensors = Vec::new();
    for (dense, layer) in dense.iter().zip(layers.iter().filter(|layer| !layer.range.is_empty())) {
        let (in_features, out_features) = (dense.in_features, dense.out_features);
        let (weight, bias) = (&layer.parameters[0], &layer.parameters[1]);
        for (i, place) in places[weight.range.clone()].iter_mut().enumerate() {
            let (k, j) = (i / out_features, i % out_features);
            *place = (dense.weight.start + dense.form.weight_at::<R>(k, j, in_features, out_features)) as u32;
        }
        for (j, place) in places[bias.range.clone()].iter_mut().enumerate() {
            *place = (dense.bias.start + j) as u32;
        }
        for (parameter, own) in [(weight, &dense.weight), (bias, &dense.bias)] {
            tensors.push(Tensor {
                layer: layer.number,
                plain: parameter.range.clone(),
                own: own.clone(),
                penalised: parameter.role.is_penalised(),
            });
        }
    }
    Parameters::new(rules, runs, tensors, places)
}

/// Gathers data and targets, runs the layers before the first dense one, and lays both out.
fn bring_in<R: Real>(plan: &mut LanePlan<R>, before: &[PlacedLayer], input: Range<usize>, data: &Dataset) {
    let rows: Vec<u32> = (0..data.rows() as u32).collect();
    let mut x = vec![R::ZERO; rows.len() * data.columns()];
    data.gather(&rows, &mut x);
    for layer in before {
        let from = x.clone();
        match &layer.layer {
            Layer::Activation(activation) => elementwise::activate(activation, 1, &from, &mut x),
            Layer::Scale(scale) => elementwise::scale(R::from_f64(scale.factor), &from, &mut x),
            _ => {}
        }
    }
    let mut targets = vec![R::ZERO; rows.len() * plan.outputs];
    data.gather_targets(&rows, plan.outputs, &mut targets);
    to_lanes(&x, data.columns(), &mut plan.values.all_mut()[input]);
    to_lanes(&targets, plan.outputs, plan.targets.all_mut());
    for stage in &plan.stages {
        if let Stage::Dense(dense) = stage {
            fill_columns(dense, rows.len(), &x, &mut plan.columns.all_mut()[dense.columns.clone()]);
        }
    }
}

/// A row-major matrix with its rows in lanes. The lanes after the last row repeat it.
fn to_lanes<R: Real>(x: &[R], features: usize, lanes: &mut [R]) {
    let width = panel_width::<R>();
    let rows = x.len() / features;
    for n in 0..rows.next_multiple_of(width) {
        for k in 0..features {
            lanes[in_lanes(n, k, features, width)] = x[n.min(rows - 1) * features + k];
        }
    }
}

/// The panels of columns of a dense layer's input: the ones, and the data for the first layer.
fn fill_columns<R: Real>(dense: &DenseStage, rows: usize, x: &[R], columns: &mut [R]) {
    let width = panel_width::<R>();
    let in_features = dense.in_features;
    for n in 0..rows {
        let mut set = |k: usize, value: R| {
            columns[k / width * rows * width + n * width + k % width] = value;
        };
        if dense.form == (Form::Inputs { ones: true }) {
            set(in_features, R::ONE);
        }
        if dense.is_first && dense.form != Form::Narrow {
            for k in 0..in_features {
                set(k, x[n * in_features + k]);
            }
        }
    }
}
