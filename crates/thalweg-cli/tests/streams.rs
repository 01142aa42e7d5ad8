//! Results on stdout, everything else on stderr; colours, quiet and closed pipes.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod program;

use std::process::Stdio;

use program::{Program, said};

const TRAIN: [&str; 4] = ["train", "spiral-linear", "--steps", "20"];

#[test]
fn results_go_to_stdout_and_progress_to_stderr() {
    let program = Program::new();
    let said = program.succeed(&[&TRAIN[..], &["--report-every", "10 steps"]].concat());
    assert!(said.stdout.contains("the run lies in runs/spiral-linear-001"), "{}", said.stdout);
    assert!(!said.stdout.contains("step 10:"), "{}", said.stdout);
    for line in
        ["rows: 300 train", "step 0: loss 1.09", "step 10: loss ", "step 20: loss ", "next: look at runs"]
    {
        assert!(said.stderr.contains(line), "{line}: {}", said.stderr);
    }
    assert!(!said.stderr.contains('\r') && !said.stderr.contains('\u{1b}'), "{:?}", said.stderr);
}

#[test]
fn quiet_says_nothing_but_the_result() {
    let said = Program::new().succeed(&[&TRAIN[..], &["--quiet"]].concat());
    assert_eq!(said.stderr, "");
    assert!(said.stdout.contains("accuracy"));
}

#[test]
fn json_is_one_object_and_nothing_else() {
    let program = Program::new();
    let result = program.json(&TRAIN);
    assert_eq!(result["name"], "spiral-linear");
    assert_eq!(result["status"], "finished");
    assert_eq!(result["steps"], 20);
    assert_eq!(result["train"]["rows"], 300);
    let keys: Vec<&str> = result.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
        "best_epoch",
        "epochs",
        "name",
        "parameter_count",
        "parameters_sha256",
        "run",
        "seconds",
        "status",
        "steps",
        "train",
    ];
    assert_eq!(keys, expected);
    assert_eq!(program.succeed(&["list", "--json"]).stderr, "");
}

#[test]
fn colours_are_for_terminals_or_for_those_who_ask() {
    let program = Program::new();
    let has_colour = |arguments: &[&str], no_color: Option<&str>| {
        let mut command = program.command(arguments);
        if let Some(value) = no_color {
            command.env("NO_COLOR", value);
        }
        let said = said(command.output().unwrap());
        (said.stdout + &said.stderr).contains('\u{1b}')
    };
    assert!(!has_colour(&["list"], None));
    assert!(has_colour(&["list", "--color", "always"], None));
    assert!(has_colour(&["train", "nothing", "--color=always"], None));
    assert!(has_colour(&["--help", "--color=always"], None));
    assert!(!has_colour(&["list"], Some("1")));
    assert!(!has_colour(&["list", "--color", "never"], None));
}

#[test]
fn a_closed_pipe_is_no_error() {
    let program = Program::new();
    for arguments in [&["list"][..], &["completions", "zsh"], &["--help"], &["new", "digits"]] {
        let mut child =
            program.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take()); // nobody will read
        let said = said(child.wait_with_output().unwrap());
        assert_eq!((said.status, said.stderr.as_str()), (0, ""), "{arguments:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    let program = Program::new();
    for arguments in [&["list"][..], &["completions", "zsh"], &["list", "--json"]] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let said = said(program.command(arguments).stdout(full).output().unwrap());
        assert_eq!(said.status, 1, "{arguments:?}");
        assert!(said.stderr.starts_with("error: cannot write to stdout: "), "{}", said.stderr);
        assert_eq!(said.stderr.lines().count(), 1, "{}", said.stderr);
    }
}

#[test]
fn warnings_about_data_stay_where_all_is_quiet() {
    let program = Program::new();
    let rows: String = (0..30).map(|i| format!("{i},{},{}.5\n", ["", "2"][i % 2], 3 * i)).collect();
    program.write("table.csv", &format!("size,rooms,price\n{rows}"));
    let said = program.succeed(&["train", "table.csv", "--target", "price", "--epochs", "1", "--quiet"]);
    assert!(said.stderr.lines().count() > 0, "{}", said.stderr);
    assert!(said.stderr.lines().all(|line| line.starts_with("note: ")), "{}", said.stderr);
}

#[test]
fn completions_are_an_object_too() {
    let program = Program::new();
    let object = program.json(&["completions", "bash"]);
    assert_eq!(object["shell"], "bash");
    assert_eq!(object["script"], program.succeed(&["completions", "bash"]).stdout);
}
