//! The panel plan: networks of dense, elementwise and normalising layers, at the limit of the machine.
//!
//! Every matrix lies in panels of columns (`kernels/panels`), so that each pass of a dense layer is the same product over
//! strips that stay in cache. What follows a product is done to its strip at once; a gradient is used for the update
//! while it lies in the first cache and is never stored, unless it must be clipped or the batch is larger than one tile
//! of rows. Nothing is computed that nobody needs. The members of a team share out panels, rows and chunks of
//! parameters between barriers, never a sum.
//!
//! | file | what |
//! |---|---|
//! | `program.rs` | a network as stages: a dense layer and what follows it; where each matrix lies |
//! | `builder.rs` | from layers to that |
//! | `front.rs` | the convolutions that may stand before the dense layers |
//! | `parameters.rs` | parameters and state, here and row-major |
//! | `memory.rs` | what the plan owns, and the view of it that a team shares |
//! | `pass/` | gather, forward, normalisations, loss, backward, update over one tile, as a member runs them |
//! | `predict.rs` | forward passes alone |

mod builder;
mod front;
mod memory;
mod parameters;
mod pass;
mod predict;
mod program;
#[cfg(test)]
mod tests;

use std::fmt;

pub(crate) use predict::PanelForward;

use crate::data::DatasetTargets;
use crate::error::Result;
use crate::kernels::panels::panel_width;
use crate::kernels::sums::ROWS;
use crate::kernels::{OrderedSum, elementwise};
use crate::layers::Layer;
use crate::losses::{Loss, Targets, Weights};
use crate::network::{Network, PlacedLayer};
use crate::optimizers::{Optimizer, StepRule, Update, muon};
use crate::plan::{Arena, GradientPlan, Rates, Rows, Rules, StepPlan, WORTH_SHARING, Wanted, loss_bound};
use crate::real::Real;
use crate::team::{Crew, Pace};
use memory::Memory;
use pass::{Input, Pass, StageRule, StepRules, Tile, all_bounded, loss_rows};
use program::Program;

/// Rows of a batch that are worked at once: a divisor of the blocks of rows of NUMERICS rule 4 and a multiple of its lanes.
const TILE: usize = 512;

/// How much memory the convolutions before the dense layers take.
struct FrontSizes {
    examples: usize,
    packed: usize,
    gradients: usize,
    scratch: usize,
}

impl FrontSizes {
    /// For so many examples that are kept at once, and so many threads.
    fn new(program: &Program, examples: usize, threads: usize) -> FrontSizes {
        let Some(front) = &program.front else {
            return FrontSizes { examples: 0, packed: 0, gradients: 0, scratch: 0 };
        };
        FrontSizes {
            examples: examples * front.example_len,
            packed: front.packed_len,
            gradients: front.weights_len,
            scratch: threads * front.member_len,
        }
    }
}

/// Runs a network of dense, elementwise and normalising layers, perhaps behind convolutions, in batches of any
/// size.
pub(crate) struct PanelPlan<R: Real> {
    program: Program,
    rules: Rules,
    crew: Crew,
    memory: Memory<R>,
    classes: Vec<u32>,
    targets: Vec<R>,
    /// What the batch's rows weigh, and what their gradients are multiplied by; empty where each counts once.
    weights: Vec<f64>,
    factors: Vec<R>,
    stage_rules: Vec<StageRule<R>>,
    /// Those of the convolutions.
    front_rules: Vec<StageRule<R>>,
    norm_rules: Vec<StepRule<R>>,
    has_gathered: bool,
    is_full_batch: bool,
    /// Whether `losses` are those of the last outputs, in the target's own units.
    has_losses: bool,
    /// The epoch in which the arena's full batch went forward, if with the parameters as they are.
    looked: Option<u64>,
}

impl<R: Real> fmt::Debug for PanelPlan<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PanelPlan").field("program", &self.program).finish_non_exhaustive()
    }
}

