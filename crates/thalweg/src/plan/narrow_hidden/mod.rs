//! The plan of a net of two dense layers with few inputs, few outputs and rectified units between, on the whole data at
//! every step ([`crate::kernels::narrow_hidden`]).
//!
//! Forward, rows lie in lanes; backward, units do, and gradients stay in registers down the rows. Where there are very few
//! inputs and outputs, a hidden value costs so few products that it is computed twice and never stored; otherwise it is
//! kept and turned from rows in lanes to units in lanes. What is kept are pieces of the rows that stay in the second cache.
//!
//! A team shares out the rows of a piece in the forward pass and the loss, meets once, and then shares out the units; at the
//! end, their updates.

mod layout;
mod pass;
#[cfg(test)]
mod tests;

use std::fmt;
use std::ops::Range;

use super::arena::Arena;
use super::limit::output_limits;
use super::{Rates, Rows, Rules, StepPlan, fit};
use crate::data::{Dataset, DatasetTargets};
use crate::kernels;
use crate::kernels::lanes::PARTIAL;
use crate::kernels::losses::OutputLimits;
use crate::kernels::narrow_hidden::{Sizes, unit_width};
use crate::kernels::panels::panel_width;
use crate::kernels::sums::ROWS;
use crate::losses::{Factors, LaneBatch, Loss};
use crate::network::Network;
use crate::optimizers::{StepRule, Update};
use crate::real::Real;
use crate::team::{Crew, Pace, Shared};

use layout::Net;
use pass::{Learn, Part, Pass};

/// Rows times units times inputs and outputs, in bytes, below which a step (some 3 µs then) is too short for a second
/// thread.
const LEAST_SHARED: usize = 400 << 10;

/// The plan for few inputs, a hidden layer and few outputs.
pub(crate) struct NarrowHiddenPlan<R: Real> {
    rules: Rules,
    net: Net,
    rows: usize,
    /// A part of the hidden layer for each member, and its units.
    parts: Vec<Part>,
    units: Vec<Range<usize>>,
    /// Rows in lanes, as all matrices.
    x: Arena<R>,
    targets: Arena<R>,
    z: Arena<R>,
    /// The values of the hidden layer, where they are not computed twice.
    hidden: Option<Arena<R>>,
    dz: Arena<R>,
    factor: R,
    /// The squares of all outputs of a member together may not exceed this, or the loss might not be finite.
    limits: OutputLimits<R>,
    /// Part after part, and of each part the runs one after the other.
    weights: Arena<R>,
    gradients: Arena<R>,
    /// In the same order, of each run its slots one after the other.
    state: Arena<R>,
    bias: Arena<R>,
    bias_state: Vec<R>,
    /// What the sums of the biases' gradients are joined from, and the gradients.
    bias_sums: (Arena<R>, Arena<R>),
    is_fine: Vec<bool>,
    /// The last outputs, row-major.
    row_major: Vec<R>,
    /// The losses of the rows that these are of, and of lanes without a row; empty where the target is scaled.
    row_losses: Vec<R>,
    /// Whether a step computes them.
    takes_losses: bool,
    crew: Crew,
}

impl<R: Real> NarrowHiddenPlan<R> {
    /// The plan of `network` on all rows of `data`, on up to so many threads; `None` where it does not fit.
    pub(crate) fn new(network: &Network<R>, rules: &Rules, data: &Dataset, threads: usize) -> Option<Self> {
        let Sizes { inputs, hidden, outputs } = Net::of(network)?.sizes;
        let work = data.rows() * hidden * (inputs + outputs) * size_of::<R>();
        let threads = if work < LEAST_SHARED { 1 } else { threads };
        let pace = Pace::for_steps_of(data.rows() * hidden * (inputs + outputs));
        NarrowHiddenPlan::with_threads(network, rules, data, threads, pace)
    }

