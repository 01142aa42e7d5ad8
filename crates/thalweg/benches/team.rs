//! What a run and a barrier of a team cost, awake and asleep: `cargo bench --package thalweg --bench team`.
//!
//! Many short stretches are timed and their quartiles printed: on a shared machine the lowest say what the protocol
//! costs, the highest what the neighbours do to it.

use std::hint::black_box;
use std::time::{Duration, Instant};

use thalweg::Result;
use thalweg::team::{Team, default_threads};

/// Prints quartiles of the time that `work` takes, divided by `repeats`, over `stretches`.
fn measure(name: &str, stretches: usize, repeats: usize, mut work: impl FnMut()) {
    let mut times: Vec<f64> = (0..stretches)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed().as_secs_f64() * 1e9 / repeats as f64
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let quartile = |i: usize| times[(stretches - 1) * i / 4];
    println!(
        "  {name:32} least {:8.0}, quartiles {:8.0} {:8.0} {:8.0} ns",
        quartile(0),
        quartile(1),
        quartile(2),
        quartile(3)
    );
}

fn main() -> Result<()> {
    let processors = default_threads();
    let mut counts = vec![1, 2, 4, 8, processors];
    counts.sort_unstable();
    counts.dedup();
    for threads in counts {
        let note = if threads > processors { ", more than processors" } else { "" };
        println!("{threads} threads{note}");
        let mut team = Team::new(threads)?;
        let stretches = if threads > processors { 100 } else { 2000 };
        measure("an empty run", stretches, 100, || {
            for _ in 0..100 {
                team.run(|member| {
                    black_box(member.index());
                });
            }
        });
        measure("a barrier", stretches, 100, || {
            team.run(|member| {
                for _ in 0..100 {
                    member.wait();
                }
            });
        });
        // With the millisecond that lets the workers fall asleep taken off.
        let mut times: Vec<f64> = (0..100)
            .map(|_| {
                std::thread::sleep(Duration::from_millis(1));
                let start = Instant::now();
                team.run(|member| {
                    black_box(member.index());
                });
                start.elapsed().as_secs_f64() * 1e9
            })
            .collect();
        times.sort_by(f64::total_cmp);
        println!("  {:32} least {:8.0}, median {:8.0} ns", "an empty run that wakes", times[0], times[50]);
    }
    Ok(())
}
