//! Where the members of a run meet: one line of memory each, written by its owner and read by others.

use std::panic::resume_unwind;

use super::sync::{AtomicU64, Ordering, spin_loop, yield_now};

/// The epoch of a member whose closure panicked, or who met such a one: greater than all others, so that it ends
/// every wait.
const BROKEN: u64 = u64::MAX;

/// What a member unwinds with when it leaves a barrier that cannot be completed. No message is printed for it.
pub(super) struct Quit;

/// One member's line; two of the usual 64 bytes, because processors fetch neighbours in pairs.
#[repr(align(128))]
struct Place {
    /// How many rounds of barriers the member has entered, or [`BROKEN`].
    epoch: AtomicU64,
    /// The last run that the member has finished.
    finished: AtomicU64,
}

/// The places of all members.
pub(super) struct Barrier {
    places: Box<[Place]>,
    /// Looks before yielding.
    spins: u32,
}

impl Barrier {
    pub(super) fn new(count: usize, spins: u32) -> Barrier {
        let place = |_| Place { epoch: AtomicU64::new(0), finished: AtomicU64::new(0) };
        Barrier { places: (0..count).map(place).collect(), spins }
    }

    pub(super) fn count(&self) -> usize {
        self.places.len()
    }

    /// Looks before a worker at the gate yields.
    pub(super) fn spins(&self) -> u32 {
        self.spins
    }

    /// Member `index` waits for all others: log₂ rounds, in each of which it says where it is and waits for one other.
    ///
    /// In round r it waits for the member 2ʳ places before it, which by then has heard of the 2ʳ members up to itself;
    /// afterwards both know of twice as many. With two members this is "store mine, read yours".
    #[inline]
    pub(super) fn wait(&self, index: usize) {
        let count = self.count();
        let mine = &self.places[index].epoch;
        let mut epoch = mine.load(Ordering::Relaxed);
        if epoch == BROKEN {
            self.quit(index);
        }
        let mut distance = 1;
        while distance < count {
            epoch += 1;
            mine.store(epoch, Ordering::Release);
            let other = if index >= distance { index - distance } else { index + count - distance };
            self.wait_for(other, epoch, index);
            distance *= 2;
        }
    }

    /// Waits until member `other` has come to `epoch`.
    #[inline]
    fn wait_for(&self, other: usize, epoch: u64, index: usize) {
        let theirs = &self.places[other].epoch;
        for _ in 0..self.spins {
            let reached = theirs.load(Ordering::Acquire);
            if reached >= epoch {
                if reached == BROKEN {
                    self.quit(index);
                }
                return;
            }
            spin_loop();
        }
        self.wait_long_for(other, epoch, index);
    }

    /// The same, when it takes long.
    #[cold]
    fn wait_long_for(&self, other: usize, epoch: u64, index: usize) {
        let theirs = &self.places[other];
        // Until its end, a run is one ahead of the last that this member has finished.
        let run = self.places[index].finished.load(Ordering::Relaxed) + 1;
        loop {
            // Asked first: what was reached by the end of a run is final.
            let is_gone = theirs.finished.load(Ordering::Acquire) == run;
            let reached = theirs.epoch.load(Ordering::Acquire);
            if reached == BROKEN {
                self.quit(index);
            }
            if reached >= epoch {
                return;
            }
            assert!(
                !is_gone,
                "member {other} of the team has finished while member {index} waits for it at a barrier: \
                 all members of a run must cross the same barriers"
            );
            yield_now();
        }
    }

    /// Leaves a barrier that will never be complete, and lets those out who wait for this member.
    #[cold]
    fn quit(&self, index: usize) -> ! {
        self.break_up(index);
        resume_unwind(Box::new(Quit));
    }

    /// Says that member `index` will come to no more barriers of this run, and that none is to wait for it.
    pub(super) fn break_up(&self, index: usize) {
        self.places[index].epoch.store(BROKEN, Ordering::Release);
    }

    /// Says that member `index` has finished this run. It touches nothing of the run afterwards.
    pub(super) fn finish(&self, index: usize, run: u64) {
        self.places[index].finished.store(run, Ordering::Release);
    }

    /// Waits until all workers (all members but 0) have finished this run. Returns whether the barrier was broken.
    pub(super) fn wait_for_workers(&self, run: u64) -> bool {
        let is_broken = |place: &Place| place.epoch.load(Ordering::Relaxed) == BROKEN;
        let mut any_broken = is_broken(&self.places[0]);
        for place in &self.places[1..] {
            let mut spins = 0;
            while place.finished.load(Ordering::Acquire) != run {
                if spins < self.spins {
                    spins += 1;
                    spin_loop();
                } else {
                    yield_now();
                }
            }
            any_broken |= is_broken(place);
        }
        any_broken
    }

    /// Makes a broken barrier whole again. All members have finished, and none has begun the next run.
    #[cold]
    pub(super) fn mend(&self) {
        for place in &self.places {
            place.epoch.store(0, Ordering::Relaxed);
        }
    }
}
