//! Whole plans: promotions from a made-up table of scores, repeats, and runs that stop at rungs.

use std::fs;
use std::sync::atomic::AtomicBool;

use serde_json::json;

use super::*;
use crate::experiment::{Draft, Experiment};
use crate::model_file::TrainingSummary;

fn experiment(settings: &[(&str, &str)]) -> Experiment {
    let mut draft = Draft::builtin("iris").unwrap();
    for (key, value) in settings {
        draft = draft.set(key, value).unwrap();
    }
    draft.check().unwrap()
}

/// A plan of settings `lr=1`, `lr=2` …
fn plan(count: usize, wanted: Wanted) -> Plan {
    let setting = |number: usize| vec![("lr".to_owned(), number.to_string())];
    let settings: Vec<Setting> = (1..=count).map(setting).collect();
    let own = experiment(&[("epochs", "9")]);
    let mut plan = Plan::new(&wanted, settings, &vec![own.clone(); count], &own).unwrap();
    plan.decide_by(None, vec!["train.loss".to_owned(), "validation.loss".to_owned()]).unwrap();
    plan
}

fn result(loss: f64) -> TrainingSummary {
    let part =
        json!({ "rows": 10, "loss": loss, "data_loss": loss, "accuracy": 1.0 - loss / 100.0, "correct": 9 });
    let summary = json!({
        "name": "made up",
        "status": "finished",
        "epochs": 1,
        "steps": 1,
        "seconds": 0.0,
        "parameter_count": 1,
        "parameters_sha256": "",
        "best_epoch": null,
        "train": part,
        "validation": part,
    });
    serde_json::from_value(summary).unwrap()
}

fn halved(first: u64) -> Wanted {
    let halving = Some(HalvingWanted { reduction: 3, first: Some(first) });
    Wanted { vary: vec!["lr=1".to_owned()], halving, ..Wanted::default() }
}

/// Which of the ready jobs is done next.
type Order<'a> = &'a dyn Fn(&[Job]) -> usize;

/// Works a plan by a table of scores, always taking the ready job that `choose` picks; the jobs come back.
fn worked(mut plan: Plan, scores: &[[f64; 3]], choose: impl Fn(&[Job]) -> usize) -> (Plan, Vec<Job>) {
    let mut done = Vec::new();
    loop {
        let ready = plan.ready();
        if ready.is_empty() {
            return (plan, done);
        }
        let job = ready[choose(&ready)];
        plan.record(job, job.until.is_none(), result(scores[job.run][job.rung]));
        done.push(job);
    }
}

/// Nine settings with 1, 3 and 9 epochs. By hand, in the order of the plan:
///
/// ```text
/// first rung    7 5 6 4 9 3 1 8 2.5   after 3 results the second goes on, after 4 the fourth, after 6 the sixth, after 7 the
///                                     seventh, after 9 the ninth: 1 3 5 6 8
/// second rung   50 20 30 40 60        of setting 1 3 5 6 8: after 3 the second of them, after 5 still one: setting 3
/// third rung    2                     of setting 3
/// ```
const SCORES: [[f64; 3]; 9] = [
    [7.0, 0.0, 0.0],
    [5.0, 50.0, 0.0],
    [6.0, 0.0, 0.0],
    [4.0, 20.0, 2.0],
    [9.0, 0.0, 0.0],
    [3.0, 30.0, 0.0],
    [1.0, 40.0, 0.0],
    [8.0, 0.0, 0.0],
    [2.5, 60.0, 0.0],
];

