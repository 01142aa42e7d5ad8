//! The gradient check on every built-in experiment's start.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

mod support;

use support::{builtin, prepare, shared};
use thalweg::gradient_check::{self, GradientReport};

fn checked(name: &str) -> Option<GradientReport> {
    let needs_data = name.starts_with("mnist") || name.starts_with("cats");
    let folder = if needs_data { Some(shared()?.join("data")) } else { None };
    let experiment = builtin(name, &[]);
    let (network, parts) = prepare(&experiment, folder);
    let report =
        gradient_check::check(&network, &experiment.training, &parts.train, experiment.seed).unwrap();
    println!("{name}: {} comparisons on {} rows, worst {:?}", report.comparisons, report.rows, report.worst);
    assert!(report.ok, "{name}: {:?}", report.worst);
    assert!(report.comparisons > 0);
    Some(report)
}

#[test]
fn every_experiment_without_files_passes() {
    for name in ["curve", "regression", "digits", "digits-conv", "iris", "spiral-linear"] {
        checked(name).unwrap();
    }
}

#[test]
fn the_spirals_start_lies_on_300_kinks_and_passes_beside_them() {
    // The three points at radius 0 give 100 hidden values of exactly 0 each, since every bias starts at 0.
    let report = checked("spiral").unwrap();
    assert_eq!(report.kinks, 300);
    // In each hidden unit the three rows' slopes cancel at this start, so the loss itself has no kink on the point; some
    // coordinates lie by one.
    assert!(report.checked_beside > 0);
}

#[test]
fn the_experiments_with_files_pass() {
    for name in ["mnist", "mnist-relu", "mnist-conv", "cats", "cats-published-start"] {
        if checked(name).is_none() {
            return;
        }
    }
}
