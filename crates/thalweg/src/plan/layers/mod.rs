//! The plan that runs any network of our own layers layer by layer, as the plain plan does, on a team of threads.
//!
//! Matrices are those of the whole batch, row-major. The members share out rows: each takes its own through all layers up to the
//! next one that looks at the whole batch, a few at a time, which so stay in cache. Between barriers they share out what is not a
//! matter of rows: channels of normalisations, units of parameters. Sums over rows are cut where NUMERICS cuts them, into blocks: whoever
//! has all rows of a block adds it up, and the blocks are added in order. Where members cannot have whole blocks, because there are too few, each
//! takes some of the sums whole.
//!
//! | file | what |
//! |---|---|
//! | `program.rs` | a network as steps, and the phases in which a team runs them |
//! | `builder/` | from layers to that |
//! | `slots.rs` | where matrices lie, by how long they live |
//! | `memory.rs` | what the plan owns, and the view of it that a team shares |
//! | `pass/` | the phases as a member runs them |
//! | `predict.rs` | forward passes alone |

mod builder;
mod memory;
mod pass;
mod predict;
mod program;
mod slots;
#[cfg(test)]
mod tests;

use std::fmt;

pub(crate) use predict::LayerForward;

use super::own_units::OwnUnits;
use super::{Arena, GradientPlan, Rates, Rows, Rules, StepPlan, WORTH_SHARING, Wanted};
use crate::data::DatasetTargets;
use crate::error::Result;
use crate::kernels::OrderedSum;
use crate::losses::{Factors, Loss, Targets};
use crate::network::Network;
use crate::optimizers::Optimizer;
use crate::real::Real;
use crate::team::{Crew, Pace};
use builder::Size;
use memory::Memory;
use pass::{Batch, Chunk, Input, Pass, Updates};
use program::Program;

/// Trains any network of our own layers, in batches of any size.
pub(crate) struct LayerPlan<R: Real> {
    program: Program,
    rules: Rules,
    crew: Crew,
    memory: Memory<R>,
    updates: Updates<R>,
    /// Numbers of the rows in the data.
    row_numbers: Vec<u32>,
    /// In the units of training, where they are values.
    targets: Vec<R>,
    own_units: OwnUnits<R>,
    /// What each row's gradient is multiplied by, where rows weigh differently.
    factors: Vec<R>,
    outputs: usize,
    is_full_batch: bool,
    has_gathered: bool,
    /// The epoch of the last forward pass and its loss, if a step of a full batch may go on from there.
    looked: Option<(u64, f64)>,
}

impl<R: Real> fmt::Debug for LayerPlan<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LayerPlan").field("program", &self.program).finish_non_exhaustive()
    }
}

/// Multiplications, and values that come of none, of one row's forward pass.
fn work<R: Real>(network: &Network<R>) -> usize {
    let each = network
        .layers()
        .iter()
        .map(|placed| placed.layer.multiplications(&placed.input) + placed.output.len());
    each.sum()
}

