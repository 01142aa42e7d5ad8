//! The worker threads of a training run and their barrier.
//!
//! A [`Team`] is made once and then runs closures, each on all its threads at once. Between barriers ([`Member::wait`])
//! every member works on its share of the output elements ([`Member::share`]) of slices that all hold ([`Shared`]). Sums are
//! never shared out, so that results do not depend on the number of threads.
//!
//! Steps of a small network last microseconds, so starting a run and crossing a barrier cost tens of nanoseconds while the
//! workers are awake: a line of memory travels from core to core, and no system call is made. `README.md` beside this
//! file says why the protocol is correct.
//!
//! # Example
//! ```
//! use thalweg::team::{Shared, Team};
//!
//! let mut team = Team::new(2)?;
//! let x = [1, 2, 3, 4, 5];
//! let mut y = [0; 5];
//! let shared = Shared::new(&mut y);
//! team.run(|member| {
//!     let rows = member.share(x.len());
//!     // SAFETY: the shares of the members do not overlap.
//!     let y = unsafe { shared.part(rows.clone()) };
//!     for (y, x) in y.iter_mut().zip(&x[rows]) {
//!         *y = x * x;
//!     }
//! });
//! assert_eq!(y, [1, 4, 9, 16, 25]);
//! # Ok::<(), thalweg::Error>(())
//! ```
#![allow(
    unsafe_code,
    reason = "threads that borrow from their caller, and slices that they share out by barriers"
)]

mod barrier;
mod crew;
mod gate;
mod member;
mod pace;
mod shared;
mod sync;

#[cfg(test)]
#[cfg(loom)]
mod model;
#[cfg(test)]
#[cfg(not(loom))]
mod tests;

use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

pub(crate) use crew::Crew;
pub use member::Member;
pub(crate) use pace::Pace;
pub use shared::Shared;

use crate::error::{Error, Result};
use barrier::{Barrier, Quit};
use gate::{Gate, Job};
use sync::{Builder, JoinHandle, SPINS, SPINS_WHEN_CROWDED};

/// The most threads that a team can have.
pub const MOST_THREADS: usize = 1024;

/// How many threads a run uses where nobody says it: one per processor that this process may use, which the system can
/// limit; 1 if it does not say. It is asked once.
pub fn default_threads() -> usize {
    // The system reads files to answer, which takes longer than a short fit.
    static THREADS: OnceLock<usize> = OnceLock::new();
    *THREADS.get_or_init(|| std::thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS))
}

/// A fixed set of threads that run the same closure at once; the thread that calls [`run`](Self::run) is one of them.
///
/// Dropping it ends its threads: it waits for those that are awake, and wakes the others and goes on.
pub struct Team {
    meeting: Arc<Meeting>,
    /// The members from 1.
    workers: Vec<JoinHandle<()>>,
}

/// What all members of a team see.
struct Meeting {
    gate: Gate,
    barrier: Barrier,
    /// What the first member that panicked in this run panicked with.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

impl Team {
    /// A team of so many threads, the caller's counted: `threads - 1` are started. A team of one has no workers, and its
    /// runs are plain calls.
    ///
    /// More threads than processors make it slow, not wrong. Starting a thread takes some 20 to 100 µs.
    ///
    /// # Errors
    /// [`Error::Threads`] if the system refuses to start a thread, or `threads` is not between 1 and [`MOST_THREADS`].
    pub fn new(threads: usize) -> Result<Team> {
        Team::check(threads)?;
        let failed = |source| Error::Threads { threads, source };
        let is_crowded = threads > 1 && threads > default_threads();
        let spins = if is_crowded { SPINS_WHEN_CROWDED } else { SPINS };
        let meeting = Arc::new(Meeting {
            gate: Gate::new(),
            barrier: Barrier::new(threads, spins),
            panic: Mutex::new(None),
        });
        // Made first: if a thread cannot be started, dropping the team ends those before it.
        let mut team = Team { meeting, workers: Vec::with_capacity(threads - 1) };
        for index in 1..threads {
            let meeting = Arc::clone(&team.meeting);
            let builder = Builder::new().name(format!("thalweg-{index}"));
            team.workers.push(builder.spawn(move || meeting.work(index)).map_err(failed)?);
        }
        Ok(team)
    }

