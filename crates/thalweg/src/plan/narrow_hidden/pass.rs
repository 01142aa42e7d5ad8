//! One pass over the data, by all members of a team at once.
#![allow(unsafe_code, reason = "the members of a team share out slices by barriers")]

use std::ops::Range;

use super::layout;
use crate::kernels::lanes::{self, LaneSizes, PARTIAL};
use crate::kernels::losses::OutputLimits;
use crate::kernels::narrow_hidden::{self, Parameters, Piece, Sizes};
use crate::kernels::panels::panel_width;
use crate::kernels::{elementwise, losses};
use crate::losses::{Factors, LaneBatch, Loss};
use crate::optimizers::StepRule;
use crate::real::Real;
use crate::team::{Member, Shared};

/// Outputs from which on the gradients of their biases are chains down the rows (NUMERICS rule 4).
const CHAINED: usize = 8;

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
    /// The values of the hidden layer, where they are kept, of two pieces in turn: each member writes those of its own rows
    /// before the barrier; all read all of them after.
    pub(super) hidden: Option<Shared<'a, R>>,
    /// Each member writes its own panels of rows before the barrier; all read all of it after.
    pub(super) dz: Shared<'a, R>,
    /// For two pieces in turn, like the hidden values.
    pub(super) is_fine: Shared<'a, bool>,
    /// The losses of the rows, where they are wanted: each member writes those of its own.
    pub(super) losses: Option<Shared<'a, R>>,
}

