//! Parameters and optimizer state: between the plan's own panels and the plain plan's rows.
//!
//! A stage's parameters are chunks, each of which is updated as one run: W rows of a panel, or a row of biases. The state
//! of a chunk lies like the plain plan's of a tensor: its slots one after the other, each as long as the chunk.

use std::ops::Range;

use super::program::{Form, Norm, Program, Stage};
use crate::kernels::panels::panel_width;
use crate::real::Real;

impl Stage {
    /// The chunk of panel `panel` of the outputs that goes with panel `k_panel` of the inputs; one past the last is the
    /// row of biases.
    pub(super) fn chunk<R: Real>(&self, panel: usize, k_panel: usize) -> Range<usize> {
        let width = panel_width::<R>();
        match self.form {
            Form::Panels => {
                let first = self.weights.start + panel * (self.in_features + 1) * width;
                let (start, end) = if k_panel == self.input_panels::<R>() {
                    (self.in_features, self.in_features + 1)
                } else {
                    (k_panel * width, ((k_panel + 1) * width).min(self.in_features))
                };
                first + start * width..first + end * width
            }
            Form::OneOutput => {
                let start = self.weights.start + k_panel * width;
                start..start + width
            }
        }
    }

    /// Calls `visit(own, plain, chunk)` for every run of parameters that lie next to each other both here and in the plain plan: where
    /// it lies here, its start there, and the chunk that it belongs to; the plain plan's order.
    fn visit_runs<R: Real>(&self, mut visit: impl FnMut(Range<usize>, usize, &Range<usize>)) {
        let width = panel_width::<R>();
        for k in 0..=self.in_features {
            let is_bias = k == self.in_features;
            let k_panel = if is_bias { self.input_panels::<R>() } else { k / width };
            let plain = match is_bias {
                true => self.plain_bias.start,
                false => self.plain_weight.start + k * self.out_features,
            };
            let row = if is_bias { 0 } else { k % width };
            for panel in 0..self.panels::<R>() {
                let chunk = self.chunk::<R>(panel, k_panel);
                let (first, columns) = match self.form {
                    Form::Panels => (chunk.start + row * width, width.min(self.out_features - panel * width)),
                    Form::OneOutput => (chunk.start + row, 1),
                };
                visit(first..first + columns, plain + panel * width, &chunk);
            }
        }
    }

    /// Calls `visit(own, plain, chunk)` for every parameter, as [`visit_runs`](Self::visit_runs) does for runs of them.
    fn visit<R: Real>(&self, mut visit: impl FnMut(usize, usize, &Range<usize>)) {
        self.visit_runs::<R>(|own, plain, chunk| {
            for (i, own) in own.enumerate() {
                visit(own, plain + i, chunk);
            }
        });
    }
}

impl Norm {
    /// Calls `visit(own, plain, tensor, column)` with the place of every parameter here and in the plain plan, its tensor and its
    /// column; the plain plan's order.
    fn visit(&self, mut visit: impl FnMut(usize, usize, usize, usize)) {
        for tensor in 0..self.tensors {
            for column in 0..self.columns {
                let own = self.tensor(tensor).start + column;
                visit(own, self.plain.start + tensor * self.columns + column, tensor, column);
            }
        }
    }
}

/// Calls `visit(own, plain)` with the places of the slots of the state of a run of parameters: their own places and chunk, and in the
/// plain plan their start and tensor, given.
pub(super) fn visit_slots(
    slots: usize,
    (own, chunk): (Range<usize>, &Range<usize>),
    (plain, tensor): (usize, &Range<usize>),
    visit: &mut impl FnMut(Range<usize>, usize),
) {
    for slot in 0..slots {
        let first = slots * chunk.start + slot * chunk.len() + own.start - chunk.start;
        visit(first..first + own.len(), slots * tensor.start + slot * tensor.len() + plain - tensor.start);
    }
}

impl Program {
    /// Writes the parameters (or gradients) row-major.
    pub(super) fn read<R: Real>(&self, own: &[R], plain: &mut [R]) {
        if let Some(front) = &self.front {
            front.read(own, plain);
        }
        for stage in &self.stages {
            stage.visit_runs::<R>(|from, to, _| {
                plain[to..to + from.len()].copy_from_slice(&own[from]);
            });
        }
        for norm in self.norms() {
            norm.visit(|from, to, _, _| plain[to] = own[from]);
        }
    }

    /// Takes row-major parameters.
    pub(super) fn write<R: Real>(&self, plain: &[R], own: &mut [R]) {
        if let Some(front) = &self.front {
            front.write(plain, own);
        }
        for stage in &self.stages {
            stage.visit_runs::<R>(|to, from, _| {
                let from = from..from + to.len();
                own[to].copy_from_slice(&plain[from]);
            });
        }
        for norm in self.norms() {
            norm.visit(|to, from, _, _| own[to] = plain[from]);
        }
    }

    /// Calls `visit(own, plain)` with the places of every run of values of the optimizer's state: where they lie here, and their start
    /// in the plain plan.
    pub(super) fn visit_state<R: Real>(&self, slots: usize, mut visit: impl FnMut(Range<usize>, usize)) {
        if let Some(front) = &self.front {
            front.visit_state::<R>(slots, &mut visit);
        }
        for stage in &self.stages {
            stage.visit_runs::<R>(|own, plain, chunk| {
                let tensor = match stage.plain_weight.contains(&plain) {
                    true => &stage.plain_weight,
                    false => &stage.plain_bias,
                };
                visit_slots(slots, (own, chunk), (plain, tensor), &mut visit);
            });
        }
        let width = panel_width::<R>();
        for norm in self.norms() {
            norm.visit(|own, _, tensor, column| {
                // Averages have no state: the plain plan keeps room for theirs, which stays as it is.
                if tensor < 2 {
                    let run = own - column % width;
                    let start = norm.plain.start + tensor * norm.columns;
                    let of_tensor = start..start + norm.columns;
                    let chunk = run..run + width;
                    visit_slots(slots, (own..own + 1, &chunk), (start + column, &of_tensor), &mut visit);
                }
            });
        }
    }

    /// Calls `visit` with the place of every parameter that training changes, in the plain plan's order.
    pub(super) fn in_plain_order<R: Real>(&self, mut visit: impl FnMut(usize)) {
        let of_norm = |norm: &Norm, visit: &mut dyn FnMut(usize)| {
            norm.visit(|own, _, tensor, _| {
                if tensor < 2 {
                    visit(own)
                }
            });
        };
        self.input.norms().for_each(|norm| of_norm(norm, &mut visit));
        for stage in &self.stages {
            stage.visit::<R>(|own, _, _| visit(own));
            stage.values.norms().for_each(|norm| of_norm(norm, &mut visit));
        }
    }
}
