//! The passes of a panel plan over one tile of rows, as each member of the team runs them.
//!
//! Between two barriers every member writes its own part: rows of the batch while values are gathered and losses taken,
//! panels (or rows of a panel, where there are too few) in forward and for the gradients of values, chunks of
//! parameters for their gradients and updates. All that is read was written before the last barrier. A sum is never
//! shared out.
#![allow(
    unsafe_code,
    reason = "members take parts of shared matrices; each part says why nobody else has it"
)]

use std::ops::Range;

use super::program::{Form, Matrix, Program, Stage, Tail, TailKind};
use crate::data::Dataset;
use crate::kernels::panels::{self, LANE_COLUMNS, Left, Start, Strip, panel_count, panel_width, strip};
use crate::kernels::prefetch::prefetch;
use crate::kernels::sums::{LANES, ROWS};
use crate::kernels::{elementwise, losses};
use crate::losses::{LaneBatch, Targets};
use crate::optimizers::StepRule;
use crate::plan::Rules;
use crate::random::{Purpose, Stream};
use crate::real::Real;
use crate::team::{Member, Shared};

/// Terms of a chain that are worked before the next panel: deeper products store the chain and go on, so that a
/// panel's block and the rows it meets stay in the second cache.
const DEPTH: usize = 1024;

/// Rows of x and of dy whose panels fill two thirds of the first cache.
const ROWS_IN_CACHE: usize = 128;

/// Parameters and state of more bytes than this do not stay in the second cache from step to step: they are asked for ahead.
const FAR: usize = 4 << 20;

/// Rows that are gathered one after the other before they go into panels.
pub(super) const GATHERED: usize = 16;

/// How many chunks without state are updated together: what they need stays in the first cache.
pub(super) const TOGETHER: usize = 4;

/// Bytes of the smallest register: a strip computes whole registers.
const LEAST_REGISTER: usize = 16;

/// Everything that members share.
#[derive(Clone, Copy)]
pub(super) struct Buffers<'a, R> {
    pub(super) arena: Shared<'a, R>,
    pub(super) weights: Shared<'a, R>,
    pub(super) state: Shared<'a, R>,
    pub(super) transposed: Shared<'a, R>,
    pub(super) lanes: Shared<'a, R>,
    /// Gradients of the open block of rows; empty where a batch is one tile.
    pub(super) chains: Shared<'a, R>,
    /// Gradients of the blocks before; empty where they are used at once.
    pub(super) totals: Shared<'a, R>,
    /// Working memory, a run for each member.
    pub(super) scratch: Shared<'a, R>,
    /// `[batch, outputs]`, row-major.
    pub(super) outputs: Shared<'a, R>,
    /// `[batch]`.
    pub(super) losses: Shared<'a, R>,
}

/// The update rule of a stage's parameters at this step.
#[derive(Clone, Copy, Debug)]
pub(super) struct StageRule<R> {
    pub(super) weight: StepRule<R>,
    pub(super) bias: StepRule<R>,
}

/// What a tile's rows are made of.
#[derive(Clone, Copy)]
pub(super) enum Input<'a, R> {
    /// Rows of a data set, gathered in training. With their numbers in it.
    Data(&'a Dataset, &'a [u32]),
    /// Values, `[rows, inputs]` row-major.
    Values(&'a [R]),
    /// What was gathered before.
    Gathered(&'a Dataset, &'a [u32]),
}

/// Where a tile of rows lies in its batch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tile {
    /// How many rows it has.
    pub(super) rows: usize,
    /// How many rows of the batch come before it.
    pub(super) first: usize,
    /// How many rows the batch has.
    pub(super) batch: usize,
    pub(super) epoch: u64,
}

impl Tile {
    /// Whether its first row begins a block of rows (NUMERICS rule 4).
    fn begins_block(&self) -> bool {
        self.first.is_multiple_of(ROWS)
    }

    /// Whether its last row ends a block.
    fn ends_block(&self) -> bool {
        self.is_last() || (self.first + self.rows).is_multiple_of(ROWS)
    }

    fn is_last(&self) -> bool {
        self.first + self.rows == self.batch
    }
}

