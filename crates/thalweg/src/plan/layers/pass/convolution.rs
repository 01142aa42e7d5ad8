//! Convolutions: an example at a time while it is in cache, and the gradients of filters over whole blocks of examples, or unit by unit of
//! parameters where members have no whole blocks.
#![allow(
    unsafe_code,
    reason = "members take parts of shared matrices; each part says why nobody else has it"
)]

use std::ops::Range;

use super::super::program::{Convolution, Packed, Step, StepKind};
use super::Pass;
use crate::kernels::LINE;
use crate::kernels::convolution::{add_example, correlate, to_panels};
use crate::kernels::elementwise;
use crate::real::Real;

impl<R: Real> Pass<'_, R> {
    /// Lays this member's share of a convolution's weights out for the kernels.
    pub(super) fn pack(&self, step: &Step) {
        let StepKind::Convolution(convolution) = &step.kind else { return };
        let weight = self.parameters(&step.parameters);
        for Packed { order, range, .. } in std::iter::once(&convolution.forward).chain(&convolution.backward)
        {
            let own = self.member.share(order.len());
            // SAFETY: every weight has its place, and belongs to one member.
            let to = unsafe { self.buffers.packed.part(range.start + own.start..range.start + own.end) };
            for (to, &at) in to.iter_mut().zip(&order[own]) {
                *to = weight[at as usize];
            }
        }
    }

    /// y = x ∗ w + b
    pub(super) fn convolve(&self, step: &Step, convolution: &Convolution, rows: &Range<usize>) {
        let sizes = convolution.sizes;
        let planes = self.own(&convolution.x_planes);
        let weight = self.packed(&convolution.forward.range);
        let bias = &self.parameters(&step.parameters)[sizes.weight_len()..];
        let xs = self.read(step.x, rows).chunks_exact(sizes.x_len());
        for (x, y) in xs.zip(self.write(step.y, rows).chunks_exact_mut(sizes.y_len())) {
            convolution.planes.fill(x, planes);
            correlate(&convolution.forward.work, planes, weight, bias, y);
        }
    }

    /// dx = Σ w·dy
    pub(super) fn convolution_backward(&self, step: &Step, convolution: &Convolution, rows: &Range<usize>) {
        let Some(dx) = step.dx else { return };
        let sizes = convolution.sizes;
        let planes = self.own(&convolution.dy_planes);
        let dys = self.read(step.dy, rows).chunks_exact(sizes.y_len());
        for (dy, dx) in dys.zip(self.write(dx, rows).chunks_exact_mut(sizes.x_len())) {
            convolution.dplanes.fill(dy, planes);
            for part in &convolution.backward {
                correlate(&part.work, planes, self.packed(&part.range), &[], dx);
            }
        }
    }

    /// The chains of some rows, block by block of examples.
    pub(super) fn convolution_gradient(&self, step: &Step, rows: &Range<usize>) {
        let StepKind::Convolution(convolution) = &step.kind else { return };
        let Convolution { sizes, panels, .. } = &**convolution;
        let (block, len, line) = (sizes.block(), panels.len::<R>(), LINE / size_of::<R>());
        let planes = self.own(&convolution.x_planes);
        let dy_panels = self.own(&convolution.dy_panels);
        let (x_len, y_len) = (sizes.x_len(), sizes.y_len());
        let (x, dy) = (self.read(step.x, rows), self.read(step.dy, rows));
        for n in rows.clone() {
            let at = n - rows.start;
            convolution.planes.fill(&x[at * x_len..(at + 1) * x_len], planes);
            let from = &dy[at * y_len..];
            if from.len() >= y_len + line {
                to_panels(panels, from, dy_panels);
            } else {
                let last = self.own(&convolution.last_dy);
                last[..y_len].copy_from_slice(&from[..y_len]);
                to_panels(panels, last, dy_panels);
            }
            let start = convolution.chains.start + n / block * len;
            // SAFETY: a block of examples belongs to one member.
            let chains = unsafe { self.buffers.chains.part(start..start + len) };
            for unit in 0..panels.units::<R>() {
                let own = panels.range::<R>(unit);
                add_example(panels, unit, planes, dy_panels, !n.is_multiple_of(block), &mut chains[own]);
            }
        }
    }

    /// The sums of all blocks, in order, for this member's share of the parameters.
    pub(super) fn join_blocks(&self, step: &Step) {
        let StepKind::Convolution(convolution) = &step.kind else { return };
        if convolution.places.is_empty() {
            return;
        }
        let len = convolution.panels.len::<R>();
        // Where members shared out units, the total is there, behind the chains.
        let (first, blocks) = match convolution.by_blocks {
            true => (0, self.batch.rows.div_ceil(convolution.sizes.block())),
            false => (len, 1),
        };
        let first = convolution.chains.start + first;
        // SAFETY: written before the last barrier.
        let chains = unsafe { self.buffers.chains.read(first..first + blocks * len) };
        let own = self.member.share(convolution.places.len());
        let start = step.parameters.start;
        // SAFETY: a parameter belongs to one member.
        let sums = unsafe { self.buffers.gradients.part(start + own.start..start + own.end) };
        for (sum, &place) in sums.iter_mut().zip(&convolution.places[own]) {
            let mut total = R::ZERO;
            for block in 0..blocks {
                total += chains[block * len + place as usize];
            }
            *sum = total;
        }
    }

    /// The gradients of this member's share of the units, over all examples in order.
    pub(super) fn units_gradient(&self, step: &Step, convolution: &Convolution) {
        let Convolution { sizes, panels, .. } = convolution;
        let (block, line) = (sizes.block(), LINE / size_of::<R>());
        let rows = 0..self.batch.rows;
        let (x_len, y_len) = (sizes.x_len(), sizes.y_len());
        let (x, dy) = (self.read(step.x, &rows), self.read(step.dy, &rows));
        let planes = self.own(&convolution.x_planes);
        let dy_panels = self.own(&convolution.dy_panels);
        let units = (self.member.index()..panels.units::<R>()).step_by(self.member.count());
        if units.len() == 0 {
            return;
        }
        let chains = convolution.chains.start;
        let part = |unit: usize| {
            let range = panels.range::<R>(unit);
            // SAFETY: a unit belongs to one member.
            unsafe { self.buffers.chains.part(chains + range.start..chains + range.end) }
        };
        let totals = chains + panels.len::<R>();
        for n in rows.clone() {
            convolution.planes.fill(&x[n * x_len..(n + 1) * x_len], planes);
            let from = &dy[n * y_len..];
            if from.len() >= y_len + line {
                to_panels(panels, from, dy_panels);
            } else {
                let last = self.own(&convolution.last_dy);
                last[..y_len].copy_from_slice(&from[..y_len]);
                to_panels(panels, last, dy_panels);
            }
            let ends = (n + 1).is_multiple_of(block) || n + 1 == rows.end;
            for unit in units.clone() {
                add_example(panels, unit, planes, dy_panels, !n.is_multiple_of(block), part(unit));
                if ends {
                    let range = panels.range::<R>(unit);
                    // SAFETY: a unit belongs to one member.
                    let total = unsafe { self.buffers.chains.part(totals + range.start..totals + range.end) };
                    if n < block {
                        total.fill(R::ZERO);
                    }
                    elementwise::add_in_place(part(unit), total);
                }
            }
        }
    }
}
