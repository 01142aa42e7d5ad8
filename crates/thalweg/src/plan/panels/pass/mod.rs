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

mod backward;
mod forward;
mod front;
mod gather;
mod loss;
mod matrix;
mod norm;
mod update;

use std::ops::Range;

pub(super) use loss::{all_bounded, loss_rows};

use super::memory::Buffers;
use super::program::{Matrix, Program};
use crate::data::Dataset;
use crate::kernels::panels::{Run, panel_width};
use crate::kernels::sums::ROWS;
use crate::losses::{Factors, Targets};
use crate::optimizers::{StepRule, muon};
use crate::plan::Rules;
use crate::real::Real;
use crate::team::Member;

/// Terms of a chain that are worked before the next panel: deeper products store the chain and go on, so that a
/// panel's block and the rows it meets stay in the second cache.
const DEPTH: usize = 1024;

/// Parameters and state of more bytes than this do not stay in the second cache from step to step. Tests take the same
/// ways with small networks.
const FAR: usize = if cfg!(test) { 32 << 10 } else { 2 << 20 };

/// The update rule of a stage's parameters at this step.
#[derive(Clone, Copy, Debug)]
pub(super) struct StageRule<R> {
    pub(super) weight: StepRule<R>,
    pub(super) bias: StepRule<R>,
    /// How the weight moves as a matrix, where it does.
    pub(super) matrix: Option<muon::Step<R>>,
}

/// The update rules of this step: of the convolutions in front, the products and the normalisations, each in order.
#[derive(Clone, Copy)]
pub(super) struct StepRules<'a, R> {
    pub(super) front: &'a [StageRule<R>],
    pub(super) stages: &'a [StageRule<R>],
    pub(super) norms: &'a [StepRule<R>],
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
    /// The tile's runs of rows that lie in one block (NUMERICS rule 4).
    fn blocks(self) -> impl Iterator<Item = Block> {
        let end = self.first + self.rows;
        (self.first / ROWS..end.div_ceil(ROWS)).map(move |block| {
            let (start, stop) = (self.first.max(block * ROWS), end.min((block + 1) * ROWS));
            Block {
                rows: start - self.first..stop - self.first,
                first: start,
                begins: start.is_multiple_of(ROWS),
                ends: stop == self.batch || stop.is_multiple_of(ROWS),
                is_last: stop == self.batch,
            }
        })
    }

    fn is_last(self) -> bool {
        self.first + self.rows == self.batch
    }
}

/// Rows of a tile that lie in one block: what the sums over rows are taken over.
#[derive(Clone, Debug)]
struct Block {
    /// Which rows of the tile.
    rows: Range<usize>,
    /// How many rows of the batch come before them.
    first: usize,
    /// Whether the first begins a block, the last ends one, and is the batch's last.
    begins: bool,
    ends: bool,
    is_last: bool,
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
    /// What the gradients of the tile's rows are multiplied by.
    pub(super) factors: Factors<'a, R>,
    /// How parameters change as soon as their gradient is there; `None` where the whole gradient is kept.
    pub(super) update: Option<StepRules<'a, R>>,
    /// What no row's loss may exceed.
    pub(super) bound: R,
    pub(super) member: Member<'a>,
}

impl<'a, R: Real> Pass<'a, R> {
    /// What a forward pass needs.
    pub(super) fn new(
        program: &'a Program,
        rules: &'a Rules,
        buffers: Buffers<'a, R>,
        input: Input<'a, R>,
        tile: Tile,
        member: Member<'a>,
    ) -> Self {
        Pass {
            program,
            rules,
            buffers,
            input,
            tile,
            targets: Targets::Classes(&[]),
            factors: Factors::Same(R::ONE),
            update: None,
            bound: R::ZERO,
            member,
        }
    }

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

    /// Whether what a step changes is too much to stay in the second cache.
    fn is_far(&self) -> bool {
        (self.buffers.weights.len() + self.buffers.state.len()) * size_of::<R>() > FAR
    }

    /// The next rows of a product's right operand, to be asked for; nothing where they are near.
    fn far_rows(&self, right: &[R], row: usize, rows: usize) -> [Run<R>; 2] {
        let width = panel_width::<R>();
        match self.is_far() {
            true => [Run::of(&right[row * width..right.len().min((row + rows) * width)]), Run::NONE],
            false => [Run::NONE; 2],
        }
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
    /// gets equally many or the work looks at all rows of a column, else parts of their rows.
    fn share(&self, panels: usize, by_columns: bool, mut work: impl FnMut(usize, Range<usize>)) {
        let count = self.member.count();
        let parts = if by_columns || panels.is_multiple_of(count) { 1 } else { count };
        let rows = self.rows();
        for unit in self.member.share(panels * parts) {
            let (panel, part) = (unit / parts, unit % parts);
            work(panel, rows * part / parts..rows * (part + 1) / parts);
        }
    }
}
