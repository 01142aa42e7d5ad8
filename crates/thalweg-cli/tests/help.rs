//! What the program says of itself.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod program;

use program::Program;

const VERBS: [&str; 19] = [
    "train",
    "resume",
    "verify",
    "at",
    "evaluate",
    "predict",
    "sweep",
    "compare",
    "explain",
    "lr-find",
    "gradcheck",
    "doctor",
    "inspect",
    "list",
    "new",
    "draw",
    "bench",
    "data",
    "completions",
];

#[test]
fn the_program_explains_itself() {
    let program = Program::new();
    insta::assert_snapshot!("thalweg", program.succeed(&["--help"]).stdout);
    let nothing = program.run(&[]);
    assert_eq!((nothing.status, nothing.stdout.as_str()), (2, ""));
    assert!(nothing.stderr.contains("Usage: thalweg"));
}

#[test]
fn every_verb_explains_itself_with_an_example() {
    let program = Program::new();
    for verb in VERBS {
        let help = program.succeed(&[verb, "--help"]).stdout;
        assert!(help.contains(&format!("\n  thalweg {verb}")), "{verb} has no example:\n{help}");
        // What is the same everywhere stands in one snapshot only.
        let own = help.split("Everywhere:").next().unwrap();
        insta::assert_snapshot!(verb, own);
    }
    insta::assert_snapshot!("data-fetch", program.succeed(&["data", "fetch", "--help"]).stdout);
}

#[test]
fn every_shell_gets_completions() {
    let program = Program::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = program.succeed(&["completions", shell]).stdout;
        assert!(script.contains("gradcheck") && script.contains("learning-rate"), "{shell}");
    }
}

#[test]
fn all_experiments_are_listed() {
    let program = Program::new();
    insta::assert_snapshot!("listed", program.succeed(&["list"]).stdout);
    let list = program.json(&["list"]);
    let experiments = list["experiments"].as_array().unwrap();
    assert_eq!(experiments.len(), 14);
    for experiment in experiments {
        let needs_files =
            ["mnist", "cats", "fashion"].iter().any(|set| experiment["name"].as_str().unwrap().contains(set));
        assert_eq!(experiment["available"].as_bool(), Some(!needs_files), "{experiment}");
    }
}

#[test]
fn a_new_experiment_file_trains_the_same() {
    let program = Program::new();
    program.succeed(&["new", "spiral-linear", "--out", "mine.toml"]);
    let again = program.run(&["new", "spiral-linear", "--out", "mine.toml"]);
    assert_eq!(again.status, 2);
    assert!(again.stderr.contains("mine.toml is already there"), "{}", again.stderr);
    let hash = |what| program.json(&["train", what, "--steps", "20"])["parameters_sha256"].clone();
    assert_eq!(hash("mine.toml"), hash("spiral-linear"));
}
