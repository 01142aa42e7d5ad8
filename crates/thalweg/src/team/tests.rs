use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::*;

/// A team alone, a pair, a count that is no power of two, and more members than most processors.
const COUNTS: [usize; 4] = [1, 2, 3, 8];

/// Waits a moment that differs from call to call: mostly not at all, sometimes long enough for others to yield.
fn dawdle(state: &mut u64) {
    // xorshift64: Marsaglia, Xorshift RNGs, 2003.
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    match *state % 64 {
        0 => std::thread::yield_now(),
        1..8 => (0..*state >> 8 & 1023).for_each(|_| std::hint::spin_loop()),
        _ => {}
    }
}

#[test]
fn shares_follow_each_other_and_are_equal_up_to_one() {
    for count in COUNTS {
        let mut team = Team::new(count).unwrap();
        assert_eq!(team.threads(), count);
        for units in [0, 1, 2, 7, 8, 9, 100, usize::MAX] {
            let mut shares = vec![0..0; count];
            let shared = Shared::new(&mut shares);
            team.run(|member| {
                assert_eq!(member.count(), count);
                let i = member.index();
                // SAFETY: each member writes its own number's share.
                let mine = unsafe { shared.part(i..i + 1) };
                mine[0] = member.share(units);
            });
            assert_eq!((shares[0].start, shares[count - 1].end), (0, units));
            for (i, share) in shares.iter().enumerate() {
                assert_eq!(share.len(), units / count + usize::from(i < units % count));
                assert!(i == 0 || shares[i - 1].end == share.start);
            }
        }
    }
}

#[test]
fn sums_come_out_alike_with_any_count() {
    for count in COUNTS {
        let mut team = Team::new(count).unwrap();
        let mut squares = vec![0; 1000];
        let mut sums = vec![0; 10];
        let (squares, shared_sums) = (Shared::new(&mut squares), Shared::new(&mut sums));
        team.run(|member| {
            let rows = member.share(squares.len());
            // SAFETY: the shares of the members do not overlap.
            let mine = unsafe { squares.part(rows.clone()) };
            mine.iter_mut().zip(rows).for_each(|(square, i)| *square = i * i);
            member.wait();
            let columns = member.share(shared_sums.len());
            // SAFETY: as above.
            let mine = unsafe { shared_sums.part(columns.clone()) };
            // SAFETY: nobody writes the squares after the barrier.
            let squares = unsafe { squares.read(0..1000) };
            mine.iter_mut()
                .zip(columns)
                .for_each(|(sum, j)| *sum = squares.iter().skip(j).step_by(10).sum::<usize>());
        });
        let expected: Vec<usize> = (0..10).map(|j| (j..1000).step_by(10).map(|i| i * i).sum()).collect();
        assert_eq!(sums, expected, "{count} members");
    }
}

/// Each round, everybody writes its own value and reads everybody's: a barrier that lets one pass too early, or does
/// not publish what was written before it, shows as a wrong round number (or as a race to the thread sanitizer).
#[test]
fn every_barrier_of_many_keeps_its_sides_apart() {
    for (count, rounds) in [(1, 1000), (2, 20_000), (3, 2000), (8, 500)] {
        let mut team = Team::new(count).unwrap();
        let mut values = vec![0_u32; count];
        let shared = Shared::new(&mut values);
        team.run(|member| {
            let i = member.index();
            let mut random = 88_172_645_463_325_252 + i as u64;
            for round in 1..=rounds {
                dawdle(&mut random);
                // SAFETY: each member writes its own value, and nobody reads before the barrier.
                let mine = unsafe { shared.part(i..i + 1) };
                mine[0] = round;
                member.wait();
                // SAFETY: nobody writes before the next barrier.
                let all = unsafe { shared.read(0..count) };
                assert!(all.iter().all(|&value| value == round), "{count} members, round {round}: {all:?}");
                dawdle(&mut random);
                member.wait();
            }
        });
        assert_eq!(values, vec![rounds; count]);
    }
}