impl<R: Real> LayerPlan<R> {
    /// Lays out the steps of `network`; `None` for one with a user's own part, or with shards.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub(crate) fn new(network: &Network<R>, wanted: Wanted<'_>) -> Result<Option<Self>> {
        let is_worth_sharing = wanted.largest_batch * work(network) >= WORTH_SHARING;
        let threads = if is_worth_sharing { wanted.threads } else { 1 };
        LayerPlan::on(network, Wanted { threads, ..wanted })
    }

    /// The same on as many threads as are wanted, however small the network.
    fn on(network: &Network<R>, wanted: Wanted<'_>) -> Result<Option<Self>> {
        let Wanted { rules, data, largest_batch, is_full_batch, threads } = wanted;
        let has_custom =
            matches!(rules.loss, Loss::Custom(_)) || matches!(rules.optimizer, Optimizer::Custom(_));
        if rules.shards > 1 || has_custom {
            return Ok(None);
        }
        let size = Size { rules: Some(rules), largest_batch, threads };
        let Some(program) = Program::new::<R>(network.layers(), size) else { return Ok(None) };
        let crew = Crew::new(threads, Pace::new())?;
        let outputs = network.output_shape().len();
        let target_values = match data.targets() {
            DatasetTargets::Values { .. } => largest_batch * outputs,
            DatasetTargets::Classes { .. } | DatasetTargets::None => 0,
        };
        let slots = rules.optimizer.state_slots();
        let count = network.parameter_count();
        let mut plan = LayerPlan {
            memory: Memory::new(&program, count, slots, largest_batch, threads),
            updates: Updates::new(network.layers(), rules),
            row_numbers: vec![0; largest_batch],
            targets: vec![R::ZERO; target_values],
            own_units: OwnUnits::new(&rules.loss, data, outputs, largest_batch),
            factors: vec![R::ZERO; if data.weights().is_some() { largest_batch } else { 0 }],
            rules: rules.clone(),
            outputs,
            is_full_batch,
            has_gathered: false,
            looked: None,
            crew,
            program,
        };
        plan.set_parameters(network.parameters());
        Ok(Some(plan))
    }

    /// Brings in what does not go by rows, and runs forward as far as the losses of the rows.
    fn forward_pass(&mut self, batch: Rows<'_>) {
        let rows = batch.rows.len();
        let most = self.row_numbers.len();
        assert!(rows <= most, "a batch of {rows} rows in a plan for {most}");
        let is_known = self.is_full_batch && self.has_gathered;
        if !is_known {
            self.gather(batch);
        }
        let input = if is_known { Input::Gathered } else { Input::Data(batch.data, batch.rows) };
        // Losses are of outputs in the target's own units.
        let is_own =
            batch.data.target_scale().is_none() && !matches!(batch.data.targets(), DatasetTargets::None);
        let shared = Batch {
            rows,
            input,
            training: Some((&self.row_numbers, self.rules.seed, batch.epoch)),
            loss: &self.rules.loss,
            own_targets: is_own.then(|| self.own_units.targets(rows)),
            targets: Targets::Classes(&[]),
            factors: Factors::Same(R::ONE),
        };
        let team = self.crew.next(rows);
        let (program, buffers) = (&self.program, self.memory.buffers());
        team.run(|member| {
            let pass = Pass { program, buffers, batch: shared, member };
            pass.prepare();
            pass.run(&program.forward);
        });
        self.has_gathered = true;
        if !is_own {
            self.losses_in_own_units(batch);
        }
    }

    fn gather(&mut self, batch: Rows<'_>) {
        let rows = batch.rows.len();
        self.own_units.gather(batch);
        if let DatasetTargets::Values { .. } = batch.data.targets() {
            let targets = &mut self.targets[..rows * self.outputs];
            batch.data.gather_targets(batch.rows, self.outputs, targets);
        }
        for (number, &row) in self.row_numbers.iter_mut().zip(batch.rows) {
            *number = batch.data.row_numbers()[row as usize];
        }
    }

    /// The losses of the rows where the target is scaled.
    fn losses_in_own_units(&mut self, batch: Rows<'_>) {
        if let DatasetTargets::None = batch.data.targets() {
            return;
        }
        let rows = batch.rows.len();
        let (outputs, losses) = self.memory.outputs_and_losses(&self.program, rows);
        self.own_units.note(batch.data, outputs);
        let (predictions, targets) = self.own_units.pair(outputs);
        let each = predictions.chunks_exact(self.outputs).zip(losses);
        for (n, (predictions, value)) in each.enumerate() {
            *value = self.rules.loss.row_value(predictions, targets.row(n, self.outputs));
        }
    }

    /// The loss of the last forward pass, joined over the rows, in the target's own units.
    fn loss(&self, rows: usize) -> f64 {
        let weights = self.own_units.weights(rows);
        let mut sum = OrderedSum::new();
        weights.add(&self.memory.losses[..rows], &mut sum);
        self.rules.loss.join::<R>(sum.total(), weights.total())
    }

    /// Back from the last forward pass: the gradients, and with rates the update.
    fn backward_pass(&mut self, batch: Rows<'_>, rates: Option<&Rates>) {
        let rows = batch.rows.len();
        let weights = self.own_units.weights(rows);
        let targets = match batch.data.targets() {
            DatasetTargets::Values { .. } => Targets::Values(&self.targets[..rows * self.outputs]),
            DatasetTargets::Classes { .. } | DatasetTargets::None => self.own_units.targets(rows),
        };
        let shared = Batch {
            rows,
            input: Input::Gathered,
            training: Some((&self.row_numbers, self.rules.seed, batch.epoch)),
            loss: &self.rules.loss,
            own_targets: None,
            targets,
            factors: self.rules.loss.gradient_factors(weights, &mut self.factors),
        };
        let team = self.crew.now();
        let (program, rules, updates) = (&self.program, &self.rules, &self.updates);
        let buffers = self.memory.buffers();
        team.run(|member| {
            let pass = Pass { program, buffers, batch: shared, member };
            pass.run(&program.backward);
            pass.finish_gradients(updates, rules);
            if let Some(rates) = rates {
                pass.update(updates, rules, rates);
            }
        });
    }

    /// Calls `visit(own, plain)` with the places of every value of the optimizer's state.
    fn visit_state(&self, mut visit: impl FnMut(usize, usize)) {
        let slots = self.rules.optimizer.state_slots();
        for Chunk { range, of, .. } in &self.updates.chunks {
            for slot in 0..slots {
                let own = range.start * slots + slot * range.len();
                let plain = of.start * slots + slot * of.len() + (range.start - of.start);
                (0..range.len()).for_each(|i| visit(own + i, plain + i));
            }
        }
    }
}

