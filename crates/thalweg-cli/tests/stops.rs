//! Runs that are stopped by signals, full disks and other processes, and runs that begin from others.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod program;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use program::{Program, Said};

/// Longer than any run of these tests takes.
const PATIENCE: Duration = Duration::from_secs(60);

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < PATIENCE, "{what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// Starts a run, and comes back when it has made so many reports.
fn begin(program: &Program, arguments: &[&str], run: &str, reports: usize) -> Child {
    let mut command = program.command(arguments);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let hashes = program.path(run).join("hashes.jsonl");
    wait_until("the run does not begin", || {
        fs::read_to_string(&hashes).is_ok_and(|text| text.lines().count() >= reports)
    });
    child
}

fn send(signal: &str, child: &Child) {
    let sent = Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status();
    assert!(sent.unwrap().success());
}

fn end(child: Child) -> Said {
    program::said(child.wait_with_output().unwrap())
}

fn hashes(program: &Program, run: &str) -> String {
    fs::read_to_string(program.path(run).join("hashes.jsonl")).unwrap()
}

/// A run into `run` that takes some seconds, left alone.
const LONG: [&str; 10] = [
    "train",
    "spiral",
    "--steps",
    "60000",
    "--report-every",
    "200 steps",
    "--checkpoint-every",
    "100 steps",
    "--out",
    "run",
];

#[test]
fn a_second_ctrl_c_ends_at_once_and_leaves_the_last_checkpoint() {
    let program = Program::new();
    // A step takes a good part of a second, so that the second signal comes before its end.
    program.write(
        "slow.toml",
        r#"
name = "slow"
precision = "f64"
data.source = { name = "moons", rows = 30000 }
network.layers = [{ dense = 256, activation = "tanh" }, { dense = 256, activation = "tanh" }, { dense = 2 }]
training = { batch_size = "full", steps = 1000, report_every = "1 steps", checkpoint_every = "1 steps" }
"#,
    );
    let train = ["train", "slow.toml", "--out", "run", "--threads", "1", "--json"];
    let child = begin(&program, &train, "run", 3);
    let state = program.path("run/state.safetensors");
    wait_until("there is no checkpoint", || state.exists());
    send("INT", &child);
    thread::sleep(Duration::from_millis(20));
    let asked = Instant::now();
    send("INT", &child);
    let said = end(child);
    assert_eq!((said.status, said.stdout.as_str()), (130, ""), "{}", said.stderr);
    assert!(asked.elapsed() < Duration::from_secs(5));
    assert!(!program.path("run/model.safetensors").exists(), "it did not end by itself");
    let saved = program.json(&["inspect", "run"])["saved_step"].as_u64().unwrap();
    assert!(saved >= 1, "{saved}");
}

