//! Every interleaving of two members, and every value that the memory model lets them read, tried by `loom`, and many of
//! more members:
//!
//! ```text
//! RUSTFLAGS="--cfg loom" cargo test --package thalweg --lib --release team::model
//! ```
//!
//! Loom's cells fail the model if two accesses are not ordered, so the tests need no assertions about order.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use super::sync::Cell;
use super::*;

/// How many executions are tried of three and more members, and of panics; all would be too many.
const MANY: Option<usize> = Some(20_000);

/// Values without protection but the team's own.
struct Values(Vec<Cell<usize>>);

// SAFETY: this is what the model checks.
unsafe impl Sync for Values {}

impl Values {
    fn new(count: usize) -> Values {
        Values((0..count).map(|_| Cell::new(0)).collect())
    }

    fn add(&self, i: usize, value: usize) {
        // SAFETY: loom fails the model if another access is not ordered with this one.
        self.0[i].with_mut(|place| unsafe { *place += value });
    }

    fn sum(&self) -> usize {
        // SAFETY: as above.
        self.0.iter().map(|cell| cell.with(|place| unsafe { *place })).sum()
    }
}

/// Checks all executions of a model, or the first so many in loom's order.
fn check(most: Option<usize>, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.max_permutations = most;
    builder.max_branches = 10_000;
    builder.check(model);
}

/// Two runs: the second finds workers awake, about to sleep, or asleep.
fn runs(count: usize) {
    let values = Values::new(count);
    let mut team = Team::new(count).unwrap();
    for run in 1..=2 {
        team.run(|member| values.add(member.index(), 1));
        assert_eq!(values.sum(), run * count);
    }
}

/// Barriers within a run: everybody reads what all have written, then writes again.
fn barriers(count: usize) {
    let values = Values::new(count);
    let mut team = Team::new(count).unwrap();
    team.run(|member| {
        values.add(member.index(), 1);
        member.wait();
        assert_eq!(values.sum(), count);
        member.wait();
        values.add(member.index(), 1);
    });
    assert_eq!(values.sum(), 2 * count);
}

/// One barrier of threads without a gate, which would multiply what there is to try.
fn one_barrier(count: usize) {
    let barrier = Arc::new(Barrier::new(count, sync::SPINS));
    let values = Arc::new(Values::new(count));
    let meet = move |barrier: &Barrier, values: &Values, index: usize| {
        values.add(index, 1);
        Member::new(barrier, index).wait();
        assert_eq!(values.sum(), count);
    };
    let threads: Vec<_> = (1..count)
        .map(|index| {
            let (barrier, values) = (Arc::clone(&barrier), Arc::clone(&values));
            loom::thread::spawn(move || meet(&barrier, &values, index))
        })
        .collect();
    meet(&barrier, &values, 0);
    for thread in threads {
        thread.join().unwrap();
    }
}

/// A panic instead of a barrier, then a good run.
fn panics(count: usize, guilty: usize) {
    let values = Values::new(count);
    let mut team = Team::new(count).unwrap();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        team.run(|member| {
            values.add(member.index(), 1);
            if member.index() == guilty {
                resume_unwind(Box::new("the panic of the model"));
            }
            member.wait();
        });
    }));
    assert_eq!(outcome.unwrap_err().downcast_ref(), Some(&"the panic of the model"));
    team.run(|member| {
        member.wait();
        assert_eq!(values.sum(), count);
    });
}

#[test]
fn two_members_run() {
    check(None, || runs(2));
}

#[test]
fn three_members_run() {
    check(MANY, || runs(3));
}

#[test]
fn two_members_meet() {
    check(None, || barriers(2));
}

#[test]
fn three_members_meet() {
    check(MANY, || one_barrier(3));
}

#[test]
fn four_members_meet() {
    check(MANY, || one_barrier(4));
}

#[test]
fn two_members_survive_a_panic() {
    for guilty in 0..2 {
        check(MANY, move || panics(2, guilty));
    }
}

#[test]
fn three_members_survive_a_panic() {
    for guilty in 0..3 {
        check(MANY, move || panics(3, guilty));
    }
}

#[test]
fn a_team_without_work_ends() {
    check(None, || drop(Team::new(2).unwrap()));
}

/// The model can fail: without the barrier, reading what others write is a race.
#[test]
#[should_panic(expected = "Causality violation")]
fn a_missing_barrier_is_found() {
    check(None, || {
        let values = Arc::new(Values::new(2));
        let mut team = Team::new(2).unwrap();
        team.run(|member| {
            values.add(member.index(), 1);
            values.sum();
        });
    });
}
