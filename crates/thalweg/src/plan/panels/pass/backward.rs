//! Backward over a tile: the gradients of values and of parameters.
#![allow(
    unsafe_code,
    reason = "members take parts of shared matrices; each part says why nobody else has it"
)]

use std::ops::Range;

use super::super::program::{Form, Matrix, Stage, Tail, TailKind};
use super::{DEPTH, Pass, StageRule};
use crate::kernels::elementwise;
use crate::kernels::panels::{self, End, LANE_COLUMNS, Left, Run, Start, Strip, panel_width, strip};
use crate::kernels::sums::{LANES, ROWS};
use crate::real::Real;

/// Bytes of x that all panels of dy meet before the next: half of the second cache; less in tests.
const NEAR: usize = if cfg!(test) { 16 << 10 } else { 512 << 10 };

/// Bytes of the smallest register: a strip computes whole registers.
const LEAST_REGISTER: usize = 16;

impl<R: Real> Pass<'_, R> {
    /// Back through what stands last in a stage.
    pub(super) fn tail_backward(&self, stage: &Stage, panel: usize, rows: &Range<usize>) {
        self.back_through(stage.last_tail(), stage.doutput, panel, rows);
    }

    /// Back through what follows a product or a normalisation, where the gradient lies.
    pub(super) fn back_through(&self, tail: &[Tail], doutput: Matrix, panel: usize, rows: &Range<usize>) {
        for part in tail.iter().rev() {
            let d = self.write(doutput, panel, rows);
            match &part.kind {
                TailKind::Activation(activation) => {
                    let (z, a) = (self.read(part.x, panel, rows), self.read(part.y, panel, rows));
                    elementwise::activate_backward_in_place(activation, z, a, d);
                }
                TailKind::Scale(factor) => elementwise::scale_in_place(R::from_f64(*factor), d),
                TailKind::Copy | TailKind::Noise(_) => {}
                TailKind::BatchNorm(norm) => self.batch_norm_backward(norm, panel, rows, d),
                TailKind::Dropout(_, mask) => {
                    elementwise::multiply_in_place(self.read(*mask, panel, rows), d);
                }
            }
        }
    }

    /// dx = dy·wᵀ of a stage, and back through what follows the stage before it.
    pub(in crate::plan::panels) fn backward_input(&self, stage: &Stage, before: &Stage) {
        let by_columns = before.looks_at_columns() && before.row_norms.is_empty();
        self.backward_into(stage, before.doutput, by_columns, before.last_tail());
    }

    /// dx = dy·wᵀ of the first stage, and back through what stands before it.
    pub(in crate::plan::panels) fn backward_features(&self, stage: &Stage, dfeatures: Matrix) {
        self.backward_into(stage, dfeatures, false, &self.program.head);
    }

    /// dx = dy·wᵀ of a stage, and back through `tail`.
    fn backward_into(&self, stage: &Stage, dx: Matrix, by_columns: bool, tail: &[Tail]) {
        let width = panel_width::<R>();
        let outputs = stage.out_features;
        // SAFETY: wᵀ was written before the last barrier.
        let turned = unsafe { self.buffers.transposed.read(stage.transposed.clone()) };
        self.share(stage.input_panels::<R>(), by_columns, |panel, rows| {
            let d = self.write(dx, panel, &rows);
            let right = &turned[panel * outputs * width..(panel + 1) * outputs * width];
            let columns = width.min(stage.in_features - panel * width);
            let mut start = Start::Zero;
            let mut first = 0;
            while first < outputs {
                let depth = if outputs - first > DEPTH + DEPTH / 2 { DEPTH } else { outputs - first };
                let left = Left::Across {
                    values: self.across(stage.doutput, first / width, rows.start),
                    panel: self.program.panel::<R>(),
                };
                let right = &right[first * width..];
                first += depth;
                let ahead = self.far_rows(turned, panel * outputs + first, depth);
                strip(&Strip { start, ahead, ..Strip::new(rows.len(), columns, depth, left, right) }, d);
                start = Start::Stored;
            }
            self.back_through(tail, dx, panel, &rows);
        });
    }

    /// dw = xᵀ·dy and db = Σₙ `dy[n]`, and at the end of the batch the update: chunk by chunk, so that a gradient is used
    /// while it is in the first cache. A unit of work is a chunk: a panel of outputs with a panel of inputs, or with the
    /// biases, which come after the last.
    pub(in crate::plan::panels) fn backward_parameters(&self, stage: &Stage, rule: &StageRule<R>) {
        if stage.frozen && self.rules.clip_norm.is_none() {
            return;
        }
        let units = stage.input_panels::<R>() + 1;
        let near = (NEAR / (self.rows() * panel_width::<R>() * size_of::<R>())).max(1);
        let share = self.member.share(stage.panels::<R>() * units);
        let panels = share.start / units..share.end.div_ceil(units);
        for first in (0..units).step_by(near) {
            for panel in panels.clone() {
                let of_panel = share.start.saturating_sub(panel * units)..share.end - panel * units;
                for k_panel in first.max(of_panel.start)..units.min(first + near).min(of_panel.end) {
                    let next = match k_panel + 1 == units.min(first + near) {
                        true => stage.chunk::<R>(panel + 1, first),
                        false => stage.chunk::<R>(panel, k_panel + 1),
                    };
                    self.backward_chunk(stage, panel, k_panel, self.far_parameters(next), rule);
                }
            }
        }
    }

    /// The gradient of a chunk, and what becomes of it.
    fn backward_chunk(
        &self,
        stage: &Stage,
        panel: usize,
        k_panel: usize,
        ahead: [Run<R>; 2],
        rule: &StageRule<R>,
    ) {
        let is_bias = k_panel == stage.input_panels::<R>();
        let chunk = stage.chunk::<R>(panel, k_panel);
        if let (Some(minus_rate), false, Form::Panels) = (self.descent(rule), is_bias, stage.form)
            && !stage.weight_lanes()
        {
            // SAFETY: a chunk's parameters belong to the chunk's unit, and nobody reads the weights in this phase.
            let w = unsafe { self.buffers.weights.part(chunk) };
            let mut work = self.weight_product(stage, panel, k_panel, w.len());
            work.end = End::Descend { minus_rate };
            work.ahead = ahead;
            return strip(&work, w);
        }
        let scratch = &mut self.scratch()[..chunk.len()];
        if if is_bias { stage.bias_lanes() } else { stage.weight_lanes() } {
            self.gradient_in_lanes(stage, is_bias, scratch);
            return self.close(chunk, scratch, is_bias, rule);
        }
        let dw = match self.buffers.chains.is_empty() {
            true => scratch,
            // SAFETY: a chunk's gradient belongs to the chunk's unit.
            false => unsafe { self.buffers.chains.part(chunk.clone()) },
        };
        match is_bias {
            true => {
                let dy = self.read(stage.doutput, panel, &(0..self.rows()));
                panels::add_rows(dy, !self.tile.begins_block(), dw);
            }
            false => self.gradient(stage, panel, k_panel, ahead, dw),
        }
        self.close(chunk, dw, is_bias, rule);
    }

    /// The chains of one chunk over the rows of the tile.
    fn gradient(&self, stage: &Stage, panel: usize, k_panel: usize, ahead: [Run<R>; 2], dw: &mut [R]) {
        let work = self.weight_product(stage, panel, k_panel, dw.len());
        let is_sum = self.buffers.chains.is_empty();
        if is_sum && work.columns.next_multiple_of(LEAST_REGISTER / size_of::<R>()) < panel_width::<R>() {
            // Registers beyond the columns are not computed; what lies there must not reach the padding.
            dw.fill(R::ZERO);
        }
        let start = if self.tile.begins_block() { Start::Zero } else { Start::Stored };
        let end = if is_sum { End::Sum } else { End::Store };
        strip(&Strip { start, end, ahead, ..work }, dw);
    }

    /// xᵀ·dy for one chunk of so many weights.
    fn weight_product(&self, stage: &Stage, panel: usize, k_panel: usize, weights: usize) -> Strip<'_, R> {
        let width = panel_width::<R>();
        let rows = 0..self.rows();
        let dy = self.read(stage.doutput, panel, &rows);
        let x = self.read(stage.input, k_panel, &rows);
        match stage.form {
            Form::Panels => {
                let columns = width.min(stage.out_features - panel * width);
                Strip::new(weights / width, columns, rows.len(), Left::Down { values: x }, dy)
            }
            Form::OneOutput => Strip::new(1, width, rows.len(), Left::Down { values: dy }, x),
        }
    }

    /// The sums of a narrow stage's one panel, so far, in lanes; at the end of a block, joined and added to 0.
    fn gradient_in_lanes(&self, stage: &Stage, is_bias: bool, dw: &mut [R]) {
        let width = panel_width::<R>();
        let each = LANES * LANE_COLUMNS;
        let rows = 0..self.rows();
        let bias = stage.lanes.end - each;
        let range = if is_bias { bias..stage.lanes.end } else { stage.lanes.start..bias };
        // SAFETY: the lanes of weights and those of biases belong each to one unit.
        let lanes = unsafe { self.buffers.lanes.part(range) };
        if self.tile.begins_block() {
            lanes.fill(R::ZERO);
        }
        let first = self.tile.first % ROWS;
        let dy = self.read(stage.doutput, 0, &rows);
        match is_bias {
            true => panels::add_in_lanes(first, dy, lanes),
            false => panels::add_products_in_lanes(first, self.read(stage.input, 0, &rows), dy, lanes),
        }
        if self.tile.ends_block() {
            dw.fill(R::ZERO);
            for (row, lanes) in dw.chunks_exact_mut(width).zip(lanes.chunks_exact(each)) {
                row[..stage.out_features].copy_from_slice(&panels::joined(lanes)[..stage.out_features]);
            }
            elementwise::add_zero(dw);
        }
    }
}
