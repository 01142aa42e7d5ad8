//! The plan for one dense layer with one output over a long input, on the whole data at every step: logistic and linear
//! regression.
//!
//! A step takes the rows in groups that fit a core's cache. Of each group, the sums of the forward product, the outputs,
//! the gradient of the loss and the group's products for dw come one after the other, so the data travel once. The gradient
//! of a row needs no other row, and the weights stay until all rows are through (`pass.rs`). Bytes stay bytes and become
//! scalars in registers, twice; unscaled scalars are read where the data set keeps them; all else is converted once.
//!
//! A team shares out the sums of a group (by segment of the input, then by rows), meets once, and then shares out columns
//! of dw. With as many segments as members, each reads its own part of the data and nothing else.

mod pass;
#[cfg(test)]
mod tests;

use std::fmt;
use std::ops::Range;

use super::arena::Arena;
use super::limit::largest_output;
use super::{Rates, Rows, Rules, StepPlan, fit};
use crate::activations::Activation;
use crate::data::{Dataset, DatasetTargets, Features, FeaturesView};
use crate::kernels::dense::{self, DenseSizes};
use crate::kernels::elementwise;
use crate::kernels::one_output::Inputs;
use crate::kernels::sums::{LANES, ROWS, SEGMENT};
use crate::layers::Layer;
use crate::network::Network;
use crate::optimizers::{StepRule, Update};
use crate::real::Real;
use crate::team::{Crew, Pace, Shared};

use pass::{Learn, Pass};

/// What a group of rows may take of a core's cache, in bytes.
const GROUP_BYTES: usize = 400 << 10;
/// The values of the data below which a step (some 6 µs then) is too short for a second thread.
const LEAST_SHARED: usize = 1 << 17;
/// The most columns that are updated together.
const LONGEST_CHUNK: usize = 512;

/// A layer behind the dense one.
#[derive(Clone, Debug)]
enum After<R> {
    Activation(Activation),
    Scale(R),
}

/// The sizes of a step.
#[derive(Clone, Copy, Debug)]
struct Sizes {
    rows: usize,
    columns: usize,
    /// How many rows are worked together at most.
    group: usize,
    /// How many columns are updated together: what is never shared between threads.
    chunk: usize,
}

impl Sizes {
    fn segments(self) -> usize {
        self.columns.div_ceil(SEGMENT)
    }

    fn segment(self, s: usize) -> Range<usize> {
        s * SEGMENT..self.columns.min((s + 1) * SEGMENT)
    }

    fn chunks(self) -> usize {
        self.columns.div_ceil(self.chunk)
    }

    /// The columns of some chunks.
    fn columns_of(self, chunks: Range<usize>) -> Range<usize> {
        self.columns.min(chunks.start * self.chunk)..self.columns.min(chunks.end * self.chunk)
    }
}

/// The plan for one output and the whole data.
pub(crate) struct OneOutputPlan<R: Real> {
    sizes: Sizes,
    rules: Rules,
    /// The dense layer's number.
    layer: usize,
    after: Vec<After<R>>,
    /// The inputs, where they cannot be read in place.
    converted: Option<Vec<R>>,
    targets: Vec<R>,
    /// What no output may exceed for the loss to be finite for certain.
    limit: R,
    weight: Arena<R>,
    bias: R,
    /// Of the weights: chunk after chunk, in each the slots one after the other.
    state: Arena<R>,
    bias_state: Vec<R>,
    /// The gradient by the weights: first the chains of the block of rows.
    dweight: Arena<R>,
    /// The sums of the blocks before, where there are several.
    blocks: Vec<R>,
    /// Of each segment in turn, a sum for each row.
    sums: Vec<R>,
    /// Every member's own: outputs of the layers and two gradients, of a group.
    scratch: Arena<R>,
    outputs: Vec<R>,
    dz: Vec<R>,
    crew: Crew,
}

