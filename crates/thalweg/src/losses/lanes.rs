//! Losses over rows in lanes: many rows of one output side by side, to the bits of the single rows.

use super::separable::{Separable, SeparableTask};
use super::{Loss, softmax_cross_entropy};
use crate::real::Real;

/// How many rows are worked together: a few registers' worth, whatever the instruction set.
pub(super) const CHUNK: usize = 16;

/// Outputs and targets of a batch, rows in lanes.
///
/// ```text
/// row n's output j lies at (n / stride)·width·stride + j·stride + n % stride
/// ```
#[derive(Clone, Copy, Debug)]
pub(crate) struct LaneBatch<'a, R> {
    /// How many rows there are.
    pub(crate) rows: usize,
    /// How many outputs each row has.
    pub(crate) width: usize,
    /// How many rows lie side by side: a multiple of 16.
    pub(crate) stride: usize,
    /// What the network says.
    pub(crate) predictions: &'a [R],
    /// What it should say; a class is 1 at its own output and 0 elsewhere, or the class's number where there is one output.
    pub(crate) targets: &'a [R],
    /// What every derivative is multiplied by: [`Loss::gradient_factor`].
    pub(crate) factor: R,
    /// What the magnitudes of all predictions together may not exceed.
    pub(crate) limit: R,
}

/// Some rows of one block: where the first output of the first of them lies.
#[derive(Clone, Copy)]
pub(super) struct Chunk<'a, R> {
    start: usize,
    stride: usize,
    pub(super) width: usize,
    predictions: &'a [R],
    targets: &'a [R],
    pub(super) factor: R,
}

/// A value for each row of a chunk. Chunks are read, worked and written whole: as arrays they stay in registers, and the
/// compiler need not ask whether two slices overlap.
pub(super) type Lanes<R> = [R; CHUNK];

impl<R: Real> Chunk<'_, R> {
    /// Output `j`.
    #[inline(always)]
    pub(super) fn predictions(&self, j: usize) -> Lanes<R> {
        read(self.predictions, self.start + j * self.stride)
    }

    /// Its targets.
    #[inline(always)]
    pub(super) fn targets(&self, j: usize) -> Lanes<R> {
        read(self.targets, self.start + j * self.stride)
    }

    /// What `d` holds for output `j`.
    #[inline(always)]
    pub(super) fn get(&self, d: &[R], j: usize) -> Lanes<R> {
        read(d, self.start + j * self.stride)
    }

    /// Writes output `j` of `d`.
    #[inline(always)]
    pub(super) fn set(&self, d: &mut [R], j: usize, lanes: Lanes<R>) {
        d[self.start + j * self.stride..][..CHUNK].copy_from_slice(&lanes);
    }
}

#[inline(always)]
fn read<R: Real>(values: &[R], start: usize) -> Lanes<R> {
    let mut lanes = [R::ZERO; CHUNK];
    lanes.copy_from_slice(&values[start..][..CHUNK]);
    lanes
}

/// A loss that can be worked chunk by chunk.
pub(super) trait ByChunk<R: Real>: Copy {
    /// Writes the gradient, times the factor, and returns each row's loss if `VALUES`.
    fn chunk<const VALUES: bool>(self, chunk: Chunk<'_, R>, d: &mut [R]) -> Lanes<R>;
}

/// A sum over outputs.
#[derive(Clone, Copy)]
struct BySum<L>(L);

impl<R: Real, L: Separable<R>> ByChunk<R> for BySum<L> {
    #[inline(always)]
    fn chunk<const VALUES: bool>(self, chunk: Chunk<'_, R>, d: &mut [R]) -> Lanes<R> {
        let mut sums = [R::ZERO; CHUNK];
        for j in 0..chunk.width {
            let (predictions, targets) = (chunk.predictions(j), chunk.targets(j));
            let mut slopes = [R::ZERO; CHUNK];
            for l in 0..CHUNK {
                slopes[l] = self.0.slope(predictions[l], targets[l]) * chunk.factor;
            }
            chunk.set(d, j, slopes);
            if VALUES {
                for l in 0..CHUNK {
                    sums[l] = self.0.add(sums[l], predictions[l], targets[l]);
                }
            }
        }
        if VALUES {
            for l in 0..CHUNK {
                sums[l] = self.0.finish(sums[l]);
            }
        }
        sums
    }
}

/// What [`Loss::in_lanes`] does, for whichever sum over outputs.
struct LaneTask<'a, R> {
    batch: LaneBatch<'a, R>,
    d: &'a mut [R],
    values: Option<&'a mut [R]>,
}

