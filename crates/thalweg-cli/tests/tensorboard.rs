//! Event files, read back by TensorBoard itself.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

mod program;

use std::path::Path;
use std::process::Command;

use program::Program;
use serde_json::Value;

/// What TensorBoard reads from a folder; nothing, said loudly, where there is no TensorBoard.
fn read_back(folder: &Path) -> Option<Value> {
    let python = std::env::var("THALWEG_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let has_it = Command::new(&python).args(["-c", "import tensorboard"]).output();
    if !has_it.is_ok_and(|output| output.status.success()) {
        assert!(
            std::env::var_os("THALWEG_PYTHON").is_none(),
            "THALWEG_PYTHON is set, but has no TensorBoard"
        );
        let message = "SKIPPED: TensorBoard is not there; set THALWEG_PYTHON to a Python that has it\n";
        std::io::Write::write_all(&mut std::io::stderr(), message.as_bytes()).unwrap();
        return None;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tensorboard/read_back.py");
    let output = Command::new(python).arg(script).arg(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn tensorboard_reads_scalars_histograms_and_pictures() {
    let program = Program::new();
    let train = ["train", "iris", "--epochs", "6", "--hidden", "5", "--tensorboard", "--out", "run"];
    program.succeed(&train);
    let folder = program.path("run/tensorboard");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
    let Some(board) = read_back(&folder) else { return };

    // Every line of metrics.jsonl is there.
    let lines = std::fs::read_to_string(program.path("run/metrics.jsonl")).unwrap();
    let mut compared = 0;
    for line in lines.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let step = line["step"].as_u64().unwrap();
        for metric in ["loss", "accuracy"] {
            let tag = format!("{metric}/{}", line["split"].as_str().unwrap());
            let points = board["scalars"][&tag].as_array().unwrap_or_else(|| panic!("no {tag}"));
            let point = points.iter().find(|point| point[0] == step).unwrap();
            let (shown, written) = (point[1].as_f64().unwrap(), line[metric].as_f64().unwrap());
            assert!((shown - written).abs() <= 1e-6 * written.abs(), "{tag} at {step}: {shown}, {written}");
            compared += 1;
        }
    }
    assert!(compared >= 6 * 2 * 2, "{compared} values");
    // 4 inputs to 5 units, 5 to 3 classes; a report after each epoch.
    for (tensor, count) in [("0.weight", 20.0), ("0.bias", 5.0), ("2.weight", 15.0), ("2.bias", 3.0)] {
        let events = board["histograms"][tensor].as_array().unwrap();
        assert_eq!(events.len(), 6, "{tensor}");
        assert!(events.iter().all(|event| event[1] == count), "{tensor}");
    }
    let pictures = board["images"].as_object().unwrap();
    assert!(!pictures.is_empty());
    assert!(pictures.values().all(|events| events[0][1].as_u64().unwrap() > 100), "{pictures:?}");
}
