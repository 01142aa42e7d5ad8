//! Writers that are slow, that fail and that panic.

use std::cell::RefCell;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;

use super::super::states::{self, Write};
use super::super::{Place, Prepared, RunFolder, prepare};
use super::*;
use crate::experiment::Draft;
use crate::model_file::{load_state, save_state};
use crate::run::hashes::Tensors;
use crate::run::recorder::{Lines, Recorder};
use crate::train::{Observer, Outcome};
use crate::whole_file::write_whole;
use tempfile::{TempDir, tempdir};

fn state(step: u64) -> State {
    let mut state = State::empty();
    state.counters.step = step;
    state.parameters = step.to_le_bytes().repeat(100);
    state.optimizer_state = vec![step as u8; 800];
    state
}

fn states(folder: &TempDir, keep: usize) -> States {
    States::new(folder.path(), keep, Vec::new())
}

fn full_disk() -> Error {
    Error::io("somewhere", "write", io::ErrorKind::StorageFull.into())
}

/// The steps of the states in a folder, by their files' names.
fn kept(folder: &Path) -> Vec<(String, u64)> {
    let entries =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = entries.filter(|name| name.ends_with(".safetensors")).collect();
    names.sort();
    names
        .into_iter()
        .map(|name| {
            let step = load_state(&folder.join(&name)).unwrap().counters.step;
            (name, step)
        })
        .collect()
}

#[test]
fn training_goes_on_while_a_state_is_written_and_the_last_is_waited_for() {
    let folder = tempdir().unwrap();
    let (go_on, may_go_on) = mpsc::channel::<()>();
    let slow: Write = Box::new(move |state, path| {
        may_go_on.recv().map_err(|_| full_disk())?;
        save_state(state, path)
    });
    let mut checkpoints = Checkpoints::new(states(&folder, 2).with_writer(slow));
    assert!(!checkpoints.is_busy() && checkpoints.outcome().is_none());
    let mut first = state(10);
    checkpoints.put(&first);
    first.parameters.fill(0); // the copy is another
    assert!(checkpoints.is_busy() && checkpoints.outcome().is_none());
    assert!(!folder.path().join(STATE).exists());
    go_on.send(()).unwrap();
    checkpoints.wait().unwrap();
    assert!(!checkpoints.is_busy());
    assert_eq!(load_state(&folder.path().join(STATE)).unwrap(), state(10));
    go_on.send(()).unwrap();
    checkpoints.put(&state(20));
    go_on.send(()).unwrap();
    checkpoints.put(&state(30)); // waits for the one before
    drop(checkpoints); // and this for the last
    assert_eq!(kept(folder.path()), [("state-20.safetensors".to_owned(), 20), (STATE.to_owned(), 30)]);
}

#[test]
fn the_newest_are_kept_and_others_go() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("state-of-mind.safetensors"), "not ours").unwrap();
    fs::write(folder.path().join("state-99.safetensors"), "of a run that went another way").unwrap();
    let mut checkpoints = Checkpoints::new(states(&folder, 3));
    for step in [5, 10, 15, 20, 20] {
        checkpoints.put(&state(step));
        checkpoints.wait().unwrap();
    }
    drop(checkpoints);
    fs::remove_file(folder.path().join("state-of-mind.safetensors")).unwrap();
    let names =
        |all: &[(&str, u64)]| all.iter().map(|(name, step)| ((*name).to_owned(), *step)).collect::<Vec<_>>();
    assert_eq!(
        kept(folder.path()),
        names(&[("state-10.safetensors", 10), ("state-15.safetensors", 15), (STATE, 20)])
    );
    // The next who writes here knows what is the newest; with fewer to be kept, more go.
    let mut checkpoints = Checkpoints::new(states(&folder, 2));
    checkpoints.put(&state(25));
    checkpoints.wait().unwrap();
    assert_eq!(kept(folder.path()), names(&[("state-20.safetensors", 20), (STATE, 25)]));

    assert_eq!(states::newest(folder.path()).unwrap().0.unwrap().counters.step, 25);
    let up_to = |step| states::up_to(folder.path(), step).map(|state| state.counters.step);
    assert_eq!([19, 20, 24, 25, 1000].map(up_to), [None, Some(20), Some(20), Some(25), Some(25)]);
}

#[test]
fn a_damaged_state_is_noticed_and_the_one_before_is_used() {
    let folder = tempdir().unwrap();
    let mut checkpoints = Checkpoints::new(states(&folder, 2));
    for step in [5, 10] {
        checkpoints.put(&state(step));
        checkpoints.wait().unwrap();
    }
    let newest = folder.path().join(STATE);
    let mut bytes = fs::read(&newest).unwrap();
    let middle = bytes.len() - 300;
    bytes[middle] ^= 4;
    fs::write(&newest, bytes).unwrap();
    let (found, damage) = states::newest(folder.path()).unwrap();
    assert_eq!(found.unwrap(), state(5));
    let damage = damage.unwrap().to_string();
    assert!(damage.contains("its content does not match its checksum"), "{damage}");
    assert_eq!(states::up_to(folder.path(), 100).unwrap(), state(5));

    // The damaged one is not kept in place of the one before.
    let mut checkpoints = Checkpoints::new(states(&folder, 2));
    checkpoints.put(&state(12));
    checkpoints.wait().unwrap();
    assert_eq!(kept(folder.path()), [("state-5.safetensors".to_owned(), 5), (STATE.to_owned(), 12)]);

    // Where none is whole, the newest says why.
    for name in ["state-5.safetensors", STATE] {
        fs::write(folder.path().join(name), "{}").unwrap();
    }
    assert!(states::newest(folder.path()).unwrap_err().to_string().contains("it is plain JSON"));
}