#[test]
fn every_run_of_many_is_complete_when_it_returns() {
    for (count, runs) in [(1, 1000), (2, 20_000), (3, 2000), (8, 500)] {
        let mut team = Team::new(count).unwrap();
        let mut values = vec![0_usize; count];
        let mut random = 88_172_645_463_325_252;
        for run in 1..=runs {
            let shared = Shared::new(&mut values);
            // A different closure's type and place on the stack every other time.
            if run % 2 == 0 {
                team.run(|member| {
                    let mut random = ((run + member.index()) as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                    dawdle(&mut random);
                    let i = member.index();
                    // SAFETY: each member writes its own value.
                    let mine = unsafe { shared.part(i..i + 1) };
                    mine[0] += 1;
                });
            } else {
                let one = [1; 3];
                team.run(|member| {
                    member.wait();
                    let i = member.index();
                    // SAFETY: each member writes its own value.
                    let mine = unsafe { shared.part(i..i + 1) };
                    mine[0] += one[1];
                    member.wait();
                });
            }
            assert!(values.iter().all(|&value| value == run), "{count} members, run {run}: {values:?}");
            dawdle(&mut random);
        }
    }
}

#[test]
fn a_sleeping_team_wakes() {
    for count in COUNTS {
        let mut team = Team::new(count).unwrap();
        let total = AtomicUsize::new(0);
        for pause in [0, 50, 150, 250, 350, 500, 1000, 5000, 200, 300] {
            std::thread::sleep(Duration::from_micros(pause));
            team.run(|member| {
                member.wait();
                total.fetch_add(1, Ordering::Relaxed);
            });
        }
        assert_eq!(total.into_inner(), 10 * count);
    }
}

#[test]
fn a_panic_in_any_member_at_any_barrier_is_raised_on_the_caller() {
    const BARRIERS: usize = 3;
    for count in COUNTS {
        let mut team = Team::new(count).unwrap();
        for guilty in 0..count {
            for before in 0..=BARRIERS {
                let outcome = catch_unwind(AssertUnwindSafe(|| {
                    team.run(|member| {
                        for barrier in 0..=BARRIERS {
                            if (member.index(), barrier) == (guilty, before) {
                                // As a panic, but without its message.
                                resume_unwind(Box::new((guilty, before)));
                            }
                            if barrier < BARRIERS {
                                member.wait();
                            }
                        }
                    });
                }));
                let payload = outcome.unwrap_err();
                assert_eq!(payload.downcast_ref(), Some(&(guilty, before)), "{count} members");
                works(&mut team);
            }
        }
    }
}

/// The team can be used, whatever happened to it before.
fn works(team: &mut Team) {
    let total = AtomicUsize::new(0);
    team.run(|member| {
        member.wait();
        total.fetch_add(1, Ordering::Relaxed);
        member.wait();
        assert_eq!(total.load(Ordering::Relaxed), member.count());
    });
}

#[test]
fn of_many_panics_one_is_raised() {
    let mut team = Team::new(3).unwrap();
    for _ in 0..100 {
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            team.run(|member| resume_unwind(Box::new(member.index())));
        }));
        assert!(*outcome.unwrap_err().downcast::<usize>().unwrap() < 3);
        works(&mut team);
    }
}

#[test]
fn who_holds_on_after_a_broken_barrier_is_let_out_again() {
    let mut team = Team::new(2).unwrap();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        team.run(|member| {
            if member.index() == 1 {
                resume_unwind(Box::new("first"));
            }
            assert!(catch_unwind(AssertUnwindSafe(|| member.wait())).is_err());
            member.wait();
            unreachable!("the barrier is broken");
        });
    }));
    assert_eq!(outcome.unwrap_err().downcast_ref(), Some(&"first"));
    works(&mut team);
}

#[test]
fn a_barrier_that_somebody_does_not_come_to_is_said() {
    for count in [2, 3, 8] {
        let mut team = Team::new(count).unwrap();
        for absent in 0..count {
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                team.run(|member| {
                    member.wait();
                    if member.index() != absent {
                        member.wait();
                    }
                });
            }));
            let said = *outcome.unwrap_err().downcast::<String>().unwrap();
            assert!(said.starts_with(&format!("member {absent} of the team has finished")), "{said}");
            works(&mut team);
        }
    }
}

