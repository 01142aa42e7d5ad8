//! Samples of a work, and the row that is printed. The same rules as in `timing.py`.

use std::time::Instant;

use crate::Work;

/// A sample shorter than this is lost in the clock and in interruptions: calls are repeated until they fill it.
const SHORTEST_SAMPLE_SECONDS: f64 = 0.15;

/// `run` makes as many steps as are given; seconds per unit of the work, one value for each sample. The first call is
/// not counted.
pub fn of_steps<E>(work: &Work, steps: usize, mut run: impl FnMut() -> Result<(), E>) -> Result<Vec<f64>, E> {
    let least = if work.unit == "step" || work.predicts() { 5 } else { 3 };
    run()?;
    let mut samples = Vec::new();
    let started = Instant::now();
    while samples.len() < least || (samples.len() < 15 && started.elapsed().as_secs_f64() < work.seconds) {
        let before = Instant::now();
        run()?;
        samples.push(before.elapsed().as_secs_f64() / work.units_in(steps));
    }
    Ok(samples)
}

/// The same for a call (one step, or one prediction) that may be short.
pub fn of_calls<E>(work: &Work, mut call: impl FnMut() -> Result<(), E>) -> Result<Vec<f64>, E> {
    let mut calls = 0;
    let started = Instant::now();
    while calls < 3 || (calls < 10_000 && started.elapsed().as_secs_f64() < 0.3) {
        call()?;
        calls += 1;
    }
    let once = started.elapsed().as_secs_f64() / calls as f64;
    let calls = ((SHORTEST_SAMPLE_SECONDS / once) as usize).max(1);
    of_steps(work, calls, || (0..calls).try_for_each(|_| call()))
}

/// Prints one row in the form of `thalweg bench --json`. `check` shows that the peer learned the same.
pub fn report(work: &Work, mut samples: Vec<f64>, check: &[(&str, f64)]) {
    samples.sort_by(f64::total_cmp);
    let middle = samples.len() / 2;
    let median =
        if samples.len() % 2 == 1 { samples[middle] } else { (samples[middle - 1] + samples[middle]) / 2.0 };
    let check: Vec<String> = check.iter().map(|(name, value)| format!("\"{name}\": {value:.6}")).collect();
    println!(
        "{{\"work\": \"{}\", \"precision\": \"{}\", \"threads\": {}, \"unit\": \"{}\", \"seconds\": {median:e}, \
         \"fastest\": {:e}, \"slowest\": {:e}, \"samples\": {}, \"check\": {{{}}}}}",
        work.name,
        work.precision,
        work.threads,
        work.unit,
        samples[0],
        samples[samples.len() - 1],
        samples.len(),
        check.join(", ")
    );
}