impl<R: Real> OneOutputPlan<R> {
    /// The plan for `network` on all rows of `data`, on up to so many threads; `None` where it does not fit.
    pub(crate) fn new(network: &Network<R>, rules: &Rules, data: &Dataset, threads: usize) -> Option<Self> {
        fit::check(network, &rules.loss, data).ok()?;
        let is_known = rules.loss.has_gradient_of_one_output()
            && rules.optimizer.is_elementwise()
            && !matches!(data.targets(), DatasetTargets::None);
        // All rows are kept as they are read, which sparse ones may be too many for.
        let is_sparse = matches!(data.features(), Features::Sparse(_));
        if !is_known || is_sparse || rules.shards != 1 || rules.clip_norm.is_some() {
            return None;
        }
        let (layer, columns, after) = layers(network)?;
        let rows = data.rows();
        let all: Vec<u32> = data_rows(data).collect();
        let mut targets = vec![R::ZERO; rows];
        data.gather_targets(&all, 1, &mut targets);
        let in_place = data.stored::<R>().is_some() || in_bytes::<R>(data).is_some();
        let converted = (!in_place).then(|| {
            let mut x = vec![R::ZERO; rows * columns];
            data.gather(&all, &mut x);
            x
        });

        let threads = if rows * columns < LEAST_SHARED { 1 } else { threads.max(1) };
        let crew = Crew::new(threads, Pace::new()).or_else(|_| Crew::new(1, Pace::new())).ok()?;
        let threads = crew.threads();
        let size = if in_bytes::<R>(data).is_some() { 1 } else { size_of::<R>() };
        let group = GROUP_BYTES / (columns.div_ceil(threads) * size);
        let sizes = Sizes {
            rows,
            columns,
            group: if group < 8 { 4 } else { (group - group % 8).min(ROWS) }.min(rows.next_multiple_of(4)),
            chunk: (columns / (8 * threads)).next_multiple_of(16).clamp(16, LONGEST_CHUNK),
        };
        let slots = rules.optimizer.state_slots();
        let scratch = pass::scratch_len(sizes, after.len());
        let mut plan = OneOutputPlan {
            limit: largest_output::<R>(&rules.loss, data, 1)?,
            weight: Arena::with_len(columns),
            bias: R::ZERO,
            state: Arena::with_len(columns * slots),
            bias_state: vec![R::ZERO; slots],
            dweight: Arena::with_len(columns),
            blocks: vec![R::ZERO; if rows > ROWS { columns } else { 0 }],
            sums: vec![R::ZERO; sizes.segments() * rows],
            scratch: Arena::with_len(threads * scratch),
            outputs: vec![R::ZERO; rows],
            dz: vec![R::ZERO; rows],
            rules: rules.clone(),
            sizes,
            layer,
            after,
            converted,
            targets,
            crew,
        };
        plan.set_parameters(network.parameters());
        Some(plan)
    }

    /// One pass over the data. `true`: the loss is finite for certain.
    fn pass(&mut self, batch: Rows<'_>, learn: Option<Learn<R>>) -> bool {
        let sizes = self.sizes;
        assert_eq!(batch.rows.len(), sizes.rows, "the batch is the whole data");
        assert_eq!(batch.data.rows(), sizes.rows, "the data are those of the plan");
        debug_assert!(batch.rows.iter().copied().eq(data_rows(batch.data)), "the rows come in order");
        let x = match &self.converted {
            Some(x) => Inputs::Values(x),
            None => in_bytes(batch.data)
                .or_else(|| batch.data.stored().map(Inputs::Values))
                .expect("the data that the plan was made for are read in place"),
        };
        let mut is_fine = [false];
        let pass = Pass {
            sizes,
            x,
            after: &self.after,
            loss: &self.rules.loss,
            factor: self.rules.loss.gradient_factor(sizes.rows),
            limit: self.limit,
            targets: &self.targets,
            bias: self.bias,
            learn,
            slots: self.rules.optimizer.state_slots(),
            weight: Shared::new(&mut self.weight.all_mut()[..sizes.columns]),
            state: Shared::new(self.state.all_mut()),
            dweight: Shared::new(&mut self.dweight.all_mut()[..sizes.columns]),
            blocks: Shared::new(&mut self.blocks),
            sums: Shared::new(&mut self.sums),
            scratch: Shared::new(self.scratch.all_mut()),
            outputs: Shared::new(&mut self.outputs),
            dz: Shared::new(&mut self.dz),
            is_fine: Shared::new(&mut is_fine),
        };
        self.crew.next(sizes.rows).run(|member| pass.run(member));
        is_fine[0]
    }

    /// db, and the update of the bias by it.
    fn update_bias(&mut self, rule: &StepRule<R>) {
        let mut db = [R::ZERO];
        let sizes = DenseSizes { rows: self.sizes.rows, in_features: 0, out_features: 1 };
        dense::backward_parameters(sizes, &[], &self.dz, &mut [], &mut db, &mut []);
        let mut bias = [self.bias];
        elementwise::apply(rule, &mut bias, &db, &mut self.bias_state);
        self.bias = bias[0];
    }