#[test]
fn promotions_follow_the_scores_and_nothing_else() {
    let (first, jobs) = worked(plan(9, halved(1)), &SCORES, |_| 0);
    assert_eq!(first.standing(), [(0..9).collect::<Vec<_>>(), vec![1, 3, 5, 6, 8], vec![3]]);
    assert_eq!(jobs.len(), 9 + 5 + 1);
    // A thread that always takes the highest rung: the second setting goes on before the fourth is begun.
    let order: Vec<(usize, usize)> = jobs.iter().map(|job| (job.run, job.rung)).collect();
    assert_eq!(order[..6], [(0, 0), (1, 0), (2, 0), (1, 1), (3, 0), (3, 1)]);
    assert_eq!((jobs[3].until, jobs[0].until), (Some(3), Some(1)));
    assert_eq!(jobs.iter().find(|job| job.rung == 2).unwrap().until, None);

    // Whatever is done first: the last, the middle one, and every order of a made-up clock.
    let orders: [Order<'_>; 3] = [&|jobs| jobs.len() - 1, &|jobs| jobs.len() / 2, &|jobs| {
        jobs.iter().map(|job| job.run * 7 + job.rung).sum::<usize>() % jobs.len()
    }];
    for order in orders {
        let (other, _) = worked(plan(9, halved(1)), &SCORES, order);
        assert_eq!((other.standing(), other.rows()), (first.standing(), first.rows()));
        assert_eq!(other, first);
    }

    let mut rows = first.rows();
    first.sort(&mut rows, "validation.loss");
    let order: Vec<usize> = rows.iter().map(|row| row.setting).collect();
    assert_eq!(order, [3, 5, 6, 1, 8, 2, 0, 7, 4], "those that came furthest first");
    assert_eq!(first.best(&rows).unwrap().setting, 3);
    assert_eq!(rows[0].figures["validation.loss"].mean, 2.0);
}

#[test]
fn a_result_that_is_missing_holds_back_only_those_behind_it() {
    let mut plan = plan(9, halved(1));
    for run in [0, 2, 3, 4, 5] {
        plan.record(Job { run, rung: 0, until: Some(1) }, false, result(SCORES[run][0]));
    }
    assert_eq!(plan.standing()[1], [0; 0], "the second result counts before the third");
    plan.record(Job { run: 1, rung: 0, until: Some(1) }, false, result(5.0));
    assert_eq!(plan.standing()[1], [1, 3, 5]);
}

#[test]
fn failed_runs_are_rows_and_never_go_on() {
    let mut plan = plan(3, halved(1));
    let job = |run| Job { run, rung: 0, until: Some(1) };
    plan.record_failure(job(0), true, "the loss is NaN".to_owned());
    plan.record_failure(job(1), false, "no space left".to_owned());
    plan.record(job(2), false, result(5.0));
    assert_eq!(plan.standing()[1], [2]);
    let mut rows = plan.rows();
    plan.sort(&mut rows, "validation.accuracy");
    assert_eq!(rows.iter().map(|row| row.setting).collect::<Vec<_>>(), [2, 0, 1]);
    assert_eq!((rows[1].failed.as_slice(), rows[1].figures.len()), (&[0][..], 0));
    // What failed is tried again when the sweep is gone on with, what diverged is not.
    plan.retry_failed();
    let again: Vec<Job> = plan.ready().into_iter().filter(|job| job.rung == 0).collect();
    assert_eq!(again, [job(1)]);
}

#[test]
fn a_run_that_ends_before_its_rung_stays_as_it_was() {
    let mut plan = plan(3, halved(1));
    for (run, loss) in [(0, 3.0), (1, 1.0), (2, 2.0)] {
        plan.record(Job { run, rung: 0, until: Some(1) }, run == 1, result(loss));
    }
    assert_eq!(plan.standing(), [vec![0, 1, 2], vec![1], vec![]]);
    assert!(plan.is_complete());
    assert_eq!(plan.result_at(1, 1), Some(&result(1.0)));
}

