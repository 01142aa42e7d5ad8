//! The plain plan: layer by layer over the whole batch, every matrix kept.

mod update;

pub(in crate::plan) use update::{limit_norms, muon_room};

use std::ops::Range;

use super::arena::{Arena, Layout};
use super::own_units::OwnUnits;
use super::{Rows, Rules, fit};
use crate::data::{Dataset, DatasetTargets};
use crate::error::Result;
use crate::kernels::OrderedSum;
use crate::layers::{Backward, Extent, Forward, Mode};
use crate::losses::{Targets, Weights};
use crate::network::{Network, PlacedLayer};
use crate::optimizers::muon;
use crate::real::Real;

/// The plain plan of a network, a loss and an update rule, for batches up to a size.
///
/// A step is [`gather`](Plan::gather), [`forward`](Plan::forward), [`data_loss`](Plan::data_loss), [`backward`](Plan::backward) and
/// [`update`](Plan::update). None of them allocates.
#[derive(Clone, Debug)]
pub struct Plan<R: Real> {
    layers: Vec<PlacedLayer>,
    rules: Rules,
    layout: Layout,
    arena: Arena<R>,
    /// Row numbers of the batch, for random masks.
    row_numbers: Vec<u32>,
    parameters: Vec<R>,
    gradients: Vec<R>,
    /// The gradients of one shard, where there are several.
    shard_gradients: Vec<R>,
    /// The optimizer's state: for each parameter tensor in turn, its slots one after the other.
    state: Vec<R>,
    /// Targets and predictions as they are reported.
    own_units: OwnUnits<R>,
    /// What each row's gradient is multiplied by, where rows weigh differently.
    factors: Vec<R>,
    /// Muon's working memory.
    room: muon::Room<R>,
}

impl<R: Real> Plan<R> {
    /// Lays out the step of `network` for batches of up to `largest_batch` rows of data like `data`.
    ///
    /// # Errors
    /// [`NetworkProblem`](crate::network::NetworkProblem) when the network's input or output does not fit the data.
    pub fn new(network: &Network<R>, rules: Rules, data: &Dataset, largest_batch: usize) -> Result<Self> {
        fit::check(network, &rules.loss, data)?;
        let outputs = network.output_shape().len();
        let target_values = match data.targets() {
            DatasetTargets::Values { .. } => outputs,
            DatasetTargets::Classes { .. } | DatasetTargets::None => 0,
        };
        let layers = network.layers().to_vec();
        let layout = Layout::new(&layers, largest_batch, target_values);
        let count = network.parameter_count();
        Ok(Plan {
            arena: Arena::new(&layout),
            row_numbers: vec![0; largest_batch],
            parameters: network.parameters().to_vec(),
            gradients: vec![R::ZERO; count],
            shard_gradients: vec![R::ZERO; if rules.shards > 1 { count } else { 0 }],
            state: vec![R::ZERO; count * rules.optimizer.state_slots()],
            own_units: OwnUnits::new(&rules.loss, data, outputs, largest_batch),
            room: muon_room(&layers, &rules),
            factors: vec![R::ZERO; if data.weights().is_some() { largest_batch } else { 0 }],
            layers,
            rules,
            layout,
        })
    }

    /// The most rows that a batch may have.
    pub fn largest_batch(&self) -> usize {
        self.row_numbers.len()
    }

    /// The parameters, row-major, in layer order.
    pub fn parameters(&self) -> &[R] {
        &self.parameters
    }

    /// The parameters, to be set.
    pub fn parameters_mut(&mut self) -> &mut [R] {
        &mut self.parameters
    }

    /// The gradients of the last backward pass, laid out as the parameters.
    pub fn gradients(&self) -> &[R] {
        &self.gradients
    }

    /// The optimizer's state: for each parameter tensor in turn, its slots one after the other.
    pub fn optimizer_state(&self) -> &[R] {
        &self.state
    }

    /// The optimizer's state, to be set.
    pub fn optimizer_state_mut(&mut self) -> &mut [R] {
        &mut self.state
    }

    /// What decided the plan.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The placed layers.
    pub fn layers(&self) -> &[PlacedLayer] {
        &self.layers
    }

    /// The input of layer `i`, `[rows, width]`; with `i` one past the last layer, the network's output.
    pub fn value(&self, i: usize, rows: usize) -> &[R] {
        &self.arena.all()[first_rows(&self.layout.values[i], rows, self.width(i))]
    }

