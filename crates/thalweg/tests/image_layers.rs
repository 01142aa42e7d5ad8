//! Layers for images against PyTorch, in f64, forward and backward: over random shapes, strides, paddings, dilations and groups as
//! `reference/images.py` drew them, and over fresh ones where PyTorch is there.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use thalweg::Shape;
use thalweg::experiment::Draft;
use thalweg::layers::{Backward, Forward, Layer, Mode};

/// The script that draws cases and asks PyTorch.
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../reference/images.py");

/// The irregular numbers of the script.
fn irregular(start: usize, count: usize, factor: f64) -> Vec<f64> {
    (start..start + count).map(|i| factor * ((i * 7919 % 1009) as f64 / 504.5 - 1.0)).collect()
}

/// A layer as an experiment file writes it.
fn layer(toml: &str) -> Layer {
    let text = format!("data.source = \"digits\"\nnetwork.layers = [{toml}, {{ dense = 1 }}]");
    let experiment = Draft::parse(&text, None).unwrap().check().unwrap();
    experiment.network.layers[0].clone()
}

#[track_caller]
fn near(what: &str, ours: &[f64], theirs: &Value) {
    let theirs: Vec<f64> = theirs.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect();
    assert_eq!(ours.len(), theirs.len(), "{what}");
    // Sums of at most 4·4·4 or 3·10·10 products of numbers below 1.
    for (i, (a, b)) in ours.iter().zip(&theirs).enumerate() {
        assert!((a - b).abs() <= 1e-13 * b.abs().max(1.0), "{what}[{i}]: {a} and {b}");
    }
}

/// Holds one case against what PyTorch made of it.
fn agrees(case: &Value) {
    let text = case["layer"].as_str().unwrap();
    let what = |of: &str| format!("{of} of {text} on {}", case["input"]);
    let layer = layer(text);
    let axes = |key: &str| -> Vec<usize> {
        case[key].as_array().unwrap().iter().map(|axis| axis.as_u64().unwrap() as usize).collect()
    };
    let input = Shape::from(axes("input"));
    let rows = case["rows"].as_u64().unwrap() as usize;
    let output = layer.output_shape(&input).unwrap();
    assert_eq!(output.axes(), axes("output"), "{}", what("the shape"));

    let x = irregular(0, rows * input.len(), 1.0);
    let count = layer.parameters(&input).iter().map(|parameter| parameter.shape.len()).sum();
    let parameters = irregular(1000, count, 0.5);
    let row_numbers: Vec<u32> = (0..rows as u32).collect();
    let mode = Mode::Training { seed: 0, layer: 0, epoch: 0, row_numbers: &row_numbers };
    let mut y = vec![f64::NAN; rows * output.len()];
    let mut cache = vec![f64::NAN; rows * layer.cache_len(&input)];
    layer.forward(Forward {
        rows,
        input: &input,
        output: &output,
        mode,
        parameters: &parameters,
        x: &x,
        y: &mut y,
        cache: &mut cache,
    });
    near(&what("y"), &y, &case["y"]);

    let dy = irregular(500, y.len(), 1.0);
    let mut dx = vec![f64::NAN; x.len()];
    let mut dparameters = vec![0.0; count];
    let mut scratch = vec![f64::NAN; layer.scratch_len(&input)];
    layer.backward(Backward {
        rows,
        input: &input,
        output: &output,
        mode,
        parameters: &parameters,
        x: &x,
        y: &y,
        cache: &cache,
        dy: &dy,
        dx: Some(&mut dx),
        dparameters: &mut dparameters,
        scratch: &mut scratch,
    });
    near(&what("dx"), &dx, &case["dx"]);
    near(&what("the parameters' gradients"), &dparameters, &case["dparameters"]);
}

#[test]
fn layers_agree_with_pytorch() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/images.json");
    let cases: Vec<Value> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    assert!(cases.len() >= 75, "{} cases", cases.len());
    cases.iter().for_each(agrees);
}

/// A Python that has PyTorch, if there is one.
fn pytorch() -> Option<PathBuf> {
    let named = std::env::var_os("THALWEG_TORCH").map(PathBuf::from);
    let peers = std::env::var_os("PEERS_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache/thalweg-peers")));
    let candidates =
        [named.clone(), Some(PathBuf::from("python3")), peers.map(|home| home.join("torch/bin/python3"))];
    let found = candidates.into_iter().flatten().find(|python| {
        let output = Command::new(python).args(["-c", "import torch"]).output();
        output.is_ok_and(|output| output.status.success())
    });
    assert!(named.is_none() || found == named, "THALWEG_TORCH is set, but has no PyTorch");
    found
}

#[test]
fn layers_agree_with_the_pytorch_that_is_here() {
    let Some(python) = pytorch() else {
        let message = "SKIPPED: PyTorch is not there; set THALWEG_TORCH to a Python that has it\n";
        std::io::Write::write_all(&mut std::io::stderr(), message.as_bytes()).unwrap();
        return;
    };
    let output = Command::new(python).args([SCRIPT, "--seed", "2", "--cases", "200"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let cases: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(cases.len(), 200);
    cases.iter().for_each(agrees);
}