#[test]
fn a_setting_is_the_mean_of_its_seeds_and_folds() {
    let wanted = Wanted { seeds: Some("4,2".to_owned()), folds: Some(3), ..halved(1) };
    let mut plan = plan(2, wanted);
    assert_eq!((plan.repeats(), plan.runs.len()), (6, 12));
    assert_eq!(plan.run_label(7), "lr=2, seed=4, fold=2");
    assert_eq!(plan.runs[7].folder, "08-lr=2-seed=4-fold=2");
    let own = experiment(&[]);
    let seventh = plan.experiment_of(7, &own);
    assert_eq!((seventh.seed, seventh.data.fold.unwrap().number, seventh.data.fold.unwrap().of), (4, 2, 3));
    for (run, loss) in [1.0, 2.0, 3.0, 4.0, 5.0, 9.0].into_iter().enumerate() {
        plan.record(Job { run, rung: 0, until: Some(1) }, false, result(loss));
    }
    let row = &plan.rows()[0];
    let spread = row.figures["validation.loss"];
    // The mean is 4, the squares add up to 9 + 4 + 1 + 0 + 1 + 25 = 40, of six values.
    assert_eq!((spread.count, spread.mean, spread.std), (6, 4.0, Some(8f64.sqrt())));
    assert_eq!((spread.min, spread.max), (1.0, 9.0));
    assert_eq!(plan.rows()[1].missing, 6);
}

#[test]
fn the_test_part_decides_nothing() {
    let mut plan = plan(3, halved(1));
    let known = || vec!["train.loss".to_owned(), "test.loss".to_owned()];
    assert!(matches!(plan.decide_by(Some("test.loss"), known()), Err(SweepProblem::DecidedByTest { .. })));
    insta::assert_snapshot!(plan.decide_by(Some("validation.loss"), known()).unwrap_err(), @r#"there is no metric "validation.loss" here; there are train.loss, test.loss"#);
    plan.decide_by(None, known()).unwrap();
    assert_eq!(plan.metric, "train.loss");
}

#[test]
fn halving_decides_how_long_runs_last() {
    let own = experiment(&[("epochs", "9")]);
    let wanted = |vary: &str| Wanted { vary: vec![vary.to_owned()], ..halved(1) };
    let halving = |vary, own: &Experiment| wanted(vary).halving(std::slice::from_ref(own));
    assert!(matches!(halving("epochs=1,2", &own), Err(SweepProblem::LengthVaried { .. })));
    let by_steps = experiment(&[("steps", "90")]);
    assert_eq!(halving("lr=1", &by_steps), Err(SweepProblem::HalvingBySteps));
    let full = experiment(&[("steps", "90"), ("batch_size", "full")]);
    assert_eq!(halving("lr=1", &full).unwrap().unwrap().epochs, [1, 3, 9, 27, 90]);
}

fn go(out: &std::path::Path, experiment: &Experiment, until: Option<u64>) -> Reached {
    let interrupt = AtomicBool::new(false);
    let trained = Trained { data_folder: None, threads: 1, interrupt: &interrupt, command: Vec::new() };
    go_on(out, experiment, until, &trained).unwrap()
}

/// A schedule over the whole run, dropout, moments, and the best weights by validation: rungs change nothing.
#[test]
fn a_run_that_stops_at_rungs_ends_with_the_bits_of_one_that_never_stopped() {
    for batch_size in ["16", "full"] {
        let experiment = experiment(&[
            ("epochs", "12"),
            ("batch_size", batch_size),
            ("dropout", "0.2"),
            ("schedule", "cosine"),
            ("split", "{ validation = 0.2, test = 0.1 }"),
            ("report_every", "2 epochs"),
        ]);
        let folder = tempfile::tempdir().unwrap();
        let (whole, halved) = (folder.path().join("whole"), folder.path().join("halved"));
        let Reached::End(straight) = go(&whole, &experiment, None) else { panic!("it has no rung") };
        for until in [1, 4] {
            let Reached::Rung(result) = go(&halved, &experiment, Some(until)) else { panic!("{until}") };
            assert_eq!(result.epochs, until);
        }
        // As after a kill before the result was written down.
        let Reached::Rung(again) = go(&halved, &experiment, Some(4)) else { panic!("it stands there") };
        assert_eq!(again.epochs, 4);
        let Reached::End(result) = go(&halved, &experiment, None) else { panic!("it was the last rung") };
        assert_eq!(result.parameters_sha256, straight.parameters_sha256, "batch size {batch_size}");
        assert_eq!((&result.train, &result.validation), (&straight.train, &straight.validation));
        let hashes = |run: &std::path::Path| fs::read_to_string(run.join("hashes.jsonl")).unwrap();
        assert_eq!(hashes(&halved), hashes(&whole));
        assert_eq!(go(&halved, &experiment, None), Reached::End(result));

        // A run of four epochs has another schedule, and so other weights: the rung was one of the whole run.
        let Reached::Rung(rung) = go(&folder.path().join("rung"), &experiment, Some(4)) else {
            panic!("a rung")
        };
        let short = Draft::from_experiment(&experiment).unwrap().set("epochs", "4").unwrap().check().unwrap();
        let Reached::End(short) = go(&folder.path().join("short"), &short, None) else { panic!("its end") };
        assert_ne!(rung.parameters_sha256, short.parameters_sha256);
    }
}

#[test]
fn what_a_kill_left_of_a_run_that_had_not_begun_is_no_obstacle() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    fs::create_dir(&out).unwrap();
    fs::write(out.join("experiment.toml"), "name = ").unwrap();
    fs::write(out.join(".environment.json.1-2.partial"), "{").unwrap();
    assert!(matches!(go(&out, &experiment(&[("epochs", "1")]), None), Reached::End(_)));
}