    /// Each chunk's range in the plan's state, and the slots' ranges in the plain layout, one after the other.
    fn state_places(&self) -> impl Iterator<Item = (Range<usize>, Range<usize>)> {
        let sizes = self.sizes;
        let slots = self.rules.optimizer.state_slots();
        (0..sizes.chunks()).flat_map(move |chunk| {
            let columns = sizes.columns_of(chunk..chunk + 1);
            (0..slots).map(move |slot| {
                let inside = columns.start * slots + slot * columns.len();
                let outside = slot * sizes.columns + columns.start;
                (inside..inside + columns.len(), outside..outside + columns.len())
            })
        })
    }
}

impl<R: Real> StepPlan<R> for OneOutputPlan<R> {
    fn read_parameters(&self, parameters: &mut [R]) {
        let (bias, weight) = parameters.split_last_mut().expect("there is a bias");
        weight.copy_from_slice(&self.weight.all()[..self.sizes.columns]);
        *bias = self.bias;
    }

    fn set_parameters(&mut self, parameters: &[R]) {
        let (bias, weight) = parameters.split_last().expect("there is a bias");
        self.weight.all_mut()[..self.sizes.columns].copy_from_slice(weight);
        self.bias = *bias;
    }

    fn read_state(&self, state: &mut [R]) {
        for (inside, outside) in self.state_places() {
            state[outside].copy_from_slice(&self.state.all()[inside]);
        }
        let weights = self.sizes.columns * self.bias_state.len();
        state[weights..].copy_from_slice(&self.bias_state);
    }

    fn set_state(&mut self, state: &[R]) {
        let places: Vec<_> = self.state_places().collect();
        for (inside, outside) in places {
            self.state.all_mut()[inside].copy_from_slice(&state[outside]);
        }
        let weights = self.sizes.columns * self.bias_state.len();
        self.bias_state.copy_from_slice(&state[weights..]);
    }

    fn forward(&mut self, batch: Rows<'_>) {
        self.pass(batch, None);
    }

    fn leaves_outputs(&self) -> bool {
        true
    }

    fn outputs(&self, rows: usize) -> &[R] {
        &self.outputs[..rows]
    }

    fn step(&mut self, batch: Rows<'_>, rates: &Rates) -> bool {
        if self.rules.frozen.contains(&self.layer) {
            return self.pass(batch, None);
        }
        let update = |weight_decay| Update {
            step: rates.step,
            learning_rate: rates.learning_rates[self.layer],
            weight_decay,
        };
        let rule = |weight_decay| {
            self.rules.optimizer.at_step(&update(weight_decay)).expect("a built-in rule, by `new`")
        };
        let bias_rule = rule(0.0);
        let penalty = (self.rules.l2 != 0.0 || self.rules.l1 != 0.0)
            .then(|| (R::from_f64(self.rules.l2), R::from_f64(self.rules.l1)));
        let learn = Learn { rule: rule(self.rules.weight_decay), penalty };
        let is_fine = self.pass(batch, Some(learn));
        if is_fine {
            self.update_bias(&bias_rule);
        }
        is_fine
    }
}

impl<R: Real> fmt::Debug for OneOutputPlan<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OneOutputPlan")
            .field("sizes", &self.sizes)
            .field("threads", &self.crew.threads())
            .finish_non_exhaustive()
    }
}

/// All rows of a data set.
fn data_rows(data: &Dataset) -> impl Iterator<Item = u32> {
    (0..data.rows()).map(|row| row as u32)
}

/// The data's bytes, where they can be converted in registers.
fn in_bytes<R: Real>(data: &Dataset) -> Option<Inputs<'_, R>> {
    match (data.features().view(), data.byte_scale()) {
        (FeaturesView::U8(bytes), Some(scale)) if scale.has_formula() => Some(Inputs::Bytes(bytes, scale)),
        _ => None,
    }
}

/// The number of the dense layer, its inputs, and the layers behind it, where these are all.
fn layers<R: Real>(network: &Network<R>) -> Option<(usize, usize, Vec<After<R>>)> {
    let mut dense = None;
    let mut after = Vec::new();
    for layer in network.layers() {
        match (&layer.layer, dense) {
            (Layer::Flatten, _) => {}
            (Layer::Dense(_), None) if layer.output.len() == 1 && layer.input.len() >= LANES => {
                dense = Some((layer.number, layer.input.len()));
            }
            (Layer::Activation(Activation::Custom(_)), _) => return None,
            (Layer::Activation(activation), Some(_)) => after.push(After::Activation(activation.clone())),
            (Layer::Scale(scale), Some(_)) => after.push(After::Scale(R::from_f64(scale.factor))),
            _ => return None,
        }
    }
    dense.map(|(number, columns)| (number, columns, after))
}
