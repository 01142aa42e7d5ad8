//! Losses that do not make probabilities: rates for counts, and scores by margins, from a file to the tables of a run.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use std::fmt::Write as _;
use std::path::Path;

use thalweg::data::{Dataset, DatasetTargets, Features, LoadOptions, Source};
use thalweg::experiment::Draft;
use thalweg::metrics::{Metric, Undefined};
use thalweg::run::{self, Place, RunFolder};
use thalweg::train::{BatchSize, Part, TrainingSettings};
use thalweg::{Loss, Model, Network, Optimizer, Shape, Trainer};

/// Counts whose rate is 3·e^x, every one the nearest whole number.
fn counts() -> String {
    (0..60).fold("x,count\n".to_owned(), |mut text, i| {
        let x = f64::from(i) / 30.0 - 1.0;
        let _ = writeln!(text, "{x},{}", (3.0 * thalweg::Real::exp(x)).round());
        text
    })
}

/// Two classes on either side of a line, or three in a row.
fn kinds(classes: usize) -> String {
    (0..90).fold("x,y,kind\n".to_owned(), |mut text, i| {
        let (x, y) = (f64::from(i * 37 % 90) / 45.0 - 1.0, f64::from(i * 59 % 90) / 45.0 - 1.0);
        let sum = (x + y) / 2.0;
        let kind = if classes == 2 { usize::from(sum > 0.1) } else { ((sum + 1.0) * 1.4999) as usize };
        let _ = writeln!(text, "{x},{y},{}", ["cold", "hot", "warm"][kind]);
        text
    })
}

fn prepare(folder: &Path, csv: &str, layers: &str, training: &str) -> thalweg::Result<run::Prepared> {
    let file = folder.join("table.csv");
    std::fs::write(&file, csv).unwrap();
    let target = csv.lines().next().unwrap().rsplit(',').next().unwrap();
    let text = format!(
        "name = \"table\"\n[data]\nsource = {file:?}\ntarget = \"{target}\"\n\
         split = {{ validation = 0.2 }}\n[network]\nlayers = [{layers}]\n[training]\n{training}\n"
    );
    run::prepare(Draft::parse(&text, None)?.check()?, None)
}

/// Trains in a folder: the run, and its `predictions.csv` line by line.
fn trained(folder: &Path, mut prepared: run::Prepared) -> (RunFolder, Vec<String>) {
    let place = Place { runs: folder.join("runs"), ..Place::default() };
    let mut run = RunFolder::create(&prepared, &place, Vec::new()).unwrap();
    run.train(&mut prepared, Vec::new(), None, None).unwrap();
    let table = std::fs::read_to_string(run.path().join("predictions.csv")).unwrap();
    (run, table.lines().map(str::to_owned).collect())
}

#[test]
fn counts_are_predicted_as_rates() {
    let folder = tempfile::tempdir().unwrap();
    let training =
        "loss = \"poisson\"\noptimizer = \"lbfgs\"\nbatch_size = \"full\"\nshuffle = false\nsteps = 30";
    let prepared = prepare(folder.path(), &counts(), "{ dense = 1 }", training).unwrap();
    let (run, table) = trained(folder.path(), prepared);
    assert_eq!(table[0], "row,split,target,prediction");
    for line in &table[1..] {
        let cells: Vec<&str> = line.split(',').collect();
        let (target, rate): (f64, f64) = (cells[2].parse().unwrap(), cells[3].parse().unwrap());
        assert!(rate > 0.0 && (rate - target).abs() < 0.7, "{line}");
    }
    // Metrics are those of the rates.
    let report = run.metrics().unwrap().into_iter().rev().find(|row| row.split == "validation").unwrap();
    let said = format!("{report:?}");
    assert!(said.contains("r2") && said.contains("mse"), "{said}");
    let summary = run.result().unwrap().unwrap().summary;
    let train = summary.train.unwrap();
    assert!(train.r2.unwrap() > 0.95 && train.mae.unwrap() < 0.4, "{train:?}");
    // And a model that is read says the same of a row as the table: e^z.
    let model = run.model().unwrap();
    let rows = Source::Files(vec![folder.path().join("table.csv")]);
    let loaded = model.load_rows(&rows, None, &LoadOptions::default()).unwrap();
    let predictions = model.predict(&loaded.dataset).unwrap();
    assert!(predictions.values.iter().all(|rate| *rate > 0.5 && *rate < 10.0));
    assert!(!predictions.are_scores && !predictions.are_probabilities);
}

