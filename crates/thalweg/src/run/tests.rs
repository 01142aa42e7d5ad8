//! Runs from the first step to the last, killed and resumed.

use std::fs;
use std::path::Path;

use super::*;
use crate::Error;
use crate::experiment::Draft;
use crate::metrics::Metric;
use crate::model_file::Status;
use crate::train::{Command, Ending, Observer, Progress, Snapshot};
use tempfile::{TempDir, tempdir};

/// Mini-batches, Adam, dropout, a split, shuffles: everything that has a state.
const MOONS: &str = r#"
name = "moons"
seed = 5
data.source = { name = "moons", rows = 100, noise = 0.2 }
data.split = { validation = 0.2, test = 0.1 }
network.layers = [{ dense = 8, activation = "tanh" }, { dropout = 0.25 }, { dense = 2 }]
training = { optimizer = "adam", batch_size = 16, epochs = 6, checkpoint_every = "7 steps", l2 = 1e-3 }
"#;

const FULL_BATCH: &str = r#"
name = "curve"
precision = "f64"
data.source = { name = "curve", rows = 20 }
data.scale_target = "standard"
network.layers = [{ dense = 4, activation = "sigmoid" }, { dense = 1 }]
training = { optimizer = { name = "momentum", learning_rate = 0.1 }, batch_size = "full", steps = 30, report_every = "4 steps", checkpoint_every = "7 steps" }
"#;

pub(super) fn ready(text: &str) -> Prepared {
    prepare(Draft::parse(text, None).unwrap().check().unwrap(), None).unwrap()
}

pub(super) fn place(folder: &TempDir) -> Place {
    Place { runs: folder.path().join("runs"), ..Place::default() }
}

pub(super) fn whole_run(text: &str, folder: &TempDir) -> (RunFolder, TrainResult) {
    let mut prepared = ready(text);
    let mut run = RunFolder::create(&prepared, &place(folder), vec!["thalweg".to_owned()]).unwrap();
    let (_, result) = run.train(&mut prepared, Vec::new(), None, None).unwrap();
    (run, result)
}

/// `metrics.jsonl` without the wall clock.
fn lines(run: &Path) -> Vec<String> {
    let text = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    let timeless = |line: &str| {
        let mut fields: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line).unwrap();
        fields.remove("seconds");
        serde_json::to_string(&fields).unwrap()
    };
    text.lines().map(timeless).collect()
}

/// Ends the run with an error at a step, as a kill would: whatever was not saved is lost.
struct Kill(u64);

impl Observer for Kill {
    fn next_step(&self) -> Option<u64> {
        Some(self.0)
    }

    fn on_step(&mut self, _: &Progress, _: &mut dyn Snapshot) -> crate::Result<Command> {
        Err(Error::State)
    }
}

pub(super) fn check_resumed(text: &str, kills: &[u64]) {
    let folder = tempdir().unwrap();
    let (whole, result) = whole_run(text, &folder);
    let expected = lines(whole.path());
    for &step in kills {
        let mut prepared = ready(text);
        let mut run = RunFolder::create(&prepared, &place(&folder), Vec::new()).unwrap();
        run.train(&mut prepared, vec![Box::new(Kill(step))], None, None).unwrap_err();
        // A kill may also cut a line in the middle.
        let metrics = run.path().join("metrics.jsonl");
        let mut torn = fs::read_to_string(&metrics).unwrap();
        torn.push_str("{\"epoch\":99,\"st");
        fs::write(&metrics, torn).unwrap();

        let mut run = RunFolder::open(run.path()).unwrap();
        assert_eq!(run.result().unwrap(), None);
        let mut prepared = run.prepare().unwrap();
        let state = run.rewind().unwrap();
        assert_eq!(state.is_some(), step >= 7, "a state was saved every 7 steps");
        let (_, resumed) = run.train(&mut prepared, Vec::new(), None, state.as_ref()).unwrap();
        assert_eq!(resumed.summary.parameters_sha256, result.summary.parameters_sha256, "killed at {step}");
        assert_eq!(lines(run.path()), expected, "killed at {step}");
        assert_eq!(resumed.summary.test, result.summary.test);
        assert_eq!(resumed.summary.best_epoch, result.summary.best_epoch);
        for file in ["predictions.csv", "experiment.toml"] {
            let read = |run: &RunFolder| fs::read(run.path().join(file)).unwrap();
            assert_eq!(read(&run), read(&whole), "{file}");
        }
    }
}

