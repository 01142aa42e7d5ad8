//! Experiments made to be ill, one for each finding, and each with that finding alone.

use std::fs;
use std::path::Path;

use tempfile::{TempDir, tempdir};

use super::*;
use crate::experiment::Draft;
use crate::random::{Purpose, Stream};
use crate::run::{Place, prepare};

/// What is healthy about every patient unless its test says otherwise.
const NETWORK: &str = r#"network.layers = [{ dense = 8, activation = "tanh" }, { dense = 1 }]"#;
const TRAINING: &str = "training = { optimizer = { name = \"adam\", learning_rate = 1e-2 }, epochs = 20 }";
const SPLIT: &str = "split = { validation = 0.2, test = 0.2 }";

/// Normal numbers, each its own.
fn normal(row: usize, column: usize) -> f64 {
    Stream::new(1, Purpose::GradientCheck, column as u32, 7).normal(row as u64)
}

/// Two normal columns and a class that their sum tells, but for some noise.
fn columns(row: usize) -> (f64, f64, bool) {
    let (a, b) = (normal(row, 0), normal(row, 1));
    (a, b, a + b + 0.5 * normal(row, 2) > 0.0)
}

/// A table of so many rows in a folder.
fn table(rows: usize, header: &str, row: impl Fn(usize) -> String) -> TempDir {
    let folder = tempdir().unwrap();
    let lines: String = (0..rows).map(|i| row(i) + "\n").collect();
    fs::write(folder.path().join("table.csv"), format!("{header}\n{lines}")).unwrap();
    folder
}

fn healthy_table(rows: usize) -> TempDir {
    table(rows, "a,b,class", |row| {
        let (a, b, class) = columns(row);
        format!("{a},{b},{}", if class { "yes" } else { "no" })
    })
}

/// An experiment on a folder's table.
fn experiment(folder: &TempDir, data: &str, network: &str, training: &str) -> Prepared {
    let path = folder.path().join("table.csv").display().to_string();
    let text = format!(
        "precision = \"f64\"\n{network}\n{training}\n[data]\nsource = {}\ntarget = \"class\"\n{data}\n",
        serde_json::Value::from(path)
    );
    prepare(Draft::parse(&text, None).unwrap().check().unwrap(), None).unwrap()
}

fn of(prepared: &Prepared) -> Diagnosis {
    examine(prepared, None).unwrap().unwrap()
}

/// The one finding there is.
fn only(kind: Kind, prepared: &Prepared) -> Finding {
    let diagnosis = of(prepared);
    assert_eq!(diagnosis.findings.len(), 1, "{diagnosis:#?}");
    let finding = diagnosis.findings[0].clone();
    println!("{finding:#?}");
    assert_eq!(finding.kind, kind, "{finding:#?}");
    assert!(!finding.message.is_empty() && !finding.cure.is_empty() && finding.evidence.iter().count() > 0);
    finding
}

/// The flags of a cure, tried on the experiment that they are for.
fn cured(prepared: &Prepared, settings: &[(&str, &str)]) -> Diagnosis {
    let draft = Draft::from_experiment(&prepared.experiment).unwrap();
    let draft = settings.iter().fold(draft, |draft, (key, value)| draft.set(key, value).unwrap());
    of(&prepare(draft.check().unwrap(), None).unwrap())
}

#[test]
fn a_healthy_table_has_no_findings() {
    let diagnosis = of(&experiment(&healthy_table(400), SPLIT, NETWORK, TRAINING));
    assert_eq!(diagnosis.findings, []);
    assert_eq!(diagnosis.checked, Kind::ALL);
    assert_eq!(diagnosis.not_checked, []);
    assert!(
        diagnosis.looked_at.ends_with("the whole run, 160 steps, trained in memory"),
        "{}",
        diagnosis.looked_at
    );
}

