//! The phases of a program, as one member of a team runs them.
#![allow(
    unsafe_code,
    reason = "members take parts of shared matrices; each part says why nobody else has it"
)]

mod convolution;
mod dense;
mod norm;
mod update;

use std::ops::Range;

pub(super) use update::{Chunk, Updates};

use super::memory::Buffers;
use super::program::{Back, Phase, Program, RowOp, Step, StepKind, Strand, UnitOp};
use crate::data::Dataset;
use crate::kernels::elementwise;
use crate::layers::{Backward, Forward, Layer, Mode, row_len};
use crate::losses::{Factors, Loss, Targets};
use crate::real::Real;
use crate::team::Member;

/// Where features come from.
#[derive(Clone, Copy)]
pub(super) enum Input<'a, R> {
    /// These rows of the data.
    Data(&'a Dataset, &'a [u32]),
    /// Rows that were brought in by an earlier pass.
    Gathered,
    /// `[rows, inputs]`, scaled.
    Values(&'a [R]),
}

/// What all members know of the batch.
#[derive(Clone, Copy)]
pub(super) struct Batch<'a, R> {
    pub(super) rows: usize,
    pub(super) input: Input<'a, R>,
    /// The rows' numbers in the data, for random masks; the seed and the epoch. None in inference.
    pub(super) training: Option<(&'a [u32], u64, u64)>,
    pub(super) loss: &'a Loss,
    /// Targets in the units of the report, where losses are wanted and outputs are in these units.
    pub(super) own_targets: Option<Targets<'a, R>>,
    /// Targets in the units of training.
    pub(super) targets: Targets<'a, R>,
    pub(super) factors: Factors<'a, R>,
}

/// One member's view of a step.
#[derive(Clone, Copy)]
pub(super) struct Pass<'a, R: Real> {
    pub(super) program: &'a Program,
    pub(super) buffers: Buffers<'a, R>,
    pub(super) batch: Batch<'a, R>,
    pub(super) member: Member<'a>,
}

impl<'a, R: Real> Pass<'a, R> {
    /// Runs phases, each between two barriers.
    pub(super) fn run(&self, phases: &[Phase]) {
        for phase in phases {
            self.member.wait();
            match phase {
                Phase::Rows { grain, strands } => {
                    let own = self.rows(*grain);
                    strands.iter().for_each(|strand| self.strand(strand, &own));
                }
                Phase::Units(ops) => ops.iter().for_each(|op| self.unit_op(*op)),
            }
        }
        self.member.wait();
    }

    /// This member's rows, where so many are one unit.
    fn rows(&self, grain: usize) -> Range<usize> {
        let units = self.member.share(self.batch.rows.div_ceil(grain));
        (units.start * grain).min(self.batch.rows)..(units.end * grain).min(self.batch.rows)
    }

    fn strand(&self, strand: &Strand, own: &Range<usize>) {
        for op in &strand.ops {
            self.begin(*op);
        }
        let mut first = own.start;
        while first < own.end {
            let end = own.end.min(first.saturating_add(strand.chunk));
            let rows = first..end;
            for op in &strand.ops {
                self.row_op(*op, &rows);
            }
            first = end;
        }
    }

    /// What a normalisation works out before the rows.
    fn begin(&self, op: RowOp) {
        let step = |step: usize| &self.program.steps[step];
        match op {
            RowOp::Forward(number) => {
                if let StepKind::Norm(norm) = &step(number).kind {
                    self.begin_norm(step(number), norm);
                }
            }
            RowOp::Squares(number) => self.begin_squares(self.norm(number)),
            RowOp::Products(number) => self.begin_products(self.norm(number)),
            RowOp::Backward(number) => {
                if let StepKind::Norm(norm) = &step(number).kind {
                    self.begin_norm_backward(step(number), norm);
                }
            }
            _ => {}
        }
    }

    fn row_op(&self, op: RowOp, rows: &Range<usize>) {
        let steps = &self.program.steps;
        match op {
            RowOp::Gather => self.gather(rows),
            RowOp::Forward(step) => self.forward(&steps[step], rows),
            RowOp::Backward(step) => self.backward(&steps[step], rows),
            RowOp::Values(step) => self.norm_values(&steps[step], self.norm(step), rows),
            RowOp::Squares(step) => self.norm_squares(&steps[step], self.norm(step), rows),
            RowOp::Products(step) => self.norm_products(&steps[step], self.norm(step), rows),
            RowOp::Gradient(step) => self.convolution_gradient(&steps[step], rows),
            RowOp::Losses => self.losses(rows),
            RowOp::LossGradient => self.loss_gradient(rows),
            RowOp::Add { from, to } => {
                elementwise::add_in_place(self.read(from, rows), self.write(to, rows));
            }
            RowOp::Copy { from, to } => self.write(to, rows).copy_from_slice(self.read(from, rows)),
        }
    }

