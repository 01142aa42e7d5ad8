//! A slice that the members of a team share out among themselves.

use std::marker::PhantomData;
use std::ops::Range;

/// A mutable slice that all members of a team hold at once, each writing its own part of it.
///
/// The borrow checker cannot see which part belongs to whom and when; barriers say it. So taking a part is `unsafe`: its
/// conditions are about the time between two barriers, where a run's start and end count as barriers too.
///
/// # Example
/// ```
/// use thalweg::team::{Shared, Team};
///
/// let mut values = [1.0, 2.0, 3.0, 4.0, 5.0];
/// let mut sums = [0.0; 2];
/// let (shared, totals) = (Shared::new(&mut values), Shared::new(&mut sums));
/// Team::new(2)?.run(|member| {
///     // SAFETY: the shares of the members do not overlap.
///     for value in unsafe { shared.part(member.share(shared.len())) } {
///         *value *= 10.0;
///     }
///     member.wait();
///     let i = member.index();
///     // SAFETY: each member writes its own number's sum.
///     let total = unsafe { totals.part(i..i + 1) };
///     // SAFETY: nobody writes the values after the barrier.
///     total[0] = unsafe { shared.read(0..shared.len()) }.iter().sum();
/// });
/// assert_eq!(values, [10.0, 20.0, 30.0, 40.0, 50.0]);
/// assert_eq!(sums, [150.0, 150.0]);
/// # Ok::<(), thalweg::Error>(())
/// ```
pub struct Shared<'a, T> {
    start: *mut T,
    len: usize,
    borrow: PhantomData<&'a mut [T]>,
}

// SAFETY: sending it hands out no more than the `&mut [T]` it was made from, as long as the conditions of `part` and `read`
// are kept; and values of type T may be changed from any thread.
unsafe impl<T: Send> Send for Shared<'_, T> {}
// SAFETY: through a shared reference come only what `part` and `read` give, under their conditions, and a raw pointer.
unsafe impl<T: Send> Sync for Shared<'_, T> {}

impl<T> Clone for Shared<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Shared<'_, T> {}

impl<'a, T> Shared<'a, T> {
    /// Shares this slice until the borrow ends.
    pub fn new(values: &'a mut [T]) -> Self {
        Shared { start: values.as_mut_ptr(), len: values.len(), borrow: PhantomData }
    }

    /// How many values it has.
    #[inline]
    pub fn len(self) -> usize {
        self.len
    }

    /// Whether it has none.
    #[inline]
    pub fn is_empty(self) -> bool {
        self.len == 0
    }

    /// A part of it, to be written.
    ///
    /// # Safety
    /// Until the next barrier nobody else reads or writes this range, neither another member nor this one through
    /// another slice; and the returned slice is not used after that barrier, unless the same still holds. Nor is it handed
    /// to a function that crosses the barrier: an argument counts as used until the function returns.
    ///
    /// # Panics
    /// If the range does not lie within the slice.
    #[inline]
    pub unsafe fn part(self, range: Range<usize>) -> &'a mut [T] {
        self.check(&range);
        // SAFETY: the range lies within the slice that is borrowed for 'a (`check`), and no other slice overlaps it (the
        // caller's promise).
        unsafe { std::slice::from_raw_parts_mut(self.start.add(range.start), range.len()) }
    }

    /// A part of it, to be read.
    ///
    /// # Safety
    /// Until the next barrier nobody writes this range; and the returned slice is not used after that barrier, unless the
    /// same still holds.
    ///
    /// # Panics
    /// If the range does not lie within the slice.
    #[inline]
    pub unsafe fn read(self, range: Range<usize>) -> &'a [T]
    where
        T: Sync,
    {
        self.check(&range);
        // SAFETY: the range lies within the slice that is borrowed for 'a (`check`), and nobody writes to it (the caller's
        // promise).
        unsafe { std::slice::from_raw_parts(self.start.add(range.start), range.len()) }
    }

    /// Where it starts, for a kernel that works through pointers under the conditions of [`part`](Self::part) and
    /// [`read`](Self::read).
    #[inline]
    pub fn as_mut_ptr(self) -> *mut T {
        self.start
    }

    #[inline]
    fn check(self, range: &Range<usize>) {
        assert!(
            range.start <= range.end && range.end <= self.len,
            "the range {range:?} does not lie within 0..{}",
            self.len
        );
    }
}