    /// Whether a team may have so many threads.
    fn check(threads: usize) -> Result<()> {
        if (1..=MOST_THREADS).contains(&threads) {
            return Ok(());
        }
        let bounds = format!("a team has between 1 and {MOST_THREADS}");
        Err(Error::Threads { threads, source: io::Error::new(io::ErrorKind::InvalidInput, bounds) })
    }

    /// How many threads it has, the caller's counted.
    pub fn threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// Every member runs `f` at once; returns when all have finished. What the caller wrote before is seen by all, and
    /// what they wrote is seen by the caller afterwards.
    ///
    /// Nothing is allocated, and no system call is made while the workers are awake. They stay awake for 100 to 200 µs
    /// after a run and then sleep, at no cost; waking them takes a system call and some 5 to 50 µs.
    ///
    /// # Panics
    /// If `f` panics in a member. The others leave at their next barrier, or finish; then the first panic is
    /// raised here. The team can be used again.
    pub fn run<F: Fn(Member<'_>) + Sync>(&mut self, f: F) {
        if self.workers.is_empty() {
            f(Member::new(&self.meeting.barrier, 0));
        } else {
            // `f` lives until `run_job` has returned, and that is after all members have finished with it.
            self.run_job(Job::new(&f));
        }
    }

    fn run_job(&mut self, job: Job) {
        let Meeting { gate, barrier, panic } = &*self.meeting;
        // SAFETY: `&mut self` makes this thread the only owner, and `new` or the call before this one left all workers
        // between runs.
        let (run, must_wake) = unsafe { gate.open(Some(job)) };
        if must_wake {
            self.wake();
        }
        // SAFETY: `run` keeps the closure alive until this function returns, and it does not return, not even by a panic,
        // before `wait_for_workers` has.
        unsafe { self.meeting.take_part(0, run, job) };
        if barrier.wait_for_workers(run) {
            barrier.mend();
            let payload = panic.lock().unwrap_or_else(PoisonError::into_inner).take();
            resume_unwind(payload.unwrap_or_else(|| Box::new("a member of the team panicked")));
        }
    }

    /// Whether all workers have come and are awake, so that a run begins at once.
    pub(crate) fn is_awake(&self) -> bool {
        self.meeting.gate.awake() == self.workers.len() as u64
    }

    /// Wakes all workers that sleep, and goes on: they stay awake for as long as after a run.
    pub(crate) fn call(&self) {
        self.wake();
    }

    /// Wakes all workers that sleep.
    #[cold]
    fn wake(&self) {
        for worker in &self.workers {
            worker.thread().unpark();
        }
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        // SAFETY: `&mut self` makes this thread the only owner, and all workers are between runs.
        let (_, must_wake) = unsafe { self.meeting.gate.open(None) };
        if must_wake {
            // Whoever sleeps goes home by itself: it may take the system longer to wake it than a short fit took.
            return self.wake();
        }
        for worker in self.workers.drain(..) {
            // A worker catches every panic, so it cannot have ended with one.
            let _ = worker.join();
        }
    }
}

impl Meeting {
    /// The life of worker `index`.
    fn work(&self, index: usize) {
        self.gate.enter();
        let mut run = 0;
        loop {
            run = self.gate.wait(run, self.barrier.spins());
            // SAFETY: this run was just seen open; `take_part` is what says that it is finished.
            let Some(job) = (unsafe { self.gate.job() }) else { return };
            // SAFETY: the owner keeps the closure alive until every worker has finished the run, which this one says at
            // the end of `take_part`.
            unsafe { self.take_part(index, run, job) };
        }
    }

    /// Runs the closure as member `index` and says that it has finished. Does not unwind.
    ///
    /// # Safety
    /// The job's closure lives until this member has said that it finished.
    unsafe fn take_part(&self, index: usize, run: u64, job: Job) {
        let member = Member::new(&self.barrier, index);
        // A run that panics is raised again on the caller, who sees what it left behind as after any panic.
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            // SAFETY: the caller's promise.
            unsafe { job.call(member) };
        }));
        if let Err(payload) = outcome {
            self.keep(payload);
            self.barrier.break_up(index);
        }
        self.barrier.finish(index, run);
    }

    /// Keeps the first panic of a run.
    #[cold]
    fn keep(&self, payload: Box<dyn Any + Send>) {
        if payload.is::<Quit>() {
            return;
        }
        match self.panic.try_lock() {
            Ok(mut first) if first.is_none() => *first = Some(payload),
            // Another member's is kept, or just being kept. This one is not dropped: its own code might panic once more.
            _ => std::mem::forget(payload),
        }
    }
}
