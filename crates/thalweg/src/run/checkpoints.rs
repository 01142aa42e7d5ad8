//! A thread that writes checkpoints while training goes on.
//!
//! There is one copy of a state, made when the first checkpoint is due and written over by each that follows. Training waits only
//! where it must: for the last state of a run, and for one that somebody asks for while the one before is being written. Those that
//! are due every so often are left out as long as the thread [is busy](Checkpoints::is_busy).

#[cfg(test)]
mod tests;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};

use super::states::{STATE, States};
use crate::error::{Error, Result};
use crate::train::State;

/// Hands checkpoints to the thread that writes them, which begins with the first and ends when this is dropped.
pub(super) struct Checkpoints {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl std::fmt::Debug for Checkpoints {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Checkpoints").field("thread", &self.thread).finish_non_exhaustive()
    }
}

struct Shared {
    desk: Mutex<Desk>,
    changed: Condvar,
    states: Mutex<States>,
}

/// What training and the thread leave there for each other.
struct Desk {
    /// The copy, while the thread does not have it.
    copy: Option<Box<State>>,
    /// A state is to be written, or is being written.
    is_busy: bool,
    /// Nothing more will come.
    is_closed: bool,
    /// What became of the last state, until somebody asks.
    outcome: Option<Result<()>>,
}

impl Checkpoints {
    pub(super) fn new(states: States) -> Self {
        let desk =
            Desk { copy: Some(Box::new(State::empty())), is_busy: false, is_closed: false, outcome: None };
        let shared = Shared { desk: Mutex::new(desk), changed: Condvar::new(), states: Mutex::new(states) };
        Checkpoints { shared: Arc::new(shared), thread: None }
    }

    /// Takes a copy of a state to be written. If the one before is still being written, that is waited for; what became of it is
    /// then forgotten, for the new one takes its place.
    pub(super) fn put(&mut self, state: &State) {
        let mut desk = self.shared.idle();
        if let Some(copy) = &mut desk.copy {
            copy.copy_from(state);
        }
        desk.outcome = None;
        desk.is_busy = true;
        drop(desk);
        if self.thread.is_none() {
            let shared = Arc::clone(&self.shared);
            self.thread =
                Builder::new().name("checkpoints".to_owned()).spawn(move || shared.write_all()).ok();
        }
        match self.thread {
            Some(_) => self.shared.changed.notify_all(),
            // A system that gives no thread gets its state written by this one.
            None => self.shared.write_one(),
        }
    }

    /// Whether a state is being written.
    pub(super) fn is_busy(&self) -> bool {
        self.shared.desk().is_busy
    }

    /// What became of the last state. It is said once.
    pub(super) fn outcome(&self) -> Option<Result<()>> {
        self.shared.desk().outcome.take()
    }

    /// Waits until the last state is written, and says what became of it.
    pub(super) fn wait(&self) -> Result<()> {
        self.shared.idle().outcome.take().unwrap_or(Ok(()))
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        self.shared.desk().is_closed = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            // It does not panic: what a writer does is caught.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn desk(&self) -> MutexGuard<'_, Desk> {
        // Nobody panics with the desk in hand, and its fields are right one by one.
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The desk when nothing is being written.
    fn idle(&self) -> MutexGuard<'_, Desk> {
        let is_busy = |desk: &mut Desk| desk.is_busy;
        self.changed.wait_while(self.desk(), is_busy).unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes every state that comes, until no more will.
    fn write_all(&self) {
        loop {
            let is_waiting = |desk: &mut Desk| !desk.is_busy && !desk.is_closed;
            let desk =
                self.changed.wait_while(self.desk(), is_waiting).unwrap_or_else(PoisonError::into_inner);
            if !desk.is_busy {
                return;
            }
            drop(desk);
            self.write_one();
        }
    }

    /// Writes the state that lies there.
    fn write_one(&self) {
        let Some(copy) = self.desk().copy.take() else { return };
        let put = || self.states.lock().unwrap_or_else(PoisonError::into_inner).put(&copy);
        let panicked = |_| Err(Error::io(STATE, "write", std::io::Error::other("the writer panicked")));
        let outcome = catch_unwind(AssertUnwindSafe(put)).unwrap_or_else(panicked);
        let mut desk = self.desk();
        desk.copy = Some(copy);
        desk.outcome = Some(outcome);
        desk.is_busy = false;
        drop(desk);
        self.changed.notify_all();
    }
}