    /// The plan on so many threads even where they are of no use, if there are units for each.
    fn with_threads(
        network: &Network<R>,
        rules: &Rules,
        data: &Dataset,
        threads: usize,
        pace: Pace,
    ) -> Option<Self> {
        fit::check(network, &rules.loss, data).ok()?;
        let is_known = !matches!(rules.loss, Loss::Custom(_))
            && rules.optimizer.is_elementwise()
            && !matches!(data.targets(), DatasetTargets::None);
        let rows = data.rows();
        if !is_known || rules.shards != 1 || rules.clip_norm.is_some() || rows > ROWS {
            return None;
        }
        let net = Net::of(network)?;
        let sizes = net.sizes;
        let limits = output_limits::<R>(&rules.loss, data, sizes.outputs)?;
        let all: Vec<u32> = (0..rows as u32).collect();
        let mut x = vec![R::ZERO; rows * sizes.inputs];
        data.gather(&all, &mut x);
        let mut targets = vec![R::ZERO; rows * sizes.outputs];
        data.gather_targets(&all, sizes.outputs, &mut targets);

        let registers = sizes.hidden.div_ceil(unit_width::<R>());
        let threads = threads.clamp(1, registers);
        let crew = Crew::new(threads, pace).or_else(|_| Crew::new(1, Pace::new())).ok()?;
        let threads = crew.threads();
        let parts = layout::parts::<R>(sizes, threads);
        let padded = registers * unit_width::<R>() * sizes.planes();
        let lanes = rows.next_multiple_of(panel_width::<R>());
        let slots = rules.optimizer.state_slots();
        let mut plan = NarrowHiddenPlan {
            rules: rules.clone(),
            rows,
            units: parts.iter().map(|part| part.units.clone()).collect(),
            parts,
            x: layout::in_lanes(&x, sizes.inputs),
            targets: layout::in_lanes(&targets, sizes.outputs),
            z: Arena::with_len(lanes * sizes.outputs),
            hidden: net.keeps().then(|| {
                let units = registers * unit_width::<R>();
                let (piece, all) = (layout::piece_panels(units, threads), lanes / panel_width::<R>());
                // A team has a second place for the next piece, if there is one.
                let panels = if piece >= all { all } else { piece * threads.min(2) };
                Arena::with_len(panels * panel_width::<R>() * units)
            }),
            dz: Arena::with_len(lanes * sizes.outputs),
            factor: rules.loss.gradient_factor(rows),
            limits,
            weights: Arena::with_len(padded),
            gradients: Arena::with_len(padded),
            state: Arena::with_len(padded * slots),
            bias: Arena::with_len(PARTIAL),
            bias_state: vec![R::ZERO; slots * sizes.outputs],
            bias_sums: (Arena::with_len(PARTIAL * PARTIAL), Arena::with_len(PARTIAL)),
            is_fine: vec![true; 2 * threads],
            row_major: vec![R::ZERO; rows * sizes.outputs],
            row_losses: vec![R::ZERO; if data.target_scale().is_none() { lanes } else { 0 }],
            takes_losses: false,
            crew,
            net,
        };
        plan.set_parameters(network.parameters());
        Some(plan)
    }

    /// One pass over the data. `true`: the parameters were changed.
    fn pass(&mut self, batch: Rows<'_>, learn: Option<Learn<R>>) -> bool {
        assert_eq!(batch.rows.len(), self.rows, "the batch is the whole data");
        let is_step = learn.is_some();
        self.is_fine.fill(true);
        let pass = Pass {
            sizes: self.net.sizes,
            rows: self.rows,
            parts: &self.parts,
            units: &self.units,
            x: self.x.all(),
            targets: self.targets.all(),
            loss: &self.rules.loss,
            factor: self.factor,
            limits: self.limits,
            learn,
            slots: self.rules.optimizer.state_slots(),
            weights: Shared::new(self.weights.all_mut()),
            gradients: Shared::new(self.gradients.all_mut()),
            state: Shared::new(self.state.all_mut()),
            bias: Shared::new(self.bias.all_mut()),
            bias_state: Shared::new(&mut self.bias_state),
            bias_sums: (Shared::new(self.bias_sums.0.all_mut()), Shared::new(self.bias_sums.1.all_mut())),
            z: Shared::new(self.z.all_mut()),
            hidden: self.hidden.as_mut().map(|hidden| Shared::new(hidden.all_mut())),
            dz: Shared::new(self.dz.all_mut()),
            is_fine: Shared::new(&mut self.is_fine),
            losses: (self.takes_losses && is_step && !self.row_losses.is_empty())
                .then(|| Shared::new(&mut self.row_losses)),
        };
        self.crew.next(self.rows).run(|member| pass.run(member));
        is_step && self.is_fine.iter().all(|&is_fine| is_fine)
    }