    fn unit_op(&self, op: UnitOp) {
        let steps = &self.program.steps;
        match op {
            UnitOp::Moments(step) => self.moments(&steps[step], self.norm(step)),
            UnitOp::Products(step) => self.products(&steps[step], self.norm(step)),
            UnitOp::Gradient(number) => {
                let step = &steps[number];
                match &step.kind {
                    StepKind::Dense(dense) => self.dense_gradient(step, dense),
                    StepKind::Convolution(convolution) => self.units_gradient(step, convolution),
                    StepKind::Layer(layer, Back::Channels) => self.channels_gradient(step, layer),
                    StepKind::Layer(layer, _) => {
                        if number % self.member.count() == self.member.index() {
                            self.backward_whole(step, layer);
                        }
                    }
                    _ => unreachable!("no other step has gradients of its own"),
                }
            }
        }
    }

    // Rows.

    fn gather(&self, rows: &Range<usize>) {
        match self.batch.input {
            Input::Data(data, numbers) => {
                data.gather(&numbers[rows.clone()], self.write(self.program.input, rows));
            }
            Input::Values(values) => {
                let width = self.program.matrices[self.program.input].width;
                let from = &values[rows.start * width..rows.end * width];
                self.write(self.program.input, rows).copy_from_slice(from);
            }
            Input::Gathered => {}
        }
    }

    fn forward(&self, step: &Step, rows: &Range<usize>) {
        match &step.kind {
            StepKind::Layer(layer, _) => layer.forward(Forward {
                rows: rows.len(),
                input: &step.input,
                output: &step.output,
                mode: self.mode(step, rows),
                parameters: self.parameters(&step.parameters),
                x: self.read(step.x, rows),
                y: self.write(step.y, rows),
                cache: self.write(step.cache, rows),
            }),
            StepKind::Activation { activation, .. } if step.x == step.y => {
                elementwise::activate_in_place(activation, self.write(step.y, rows));
            }
            StepKind::Activation { activation, .. } => {
                let width = row_len(&step.input);
                elementwise::activate(activation, width, self.read(step.x, rows), self.write(step.y, rows));
            }
            StepKind::Dense(dense) => self.dense_forward(step, dense, rows),
            StepKind::Convolution(convolution) => self.convolve(step, convolution, rows),
            StepKind::Norm(norm) => self.normalise(step, norm, rows),
            StepKind::Sum { around, last } => {
                if step.y != *around && step.y != *last {
                    self.write(step.y, rows).copy_from_slice(self.read(*around, rows));
                }
                let other = if step.y == *last { *around } else { *last };
                elementwise::add_in_place(self.read(other, rows), self.write(step.y, rows));
            }
        }
    }

    /// dx of some rows.
    fn backward(&self, step: &Step, rows: &Range<usize>) {
        match &step.kind {
            StepKind::Layer(layer, Back::Channels) => {
                let Some(dx) = step.dx else { return };
                let parameters = self.parameters(&step.parameters);
                let (cache, dy) = (self.read(step.cache, rows), self.read(step.dy, rows));
                layer.backward_rows(&step.input, parameters, cache, dy, self.write(dx, rows));
            }
            StepKind::Layer(layer, _) => {
                let Some(dx) = step.dx else { return };
                layer.backward(Backward {
                    rows: rows.len(),
                    input: &step.input,
                    output: &step.output,
                    mode: self.mode(step, rows),
                    parameters: &[],
                    x: self.read(step.x, rows),
                    y: self.read(step.y, rows),
                    cache: self.read(step.cache, rows),
                    dy: self.read(step.dy, rows),
                    dx: Some(self.write(dx, rows)),
                    dparameters: &mut [],
                    scratch: &mut [],
                });
            }
            StepKind::Activation { activation, .. } => {
                let Some(dx) = step.dx else { return };
                let (z, a) = (self.read(step.x, rows), self.read(step.y, rows));
                if dx == step.dy {
                    elementwise::activate_backward_in_place(activation, z, a, self.write(dx, rows));
                } else {
                    let (width, dy) = (row_len(&step.input), self.read(step.dy, rows));
                    elementwise::activate_backward(activation, width, z, a, dy, self.write(dx, rows));
                }
            }
            StepKind::Dense(dense) => self.dense_backward(step, dense, rows),
            StepKind::Convolution(convolution) => self.convolution_backward(step, convolution, rows),
            StepKind::Norm(norm) => self.denormalise(step, norm, rows),
            StepKind::Sum { .. } => unreachable!("both paths go back by themselves"),
        }
    }

    /// The losses of some rows; in inference their outputs, to where they stay.
    fn losses(&self, rows: &Range<usize>) {
        let output = self.program.output;
        let width = self.program.matrices[output].width;
        if !self.program.trains {
            // SAFETY: a row belongs to one member.
            let to = unsafe { self.buffers.outputs.part(rows.start * width..rows.end * width) };
            return to.copy_from_slice(self.read(output, rows));
        }
        let Some(targets) = self.batch.own_targets else { return };
        // SAFETY: a row belongs to one member.
        let losses = unsafe { self.buffers.losses.part(rows.clone()) };
        let outputs = self.read(output, rows).chunks_exact(width);
        for ((n, outputs), loss) in rows.clone().zip(outputs).zip(losses) {
            *loss = self.batch.loss.row_value(outputs, targets.row(n, width));
        }
    }