#[test]
fn a_column_of_another_size_is_found_and_scaled() {
    let folder = table(400, "a,b,class", |row| {
        let (a, b, class) = columns(row);
        format!("{a},{},{}", 1000.0 * b, if class { "yes" } else { "no" })
    });
    let data = format!("{SPLIT}\nscale = \"none\"");
    let prepared = experiment(&folder, &data, NETWORK, TRAINING);
    let finding = only(Kind::UnscaledColumns, &prepared);
    assert_eq!((finding.severity, finding.column.as_deref()), (Severity::Problem, Some("b")));
    assert!((900.0..1100.0).contains(&finding.evidence.get("ratio").unwrap()));
    assert_eq!(finding.cure, "--set data.scale=standard");
    assert_eq!(cured(&prepared, &[("data.scale", "standard")]).findings, []);
}

#[test]
fn inputs_far_from_one_are_found_though_they_are_alike() {
    let folder = table(400, "a,b,class", |row| {
        let (a, b, class) = columns(row);
        format!("{},{},{}", 30.0 * a, 25.0 * b, if class { "yes" } else { "no" })
    });
    let finding = only(
        Kind::UnscaledColumns,
        &experiment(&folder, &format!("{SPLIT}\nscale = \"none\""), NETWORK, TRAINING),
    );
    assert_eq!((finding.severity, finding.column), (Severity::Hint, None));
}

#[test]
fn a_constant_column_is_found_and_left_out() {
    let folder = table(400, "a,year,b,class", |row| {
        let (a, b, class) = columns(row);
        format!("{a},2024,{b},{}", if class { "yes" } else { "no" })
    });
    let prepared = experiment(&folder, SPLIT, NETWORK, TRAINING);
    let finding = only(Kind::ConstantColumns, &prepared);
    assert_eq!((finding.column.as_deref(), finding.evidence.get("value")), (Some("year"), Some(2024.0)));
    assert_eq!(finding.cure, "--features a,b");
    assert_eq!(cured(&prepared, &[("features", "a,b")]).findings, []);
}

#[test]
fn a_column_that_gives_the_class_away_is_found() {
    let folder = table(400, "a,b,refund,class", |row| {
        let (a, b, class) = columns(row);
        let refund = if class { 20.0 } else { 5.0 } + normal(row, 3);
        format!("{a},{b},{refund},{}", if class { "yes" } else { "no" })
    });
    let prepared = experiment(&folder, SPLIT, NETWORK, TRAINING);
    let finding = only(Kind::LeakingColumns, &prepared);
    assert_eq!((finding.column.as_deref(), finding.evidence.get("told")), (Some("refund"), Some(1.0)));
    assert_eq!(finding.cure, "--features a,b");
    assert_eq!(cured(&prepared, &[("features", "a,b")]).findings, []);
}

#[test]
fn a_column_that_is_the_target_in_another_unit_is_found() {
    let folder = table(400, "a,b,feet,class", |row| {
        let (a, b, _) = columns(row);
        let metres = 10.0 + 3.0 * a + 2.0 * b + normal(row, 3);
        format!("{a},{b},{:.1},{metres}", metres * 3.28)
    });
    let data = format!("{SPLIT}\nscale_target = \"standard\"");
    let finding = only(Kind::LeakingColumns, &experiment(&folder, &data, NETWORK, TRAINING));
    assert_eq!(finding.column.as_deref(), Some("feet"));
    assert!(finding.evidence.get("correlation").unwrap() > 0.999);
}

#[test]
fn a_rare_class_is_found() {
    let folder = table(1000, "a,b,class", |row| {
        let (a, b, _) = columns(row);
        format!("{a},{b},{}", if a + b > 2.3 { "fraud" } else { "good" })
    });
    let prepared = experiment(&folder, SPLIT, NETWORK, TRAINING);
    let finding = only(Kind::ClassImbalance, &prepared);
    assert_eq!(finding.severity, Severity::Hint);
    assert!(finding.evidence.get("largest_class_share").unwrap() > 0.9);
    assert_eq!(finding.cure, "--set data.class_weight=balanced");
    assert_eq!(cured(&prepared, &[("data.class_weight", "balanced")]).findings, []);
}

#[test]
fn a_small_validation_part_is_found_and_enlarged() {
    let folder = healthy_table(300);
    let data = "split = { validation = 0.05, test = 0.1 }";
    let prepared = experiment(&folder, data, NETWORK, TRAINING);
    let finding = only(Kind::SmallValidation, &prepared);
    assert_eq!((finding.severity, finding.evidence.get("rows")), (Severity::Problem, Some(15.0)));
    assert_eq!(finding.cure, "--set data.split.validation=0.2");
    assert_eq!(cured(&prepared, &[("data.split.validation", "0.2")]).findings, []);
}