#[test]
fn dropping_a_team_ends_its_threads_at_any_time() {
    for count in COUNTS {
        for pause in [None, Some(0), Some(100), Some(200), Some(300), Some(3000)] {
            let mut team = Team::new(count).unwrap();
            let alive = Arc::new(());
            if let Some(pause) = pause {
                // Each worker's thread-local value holds one reference until the thread ends.
                thread_local!(static HELD: Cell<Option<Arc<()>>> = const { Cell::new(None) });
                team.run(|member| {
                    if member.index() > 0 {
                        HELD.set(Some(Arc::clone(&alive)));
                    }
                });
                assert_eq!(Arc::strong_count(&alive), count);
                std::thread::sleep(Duration::from_micros(pause));
            }
            drop(team);
            // Those that slept go home by themselves.
            let start = Instant::now();
            while Arc::strong_count(&alive) > 1 && start.elapsed() < Duration::from_secs(60) {
                std::thread::yield_now();
            }
            assert_eq!(Arc::strong_count(&alive), 1, "{count} members, after {pause:?} µs");
        }
    }
}

#[test]
fn a_team_goes_from_thread_to_thread_and_teams_nest() {
    let mut team = Team::new(2).unwrap();
    works(&mut team);
    let mut team = std::thread::spawn(move || {
        works(&mut team);
        team
    })
    .join()
    .unwrap();
    team.run(|member| {
        let mut inner = Team::new(2).unwrap();
        member.wait();
        works(&mut inner);
    });
}

#[test]
fn the_default_number_of_threads_makes_a_team() {
    let mut team = Team::new(default_threads()).unwrap();
    assert_eq!(team.threads(), default_threads());
    works(&mut team);
}

#[test]
fn a_team_has_between_1_and_1024_members() {
    for (threads, said) in [
        (0, "cannot start a team of 0 threads: a team has between 1 and 1024; ask for another number"),
        (1025, "cannot start a team of 1025 threads: a team has between 1 and 1024; ask for another number"),
    ] {
        assert_eq!(Team::new(threads).err().unwrap().to_string(), said);
    }
}

#[test]
#[should_panic(expected = "the range 2..4 does not lie within 0..3")]
fn a_part_beyond_the_end_is_refused() {
    let mut values = [1, 2, 3];
    let shared = Shared::new(&mut values);
    // SAFETY: nobody else has the values.
    let _ = unsafe { shared.part(2..4) };
}

#[test]
#[should_panic(expected = "does not lie within 0..3")]
#[expect(clippy::reversed_empty_ranges, reason = "that is what is tested")]
fn a_part_that_ends_before_it_starts_is_refused() {
    let mut values = [1, 2, 3];
    let shared = Shared::new(&mut values);
    // SAFETY: nobody else has the values.
    let _ = unsafe { shared.read(2..1) };
}

#[test]
fn a_message_of_a_panic_is_kept() {
    let mut team = Team::new(2).unwrap();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        team.run(|member| {
            if member.index() == 1 {
                panic_any("what went wrong");
            }
            member.wait();
        });
    }));
    assert_eq!(outcome.unwrap_err().downcast_ref(), Some(&"what went wrong"));
}

/// The processor time of this process' thread `id`, in ticks of 10 ms.
#[cfg(target_os = "linux")]
fn ticks(id: &str) -> u64 {
    let stat =
        std::fs::read_to_string(format!("/proc/self/task/{id}/stat")).expect("a thread of this process");
    // Fields 14 and 15 of proc(5), counted from 1; the name, field 2, may hold spaces but ends with the last ")".
    let fields: Vec<&str> = stat[stat.rfind(')').expect("a name in brackets") + 2..].split(' ').collect();
    let ticks = |field: usize| fields[field].parse::<u64>().expect("a number");
    ticks(11) + ticks(12)
}

#[test]
#[cfg(target_os = "linux")]
fn an_idle_team_sleeps() {
    let mut team = Team::new(3).unwrap();
    let mut ids = vec![String::new(); 3];
    let shared = Shared::new(&mut ids);
    team.run(|member| {
        let i = member.index();
        let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
        // SAFETY: each member writes its own number's identifier.
        let mine = unsafe { shared.part(i..i + 1) };
        mine[0] = stat.split(' ').next().unwrap().to_owned();
    });
    let ids = &ids[1..];
    let before: Vec<u64> = ids.iter().map(|id| ticks(id)).collect();
    std::thread::sleep(Duration::from_millis(300));
    for (id, before) in ids.iter().zip(before) {
        let used = ticks(id) - before;
        assert!(used < 15, "a worker used {used}0 of 300 ms without work");
    }
    works(&mut team);
}
