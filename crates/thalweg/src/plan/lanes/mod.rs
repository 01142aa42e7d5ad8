//! The plan of small nets on a full batch: the rows of the batch in lanes, the whole data set in every step.
//!
//! Data and parameters lie in cache from one step to the next; every matrix of the forward pass has its place, two more
//! serve the gradients that travel back ([`crate::kernels::lanes`] says how a matrix lies). The data are brought in once,
//! when the plan is made. A dense layer takes one of the forms of
//! [`Form`](crate::kernels::lanes::Form).
//!
//! A step does not compute the loss itself: outputs within a limit make it finite, whatever the rows are. A forward pass alone, which
//! a report asks for, does.

mod layout;
mod parameters;
#[cfg(test)]
mod tests;

use std::ops::Range;

use self::parameters::Parameters;
use super::arena::Arena;
use super::{Rates, Rows, Rules, StepPlan};
use crate::data::Dataset;
use crate::kernels;
use crate::kernels::lanes::{self, Memory, Stage, Step};
use crate::kernels::losses::OutputLimits;
use crate::kernels::panels::panel_width;
use crate::losses::{Factors, LaneBatch};
use crate::network::Network;
use crate::real::Real;

/// A full-batch step of a small net, rows in lanes.
#[derive(Clone, Debug)]
pub(crate) struct LanePlan<R: Real> {
    rules: Rules,
    rows: usize,
    outputs: usize,
    stages: Vec<Stage<R>>,
    /// The input of every stage, then the output of the last.
    values: Arena<R>,
    /// Where the last output lies in `values`.
    predictions: Range<usize>,
    /// The targets, laid out as the last output.
    targets: Arena<R>,
    /// Two matrices of the widest layer: the gradient by a stage's output and by its input, in turns.
    dvalues: Arena<R>,
    /// How long one of them is.
    dvalue_len: usize,
    /// Inputs of dense layers in panels of columns.
    columns: Arena<R>,
    parameters: Parameters<R>,
    /// The factor of the loss's gradient.
    factor: R,
    /// The squares of all outputs together may not exceed this, or the loss might not be finite.
    limits: OutputLimits<R>,
    /// Whether the optimizer remembers anything.
    has_state: bool,
    /// The last outputs, row-major.
    row_major: Vec<R>,
    /// The losses of the rows that these are of, and of lanes without a row; empty where the target is scaled.
    row_losses: Vec<R>,
}

impl<R: Real> LanePlan<R> {
    /// The plan of `network` on all rows of `data`; `None` where it is not made for such a net, loss or rule.
    pub(crate) fn new(network: &Network<R>, rules: &Rules, data: &Dataset) -> Option<Self> {
        layout::lay_out(network, rules, data)
    }
}

impl<R: Real> StepPlan<R> for LanePlan<R> {
    fn read_parameters(&self, parameters: &mut [R]) {
        self.parameters.read_weights(parameters);
    }

    fn set_parameters(&mut self, parameters: &[R]) {
        self.parameters.set_weights(parameters);
    }

    fn read_state(&self, state: &mut [R]) {
        self.parameters.read_state(state);
    }

    fn set_state(&mut self, state: &[R]) {
        self.parameters.set_state(state);
    }

    fn forward(&mut self, batch: Rows<'_>) {
        debug_assert_eq!(batch.rows.len(), self.rows, "a full batch");
        lanes::forward_pass(&self.stages, self.rows, self.parameters.weights.all(), self.values.all_mut());
        self.recall();
    }

    fn leaves_outputs(&self) -> bool {
        true
    }

    fn recall(&mut self) {
        let lanes = &self.values.all()[self.predictions.clone()];
        for (n, row) in self.row_major.chunks_exact_mut(self.outputs).enumerate() {
            for (j, value) in row.iter_mut().enumerate() {
                *value = lanes[layout::in_lanes(n, j, self.outputs, panel_width::<R>())];
            }
        }
        if !self.row_losses.is_empty() {
            let batch = LaneBatch {
                rows: self.rows,
                width: self.outputs,
                stride: panel_width::<R>(),
                predictions: lanes,
                targets: self.targets.all(),
                factors: Factors::Same(self.factor),
            };
            // The gradient comes along, into memory that each step writes anew.
            let d = &mut self.dvalues.all_mut()[..self.dvalue_len];
            kernels::losses::in_lanes(&self.rules.loss, batch, d, Some(&mut self.row_losses));
        }
    }

    fn outputs(&self, rows: usize) -> &[R] {
        &self.row_major[..rows * self.outputs]
    }

    fn row_losses(&self, rows: usize) -> Option<&[R]> {
        self.row_losses.get(..rows)
    }

    fn step(&mut self, batch: Rows<'_>, rates: &Rates) -> bool {
        debug_assert_eq!(batch.rows.len(), self.rows, "a full batch");
        self.parameters.prepare(&self.rules, rates);
        let updates = self.parameters.updates.as_slice();
        let is_updated = !updates.is_empty();
        let step = Step {
            rows: self.rows,
            outputs: self.outputs,
            stages: &self.stages,
            predictions: &self.predictions,
            loss: &self.rules.loss,
            factor: self.factor,
            limits: self.limits,
            runs: self.parameters.runs,
            l2: R::from_f64(self.rules.l2),
            l1: R::from_f64(self.rules.l1),
            updates,
        };
        let memory = Memory {
            values: self.values.all_mut(),
            targets: self.targets.all(),
            dvalues: &mut self.dvalues.all_mut()[..2 * self.dvalue_len],
            columns: self.columns.all_mut(),
            weights: self.parameters.weights.all_mut(),
            gradients: self.parameters.gradients.all_mut(),
            parts: self.parameters.parts.all_mut(),
            state: if self.has_state { self.parameters.state.all_mut() } else { &mut [] },
        };
        if !lanes::step(&step, memory) {
            return false;
        }
        if !is_updated {
            self.parameters.clip(&self.rules);
            self.parameters.update_by_tensor(&self.rules, rates);
        }
        true
    }
}