#[test]
fn rows_that_were_copied_before_the_split_are_found() {
    let folder = table(400, "a,b,class", |row| {
        let (a, b, class) = columns(row / 2);
        format!("{a},{b},{}", if class { "yes" } else { "no" })
    });
    let prepared = experiment(&folder, "split = { validation = 0.0, test = 0.2 }", NETWORK, TRAINING);
    let finding = only(Kind::DuplicateRows, &prepared);
    assert_eq!(finding.severity, Severity::Problem);
    assert!(finding.evidence.get("share").unwrap() > 0.5);
    assert!(finding.cure.contains("--set data.test=FILE"));
}

/// Four answers to two questions are equal in many rows, and that is no copy.
#[test]
fn rows_that_must_be_equal_are_no_copies() {
    let folder = table(400, "a,b,class", |row| {
        let (a, b, class) = columns(row);
        format!("{},{},{}", a.round().clamp(-1.0, 2.0), b.round().clamp(-1.0, 2.0), u8::from(class))
    });
    assert_eq!(of(&experiment(&folder, SPLIT, NETWORK, TRAINING)).findings, []);
}

#[test]
fn dead_relus_are_found() {
    let network = r#"
        network.layers = [
          { dense = 8, activation = "relu", bias_init = { name = "uniform", low = -11.0, high = -9.0 } },
          { dense = 1 },
        ]"#;
    let folder = healthy_table(400);
    let prepared = experiment(&folder, SPLIT, network, TRAINING);
    let finding = only(Kind::DeadRelus, &prepared);
    assert_eq!((finding.severity, finding.layer), (Severity::Problem, Some(1)));
    assert_eq!(finding.evidence.get("dead_at_the_start"), Some(8.0));
    assert!(finding.cure.starts_with("--activation leaky_relu"), "{}", finding.cure);
}

#[test]
fn saturated_tanhs_are_found_and_a_better_start_cures_them() {
    let network = format!("network.init = {{ name = \"normal\", std = 50.0 }}\n{NETWORK}");
    let folder = healthy_table(400);
    let prepared = experiment(&folder, SPLIT, &network, TRAINING);
    let finding = only(Kind::Saturation, &prepared);
    assert_eq!(finding.layer, Some(1));
    assert!(finding.evidence.get("share_at_the_start").unwrap() > 0.9);
    assert_eq!(finding.cure, "--set network.init=glorot_uniform, or --activation relu");
    assert_eq!(cured(&prepared, &[("network.init", "glorot_uniform")]).findings, []);
}

#[test]
fn gradients_that_vanish_are_found() {
    let hidden = "{ dense = 16, activation = \"sigmoid\" }, ".repeat(8);
    let network = format!("network.layers = [{hidden}{{ dense = 1 }}]");
    let folder = healthy_table(400);
    let training = "training = { optimizer = { name = \"sgd\", learning_rate = 0.1 }, epochs = 20 }";
    let prepared = experiment(&folder, SPLIT, &network, training);
    let finding = only(Kind::VanishingGradients, &prepared);
    assert_eq!((finding.severity, finding.layer), (Severity::Problem, Some(0)));
    assert!(finding.evidence.get("ratio_at_the_end").unwrap() < 1e-3);
    assert!(finding.cure.starts_with("--activation relu"));
    assert_eq!(cured(&prepared, &[("activation", "relu"), ("hidden", "16,16")]).findings, []);

    // Adam, which goes by the gradient's sign rather than its size, gets away, but late.
    let finding = only(Kind::VanishingGradients, &experiment(&folder, SPLIT, &network, TRAINING));
    assert_eq!(finding.severity, Severity::Hint);
}

#[test]
fn gradients_that_explode_are_found() {
    let hidden = "{ dense = 64, activation = \"relu\" }, ".repeat(6);
    let network = format!(
        "network.init = {{ name = \"normal\", std = 1.0 }}\nnetwork.layers = [{hidden}{{ dense = 1 }}]"
    );
    let folder = healthy_table(400);
    let prepared = experiment(&folder, SPLIT, &network, "training.epochs = 5");
    let finding = only(Kind::ExplodingGradients, &prepared);
    assert!(finding.evidence.get("ratio").unwrap() > 1e3);
    assert_eq!(finding.cure, "--set network.init=he_normal, or --set training.clip_norm=1");
}

