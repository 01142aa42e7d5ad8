//! Runs that begin from others: at a step, at the end, with weights alone; each stopped early or not, watched or not, interrupted or
//! not.

use std::fs;
use std::sync::atomic::AtomicBool;

use super::*;
use crate::experiment::Draft;
use crate::model_file::Status;
use crate::run::{Place, TrainResult, prepare};
use crate::train::{Command, Observer, Outcome, Progress, Snapshot};
use tempfile::{TempDir, tempdir};

/// Mini-batches, Adam, dropout, shuffles, a validation part: everything that has a state. An epoch has 5 steps.
const MOONS: &str = r#"
name = "moons"
seed = 5
data.source = { name = "moons", rows = 100, noise = 0.2 }
data.split = { validation = 0.2, test = 0.1 }
network.layers = [{ dense = 8, activation = "tanh" }, { dropout = 0.25 }, { dense = 2 }]
training = { batch_size = 16, epochs = 8, l2 = 1e-3, report_every = "3 steps" }
"#;

const FULL_BATCH: &str = r#"
name = "curve"
precision = "f64"
data.source = { name = "curve", rows = 20 }
data.scale_target = "standard"
network.layers = [{ dense = 4, activation = "sigmoid" }, { dense = 1 }]
training = { optimizer = { name = "momentum", learning_rate = 0.1 }, batch_size = "full", steps = 40, report_every = "4 steps" }
"#;

type Settings<'a> = &'a [(&'a str, &'a str)];

fn ready(text: &str, settings: Settings<'_>) -> Prepared {
    let draft = Draft::parse(text, None).unwrap();
    let draft = settings.iter().fold(draft, |draft, (key, value)| draft.set(key, value).unwrap());
    prepare(draft.check().unwrap(), None).unwrap()
}

struct Runs(TempDir);

impl Runs {
    fn new() -> Self {
        Runs(tempdir().unwrap())
    }

    fn create(&self, prepared: &Prepared) -> RunFolder {
        let place = Place { runs: self.0.path().to_owned(), ..Place::default() };
        RunFolder::create(prepared, &place, Vec::new()).unwrap()
    }

    fn whole(&self, mut prepared: Prepared) -> (RunFolder, TrainResult) {
        let mut run = self.create(&prepared);
        let (_, result) = run.train(&mut prepared, Vec::new(), None, None).unwrap();
        (run, result)
    }
}

/// A run of these settings that is to begin from `run` after `step` updates.
fn fork(
    text: &str,
    settings: Settings<'_>,
    run: &RunFolder,
    step: u64,
) -> Result<(Prepared, Vec<StartNotice>)> {
    let state = run.state_at(&mut run.prepare()?, step, Vec::new(), None)?.unwrap();
    assert_eq!(state.counters.step, step);
    let mut prepared = ready(text, settings);
    let notices = prepared.begin_from_run(run, state)?;
    Ok((prepared, notices))
}

fn hashes(run: &RunFolder) -> Vec<String> {
    fs::read_to_string(run.path().join("hashes.jsonl")).unwrap().lines().map(str::to_owned).collect()
}

fn verify(run: &RunFolder) {
    let found = run.verify(&mut run.prepare().unwrap(), Vec::new(), None).unwrap();
    assert_eq!((found.difference, found.reports), (None, hashes(run).len()));
}

/// Interrupts a run after so many updates.
struct InterruptAt(u64);

impl Observer for InterruptAt {
    fn next_step(&self) -> Option<u64> {
        Some(self.0)
    }

    fn on_step(&mut self, _: &Progress, _: &mut dyn Snapshot) -> Result<Command> {
        Ok(Command::Interrupt)
    }
}

