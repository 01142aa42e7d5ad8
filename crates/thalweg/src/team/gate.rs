//! The gate at which workers wait for the next run, first awake, then asleep.

use std::time::Instant;

use super::member::Member;
use super::sync::{AWAKE, AtomicU64, Cell, Ordering, park, spin_loop, yield_now};

/// Set in [`Gate::state`] by a worker that is about to sleep.
const SLEEPERS: u64 = 1;

/// A closure without its type: where it lies, and how to call it.
#[derive(Clone, Copy)]
pub(super) struct Job {
    closure: *const (),
    call: unsafe fn(*const (), Member<'_>),
}

impl Job {
    pub(super) fn new<F: Fn(Member<'_>) + Sync>(closure: &F) -> Job {
        /// # Safety
        /// `closure` points to an `F` that lives, and that threads may share.
        unsafe fn call<F: Fn(Member<'_>) + Sync>(closure: *const (), member: Member<'_>) {
            // SAFETY: the caller's promise.
            let closure = unsafe { &*closure.cast::<F>() };
            closure(member);
        }
        Job { closure: std::ptr::from_ref(closure).cast(), call: call::<F> }
    }

    /// Calls the closure.
    ///
    /// # Safety
    /// The closure that this was made from lives.
    pub(super) unsafe fn call(self, member: Member<'_>) {
        // SAFETY: `call` belongs to the closure's type (`new`), the closure lives (the caller's promise), and it is
        // `Sync` (`new`).
        unsafe { (self.call)(self.closure, member) }
    }
}

/// What the next run is, in a line of its own.
#[repr(align(128))]
pub(super) struct Gate {
    /// Twice the number of the last run that was opened, plus [`SLEEPERS`] if a worker may sleep.
    state: AtomicU64,
    /// The work of that run; `None` tells the workers to go home.
    job: Cell<Option<Job>>,
    /// How many workers have come and do not sleep. It says only whether the next run would have to wait.
    awake: AtomicU64,
}

// SAFETY: `job` is written in `open` alone, read in `job` alone, and these two never run at once (their conditions). The
// closure that it points to is `Sync` (`Job::new`), so that any thread may call it.
unsafe impl Sync for Gate {}
// SAFETY: as above; nothing in a gate belongs to one thread.
unsafe impl Send for Gate {}

impl Gate {
    pub(super) fn new() -> Gate {
        Gate { state: AtomicU64::new(0), job: Cell::new(None), awake: AtomicU64::new(0) }
    }

    /// Opens the next run. Returns its number, from 1, and whether workers may sleep and must be unparked.
    ///
    /// # Safety
    /// Only the team's owner calls it, and after every worker has finished the run before.
    pub(super) unsafe fn open(&self, job: Option<Job>) -> (u64, bool) {
        // SAFETY: nobody reads `job` between a worker's end of one run and the swap below that starts the next.
        self.job.with_mut(|place| unsafe { *place = job });
        let run = self.state.load(Ordering::Relaxed) / 2 + 1;
        // One read-modify-write both publishes the run and learns whether somebody sleeps: a worker that sets the bit
        // does so either before, and is seen here, or after, and sees the run.
        let before = self.state.swap(run * 2, Ordering::AcqRel);
        (run, before & SLEEPERS != 0)
    }

    /// A worker has come.
    pub(super) fn enter(&self) {
        self.awake.fetch_add(1, Ordering::Relaxed);
    }

    /// How many workers have come and do not sleep.
    pub(super) fn awake(&self) -> u64 {
        self.awake.load(Ordering::Relaxed)
    }

    /// Waits until a run after `last` is open and returns its number: `spins` looks, then yielding, then asleep. A worker that is woken
    /// without a run begins to wait anew.
    pub(super) fn wait(&self, last: u64, spins: u32) -> u64 {
        loop {
            if let Some(run) = self.wait_awake(last, spins) {
                return run;
            }
            let state = self.state.load(Ordering::Acquire);
            if state / 2 != last {
                return state / 2;
            }
            let is_announced = state & SLEEPERS != 0
                || self
                    .state
                    .compare_exchange(state, state | SLEEPERS, Ordering::AcqRel, Ordering::Relaxed)
                    .is_ok();
            if is_announced {
                self.awake.fetch_sub(1, Ordering::Relaxed);
                park();
                self.awake.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// The next run, if it is opened before the worker would sleep.
    fn wait_awake(&self, last: u64, spins: u32) -> Option<u64> {
        let opened = || {
            let run = self.state.load(Ordering::Acquire) / 2;
            (run != last).then_some(run)
        };
        for _ in 0..spins {
            if let Some(run) = opened() {
                return Some(run);
            }
            spin_loop();
        }
        let start = Instant::now();
        while start.elapsed() < AWAKE {
            if let Some(run) = opened() {
                return Some(run);
            }
            yield_now();
        }
        None
    }

    /// The work of the run that is open; `None` to go home.
    ///
    /// # Safety
    /// The caller has seen this run open ([`wait`](Self::wait)) and has not yet said that it finished.
    pub(super) unsafe fn job(&self) -> Option<Job> {
        // SAFETY: it was written before the run was opened, and is not written again before all have finished.
        self.job.with(|place| unsafe { *place })
    }
}