#[test]
fn what_is_no_count_is_refused_with_its_cure() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |csv: &str, training: &str, scale: &str| {
        let file = folder.path().join("table.csv");
        std::fs::write(&file, csv).unwrap();
        let text = format!(
            "[data]\nsource = {file:?}\ntarget = \"count\"\nscale_target = \"{scale}\"\nsplit = {{ validation = 0.0, test = 0.0 }}\n[network]\nlayers = [{{ dense = 1 }}]\n[training]\n{training}\n"
        );
        run::prepare(Draft::parse(&text, None).unwrap().check().unwrap(), None).unwrap_err().to_string()
    };
    insta::assert_snapshot!(
        refused("x,count\n1,3\n2,0\n3,-1\n4,2\n", "loss = \"poisson\"", "none"),
        @r#"row 2 (counted from 0) has the target -1, but the loss poisson takes counts, which are 0 or more; leave the row out, or take mean_squared_error"#
    );
    insta::assert_snapshot!(
        refused("x,count\n1,3\n2,0\n3,1\n4,2\n", "loss = \"poisson\"", "standard"),
        @r#"the loss poisson takes counts as they are, not scaled; set data.scale_target to "none", or take mean_squared_error"#
    );
}

#[test]
fn one_score_tells_two_classes_apart() {
    for loss in ["hinge", "squared_hinge"] {
        let folder = tempfile::tempdir().unwrap();
        let training = format!(
            "loss = \"{loss}\"\noptimizer = {{ name = \"adam\", learning_rate = 0.05 }}\nepochs = 60\nl2 = 1e-4"
        );
        let prepared = prepare(folder.path(), &kinds(2), "{ dense = 1 }", &training).unwrap();
        let (run, table) = trained(folder.path(), prepared);
        assert_eq!(table[0], "row,split,target,prediction,score");
        let mut right = 0;
        for line in &table[1..] {
            let cells: Vec<&str> = line.split(',').collect();
            let score: f64 = cells[4].parse().unwrap();
            assert_eq!(cells[3], if score > 0.0 { "hot" } else { "cold" }, "{line}");
            right += usize::from(cells[2] == cells[3]);
        }
        assert!(right * 100 > 92 * (table.len() - 1), "{right} of {}", table.len() - 1);
        let summary = run.result().unwrap().unwrap().summary;
        let parts = [summary.train, summary.validation, summary.test];
        let correct: u64 = parts.into_iter().flatten().map(|part| part.correct.unwrap()).sum();
        assert_eq!(correct, right as u64);
    }
}

#[test]
fn the_highest_of_several_scores_is_the_class() {
    let folder = tempfile::tempdir().unwrap();
    let training = "loss = \"hinge\"\noptimizer = { name = \"adam\", learning_rate = 0.05 }\nepochs = 60";
    let layers = "{ dense = 12, activation = \"tanh\" }, { dense = 3 }";
    let prepared = prepare(folder.path(), &kinds(3), layers, training).unwrap();
    let (run, table) = trained(folder.path(), prepared);
    assert_eq!(table[0], "row,split,target,prediction,score cold,score hot,score warm");
    for line in &table[1..] {
        let cells: Vec<&str> = line.split(',').collect();
        let scores: Vec<f64> = cells[4..].iter().map(|cell| cell.parse().unwrap()).collect();
        let best = (0..3).max_by(|&a, &b| scores[a].total_cmp(&scores[b])).unwrap();
        assert_eq!(cells[3], ["cold", "hot", "warm"][best]);
    }
    assert!(run.result().unwrap().unwrap().summary.train.unwrap().accuracy.unwrap() > 0.9);
}