/// Trains as far as `step`, opens the folder again and goes on.
fn interrupted(runs: &Runs, mut prepared: Prepared, step: u64) -> (RunFolder, TrainResult) {
    let mut run = runs.create(&prepared);
    let observers: Vec<Box<dyn Observer>> = vec![Box::new(InterruptAt(step))];
    let (_, stopped) = run.train(&mut prepared, observers, None, None).unwrap();
    assert_eq!((stopped.summary.status, stopped.summary.steps), (Status::Interrupted, step));
    let mut run = RunFolder::open(run.path()).unwrap();
    if !hashes(&run).is_empty() {
        verify(&run);
    }
    let mut prepared = run.prepare().unwrap();
    let state = run.rewind().unwrap();
    let (_, result) = run.train(&mut prepared, Vec::new(), None, state.as_ref()).unwrap();
    (run, result)
}

#[test]
fn with_the_same_settings_it_goes_the_same_way() {
    for (text, steps) in [(MOONS, [1, 13, 20, 38]), (FULL_BATCH, [1, 16, 21, 39])] {
        let runs = Runs::new();
        let (parent, expected) = runs.whole(ready(text, &[]));
        for step in steps {
            let (prepared, notices) = fork(text, &[], &parent, step).unwrap();
            assert!(notices.is_empty(), "{notices:?}");
            let (child, result) = runs.whole(prepared);
            assert_eq!(result.summary.parameters_sha256, expected.summary.parameters_sha256, "from {step}");
            assert_eq!(result.summary.best_epoch, expected.summary.best_epoch);
            assert_eq!(result.summary.test, expected.summary.test);
            let (ours, theirs) = (hashes(&child), hashes(&parent));
            assert!(theirs.ends_with(&ours) && !ours.is_empty(), "from {step}: {ours:?}");
        }
    }
}

/// Sets a learning rate before a step.
struct SetRate(u64, f64);

impl Observer for SetRate {
    fn next_step(&self) -> Option<u64> {
        Some(self.0)
    }

    fn on_step(&mut self, _: &Progress, _: &mut dyn Snapshot) -> Result<Command> {
        self.0 = u64::MAX;
        Ok(Command::SetLearningRate(self.1))
    }
}

#[test]
fn another_learning_rate_applies_from_the_step_on() {
    for text in [MOONS, FULL_BATCH] {
        let runs = Runs::new();
        let mut prepared = ready(text, &[]);
        let outcome = prepared.train(vec![Box::new(SetRate(17, 0.01))], None, None).unwrap();
        let (parent, same) = runs.whole(ready(text, &[]));
        let (prepared, _) = fork(text, &[("lr", "0.01")], &parent, 17).unwrap();
        let (child, result) = runs.whole(prepared);
        assert_eq!(result.summary.parameters_sha256, outcome.parameters_sha256);
        assert_ne!(result.summary.parameters_sha256, same.summary.parameters_sha256);
        verify(&child);
    }
}

#[test]
fn more_epochs_go_on_where_the_run_ended_as_if_there_had_been_more_at_once() {
    for (text, more) in [(MOONS, ("epochs", "12")), (FULL_BATCH, ("steps", "60"))] {
        let runs = Runs::new();
        let (parent, _) = runs.whole(ready(text, &[]));
        let (_, expected) = runs.whole(ready(text, &[more]));
        let error = fork(text, &[], &parent, parent.last_step().unwrap()).unwrap_err();
        assert!(
            matches!(error, Error::Run { problem: RunProblem::NothingLeft { step: 40, end: 40 }, .. }),
            "{error}"
        );
        let (prepared, _) = fork(text, &[more], &parent, 40).unwrap();
        let (_, result) = runs.whole(prepared);
        assert_eq!(result.summary.parameters_sha256, expected.summary.parameters_sha256);
    }
}