#[test]
fn two_processes_do_not_train_in_one_folder_and_a_dead_one_is_in_nobodys_way() {
    let program = Program::new();
    let mut endless = LONG;
    endless[3] = "20000000";
    let mut child = begin(&program, &endless, "run", 3);
    for arguments in [&["resume", "run"][..], &["train", "spiral", "--out", "run", "--force"]] {
        let refused = program.run(arguments);
        assert_eq!(refused.status, 2, "{}", refused.stderr);
        let expected =
            format!("run: process {} is training in this folder; wait until it has ended", child.id());
        assert!(refused.stderr.contains(&expected), "{}", refused.stderr);
    }
    // Looking is allowed.
    program.succeed(&["inspect", "run"]);
    assert!(child.try_wait().unwrap().is_none(), "it was not disturbed");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(program.path("run/.lock").exists());
    let two = [program.command(&["resume", "run"]), program.command(&["resume", "run"])];
    let two = two.map(|mut command| command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
    // Both are stopped as soon as one of them trains; one was refused, or came when the other had ended.
    wait_until("nobody goes on", || {
        fs::read_to_string(program.path("run/log.txt")).unwrap().contains("resumed at step ")
    });
    thread::sleep(Duration::from_millis(300));
    two.iter().for_each(|child| send("TERM", child));
    let mut ended = two.map(|child| {
        let said = end(child);
        (said.status, said.stderr.contains("is training in this folder"))
    });
    ended.sort_unstable();
    assert_eq!(ended, [(2, true), (143, false)]);
    assert_eq!(program.json(&["verify", "run"]), serde_json::json!({ "identical": true }));
}

/// Runs the program where no file may grow beyond so many KiB.
fn limited(program: &Program, kib: u32, arguments: &[&str]) -> Said {
    let plain = program.command(arguments);
    let mut command = Command::new("bash");
    command.args(["-c", &format!("ulimit -f {kib}; exec \"$@\""), "bash"]).arg(plain.get_program());
    command.args(plain.get_args()).current_dir(program.folder()).stdin(Stdio::null());
    for (name, value) in plain.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    program::said(command.output().unwrap())
}

/// A file that may grow no further is like a full disk: the state is too large for it, the lines of reports are not.
#[test]
fn a_full_disk_stops_no_run_before_its_end_and_no_checkpoint_is_lost() {
    let program = Program::new();
    let train =
        ["train", "digits", "--epochs", "60", "--report-every", "90 steps", "--checkpoint-every", "30 steps"];
    let whole = program.json(&[&train[..], &["--out", "whole"]].concat());

    // From the start: nothing is ever saved.
    let said = limited(&program, 64, &[&train[..], &["--out", "never"]].concat());
    assert_eq!(said.status, 3, "{}", said.stderr);
    let errors: Vec<&str> = said.stderr.lines().filter(|line| line.starts_with("error: ")).collect();
    assert_eq!(errors.len(), 1, "{}", said.stderr);
    assert!(errors[0].contains("never: not all of the run is saved: cannot write never/state.safetensors: "));
    assert!(errors[0].ends_with("it has no checkpoint to go on from"), "{}", errors[0]);
    let warnings =
        said.stderr.lines().filter(|line| line.starts_with("note: ") && line.contains("training goes on"));
    assert_eq!(warnings.count(), 1, "{}", said.stderr);
    assert!(said.stderr.contains("epoch 60: "), "it came to its end: {}", said.stderr);
    let names = fs::read_dir(program.path("never")).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(names.into_iter().all(|name| !name.to_string_lossy().ends_with(".partial")));
    assert_eq!(program.json(&["resume", "never"])["parameters_sha256"], whole["parameters_sha256"]);

    // After a stop in the middle: its checkpoint stays, and goes on when there is room.
    let child = begin(&program, &[&train[..], &["--out", "run", "--threads", "1"]].concat(), "run", 3);
    send("INT", &child);
    assert_eq!(end(child).status, 130);
    let saved = program.json(&["inspect", "run"])["saved_step"].as_u64().unwrap();
    let said = limited(&program, 64, &["resume", "run"]);
    assert_eq!(said.status, 3, "{}", said.stderr);
    let good =
        format!("the last good checkpoint is that of step {saved}, from which `thalweg resume` goes on");
    assert!(said.stderr.contains(&good), "{}", said.stderr);
    assert_eq!(program.json(&["inspect", "run"])["saved_step"], saved);
    let resumed = program.json(&["resume", "run"]);
    assert_eq!(resumed["parameters_sha256"], whole["parameters_sha256"]);
    assert_eq!(hashes(&program, "run"), hashes(&program, "whole"));
}

#[test]
fn a_folder_that_vanishes_is_named_at_the_end() {
    let program = Program::new();
    let child = begin(&program, &LONG, "run", 2);
    // A checkpoint may come while it is being emptied.
    wait_until("it stays", || fs::remove_dir_all(program.path("run")).is_ok());
    let said = end(child);
    assert_eq!(said.status, 3, "{}", said.stderr);
    assert!(
        said.stderr.contains(
            "note: cannot write run/state.safetensors: no such file or directory; training goes on"
        )
    );
    let last = said.stderr.lines().last().unwrap();
    assert!(
        last.starts_with("error: run: not all of the run is saved: cannot write run/state.safetensors: "),
        "{last}"
    );
    assert!(last.ends_with("it has no checkpoint to go on from"), "{last}");
    assert!(!program.path("run").exists());
}

/// A folder that may not be written in any more. The system's administrator may always, so the program runs as somebody else then.
#[test]
fn a_folder_that_becomes_read_only_keeps_its_last_checkpoint() {
    const NOBODY: u32 = 65_534;
    let program = Program::new();
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|said| said.stdout == b"0\n");
    let open = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let mut command = program.command(&LONG);
    if is_root {
        open(program.folder(), 0o777);
        command.uid(NOBODY).gid(NOBODY);
    }
    let child = match command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn() {
        Ok(child) => child,
        Err(error) => {
            eprintln!("SKIPPED: the program cannot be run as somebody else: {error}");
            return;
        }
    };
    let state = program.path("run/state.safetensors");
    wait_until("there is no checkpoint", || state.exists());
    open(&program.path("run"), 0o555);
    let said = end(child);
    open(&program.path("run"), 0o777);
    assert_eq!(said.status, 3, "{}", said.stderr);
    assert!(said.stderr.contains("permission denied; training goes on"), "{}", said.stderr);
    let saved = program.json(&["inspect", "run"])["saved_step"].as_u64().unwrap();
    assert!((100..60_000).contains(&saved), "{saved}");
    let good = format!("the last good checkpoint is that of step {saved}, from which");
    assert!(said.stderr.lines().last().unwrap().contains(&good), "{}", said.stderr);
}