    fn loss_gradient(&self, rows: &Range<usize>) {
        let output = self.program.output;
        let width = self.program.matrices[output].width;
        let targets = self.batch.targets.piece(rows.start, rows.len(), width);
        let factors = self.batch.factors.piece(rows.start, rows.len());
        let (outputs, d) = (self.read(output, rows), self.write(self.program.doutput, rows));
        self.batch.loss.gradient_of_piece(width, factors, outputs, targets, d);
    }

    // Whole layers, and layers of rows by channels.

    fn backward_whole(&self, step: &Step, layer: &Layer) {
        let rows = 0..self.batch.rows;
        // SAFETY: one member works this layer, and its gradients are nobody else's.
        let dparameters = unsafe { self.buffers.gradients.part(step.parameters.clone()) };
        // SAFETY: one layer at a time is worked so, by one member.
        let scratch = unsafe { self.buffers.whole.part(0..self.buffers.whole.len()) };
        layer.backward(Backward {
            rows: rows.len(),
            input: &step.input,
            output: &step.output,
            mode: self.mode(step, &rows),
            parameters: self.parameters(&step.parameters),
            x: self.read(step.x, &rows),
            y: self.read(step.y, &rows),
            cache: self.read(step.cache, &rows),
            dy: self.read(step.dy, &rows),
            dx: step.dx.map(|dx| self.write(dx, &rows)),
            dparameters,
            scratch,
        });
    }

    fn channels_gradient(&self, step: &Step, layer: &Layer) {
        let rows = 0..self.batch.rows;
        let each = step.parameters.len() / 2;
        let own = self.member.share(each);
        let start = step.parameters.start;
        let of = |tensor: usize| {
            let start = start + tensor * each;
            // SAFETY: a channel's gradients belong to one member.
            unsafe { self.buffers.gradients.part(start + own.start..start + own.end) }
        };
        let (cache, dy) = (self.read(step.cache, &rows), self.read(step.dy, &rows));
        layer.backward_channels(&step.input, own.clone(), cache, dy, [of(0), of(1)]);
    }

    // Matrices.

    /// Where some rows of a matrix lie, in the memory of all or in the member's own.
    fn place(&self, slot: usize, rows: &Range<usize>) -> (bool, Range<usize>) {
        let matrix = self.program.matrices[slot];
        if matrix.is_local {
            let start = self.member.index() * self.program.lens.member + matrix.start;
            (true, start..start + rows.len() * matrix.width)
        } else {
            let start = matrix.start;
            (false, start + rows.start * matrix.width..start + rows.end * matrix.width)
        }
    }

    /// Some rows of a matrix, to be read.
    fn read(&self, slot: usize, rows: &Range<usize>) -> &'a [R] {
        let (is_local, range) = self.place(slot, rows);
        let memory = if is_local { self.buffers.member } else { self.buffers.arena };
        // SAFETY: rows were written by this member in this phase, or by whomever before the last barrier, and nobody else writes
        // them in this one.
        unsafe { memory.read(range) }
    }

    /// The same, to be written.
    fn write(&self, slot: usize, rows: &Range<usize>) -> &'a mut [R] {
        let (is_local, range) = self.place(slot, rows);
        let memory = if is_local { self.buffers.member } else { self.buffers.arena };
        // SAFETY: in a phase, a row of a matrix belongs to the member whose share it is, a layer that is worked whole to the member
        // that works it, and a member's memory to itself. Matrices of the whole batch share no place with another that lives
        // in the same phase, those of a member's chunk of rows none with another that lives while the chunk is worked
        // (`Slots::place`). An operation reads no matrix that it writes but through that slice.
        unsafe { memory.part(range) }
    }

    fn parameters(&self, range: &Range<usize>) -> &'a [R] {
        // SAFETY: parameters are written only by updates, and a barrier or the start of the run lies between.
        unsafe { self.buffers.parameters.read(range.clone()) }
    }

    /// Part of what kernels read of the parameters.
    fn packed(&self, range: &Range<usize>) -> &'a [R] {
        // SAFETY: written before the first phase, with a barrier between.
        unsafe { self.buffers.packed.read(range.clone()) }
    }

    /// Part of this member's memory.
    fn own(&self, range: &Range<usize>) -> &'a mut [R] {
        let start = self.member.index() * self.program.lens.member;
        // SAFETY: every member has its own run, and no two ranges of it overlap (`Builder`).
        unsafe { self.buffers.member.part(start + range.start..start + range.end) }
    }

    /// Part of this member's sums.
    fn own_sums(&self, range: &Range<usize>) -> &'a mut [f64] {
        let start = self.member.index() * self.program.lens.member_sums;
        // SAFETY: as for `own`.
        unsafe { self.buffers.member_sums.part(start + range.start..start + range.end) }
    }

    fn mode(&self, step: &Step, rows: &Range<usize>) -> Mode<'a> {
        match self.batch.training {
            Some((numbers, seed, epoch)) => {
                let row_numbers = &numbers[rows.clone()];
                Mode::Training { seed, layer: step.number, epoch, row_numbers }
            }
            None => Mode::Inference,
        }
    }
}