impl<R: Real> StepPlan<R> for LayerPlan<R> {
    fn read_parameters(&self, parameters: &mut [R]) {
        parameters.copy_from_slice(self.memory.parameters.all());
    }

    fn set_parameters(&mut self, parameters: &[R]) {
        self.memory.parameters.all_mut().copy_from_slice(parameters);
        self.looked = None;
    }

    fn read_state(&self, state: &mut [R]) {
        let own = self.memory.state.all();
        self.visit_state(|from, to| state[to] = own[from]);
    }

    fn set_state(&mut self, state: &[R]) {
        let mut own = std::mem::replace(&mut self.memory.state, Arena::with_len(0));
        self.visit_state(|to, from| own.all_mut()[to] = state[from]);
        self.memory.state = own;
    }

    fn forward(&mut self, batch: Rows<'_>) {
        self.forward_pass(batch);
        let loss = self.loss(batch.rows.len());
        self.looked = self.is_full_batch.then_some((batch.epoch, loss));
    }

    fn outputs(&self, rows: usize) -> &[R] {
        self.memory.kept_outputs(&self.program, rows)
    }

    fn leaves_outputs(&self) -> bool {
        true
    }

    fn row_losses(&self, rows: usize) -> Option<&[R]> {
        Some(&self.memory.losses[..rows])
    }

    fn step(&mut self, batch: Rows<'_>, rates: &Rates) -> bool {
        let loss = match self.looked.take() {
            Some((epoch, loss)) if epoch == batch.epoch => loss,
            _ => {
                self.forward_pass(batch);
                self.loss(batch.rows.len())
            }
        };
        if !loss.is_finite() {
            return false;
        }
        self.backward_pass(batch, Some(rates));
        true
    }
}

impl<R: Real> GradientPlan<R> for LayerPlan<R> {
    fn look(&mut self, batch: Rows<'_>, parameters: &[R], gradients: &mut [R]) -> f64 {
        self.forward_at(batch, parameters);
        let rows = batch.rows.len();
        let targets = match batch.data.targets() {
            DatasetTargets::Values { .. } => Targets::Values(&self.targets[..rows * self.outputs]),
            DatasetTargets::Classes { .. } | DatasetTargets::None => self.own_units.targets(rows),
        };
        let (outputs, weights) = (self.outputs(rows), self.own_units.weights(rows));
        let mut sum = OrderedSum::new();
        self.rules.loss.add_values(self.outputs, outputs, targets, weights, &mut sum);
        let value = self.rules.loss.join::<f64>(sum.total(), weights.total());
        self.backward_pass(batch, None);
        gradients.copy_from_slice(self.memory.gradients.all());
        value
    }

    fn forward_at(&mut self, batch: Rows<'_>, parameters: &[R]) {
        self.set_parameters(parameters);
        self.forward_pass(batch);
    }

    fn last_outputs(&self, rows: usize) -> &[R] {
        self.outputs(rows)
    }
}