    /// The gradient of the loss by [`value`](Plan::value)`(i)`; empty where no parameter lies before it.
    pub fn dvalue(&self, i: usize, rows: usize) -> &[R] {
        if self.layout.dvalues[i].is_empty() {
            return &[];
        }
        &self.arena.all()[first_rows(&self.layout.dvalues[i], rows, self.width(i))]
    }

    /// What layer `i` kept of the last forward pass, `[rows, cache_len]`: a dropout's mask.
    pub fn cache(&self, i: usize, rows: usize) -> &[R] {
        let layer = &self.layers[i];
        &self.arena.all()[first_rows(&self.layout.caches[i], rows, layer.layer.cache_len(&layer.input))]
    }

    /// The network's output for the last batch, `[rows, outputs]`, in the units that the network is trained in.
    pub fn outputs(&self, rows: usize) -> &[R] {
        self.value(self.layers.len(), rows)
    }

    /// The targets of the last batch, as the loss saw them.
    pub fn targets(&self, data: &Dataset, rows: usize) -> Targets<'_, R> {
        match data.targets() {
            DatasetTargets::Values { .. } => {
                let range = first_rows(&self.layout.targets, rows, self.width(self.layers.len()));
                Targets::Values(&self.arena.all()[range])
            }
            DatasetTargets::Classes { .. } | DatasetTargets::None => self.own_units.targets(rows),
        }
    }

    /// What the rows of the last batch weigh.
    pub fn weights(&self, rows: usize) -> Weights<'_> {
        self.own_units.weights(rows)
    }

    fn width(&self, i: usize) -> usize {
        match self.layers.get(i) {
            Some(layer) => layer.input.len(),
            None => self.layers.last().map_or(0, |layer| layer.output.len()),
        }
    }

    /// Brings the rows' features and targets into the arena, converted and scaled on the way.
    ///
    /// # Panics
    /// When the batch has more rows than the plan was made for.
    pub fn gather(&mut self, batch: Rows<'_>) {
        let rows = batch.rows.len();
        assert!(
            rows <= self.largest_batch(),
            "a batch of {rows} rows in a plan for {}",
            self.largest_batch()
        );
        let input = first_rows(&self.layout.values[0], rows, self.width(0));
        batch.data.gather(batch.rows, &mut self.arena.all_mut()[input]);
        self.gather_targets(batch);
        for (number, &row) in self.row_numbers.iter_mut().zip(batch.rows) {
            *number = batch.data.row_numbers()[row as usize];
        }
    }

    /// Computes the output of every layer for the batch that was last gathered, which is this one.
    pub fn forward(&mut self, batch: Rows<'_>, training: bool) {
        for i in 0..self.layers.len() {
            self.forward_layer(i, batch.rows.len(), batch.epoch, training);
        }
        let last = self.layers.len();
        let outputs = first_rows(&self.layout.values[last], batch.rows.len(), self.width(last));
        self.own_units.note(batch.data, &self.arena.all()[outputs]);
    }

    fn gather_targets(&mut self, batch: Rows<'_>) {
        self.own_units.gather(batch);
        if let DatasetTargets::Values { .. } = batch.data.targets() {
            let outputs = self.width(self.layers.len());
            let range = first_rows(&self.layout.targets, batch.rows.len(), outputs);
            batch.data.gather_targets(batch.rows, outputs, &mut self.arena.all_mut()[range]);
        }
    }

    /// A layer's output, cut as its gradients will be: what it keeps of a shard lies together.
    fn forward_layer(&mut self, i: usize, rows: usize, epoch: u64, training: bool) {
        if self.layout.values[i] == self.layout.values[i + 1] {
            return; // only the axes have other names
        }
        let shards = self.shards(i, rows);
        for shard in 0..shards {
            self.forward_rows(i, shard_rows(rows, shards, shard), epoch, training);
        }
    }

    fn forward_rows(&mut self, i: usize, rows: Range<usize>, epoch: u64, training: bool) {
        let layer = &self.layers[i];
        let x = some_rows(&self.layout.values[i], &rows, layer.input.len());
        let y = some_rows(&self.layout.values[i + 1], &rows, layer.output.len());
        let cache = some_rows(&self.layout.caches[i], &rows, layer.layer.cache_len(&layer.input));
        let (values, caches) = self.arena.all_mut().split_at_mut(self.layout.caches[0].start);
        let (before, after) = values.split_at_mut(self.layout.values[i + 1].start);
        layer.layer.forward(Forward {
            rows: rows.len(),
            input: &layer.input,
            output: &layer.output,
            mode: mode(training, self.rules.seed, i, epoch, &self.row_numbers[rows]),
            parameters: &self.parameters[layer.range.clone()],
            x: &before[x],
            y: &mut after[moved(y, self.layout.values[i + 1].start)],
            cache: &mut caches[moved(cache, self.layout.caches[0].start)],
        });
    }

    /// Into how many runs of rows a layer's batch is cut (NUMERICS rule 8).
    fn shards(&self, i: usize, rows: usize) -> usize {
        match self.layers[i].layer.extent() {
            Extent::Row => self.rules.shards.clamp(1, rows.max(1)),
            // A layer that looks at the whole batch is not cut.
            Extent::Batch => 1,
        }
    }

    /// The loss of the last forward pass, without penalties, in the target's own units.
    pub fn data_loss(&self, rows: usize) -> f64 {
        let mut sum = OrderedSum::new();
        self.add_losses(rows, &mut sum);
        self.rules.loss.join::<R>(sum.total(), self.own_units.weights(rows).total())
    }

    /// The loss of the last forward pass as training sees it: without penalties, in the units that the network is
    /// trained in. It is what backward differentiates.
    pub fn training_loss(&self, data: &Dataset, rows: usize) -> f64 {
        let outputs = self.width(self.layers.len());
        let (predictions, weights) = (self.outputs(rows), self.own_units.weights(rows));
        self.rules.loss.weighted_value(outputs, predictions, self.targets(data, rows), weights)
    }

    /// Adds the losses of the rows of the last forward pass to a running sum.
    pub fn add_losses(&self, rows: usize, sum: &mut OrderedSum) {
        let (predictions, targets) = self.in_own_units(rows);
        let weights = self.own_units.weights(rows);
        self.rules.loss.add_values(self.width(self.layers.len()), predictions, targets, weights, sum);
    }

    /// The outputs and the targets of the last forward pass, both in the target's own units.
    pub fn in_own_units(&self, rows: usize) -> (&[R], Targets<'_, R>) {
        self.own_units.pair(self.outputs(rows))
    }

    /// ½·l2·Σw² + l1·Σ|w| over the weights.
    pub fn penalty(&self) -> f64 {
        self.rules.penalty(&self.layers, &self.parameters)
    }

    /// Computes the gradients of the loss of the last forward pass, penalties included, and shortens them to the norm
    /// that the rules allow.
    pub fn backward(&mut self, batch: Rows<'_>) {
        self.backward_data(batch);
        self.penalise();
        self.cut();
        self.clip();
    }

    /// The gradients of the data loss alone.
    pub(crate) fn backward_data(&mut self, batch: Rows<'_>) {
        let rows = batch.rows.len();
        let outputs = self.width(self.layers.len());
        self.gradients.fill(R::ZERO);

        let last = self.layers.len();
        let predictions = first_rows(&self.layout.values[last], rows, outputs);
        let dlogits = first_rows(&self.layout.dvalues[last], rows, outputs);
        let target_range = first_rows(&self.layout.targets, rows, outputs);
        let dvalues_start = self.layout.dvalues[0].start;
        let targets_start = self.layout.targets.start;
        let (values, rest) = self.arena.all_mut().split_at_mut(dvalues_start);
        let (dvalues, targets) = rest.split_at_mut(targets_start - dvalues_start);
        let targets = match batch.data.targets() {
            DatasetTargets::Values { .. } => Targets::Values(&targets[moved(target_range, targets_start)]),
            DatasetTargets::Classes { .. } | DatasetTargets::None => self.own_units.targets(rows),
        };
        let dlogits = &mut dvalues[moved(dlogits, dvalues_start)];
        let factors = self.rules.loss.gradient_factors(self.own_units.weights(rows), &mut self.factors);
        self.rules.loss.gradient_of_piece(outputs, factors, &values[predictions], targets, dlogits);

        for i in (0..self.layers.len()).rev() {
            self.backward_layer(i, rows, batch.epoch);
        }
    }

    /// A layer's gradients, shard by shard: runs of consecutive rows, the first ones longer by one (NUMERICS rule 8).
    fn backward_layer(&mut self, i: usize, rows: usize, epoch: u64) {
        let layout = &self.layout;
        let is_renamed = layout.values[i] == layout.values[i + 1];
        if is_renamed || (self.layers[i].range.is_empty() && layout.dvalues[i].is_empty()) {
            return; // dx is dy under another name, or nobody needs it
        }
        let shards = self.shards(i, rows);
        for shard in 0..shards {
            self.backward_rows(i, shard_rows(rows, shards, shard), epoch, shards > 1);
            if shards > 1 {
                let range = self.layers[i].range.clone();
                for (total, part) in
                    self.gradients[range.clone()].iter_mut().zip(&mut self.shard_gradients[range])
                {
                    *total += *part;
                    *part = R::ZERO;
                }
            }
        }
    }

    fn backward_rows(&mut self, i: usize, rows: Range<usize>, epoch: u64, sharded: bool) {
        let layer = &self.layers[i];
        let layout = &self.layout;
        let some = |range: &Range<usize>, width: usize| some_rows(range, &rows, width);
        let x = some(&layout.values[i], layer.input.len());
        let y = some(&layout.values[i + 1], layer.output.len());
        let cache = some(&layout.caches[i], layer.layer.cache_len(&layer.input));
        let dy = some(&layout.dvalues[i + 1], layer.output.len());
        let wants_dx = !layout.dvalues[i].is_empty();
        let dx = if wants_dx { some(&layout.dvalues[i], layer.input.len()) } else { 0..0 };
        let dvalues_start = layout.dvalues[0].start;
        let scratch = layout.scratch.clone();
        let (values, rest) = self.arena.all_mut().split_at_mut(dvalues_start);
        let (dvalues, scratches) = rest.split_at_mut(scratch.start - dvalues_start);
        let (before, after) = dvalues.split_at_mut(layout.dvalues[i + 1].start - dvalues_start);
        let dy = &after[moved(dy, layout.dvalues[i + 1].start)];
        let gradients = if sharded { &mut self.shard_gradients } else { &mut self.gradients };
        layer.layer.backward(Backward {
            rows: rows.len(),
            input: &layer.input,
            output: &layer.output,
            mode: mode(true, self.rules.seed, i, epoch, &self.row_numbers[rows]),
            parameters: &self.parameters[layer.range.clone()],
            x: &values[x],
            y: &values[y],
            cache: &values[cache],
            dy,
            dx: if wants_dx { Some(&mut before[moved(dx, dvalues_start)]) } else { None },
            dparameters: &mut gradients[layer.range.clone()],
            scratch: &mut scratches[..scratch.len()],
        });
    }

    /// The first layer whose output is not finite, or else the last whose gradient is not (where backward met it first).
    pub fn first_not_finite(&self, rows: usize) -> Option<(usize, &'static str)> {
        let bad = |values: &[R]| values.iter().any(|value| !value.is_finite());
        let output = (0..self.layers.len()).find(|&i| bad(self.value(i + 1, rows)));
        if let Some(i) = output {
            return Some((i, "output"));
        }
        (0..self.layers.len()).rev().find(|&i| bad(self.dvalue(i + 1, rows))).map(|i| (i, "gradient"))
    }
}

fn mode(training: bool, seed: u64, layer: usize, epoch: u64, row_numbers: &[u32]) -> Mode<'_> {
    if training { Mode::Training { seed, layer: layer as u32, epoch, row_numbers } } else { Mode::Inference }
}

/// The part of a matrix's range that its first rows take.
fn first_rows(range: &Range<usize>, rows: usize, width: usize) -> Range<usize> {
    range.start..range.start + rows * width
}

/// The part of a matrix's range that some of its rows take.
fn some_rows(range: &Range<usize>, rows: &Range<usize>, width: usize) -> Range<usize> {
    range.start + rows.start * width..range.start + rows.end * width
}

/// The rows of one of `shards` runs, the first ones longer by one.
fn shard_rows(rows: usize, shards: usize, shard: usize) -> Range<usize> {
    let start = |shard: usize| shard * (rows / shards) + shard.min(rows % shards);
    start(shard)..start(shard + 1)
}

/// A range counted from `origin` instead of the arena's start.
fn moved(range: Range<usize>, origin: usize) -> Range<usize> {
    range.start - origin..range.end - origin
}