    /// Brings the outputs from lanes into rows.
    fn lay_out_outputs(&mut self) {
        let (z, outputs, panel) = (self.z.all(), self.net.sizes.outputs, panel_width::<R>());
        let panels = self.row_major.chunks_mut(panel * outputs).zip(z.chunks_exact(panel * outputs));
        for (rows, lanes) in panels {
            for (n, row) in rows.chunks_exact_mut(outputs).enumerate() {
                for (o, value) in row.iter_mut().enumerate() {
                    *value = lanes[o * panel + n];
                }
            }
        }
    }

    /// The losses of the rows from their outputs, unless the target is scaled.
    fn compute_losses(&mut self) {
        if self.row_losses.is_empty() {
            return;
        }
        let batch = LaneBatch {
            rows: self.rows,
            width: self.net.sizes.outputs,
            stride: panel_width::<R>(),
            predictions: self.z.all(),
            targets: self.targets.all(),
            factors: Factors::Same(self.factor),
        };
        // The gradient comes along, into memory that each step writes anew.
        let d = self.dz.all_mut();
        kernels::losses::in_lanes(&self.rules.loss, batch, d, Some(&mut self.row_losses));
    }

    /// The rules of this step.
    fn learn(&self, rates: &Rates) -> Learn<R> {
        let Rules { optimizer, weight_decay, frozen, l1, l2, .. } = &self.rules;
        let rule = |layer: usize, weight_decay: f64| {
            let learning_rate = rates.learning_rates[layer];
            let update = Update { step: rates.step, learning_rate, weight_decay };
            let rule: Option<StepRule<R>> = optimizer.at_step(&update);
            (!frozen.contains(&layer)).then(|| rule.expect("a built-in rule, by `new`"))
        };
        let [first, second] = self.net.layers;
        let is_decayed = *weight_decay != 0.0;
        let is_like_first = rates.learning_rates[first] == rates.learning_rates[second]
            && frozen.contains(&first) == frozen.contains(&second);
        let into = rule(first, *weight_decay);
        let bias = if is_decayed { rule(first, 0.0) } else { into };
        let out = if is_like_first { into } else { rule(second, *weight_decay) };
        let bias_rule = match (is_like_first, is_decayed) {
            (true, _) => bias,
            (false, true) => rule(second, 0.0),
            (false, false) => out,
        };
        Learn {
            rules: [into, out, bias],
            bias_rule,
            is_one: is_like_first && !is_decayed && into.is_some() && optimizer.state_slots() <= 1,
            penalty: (*l2 != 0.0 || *l1 != 0.0).then(|| (R::from_f64(*l2), R::from_f64(*l1))),
        }
    }

    /// Calls `visit` for each parameter of the hidden layer with its tensor's number, its place in the tensor in the
    /// plain plan, the run that it lies in here, and its place in the run.
    fn for_parameters(&self, mut visit: impl FnMut(usize, usize, &Range<usize>, usize)) {
        let Sizes { inputs, hidden, outputs } = self.net.sizes;
        for part in &self.parts {
            let len = part.units.len();
            for unit in part.units.start..part.units.end.min(hidden) {
                let within = unit - part.units.start;
                for i in 0..inputs {
                    visit(0, i * hidden + unit, &part.runs[0], i * len + within);
                }
                for o in 0..outputs {
                    visit(1, unit * outputs + o, &part.runs[1], o * len + within);
                }
                visit(2, unit, &part.runs[2], within);
            }
        }
    }

