//! Every numbered example runs and shows what it says that it shows.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]
#![allow(dead_code, reason = "the examples' `main` is not called here")]

#[path = "../examples/03_curve.rs"]
mod curve;
#[path = "../examples/08_custom_loss_and_layer.rs"]
mod custom_loss_and_layer;
#[path = "../examples/04_digits.rs"]
mod digits;
#[path = "../examples/01_line.rs"]
mod line;
#[path = "../examples/09_observer.rs"]
mod observer;
#[path = "../examples/06_own_csv.rs"]
mod own_csv;
#[path = "../examples/07_save_and_load.rs"]
mod save_and_load;
#[path = "../examples/05_spiral_boundary.rs"]
mod spiral_boundary;
#[path = "../examples/02_xor.rs"]
mod xor;

#[test]
fn the_line_is_found() {
    let (slope, intercept) = line::run().unwrap();
    assert!((slope - 3.0).abs() < 1e-6 && (intercept + 2.0).abs() < 1e-6, "{slope} {intercept}");
}

#[test]
fn xor_needs_the_hidden_layer() {
    let (linear, hidden) = xor::run().unwrap();
    assert!(linear < 1.0 && hidden == 1.0, "{linear} {hidden}");
}

#[test]
fn the_curve_goes_through_its_points() {
    let loss = curve::run().unwrap();
    assert!(loss < 10.0, "{loss}");
}

#[test]
fn digits_are_read() {
    let accuracy = digits::run().unwrap();
    assert!(accuracy > 0.95, "{accuracy}");
}

#[test]
fn the_arms_are_told_apart() {
    let accuracy = spiral_boundary::run().unwrap();
    assert!(accuracy > 0.95, "{accuracy}");
}

#[test]
fn a_table_is_learned_and_a_new_file_predicted() {
    assert_eq!(own_csv::run().unwrap(), ["high", "low"]);
}

#[test]
fn a_loaded_model_says_the_same() {
    assert!(save_and_load::run().unwrap() >= 0.9);
}

#[test]
fn a_wrong_layer_is_named() {
    let (loss, right, wrong) = custom_loss_and_layer::run().unwrap();
    assert!(loss < 0.05, "{loss}");
    assert!(right.ok && !wrong.ok);
    assert_eq!(wrong.worst.unwrap().parameter, "2.gain");
}

#[test]
fn the_observer_ends_the_run() {
    let (ending, steps) = observer::run().unwrap();
    assert_eq!(ending, thalweg::train::Ending::Stopped);
    assert!(steps < 5000, "{steps}");
}
