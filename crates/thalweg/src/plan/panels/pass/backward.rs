//! Backward over a tile: the gradients of values and of parameters.
#![allow(
    unsafe_code,
    reason = "members take parts of shared matrices; each part says why nobody else has it"
)]

use std::ops::Range;

use super::super::program::{Form, Stage, TailKind};
use super::{DEPTH, Pass, StageRule};
use crate::kernels::elementwise;
use crate::kernels::panels::{self, LANE_COLUMNS, Left, Start, Strip, panel_width, strip};
use crate::kernels::sums::{LANES, ROWS};
use crate::real::Real;

/// Bytes of x that all panels of dy meet before the next: half of the second cache.
const NEAR: usize = 512 << 10;

/// How many chunks without state are updated together: what they need stays in the first cache.
pub(in crate::plan::panels) const TOGETHER: usize = 4;

/// Bytes of the smallest register: a strip computes whole registers.
const LEAST_REGISTER: usize = 16;

impl<R: Real> Pass<'_, R> {
    pub(super) fn tail_backward(&self, stage: &Stage, panel: usize, rows: &Range<usize>) {
        for part in stage.tail.iter().rev() {
            let d = self.write(stage.doutput, panel, rows);
            match &part.kind {
                TailKind::Activation(activation) => {
                    let (z, a) = (self.read(part.x, panel, rows), self.read(part.y, panel, rows));
                    elementwise::activate_backward_in_place(activation, z, a, d);
                }
                TailKind::Scale(factor) => elementwise::scale_in_place(R::from_f64(*factor), d),
                TailKind::Dropout(_, mask) => {
                    elementwise::multiply_in_place(self.read(*mask, panel, rows), d);
                }
            }
        }
    }

    /// dx = dy·wᵀ of a stage, and back through what follows the stage before it.
    pub(in crate::plan::panels) fn backward_input(&self, stage: &Stage, before: &Stage) {
        let width = panel_width::<R>();
        let outputs = stage.out_features;
        // SAFETY: wᵀ was written before the last barrier.
        let turned = unsafe { self.buffers.transposed.read(stage.transposed.clone()) };
        self.share(stage.input_panels::<R>(), |panel, rows| {
            let d = self.write(before.doutput, panel, &rows);
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
                strip(Strip { rows: rows.len(), columns, depth, left, right, start, ahead }, d);
                start = Start::Stored;
            }
            self.tail_backward(before, panel, &rows);
        });
    }

    /// dw = xᵀ·dy and db = Σₙ `dy[n]`, and at the end of the batch the update: chunk by chunk, so that a gradient is used
    /// while it is in the first cache. A unit of work is a panel of outputs with a group of panels of inputs; the group
    /// after the last is the biases.
    pub(in crate::plan::panels) fn backward_parameters(&self, stage: &Stage, rule: &StageRule<R>) {
        if stage.frozen && self.rules.clip_norm.is_none() {
            return;
        }
        let inputs = stage.input_panels::<R>();
        // Chunks without state lie side by side and are updated together.
        let together = if self.rules.optimizer.state_slots() == 0 { TOGETHER } else { 1 };
        let units = inputs.div_ceil(together) + 1;
        let near = (NEAR / (together * self.rows() * panel_width::<R>() * size_of::<R>())).max(1);
        let share = self.member.share(stage.panels::<R>() * units);
        let panels = share.start / units..share.end.div_ceil(units);
        for first in (0..units).step_by(near) {
            for panel in panels.clone() {
                let of_panel = share.start.saturating_sub(panel * units)..share.end - panel * units;
                let groups = first.max(of_panel.start)..units.min(first + near).min(of_panel.end);
                for group in groups.clone() {
                    let k_panels = match group == units - 1 {
                        true => inputs..inputs + 1,
                        false => group * together..inputs.min((group + 1) * together),
                    };
                    let ahead = match group + 1 == groups.end {
                        true => stage.chunk::<R>(panel + 1, first * together).start,
                        false => stage.chunk::<R>(panel, k_panels.end - 1).end,
                    };
                    self.backward_chunks(stage, panel, k_panels, ahead, rule);
                }
            }
        }
    }

    /// The gradient of some chunks that lie side by side, and what becomes of it; `ahead` is where the next ones lie.
    fn backward_chunks(
        &self,
        stage: &Stage,
        panel: usize,
        k_panels: Range<usize>,
        ahead: usize,
        rule: &StageRule<R>,
    ) {
        let is_bias = k_panels.start == stage.input_panels::<R>();
        let chunk =
            stage.chunk::<R>(panel, k_panels.start).start..stage.chunk::<R>(panel, k_panels.end - 1).end;
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
        let mut ahead = self.far_parameters(ahead..ahead + chunk.len());
        for k_panel in k_panels {
            let part = stage.chunk::<R>(panel, k_panel);
            let dw = &mut dw[part.start - chunk.start..part.end - chunk.start];
            self.gradient(stage, panel, k_panel, std::mem::take(&mut ahead), dw);
        }
        self.close(chunk, dw, is_bias, rule);
    }

    /// The chains of one chunk over the rows of the tile.
    fn gradient(&self, stage: &Stage, panel: usize, k_panel: usize, ahead: [&[R]; 2], dw: &mut [R]) {
        let width = panel_width::<R>();
        let rows = 0..self.rows();
        let start = match (self.tile.begins_block(), self.buffers.chains.is_empty()) {
            (true, true) => Start::Block,
            (true, false) => Start::Zero,
            (false, _) => Start::Stored,
        };
        let columns = width.min(stage.out_features - panel * width);
        let dy = self.read(stage.doutput, panel, &rows);
        if k_panel == stage.input_panels::<R>() {
            return panels::add_rows(dy, matches!(start, Start::Stored), dw);
        }
        let computed = match stage.form {
            Form::Panels => columns,
            Form::OneOutput => width,
        };
        if computed.next_multiple_of(LEAST_REGISTER / size_of::<R>()) < width
            && self.buffers.chains.is_empty()
        {
            // Registers beyond the columns are not computed; what lies there must not reach the padding.
            dw.fill(R::ZERO);
        }
        let (x, depth) = (self.read(stage.input, k_panel, &rows), rows.len());
        let work = match stage.form {
            Form::Panels => {
                let left = Left::Down { values: x };
                Strip { rows: dw.len() / width, columns, depth, left, right: dy, start, ahead }
            }
            Form::OneOutput => {
                let left = Left::Down { values: dy };
                Strip { rows: 1, columns: width, depth, left, right: x, start, ahead }
            }
        };
        strip(work, dw);
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
