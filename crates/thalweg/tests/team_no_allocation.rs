//! Runs and barriers of a team allocate nothing, on no thread of it: a counting allocator watches all that allocate
//! on behalf of the test.
#![allow(unsafe_code, reason = "an allocator is unsafe to implement")]
#![allow(clippy::unwrap_used, reason = "tests may unwrap")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

use thalweg::team::Team;

/// Allocations of all threads that are watched.
static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// Whether this thread is watched; the test harness has threads of its own.
    static IS_WATCHED: Cell<bool> = const { Cell::new(false) };
}

/// The system's allocator, counted.
struct Counting;

fn count_one() {
    // A thread that is ending has no mark any more.
    if IS_WATCHED.try_with(Cell::get).unwrap_or(false) {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
    }
}

// SAFETY: every call is handed on to the system's allocator as it came; counting touches an atomic and a constant-initialised
// thread-local without a destructor, which allocate nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count_one();
        // SAFETY: the caller's promises are the system allocator's conditions.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above; the pointer came from the system's allocator.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn runs_and_barriers_allocate_nothing() {
    for threads in [1, 2, 3] {
        let mut team = Team::new(threads).unwrap();
        team.run(|_| IS_WATCHED.set(true));
        let before = ALLOCATIONS.load(Ordering::Relaxed);
        for run in 0..1000 {
            team.run(|member| {
                member.wait();
                member.wait();
            });
            // Now and then the workers fall asleep and are woken.
            if run % 100 == 0 {
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
        }
        assert_eq!(ALLOCATIONS.load(Ordering::Relaxed) - before, 0, "{threads} threads");
        // The guard notices one allocation of each member.
        team.run(|member| drop(std::hint::black_box(vec![member.index()])));
        assert_eq!(ALLOCATIONS.load(Ordering::Relaxed) - before, threads as u64);
        IS_WATCHED.set(false);
    }
}
