//! Backward over a tile: the gradients of values and of parameters.
#![allow(
    unsafe_code,
    reason = "members take parts of shared matrices; each part says why nobody else has it"
)]

use std::ops::Range;

use super::super::program::{Form, Matrix, Stage, Tail, TailKind, Values};
use super::{Block, DEPTH, Pass, StageRule};
use crate::kernels::elementwise;
use crate::kernels::panels::{self, End, LANE_COLUMNS, Left, Run, Start, Strip, panel_width, strip};
use crate::kernels::sums::{LANES, ROWS};
use crate::real::Real;

/// Bytes of x that all panels of dy meet before the next: half of the second cache; less in tests.
const NEAR: usize = if cfg!(test) { 16 << 10 } else { 512 << 10 };

/// Bytes of the smallest register: a strip computes whole registers.
const LEAST_REGISTER: usize = 16;

/// A chunk of a stage's gradient over a block of rows, and what its neighbour will ask memory for.
#[derive(Clone, Copy)]
struct Unit<'a, R> {
    stage: &'a Stage,
    block: &'a Block,
    panel: usize,
    k_panel: usize,
    ahead: [Run<R>; 2],
}

impl<R: Real> Pass<'_, R> {
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

    /// dx = dy·wᵀ of a stage, and back through what stands last before it.
    pub(in crate::plan::panels) fn backward_input(&self, stage: &Stage, before: &Values) {
        let width = panel_width::<R>();
        let outputs = stage.out_features;
        // SAFETY: wᵀ was written before the last barrier.
        let turned = unsafe { self.buffers.transposed.read(stage.transposed.clone()) };
        let by_columns = before.last_looks_at_columns();
        self.share(stage.input_panels::<R>(), by_columns, |panel, rows| {
            let d = self.write(before.doutput, panel, &rows);
            let right = &turned[panel * outputs * width..(panel + 1) * outputs * width];
            let columns = width.min(stage.in_features - panel * width);
            let mut start = Start::Zero;
            let mut first = 0;
            while first < outputs {
                let depth = if outputs - first > DEPTH + DEPTH / 2 { DEPTH } else { outputs - first };
                let left = Left::Across {
                    values: self.across(stage.values.doutput, first / width, rows.start),
                    panel: self.program.panel::<R>(),
                };
                let right = &right[first * width..];
                first += depth;
                let ahead = self.far_rows(turned, panel * outputs + first, depth);
                strip(&Strip { start, ahead, ..Strip::new(rows.len(), columns, depth, left, right) }, d);
                start = Start::Stored;
            }
            self.back_through(before.last_tail(), before.doutput, panel, &rows);
        });
    }

    /// dw = xᵀ·dy and db = Σₙ `dy[n]`, block of rows by block, and at the end of the batch the update, if there is a rule: chunk
    /// by chunk, so that a gradient is used while it is in the first cache. A unit of work is a chunk: a panel of outputs with a
    /// panel of inputs, or with the biases, which come after the last.
    pub(in crate::plan::panels) fn backward_parameters(&self, stage: &Stage, rule: Option<&StageRule<R>>) {
        if stage.frozen && rule.is_some() {
            return;
        }
        for block in self.tile.blocks() {
            self.backward_block(stage, &block, rule);
        }
    }

    fn backward_block(&self, stage: &Stage, block: &Block, rule: Option<&StageRule<R>>) {
        let units = stage.input_panels::<R>() + 1;
        let near = (NEAR / (block.rows.len() * panel_width::<R>() * size_of::<R>())).max(1);
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
                    let unit = Unit { stage, block, panel, k_panel, ahead: self.far_parameters(next) };
                    self.backward_chunk(&unit, rule);
                }
            }
        }
    }

    /// The gradient of a chunk, and what becomes of it.
    fn backward_chunk(&self, unit: &Unit<'_, R>, rule: Option<&StageRule<R>>) {
        let Unit { stage, block, panel, k_panel, ahead } = *unit;
        let is_bias = k_panel == stage.input_panels::<R>();
        let chunk = stage.chunk::<R>(panel, k_panel);
        let is_product = !is_bias && matches!(stage.form, Form::Panels) && !stage.weight_lanes();
        if let (true, Some(minus_rate)) = (is_product, self.descent(rule)) {
            // SAFETY: a chunk's parameters belong to the chunk's unit, and nobody reads the weights in this phase.
            let w = unsafe { self.buffers.weights.part(chunk) };
            let mut work = self.weight_product(unit, w.len());
            work.end = End::Descend { minus_rate, l2: R::from_f64(self.rules.l2) };
            work.ahead = ahead;
            return strip(&work, w);
        }
        let scratch = &mut self.scratch()[..chunk.len()];
        if let (true, Some(l2), Some(rule)) = (is_product, self.early_penalty(), rule) {
            // SAFETY: as above.
            let w = unsafe { self.buffers.weights.part(chunk.clone()) };
            self.gradient(unit, End::Penalise { l2, weights: w }, scratch);
            self.cut(scratch);
            return self.update(chunk, w, scratch, false, rule);
        }
        if if is_bias { stage.bias_lanes() } else { stage.weight_lanes() } {
            self.gradient_in_lanes(unit, is_bias, scratch);
            return self.close(chunk, scratch, block, is_bias, rule);
        }
        let dw = match self.buffers.chains.is_empty() {
            true => scratch,
            // SAFETY: a chunk's gradient belongs to the chunk's unit.
            false => unsafe { self.buffers.chains.part(chunk.clone()) },
        };
        match is_bias {
            true => panels::add_rows(self.dy(unit), !block.begins, dw),
            false => {
                let end = if self.buffers.chains.is_empty() { End::Sum } else { End::Store };
                self.gradient(unit, end, dw);
            }
        }
        self.close(chunk, dw, block, is_bias, rule);
    }

    /// dy of the rows of a unit.
    fn dy(&self, unit: &Unit<'_, R>) -> &[R] {
        self.read(unit.stage.values.doutput, unit.panel, &unit.block.rows)
    }

    /// The chains of one chunk over the rows of a block.
    fn gradient<'a>(&'a self, unit: &'a Unit<'_, R>, end: End<'a, R>, dw: &mut [R]) {
        let mut work = self.weight_product(unit, dw.len());
        if !matches!(end, End::Store)
            && work.columns.next_multiple_of(LEAST_REGISTER / size_of::<R>()) < panel_width::<R>()
        {
            // Registers beyond the columns are not computed; what lies there must not reach the padding.
            dw.fill(R::ZERO);
        }
        // Changed where it lies: a copy of so many bytes, just written, would be waited for.
        work.start = if unit.block.begins { Start::Zero } else { Start::Stored };
        work.end = end;
        work.ahead = unit.ahead;
        strip(&work, dw);
    }

    /// xᵀ·dy for one chunk of so many weights.
    #[inline(always)]
    fn weight_product(&self, unit: &Unit<'_, R>, weights: usize) -> Strip<'_, R> {
        let width = panel_width::<R>();
        let (stage, rows) = (unit.stage, unit.block.rows.len());
        let dy = self.dy(unit);
        let x = self.read(stage.input, unit.k_panel, &unit.block.rows);
        match stage.form {
            Form::Panels => {
                let columns = width.min(stage.out_features - unit.panel * width);
                Strip::new(weights / width, columns, rows, Left::Down { values: x }, dy)
            }
            Form::OneOutput => Strip::new(1, width, rows, Left::Down { values: dy }, x),
        }
    }

    /// The sums of a narrow stage's one panel, so far, in lanes; at the end of a block, joined and added to 0.
    fn gradient_in_lanes(&self, unit: &Unit<'_, R>, is_bias: bool, dw: &mut [R]) {
        let (stage, block) = (unit.stage, unit.block);
        let width = panel_width::<R>();
        let each = LANES * LANE_COLUMNS;
        let bias = stage.lanes.end - each;
        let range = if is_bias { bias..stage.lanes.end } else { stage.lanes.start..bias };
        // SAFETY: the lanes of weights and those of biases belong each to one unit.
        let lanes = unsafe { self.buffers.lanes.part(range) };
        if block.begins {
            lanes.fill(R::ZERO);
        }
        let first = block.first % ROWS;
        let dy = self.dy(unit);
        match is_bias {
            true => panels::add_in_lanes(first, dy, lanes),
            false => panels::add_products_in_lanes(first, self.read(stage.input, 0, &block.rows), dy, lanes),
        }
        if block.ends {
            dw.fill(R::ZERO);
            for (row, lanes) in dw.chunks_exact_mut(width).zip(lanes.chunks_exact(each)) {
                row[..stage.out_features].copy_from_slice(&panels::joined(lanes)[..stage.out_features]);
            }
            elementwise::add_zero(dw);
        }
    }
}
