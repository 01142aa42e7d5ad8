//! Forward over a tile: each stage's product and what follows it, panel by panel.
#![allow(
    unsafe_code,
    reason = "members take parts of shared matrices; each part says why nobody else has it"
)]

use std::ops::Range;

use super::super::program::{Form, Matrix, Stage, Tail, TailKind};
use super::{DEPTH, Input, Pass};
use crate::kernels::elementwise;
use crate::kernels::panels::{self, Left, Start, Strip, panel_width, strip};
use crate::layers::Noise;
use crate::random::{Purpose, Stream};
use crate::real::Real;

impl<R: Real> Pass<'_, R> {
    /// z = x·w + b of a stage and what follows it; and, if somebody will want it, wᵀ while w is near.
    pub(in crate::plan::panels) fn forward(&self, stage: &Stage, backward: bool) {
        let weights = self.weights(stage);
        self.share(stage.panels::<R>(), stage.values.looks_at_columns(), |panel, rows| {
            let z = self.write(stage.values.output, panel, &rows);
            match stage.form {
                Form::Panels => self.product(stage, panel, &rows, weights, z),
                Form::OneOutput => {
                    let x = self.across(stage.input, 0, rows.start);
                    let b = weights[stage.input_panels::<R>() * panel_width::<R>()];
                    let between = self.program.panel::<R>();
                    panels::forward_one_output(rows.len(), stage.in_features, x, between, weights, b, z);
                }
            }
            self.tail_forward(&stage.values.tail, panel, &rows);
            if backward {
                self.transpose(stage, panel, &rows);
            }
        });
    }

    fn weights(&self, stage: &Stage) -> &[R] {
        // SAFETY: weights are written only by updates, and a barrier lies between those and forward.
        unsafe { self.buffers.weights.read(stage.weights.clone()) }
    }

    /// One panel of x·w + b.
    fn product(&self, stage: &Stage, panel: usize, rows: &Range<usize>, weights: &[R], z: &mut [R]) {
        let width = panel_width::<R>();
        let inputs = stage.in_features;
        let w = &weights[panel * (inputs + 1) * width..(panel + 1) * (inputs + 1) * width];
        let mut start = Start::Columns(&w[inputs * width..]);
        let mut first = 0;
        while first < inputs {
            let depth = if inputs - first > DEPTH + DEPTH / 2 { DEPTH } else { inputs - first };
            let left = Left::Across {
                values: self.across(stage.input, first / width, rows.start),
                panel: self.program.panel::<R>(),
            };
            let columns = width.min(stage.out_features - panel * width);
            let right = &w[first * width..];
            first += depth;
            let ahead = self.far_rows(weights, panel * (inputs + 1) + first, depth);
            strip(&Strip { start, ahead, ..Strip::new(rows.len(), columns, depth, left, right) }, z);
            start = Start::Stored;
        }
    }

    /// wᵀ of all panels.
    pub(in crate::plan::panels) fn transpose_all(&self, stage: &Stage) {
        self.share(stage.panels::<R>(), false, |panel, rows| self.transpose(stage, panel, &rows));
    }

    /// Lays a panel's part of wᵀ beside the weights, for a gradient that is taken while they change; as much of it as
    /// `rows` are of all rows.
    fn transpose(&self, stage: &Stage, panel: usize, rows: &Range<usize>) {
        if stage.transposed.is_empty() {
            return;
        }
        let width = panel_width::<R>();
        let inputs = stage.input_panels::<R>();
        for k_panel in inputs * rows.start / self.rows()..inputs * rows.end / self.rows() {
            let chunk = stage.chunk::<R>(panel, k_panel);
            // SAFETY: as in `weights`.
            let w = unsafe { self.buffers.weights.read(chunk) };
            let columns = width.min(stage.out_features - panel * width);
            let start = stage.transposed.start + (k_panel * stage.out_features + panel * width) * width;
            // SAFETY: a block of wᵀ belongs to the one unit that goes with its block of w.
            let turned = unsafe { self.buffers.transposed.part(start..start + columns * width) };
            match stage.form {
                Form::Panels => panels::transpose(w.len() / width, columns, w, turned),
                Form::OneOutput => turned.copy_from_slice(w),
            }
        }
    }

    pub(super) fn tail_forward(&self, tail: &[Tail], panel: usize, rows: &Range<usize>) {
        for part in tail {
            let y = self.write(part.y, panel, rows);
            if part.x.start != part.y.start {
                y.copy_from_slice(self.read(part.x, panel, rows));
            }
            match &part.kind {
                TailKind::Activation(activation) => elementwise::activate_in_place(activation, y),
                TailKind::Scale(factor) => elementwise::scale_in_place(R::from_f64(*factor), y),
                TailKind::Copy => {}
                TailKind::BatchNorm(norm) => self.batch_norm(norm, panel, rows, y),
                TailKind::Noise(noise) => self.disturb(*noise, part, panel, rows, y),
                TailKind::Dropout(dropout, mask) => {
                    let mask_rows = self.write(*mask, panel, rows);
                    self.draw_mask(dropout.dropout, part.layer, *mask, panel, rows, mask_rows);
                    elementwise::multiply_in_place(mask_rows, y);
                }
            }
        }
    }

    /// Noise on some rows of a panel: a function of the row's number and the epoch (see `layers/noise.rs`).
    fn disturb(&self, noise: Noise, part: &Tail, panel: usize, rows: &Range<usize>, y: &mut [R]) {
        let width = panel_width::<R>();
        let columns = width.min(part.y.columns - panel * width);
        let stream = Stream::new(self.rules.seed, Purpose::Noise, part.layer as u32, self.tile.epoch);
        let (Input::Data(data, numbers) | Input::Gathered(data, numbers)) = self.input else { return };
        for (n, y) in rows.clone().zip(y.chunks_exact_mut(width)) {
            let number = data.row_numbers()[numbers[n] as usize];
            let first = u64::from(number) * part.y.columns as u64 + (panel * width) as u64;
            noise.disturb(stream, first, &mut y[..columns]);
        }
    }

    /// A dropout's mask for some rows of a panel: a function of the row's number and the epoch (see `layers/dropout.rs`).
    fn draw_mask(
        &self,
        dropout: f64,
        layer: usize,
        matrix: Matrix,
        panel: usize,
        rows: &Range<usize>,
        mask: &mut [R],
    ) {
        let width = panel_width::<R>();
        let columns = width.min(matrix.columns - panel * width);
        let stream = Stream::new(self.rules.seed, Purpose::Dropout, layer as u32, self.tile.epoch);
        let (Input::Data(data, numbers) | Input::Gathered(data, numbers)) = self.input else { return };
        let (kept, chance) = (R::from_f64(1.0 / (1.0 - dropout)), R::from_f64(dropout));
        for (n, mask) in rows.clone().zip(mask.chunks_exact_mut(width)) {
            let number = data.row_numbers()[numbers[n] as usize];
            let first = u64::from(number) * matrix.columns as u64 + (panel * width) as u64;
            stream.fill_uniform(first, &mut mask[..columns]);
            for value in &mut mask[..columns] {
                *value = if *value < chance { R::ZERO } else { kept };
            }
        }
    }

    /// Writes this member's rows of the network's output to `outputs`.
    pub(in crate::plan::panels) fn write_outputs(&self) {
        let width = panel_width::<R>();
        let outputs = self.program.outputs;
        let last = self.program.last();
        let rows = self.member.share(self.rows());
        let first = self.tile.first + rows.start;
        // SAFETY: a member's own rows.
        let to = unsafe { self.buffers.outputs.part(first * outputs..(first + rows.len()) * outputs) };
        for panel in 0..outputs.div_ceil(width) {
            let columns = width.min(outputs - panel * width);
            let from = self.read(last, panel, &rows);
            for (to, from) in to.chunks_exact_mut(outputs).zip(from.chunks_exact(width)) {
                // A few values: not worth the call of a copy.
                for j in 0..columns {
                    to[panel * width + j] = from[j];
                }
            }
        }
    }
}
