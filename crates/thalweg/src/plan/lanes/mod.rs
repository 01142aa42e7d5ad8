//! The plan of small nets on a full batch: the rows of the batch in lanes, the whole data set in every step.
//!
//! Data and parameters lie in cache from one step to the next; every matrix of the forward pass has its place, two more
//! serve the gradients that travel back ([`crate::kernels::lanes`] says how a matrix lies). The data are brought in once,
//! when the plan is made. A dense layer takes one of the forms of [`dense::Form`].
//!
//! The loss itself is not computed: outputs within a limit make it finite, whatever the rows are.

mod dense;
mod layout;
mod limit;
mod parameters;
#[cfg(test)]
mod tests;

use std::ops::Range;

use self::dense::DenseStage;
use self::parameters::Parameters;
use super::arena::Arena;
use super::{Rates, Rows, Rules, StepPlan};
use crate::activations::Activation;
use crate::data::Dataset;
use crate::kernels::elementwise;
use crate::kernels::losses::in_lanes;
use crate::kernels::panels::panel_width;
use crate::losses::LaneBatch;
use crate::network::Network;
use crate::real::Real;

/// What is done from one matrix to the next.
#[derive(Clone, Debug)]
enum Stage<R> {
    Dense(DenseStage),
    Activation { activation: Activation, z: Range<usize>, a: Range<usize> },
    Scale { factor: R, x: Range<usize>, y: Range<usize> },
}

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
    /// No output may exceed this, or the loss might not be finite.
    limit: R,
    /// The last outputs, row-major.
    row_major: Vec<R>,
}

impl<R: Real> LanePlan<R> {
    /// The plan of `network` on all rows of `data`; `None` where it is not made for such a net, loss or rule.
    pub(crate) fn new(network: &Network<R>, rules: &Rules, data: &Dataset) -> Option<Self> {
        layout::lay_out(network, rules, data)
    }

    fn run_forward(&mut self) {
        for stage in &self.stages {
            match stage {
                Stage::Dense(dense) => dense.forward(self.rows, &self.parameters, self.values.all_mut()),
                Stage::Activation { activation, z, a } => {
                    let (before, after) = self.values.all_mut().split_at_mut(a.start);
                    elementwise::activate(activation, 1, &before[z.clone()], &mut after[..a.len()]);
                }
                Stage::Scale { factor, x, y } => {
                    let (before, after) = self.values.all_mut().split_at_mut(y.start);
                    elementwise::scale(*factor, &before[x.clone()], &mut after[..y.len()]);
                }
            }
        }
    }

    /// The gradient by the last output, to the first matrix of `dvalues`; false if the loss may not be finite.
    fn run_loss(&mut self) -> bool {
        let batch = LaneBatch {
            rows: self.rows,
            width: self.outputs,
            stride: panel_width::<R>(),
            predictions: &self.values.all()[self.predictions.clone()],
            targets: self.targets.all(),
            factor: self.rules.loss.gradient_factor(self.rows),
            limit: self.limit,
        };
        in_lanes(&self.rules.loss, batch, self.dvalues.all_mut(), None)
    }

    fn run_backward(&mut self) {
        let (mut d, mut other) = self.dvalues.all_mut().split_at_mut(self.dvalue_len);
        let values = self.values.all();
        for stage in self.stages.iter().rev() {
            match stage {
                Stage::Dense(dense) => {
                    let columns = self.columns.all_mut();
                    dense.backward(self.rows, values, d, other, columns, &mut self.parameters);
                    std::mem::swap(&mut d, &mut other);
                }
                Stage::Activation { activation, z, a } => {
                    let d = &mut d[..a.len()];
                    elementwise::activate_backward_in_place(
                        activation,
                        &values[z.clone()],
                        &values[a.clone()],
                        d,
                    );
                }
                Stage::Scale { factor, y, .. } => elementwise::scale_in_place(*factor, &mut d[..y.len()]),
            }
        }
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
        self.run_forward();
        let lanes = &self.values.all()[self.predictions.clone()];
        for (n, row) in self.row_major.chunks_exact_mut(self.outputs).enumerate() {
            for (j, value) in row.iter_mut().enumerate() {
                *value = lanes[layout::in_lanes(n, j, self.outputs, panel_width::<R>())];
            }
        }
    }

    fn outputs(&self, rows: usize) -> &[R] {
        &self.row_major[..rows * self.outputs]
    }

    fn step(&mut self, batch: Rows<'_>, rates: &Rates) -> bool {
        debug_assert_eq!(batch.rows.len(), self.rows, "a full batch");
        self.run_forward();
        if !self.run_loss() {
            return false;
        }
        self.run_backward();
        self.parameters.update(&self.rules, rates);
        true
    }
}