/// Each kind of start with each kind of end and of watching, once without a stop and once with one in the middle.
#[test]
fn every_start_goes_with_every_end() {
    let unwatched = ("split", "{ validation = 0.0, test = 0.1 }");
    let stopping = ("early_stopping", "{ metric = \"validation.loss\", patience = 3, min_delta = 0.5 }");
    let on_train = ("early_stopping", "{ metric = \"train.accuracy\", patience = 4, min_delta = 0.5 }");
    let ends: [(&str, Settings<'_>); 4] = [
        ("watched", &[]),
        ("unwatched", &[unwatched]),
        ("stopped by validation", &[stopping]),
        ("stopped by training, unwatched", &[on_train, unwatched]),
    ];
    for (name, settings) in ends {
        let runs = Runs::new();
        let (parent, first) = runs.whole(ready(MOONS, settings));
        let is_stopped = name.starts_with("stopped");
        assert_eq!(first.summary.status == Status::Stopped, is_stopped, "{name}");
        let last = parent.last_step().unwrap();
        let longer: Vec<_> = settings.iter().copied().chain([("epochs", "14")]).collect();
        for start in ["drawn", "weights", "last", "middle"] {
            let begin = || match start {
                "last" => fork(MOONS, &longer, &parent, last).unwrap().0,
                "middle" => fork(MOONS, &longer, &parent, 7).unwrap().0,
                _ => {
                    let mut prepared = ready(MOONS, &longer);
                    if start == "weights" {
                        prepared.begin_from_file(&parent.path().join("model.safetensors")).unwrap();
                    }
                    prepared
                }
            };
            let (whole, expected) = runs.whole(begin());
            verify(&whole);
            let first_step = begin().first_step();
            assert_eq!(
                first_step,
                match start {
                    "last" => last,
                    "middle" => 7,
                    _ => 0,
                }
            );
            // At once, within an epoch before the first report, and later.
            for after in [0, 1, 4] {
                let (resumed, result) = interrupted(&runs, begin(), first_step + after);
                let at = format!("{name}, {start}, interrupted {after} steps later");
                assert_eq!(result.summary.parameters_sha256, expected.summary.parameters_sha256, "{at}");
                assert_eq!(result.summary.status, expected.summary.status, "{at}");
                assert_eq!(result.summary.best_epoch, expected.summary.best_epoch, "{at}");
                assert_eq!(hashes(&resumed), hashes(&whole), "{at}");
                verify(&resumed);
            }
            let has_model =
                whole.at(&mut whole.prepare().unwrap(), first_step + 2, Vec::new(), None).unwrap();
            assert!(has_model.is_some());
        }
    }
}

#[test]
fn weights_alone_are_a_start_like_any_other() {
    let runs = Runs::new();
    let (parent, _) = runs.whole(ready(MOONS, &[]));
    let model = parent.path().join("model.safetensors");
    let mut prepared = ready(MOONS, &[]);
    prepared.begin_from_file(&model).unwrap();
    let given = parent.model().unwrap().network;
    assert_eq!(prepared.network.parameter("2.weight").ok(), None); // the dropout
    assert_eq!(prepared.network.parameter("3.weight").unwrap(), given.parameter("3.weight").unwrap());
    assert_eq!((prepared.first_step(), prepared.start.as_ref().unwrap().origin.step), (0, None));

    // The same as by `init`, which reads the same numbers.
    let (_, result) = runs.whole(prepared);
    let init = format!("{{ name = \"file\", path = {:?} }}", model.to_str().unwrap());
    let (_, expected) = runs.whole(ready(MOONS, &[("init", &init)]));
    assert_eq!(result.summary.parameters_sha256, expected.summary.parameters_sha256);
    // In the other precision the numbers are converted.
    let mut wide = ready(MOONS, &[("precision", "f64")]);
    wide.begin_from_file(&model).unwrap();
    assert_eq!(wide.network.parameter("0.bias").unwrap(), given.parameter("0.bias").unwrap());
}

#[test]
fn what_does_not_fit_is_refused_in_a_sentence() {
    let runs = Runs::new();
    let (parent, _) = runs.whole(ready(MOONS, &[]));
    let refused = |settings: Settings<'_>| fork(MOONS, settings, &parent, 10).unwrap_err().to_string();
    let wider = refused(&[("hidden", "9")]);
    assert!(
        wider.contains("it has dense 8, dense 2: 42 parameters, the new run dense 9, dense 2: 47 parameters"),
        "{wider}"
    );
    assert!(refused(&[("precision", "f64")]).contains("it is in f32, the new run in f64"));
    assert!(refused(&[("epochs", "2")]).contains("would begin after step 10 and end at step 10"));
    let beyond = parent.state_at(&mut parent.prepare().unwrap(), 41, Vec::new(), None).unwrap_err();
    assert!(beyond.to_string().contains("it has no step 41: it ended after 40"), "{beyond}");

    let model = parent.path().join("model.safetensors");
    let with = |settings: Settings<'_>| {
        let mut prepared = ready(MOONS, settings);
        prepared.begin_from_file(&model).unwrap_err().to_string()
    };
    let wider = with(&[("network.layers", "[{ dense = 9 }, \"tanh\", { dropout = 0.1 }, { dense = 2 }]")]);
    assert!(
        wider.contains("its tensor \"0.weight\" has the shape [2, 8], but the network needs [2, 9]"),
        "{wider}"
    );
    let deeper = with(&[(
        "network.layers",
        "[{ dense = 8 }, \"tanh\", { dropout = 0.1 }, { dense = 2 }, { dense = 2 }]",
    )]);
    assert!(deeper.contains("it has no tensor \"4.weight\""), "{deeper}");
    let shallow = with(&[("network.layers", "[{ dense = 8 }, { dense = 2 }]")]);
    assert!(shallow.contains("it has a tensor \"3."), "{shallow}");
    let none = ready(MOONS, &[]).begin_from_file(Path::new("/no/such/model")).unwrap_err();
    assert!(none.to_string().starts_with("cannot read /no/such/model"), "{none}");
}

