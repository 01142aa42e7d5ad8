//! The loss of a tile, and its gradient by the outputs.
#![allow(
    unsafe_code,
    reason = "members take parts of shared matrices; each part says why nobody else has it"
)]

use super::super::program::Stage;
use super::Pass;
use crate::kernels::losses;
use crate::kernels::panels::{self, panel_width};
use crate::losses::{Factors, LaneBatch, Targets};
use crate::real::Real;

impl<R: Real> Pass<'_, R> {
    /// The losses of this member's rows and their gradient by the network's output, with rows in lanes: a panel of rows at a
    /// time, turned, worked and turned back; and back through what stands last, where that is a matter of rows.
    pub(in crate::plan::panels) fn loss(&self, last: &Stage) {
        let width = panel_width::<R>();
        let outputs = self.program.outputs;
        let rows = self.member.share(self.rows());
        let loss = &self.rules.loss;
        let turned = loss_rows::<R>(outputs) * width;
        let (predictions, rest) = self.scratch().split_at_mut(turned);
        let (targets, rest) = rest.split_at_mut(turned);
        let (d, rest) = rest.split_at_mut(turned);
        let lane_factors = &mut rest[..width];
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
            let factors = match self.factors {
                Factors::Same(factor) => Factors::Same(factor),
                Factors::Each(factors) => {
                    lane_factors[..count].copy_from_slice(&factors[these.clone()]);
                    Factors::Each(&*lane_factors)
                }
            };
            let batch =
                LaneBatch { rows: count, width: outputs, stride: width, predictions, targets, factors };
            losses::in_lanes(loss, batch, &mut d[..outputs * width], Some(values));
            for panel in 0..last.panels::<R>() {
                let columns = width.min(loss_rows::<R>(outputs) - panel * width);
                let from = &d[panel * width * width..];
                panels::transpose(columns, count, from, self.write(last.values.doutput, panel, &these));
            }
            first += count;
        }
        if last.values.last_looks_at_columns() {
            return;
        }
        for panel in 0..last.panels::<R>() {
            self.back_through(last.values.last_tail(), last.values.doutput, panel, &rows);
        }
    }

    /// From the network's output back to the last product, as far as [`loss`](Self::loss) could not go: through normalisations.
    pub(in crate::plan::panels) fn back_to_product(&self, last: &Stage) {
        let values = &last.values;
        if values.last_looks_at_columns() {
            for panel in self.member.share(last.panels::<R>()) {
                self.back_through(values.last_tail(), values.doutput, panel, &(0..self.rows()));
            }
        }
        self.row_norms_backward(values);
        self.member.wait();
        self.step_row_norms(values);
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
    pub(in crate::plan::panels) fn is_finite(&self) -> bool {
        // SAFETY: losses were written before the last barrier.
        let losses = unsafe { self.buffers.losses.read(0..self.tile.first + self.tile.rows) };
        all_bounded(losses, self.bound)
    }
}

/// How many outputs are turned for the loss: whole registers, so that squares are.
pub(in crate::plan::panels) fn loss_rows<R>(outputs: usize) -> usize {
    outputs.next_multiple_of(64 / size_of::<R>())
}

/// Whether losses are numbers and at most `bound`, so that their sum is finite.
pub(in crate::plan::panels) fn all_bounded<R: Real>(losses: &[R], bound: R) -> bool {
    // Not written with `all(<=)` over early exits: a plain loop is one vector comparison.
    let mut bounded = true;
    for &loss in losses {
        bounded &= loss.abs() <= bound;
    }
    bounded
}