/// One member's view of a tile.
#[derive(Clone, Copy)]
pub(super) struct Pass<'a, R: Real> {
    pub(super) program: &'a Program,
    pub(super) rules: &'a Rules,
    pub(super) buffers: Buffers<'a, R>,
    pub(super) input: Input<'a, R>,
    pub(super) tile: Tile,
    pub(super) targets: Targets<'a, R>,
    /// What no row's loss may exceed.
    pub(super) bound: R,
    pub(super) member: Member<'a>,
}

impl<R: Real> Pass<'_, R> {
    fn rows(&self) -> usize {
        self.tile.rows
    }

    fn read(&self, matrix: Matrix, panel: usize, rows: &Range<usize>) -> &[R] {
        let range = self.program.part::<R>(matrix, panel, rows);
        // SAFETY: a pass reads what was written before the last barrier, or by itself.
        unsafe { self.buffers.arena.read(range) }
    }

    /// A matrix from one row of one panel on, as the left operand of a product.
    fn across(&self, matrix: Matrix, panel: usize, first: usize) -> &[R] {
        let range = self.program.rest::<R>(matrix, panel, first);
        // SAFETY: as in `read`; matrices that are read whole are written in no phase that reads them.
        unsafe { self.buffers.arena.read(range) }
    }

    #[expect(
        clippy::mut_from_ref,
        reason = "the slice comes from the shared arena, not from this view of it"
    )]
    fn write(&self, matrix: Matrix, panel: usize, rows: &Range<usize>) -> &mut [R] {
        let range = self.program.part::<R>(matrix, panel, rows);
        // SAFETY: the caller's unit of work is this panel and these rows, and units do not overlap.
        unsafe { self.buffers.arena.part(range) }
    }

    /// This member's working memory.
    #[expect(clippy::mut_from_ref, reason = "as in `write`")]
    fn scratch(&self) -> &mut [R] {
        let each = self.buffers.scratch.len() / self.member.count();
        let start = self.member.index() * each;
        // SAFETY: every member has its own run.
        unsafe { self.buffers.scratch.part(start..start + each) }
    }

    /// Calls `work(panel, rows)` for this member's share of a matrix of so many panels: whole panels where every member
    /// gets equally many, else parts of their rows.
    fn share(&self, panels: usize, mut work: impl FnMut(usize, Range<usize>)) {
        let count = self.member.count();
        let parts = if panels.is_multiple_of(count) { 1 } else { count };
        let rows = self.rows();
        for unit in self.member.share(panels * parts) {
            let (panel, part) = (unit / parts, unit % parts);
            work(panel, rows * part / parts..rows * (part + 1) / parts);
        }
    }

    /// Brings this member's rows into the arena and through whatever stands before the first dense layer.
    pub(super) fn gather(&self) {
        let rows = self.member.share(self.rows());
        let matrix = self.program.input;
        match self.input {
            Input::Data(data, numbers) => {
                for first in rows.clone().step_by(GATHERED) {
                    let group = first..rows.end.min(first + GATHERED);
                    let values = &mut self.scratch()[..group.len() * matrix.columns];
                    for (&number, row) in
                        numbers[group.clone()].iter().zip(values.chunks_exact_mut(matrix.columns))
                    {
                        data.gather_row(number, row);
                    }
                    self.write_rows(matrix, &group, values);
                }
            }
            Input::Values(values) => self.write_rows(matrix, &rows, &values[rows.start * matrix.columns..]),
            Input::Gathered(..) => {}
        }
        for panel in 0..panel_count::<R>(matrix.columns) {
            self.tail_forward(&self.program.head, panel, &rows);
        }
    }

    /// Writes rows of a matrix, which belong to this member, from `values`, where they lie one after the other.
    fn write_rows(&self, matrix: Matrix, rows: &Range<usize>, values: &[R]) {
        let width = panel_width::<R>();
        for panel in 0..panel_count::<R>(matrix.columns) {
            let columns = width.min(matrix.columns - panel * width);
            let x = values.get(panel * width..).unwrap_or(&[]);
            panels::copy_columns(columns, x, matrix.columns, self.write(matrix, panel, rows));
        }
    }

    /// z = x·w + b of a stage and what follows it; and wᵀ, for the way back.
    pub(super) fn forward(&self, stage: &Stage) {
        let weights = self.weights(stage);
        self.share(stage.panels::<R>(), |panel, rows| {
            let z = self.write(stage.output, panel, &rows);
            match stage.form {
                Form::Panels => self.product(stage, panel, &rows, weights, z),
                Form::OneOutput => {
                    let x = self.across(stage.input, 0, rows.start);
                    let b = weights[stage.input_panels::<R>() * panel_width::<R>()];
                    let between = self.program.panel::<R>();
                    panels::forward_one_output(rows.len(), stage.in_features, x, between, weights, b, z);
                }
            }
            self.tail_forward(&stage.tail, panel, &rows);
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
            strip(Strip { rows: rows.len(), columns, depth, left, right, start }, z);
            start = Start::Stored;
            first += depth;
        }
    }

    /// Lays wᵀ beside the weights, for a gradient that is taken while they change.
    pub(super) fn transpose(&self, stage: &Stage) {
        if stage.transposed.is_empty() {
            return;
        }
        let width = panel_width::<R>();
        let inputs = stage.input_panels::<R>();
        for unit in self.member.share(stage.panels::<R>() * inputs) {
            let (panel, k_panel) = (unit / inputs, unit % inputs);
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

    fn tail_forward(&self, tail: &[Tail], panel: usize, rows: &Range<usize>) {
        for part in tail {
            let y = self.write(part.y, panel, rows);
            if part.x.start != part.y.start {
                y.copy_from_slice(self.read(part.x, panel, rows));
            }
            match &part.kind {
                TailKind::Activation(activation) => elementwise::activate_in_place(activation, y),
                TailKind::Scale(factor) => elementwise::scale_in_place(R::from_f64(*factor), y),
                TailKind::Dropout(dropout, mask) => {
                    let mask_rows = self.write(*mask, panel, rows);
                    self.draw_mask(dropout.dropout, part.layer, *mask, panel, rows, mask_rows);
                    elementwise::multiply_in_place(mask_rows, y);
                }
            }
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
    pub(super) fn write_outputs(&self) {
        let width = panel_width::<R>();
        let outputs = self.program.outputs;
        let last = self.program.last();
        for n in self.member.share(self.rows()) {
            let at = (self.tile.first + n) * outputs;
            // SAFETY: a member's own rows.
            let row = unsafe { self.buffers.outputs.part(at..at + outputs) };
            for (panel, row) in row.chunks_mut(width).enumerate() {
                row.copy_from_slice(&self.read(last, panel, &(n..n + 1))[..row.len()]);
            }
        }
    }

    /// The losses of this member's rows and their gradient by the last dense layer's output, with rows in lanes: a panel
    /// of rows at a time, turned, worked and turned back.
    pub(super) fn loss(&self, last: &Stage) {
        let width = panel_width::<R>();
        let outputs = self.program.outputs;
        let rows = self.member.share(self.rows());
        let loss = &self.rules.loss;
        let factor = loss.gradient_factor(self.tile.batch);
        let turned = loss_rows::<R>(outputs) * width;
        let (predictions, rest) = self.scratch().split_at_mut(turned);
        let (targets, rest) = rest.split_at_mut(turned);
        let d = &mut rest[..turned];
        d[outputs * width..].fill(R::ZERO); // turned too, into padding
        let mut first = rows.start;
        while first < rows.end {
            let count = width.min(rows.end - first);
            let these = first..first + count;
            for panel in 0..last.panels::<R>() {
                let columns = width.min(loss_rows::<R>(outputs) - panel * width);
                let to = &mut predictions[panel * width * width..];
                panels::transpose(count, columns, self.read(self.program.last(), panel, &these), to);
            }
            self.write_targets(first, count, targets);
            // SAFETY: a member's own rows.
            let values = unsafe {
                self.buffers.losses.part(self.tile.first + these.start..self.tile.first + these.end)
            };
            let (predictions, targets) = (&predictions[..outputs * width], &targets[..outputs * width]);
            let batch =
                LaneBatch { rows: count, width: outputs, stride: width, predictions, targets, factor };
            losses::in_lanes(loss, batch, &mut d[..outputs * width], Some(values));
            for panel in 0..last.panels::<R>() {
                let columns = width.min(loss_rows::<R>(outputs) - panel * width);
                let from = &d[panel * width * width..];
                panels::transpose(columns, count, from, self.write(last.doutput, panel, &these));
            }
            first += count;
        }
        for panel in 0..last.panels::<R>() {
            self.tail_backward(last, panel, &rows);
        }
    }

    /// The targets of `count` rows from `first` on, rows in lanes: a class as 1 at its own output, or its number where
    /// there is one output.
    fn write_targets(&self, first: usize, count: usize, to: &mut [R]) {
        let width = panel_width::<R>();
        let outputs = self.program.outputs;
        match self.targets {
            Targets::Classes(classes) => {
                to[..outputs * width].fill(R::ZERO);
                for (n, &class) in classes[first..first + count].iter().enumerate() {
                    match outputs {
                        1 => to[n] = R::from_f64(f64::from(class)),
                        _ => to[class as usize * width + n] = R::ONE,
                    }
                }
            }
            Targets::Values(values) => {
                for n in 0..count {
                    for j in 0..outputs {
                        to[j * width + n] = values[(first + n) * outputs + j];
                    }
                }
            }
        }
    }

    /// Whether the losses of the batch so far are finite and small enough that their sum is.
    pub(super) fn is_finite(&self) -> bool {
        // SAFETY: losses were written before the last barrier.
        let losses = unsafe { self.buffers.losses.read(0..self.tile.first + self.tile.rows) };
        all_bounded(losses, self.bound)
    }

    fn tail_backward(&self, stage: &Stage, panel: usize, rows: &Range<usize>) {
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
    pub(super) fn backward_input(&self, stage: &Stage, before: &Stage) {
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
                strip(Strip { rows: rows.len(), columns, depth, left, right, start }, d);
                start = Start::Stored;
                first += depth;
            }
            self.tail_backward(before, panel, &rows);
        });
    }

    /// dw = xᵀ·dy and db = Σₙ `dy[n]`, and at the end of the batch the update: chunk by chunk, so that a gradient is used
    /// while it is in the first cache.
    pub(super) fn backward_parameters(&self, stage: &Stage, rule: &StageRule<R>) {
        if stage.frozen && self.rules.clip_norm.is_none() {
            return;
        }
        let inputs = stage.input_panels::<R>();
        // Chunks without state lie side by side and are updated together.
        let together = if self.rules.optimizer.state_slots() == 0 { TOGETHER } else { 1 };
        let groups = inputs.div_ceil(together);
        let is_far = (self.buffers.weights.len() + self.buffers.state.len()) * size_of::<R>() > FAR;
        for unit in self.member.share(stage.panels::<R>() * (groups + 1)) {
            let (panel, group) = (unit / (groups + 1), unit % (groups + 1));
            let is_bias = group == groups;
            let k_panels = match is_bias {
                true => inputs..inputs + 1,
                false => group * together..inputs.min((group + 1) * together),
            };
            let end = stage.chunk::<R>(panel, k_panels.end - 1).end;
            let chunk = stage.chunk::<R>(panel, k_panels.start).start..end;
            let scratch = &mut self.scratch()[..chunk.len()];
            if if is_bias { stage.bias_lanes() } else { stage.weight_lanes() } {
                self.gradient_in_lanes(stage, is_bias, scratch);
                self.close(chunk, scratch, is_bias, rule);
                continue;
            }
            let dw = match self.buffers.chains.is_empty() {
                true => scratch,
                // SAFETY: a chunk's gradient belongs to the chunk's unit.
                false => unsafe { self.buffers.chains.part(chunk.clone()) },
            };
            if is_far {
                self.ask_for(end..(end + chunk.len()).min(stage.weights.end));
            }
            for k_panel in k_panels {
                let part = stage.chunk::<R>(panel, k_panel);
                self.gradient(
                    stage,
                    panel,
                    k_panel,
                    &mut dw[part.start - chunk.start..part.end - chunk.start],
                );
            }
            self.close(chunk, dw, is_bias, rule);
        }
    }

    /// The chains of one chunk over the rows of the tile.
    fn gradient(&self, stage: &Stage, panel: usize, k_panel: usize, dw: &mut [R]) {
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
        // A block of rows of x and of dy stays in the first cache while all tiles of the chunk meet it.
        let (x, count) = (self.read(stage.input, k_panel, &rows), dw.len() / width);
        let is_sum = matches!(start, Start::Block);
        for block in (0..rows.len()).step_by(ROWS_IN_CACHE) {
            let depth = ROWS_IN_CACHE.min(rows.len() - block);
            let (x, right) = (&x[block * width..], &dy[block * width..]);
            let start = match block {
                0 if is_sum && depth < rows.len() => Start::Zero,
                0 => start,
                _ => Start::Stored,
            };
            let work = match stage.form {
                Form::Panels => {
                    Strip { rows: count, columns, depth, left: Left::Down { values: x }, right, start }
                }
                Form::OneOutput => {
                    let left = Left::Down { values: right };
                    Strip { rows: 1, columns: width, depth, left, right: x, start }
                }
            };
            strip(work, dw);
        }
        if is_sum && rows.len() > ROWS_IN_CACHE {
            elementwise::add_zero(dw);
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

    /// At the end of a block its sums become part of the gradient; at the end of the batch the gradient changes the
    /// parameters, unless it must be clipped first.
    fn close(&self, chunk: Range<usize>, block: &mut [R], is_bias: bool, rule: &StageRule<R>) {
        if !self.tile.ends_block() {
            return;
        }
        let dw = if self.buffers.totals.is_empty() {
            // Where batches are one tile, sums come with the zero added.
            if !self.buffers.chains.is_empty() || is_bias {
                elementwise::add_zero(block);
            }
            block
        } else {
            // SAFETY: a chunk's gradient belongs to the chunk's unit.
            let total = unsafe { self.buffers.totals.part(chunk.clone()) };
            if self.tile.first < ROWS {
                total.fill(R::ZERO);
            }
            elementwise::add_in_place(block, total);
            total
        };
        if !self.tile.is_last() {
            return;
        }
        // SAFETY: a chunk's parameters belong to the chunk's unit, and nobody reads the weights in this phase.
        let w = unsafe { self.buffers.weights.part(chunk.clone()) };
        if !is_bias && (self.rules.l2 != 0.0 || self.rules.l1 != 0.0) {
            elementwise::penalise(R::from_f64(self.rules.l2), R::from_f64(self.rules.l1), w, dw);
        }
        if self.rules.clip_norm.is_none() {
            self.update(chunk, w, dw, is_bias, rule);
        }
    }

    /// Asks for parameters and their state to be brought near.
    fn ask_for(&self, chunk: Range<usize>) {
        let slots = self.rules.optimizer.state_slots();
        // SAFETY: a prefetch reads nothing; the slices are not looked into.
        unsafe {
            prefetch(self.buffers.weights.read(chunk.clone()));
            prefetch(self.buffers.state.read(chunk.start * slots..chunk.end * slots));
        }
    }

    fn update(&self, chunk: Range<usize>, w: &mut [R], dw: &[R], is_bias: bool, rule: &StageRule<R>) {
        let slots = self.rules.optimizer.state_slots();
        // SAFETY: as for the chunk's parameters.
        let state = unsafe { self.buffers.state.part(chunk.start * slots..chunk.end * slots) };
        elementwise::apply(if is_bias { &rule.bias } else { &rule.weight }, w, dw, state);
    }

    /// The gradients in `totals` times `factor`, and the update: what is left after clipping.
    pub(super) fn update_clipped(&self, stage: &Stage, rule: &StageRule<R>, factor: Option<R>) {
        if stage.frozen {
            return;
        }
        let inputs = stage.input_panels::<R>();
        for unit in self.member.share(stage.panels::<R>() * (inputs + 1)) {
            let (panel, k_panel) = (unit / (inputs + 1), unit % (inputs + 1));
            let chunk = stage.chunk::<R>(panel, k_panel);
            // SAFETY: a chunk's parameters and gradients belong to its unit.
            let (w, dw) = unsafe {
                (self.buffers.weights.part(chunk.clone()), self.buffers.totals.part(chunk.clone()))
            };
            if let Some(factor) = factor {
                for dw in dw.iter_mut() {
                    *dw *= factor;
                }
            }
            self.update(chunk, w, dw, k_panel == inputs, rule);
        }
    }
}

/// How many outputs are turned for the loss: whole registers, so that squares are.
pub(super) fn loss_rows<R>(outputs: usize) -> usize {
    outputs.next_multiple_of(64 / size_of::<R>())
}

/// Whether losses are numbers and at most `bound`, so that their sum is finite.
pub(super) fn all_bounded<R: Real>(losses: &[R], bound: R) -> bool {
    // Not written with `all(<=)` over early exits: a plain loop is one vector comparison.
    let mut bounded = true;
    for &loss in losses {
        bounded &= loss.abs() <= bound;
    }
    bounded
}