#[test]
fn a_damaged_state_is_said_and_the_one_before_is_used() {
    let program = Program::new();
    let train = [
        "train",
        "digits",
        "--epochs",
        "200",
        "--report-every",
        "90 steps",
        "--checkpoint-every",
        "10 steps",
    ];
    let whole = program.json(&[&train[..], &["--out", "whole"]].concat());
    let state = program.path("run/state.safetensors");
    let earlier = || {
        let names = fs::read_dir(program.path("run")).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let step =
            |name: String| name.strip_prefix("state-")?.strip_suffix(".safetensors")?.parse::<u64>().ok();
        names.filter_map(step).max()
    };
    let mut child = begin(&program, &[&train[..], &["--out", "run", "--threads", "1"]].concat(), "run", 2);
    wait_until("there are no two checkpoints", || state.exists() && earlier().is_some());
    child.kill().unwrap();
    child.wait().unwrap();
    let mut bytes = fs::read(&state).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    // For a moment the newest goes by its step too: that name is not to be damaged.
    fs::remove_file(&state).unwrap();
    fs::write(&state, bytes).unwrap();
    let earlier = earlier().unwrap();
    let said = program.succeed(&["resume", "run", "--json"]);
    let warning = format!(
        "its content does not match its checksum: the file was damaged or changed; the checkpoint before it, of step {earlier}, is used"
    );
    assert!(said.stderr.contains("note: cannot use run/state.safetensors: "), "{}", said.stderr);
    assert!(said.stderr.contains(&warning), "{}", said.stderr);
    assert!(said.stderr.contains(&format!("going on after step {earlier}")), "{}", said.stderr);
    let resumed: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(resumed["parameters_sha256"], whole["parameters_sha256"]);
    assert_eq!(hashes(&program, "run"), hashes(&program, "whole"));
}

