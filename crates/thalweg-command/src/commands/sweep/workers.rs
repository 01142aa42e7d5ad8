//! The threads of a sweep: each takes the next run of the plan, trains it, records what came of it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use thalweg::Experiment;
use thalweg::model_file::TrainingSummary;
use thalweg::sweep::{Job, Plan, Reached, SweepFolder, Trained, go_on};

use super::report;
use crate::exit::{Failure, Status};
use crate::interrupt::Interrupt;
use crate::numbers;
use crate::output::Output;

/// How long a signal may wait for the runs to be told.
const WATCH: Duration = Duration::from_millis(50);

/// Without halving a run says itself what it came to, and the plan need not be written after each.
const SAVE_EVERY: Duration = Duration::from_millis(500);

/// What the threads share.
struct Board<'a> {
    folder: &'a SweepFolder,
    state: Mutex<BoardState>,
    /// Something was recorded, or all is to end.
    changed: Condvar,
    interrupt: &'a Interrupt,
    output: &'a Output,
}

struct BoardState {
    plan: Plan,
    running: Vec<Job>,
    saved: Instant,
    /// Why the sweep cannot go on.
    failure: Option<Failure>,
}

/// Makes all runs of the plan that are missing, or as many as there are until a signal; the plan comes back with their results, and lies in
/// the folder.
pub(super) fn work(
    folder: &SweepFolder,
    plan: Plan,
    threads: usize,
    interrupt: &Interrupt,
    output: &Output,
) -> Result<Plan, Failure> {
    let (side_by_side, each) = shares(threads, plan.runs.len());
    let state = BoardState { plan, running: Vec::new(), saved: Instant::now(), failure: None };
    let board = Board { folder, state: Mutex::new(state), changed: Condvar::new(), interrupt, output };
    let flags: Vec<AtomicBool> = (0..side_by_side).map(|_| AtomicBool::new(false)).collect();
    thread::scope(|scope| {
        let board = &board;
        let workers: Vec<_> = flags.iter().map(|flag| scope.spawn(move || board.work(each, flag))).collect();
        // A run has a flag of its own, which its rung raises too: the signal is passed on to all.
        while !workers.iter().all(thread::ScopedJoinHandle::is_finished) {
            let state = board.state();
            if interrupt.is_raised() || state.failure.is_some() {
                flags.iter().for_each(|flag| flag.store(true, Ordering::Relaxed));
                board.changed.notify_all();
            }
            drop(board.changed.wait_timeout(state, WATCH));
        }
    });
    let state = board.state.into_inner().unwrap_or_else(PoisonError::into_inner);
    match state.failure {
        Some(failure) => Err(failure),
        None => {
            folder.save(&state.plan)?;
            Ok(state.plan)
        }
    }
}

/// How many of the runs are made side by side on so many threads, and how many threads each of them works on.
fn shares(threads: usize, runs: usize) -> (usize, usize) {
    let side_by_side = threads.min(runs).max(1);
    (side_by_side, (threads / side_by_side).max(1))
}

impl Board<'_> {
    fn state(&self) -> MutexGuard<'_, BoardState> {
        // A thread that panicked had recorded nothing of its run, or all.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One thread: run after run, until there are no more.
    fn work(&self, threads: usize, flag: &AtomicBool) {
        while let Some(taken) = self.take() {
            flag.store(self.interrupt.is_raised(), Ordering::Relaxed);
            let (out, experiment, data_folder) = self.described(taken.job);
            let trained = Trained {
                data_folder: data_folder.as_deref(),
                threads,
                interrupt: flag,
                command: std::env::args().collect(),
            };
            let reached = go_on(&out, &experiment, taken.job.until, &trained);
            self.record(taken.job, reached.map_err(Failure::from), &out);
        }
    }

    /// A run's folder, its experiment, and the folder of its data.
    fn described(&self, job: Job) -> (PathBuf, Experiment, Option<PathBuf>) {
        let state = self.state();
        let plan = &state.plan;
        (self.folder.run(plan, job.run), self.folder.experiment(plan, job.run), plan.data_folder.clone())
    }

    /// The next run that can be made; where there is none yet, waits for what the others come to. `None`: all is done, or is to end.
    fn take(&self) -> Option<Taken<'_>> {
        let mut state = self.state();
        loop {
            if self.interrupt.is_raised() || state.failure.is_some() {
                return None;
            }
            let is_free = |job: &Job| state.running.iter().all(|running| running.run != job.run);
            if let Some(job) = state.plan.ready().into_iter().find(is_free) {
                state.running.push(job);
                return Some(Taken { board: self, job });
            }
            if state.running.is_empty() {
                return None;
            }
            let (woken, _) = self.changed.wait_timeout(state, WATCH).unwrap_or_else(PoisonError::into_inner);
            state = woken;
        }
    }

    /// Writes down what came of a run.
    fn record(&self, job: Job, reached: Result<Reached, Failure>, out: &Path) {
        let mut state = self.state();
        let said = match reached {
            Ok(Reached::End(result)) => self.record_result(&mut state, job, true, result),
            Ok(Reached::Rung(result)) => self.record_result(&mut state, job, false, result),
            Ok(Reached::Interrupted) => return,
            Err(failure) => {
                let is_diverged = failure.status == Status::Diverged;
                let said = failure.message.clone();
                state.plan.record_failure(job, is_diverged, failure.message);
                said
            }
        };
        let label = state.plan.run_label(job.run);
        self.output.note(format_args!("{label}: {said}"));
        self.output.detail(format_args!("it lies in {}", out.display()));
        if state.plan.halving.is_some() || state.saved.elapsed() >= SAVE_EVERY {
            let saved = self.folder.save(&state.plan);
            state.saved = Instant::now();
            if let Err(error) = saved {
                state.failure = Some(error.into());
            }
        }
    }

    fn record_result(
        &self,
        state: &mut BoardState,
        job: Job,
        is_at_its_end: bool,
        result: TrainingSummary,
    ) -> String {
        let figures = report::figures(&result);
        let epochs = result.epochs;
        state.plan.record(job, is_at_its_end, result);
        match state.plan.halving {
            Some(_) => format!("after {}: {figures}", numbers::counted(epochs, "epoch")),
            None => figures,
        }
    }
}

/// A run that a thread works on; given back when it is done, whatever happened.
struct Taken<'a> {
    board: &'a Board<'a>,
    job: Job,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.board.state().running.retain(|running| running.run != self.job.run);
        self.board.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_side_by_side_take_the_threads_and_share_what_is_left() {
        assert_eq!(shares(4, 6), (4, 1));
        assert_eq!(shares(4, 4), (4, 1));
        assert_eq!(shares(8, 3), (3, 2));
        assert_eq!(shares(3, 1), (1, 3));
        assert_eq!(shares(1, 5), (1, 1));
    }
}
