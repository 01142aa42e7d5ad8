//! What a closure that runs on a team knows about the thread it runs on.

use std::marker::PhantomData;
use std::ops::Range;

use super::barrier::Barrier;

/// One of the threads of a run: which one it is, where it meets the others, and what its share of the work is.
///
/// It belongs to its thread, so it can be copied but not sent:
///
/// ```compile_fail
/// fn send<T: Send>(_: T) {}
/// thalweg::team::Team::new(2).unwrap().run(|member| send(member));
/// ```
#[derive(Clone, Copy)]
pub struct Member<'a> {
    barrier: &'a Barrier,
    index: usize,
    /// Neither `Send` nor `Sync`: two threads must not cross a barrier as one member.
    of_this_thread: PhantomData<*const ()>,
}

impl<'a> Member<'a> {
    pub(super) fn new(barrier: &'a Barrier, index: usize) -> Self {
        Member { barrier, index, of_this_thread: PhantomData }
    }
}

impl Member<'_> {
    /// Its number, from 0 to `count() - 1`. Member 0 is the thread that called [`Team::run`](super::Team::run).
    #[inline]
    pub fn index(self) -> usize {
        self.index
    }

    /// How many members the team has.
    #[inline]
    pub fn count(self) -> usize {
        self.barrier.count()
    }

    /// A barrier: returns when all members of this run have come here. What any of them wrote before it, all see
    /// after it.
    ///
    /// It costs about as much as one cache line takes from one core to another (two members: 40 to 70 ns), times the
    /// logarithm of the members to base 2, if all come at once. A member that waits looks some thousand times and then
    /// yields its processor between looks; it never sleeps. Alone it costs nothing.
    ///
    /// # Panics
    /// If another member panicked: this one then unwinds without a message, and [`Team::run`](super::Team::run) raises
    /// the other's panic. If another member has finished the run without coming to this barrier, which no longer can
    /// be complete: all members must cross the same barriers.
    #[inline]
    pub fn wait(self) {
        self.barrier.wait(self.index);
    }

    /// The share of `0..units` that belongs to this member: the shares follow each other in the order of the members
    /// and are equal, the first ones longer by one where it must be.
    ///
    /// A unit is whatever must not be cut: a row, a panel of columns, a cache line of values.
    #[inline]
    pub fn share(self, units: usize) -> Range<usize> {
        let (each, longer) = (units / self.count(), units % self.count());
        let start = self.index * each + self.index.min(longer);
        start..start + each + usize::from(self.index < longer)
    }
}