#[test]
fn a_writer_that_fails_or_panics_leaves_the_last_good_state() {
    let folder = tempdir().unwrap();
    let calls = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&calls);
    let write: Write = Box::new(move |state, path| match count.fetch_add(1, Ordering::Relaxed) {
        1 => write_whole(path, |file| {
            file.write_all(b"half of it").and_then(|()| Err(io::ErrorKind::StorageFull.into()))
        }),
        2 => panic!("a bug in a writer"),
        _ => save_state(state, path),
    });
    let mut checkpoints = Checkpoints::new(states(&folder, 1).with_writer(write));
    let mut put = |step| {
        checkpoints.put(&state(step));
        let written = checkpoints.wait().map_err(|error| error.to_string());
        assert!(checkpoints.outcome().is_none(), "it is said once");
        (written, states::newest(folder.path()).unwrap().0.unwrap())
    };
    assert_eq!(put(1), (Ok(()), state(1)));
    let (failed, newest) = put(2);
    assert!(failed.unwrap_err().contains("cannot write") && newest == state(1));
    let (failed, newest) = put(3);
    assert!(failed.unwrap_err().ends_with("the writer panicked") && newest == state(1));
    assert_eq!(put(4), (Ok(()), state(4)));
    assert_eq!(calls.load(Ordering::Relaxed), 4);
}

/// Keeps what it is warned of.
#[derive(Default)]
struct Warned(RefCell<Vec<String>>);

impl Observer for &Warned {
    fn on_warning(&mut self, warning: &Error) {
        self.0.borrow_mut().push(warning.to_string());
    }
}

fn ready() -> Prepared {
    let text = r#"
        name = "checkpoints"
        data.source = { name = "moons", rows = 60 }
        network.layers = [{ dense = 4, activation = "tanh" }, { dense = 2 }]
        training = { batch_size = 10, epochs = 20, checkpoint_every = "2 epochs" }
    "#;
    prepare(Draft::parse(text, None).unwrap().check().unwrap(), None).unwrap()
}

/// Trains with a writer that says of each state whether it can be written.
fn train(
    folder: &TempDir,
    can_write: impl Fn(u64) -> bool + Send + 'static,
) -> (RunFolder, Result<Outcome>, Vec<String>) {
    let mut prepared = ready();
    let place = Place { runs: folder.path().to_owned(), ..Place::default() };
    let run = RunFolder::create(&prepared, &place, Vec::new()).unwrap();
    let write: Write = Box::new(move |state, path| match can_write(state.counters.step) {
        true => save_state(state, path),
        false => Err(Error::io(path, "write", io::ErrorKind::StorageFull.into())),
    });
    let lines = |name: &str| Lines::open(run.path().join(name)).unwrap();
    let tensors = Tensors::new(prepared.network.layers());
    let states = |lines| States::new(run.path(), 2, lines).with_writer(write);
    let recorder = Recorder::new(lines("metrics.jsonl"), lines("hashes.jsonl"), tensors, states).unwrap();
    let warned = Warned::default();
    let outcome = prepared.train(vec![Box::new(recorder), Box::new(&warned), Box::new(Slow(0))], None, None);
    (run, outcome, warned.0.into_inner())
}

/// Gives the writer time, so that no checkpoint is left out.
struct Slow(u64);

impl Observer for Slow {
    fn next_step(&self) -> Option<u64> {
        Some(self.0)
    }

    fn on_step(
        &mut self,
        progress: &crate::train::Progress,
        _: &mut dyn crate::train::Snapshot,
    ) -> Result<crate::train::Command> {
        self.0 = progress.step + 12;
        std::thread::sleep(std::time::Duration::from_millis(20));
        Ok(crate::train::Command::Continue)
    }
}

#[test]
fn a_checkpoint_that_cannot_be_written_is_told_once_and_training_goes_on() {
    let folder = tempdir().unwrap();
    let (_, whole, warned) = train(&folder, |_| true);
    assert_eq!(warned, [""; 0]);
    let (run, outcome, warned) = train(&folder, |step| !(24..=60).contains(&step));
    let outcome = outcome.unwrap();
    assert_eq!(outcome.parameters_sha256, whole.unwrap().parameters_sha256);
    assert_eq!(warned.len(), 1, "{warned:?}");
    assert!(
        warned[0].starts_with("cannot write ") && warned[0].contains("state.safetensors: "),
        "{warned:?}"
    );
    assert_eq!(run.state().unwrap().unwrap(), outcome.state);
}

#[test]
fn a_last_state_that_cannot_be_written_is_an_error_and_the_one_before_is_whole() {
    let folder = tempdir().unwrap();
    let (run, outcome, warned) = train(&folder, |step| step < 60);
    let error = outcome.unwrap_err();
    assert!(matches!(error, Error::Io { .. }), "{error}");
    assert_eq!(warned.len(), 1, "{warned:?}");
    let saved = run.state().unwrap().unwrap();
    assert!((12..=48).contains(&saved.counters.step), "{}", saved.counters.step);
}
