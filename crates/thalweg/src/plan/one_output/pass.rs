//! One pass over the data, by all members of a team at once.
#![allow(unsafe_code, reason = "the members of a team share out slices by barriers")]

use std::ops::Range;

use super::{After, Sizes};
use crate::kernels::elementwise;
use crate::kernels::one_output::{self, Inputs, Part};
use crate::kernels::sums::ROWS;
use crate::losses::Loss;
use crate::optimizers::StepRule;
use crate::real::Real;
use crate::team::{Member, Shared};

/// Rows whose sums are one unit of work: what the kernel takes at a time.
const TILE: usize = 4;

/// What a pass that changes the weights needs beyond the outputs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Learn<R> {
    pub(super) rule: StepRule<R>,
    /// l2 and l1, where there is any.
    pub(super) penalty: Option<(R, R)>,
}

/// How many values of working memory a member needs: for a group, z, the output of each layer behind it, two gradients.
pub(super) fn scratch_len(sizes: Sizes, after: usize) -> usize {
    (after + 3) * sizes.group.next_multiple_of(16)
}

/// One pass: what all members see.
pub(super) struct Pass<'a, R> {
    pub(super) sizes: Sizes,
    pub(super) x: Inputs<'a, R>,
    pub(super) after: &'a [After<R>],
    pub(super) loss: &'a Loss,
    /// 1/rows, or 1.
    pub(super) factor: R,
    pub(super) limit: R,
    pub(super) targets: &'a [R],
    pub(super) bias: R,
    pub(super) learn: Option<Learn<R>>,
    pub(super) slots: usize,
    /// Read by all until the last barrier; then each member changes its own columns.
    pub(super) weight: Shared<'a, R>,
    /// Each member's own columns.
    pub(super) state: Shared<'a, R>,
    /// Each member's own columns.
    pub(super) dweight: Shared<'a, R>,
    /// Each member's own columns.
    pub(super) blocks: Shared<'a, R>,
    /// Of a group, written before its barrier and read by all after it.
    pub(super) sums: Shared<'a, R>,
    /// Each member's own part.
    pub(super) scratch: Shared<'a, R>,
    /// Written by member 0.
    pub(super) outputs: Shared<'a, R>,
    /// Written by member 0.
    pub(super) dz: Shared<'a, R>,
    /// Written by member 0.
    pub(super) is_fine: Shared<'a, bool>,
}

