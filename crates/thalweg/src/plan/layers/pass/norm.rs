//! Batch normalisation: sums over each channel by whole blocks of examples, which whoever works the rows takes while they are in cache, or
//! channel by channel where members have no whole blocks; then rows.
#![allow(
    unsafe_code,
    reason = "members take parts of shared matrices; each part says why nobody else has it"
)]

use std::ops::Range;

use super::super::program::{Norm, Step, StepKind};
use super::Pass;
use crate::kernels::channels::{self, Moments, Place, blocks, total};
use crate::real::Real;

impl<'a, R: Real> Pass<'a, R> {
    pub(super) fn norm(&self, step: usize) -> &'a Norm {
        match &self.program.steps[step].kind {
            StepKind::Norm(norm) => norm,
            _ => unreachable!("only a normalisation sums its channels"),
        }
    }

    fn count(&self, norm: &Norm) -> f64 {
        (self.batch.rows * norm.positions) as f64
    }

    fn blocks(&self, norm: &Norm) -> usize {
        blocks(self.batch.rows, norm.positions)
    }

    fn place_of(&self, norm: &Norm, example: usize, first_block: usize) -> Place {
        let Norm { channels, positions, .. } = *norm;
        Place { channels, positions, example, first_block, is_last: example + 1 == self.batch.rows }
    }

    /// m, s, and the means of dy and dy·u of all channels, in this member's memory.
    fn numbers(&self, norm: &Norm) -> [&'a mut [R]; 4] {
        let (m, rest) = self.own(&norm.numbers).split_at_mut(norm.channels);
        let (s, rest) = rest.split_at_mut(norm.channels);
        let (mean, along) = rest.split_at_mut(norm.channels);
        [m, s, mean, along]
    }

    /// What a normalisation does with its channels, by this member's memory.
    fn moments_of(&self, step: &Step, norm: &Norm) -> Moments<'a, R> {
        let [m, s, ..] = self.numbers(norm);
        let (w, rest) = self.parameters(&step.parameters).split_at(norm.channels);
        Moments { m, s, w, b: &rest[..norm.channels], relu: norm.relu }
    }

    /// The same on the way back, where what is added hides the sign of y.
    fn back_moments(&self, step: &Step, norm: &Norm) -> Moments<'a, R> {
        Moments { relu: norm.relu && norm.added.is_none(), ..self.moments_of(step, norm) }
    }

    /// The sums of all blocks, of one kind.
    fn sums(&self, norm: &Norm, kind: usize) -> &'a [f64] {
        // SAFETY: they were written before the last barrier, and are not in this phase.
        unsafe { self.buffers.sums.read(norm.sums[kind].clone()) }
    }

    /// The sums of the blocks from that of an example on, to be written by the member that has the example.
    fn sums_from(&self, norm: &Norm, kind: usize, rows: &Range<usize>) -> &'a mut [f64] {
        let each = if kind == 2 { 2 } else { 1 };
        let at = |example: usize, up: bool| {
            let values = example * norm.positions;
            let block = if up { values.div_ceil(channels::BLOCK) } else { values / channels::BLOCK };
            norm.sums[kind].start + block * norm.channels * each
        };
        // SAFETY: members have whole blocks of examples: so many rows at a time as the phase's grain says, or all of them.
        unsafe { self.buffers.sums.part(at(rows.start, false)..at(rows.end, true)) }
    }

    // By rows.

    pub(super) fn norm_values(&self, step: &Step, norm: &Norm, rows: &Range<usize>) {
        let lanes = self.own_sums(&norm.open);
        let sums = self.sums_from(norm, 0, rows);
        self.each(step, norm, rows, |place, x, _| {
            channels::add_values(place, 0..norm.channels, x, lanes, sums);
        });
    }

    pub(super) fn begin_squares(&self, norm: &Norm) {
        let (sums, blocks) = (self.sums(norm, 0), self.blocks(norm));
        for (c, mean) in self.own_sums(&norm.means).iter_mut().enumerate() {
            *mean = total::<1>(sums, blocks, norm.channels, c, 0) / self.count(norm);
        }
    }

    pub(super) fn norm_squares(&self, step: &Step, norm: &Norm, rows: &Range<usize>) {
        let lanes = self.own_sums(&norm.open);
        let sums = self.sums_from(norm, 1, rows);
        let means = &*self.own_sums(&norm.means);
        self.each(step, norm, rows, |place, x, _| {
            channels::add_squares(place, 0..norm.channels, x, means, lanes, sums);
        });
    }

    /// m and s, and for the way back what all members know of the channels.
    pub(super) fn begin_norm(&self, step: &Step, norm: &Norm) {
        let [m, s, ..] = self.numbers(norm);
        let each = norm.channels;
        if self.batch.training.is_none() {
            let averages = &self.parameters(&step.parameters)[2 * each..];
            m.copy_from_slice(&averages[..each]);
            for (s, variance) in s.iter_mut().zip(&averages[each..]) {
                *s = R::from_f64(1.0 / (variance.to_f64() + norm.epsilon).sqrt());
            }
            return;
        }
        if !norm.by_blocks[0] {
            return self.known_moments(norm, m, s);
        }
        let (means, sums, blocks) = (self.own_sums(&norm.means), self.sums(norm, 1), self.blocks(norm));
        for c in 0..each {
            let variance = total::<1>(sums, blocks, each, c, 0) / self.count(norm);
            m[c] = R::from_f64(means[c]);
            s[c] = R::from_f64(1.0 / (variance + norm.epsilon).sqrt());
            if self.member.index() == 0 {
                self.keep(norm, c, means[c], variance);
            }
        }
    }

    /// Keeps m, the variance for the average, and s of a channel.
    fn keep(&self, norm: &Norm, c: usize, mean: f64, variance: f64) {
        let count = self.count(norm);
        let values = [
            R::from_f64(mean),
            R::from_f64(variance * count / (count - 1.0).max(1.0)),
            R::from_f64(1.0 / (variance + norm.epsilon).sqrt()),
        ];
        for (k, value) in values.into_iter().enumerate() {
            self.keep_one(norm, k, c, value);
        }
    }

    /// Writes the `k`th of a channel's numbers that all members are to know.
    fn keep_one(&self, norm: &Norm, k: usize, c: usize, value: R) {
        let at = norm.statistics.start + k * norm.channels + c;
        // SAFETY: a channel's are written by the first member, or by the one whose share it is.
        let kept = unsafe { self.buffers.statistics.part(at..at + 1) };
        kept[0] = value;
    }

    /// The `k`th of the numbers of all channels.
    fn kept(&self, norm: &Norm, k: usize) -> &'a [R] {
        let start = norm.statistics.start + k * norm.channels;
        // SAFETY: they were written before the last barrier.
        unsafe { self.buffers.statistics.read(start..start + norm.channels) }
    }

    fn known_moments(&self, norm: &Norm, m: &mut [R], s: &mut [R]) {
        m.copy_from_slice(self.kept(norm, 0));
        s.copy_from_slice(self.kept(norm, 2));
    }

    /// dw, db, and the batch's own mean and variance for the averages, of one channel.
    fn add_gradients(&self, step: &Step, norm: &Norm, c: usize, sum: f64, along: f64) {
        if !step.learns {
            return;
        }
        let of_batch = [self.kept(norm, 0)[c], self.kept(norm, 1)[c]];
        let values = [R::from_f64(along), R::from_f64(sum), of_batch[0], of_batch[1]];
        for (k, value) in values.into_iter().enumerate() {
            let at = step.parameters.start + k * norm.channels + c;
            // SAFETY: one member writes a channel's, and nobody reads them in this phase.
            let gradient = unsafe { self.buffers.gradients.part(at..at + 1) };
            gradient[0] = R::ZERO + value;
        }
    }

    /// y = w·u + b
    pub(super) fn normalise(&self, step: &Step, norm: &Norm, rows: &Range<usize>) {
        let moments = self.moments_of(step, norm);
        let width = norm.channels * norm.positions;
        let added = norm.added.map_or(&[][..], |slot| self.read(slot, rows));
        let xs =
            self.read(step.x, rows).chunks_exact(width).zip(self.write(step.y, rows).chunks_exact_mut(width));
        for (at, (x, y)) in xs.enumerate() {
            let added = added.get(at * width..(at + 1) * width).unwrap_or(&[]);
            channels::normalise(moments, x, added, y);
        }
    }

    pub(super) fn begin_products(&self, norm: &Norm) {
        let [m, s, ..] = self.numbers(norm);
        self.known_moments(norm, m, s);
    }

    pub(super) fn norm_products(&self, step: &Step, norm: &Norm, rows: &Range<usize>) {
        let lanes = self.own_sums(&norm.open);
        let sums = self.sums_from(norm, 2, rows);
        let moments = self.back_moments(step, norm);
        let width = norm.channels * norm.positions;
        let dy = self.read(step.dy, rows);
        self.each(step, norm, rows, |place, x, at| {
            let dy = &dy[at * width..][..width];
            channels::add_products(place, 0..norm.channels, x, dy, moments, lanes, sums);
        });
    }

    /// The means of dy and dy·u; and by one member the gradients of the parameters.
    pub(super) fn begin_norm_backward(&self, step: &Step, norm: &Norm) {
        let [m, s, mean, along] = self.numbers(norm);
        self.known_moments(norm, m, s);
        if !norm.by_blocks[1] {
            mean.copy_from_slice(self.kept(norm, 3));
            return along.copy_from_slice(self.kept(norm, 4));
        }
        let (sums, blocks) = (self.sums(norm, 2), self.blocks(norm));
        for c in 0..norm.channels {
            let [sum_of, along_of] = [0, 1].map(|k| total::<2>(sums, blocks, norm.channels, c, k));
            mean[c] = R::from_f64(sum_of / self.count(norm));
            along[c] = R::from_f64(along_of / self.count(norm));
            if self.member.index() == 0 {
                self.add_gradients(step, norm, c, sum_of, along_of);
            }
        }
    }

    /// dx = w·s·(dy - Σ dy/N - u·Σ(dy·u)/N)
    pub(super) fn denormalise(&self, step: &Step, norm: &Norm, rows: &Range<usize>) {
        let Some(dx) = step.dx else { return };
        let [_, _, mean, along] = self.numbers(norm);
        let moments = self.back_moments(step, norm);
        let width = norm.channels * norm.positions;
        let values = self.read(step.x, rows).chunks_exact(width);
        let values = values.zip(self.read(step.dy, rows).chunks_exact(width));
        for ((x, dy), dx) in values.zip(self.write(dx, rows).chunks_exact_mut(width)) {
            channels::denormalise(moments, [mean, along], x, dy, dx);
        }
    }

    /// Calls `work(place, x, at)` for every example, the `at`th of these rows.
    fn each(&self, step: &Step, norm: &Norm, rows: &Range<usize>, mut work: impl FnMut(Place, &[R], usize)) {
        let width = norm.channels * norm.positions;
        let first_block = rows.start * norm.positions / channels::BLOCK;
        for (at, x) in self.read(step.x, rows).chunks_exact(width).enumerate() {
            work(self.place_of(norm, rows.start + at, first_block), x, at);
        }
    }

    // By channels.

    /// The means and variances of this member's channels.
    pub(super) fn moments(&self, step: &Step, norm: &Norm) {
        let own = self.member.share(norm.channels);
        let (lanes, sums) = (self.own_sums(&norm.open), self.own_sums(&norm.closed));
        let (means, blocks, each) = (self.own_sums(&norm.means), self.blocks(norm), norm.channels);
        let rows = 0..self.batch.rows;
        self.each(step, norm, &rows, |place, x, _| {
            channels::add_values(place, own.clone(), x, lanes, sums);
        });
        for c in own.clone() {
            means[c] = total::<1>(sums, blocks, each, c, 0) / self.count(norm);
        }
        self.each(step, norm, &rows, |place, x, _| {
            channels::add_squares(place, own.clone(), x, means, lanes, sums);
        });
        for c in own {
            self.keep(norm, c, means[c], total::<1>(sums, blocks, each, c, 0) / self.count(norm));
        }
    }

    /// The sums of dy and dy·u of this member's channels, and what follows from them.
    pub(super) fn products(&self, step: &Step, norm: &Norm) {
        let own = self.member.share(norm.channels);
        let (lanes, sums) = (self.own_sums(&norm.open), self.own_sums(&norm.closed));
        let [m, s, ..] = self.numbers(norm);
        self.known_moments(norm, m, s);
        let moments = self.back_moments(step, norm);
        let rows = 0..self.batch.rows;
        let dy = self.read(step.dy, &rows);
        let width = norm.channels * norm.positions;
        self.each(step, norm, &rows, |place, x, at| {
            let dy = &dy[at * width..][..width];
            channels::add_products(place, own.clone(), x, dy, moments, lanes, sums);
        });
        let blocks = self.blocks(norm);
        for c in own {
            let [sum, along] = [0, 1].map(|k| total::<2>(sums, blocks, norm.channels, c, k));
            for (k, sum) in [sum, along].into_iter().enumerate() {
                self.keep_one(norm, 3 + k, c, R::from_f64(sum / self.count(norm)));
            }
            self.add_gradients(step, norm, c, sum, along);
        }
    }
}
