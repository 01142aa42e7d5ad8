//! One pass over the data, by all members of a team at once.
#![allow(unsafe_code, reason = "the members of a team share out slices by barriers")]

use std::ops::Range;

use crate::kernels::lanes::{self, LaneSizes, PARTIAL};
use crate::kernels::losses::OutputLimits;
use crate::kernels::narrow_hidden::{self, Sizes};
use crate::kernels::panels::panel_width;
use crate::kernels::{elementwise, losses};
use crate::losses::{Factors, LaneBatch, Loss};
use crate::optimizers::StepRule;
use crate::real::Real;
use crate::team::{Member, Shared};

/// The parameters of a part of the hidden layer: its units, and where the runs of its tensors lie.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// Which units, padding included.
    pub(super) units: Range<usize>,
    /// Weights into the units, weights out of them, biases; they follow each other.
    pub(super) runs: [Range<usize>; 3],
}

impl Part {
    pub(super) fn new(sizes: Sizes, units: Range<usize>) -> Self {
        let start = units.start * sizes.planes();
        let into = start + units.len() * sizes.inputs;
        let out = into + units.len() * sizes.outputs;
        let end = out + units.len();
        Part { units, runs: [start..into, into..out, out..end] }
    }

    /// All its parameters.
    fn all(&self) -> Range<usize> {
        self.runs[0].start..self.runs[2].end
    }
}

/// What a pass that changes parameters needs beyond the outputs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Learn<R> {
    /// Of the three runs of a part; none where they stay.
    pub(super) rules: [Option<StepRule<R>>; 3],
    /// Of the outputs' biases.
    pub(super) bias_rule: Option<StepRule<R>>,
    /// Whether the three rules are one that sees no borders between runs.
    pub(super) is_one: bool,
    /// l2 and l1, where there is any.
    pub(super) penalty: Option<(R, R)>,
}

/// One pass: what all members see.
pub(super) struct Pass<'a, R> {
    pub(super) sizes: Sizes,
    pub(super) rows: usize,
    /// A part for each member.
    pub(super) parts: &'a [Part],
    /// The units of the parts.
    pub(super) units: &'a [Range<usize>],
    pub(super) x: &'a [R],
    pub(super) targets: &'a [R],
    pub(super) loss: &'a Loss,
    /// 1/rows, or 1.
    pub(super) factor: R,
    /// What the squares of a member's outputs together may not exceed.
    pub(super) limits: OutputLimits<R>,
    pub(super) learn: Option<Learn<R>>,
    pub(super) slots: usize,
    /// Read by all until the barrier; then each member changes its own part.
    pub(super) weights: Shared<'a, R>,
    /// Each member's own part.
    pub(super) gradients: Shared<'a, R>,
    /// Each member's own part.
    pub(super) state: Shared<'a, R>,
    /// The biases of the outputs, padded: read by all until the barrier, then changed by member 0.
    pub(super) bias: Shared<'a, R>,
    /// Member 0's.
    pub(super) bias_state: Shared<'a, R>,
    /// Member 0's: what the sums of the biases' gradients are joined from, and the gradients.
    pub(super) bias_sums: (Shared<'a, R>, Shared<'a, R>),
    /// Each member writes its own panels of rows.
    pub(super) z: Shared<'a, R>,
    /// Each member writes its own panels of rows before the barrier; all read all of it after.
    pub(super) dz: Shared<'a, R>,
    /// Each member writes its own before the barrier; all read all of it after.
    pub(super) is_fine: Shared<'a, bool>,
    /// The losses of the rows, where they are wanted: each member writes those of its own.
    pub(super) losses: Option<Shared<'a, R>>,
}

