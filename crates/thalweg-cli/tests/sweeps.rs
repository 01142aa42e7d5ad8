//! Sweeps: what they show, that nothing but their plan decides it, and that a stop in the middle changes nothing.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod program;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use program::Program;
use serde_json::{Value, json};

/// A sweep as JSON without what the clock decides.
fn timeless(mut sweep: Value) -> Value {
    for run in sweep["runs"].as_array_mut().unwrap() {
        run.as_object_mut().unwrap().remove("seconds");
    }
    sweep
}

fn settings(sweep: &Value) -> Vec<&Value> {
    sweep["runs"].as_array().unwrap().iter().map(|run| &run["settings"]).collect()
}

#[test]
fn a_grid_keeps_its_order_and_is_sorted_by_request() {
    let program = Program::new();
    let sweep = ["sweep", "iris", "--vary", "lr=0.001,0.01,0.1", "--epochs", "5", "--out"];
    let plain = program.succeed(&[&sweep[..], &["plain"]].concat()).stdout;
    insta::assert_snapshot!(plain, @r"
       lr  train loss  train accuracy  test loss  test accuracy
    0.001    0.724541         61.67 %   0.710576        60.00 %
     0.01    0.270694         90.00 %   0.245878        90.00 %
      0.1    0.067248         97.50 %   0.173016        93.33 %
    the best by train.loss, 0.067248: lr=0.1
    the runs lie in plain
    their curves together: plain/loss.svg
    ");
    let sorted = program.succeed(&[&sweep[..], &["sorted", "--sort", "test.accuracy"]].concat()).stdout;
    insta::assert_snapshot!(sorted, @r"
       lr  train loss  train accuracy  test loss  test accuracy
      0.1    0.067248         97.50 %   0.173016        93.33 %
     0.01    0.270694         90.00 %   0.245878        90.00 %
    0.001    0.724541         61.67 %   0.710576        60.00 %
    the best by test.accuracy, 93.33 %: lr=0.1
    the runs lie in sorted
    their curves together: sorted/loss.svg
    ");
    // The table of a sweep that is complete can be had again, in another order.
    let again = program.succeed(&["sweep", "--resume", "sorted", "--sort", "train.loss"]).stdout;
    insta::assert_snapshot!(again, @r"
       lr  train loss  train accuracy  test loss  test accuracy
      0.1    0.067248         97.50 %   0.173016        93.33 %
     0.01    0.270694         90.00 %   0.245878        90.00 %
    0.001    0.724541         61.67 %   0.710576        60.00 %
    the best by test.accuracy, 93.33 %: lr=0.1
    the runs lie in sorted
    their curves together: sorted/loss.svg
    ");
    let wrong = program.run(&["sweep", "--resume", "sorted", "--sort", "train.los"]);
    assert_eq!(wrong.status, 2, "{}", wrong.stderr);
}

#[test]
fn draws_depend_on_the_seed_and_nothing_else() {
    let program = Program::new();
    for search in ["random", "sobol"] {
        let drawn = |seed: &str, threads: &str, out: &str| {
            let sweep = ["sweep", "iris", "--vary", "lr=1e-4..1e-1", "--vary", "hidden=4..16"];
            let how = ["--search", search, "--samples", "5", "--epochs", "2"];
            timeless(
                program.json(
                    &[&sweep[..], &how, &["--seed", seed, "--threads", threads, "--out", out, "--force"]]
                        .concat(),
                ),
            )
        };
        let out = format!("{search}-0");
        let first = drawn("0", "1", &out);
        assert_eq!(first["runs"].as_array().unwrap().len(), 5);
        assert_eq!(drawn("0", "3", &out), first);
        assert_ne!(settings(&drawn("1", "1", &format!("{search}-1"))), settings(&first));
        // The best stands first.
        let losses: Vec<f64> = first["settings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["figures"]["train.loss"]["mean"].as_f64().unwrap())
            .collect();
        assert!(losses.is_sorted(), "{losses:?}");
        assert_eq!(first["best"], first["settings"][0]["settings"]);
    }
}

#[test]
fn seeds_and_folds_have_a_mean_and_a_spread() {
    let program = Program::new();
    let sweep = program.json(&[
        "sweep",
        "iris",
        "--vary",
        "hidden=4,8",
        "--seeds",
        "2",
        "--folds",
        "3",
        "--epochs",
        "4",
        "--out",
        "here",
    ]);
    let runs = sweep["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 12);
    assert_eq!((&runs[5]["seed"], &runs[5]["fold"]), (&json!(1), &json!(3)));
    // 30 of the 150 rows are the test part; the folds share the other 120.
    assert_eq!((&runs[5]["validation"]["rows"], &runs[5]["test"]["rows"]), (&json!(40), &json!(30)));
    let losses: Vec<f64> = runs[..6].iter().map(|run| run["validation"]["loss"].as_f64().unwrap()).collect();
    let spread = &sweep["settings"][0]["figures"]["validation.loss"];
    let mean = losses.iter().sum::<f64>() / 6.0;
    assert!((spread["mean"].as_f64().unwrap() - mean).abs() < 1e-12);
    assert_eq!(spread["count"], 6);
    assert_eq!(spread["min"].as_f64().unwrap(), losses.iter().copied().fold(f64::INFINITY, f64::min));
    // A run of a fold is one like any other.
    let run = runs[5]["run"].as_str().unwrap();
    assert!(
        fs::read_to_string(program.path(run).join("experiment.toml"))
            .unwrap()
            .contains("fold = { number = 3, of = 3 }")
    );
    program.succeed(&["verify", run]);
    let alone = program.json(&["train", &format!("{run}/experiment.toml"), "--out", "alone"]);
    assert_eq!(alone["parameters_sha256"], runs[5]["parameters_sha256"]);

    let only_folds =
        program.succeed(&["sweep", "iris", "--folds", "4", "--epochs", "3", "--out", "folds"]).stdout;
    insta::assert_snapshot!(only_folds, @r"
    runs  train loss         ±  train accuracy       ±  validation loss         ±       min       max  validation accuracy       ±  test loss         ±  test accuracy       ±
       4    0.388256  0.020762         85.83 %  2.46 %         0.399500  0.048696  0.330177  0.433894              85.00 %  5.77 %   0.367214  0.007219        83.33 %  2.72 %
    the runs lie in folds
    their curves together: folds/loss.svg
    ");
}

#[test]
fn halving_promotes_the_same_runs_on_any_number_of_threads() {
    let program = Program::new();
    let sweep = |threads: &str, out: &str| {
        let vary = ["sweep", "iris", "--vary", "lr=1e-4..1e-1", "--samples", "9", "--epochs", "9"];
        let how = ["--halving", "--first-epochs", "1", "--set", "training.schedule=cosine"];
        program.json(&[&vary[..], &how, &["--threads", threads, "--out", out]].concat())
    };
    let (one, three) = (sweep("1", "one"), sweep("3", "three"));
    let rungs = |sweep: &Value| -> Vec<usize> {
        sweep["runs"].as_array().unwrap().iter().map(|run| run["rungs"].as_array().unwrap().len()).collect()
    };
    assert_eq!(rungs(&one), rungs(&three));
    assert_eq!(one["settings"], three["settings"]);
    assert_eq!(one["halving"], json!({ "reduction": 3, "epochs": [1, 3, 9] }));
    assert!(rungs(&one).contains(&1) && rungs(&one).contains(&3), "{:?}", rungs(&one));

    // Who came to the end has the bits of a run that was never stopped; who was dropped can be trained on.
    let runs = one["runs"].as_array().unwrap();
    let whole = runs.iter().find(|run| run["status"] == "finished").unwrap();
    let alone = program.json(&[
        "train",
        "iris",
        "--epochs",
        "9",
        "--set",
        "training.schedule=cosine",
        "--lr",
        whole["settings"]["lr"].as_str().unwrap(),
        "--out",
        "alone",
    ]);
    assert_eq!(alone["parameters_sha256"], whole["parameters_sha256"]);
    let dropped = runs.iter().find(|run| run["status"] == "dropped").unwrap();
    assert_eq!(program.json(&["resume", dropped["run"].as_str().unwrap()])["epochs"], 9);
}

#[test]
fn a_run_that_diverges_is_a_row_and_ends_nothing() {
    let program = Program::new();
    let said =
        program.succeed(&["sweep", "regression", "--vary", "lr=1e-5,1", "--steps", "200", "--out", "some"]);
    insta::assert_snapshot!(said.stdout, @r"
      lr   train loss  train r2  not there because
    1e-5  3876.728332    0.4045
       1            -         -  diverged: the loss is 4.666263214834221e16 at epoch 2, step 1 (learning rate 1): it is more than a million times what it was at first, and the weights of layer 2 (dense) are the largest; try a learning rate of 0.1
    the best by train.loss, 3876.728332: lr=1e-5
    the runs lie in some
    their curves together: some/loss.svg
    ");
    let some = program.json(&["sweep", "--resume", "some"]);
    assert_eq!(some["runs"][1]["status"], "diverged");
    assert!(some["runs"][1]["error"].as_str().unwrap().starts_with("the loss is"), "{some}");
    let none = program.run(&["sweep", "regression", "--vary", "lr=1,2", "--steps", "200", "--out", "none"]);
    assert_eq!(none.status, 4, "{}", none.stderr);
}

/// Nine runs of which some go on, long enough to be killed in the middle.
const SWEEP: [&str; 15] = [
    "sweep",
    "digits",
    "--vary",
    "lr=1e-4..1e-1",
    "--samples",
    "6",
    "--epochs",
    "9",
    "--halving",
    "--first-epochs",
    "1",
    "--threads",
    "2",
    "--out",
    "sweep",
];

/// What the folder of a sweep says of its results, without what the clock decides.
fn results(folder: &Path) -> Value {
    let mut plan: Value = serde_json::from_slice(&fs::read(folder.join("sweep.json")).unwrap()).unwrap();
    for run in plan["runs"].as_array_mut().unwrap() {
        for result in run["results"].as_array_mut().unwrap() {
            result.as_object_mut().unwrap().remove("seconds");
        }
    }
    plan
}

#[test]
#[cfg(unix)]
fn a_sweep_killed_at_any_moment_goes_on_to_the_same_table() {
    const KILLS: u32 = 12;
    let program = Program::new();
    let started = Instant::now();
    let whole = program.succeed(&SWEEP).stdout;
    let length = started.elapsed();
    let whole_results = results(&program.path("sweep"));
    let mut middle = 0;
    for kill in 0..KILLS {
        fs::remove_dir_all(program.path("sweep")).unwrap();
        let mut child = program.command(&SWEEP).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        thread::sleep(length.mul_f64(f64::from(kill + 1) / f64::from(KILLS + 1)));
        child.kill().unwrap();
        child.wait().unwrap();
        if !program.path("sweep/sweep.json").exists() {
            fs::create_dir_all(program.path("sweep")).unwrap();
            continue;
        }
        middle += u32::from(!program.path("sweep/loss.png").exists());
        let resumed = program.succeed(&["sweep", "--resume", "sweep"]).stdout;
        assert_eq!(resumed, whole, "kill {kill}");
        assert_eq!(results(&program.path("sweep")), whole_results, "kill {kill}");
    }
    assert!(middle >= KILLS / 3, "only {middle} of {KILLS} were in the middle");
}

#[test]
#[cfg(unix)]
fn a_signal_ends_the_runs_after_their_step_and_says_how_to_go_on() {
    let program = Program::new();
    let whole = program.succeed(&SWEEP).stdout;
    fs::remove_dir_all(program.path("sweep")).unwrap();
    let child = program.command(&SWEEP).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Once a run has begun there is something to stop.
    while !program.path("sweep").read_dir().is_ok_and(|entries| entries.count() > 3) {
        thread::sleep(Duration::from_millis(1));
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let stopped = program::said(child.wait_with_output().unwrap());
    assert_eq!(stopped.status, 130, "{}", stopped.stderr);
    assert!(stopped.stderr.contains("go on with: thalweg sweep --resume sweep"), "{}", stopped.stderr);
    assert_eq!(program.succeed(&["sweep", "--resume", "sweep"]).stdout, whole);
    let again = program.run(&SWEEP);
    assert_eq!(again.status, 2);
    assert!(again.stderr.contains("a sweep is in this folder; go on with it"), "{}", again.stderr);
}