impl<R: Real> SeparableTask<R> for LaneTask<'_, R> {
    type Output = bool;

    #[inline(always)]
    fn run<L: Separable<R>>(self, loss: L) -> bool {
        by_chunks(BySum(loss), self.batch, self.d, self.values)
    }
}

impl Loss {
    /// The gradient of a batch whose rows lie in lanes, and each row's loss if `values` are given, both to the bits of the
    /// single rows. Lanes without a row get a gradient of 0. False: a prediction is NaN, or the sum
    /// of their magnitudes is larger than the limit, as it is where one of them is.
    ///
    /// # Panics
    /// If a slice is shorter than the sizes say, if the stride is no multiple of 16, or for a user's own loss.
    #[inline(always)]
    pub(crate) fn in_lanes<R: Real>(
        &self,
        batch: LaneBatch<'_, R>,
        d: &mut [R],
        values: Option<&mut [R]>,
    ) -> bool {
        if let Loss::SoftmaxCrossEntropy = self {
            return by_chunks(softmax_cross_entropy::InLanes, batch, d, values);
        }
        self.run_separable(batch.width, LaneTask { batch, d, values })
            .expect("a user's own loss is worked row by row")
    }
}

#[inline(always)]
fn by_chunks<R: Real, L: ByChunk<R>>(
    loss: L,
    batch: LaneBatch<'_, R>,
    d: &mut [R],
    mut values: Option<&mut [R]>,
) -> bool {
    let LaneBatch { rows, width, stride, predictions, targets, factor, limit } = batch;
    assert!(stride.is_multiple_of(CHUNK), "whole chunks lie side by side");
    let mut sizes = [R::ZERO; CHUNK];
    let mut row = 0;
    let mut block = 0;
    while row < rows {
        let mut lane = 0;
        while lane < stride {
            let chunk = Chunk { start: block + lane, stride, width, predictions, targets, factor };
            lane += CHUNK;
            if row >= rows {
                clear(chunk, 0, d);
                continue;
            }
            let count = if rows - row < CHUNK { rows - row } else { CHUNK };
            for j in 0..width {
                let mut lanes = chunk.predictions(j);
                if count < CHUNK {
                    lanes = first_of(lanes, count);
                }
                for l in 0..CHUNK {
                    sizes[l] += lanes[l].abs();
                }
            }
            if let Some(values) = &mut values {
                let row_values = loss.chunk::<true>(chunk, d);
                values[row..row + count].copy_from_slice(&row_values[..count]);
            } else {
                loss.chunk::<false>(chunk, d);
            }
            if count < CHUNK {
                clear(chunk, count, d);
            }
            row += count;
        }
        block += width * stride;
    }
    let mut sum = R::ZERO;
    for l in 0..CHUNK {
        sum += sizes[l];
    }
    sum <= limit
}

/// The gradient of lanes without a row.
#[inline(always)]
fn clear<R: Real>(chunk: Chunk<'_, R>, from: usize, d: &mut [R]) {
    for j in 0..chunk.width {
        chunk.set(d, j, first_of(chunk.get(d, j), from));
    }
}

/// The first `count` lanes, and 0 after them.
#[inline(always)]
fn first_of<R: Real>(mut lanes: Lanes<R>, count: usize) -> Lanes<R> {
    for l in 0..CHUNK {
        lanes[l] = if l < count { lanes[l] } else { R::ZERO };
    }
    lanes
}