impl<R: Real> PanelPlan<R> {
    /// Lays out the steps of `network` for batches of up to `largest_batch` rows; `None` for a network, a loss or an
    /// update rule that is not its kind. A full batch is always the same rows.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub(crate) fn new(network: &Network<R>, wanted: Wanted<'_>) -> Result<Option<Self>> {
        let Wanted { rules, data, largest_batch, is_full_batch, threads } = wanted;
        let has_custom =
            matches!(rules.loss, Loss::Custom(_)) || matches!(rules.optimizer, Optimizer::Custom(_));
        if rules.shards > 1 || has_custom {
            return Ok(None);
        }
        // A normalisation looks at the whole batch, or takes its gradients over it: then that is one tile.
        let is_norm = |layer: &PlacedLayer| matches!(layer.layer, Layer::BatchNorm(_) | Layer::LayerNorm(_));
        let has_norms = network.layers().iter().any(is_norm);
        let capacity = if has_norms { largest_batch } else { largest_batch.min(TILE) };
        let Some(program) = Program::new::<R>(network.layers(), Some(rules), capacity) else {
            return Ok(None);
        };
        // A batch of images is one tile, and the gradient of filters is used at once.
        let is_limited = rules.wants_whole_gradient() || rules.max_norm.is_some();
        if program.front.is_some() && (largest_batch > TILE || is_limited) {
            return Ok(None);
        }
        let of_images = program.front.as_ref().map_or(0, |front| front.work);
        let work = largest_batch * (network.parameter_count() + of_images);
        let threads = if work < WORTH_SHARING { 1 } else { threads };
        let crew = Crew::new(threads, Pace::for_steps_of(work))?;
        let front = FrontSizes::new(&program, program.capacity, threads);
        let width = panel_width::<R>();
        let is_one_tile = largest_batch <= program.capacity;
        let keeps_gradient = rules.wants_whole_gradient() || largest_batch > ROWS;
        let outputs = program.outputs;
        let widest_norm = program.norms().map(|norm| norm.columns).max().unwrap_or(0);
        let scratch = (width * width).max(3 * widest_norm).max((3 * loss_rows::<R>(outputs) + 1) * width);
        let target_values = match data.targets() {
            DatasetTargets::Values { .. } => program.capacity * outputs,
            DatasetTargets::Classes { .. } | DatasetTargets::None => 0,
        };
        let weighted = if data.weights().is_some() { largest_batch } else { 0 };
        let slots = rules.optimizer.state_slots();
        let mut plan = PanelPlan {
            memory: Memory {
                arena: Arena::with_len(program.arena_len),
                weights: Arena::with_len(program.weights_len),
                state: Arena::with_len(program.weights_len * slots),
                transposed: Arena::with_len(program.transposed_len),
                lanes: Arena::with_len(program.lanes_len),
                chains: Arena::with_len(if is_one_tile { 0 } else { program.weights_len }),
                totals: Arena::with_len(if keeps_gradient { program.weights_len } else { 0 }),
                matrices: Arena::with_len(match rules.optimizer {
                    Optimizer::Muon { .. } => program.matrices.size(threads),
                    _ => 0,
                }),
                scratch: Arena::with_len(scratch.next_multiple_of(width) * threads),
                examples: Arena::with_len(front.examples),
                packed: Arena::with_len(front.packed),
                front_chains: Arena::with_len(front.gradients),
                front_totals: Arena::with_len(front.gradients),
                front_scratch: Arena::with_len(front.scratch),
                outputs: vec![R::ZERO; largest_batch * outputs],
                losses: vec![R::ZERO; largest_batch],
            },
            classes: vec![0; program.capacity],
            targets: vec![R::ZERO; target_values],
            weights: vec![0.0; weighted],
            factors: vec![R::ZERO; weighted],
            stage_rules: Vec::with_capacity(program.stages.len()),
            front_rules: Vec::with_capacity(program.front.as_ref().map_or(0, |front| front.stages.len())),
            norm_rules: Vec::with_capacity(program.norm_layers.len()),
            has_gathered: false,
            is_full_batch,
            has_losses: false,
            looked: None,
            rules: rules.clone(),
            crew,
            program,
        };
        plan.set_parameters(network.parameters());
        Ok(Some(plan))
    }

    /// The update rules of this step, by stage.
    fn prepare(&mut self, rates: &Rates) {
        let rules = &self.rules;
        let layers = self.program.stages.iter().map(|stage| stage.layer);
        stage_rules(rules, rates, layers, &mut self.stage_rules);
        let of_front = self.program.front.iter().flat_map(|front| &front.stages);
        stage_rules(rules, rates, of_front.map(|stage| stage.layer), &mut self.front_rules);
        let last = self.program.stages.len() - 1;
        for (stage, rule) in self.program.stages.iter().zip(&mut self.stage_rules).take(last).skip(1) {
            let learning_rate = rates.learning_rates[stage.layer];
            let update = Update { step: rates.step, learning_rate, weight_decay: rules.weight_decay };
            let sizes = [stage.in_features, stage.out_features];
            rule.matrix = muon::Step::new(&rules.optimizer, &update, sizes);
        }
        self.norm_rules.clear();
        for &layer in &self.program.norm_layers {
            let learning_rate = rates.learning_rates[layer];
            let update = Update { step: rates.step, learning_rate, weight_decay: 0.0 };
            self.norm_rules.push(rules.optimizer.at_step(&update).expect("`new` refuses custom optimizers"));
        }
    }

    /// Runs all tiles of a batch forward, and backward too where `backward` says so. Whether no row's loss is beyond `bound`; if one
    /// is, no parameter was changed.
    fn run(&mut self, batch: Rows<'_>, backward: bool, bound: R) -> bool {
        let rows = batch.rows.len();
        assert!(
            rows <= self.memory.losses.len(),
            "a batch of {rows} rows in a plan for {}",
            self.memory.losses.len()
        );
        let outputs = self.program.outputs;
        let has_targets = !matches!(batch.data.targets(), DatasetTargets::None);
        let capacity = self.program.capacity;
        let weights = match batch.data.weights() {
            Some(all) => {
                for (weight, &row) in self.weights.iter_mut().zip(batch.rows) {
                    *weight = all[row as usize];
                }
                Weights::Each(&self.weights[..rows])
            }
            None => Weights::Equal(rows),
        };
        let factors = self.rules.loss.gradient_factors(weights, &mut self.factors);
        let is_forward_done = self.looked.take() == Some(batch.epoch);
        let team = self.crew.next(rows);
        let of_step =
            StepRules { front: &self.front_rules, stages: &self.stage_rules, norms: &self.norm_rules };
        let update = (!self.rules.wants_whole_gradient()).then_some(of_step);
        for first in (0..rows).step_by(capacity) {
            let tile_rows = &batch.rows[first..rows.min(first + capacity)];
            let targets = match batch.data.targets() {
                DatasetTargets::Values { .. } => {
                    let targets = &mut self.targets[..tile_rows.len() * outputs];
                    batch.data.gather_targets(tile_rows, outputs, targets);
                    Targets::Values(&*targets)
                }
                DatasetTargets::Classes { .. } => {
                    let classes = &mut self.classes[..tile_rows.len()];
                    batch.data.gather_classes(tile_rows, classes);
                    Targets::Classes(&*classes)
                }
                DatasetTargets::None => Targets::Classes(&[]),
            };
            let tile = Tile { rows: tile_rows.len(), first, batch: rows, epoch: batch.epoch };
            let factors = factors.piece(first, tile_rows.len());
            let input = match self.has_gathered && self.is_full_batch && rows <= capacity {
                true => Input::Gathered(batch.data, tile_rows),
                false => Input::Data(batch.data, tile_rows),
            };
            let buffers = self.memory.buffers();
            let (program, rules) = (&self.program, &self.rules);
            team.run(|member| {
                let pass = Pass::new(program, rules, buffers, input, tile, member);
                let pass = Pass { targets, factors, update, bound, ..pass };
                if is_forward_done {
                    transpose(&pass);
                } else {
                    if let Some(front) = &program.front {
                        pass.pack_front(front);
                        member.wait();
                    }
                    pass.gather();
                    forward(&pass, backward);
                }
                if backward && has_targets {
                    backward_pass(&pass);
                }
            });
        }
        self.has_gathered = true;
        self.has_losses = backward && has_targets && batch.data.target_scale().is_none();
        !backward || all_bounded(&self.memory.losses[..rows], bound)
    }

    /// What is left of a step after its whole gradient is there: dw ← dw·clip_norm / ‖dw‖ where the norm is larger, then the
    /// update.
    fn update_kept(&mut self, batch: Rows<'_>) {
        let factor = self.rules.clip_norm.and_then(|clip_norm| {
            let mut sum = OrderedSum::new();
            let totals = self.memory.totals.all();
            self.program.in_plain_order::<R>(|at| {
                let dw = totals[at].to_f64();
                sum.push(dw * dw);
            });
            let norm = sum.total().sqrt();
            (norm > clip_norm).then(|| R::from_f64(clip_norm / norm))
        });
        let buffers = self.memory.buffers();
        let (program, rules) = (&self.program, &self.rules);
        let (stage_rules, norm_rules) = (&self.stage_rules, &self.norm_rules);
        let rows = batch.rows.len();
        let tile = Tile { rows, first: 0, batch: rows, epoch: batch.epoch };
        let input = Input::Gathered(batch.data, batch.rows);
        self.crew.now().run(|member| {
            let pass = Pass::new(program, rules, buffers, input, tile, member);
            for (stage, rule) in program.stages.iter().zip(stage_rules) {
                pass.update_kept(stage, rule, factor);
            }
            for (norm, rule) in program.norms().zip(norm_rules) {
                pass.update_kept_norm(norm, rule, factor);
            }
            limit_units(&pass);
        });
    }
}

