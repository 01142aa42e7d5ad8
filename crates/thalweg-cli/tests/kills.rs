//! Runs that are killed in the middle, again and again: what is left goes on to the same bits.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod program;

use std::fs;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use program::Program;

/// How many runs are killed.
const KILLS: u32 = 100;

/// Everything that a state must hold: moments, a schedule, dropout, shuffled batches, a validation part and the best weights.
const EXPERIMENT: &str = r#"
name = "killed"

[data]
source = "digits"
split = { validation = 0.2, test = 0.1 }

[network]
layers = ["flatten", { dense = 24, activation = "relu" }, { dropout = 0.3 }, { dense = 10 }]

[training]
optimizer = { name = "adam", learning_rate = 3e-3 }
schedule = { name = "warm_up", steps = 50, then = "cosine" }
batch_size = 32
epochs = 40
report_every = "30 steps"
checkpoint_every = "17 steps"
"#;

#[test]
fn a_run_killed_at_any_moment_goes_on_to_the_same_bits() {
    let program = Program::new();
    program.write("killed.toml", EXPERIMENT);
    let train = |out: &str| program.command(&["train", "killed.toml", "--out", out, "--quiet"]);

    // The whole run, and how long it takes until its model is there; of three, the one that was disturbed least says it.
    let length = |out: &str| {
        let started = Instant::now();
        let mut child = train(out).stdout(Stdio::null()).spawn().unwrap();
        let mut length = None;
        while child.try_wait().unwrap().is_none() {
            if length.is_none() && program.path(out).join("model.safetensors").exists() {
                length = Some(started.elapsed());
            }
            thread::sleep(Duration::from_micros(200));
        }
        length.unwrap_or_else(|| started.elapsed())
    };
    let length = ["whole", "again", "once-more"].map(length).into_iter().min().unwrap();
    let whole = program.json(&["resume", "whole"]);
    let hashes = |run: &str| fs::read_to_string(program.path(run).join("hashes.jsonl")).unwrap();

    let (mut early, mut late, mut moment) = (0, 0, 1_u32);
    for kill in 0..KILLS {
        // Moments spread over the run without any pattern (a linear congruential sequence).
        moment = moment.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let run = format!("run{kill}");
        let mut child = train(&run).stdout(Stdio::null()).spawn().unwrap();
        thread::sleep(length.mul_f64(f64::from(moment) / f64::from(u32::MAX)));
        child.kill().unwrap();
        child.wait().unwrap();
        if !program.path(&run).join("environment.json").exists() {
            early += 1;
            continue;
        }
        late += u32::from(program.path(&run).join("model.safetensors").exists());
        let resumed = program.json(&["resume", &run]);
        assert_eq!(resumed["parameters_sha256"], whole["parameters_sha256"], "kill {kill}");
        assert_eq!(resumed["train"], whole["train"], "kill {kill}");
        assert_eq!(hashes(&run), hashes("whole"), "kill {kill}");
        fs::remove_dir_all(program.path(&run)).unwrap();
    }
    let middle = KILLS - early - late;
    assert!(middle >= KILLS / 4, "too few in the middle: {early} before it began, {late} after its end");
}