impl<R: Real> Pass<'_, R> {
    /// A member's part of the pass.
    pub(super) fn run(&self, member: Member<'_>) {
        let is_fine = self.forward(member);
        let Some(learn) = &self.learn else { return };
        let me = member.index();
        // SAFETY: each member writes its own.
        unsafe { self.is_fine.part(me..me + 1) }.fill(is_fine);
        member.wait();
        // SAFETY: nobody writes these after the barrier.
        let are_fine = unsafe { self.is_fine.read(0..member.count()) };
        if are_fine.contains(&false) {
            return;
        }
        // As many parts as members; one member alone has them all.
        for part in &self.parts[member.share(self.parts.len())] {
            self.learn_part(learn, part);
        }
        if me == 0
            && let Some(rule) = &learn.bias_rule
        {
            self.learn_bias(rule);
        }
    }

    /// The outputs of the member's rows and, for a step, the gradient by them; whether the loss is finite for certain.
    fn forward(&self, member: Member<'_>) -> bool {
        let panel = panel_width::<R>();
        let panels = member.share(self.rows.div_ceil(panel));
        let rows = panels.start * panel..self.rows.min(panels.end * panel);
        if rows.is_empty() {
            return true;
        }
        let Sizes { inputs, outputs, .. } = self.sizes;
        let lanes = panels.start * panel * outputs..panels.end * panel * outputs;
        // SAFETY: parameters change after the barrier only.
        let (weights, bias) =
            unsafe { (self.weights.read(0..self.weights.len()), self.bias.read(0..self.bias.len())) };
        // SAFETY: these rows are this member's alone until the barrier, and nobody reads outputs after it.
        let z = unsafe { self.z.part(lanes.clone()) };
        let x = &self.x[panels.start * panel * inputs..panels.end * panel * inputs];
        narrow_hidden::forward(self.sizes, self.units, weights, bias, x, z);
        if self.learn.is_none() || !narrow_hidden::are_within(z, self.limits) {
            return false;
        }
        let batch = LaneBatch {
            rows: rows.len(),
            width: outputs,
            stride: panel,
            predictions: z,
            targets: &self.targets[lanes.clone()],
            factors: Factors::Same(self.factor),
        };
        let of_rows = panels.start * panel..panels.end * panel;
        // SAFETY: these rows are this member's alone.
        let values = self.losses.map(|losses| unsafe { losses.part(of_rows) });
        // SAFETY: these rows are this member's alone until the barrier.
        losses::in_lanes(self.loss, batch, unsafe { self.dz.part(lanes) }, values);
        true
    }

    /// Gradients, penalties and update of a part of the hidden layer.
    fn learn_part(&self, learn: &Learn<R>, part: &Part) {
        let all = part.all();
        if all.is_empty() {
            return;
        }
        // SAFETY: gradients by the outputs were written before the barrier.
        let dz = unsafe { self.dz.read(0..self.dz.len()) };
        // SAFETY: this part is the member's alone; after the barrier nobody reads the weights of others.
        let (weights, gradients) =
            unsafe { (self.weights.part(all.clone()), self.gradients.part(all.clone())) };
        // SAFETY: the state of this part is the member's alone.
        let state = unsafe { self.state.part(all.start * self.slots..all.end * self.slots) };
        narrow_hidden::gradients(self.sizes, self.rows, self.x, dz, weights, gradients);
        if let Some((l2, l1)) = learn.penalty {
            let penalised = part.runs[1].end - all.start;
            elementwise::penalise(l2, l1, &weights[..penalised], &mut gradients[..penalised]);
        }
        if let (true, Some(rule)) = (learn.is_one, &learn.rules[0]) {
            elementwise::apply(rule, weights, gradients, state);
            return;
        }
        for (run, rule) in part.runs.iter().zip(&learn.rules) {
            if let Some(rule) = rule {
                let (start, end) = (run.start - all.start, run.end - all.start);
                let slots = &mut state[start * self.slots..end * self.slots];
                elementwise::apply(rule, &mut weights[start..end], &gradients[start..end], slots);
            }
        }
    }

    /// Gradient and update of the outputs' biases: sums in 64 lanes over the rows.
    fn learn_bias(&self, rule: &StepRule<R>) {
        let outputs = self.sizes.outputs;
        // SAFETY: gradients by the outputs were written before the barrier.
        let dz = unsafe { self.dz.read(0..self.dz.len()) };
        // SAFETY: these are member 0's alone; after the barrier nobody else reads the biases.
        let (bias, state, parts, sums) = unsafe {
            (
                self.bias.part(0..outputs),
                self.bias_state.part(0..self.bias_state.len()),
                self.bias_sums.0.part(0..self.bias_sums.0.len()),
                self.bias_sums.1.part(0..self.bias_sums.1.len()),
            )
        };
        let sizes = LaneSizes { rows: self.rows, in_features: 0, out_features: outputs };
        lanes::partial_sums(sizes, &[], dz, &mut [], &mut parts[..outputs * PARTIAL]);
        lanes::join(parts, sums);
        elementwise::apply(rule, bias, &sums[..outputs], state);
    }
}