/// The update rules of these layers at this step.
fn stage_rules<R: Real>(
    rules: &Rules,
    rates: &Rates,
    layers: impl Iterator<Item = usize>,
    to: &mut Vec<StageRule<R>>,
) {
    to.clear();
    let mut last: Option<(f64, StageRule<R>)> = None;
    for layer in layers {
        let learning_rate = rates.learning_rates[layer];
        let rule = match last {
            Some((rate, rule)) if rate == learning_rate => rule,
            _ => {
                let at = |weight_decay| {
                    let update = Update { step: rates.step, learning_rate, weight_decay };
                    rules.optimizer.at_step(&update).expect("`new` refuses custom optimizers")
                };
                let bias = at(0.0);
                let weight = if rules.weight_decay == 0.0 { bias } else { at(rules.weight_decay) };
                StageRule { weight, bias, matrix: None }
            }
        };
        last = Some((learning_rate, rule));
        to.push(rule);
    }
}

/// Through all stages, as far as the outputs.
fn forward<R: Real>(pass: &Pass<'_, R>, backward: bool) {
    for stage in &pass.program.stages {
        pass.member.wait();
        pass.forward(stage, backward);
        pass.row_norms(&stage.values);
    }
    pass.member.wait();
    pass.write_outputs();
}

/// What [`forward`] leaves out where no way back follows.
fn transpose<R: Real>(pass: &Pass<'_, R>) {
    for stage in &pass.program.stages {
        pass.transpose_all(stage);
    }
}