const LINEAR: &str = "network = { init = { name = \"normal\", std = 0.01 }, layers = [{ dense = 1 }] }";

#[test]
fn a_rate_that_makes_the_loss_rise_is_found() {
    let training = r#"training = { optimizer = { name = "sgd", learning_rate = 1000.0 }, batch_size = "full", steps = 100 }"#;
    let finding = only(Kind::RateTooHigh, &experiment(&healthy_table(400), SPLIT, LINEAR, training));
    assert!(finding.evidence.get("last_loss") > finding.evidence.get("lowest_loss"));
    assert_eq!(finding.cure, "--lr 100");
}

#[test]
fn a_rate_that_makes_the_loss_diverge_is_found() {
    let draft = Draft::builtin("regression").unwrap().set("lr", "1e-2").unwrap();
    let prepared = prepare(draft.check().unwrap(), None).unwrap();
    let finding = only(Kind::RateTooHigh, &prepared);
    assert_eq!(finding.cure, "--lr 0.001");
    let diagnosis = of(&prepared);
    assert!(diagnosis.not_checked.iter().any(|not| not.kind == Kind::DeadRelus), "{diagnosis:#?}");
}

#[test]
fn a_rate_that_moves_nothing_is_found() {
    let training = "training = { optimizer = { name = \"adam\", learning_rate = 1e-7 }, epochs = 20 }";
    let folder = healthy_table(400);
    let prepared = experiment(&folder, SPLIT, NETWORK, training);
    let finding = only(Kind::RateTooLow, &prepared);
    assert_eq!((finding.severity, finding.cure.as_str()), (Severity::Problem, "--lr 1e-5"));
    assert!(finding.evidence.get("update_to_weight").unwrap() < 1e-5);
}

#[test]
fn a_rate_with_which_the_run_ends_too_early_is_a_hint() {
    let training = r#"training = { optimizer = { name = "sgd", learning_rate = 0.01 }, batch_size = "full", steps = 100 }"#;
    let folder = healthy_table(400);
    let prepared = experiment(&folder, SPLIT, LINEAR, training);
    let finding = only(Kind::RateTooLow, &prepared);
    assert_eq!((finding.severity, finding.cure.as_str()), (Severity::Hint, "--lr 0.03, or --steps 300"));
}

/// Twenty columns, of which one says something, and few rows to learn them by heart.
fn wide_table(rows: usize) -> TempDir {
    let header: String = (0..20).map(|column| format!("x{column},")).collect();
    table(rows, &format!("{header}class"), |row| {
        let values: String = (0..20).map(|column| format!("{},", normal(row, column))).collect();
        format!("{values}{}", if normal(row, 0) + 2.0 * normal(row, 30) > 0.0 { "yes" } else { "no" })
    })
}

const LARGE: &str = r#"network.layers = [{ dense = 64, activation = "tanh" }, { dense = 1 }]"#;

#[test]
fn rows_learnt_by_heart_are_found() {
    let data = "split = { validation = 0.5, test = 0.0 }";
    let folder = wide_table(200);
    let prepared = experiment(&folder, data, LARGE, TRAINING);
    let finding = only(Kind::Overfitting, &prepared);
    // The weights that are kept are those from before it.
    assert_eq!(finding.severity, Severity::Hint);
    let [lowest, last] =
        ["lowest_validation_loss", "last_validation_loss"].map(|name| finding.evidence.get(name).unwrap());
    assert!(last > 1.1 * lowest, "{last} {lowest}");
    let stop = "--set training.early_stopping.metric=validation.loss";
    assert_eq!(finding.cure, format!("{stop}, or --dropout 0.2, or --weight-decay 0.01, or more rows"));
    let settings =
        [("training.early_stopping.metric", "validation.loss"), ("training.early_stopping.patience", "3")];
    assert_eq!(cured(&prepared, &settings).findings, []);
}

