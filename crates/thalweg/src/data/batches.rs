//! Batches: which rows an update sees, epoch by epoch.

use std::ops::Range;

use crate::random::{Purpose, Stream, permutation};
use crate::train::BatchSize;

/// The rows of one update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batch<'a> {
    /// The epoch, from 0.
    pub epoch: u64,
    /// The batch's number in its epoch, from 0.
    pub index: usize,
    /// Row indices into the data set; the last batch of an epoch may be shorter than the others.
    pub rows: &'a [u32],
}

/// An endless walk over the rows, batch by batch, each epoch in a new order or always in the same.
///
/// The order of an epoch depends on the seed and the epoch's number alone, so that training can be resumed at any batch:
/// [`seek`](Self::seek). After creation nothing is allocated.
///
/// # Example
/// ```
/// use thalweg::data::Batches;
/// use thalweg::train::BatchSize;
///
/// let mut batches = Batches::new(5, BatchSize::Rows(2), false, 0);
/// assert_eq!(batches.per_epoch(), 3);
/// assert_eq!(batches.next_batch().rows, [0, 1]);
/// assert_eq!(batches.next_batch().rows, [2, 3]);
/// assert_eq!(batches.next_batch().rows, [4]);
/// assert_eq!(batches.next_batch().epoch, 1);
/// ```
#[derive(Clone, Debug)]
pub struct Batches {
    order: Vec<u32>,
    batch_size: usize,
    /// The seed, when rows are reordered.
    shuffle: Option<u64>,
    epoch: u64,
    next: usize,
    /// Where the last batch lies in `order`.
    last: Range<usize>,
}

impl Batches {
    /// Batches over rows 0 to `rows` - 1, at the start of epoch 0.
    ///
    /// # Panics
    /// When `rows` is 0 or does not fit 32 bits, or the batch size is 0: a `Dataset` and checked settings have neither.
    pub fn new(rows: usize, batch_size: BatchSize, shuffle: bool, seed: u64) -> Batches {
        let row_count = u32::try_from(rows).expect("a data set has less than 2^32 rows");
        assert!(rows > 0, "a data set has rows");
        let batch_size = match batch_size {
            BatchSize::Rows(size) => size.min(rows),
            BatchSize::Full => rows,
        };
        assert!(batch_size > 0, "a batch has rows");
        // The order within the one batch of an epoch would only change how sums are rounded.
        let shuffle = (shuffle && batch_size < rows).then_some(seed);
        let mut batches =
            Batches { order: (0..row_count).collect(), batch_size, shuffle, epoch: 0, next: 0, last: 0..0 };
        batches.lay_order();
        batches
    }

    /// How many batches an epoch has.
    pub fn per_epoch(&self) -> usize {
        self.order.len().div_ceil(self.batch_size)
    }

    /// How many rows the largest batch has.
    pub fn largest(&self) -> usize {
        self.batch_size
    }

    /// How many rows an epoch has.
    pub fn rows(&self) -> usize {
        self.order.len()
    }

    /// The epoch of the next batch.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The number of the next batch in its epoch.
    pub fn position(&self) -> usize {
        self.next
    }

    /// Whether an epoch is one batch with all rows in order.
    pub fn is_full(&self) -> bool {
        self.batch_size == self.order.len()
    }

    /// The next batch; after the last one of an epoch comes the first of the next.
    pub fn next_batch(&mut self) -> Batch<'_> {
        if self.next == self.per_epoch() {
            self.seek(self.epoch + 1, 0);
        }
        let index = self.next;
        self.next += 1;
        let start = index * self.batch_size;
        let end = (start + self.batch_size).min(self.order.len());
        self.last = start..end;
        Batch { epoch: self.epoch, index, rows: &self.order[start..end] }
    }

    /// The rows of the batch that [`next_batch`](Self::next_batch) gave last; none after a [`seek`](Self::seek).
    pub fn last_rows(&self) -> &[u32] {
        &self.order[self.last.clone()]
    }

    /// The rows of the batch that [`next_batch`](Self::next_batch) will give next, as long as the epoch lasts; none at
    /// its end.
    pub fn upcoming_rows(&self) -> &[u32] {
        let start = (self.next * self.batch_size).min(self.order.len());
        let end = (start + self.batch_size).min(self.order.len());
        &self.order[start..end]
    }

    /// Goes to a batch of an epoch, as if all before had been seen; `batch` may be the number of batches, which is the
    /// end of the epoch.
    ///
    /// # Panics
    /// When the epoch has fewer batches.
    pub fn seek(&mut self, epoch: u64, batch: usize) {
        assert!(batch <= self.per_epoch(), "the epoch has this batch");
        if epoch != self.epoch {
            self.epoch = epoch;
            self.lay_order();
        }
        self.next = batch;
        self.last = 0..0;
    }

    /// Writes the epoch's order.
    fn lay_order(&mut self) {
        if let Some(seed) = self.shuffle {
            permutation(Stream::new(seed, Purpose::Shuffle, 0, self.epoch), &mut self.order);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epoch(batches: &mut Batches) -> Vec<Vec<u32>> {
        (0..batches.per_epoch()).map(|_| batches.next_batch().rows.to_vec()).collect()
    }

    #[test]
    fn every_epoch_has_every_row_once_in_its_own_order() {
        let mut batches = Batches::new(23, BatchSize::Rows(5), true, 3);
        let first = epoch(&mut batches);
        let second = epoch(&mut batches);
        assert_eq!(first.iter().map(Vec::len).collect::<Vec<_>>(), [5, 5, 5, 5, 3]);
        assert_ne!(first, second);
        for seen in [first, second] {
            let mut seen = seen.concat();
            seen.sort_unstable();
            assert_eq!(seen, (0..23).collect::<Vec<_>>());
        }
    }

    #[test]
    fn seeking_gives_what_walking_gives() {
        let mut walked = Batches::new(23, BatchSize::Rows(5), true, 3);
        for _ in 0..2 * 5 + 3 {
            walked.next_batch();
        }
        let mut sought = Batches::new(23, BatchSize::Rows(5), true, 3);
        sought.seek(2, 3);
        assert!(sought.last_rows().is_empty());
        assert_eq!(sought.next_batch(), walked.next_batch());
        assert_eq!(sought.last_rows(), walked.last_rows());
        assert_eq!(sought.upcoming_rows(), walked.clone().next_batch().rows);
        sought.seek(0, 5);
        assert!(sought.upcoming_rows().is_empty());
        assert_eq!(sought.next_batch().epoch, 1);
    }

    #[test]
    fn a_full_batch_keeps_the_order() {
        for size in [BatchSize::Full, BatchSize::Rows(4), BatchSize::Rows(9)] {
            let mut batches = Batches::new(4, size, true, 3);
            assert_eq!(epoch(&mut batches), [[0, 1, 2, 3]]);
            assert!(batches.is_full());
        }
    }
}
