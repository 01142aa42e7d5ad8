//! The doctor has nothing to say of the built-in experiments.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

mod support;

use std::path::PathBuf;

use support::{builtin, shared};
use thalweg::doctor;
use thalweg::run::{self, Place, RunFolder};

fn assert_silent(name: &str, folder: Option<PathBuf>) {
    let prepared = run::prepare(builtin(name, &[]), folder.as_deref()).unwrap();
    let diagnosis = doctor::examine(&prepared, None).unwrap().unwrap();
    println!("{name}: {}", diagnosis.looked_at);
    assert_eq!(diagnosis.findings, [], "{name}");
    assert!(diagnosis.checked.len() >= 9, "{name}: {diagnosis:#?}");
}

#[test]
fn the_experiments_without_files_are_healthy() {
    for name in ["curve", "regression", "digits", "iris", "spiral-linear", "spiral"] {
        assert_silent(name, None);
    }
}

#[test]
fn the_experiments_with_files_are_healthy() {
    let Some(shared) = shared() else { return };
    for name in ["mnist", "mnist-relu", "cats", "cats-published-start"] {
        assert_silent(name, Some(shared.join("data")));
    }
}

/// What they leave behind is healthy too.
#[test]
fn their_runs_are_healthy() {
    let runs = tempfile::tempdir().unwrap();
    for name in ["curve", "regression", "digits", "iris", "spiral-linear", "spiral"] {
        let mut prepared = run::prepare(builtin(name, &[]), None).unwrap();
        let place = Place { runs: runs.path().to_owned(), ..Place::default() };
        let mut folder = RunFolder::create(&prepared, &place, Vec::new()).unwrap();
        folder.train(&mut prepared, Vec::new(), None, None).unwrap();
        let diagnosis = doctor::examine_run(&folder, &folder.prepare().unwrap(), None).unwrap().unwrap();
        assert_eq!(diagnosis.findings, [], "{name}");
    }
}