#[test]
fn a_network_that_learns_nothing_is_found() {
    let folder = table(400, "a,b,class", |row| {
        let (a, b, _) = columns(row);
        format!("{a},{b},{}", normal(row, 3))
    });
    let finding = only(Kind::Underfitting, &experiment(&folder, SPLIT, LINEAR, TRAINING));
    assert!(finding.evidence.get("training_r2").unwrap() < 0.1);
    assert_eq!(finding.cure, "--hidden 64");
}

/// A run in a folder, trained to its end or to its divergence.
fn trained(mut prepared: Prepared, runs: &Path) -> RunFolder {
    let place = Place { runs: runs.to_owned(), ..Place::default() };
    let mut folder = RunFolder::create(&prepared, &place, Vec::new()).unwrap();
    let _ = folder.train(&mut prepared, Vec::new(), None, None);
    folder
}

fn of_run(folder: &RunFolder) -> Diagnosis {
    examine_run(folder, &folder.prepare().unwrap(), None).unwrap().unwrap()
}

#[test]
fn a_run_shows_what_its_experiment_shows() {
    let runs = tempdir().unwrap();
    let table = wide_table(200);
    let data = "split = { validation = 0.5, test = 0.0 }";
    let of_folder = of_run(&trained(experiment(&table, data, LARGE, TRAINING), runs.path()));
    let kinds: Vec<Kind> = of_folder.findings.iter().map(|finding| finding.kind).collect();
    assert_eq!(kinds, [Kind::Overfitting]);
    assert!(of_folder.looked_at.contains("20 reports up to step 80"), "{}", of_folder.looked_at);
    // Both read the same figures: one from metrics.jsonl, one from memory.
    assert_eq!(of_folder.findings, of(&experiment(&table, data, LARGE, TRAINING)).findings);

    let table = healthy_table(400);
    let healthy = of_run(&trained(experiment(&table, SPLIT, NETWORK, TRAINING), runs.path()));
    assert_eq!(healthy.findings, []);
}

#[test]
fn a_run_that_diverged_is_trained_again_up_to_there() {
    let runs = tempdir().unwrap();
    let draft = Draft::builtin("regression").unwrap().set("lr", "1e-2").unwrap();
    let folder = trained(prepare(draft.check().unwrap(), None).unwrap(), runs.path());
    let diagnosis = of_run(&folder);
    let kinds: Vec<Kind> = diagnosis.findings.iter().map(|finding| finding.kind).collect();
    assert_eq!(kinds, [Kind::RateTooHigh]);
    assert!(diagnosis.looked_at.contains("there is no saved state, so "), "{}", diagnosis.looked_at);
}

#[test]
fn a_run_that_diverged_behind_a_checkpoint_is_not_taken_for_healthy() {
    let runs = tempdir().unwrap();
    let settings = [("lr", "6e-4"), ("checkpoint_every", "1 steps"), ("report_every", "1 steps")];
    let draft = settings
        .iter()
        .fold(Draft::builtin("regression").unwrap(), |draft, (key, value)| draft.set(key, value).unwrap());
    let folder = trained(prepare(draft.check().unwrap(), None).unwrap(), runs.path());
    assert!(folder.state().unwrap().is_some() && folder.result().unwrap().is_none());
    let at = folder.diverged_at().unwrap();
    let diagnosis = of_run(&folder);
    let found = diagnosis.findings.iter().find(|finding| finding.kind == Kind::RateTooHigh).unwrap();
    assert!(found.message.contains(&format!("step {at}")), "{found:?}");
}

#[test]
fn an_interrupted_probe_says_nothing() {
    let folder = healthy_table(400);
    let prepared = experiment(&folder, SPLIT, NETWORK, TRAINING);
    assert_eq!(examine(&prepared, Some(&AtomicBool::new(true))).unwrap(), None);
}

/// Every kind has its row in the page, by the name that JSON has for it.
#[test]
fn the_page_lists_every_finding() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/doctor.md");
    let page = fs::read_to_string(path).unwrap();
    for kind in Kind::ALL {
        let name = serde_json::to_value(kind).unwrap();
        assert!(page.contains(&format!("| `{}` |", name.as_str().unwrap())), "{name}");
    }
}