impl<R: Real> Pass<'_, R> {
    /// A member's part of the pass.
    pub(super) fn run(&self, member: Member<'_>) {
        let panels = self.rows.div_ceil(panel_width::<R>());
        let Some(learn) = &self.learn else {
            let share = member.share(panels);
            self.forward(share.start..share.end, None);
            return;
        };
        // As many parts as members; one member alone has them all.
        let parts = &self.parts[member.share(self.parts.len())];
        let mut start = 0;
        let mut parity = 0;
        while start < panels {
            let piece = start..panels.min(start + self.piece_panels(member.count()));
            if !self.work_piece(member, parity, piece.clone(), parts) {
                return;
            }
            start = piece.end;
            parity = 1 - parity;
        }
        for part in parts {
            self.update_part(learn, part);
        }
        if member.index() == 0
            && let Some(rule) = &learn.bias_rule
        {
            self.learn_bias(rule);
        }
    }

    /// How many panels of rows go forward and give their gradients before the next ones do.
    fn piece_panels(&self, members: usize) -> usize {
        match self.hidden {
            None => self.rows.div_ceil(panel_width::<R>()),
            Some(_) => layout::piece_panels(self.padded_units(), members),
        }
    }

    /// Panels of rows: the member's forward, then, with those of the others, the gradients of its parts. `false`: the loss
    /// may not be finite.
    ///
    /// What a member writes before the barrier, it writes again two pieces later, beyond a barrier to which all others come
    /// when they have read it.
    fn work_piece(&self, member: Member<'_>, parity: usize, panels: Range<usize>, parts: &[Part]) -> bool {
        let (me, count) = (member.index(), member.count());
        let share = member.share(panels.len());
        let mine = panels.start + share.start..panels.start + share.end;
        let panel_len = self.padded_units() * panel_width::<R>();
        // One member alone needs no second place.
        let place = if count == 1 { 0 } else { parity * self.piece_panels(count) * panel_len };
        let hidden = self.hidden.map(|hidden| {
            // SAFETY: these rows are this member's alone until the barrier.
            unsafe { hidden.part(place + share.start * panel_len..place + share.end * panel_len) }
        });
        let is_fine = self.forward(mine, hidden);
        // SAFETY: each member writes its own.
        unsafe { self.is_fine.part(parity * count + me..parity * count + me + 1) }.fill(is_fine);
        member.wait();
        // SAFETY: nobody writes these until the next barrier.
        let are_fine = unsafe { self.is_fine.read(parity * count..(parity + 1) * count) };
        if are_fine.contains(&false) {
            return false;
        }
        for part in parts {
            self.gradients(part, panels.clone(), place);
        }
        true
    }

    /// The outputs of these panels of rows and, for a step, the gradient by them; whether the loss is finite for certain.
    fn forward(&self, panels: Range<usize>, hidden: Option<&mut [R]>) -> bool {
        let panel = panel_width::<R>();
        let rows = panels.start * panel..self.rows.min(panels.end * panel);
        if rows.is_empty() {
            return true;
        }
        let Sizes { inputs, outputs, .. } = self.sizes;
        let lanes = panels.start * panel * outputs..panels.end * panel * outputs;
        // SAFETY: parameters change after the last barrier only.
        let (weights, bias) =
            unsafe { (self.weights.read(0..self.weights.len()), self.bias.read(0..self.bias.len())) };
        // SAFETY: these rows are this member's alone, and nobody else reads outputs.
        let z = unsafe { self.z.part(lanes.clone()) };
        let x = &self.x[panels.start * panel * inputs..panels.end * panel * inputs];
        match self.hidden {
            None => narrow_hidden::forward(self.sizes, self.units, weights, bias, x, z),
            Some(_) => {
                let net = Parameters { sizes: self.sizes, parts: self.units, weights, bias };
                narrow_hidden::forward_keeping(net, rows.len(), x, z, hidden);
            }
        }
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

    /// The gradients of a part of the hidden layer by these panels of rows, whose hidden values were kept from `place` on.
    fn gradients(&self, part: &Part, panels: Range<usize>, place: usize) {
        let all = part.all();
        if all.is_empty() {
            return;
        }
        let Sizes { inputs, outputs, .. } = self.sizes;
        let panel = panel_width::<R>();
        let rows = panels.start * panel..self.rows.min(panels.end * panel);
        // SAFETY: gradients by the outputs of these rows were written before the barrier, once and for all.
        let dz = unsafe { self.dz.read(panels.start * panel * outputs..panels.end * panel * outputs) };
        // SAFETY: nobody else writes this part, and only after the last barrier.
        let weights = unsafe { self.weights.read(all.clone()) };
        // SAFETY: this part is the member's alone.
        let gradients = unsafe { self.gradients.part(all) };
        let Some(hidden) = self.hidden else {
            return narrow_hidden::gradients(self.sizes, self.rows, self.x, dz, weights, gradients);
        };
        let units = self.padded_units();
        let piece = Piece {
            rows: rows.len(),
            x: &self.x[panels.start * panel * inputs..panels.end * panel * inputs],
            dz,
            // SAFETY: the hidden values were written before the barrier, and stay until everybody is at the next one.
            hidden: unsafe { hidden.read(place..place + panels.len() * panel * units) },
            units,
            is_first: rows.start == 0,
            is_last: rows.end == self.rows,
        };
        narrow_hidden::gradients_of_kept(self.sizes, piece, part.units.start, weights, gradients);
    }

    /// Penalties and update of a part of the hidden layer.
    fn update_part(&self, learn: &Learn<R>, part: &Part) {
        let all = part.all();
        if all.is_empty() {
            return;
        }
        // SAFETY: this part is the member's alone; after the last barrier nobody reads the weights of others.
        let (weights, gradients) =
            unsafe { (self.weights.part(all.clone()), self.gradients.part(all.clone())) };
        // SAFETY: the state of this part is the member's alone.
        let state = unsafe { self.state.part(all.start * self.slots..all.end * self.slots) };
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

    /// The units of all parts.
    fn padded_units(&self) -> usize {
        self.units.last().map_or(0, |units| units.end)
    }

    /// Gradient and update of the outputs' biases: sums in 64 lanes over the rows, or chains down them where there are many
    /// outputs.
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
        if outputs < CHAINED {
            let sizes = LaneSizes { rows: self.rows, in_features: 0, out_features: outputs };
            lanes::partial_sums(sizes, &[], dz, &mut [], &mut parts[..outputs * PARTIAL]);
            lanes::join(parts, sums);
        } else {
            let panel = panel_width::<R>();
            sums.fill(R::ZERO);
            for (row, dz) in dz.chunks_exact(panel * outputs).enumerate() {
                for n in 0..panel.min(self.rows - row * panel) {
                    for (o, sum) in sums[..outputs].iter_mut().enumerate() {
                        *sum += dz[o * panel + n];
                    }
                }
            }
        }
        elementwise::apply(rule, bias, &sums[..outputs], state);
    }
}