/// The loss, and from the last stage to the first the gradients and the updates. Nothing where a loss is not finite.
fn backward_pass<R: Real>(pass: &Pass<'_, R>) {
    let Program { front, input, stages, .. } = pass.program;
    let Some(last) = stages.last() else { return };
    pass.loss(last);
    pass.member.wait();
    if !pass.is_finite() {
        return;
    }
    if last.values.norms().next().is_some() {
        pass.back_to_product(last);
        pass.member.wait();
    }
    for (s, stage) in stages.iter().enumerate().rev() {
        let before = match s {
            0 => (front.is_some() || input.norms().next().is_some()).then_some(input),
            _ => Some(&stages[s - 1].values),
        };
        if let Some(before) = before {
            pass.backward_input(stage, before);
            pass.row_norms_backward(before);
        }
        pass.backward_parameters(stage, pass.update.map(|rules| &rules.stages[s]));
        if let Some(before) = before {
            pass.member.wait();
            pass.step_row_norms(before);
        }
    }
    if let (Some(front), Some(rules)) = (front, pass.update) {
        pass.front_backward(front);
        pass.member.wait();
        pass.front_parameters(front, rules.front);
    }
    if pass.update.is_some() {
        limit_units(pass);
    }
}

/// The max-norm constraint, after the update of all weights.
fn limit_units<R: Real>(pass: &Pass<'_, R>) {
    if pass.rules.max_norm.is_some() {
        pass.member.wait();
        for stage in &pass.program.stages {
            pass.limit_units(stage);
        }
    }
}

