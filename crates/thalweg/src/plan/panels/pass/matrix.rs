//! The step of a hidden matrix as a whole: Muon's iteration, its products shared out by rows.
#![allow(
    unsafe_code,
    reason = "members take parts of shared matrices; each part says why nobody else has it"
)]

use std::ops::Range;

use super::super::program::{Form, Stage};
use super::Pass;
use crate::kernels::OrderedSum;
use crate::kernels::dense::{self, DenseSizes};
use crate::kernels::panels::panel_width;
use crate::optimizers::muon::{self, Step};
use crate::real::Real;

/// X: the gradient's look ahead, lying as `[rows, columns]` with no more rows than columns.
#[derive(Clone, Copy)]
struct Matrix {
    rows: usize,
    columns: usize,
    /// Whether it lies as the transpose of the weights.
    is_turned: bool,
}

impl<R: Real> Pass<'_, R> {
    /// One step of a hidden weight by Muon (`optimizers/muon.rs`), its gradient times `factor`.
    pub(super) fn move_matrix(&self, stage: &Stage, step: &Step<R>, factor: Option<R>) {
        let is_turned = stage.in_features > stage.out_features;
        let (long, short) = match is_turned {
            true => (stage.in_features, stage.out_features),
            false => (stage.out_features, stage.in_features),
        };
        let matrix = Matrix { rows: short, columns: long, is_turned };
        self.member.wait(); // nobody looks at the matrix before any more
        self.each_weight(stage, matrix, |chunk, places| {
            let slots = self.rules.optimizer.state_slots();
            let state = chunk.start * slots..chunk.start * slots + chunk.len();
            // SAFETY: a chunk's gradient and state belong to the chunk's unit.
            let (m, dw) = unsafe { (self.buffers.state.part(state), self.buffers.totals.read(chunk)) };
            for (run, own) in places {
                for (x, at) in self.in_room(run).iter_mut().zip(own) {
                    let g = factor.map_or(dw[at], |factor| dw[at] * factor);
                    *x = step.look_ahead(&mut m[at], g);
                }
            }
        });
        self.normalise(matrix);
        for _ in 0..step.iterations {
            self.iterate(matrix);
        }
        self.member.wait();
        self.each_weight(stage, matrix, |chunk, places| {
            // SAFETY: a chunk's parameters belong to the chunk's unit.
            let w = unsafe { self.buffers.weights.part(chunk) };
            step.decay(w);
            for (run, own) in places {
                for (&x, at) in self.room(run).iter().zip(own) {
                    w[at] = step.minus_rate.mul_add(x, w[at]);
                }
            }
        });
    }

    /// X ← X / max(‖X‖, 1e-7); the norm in the order of the weights.
    fn normalise(&self, matrix: Matrix) {
        let Matrix { rows, columns, is_turned } = matrix;
        self.member.wait();
        let x = self.room(0..rows * columns);
        let mut sum = OrderedSum::new();
        let (outer, inner) = if is_turned { (columns, rows) } else { (rows, columns) };
        for i in 0..outer {
            for j in 0..inner {
                let x = x[if is_turned { j * columns + i } else { i * columns + j }].to_f64();
                sum.push(x * x);
            }
        }
        let factor = muon::one_over_norm::<R>(sum.total());
        self.member.wait();
        let own = self.member.share(rows);
        for x in self.in_room(own.start * columns..own.end * columns) {
            *x *= factor;
        }
    }

    /// X ← a·X + (b·A + c·A·A)·X with A = X·Xᵀ, each member its rows.
    fn iterate(&self, matrix: Matrix) {
        let Matrix { rows, columns, .. } = matrix;
        let room = self.program.matrices;
        let own = self.member.share(rows);
        let of = |width: usize, start: usize| start + own.start * width..start + own.end * width;
        let [first, second] = [0, 1].map(|which| room.square(which).start);
        let square = |start: usize| start..start + rows * rows;
        let zeros = |columns: usize| self.room(room.zeros().start..room.zeros().start + columns);
        let sizes = |in_features, out_features| DenseSizes { rows: own.len(), in_features, out_features };
        self.member.wait();
        let x = self.room(room.x().start..room.x().start + rows * columns);
        let a = self.in_room(of(rows, first));
        let scratch = self.in_room(room.scratch(self.member.index()));
        dense::backward_input(sizes(rows, columns), &x[of(columns, 0)], x, scratch, a);
        self.member.wait();
        let b = self.in_room(of(rows, second));
        dense::forward(
            sizes(rows, rows),
            self.room(of(rows, first)),
            self.room(square(first)),
            zeros(rows),
            b,
        );
        muon::add_square(self.room(of(rows, first)), b);
        let product = self.in_room(of(columns, room.product().start));
        dense::forward(sizes(rows, columns), b, x, zeros(columns), product);
        self.member.wait();
        muon::add_product(product, self.in_room(of(columns, room.x().start)));
    }

    /// Calls `work(chunk, places)` for this member's chunks of a stage's weight; `places` are runs of X and the places in the chunk of
    /// their values.
    fn each_weight(
        &self,
        stage: &Stage,
        matrix: Matrix,
        mut work: impl FnMut(Range<usize>, &mut dyn Iterator<Item = (Range<usize>, Strides)>),
    ) {
        let width = panel_width::<R>();
        let inputs = stage.input_panels::<R>();
        for unit in self.member.share(stage.panels::<R>() * inputs) {
            let (panel, k_panel) = (unit / inputs, unit % inputs);
            let (k, j) = (k_panel * width, panel * width);
            let across = width.min(stage.in_features - k);
            let along = width.min(stage.out_features - j);
            let row = if stage.form == Form::Panels { width } else { 1 };
            let (runs, length) = if matrix.is_turned { (along, across) } else { (across, along) };
            let mut places = (0..runs).map(|run| {
                let (start, own) = match matrix.is_turned {
                    true => ((j + run) * matrix.columns + k, Strides { at: run, step: row }),
                    false => ((k + run) * matrix.columns + j, Strides { at: run * row, step: 1 }),
                };
                (start..start + length, own)
            });
            work(stage.chunk::<R>(panel, k_panel), &mut places);
        }
    }

    /// Part of the memory for hidden matrices, to be read.
    fn room(&self, range: Range<usize>) -> &[R] {
        // SAFETY: what is read was written before the last barrier, or by this member.
        unsafe { self.buffers.matrices.read(range) }
    }

    /// Part of it, to be written.
    #[expect(
        clippy::mut_from_ref,
        reason = "the slice comes from the shared memory, not from this view of it"
    )]
    fn in_room(&self, range: Range<usize>) -> &mut [R] {
        // SAFETY: the range belongs to this member's rows, to its chunk's unit, or to itself.
        unsafe { self.buffers.matrices.part(range) }
    }
}

/// Places at equal distances.
struct Strides {
    at: usize,
    step: usize,
}

impl Iterator for Strides {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let at = self.at;
        self.at += self.step;
        Some(at)
    }
}