impl<R: Real> Pass<'_, R> {
    /// A member's part of the pass. Every member crosses one barrier for each group, and finds for itself whether all
    /// outputs are fine, from the same numbers.
    pub(super) fn run(&self, member: Member<'_>) {
        let rows = self.sizes.rows;
        let chunks = member.share(self.sizes.chunks());
        let columns = self.sizes.columns_of(chunks.clone());
        let mut is_fine = true;
        let mut row = 0;
        while row < rows {
            let block_end = rows.min(row - row % ROWS + ROWS);
            let group = row..block_end.min(row + self.sizes.group);
            self.add_sums(member, group.clone());
            member.wait();
            let dz = self.rows_after_sums(member, group.clone(), &mut is_fine);
            if self.learn.is_some() && !columns.is_empty() {
                // SAFETY: these columns are this member's alone.
                let dweight = unsafe { self.dweight.part(columns.clone()) };
                let begins = row.is_multiple_of(ROWS);
                one_output::add_products(&self.part(group.clone(), columns.clone()), dz, begins, dweight);
                if group.end == block_end && block_end < rows {
                    self.keep_block(columns.clone(), block_end == ROWS);
                }
            }
            row = group.end;
        }
        if member.index() == 0 {
            // SAFETY: member 0 alone touches it.
            unsafe { self.is_fine.part(0..1) }.fill(is_fine);
        }
        if let Some(learn) = &self.learn
            && is_fine
        {
            // All members are past the last barrier, so that nobody reads weights but its own.
            for chunk in chunks {
                self.update(learn, self.sizes.columns_of(chunk..chunk + 1));
            }
        }
    }

    fn part(&self, rows: Range<usize>, columns: Range<usize>) -> Part<'_, R> {
        Part { x: self.x, width: self.sizes.columns, rows, columns }
    }

    /// The member's share of a group's sums: units are tiles of rows of a segment, segment after segment.
    fn add_sums(&self, member: Member<'_>, group: Range<usize>) {
        let tiles = group.len().div_ceil(TILE);
        let units = member.share(tiles * self.sizes.segments());
        let mut unit = units.start;
        while unit < units.end {
            let (s, first) = (unit / tiles, unit % tiles);
            let last = tiles.min(first + units.end - unit);
            let rows = group.start + first * TILE..group.end.min(group.start + last * TILE);
            let columns = self.sizes.segment(s);
            let of_segment = s * self.sizes.rows;
            // SAFETY: no other member has these units, and nobody reads the sums of this group before the barrier.
            let sums = unsafe { self.sums.part(of_segment + rows.start..of_segment + rows.end) };
            // SAFETY: weights change after the last barrier only.
            let weight = unsafe { self.weight.read(columns.clone()) };
            one_output::segment_sums(&self.part(rows, columns), weight, sums);
            unit += last - first;
        }
    }

    /// Outputs of a group from its sums, and the gradient of the loss by z, in the member's own memory.
    fn rows_after_sums(&self, member: Member<'_>, group: Range<usize>, is_fine: &mut bool) -> &[R] {
        let count = group.len();
        let stride = self.sizes.group.next_multiple_of(16);
        let len = scratch_len(self.sizes, self.after.len());
        // SAFETY: this part is the member's own; what was returned for the group before is used no more.
        let scratch = unsafe { self.scratch.part(member.index() * len..(member.index() + 1) * len) };
        let (values, gradients) = scratch.split_at_mut(len - 2 * stride);
        let (mut d, mut other) = gradients.split_at_mut(stride);

        let rows = self.sizes.rows;
        // SAFETY: this group's sums were written before the barrier and are written no more in this pass.
        let z = unsafe { self.sums.read(group.start..group.end) };
        values[..count].copy_from_slice(z);
        for s in 1..self.sizes.segments() {
            // SAFETY: as above.
            let more = unsafe { self.sums.read(s * rows + group.start..s * rows + group.end) };
            for n in 0..count {
                values[n] += more[n];
            }
        }
        for z in &mut values[..count] {
            *z += self.bias;
        }
        for (i, after) in self.after.iter().enumerate() {
            let (before, y) = values.split_at_mut((i + 1) * stride);
            let (x, y) = (&before[i * stride..][..count], &mut y[..count]);
            match after {
                After::Activation(activation) => elementwise::activate(activation, 1, x, y),
                After::Scale(factor) => elementwise::scale(*factor, x, y),
            }
        }

        let outputs = &values[self.after.len() * stride..][..count];
        for y in outputs {
            // NaN is not within the limit either.
            *is_fine &= y.abs() <= self.limit;
        }
        one_output::loss_gradient(
            self.loss,
            self.factor,
            outputs,
            &self.targets[group.clone()],
            &mut d[..count],
        );
        for (i, after) in self.after.iter().enumerate().rev() {
            let (x, y) = (&values[i * stride..][..count], &values[(i + 1) * stride..][..count]);
            match after {
                After::Activation(activation) => {
                    elementwise::activate_backward(activation, 1, x, y, &d[..count], &mut other[..count]);
                }
                After::Scale(factor) => elementwise::scale(*factor, &d[..count], &mut other[..count]),
            }
            std::mem::swap(&mut d, &mut other);
        }
        if member.index() == 0 {
            // SAFETY: member 0 alone touches them.
            unsafe { self.outputs.part(group.clone()) }.copy_from_slice(outputs);
            // SAFETY: as above.
            unsafe { self.dz.part(group) }.copy_from_slice(&d[..count]);
        }
        &d[..count]
    }

    /// The end of a block of rows that is not the last.
    fn keep_block(&self, columns: Range<usize>, is_first: bool) {
        // SAFETY: these columns are this member's alone.
        let dweight = unsafe { self.dweight.part(columns.clone()) };
        // SAFETY: as above.
        let blocks = unsafe { self.blocks.part(columns) };
        one_output::end_block((!is_first).then_some(&*blocks), dweight);
        blocks.copy_from_slice(dweight);
    }

    /// The end of the last block, penalties and update of one chunk of columns.
    fn update(&self, learn: &Learn<R>, columns: Range<usize>) {
        let slots = columns.start * self.slots..columns.end * self.slots;
        // SAFETY: these columns are this member's alone.
        let dweight = unsafe { self.dweight.part(columns.clone()) };
        let before = if self.sizes.rows > ROWS {
            // SAFETY: as above.
            Some(unsafe { self.blocks.read(columns.clone()) })
        } else {
            None
        };
        // SAFETY: as above, and after the last barrier nobody reads the weights of others.
        let weight = unsafe { self.weight.part(columns) };
        // SAFETY: the state of these columns is this member's alone.
        let state = unsafe { self.state.part(slots) };
        one_output::end_block(before, dweight);
        if let Some((l2, l1)) = learn.penalty {
            elementwise::penalise(l2, l1, weight, dweight);
        }
        elementwise::apply(&learn.rule, weight, dweight, state);
    }
}
