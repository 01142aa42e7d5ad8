//! Files that another program wrote with parts of its own: the command says what is missing, with status 3.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod program;

use std::sync::Arc;

use program::Program;
use thalweg::activations::Activation;
use thalweg::custom::{CustomActivation, Options, Registry};
use thalweg::experiment::Draft;
use thalweg::run::{self, Place, RunFolder};
use thalweg::train::Observer;
use thalweg::{Network, Real};

/// a = z³.
#[derive(Debug)]
struct Cube;

impl<R: Real> CustomActivation<R> for Cube {
    fn name(&self) -> &str {
        "cube"
    }
    fn value(&self, z: R) -> R {
        z * z * z
    }
    fn derivative(&self, z: R, _a: R) -> R {
        R::from_f64(3.0) * z * z
    }
}

/// Knows something that a resumed run must know.
struct Knows;

impl Observer for Knows {
    fn name(&self) -> Option<&str> {
        Some("knows")
    }
    fn state(&self) -> Options {
        7.into()
    }
}

const SENTENCE: &str = "\"cube\" is of a program's own, and this program does not have it";

#[test]
fn a_model_with_a_part_of_its_own_is_refused() {
    let program = Program::new();
    let cube = Activation::Custom(Arc::new(Cube));
    let network = Network::<f32>::builder([2]).dense(3).activation(cube).dense(1).build(0).unwrap();
    network.save(program.path("own.safetensors")).unwrap();
    program.write("rows.csv", "a,b\n1,2\n");
    for arguments in
        [&["predict", "own.safetensors", "rows.csv"][..], &["evaluate", "own.safetensors", "rows.csv"]]
    {
        let said = program.run(arguments);
        assert_eq!(said.status, 3, "{}", said.stderr);
        assert!(said.stderr.contains(SENTENCE), "{}", said.stderr);
        assert_eq!(said.stderr.trim().lines().count(), 1, "{}", said.stderr);
    }
}

#[test]
fn a_run_with_a_part_or_an_observer_of_its_own_is_refused() {
    let program = Program::new();
    let place = Place { runs: program.path("runs"), ..Place::default() };
    let begun = |name: &str, activation: &str, observers: Vec<Box<dyn Observer>>| {
        let text = format!(
            "name = \"{name}\"\ndata.source = {{ name = \"moons\", rows = 60 }}\n\
             network.layers = [{{ dense = 3, activation = {activation} }}, {{ dense = 1 }}]\ntraining.epochs = 2\n"
        );
        let registry = Registry::new().activation("cube", |_| Ok(Cube));
        let experiment = Draft::parse(&text, None).unwrap().with_registry(registry).check().unwrap();
        let mut prepared = run::prepare(experiment, None).unwrap();
        let mut folder = RunFolder::create(&prepared, &place, Vec::new()).unwrap();
        let interrupt = std::sync::atomic::AtomicBool::new(true);
        folder.train(&mut prepared, observers, Some(&interrupt), None).unwrap();
    };
    begun("part", "{ custom = \"cube\" }", Vec::new());
    begun("watched", "\"tanh\"", vec![Box::new(Knows)]);
    for verb in ["resume", "evaluate", "verify"] {
        let said = program.run(&[verb, "runs/part-001"]);
        assert_eq!(said.status, 3, "{verb}: {}", said.stderr);
        assert!(said.stderr.contains(SENTENCE), "{verb}: {}", said.stderr);
    }
    let said = program.run(&["resume", "runs/watched-001"]);
    assert_eq!(said.status, 3, "{}", said.stderr);
    assert!(said.stderr.contains("what an observer \"knows\" knew"), "{}", said.stderr);
}

#[test]
fn a_rule_that_needs_every_row_is_refused_before_a_folder_is_made() {
    let program = Program::new();
    let said = program.run(&["train", "iris", "--optimizer", "lbfgs"]);
    assert_eq!(said.status, 2, "{}", said.stderr);
    assert!(said.stderr.contains("set batch_size to \"full\""), "{}", said.stderr);
    assert!(!program.path("runs").exists(), "nothing is left behind");
}