#[test]
fn a_mini_batch_run_that_is_killed_goes_on_to_the_same_bits_and_lines() {
    check_resumed(MOONS, &[3, 7, 10, 16, 29]);
}

#[test]
fn a_full_batch_run_that_is_killed_goes_on_to_the_same_bits_and_lines() {
    check_resumed(FULL_BATCH, &[1, 8, 15, 30]);
}

/// Metrics of all kinds, one of them early stopping's.
fn moons_with_metrics() -> String {
    let more = "metrics = [\"roc_auc\", \"f1_macro\", \"accuracy\"], early_stopping = { metric = \"validation.brier\" }, l2";
    MOONS.replace("l2", more)
}

#[test]
fn a_run_with_more_metrics_that_is_killed_goes_on_to_the_same_lines() {
    check_resumed(&moons_with_metrics(), &[7, 16]);
}

#[test]
fn metrics_that_are_asked_for_stand_in_the_lines_and_the_table() {
    let folder = tempdir().unwrap();
    let (run, result) = whole_run(&moons_with_metrics(), &folder);
    for row in run.metrics().unwrap() {
        let has = |name: &str| row.number(name).is_some();
        let expected = match row.split.as_str() {
            "train" => [true, false, false],
            "validation" => [true, true, true],
            _ => [true, true, false],
        };
        assert_eq!(["f1_macro", "roc_auc", "brier"].map(has), expected, "{row:?}");
    }
    let csv = fs::read_to_string(run.path().join("metrics.csv")).unwrap();
    let head = "epoch,step,split,loss,data_loss,accuracy,correct,f1_macro,roc_auc,brier,learning_rate,seconds,checksum\n";
    assert!(csv.starts_with(head), "{csv}");
    let written = fs::read_to_string(run.path().join("experiment.toml")).unwrap();
    assert!(written.contains("\nmetrics = [\"roc_auc\", \"f1_macro\", \"accuracy\"]\n"), "{written}");
    assert_eq!(run.experiment().training.metrics.len(), 3);

    // At the end there are all of them, and those of each class.
    let json = serde_json::to_value(&result).unwrap();
    for part in ["train", "validation", "test"] {
        for metric in Metric::ALL.into_iter().filter(|metric| metric.is_for_classes()) {
            let is_left_out = matches!(metric, Metric::TopK | Metric::RocAucWeighted);
            assert_eq!(json[part][metric.name()].is_number(), !is_left_out, "{part}.{}", metric.name());
            assert!(!is_left_out || json[part].get(metric.name()).is_none());
        }
        assert_eq!(json[part]["classes"][1]["label"], "1");
        let rows: u64 = (0..2).map(|class| json[part]["classes"][class]["support"].as_u64().unwrap()).sum();
        assert_eq!(Some(rows), json[part]["rows"].as_u64());
    }
    assert!(json["train"].get("mse").is_none());
    let log = fs::read_to_string(run.path().join("log.txt")).unwrap();
    assert!(log.contains("\"roc_auc\":") && !log.contains("support"), "{log}");
}

#[test]
fn a_metric_that_does_not_fit_is_refused_before_there_is_a_folder() {
    let refused = |line: &str| {
        let text = MOONS.replace("l2 = 1e-3", line);
        prepare(Draft::parse(&text, None).unwrap().check().unwrap(), None).unwrap_err().to_string()
    };
    assert!(refused("early_stopping = { metric = \"validation.r2\" }").starts_with(
        "the metric validation.r2 has no value here: it is for numbers, and the target is classes"
    ));
    assert!(refused("metrics = [\"top_k\"]").ends_with("among the 5 most likely, and there are only 2"));
}

#[test]
fn an_interrupted_run_goes_on_too() {
    let folder = tempdir().unwrap();
    let (whole, result) = whole_run(MOONS, &folder);
    let mut prepared = ready(MOONS);
    let mut run = RunFolder::create(&prepared, &place(&folder), Vec::new()).unwrap();
    let flag = std::sync::atomic::AtomicBool::new(true);
    let (outcome, stopped) = run.train(&mut prepared, Vec::new(), Some(&flag), None).unwrap();
    assert_eq!((outcome.ending, stopped.summary.status), (Ending::Interrupted, Status::Interrupted));
    assert_eq!(run.result().unwrap(), None);
    let mut run = RunFolder::open(run.path()).unwrap();
    let mut prepared = run.prepare().unwrap();
    let state = run.rewind().unwrap();
    let (_, resumed) = run.train(&mut prepared, Vec::new(), None, state.as_ref()).unwrap();
    assert_eq!(resumed.summary.parameters_sha256, result.summary.parameters_sha256);
    assert_eq!(lines(run.path()), lines(whole.path()));
}