#[test]
fn what_other_settings_leave_without_a_meaning_is_left_behind() {
    let runs = Runs::new();
    let (parent, _) = runs.whole(ready(MOONS, &[]));
    let begun = |settings: Settings<'_>| {
        let (prepared, notices) = fork(MOONS, settings, &parent, 13).unwrap();
        (prepared.start.unwrap().state, notices)
    };
    let (same, _) = begun(&[]);
    assert_eq!((same.counters.batch, same.counters.epoch), (3, 2));
    assert!(same.counters.best_value.is_some() && same.best_parameters.is_some());

    let (state, notices) = begun(&[("optimizer", "nadam")]); // as many slots
    assert_eq!(notices, [StartNotice::Optimizer]);
    assert!(state.optimizer_state.iter().all(|byte| *byte == 0));
    assert_eq!(state.parameters, same.parameters);

    let (state, notices) = begun(&[("lr", "0.1"), ("clip_norm", "2"), ("weight_decay", "0.1")]);
    assert!(notices.is_empty() && state.optimizer_state == same.optimizer_state, "{notices:?}");

    let (state, notices) = begun(&[("batch_size", "7")]);
    assert_eq!(notices, [StartNotice::Epoch]);
    assert_eq!((state.counters.batch, state.counters.epoch_rows), (0, 0));
    assert_eq!(state.counters.best_value, same.counters.best_value);

    let (state, notices) = begun(&[("l2", "0.5")]);
    assert_eq!(notices, [StartNotice::Best]);
    assert_eq!((state.counters.best_value, state.best_parameters), (None, None));

    let other = ("split", "{ validation = 0.3, test = 0.1 }");
    assert_eq!(begun(&[other]).1, [StartNotice::Epoch, StartNotice::Best]);
    assert_eq!(begun(&[("early_stopping", "{ metric = \"validation.accuracy\" }")]).1, [StartNotice::Best]);
    assert!(begun(&[("early_stopping", "{ metric = \"validation.loss\" }")]).1.is_empty());

    // Epochs are counted on, whatever they have of steps: 6 of 10 steps are left, and the begun one is made whole.
    let (prepared, _) = fork(MOONS, &[("batch_size", "7")], &parent, 13).unwrap();
    let (child, result) = runs.whole(prepared);
    assert_eq!((result.summary.epochs, result.summary.steps), (8, 13 + 6 * 10));
    verify(&child);
}