impl<R: Real> GradientPlan<R> for PanelPlan<R> {
    fn look(&mut self, batch: Rows<'_>, parameters: &[R], gradients: &mut [R]) -> f64 {
        self.set_parameters(parameters);
        match self.run(batch, true, R::from_f64(f64::INFINITY)) {
            true => self.program.read(self.memory.totals.all(), gradients),
            false => gradients.fill(R::from_f64(f64::NAN)),
        }
        let rows = batch.rows.len();
        let weights = match batch.data.weights() {
            Some(_) => Weights::Each(&self.weights[..rows]),
            None => Weights::Equal(rows),
        };
        let mut sum = OrderedSum::new();
        weights.add(&self.memory.losses[..rows], &mut sum);
        self.rules.loss.join::<f64>(sum.total(), weights.total())
    }

    fn forward_at(&mut self, batch: Rows<'_>, parameters: &[R]) {
        self.set_parameters(parameters);
        self.forward(batch);
    }

    fn last_outputs(&self, rows: usize) -> &[R] {
        self.outputs(rows)
    }
}

impl<R: Real> StepPlan<R> for PanelPlan<R> {
    fn average_len(&self, _parameter_count: usize) -> usize {
        self.program.weights_len
    }

    fn average(&self, share: f64, average: &mut [R]) {
        elementwise::move_towards(share, self.memory.weights.all(), average);
    }

    fn read_average(&self, average: &[R], parameters: &mut [R]) {
        self.program.read(average, parameters);
    }

    fn set_average(&self, parameters: &[R], average: &mut [R]) {
        self.program.write(parameters, average);
    }

    fn read_parameters(&self, parameters: &mut [R]) {
        self.program.read(self.memory.weights.all(), parameters);
    }

    fn set_parameters(&mut self, parameters: &[R]) {
        self.looked = None;
        self.program.write(parameters, self.memory.weights.all_mut());
    }

    fn read_state(&self, state: &mut [R]) {
        let own = self.memory.state.all();
        self.program.visit_state::<R>(self.rules.optimizer.state_slots(), |from, to| {
            state[to..to + from.len()].copy_from_slice(&own[from]);
        });
    }

    fn set_state(&mut self, state: &[R]) {
        let own = self.memory.state.all_mut();
        self.program.visit_state::<R>(self.rules.optimizer.state_slots(), |to, from| {
            let from = from..from + to.len();
            own[to].copy_from_slice(&state[from]);
        });
    }

    fn forward(&mut self, batch: Rows<'_>) {
        self.run(batch, false, R::ZERO);
        let is_one_tile = batch.rows.len() <= self.program.capacity;
        self.looked = (self.is_full_batch && is_one_tile).then_some(batch.epoch);
    }

    fn outputs(&self, rows: usize) -> &[R] {
        &self.memory.outputs[..rows * self.program.outputs]
    }

    fn leaves_outputs(&self) -> bool {
        true
    }

    fn row_losses(&self, rows: usize) -> Option<&[R]> {
        self.has_losses.then(|| &self.memory.losses[..rows])
    }

    fn step(&mut self, batch: Rows<'_>, rates: &Rates) -> bool {
        self.prepare(rates);
        let is_finite = self.run(batch, true, loss_bound(batch.data, batch.rows.len()));
        if is_finite && self.rules.wants_whole_gradient() {
            self.update_kept(batch);
        }
        is_finite
    }
}