#[test]
fn the_folder_gives_the_plan_back() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("sweep");
    let (plan, _) = worked(plan(9, halved(1)), &SCORES, |_| 0);
    let own = experiment(&[("epochs", "9")]);
    let made = SweepFolder::create(&plan, vec![own.clone(); 9], Some(&out), false).unwrap();
    let (opened, again) = SweepFolder::open(&out).unwrap();
    assert_eq!(again, plan);
    assert_eq!(opened.experiment(&again, 2).to_toml(), made.experiment(&plan, 2).to_toml());
    assert_eq!(opened.run(&again, 3), out.join("04-lr=4"));

    let create = |force| SweepFolder::create(&plan, vec![own.clone(); 9], Some(&out), force);
    let exists = create(false).unwrap_err().to_string();
    assert!(exists.contains("go on with it: thalweg sweep --resume"), "{exists}");
    // What is replaced are the runs; what somebody else put there stays.
    go(&out.join("01-lr=1"), &experiment(&[("epochs", "1")]), None);
    fs::write(out.join("01-lr=1/notes.txt"), "mine").unwrap();
    go(&out.join("02-lr=2"), &experiment(&[("epochs", "1")]), None);
    create(true).unwrap();
    let left = |name: &str| fs::read_dir(out.join(name)).map_or(0, |entries| entries.count());
    assert_eq!((left("01-lr=1"), left("02-lr=2")), (1, 0));

    let text = fs::read_to_string(out.join("sweep.json")).unwrap();
    fs::write(out.join("sweep.json"), text.replace("\"version\": 1", "\"version\": 2")).unwrap();
    let later = SweepFolder::open(&out).unwrap_err().to_string();
    assert!(later.contains("a sweep of version 2; this program knows version 1"), "{later}");
    fs::write(out.join("sweep.json"), text.replace("08-lr=8", "../elsewhere")).unwrap();
    let elsewhere = SweepFolder::open(&out).unwrap_err().to_string();
    assert!(elsewhere.contains("run 7 is not one of this plan"), "{elsewhere}");
    fs::remove_file(out.join("sweep.json")).unwrap();
    assert!(SweepFolder::open(&out).unwrap_err().to_string().ends_with("there is no sweep.json in it"));
}

#[test]
fn metrics_of_classes_that_come_late_are_known() {
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("sorted.csv");
    let rows = (0..600).map(|row| format!("{},{}\n", row % 7, if row < 400 { "a" } else { "b" }));
    fs::write(&table, format!("x,class\n{}", rows.collect::<String>())).unwrap();
    let source = table.display().to_string();
    let text = format!(
        "training.metrics = [\"roc_auc\"]\nnetwork.layers = [{{ dense = 2 }}]\n[data]\nsource = {source:?}\nvalidation = {source:?}\ntarget = \"class\"\n",
    );
    let prepared = crate::run::prepare(Draft::parse(&text, None).unwrap().check().unwrap(), None).unwrap();
    let known = known_metrics(&prepared).unwrap();
    assert!(known.iter().any(|name| name == "validation.roc_auc"), "{known:?}");
}