#[test]
fn a_run_begins_from_any_step_of_another() {
    let program = Program::new();
    let train = ["train", "digits", "--set", "schedule=constant"];
    let parent = program.json(&[&train[..], &["--epochs", "3", "--out", "parent"]].concat());
    let same = program.json(&["train", "--from", "parent@70", "--out", "same"]);
    assert_eq!(same["parameters_sha256"], parent["parameters_sha256"]);
    assert!(hashes(&program, "parent").ends_with(&hashes(&program, "same")));
    let other = program.json(&["train", "--from", "parent@70", "--lr", "0.01", "--epochs", "4"]);
    assert_eq!(other["run"], "runs/digits-001");
    assert_ne!(other["parameters_sha256"], parent["parameters_sha256"]);
    let environment = fs::read_to_string(program.path("runs/digits-001/environment.json")).unwrap();
    let environment: serde_json::Value = serde_json::from_str(&environment).unwrap();
    assert_eq!(environment["from"]["step"], 70);
    assert!(environment["from"]["path"].as_str().unwrap().ends_with("/parent"));

    let on = program.json(&["train", "--from", "parent", "--epochs", "5", "--out", "on"]);
    assert_eq!((on["epochs"].as_u64(), on["steps"].as_u64()), (Some(5), Some(225)));
    let longer = program.json(&[&train[..], &["--epochs", "5", "--out", "longer"]].concat());
    assert_eq!(on["parameters_sha256"], longer["parameters_sha256"]);
    let weights = program.json(&[
        "train",
        "digits",
        "--from",
        "parent/model.safetensors",
        "--epochs",
        "1",
        "--out",
        "warm",
    ]);
    assert_eq!(weights["steps"], 45);
    fs::remove_dir_all(program.path("parent")).unwrap();
    for run in ["runs/digits-001", "on", "warm", "same"] {
        assert_eq!(program.json(&["verify", run]), serde_json::json!({ "identical": true }), "{run}");
    }
    let explained = program.json(&["explain", "on"]);
    assert_eq!((explained["step"].as_u64(), explained["epoch"].as_u64()), (Some(135), Some(4)));
    assert_eq!(program.run(&["explain", "on", "--step", "3"]).status, 2);
    assert!(program.succeed(&["inspect", "on"]).stdout.contains("began from "));
}

#[test]
fn a_start_that_cannot_be_is_said_in_a_sentence() {
    let program = Program::new();
    program.succeed(&["train", "digits", "--epochs", "1", "--out", "run"]);
    let wrong: [(&[&str], i32, &str); 10] = [
        (&["train"], 2, "<EXPERIMENT|FILE.toml|DATA>"),
        (&["train", "--from", "run"], 2, "would begin after step 45 and end at step 45"),
        (&["train", "--from", "run@46", "--epochs", "2"], 2, "it has no step 46: it ended after 45"),
        (&["train", "--from", "run@late"], 2, "after the @ stands a step, such as run@100"),
        (&["train", "--from", "nowhere@3"], 3, "cannot read nowhere@3: no such file"),
        (&["train", "--from", "run/model.safetensors"], 2, "does not say what to train"),
        (
            &["train", "--from", "run@20", "--hidden", "16"],
            2,
            "the new run dense 16, dense 10: 1210 parameters",
        ),
        (&["train", "iris", "--from", "run/model.safetensors"], 3, "cannot use run/model.safetensors: "),
        (
            &["train", "--from", "run", "--epochs", "2", "--out", "run", "--force"],
            2,
            "cannot replace the one",
        ),
        (
            &["train", "digits", "--from", "run/model.safetensors", "--out", "run", "--force"],
            2,
            "cannot replace the folder of the file",
        ),
    ];
    for (arguments, status, sentence) in wrong {
        let said = program.run(arguments);
        assert_eq!(said.status, status, "{arguments:?}: {}", said.stderr);
        assert!(said.stderr.contains(sentence), "{arguments:?}: {}", said.stderr);
    }
}

#[test]
fn a_run_that_diverges_names_the_last_checkpoint_and_a_cure() {
    let program = Program::new();
    program.succeed(&[
        "train",
        "digits",
        "--optimizer",
        "sgd",
        "--lr",
        "0.1",
        "--epochs",
        "3",
        "--out",
        "run",
    ]);
    let said = program.run(&["train", "--from", "run@100", "--lr", "1e30", "--out", "broken"]);
    assert_eq!(said.status, 4, "{}", said.stderr);
    let error = said.stderr.lines().last().unwrap();
    assert!(error.contains(" at epoch 3, step 10") && error.contains(" of layer "), "{error}");
    assert!(error.contains("; try a learning rate of 1e29"), "{error}");
    assert!(error.ends_with("; the last good checkpoint is that of step 100"), "{error}");
    assert!(said.stderr.contains("thalweg train --from broken@100 --set KEY=VALUE"), "{}", said.stderr);
}
