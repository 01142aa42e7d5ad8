//! Normalisations: of a panel's columns, whose rows one member has all of, and of whole rows.
#![allow(
    unsafe_code,
    reason = "members take parts of shared matrices; each part says why nobody else has it"
)]

use std::ops::Range;

use super::super::program::{ColumnNorm, Matrix, Norm, RowNorm, Values};
use super::{Input, Pass};
use crate::kernels::panels::{self, panel_count, panel_width};
use crate::kernels::{elementwise, layer_norm};
use crate::optimizers::StepRule;
use crate::real::Real;

impl<R: Real> Pass<'_, R> {
    /// A tensor of a normalisation, padded.
    fn tensor(&self, norm: &Norm, tensor: usize) -> &[R] {
        // SAFETY: parameters are written only on the way back, in phases that read none of these.
        unsafe { self.buffers.weights.read(norm.tensor(tensor)) }
    }

    /// y ← w·u + b for the columns of a panel, by the statistics of the batch in training and by the averages in inference.
    pub(super) fn batch_norm(&self, norm: &ColumnNorm, panel: usize, rows: &Range<usize>, y: &mut [R]) {
        let epsilon = norm.layer.epsilon;
        let columns = panel * panel_width::<R>()..(panel + 1) * panel_width::<R>();
        let of_panel = |tensor| &self.tensor(&norm.norm, tensor)[columns.clone()];
        let (w, b) = (of_panel(0), of_panel(1));
        if let Input::Values(_) = self.input {
            return panels::normalise_by_averages(epsilon, [w, b, of_panel(2), of_panel(3)], y);
        }
        let u = self.write(norm.u, panel, rows);
        // SAFETY: the statistics of a panel belong to whoever works the panel.
        let statistics = unsafe { self.buffers.arena.part(norm.statistics::<R>(panel)) };
        panels::normalise_columns(epsilon, w, b, y, u, statistics);
    }

    /// d ← the gradient by the input of a panel's columns; then the step of their parameters and averages.
    pub(super) fn batch_norm_backward(
        &self,
        norm: &ColumnNorm,
        panel: usize,
        rows: &Range<usize>,
        d: &mut [R],
    ) {
        let width = panel_width::<R>();
        // SAFETY: the statistics were written before the last barrier, or by this member.
        let statistics = unsafe { self.buffers.arena.read(norm.statistics::<R>(panel)) };
        let (of_batch, s) = statistics.split_at(2 * width);
        let gradients = &mut self.scratch()[..2 * width];
        let u = self.read(norm.u, panel, rows);
        // SAFETY: a panel's parameters belong to whoever works the panel, and nobody else reads them in this phase.
        let w = unsafe { self.buffers.weights.read(norm.norm.run::<R>(0, panel)) };
        panels::denormalise_columns(w, s, u, d, gradients);
        self.step(&norm.norm, panel, gradients);
        self.move_averages(norm, panel, of_batch);
    }

    /// The averages of a panel's columns move by the batch's mean and variance; or these are kept.
    fn move_averages(&self, norm: &ColumnNorm, panel: usize, of_batch: &[R]) {
        for (k, value) in of_batch.chunks_exact(panel_width::<R>()).enumerate() {
            let run = norm.norm.run::<R>(2 + k, panel);
            if self.update.is_none() {
                // SAFETY: a panel's parameters, and what stands where their gradients would, belong to whoever works the panel.
                unsafe { self.buffers.totals.part(run) }.copy_from_slice(value);
            } else if !norm.norm.frozen {
                // SAFETY: as above.
                let average = unsafe { self.buffers.weights.part(run) };
                elementwise::average(norm.layer.momentum, average, value);
            }
        }
    }

    /// The update of weight and bias of a panel's columns by their gradients, one after the other; or these are kept.
    fn step(&self, norm: &Norm, panel: usize, gradients: &mut [R]) {
        if let Some(limit) = self.rules.clip_value {
            elementwise::cut(R::from_f64(limit), gradients);
        }
        for (tensor, dw) in gradients.chunks_exact(panel_width::<R>()).enumerate() {
            let run = norm.run::<R>(tensor, panel);
            match self.update {
                Some(rules) => self.apply(norm, &rules.norms[norm.number], run, dw),
                // SAFETY: a panel's gradients belong to whoever works the panel.
                None => unsafe { self.buffers.totals.part(run) }.copy_from_slice(dw),
            }
        }
    }

    fn apply(&self, norm: &Norm, rule: &StepRule<R>, run: Range<usize>, dw: &[R]) {
        if norm.frozen {
            return;
        }
        let slots = self.rules.optimizer.state_slots();
        // SAFETY: a panel's parameters and their state belong to whoever works the panel.
        let (w, state) = unsafe {
            (
                self.buffers.weights.part(run.clone()),
                self.buffers.state.part(run.start * slots..run.end * slots),
            )
        };
        elementwise::apply(rule, w, dw, state);
    }

    /// What is left of a normalisation's step where its gradients were kept, which are taken times `factor`.
    pub(in crate::plan::panels) fn update_kept_norm(
        &self,
        norm: &Norm,
        rule: &StepRule<R>,
        factor: Option<R>,
    ) {
        for panel in self.member.share(panel_count::<R>(norm.columns)) {
            for tensor in 0..norm.tensors {
                let run = norm.run::<R>(tensor, panel);
                // SAFETY: a panel's gradients belong to whoever works the panel.
                let dw = unsafe { self.buffers.totals.part(run.clone()) };
                match norm.momentum.filter(|_| tensor >= 2) {
                    None => {
                        if let Some(factor) = factor {
                            elementwise::scale_in_place(factor, dw);
                        }
                        self.apply(norm, rule, run, dw);
                    }
                    Some(momentum) if !norm.frozen => {
                        // SAFETY: as for the gradients.
                        elementwise::average(momentum, unsafe { self.buffers.weights.part(run) }, dw);
                    }
                    Some(_) => {}
                }
            }
        }
    }

    /// y ← w ⊙ u + b for this member's rows, and what follows.
    pub(in crate::plan::panels) fn row_norms(&self, values: &Values) {
        if values.row_norms.is_empty() {
            return;
        }
        self.member.wait();
        let rows = self.member.share(self.rows());
        for norm in &values.row_norms {
            let columns = norm.norm.columns;
            let (w, b) = (&self.tensor(&norm.norm, 0)[..columns], &self.tensor(&norm.norm, 1)[..columns]);
            let (x, rest) = self.scratch().split_at_mut(columns);
            let (y, u) = rest.split_at_mut(columns);
            let u = &mut u[..columns];
            for n in rows.clone() {
                self.take_row(norm, n, x);
                let s = layer_norm::normalise(norm.layer.epsilon, x, w, b, u, y);
                self.each_panel(norm, |panel, columns| {
                    self.write(norm.x, panel, &(n..n + 1))[..columns.len()].copy_from_slice(&y[columns]);
                });
                if !norm.gradients.is_empty() {
                    self.each_panel(norm, |panel, columns| {
                        self.write(norm.u, panel, &(n..n + 1))[..columns.len()].copy_from_slice(&u[columns]);
                    });
                    let at = norm.scales.start + n;
                    // SAFETY: a row's scale belongs to whoever has the row.
                    let scale = unsafe { self.buffers.arena.part(at..at + 1) };
                    scale[0] = s;
                }
            }
            for panel in 0..panel_count::<R>(columns) {
                self.tail_forward(&norm.tail, panel, &rows);
            }
        }
    }

    /// Back through the normalisations of a stage and what stands between them; the gradient has come as far as the last one.
    pub(in crate::plan::panels) fn row_norms_backward(&self, values: &Values) {
        for (k, norm) in values.row_norms.iter().enumerate().rev() {
            self.member.wait();
            self.gradients(values.doutput, norm);
            self.member.wait();
            let rows = self.member.share(self.rows());
            let columns = norm.norm.columns;
            let w = &self.tensor(&norm.norm, 0)[..columns];
            let (dy, rest) = self.scratch().split_at_mut(columns);
            let (dx, u) = rest.split_at_mut(columns);
            let u = &mut u[..columns];
            for n in rows.clone() {
                self.each_panel(norm, |panel, columns| {
                    let row = n..n + 1;
                    dy[columns.clone()]
                        .copy_from_slice(&self.read(values.doutput, panel, &row)[..columns.len()]);
                    u[columns.clone()].copy_from_slice(&self.read(norm.u, panel, &row)[..columns.len()]);
                });
                // SAFETY: a row's scale belongs to whoever has the row.
                let s =
                    unsafe { self.buffers.arena.read(norm.scales.start + n..norm.scales.start + n + 1) }[0];
                layer_norm::denormalise(w, s, u, dy, dx);
                self.each_panel(norm, |panel, columns| {
                    self.write(values.doutput, panel, &(n..n + 1))[..columns.len()]
                        .copy_from_slice(&dx[columns]);
                });
            }
            let before = match k {
                0 => &values.tail,
                _ => &values.row_norms[k - 1].tail,
            };
            if k == 0 && values.looks_at_columns() {
                self.member.wait(); // all rows are there
                for panel in self.member.share(panel_count::<R>(columns)) {
                    self.back_through(before, values.doutput, panel, &(0..self.rows()));
                }
            } else {
                for panel in 0..panel_count::<R>(columns) {
                    self.back_through(before, values.doutput, panel, &rows);
                }
            }
        }
    }

    /// dw = Σₙ dy ⊙ u and db = Σₙ dy, kept until everybody has used w.
    fn gradients(&self, doutput: Matrix, norm: &RowNorm) {
        let width = panel_width::<R>();
        let rows = 0..self.rows();
        let each = norm.gradients.len() / 2;
        for panel in self.member.share(panel_count::<R>(norm.norm.columns)) {
            let (d, u) = (self.read(doutput, panel, &rows), self.read(norm.u, panel, &rows));
            let start = norm.gradients.start + panel * width;
            // SAFETY: a panel's gradients belong to whoever works the panel.
            let (dw, db) = unsafe {
                (
                    self.buffers.arena.part(start..start + width),
                    self.buffers.arena.part(start + each..start + each + width),
                )
            };
            panels::column_sums(d, u, dw, db);
        }
    }

    /// The update of a stage's normalisations of rows, in a phase that reads none of their parameters.
    pub(in crate::plan::panels) fn step_row_norms(&self, values: &Values) {
        let width = panel_width::<R>();
        for norm in &values.row_norms {
            let each = norm.gradients.len() / 2;
            for panel in self.member.share(panel_count::<R>(norm.norm.columns)) {
                let start = norm.gradients.start + panel * width;
                let gradients = &mut self.scratch()[..2 * width];
                for (k, gradients) in gradients.chunks_exact_mut(width).enumerate() {
                    let start = start + k * each;
                    // SAFETY: the gradients were written before the last barrier.
                    gradients.copy_from_slice(unsafe { self.buffers.arena.read(start..start + width) });
                }
                self.step(&norm.norm, panel, gradients);
            }
        }
    }

    /// One row of a normalisation's input, side by side.
    fn take_row(&self, norm: &RowNorm, n: usize, x: &mut [R]) {
        self.each_panel(norm, |panel, columns| {
            x[columns.clone()].copy_from_slice(&self.read(norm.x, panel, &(n..n + 1))[..columns.len()]);
        });
    }

    /// Calls `work(panel, columns)` for each panel of a normalisation's matrices.
    fn each_panel(&self, norm: &RowNorm, mut work: impl FnMut(usize, Range<usize>)) {
        let width = panel_width::<R>();
        for panel in 0..panel_count::<R>(norm.norm.columns) {
            work(panel, panel * width..norm.norm.columns.min((panel + 1) * width));
        }
    }
}
