//! Where matrices lie: what is kept for the way back has a place of its own; what is not shares its place with what comes later; and what
//! lives no longer than its chunk of rows stays in the member's memory, that is, in cache.

use super::program::Matrix;

/// When a matrix is written or read: in which phase, strand and operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment {
    pub(super) phase: usize,
    pub(super) strand: usize,
    pub(super) op: usize,
}

/// A matrix that wants a place.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    width: usize,
    is_kept: bool,
    lives: Option<(Moment, Moment)>,
}

/// All matrices of a program.
#[derive(Clone, Debug, Default)]
pub(super) struct Slots(Vec<Slot>);

/// The places of all matrices, and what they take.
pub(super) struct Places {
    pub(super) matrices: Vec<Matrix>,
    pub(super) arena: usize,
    /// Of a member's memory.
    pub(super) local: usize,
}

impl Slots {
    /// A matrix of so many columns.
    pub(super) fn add(&mut self, width: usize, is_kept: bool) -> usize {
        self.0.push(Slot { width, is_kept, lives: None });
        self.0.len() - 1
    }

    pub(super) fn width(&self, slot: usize) -> usize {
        self.0[slot].width
    }

    /// Notes that it is written or read.
    pub(super) fn touch(&mut self, slot: usize, at: Moment) {
        let lives = &mut self.0[slot].lives;
        *lives = Some(lives.map_or((at, at), |(birth, last)| (birth.min(at), last.max(at))));
    }

    /// Finds places for batches of up to `rows` rows. `chunk` says how many rows of a strand are worked at a time, and `round` brings a
    /// length to whole lines.
    pub(super) fn place(
        self,
        rows: usize,
        chunk: impl Fn(Moment) -> Option<usize>,
        round: impl Fn(usize) -> usize,
    ) -> Places {
        let mut places = Places { matrices: Vec::with_capacity(self.0.len()), arena: 0, local: 0 };
        let mut shared: Vec<Taken> = Vec::new();
        let mut local: Vec<Taken> = Vec::new();
        let mut order: Vec<usize> = (0..self.0.len()).collect();
        order.sort_by_key(|&slot| self.0[slot].lives.map(|(birth, _)| birth));
        places.matrices.resize(self.0.len(), Matrix { start: 0, width: 0, is_local: false });
        let mut numbers = vec![None; self.0.len()];
        for &slot in &order {
            let Slot { width, is_kept, lives } = self.0[slot];
            let Some((birth, last)) = lives.filter(|_| width > 0) else { continue };
            let is_local = !is_kept && (birth.phase, birth.strand) == (last.phase, last.strand);
            let chunk = chunk(birth).filter(|_| is_local);
            let is_local = chunk.is_some();
            let (among, len) = match chunk {
                Some(chunk) => (&mut local, round(chunk * width)),
                None => (&mut shared, round(rows * width)),
            };
            let is_free = |taken: &Taken| match is_local {
                true => taken.until < birth,
                // Members are in one phase at a time, but not at one operation.
                false => taken.until.phase < birth.phase,
            };
            let until = if is_kept { Moment { phase: usize::MAX, ..last } } else { last };
            let free = (0..among.len()).filter(|&i| !is_kept && is_free(&among[i]));
            // The one that fits best: the smallest that is large enough, else the largest.
            let best = free.min_by_key(|&i| match among[i].len.checked_sub(len) {
                Some(spare) => (0, spare),
                None => (1, len - among[i].len),
            });
            let number = best.unwrap_or_else(|| {
                among.push(Taken { len: 0, until });
                among.len() - 1
            });
            among[number].len = among[number].len.max(len);
            among[number].until = until;
            numbers[slot] = Some((number, is_local));
        }
        let starts = |all: &[Taken]| {
            let mut end = 0;
            let starts = all.iter().map(|taken| {
                end += taken.len;
                end - taken.len
            });
            (starts.collect::<Vec<_>>(), all.iter().map(|taken| taken.len).sum())
        };
        let (of_shared, arena) = starts(&shared);
        let (of_local, own) = starts(&local);
        for (slot, number) in numbers.into_iter().enumerate() {
            let Some((number, is_local)) = number else { continue };
            let start = if is_local { of_local[number] } else { of_shared[number] };
            places.matrices[slot] = Matrix { start, width: self.0[slot].width, is_local };
        }
        Places { arena, local: own, ..places }
    }
}

/// A place that had an owner.
struct Taken {
    len: usize,
    until: Moment,
}