    /// Calls `visit` with the places of each value of the hidden layer's state in the plain plan's and here.
    fn for_state(&self, mut visit: impl FnMut(usize, usize)) {
        let slots = self.rules.optimizer.state_slots();
        self.for_parameters(|tensor, at, run, within| {
            let plain = &self.net.plain[tensor];
            for slot in 0..slots {
                visit(
                    plain.start * slots + slot * plain.len() + at,
                    run.start * slots + slot * run.len() + within,
                );
            }
        });
    }

    /// Where the state of the outputs' biases lies in the plain plan.
    fn plain_bias_state(&self) -> Range<usize> {
        let start = self.net.plain[3].start * self.rules.optimizer.state_slots();
        start..start + self.bias_state.len()
    }
}

impl<R: Real> StepPlan<R> for NarrowHiddenPlan<R> {
    fn read_parameters(&self, parameters: &mut [R]) {
        let weights = self.weights.all();
        let Sizes { inputs, hidden, outputs } = self.net.sizes;
        let [into, out, biases, _] = &self.net.plain;
        for part in &self.parts {
            let (len, units) = (part.units.len(), part.units.start..part.units.end.min(hidden));
            for i in 0..inputs {
                let from = &weights[part.runs[0].start + i * len..][..units.len()];
                parameters[into.start + i * hidden + units.start..][..units.len()].copy_from_slice(from);
            }
            for o in 0..outputs {
                let from = &weights[part.runs[1].start + o * len..][..units.len()];
                for (unit, &value) in units.clone().zip(from) {
                    parameters[out.start + unit * outputs + o] = value;
                }
            }
            let from = &weights[part.runs[2].start..][..units.len()];
            parameters[biases.start + units.start..][..units.len()].copy_from_slice(from);
        }
        parameters[self.net.plain[3].clone()].copy_from_slice(&self.bias.all()[..self.net.sizes.outputs]);
    }

    fn set_parameters(&mut self, parameters: &[R]) {
        let mut weights = std::mem::replace(&mut self.weights, Arena::with_len(0));
        self.for_parameters(|tensor, at, run, within| {
            weights.all_mut()[run.start + within] = parameters[self.net.plain[tensor].start + at];
        });
        self.weights = weights;
        self.bias.all_mut()[..self.net.sizes.outputs].copy_from_slice(&parameters[self.net.plain[3].clone()]);
    }

    fn read_state(&self, state: &mut [R]) {
        self.for_state(|plain, own| state[plain] = self.state.all()[own]);
        state[self.plain_bias_state()].copy_from_slice(&self.bias_state);
    }

    fn set_state(&mut self, state: &[R]) {
        let mut of_units = std::mem::replace(&mut self.state, Arena::with_len(0));
        self.for_state(|plain, own| of_units.all_mut()[own] = state[plain]);
        self.state = of_units;
        let plain = self.plain_bias_state();
        self.bias_state.copy_from_slice(&state[plain]);
    }

    fn forward(&mut self, batch: Rows<'_>) {
        self.pass(batch, None);
        self.lay_out_outputs();
        self.compute_losses();
    }

    fn leaves_outputs(&self) -> bool {
        true
    }

    fn recall(&mut self) {
        self.lay_out_outputs();
        if !self.takes_losses {
            self.compute_losses();
        }
    }

    fn expect_recalls(&mut self) {
        self.takes_losses = true;
    }

    fn outputs(&self, rows: usize) -> &[R] {
        &self.row_major[..rows * self.net.sizes.outputs]
    }

    fn row_losses(&self, rows: usize) -> Option<&[R]> {
        self.row_losses.get(..rows)
    }

    fn step(&mut self, batch: Rows<'_>, rates: &Rates) -> bool {
        let learn = self.learn(rates);
        self.pass(batch, Some(learn))
    }
}

impl<R: Real> fmt::Debug for NarrowHiddenPlan<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NarrowHiddenPlan")
            .field("sizes", &self.net.sizes)
            .field("rows", &self.rows)
            .field("threads", &self.crew.threads())
            .finish_non_exhaustive()
    }
}