#[test]
fn a_run_that_began_from_another_stands_alone() {
    let runs = Runs::new();
    let (parent, _) = runs.whole(ready(MOONS, &[]));
    let (prepared, _) = fork(MOONS, &[("lr", "0.02")], &parent, 13).unwrap();
    let (child, result) = runs.whole(prepared);
    let origin = child.environment().from.clone().unwrap();
    assert_eq!((origin.path.as_path(), origin.step), (parent.path(), Some(13)));
    fs::remove_dir_all(parent.path()).unwrap();

    let mut child = RunFolder::open(child.path()).unwrap();
    verify(&child);
    let before = child.state_at(&mut child.prepare().unwrap(), 12, Vec::new(), None).unwrap_err().to_string();
    assert!(
        before.contains("it has no step 12: it began after 13 from ") && before.contains("moons-001"),
        "{before}"
    );
    let start = child.at(&mut child.prepare().unwrap(), 13, Vec::new(), None).unwrap().unwrap();
    let state = load_state(&child.path().join("start.safetensors")).unwrap();
    let mut again = child.prepare().unwrap();
    again.take_parameters(&state).unwrap();
    assert_eq!(start.network.parameter("0.weight").unwrap(), again.network.parameter("0.weight").unwrap());

    // Killed before its first checkpoint, it begins there again.
    for file in ["model.safetensors", "state.safetensors"] {
        fs::remove_file(child.path().join(file)).unwrap();
    }
    let state = child.rewind().unwrap();
    assert_eq!(state.as_ref().map(|state| state.counters.step), Some(13));
    let mut prepared = child.prepare().unwrap();
    let (_, again): (Outcome, _) = child.train(&mut prepared, Vec::new(), None, state.as_ref()).unwrap();
    assert_eq!(again.summary.parameters_sha256, result.summary.parameters_sha256);

    // Its start is a start for others too, and is what it was.
    let mut copy = ready(MOONS, &[("lr", "0.02")]);
    copy.begin_from_file(&child.path().join("start.safetensors")).unwrap();
    let (_, copy) = runs.whole(copy);
    // Another optimizer with as many slots does not take the first one's for its own.
    let path = child.path().join("start.safetensors");
    let mut other = ready(MOONS, &[("optimizer", "nadam")]);
    let ours = other.untrained_state().unwrap().optimizer_state;
    assert_eq!(other.begin_from_file(&path).unwrap(), [StartNotice::Optimizer]);
    let taken = other.start.unwrap().state;
    assert_eq!((taken.optimizer.as_str(), &taken.optimizer_state), ("nadam", &ours));
    assert_ne!(load_state(&path).unwrap().optimizer_state, ours);
    assert_eq!(copy.summary.parameters_sha256, result.summary.parameters_sha256);
    fs::copy(child.path().join("state.safetensors"), child.path().join("start.safetensors")).unwrap();
    let other = child.prepare().unwrap_err().to_string();
    assert!(other.contains("it is not the state that the run began from"), "{other}");
}

#[test]
fn an_interrupt_while_a_step_is_made_again_gives_nothing() {
    let runs = Runs::new();
    let (parent, _) = runs.whole(ready(FULL_BATCH, &[]));
    let flag = AtomicBool::new(true);
    let state = parent.state_at(&mut parent.prepare().unwrap(), 9, Vec::new(), Some(&flag)).unwrap();
    assert_eq!(state, None);
}
