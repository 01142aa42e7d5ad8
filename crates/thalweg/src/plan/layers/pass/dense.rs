//! Dense layers: rows are shared out forward and by x, inputs for the gradients of weights.
#![allow(
    unsafe_code,
    reason = "members take parts of shared matrices; each part says why nobody else has it"
)]

use std::ops::Range;

use super::super::program::{Dense, Step, StepKind};
use super::Pass;
use crate::kernels::dense::{self, DenseSizes};
use crate::real::Real;

impl<R: Real> Pass<'_, R> {
    /// y = x·w + b
    pub(super) fn dense_forward(&self, step: &Step, layer: &Dense, rows: &Range<usize>) {
        let sizes = sizes(step, rows.len());
        let (w, b) = self.parameters(&step.parameters).split_at(sizes.in_features * sizes.out_features);
        let b = if layer.has_bias { b } else { self.packed(&layer.zeros) };
        dense::forward(sizes, self.read(step.x, rows), w, b, self.write(step.y, rows));
    }

    /// dx = dy·wᵀ
    pub(super) fn dense_backward(&self, step: &Step, layer: &Dense, rows: &Range<usize>) {
        let Some(dx) = step.dx else { return };
        let (dy, w_transposed) = (self.read(step.dy, rows), self.packed(&layer.transposed));
        dense::backward_input_transposed(sizes(step, rows.len()), dy, w_transposed, self.write(dx, rows));
    }

    /// dw = xᵀ·dy for this member's share of the inputs, and by one of them db.
    pub(super) fn dense_gradient(&self, step: &Step, layer: &Dense) {
        let rows = 0..self.batch.rows;
        let sizes = sizes(step, rows.len());
        let outputs = sizes.out_features;
        let own = self.member.share(sizes.in_features);
        let start = step.parameters.start;
        let weights = start + own.start * outputs..start + own.end * outputs;
        // SAFETY: an input's weights belong to one member.
        let dw = unsafe { self.buffers.gradients.part(weights) };
        let room = match layer.scratch.is_empty() {
            true => 0..0,
            false => layer.scratch.start + own.start * outputs..layer.scratch.start + own.end * outputs,
        };
        // SAFETY: as above.
        let scratch = unsafe { self.buffers.packed.part(room) };
        let (x, dy) = (self.read(step.x, &rows), self.read(step.dy, &rows));
        dense::weight_gradient(sizes, own, x, dy, dw, scratch);
        if layer.has_bias && self.member.index() + 1 == self.member.count() {
            let biases = step.parameters.end - outputs..step.parameters.end;
            // SAFETY: the last member alone takes it.
            dense::bias_gradient(sizes, dy, unsafe { self.buffers.gradients.part(biases) });
        }
    }

    /// Lays wᵀ out, this member's share of the outputs.
    pub(super) fn transpose(&self, step: &Step) {
        let StepKind::Dense(layer) = &step.kind else { return };
        if layer.transposed.is_empty() {
            return;
        }
        let DenseSizes { in_features, out_features, .. } = sizes(step, 0);
        let w = self.parameters(&step.parameters);
        let own = self.member.share(out_features);
        let start = layer.transposed.start;
        // SAFETY: an output's row belongs to one member.
        let to = unsafe {
            self.buffers.packed.part(start + own.start * in_features..start + own.end * in_features)
        };
        for (row, j) in to.chunks_exact_mut(in_features).zip(own) {
            for (to, from) in row.iter_mut().zip(w.iter().skip(j).step_by(out_features)) {
                *to = *from;
            }
        }
    }
}

fn sizes(step: &Step, rows: usize) -> DenseSizes {
    DenseSizes { rows, in_features: step.input.len(), out_features: step.output.len() }
}