#[test]
fn a_run_stopped_early_whose_model_was_lost_does_not_train_on() {
    let text = format!(
        "{MOONS}\n[training.early_stopping]\nmetric = \"validation.loss\"\npatience = 1\nmin_delta = 10.0\n"
    )
    .replace("training = {", "[training]\n#");
    let folder = tempdir().unwrap();
    let (run, result) = whole_run(&text, &folder);
    assert_eq!(result.summary.status, Status::Stopped);
    let model = run.path().join("model.safetensors");
    fs::remove_file(&model).unwrap();

    let mut run = RunFolder::open(run.path()).unwrap();
    let mut prepared = run.prepare().unwrap();
    let state = run.rewind().unwrap();
    let (_, again) = run.train(&mut prepared, Vec::new(), None, state.as_ref()).unwrap();
    assert_eq!(run.state().unwrap(), state);
    let timeless = |mut result: TrainResult| {
        result.summary.seconds = 0.0;
        result
    };
    assert_eq!(timeless(again), timeless(result));
}

#[test]
fn a_run_leaves_what_the_contract_names() {
    let folder = tempdir().unwrap();
    let (run, result) = whole_run(MOONS, &folder);
    let mut names: Vec<_> = fs::read_dir(run.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    // Which of the earlier checkpoints were left out is up to the disk; one is kept.
    let earlier: Vec<String> = names.extract_if(.., |name| name.starts_with("state-")).collect();
    assert_eq!(earlier.len(), 1, "{earlier:?}");
    let expected = [
        ".lock",
        "environment.json",
        "experiment.toml",
        "hashes.jsonl",
        "log.txt",
        "metrics.csv",
        "metrics.jsonl",
        "model.safetensors",
        "predictions.csv",
        "state.safetensors",
    ];
    assert_eq!(names, expected);
    assert_eq!(run.path().file_name().unwrap(), "moons-001");

    // 70 rows in batches of 16 make 5 steps an epoch; three parts each report.
    let metrics = run.metrics().unwrap();
    assert_eq!(metrics.len(), 6 * 3);
    assert_eq!((metrics[17].epoch, metrics[17].step, metrics[17].split.as_str()), (6, 30, "test"));
    assert!(metrics[0].fields.contains_key("checksum") && !metrics[1].fields.contains_key("checksum"));
    let csv = fs::read_to_string(run.path().join("metrics.csv")).unwrap();
    assert!(
        csv.starts_with("epoch,step,split,loss,data_loss,accuracy,correct,learning_rate,seconds,checksum\n")
    );
    assert_eq!(csv.lines().count(), 1 + 18);

    let predictions = fs::read_to_string(run.path().join("predictions.csv")).unwrap();
    assert!(
        predictions.starts_with("row,split,target,prediction,probability 0,probability 1\n"),
        "{predictions}"
    );
    assert_eq!(predictions.lines().count(), 1 + 100);
    let test = result.summary.test.clone().unwrap();
    let right = |line: &&str| {
        let cells: Vec<&str> = line.split(',').collect();
        cells[1] == "test" && cells[2] == cells[3]
    };
    assert_eq!(predictions.lines().filter(right).count() as u64, test.correct.unwrap());

    let json = serde_json::to_value(&result).unwrap();
    let keys =
        ["run", "name", "status", "epochs", "steps", "seconds", "parameter_count", "parameters_sha256"];
    assert!(keys.iter().all(|key| json.get(key).is_some()), "{json}");
    assert_eq!(json["status"], "finished");
    assert_eq!(json["test"]["rows"], 10);
    assert_eq!(run.result().unwrap(), Some(result));

    // The model alone gives the same figures.
    let model = run.model().unwrap();
    let prepared = run.prepare().unwrap();
    let report = model.evaluate(prepared.test.as_ref().unwrap(), crate::train::Part::Test).unwrap();
    assert_eq!(crate::model_file::PartFigures::from(&report), test);
}

#[test]
fn what_an_experiment_left_open_is_written_out() {
    let text =
        |data: &str| format!("data = {data}\nnetwork.layers = [{{ dense = 3 }}]\ntraining.epochs = 1\n");
    let iris = ready(&text("{ source = \"iris\" }")).experiment;
    let written = iris.to_toml();
    for line in [
        "loss = \"softmax_cross_entropy\"",
        "optimizer = { name = \"adam\", learning_rate = 0.001, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 }",
        "split = { validation = 0.1, test = 0.1, stratify = true }",
        "scale = \"standard\"",
    ] {
        assert!(written.lines().any(|given| given == line), "{line}\n{written}");
    }
    // The same rows, the same start; and nothing more to write out.
    let (first, again) = (ready(&text("{ source = \"iris\" }")), ready(&written));
    assert_eq!((again.train.rows(), again.train.features()), (120, first.train.features()));
    assert_eq!(again.test.unwrap().features(), first.test.unwrap().features());
    assert_eq!(again.experiment.to_toml(), written);

    // A generator is not cut; `digits` are divided by 16, for which no scale has a name.
    let spiral = ready(&text("{ source = { name = \"spiral\" } }")).experiment.data;
    assert_eq!(spiral.split, Some(crate::data::Split { validation: 0.0, test: 0.0, stratify: false }));
    assert_eq!(spiral.scale, Some(crate::data::Scaling::None));
}

#[test]
fn a_lone_output_in_its_own_units_is_predicted_without_targets() {
    let folder = tempdir().unwrap();
    let (run, _) = whole_run(FULL_BATCH, &folder);
    let model = run.model().unwrap();
    let prepared = run.prepare().unwrap();
    let known = model.predict(&prepared.train).unwrap();
    let x = (0..20).map(|row| prepared.train.feature(row, 0)).collect();
    let unknown = crate::data::Dataset::new(
        crate::data::Features::F64(x),
        [1].into(),
        crate::data::DatasetTargets::None,
    )
    .unwrap();
    assert_eq!(model.predict(&unknown).unwrap().values, known.values);
    assert_eq!(known.columns(), ["row", "target", "prediction"]);
}

#[test]
fn changed_data_is_refused_on_resume() {
    let folder = tempdir().unwrap();
    let data = folder.path().join("line.csv");
    let table = |rows: u32| {
        let row = |i| format!("{i},{}.5\n", 2 * i);
        "x,y\n".to_owned() + &(0..rows).map(row).collect::<String>()
    };
    fs::write(&data, table(30)).unwrap();
    let text = format!(
        "data = {{ source = {:?}, target = \"y\" }}\nnetwork.layers = [{{ dense = 1 }}]\ntraining.epochs = 1\n",
        data.to_str().unwrap()
    );
    let (run, _) = whole_run(&text, &folder);
    assert!(RunFolder::open(run.path()).unwrap().prepare().is_ok());
    fs::write(&data, table(31)).unwrap();
    let error = RunFolder::open(run.path()).unwrap().prepare().unwrap_err().to_string();
    assert!(
        error.contains("the data has changed since the run began (") && error.contains("line.csv"),
        "{error}"
    );
}

#[test]
fn what_is_no_run_is_refused_by_name() {
    let folder = tempdir().unwrap();
    let error = RunFolder::open(folder.path()).unwrap_err().to_string();
    assert!(error.ends_with("it is not a run: there is no experiment.toml in it"), "{error}");

    let (run, _) = whole_run(&FULL_BATCH.replace("steps\" }", "steps\", keep_checkpoints = 1 }"), &folder);
    let refused = |file: &str, text: &str| {
        let path = run.path().join(file);
        let before = fs::read(&path).unwrap();
        fs::write(&path, text).unwrap();
        let error = RunFolder::open(run.path())
            .and_then(|mut run| run.metrics().and_then(|_| run.rewind()))
            .unwrap_err()
            .to_string();
        fs::write(&path, before).unwrap();
        error
    };
    assert!(refused("environment.json", "{").contains("environment.json: it is not valid: "));
    assert!(refused("metrics.jsonl", "{\"epoch\":1}\n").contains("metrics.jsonl: line 1 is not valid: "));
    assert!(refused("metrics.jsonl", "").contains("lines end before step 30"));
    assert!(refused("state.safetensors", "{}").contains("it is plain JSON"));
}