#[test]
fn scores_are_ranked_and_are_no_probabilities() {
    let folder = tempfile::tempdir().unwrap();
    let layers = "{ dense = 1 }";
    for metric in ["log_loss", "brier", "calibration_error"] {
        let training = format!("loss = \"hinge\"\nmetrics = [\"{metric}\"]");
        let refused = prepare(folder.path(), &kinds(2), layers, &training).unwrap_err().to_string();
        let why = Undefined::NotProbabilities.to_string();
        assert_eq!(refused, format!("the metric {metric} has no value here: {why}"));
    }
    let mut prepared =
        prepare(folder.path(), &kinds(2), layers, "loss = \"hinge\"\nmetrics = [\"roc_auc\"]\nepochs = 30")
            .unwrap();
    let outcome = prepared.train(Vec::new(), None, None).unwrap();
    let metrics = &outcome.parts[1].metrics;
    assert!(
        metrics.get(Metric::RocAuc).unwrap() > 0.9 && metrics.get(Metric::AveragePrecision).unwrap() > 0.8
    );
    assert_eq!(metrics.get(Metric::LogLoss), None);
    assert!(metrics.undefined.contains(&(Metric::LogLoss, Undefined::NotProbabilities)));
}

/// Accuracy is by the sign, and the area by the order: two scores, of -0.2 and 0.3, say both classes right.
#[test]
fn a_small_positive_score_is_class_1() {
    let targets = DatasetTargets::Classes { ids: vec![0, 1], count: 2 };
    let data = Dataset::new(Features::F64(vec![-0.2, 0.3]), Shape::from(1), targets).unwrap();
    let mut network = Network::<f64>::builder(1).dense(1).build(0).unwrap();
    network.set_parameter("0.weight", &[1.0]).unwrap();
    for loss in [Loss::Hinge, Loss::SquaredHinge] {
        let report = network.evaluate(&loss, &data, Part::Test).unwrap();
        assert_eq!((report.metrics.correct, report.metrics.get(Metric::RocAuc)), (Some(2), Some(1.0)));
        let model = Model {
            loss: Some(loss),
            label_names: vec!["no".into(), "yes".into()],
            ..Model::from(network.clone())
        };
        let predictions = model.predict(&data).unwrap();
        assert_eq!((predictions.label(0), predictions.label(1)), (Some("no"), Some("yes")));
        assert_eq!((predictions.class_values(1), predictions.are_scores), (vec![0.3], true));
    }
}

/// The same bits on one thread and two, in batches and at once, and after a stop.
#[test]
fn runs_are_the_same_bits() {
    let ids: Vec<u32> = (0..200).map(|i| i * 7 % 3).collect();
    let x: Vec<f64> = (0..1200).map(|i| f64::from(i * 37 % 101) / 50.0 - 1.0).collect();
    let of = |targets| Dataset::new(Features::F64(x.clone()), Shape::from(6), targets).unwrap();
    let three = of(DatasetTargets::Classes { ids: ids.clone(), count: 3 });
    let counted =
        of(DatasetTargets::Values { values: ids.iter().map(|id| f64::from(*id)).collect(), outputs: 1 });
    for (loss, data, outputs) in
        [(Loss::Hinge, &three, 3), (Loss::SquaredHinge, &three, 3), (Loss::Poisson, &counted, 1)]
    {
        for batch_size in [BatchSize::Rows(33), BatchSize::Full] {
            let settings = TrainingSettings {
                loss: Some(loss.clone()),
                optimizer: Optimizer::from_name("momentum").unwrap(),
                learning_rate: Some(0.02),
                batch_size,
                steps: Some(24),
                epochs: None,
                ..TrainingSettings::default()
            };
            let fresh = || Network::<f32>::builder(6).dense(20).relu().dense(outputs).build(1).unwrap();
            let trainer =
                |steps| Trainer::with_settings(TrainingSettings { steps: Some(steps), ..settings.clone() });
            let one = trainer(24).threads(1).fit(&mut fresh(), data).unwrap();
            let two = trainer(24).threads(2).fit(&mut fresh(), data).unwrap();
            assert_eq!(one.parameters_sha256, two.parameters_sha256);
            let mut network = fresh();
            let state = trainer(11).fit(&mut network, data).unwrap().state;
            let parts = thalweg::train::Parts { train: data, validation: None, test: None };
            let again = trainer(24).resume(&mut network, parts, &state).unwrap();
            assert_eq!(one.parameters_sha256, again.parameters_sha256);
        }
    }
}
