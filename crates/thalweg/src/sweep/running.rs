//! Making one run of a sweep, to its end or to a rung, from wherever its folder stands.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::{Error, Result};
use crate::experiment::Experiment;
use crate::model_file::{Status, TrainingSummary};
use crate::run::{Place, RunFolder, prepare};
use crate::train::{Command, Observer, Progress, Snapshot};
use crate::whole_file::PARTIAL;

/// How a run of a sweep is trained.
#[derive(Clone, Debug)]
pub struct Trained<'a> {
    /// The folder in which sets known by name are looked for first.
    pub data_folder: Option<&'a Path>,
    /// The most threads. The result is the same on any number.
    pub threads: usize,
    /// Ends the run after the step that it is at. [`go_on`] raises it too, at a rung.
    pub interrupt: &'a AtomicBool,
    /// What `environment.json` says of the command line.
    pub command: Vec<String>,
}

/// How far a run came.
#[derive(Clone, Debug, PartialEq)]
pub enum Reached {
    /// It is at its end.
    End(TrainingSummary),
    /// It was trained for as many epochs as asked for, and can be gone on with.
    Rung(TrainingSummary),
    /// It was interrupted before.
    Interrupted,
}

/// Trains the run in the folder `out` until it was trained for `until` epochs in all (`None`: to its end): begins it if there is
/// none, goes on from its last state if there is one, and only tells its result if it is at its end.
///
/// A run that stops at a rung is an interrupted run: its experiment, and so its schedule, is that of the whole run, and going on gives the
/// same bits as if it had never stopped.
///
/// # Errors
/// As [`prepare`], [`RunFolder::create`], [`RunFolder::prepare`], [`RunFolder::rewind`] and [`RunFolder::train`].
pub fn go_on(
    out: &Path,
    experiment: &Experiment,
    until: Option<u64>,
    trained: &Trained<'_>,
) -> Result<Reached> {
    let (mut folder, mut prepared, state) = if RunFolder::is_run(out) {
        let mut folder = RunFolder::open(out)?;
        if let Some(result) = folder.result()? {
            return Ok(Reached::End(result.summary));
        }
        let prepared = folder.prepare()?;
        let state = folder.rewind()?;
        (folder, prepared, state)
    } else {
        remove_begun(out)?;
        let prepared = prepare(experiment.clone(), trained.data_folder)?;
        let place = Place { out: Some(out.to_owned()), ..Place::default() };
        let folder = RunFolder::create(&prepared, &place, trained.command.clone())?;
        (folder, prepared, None)
    };
    prepared.threads = trained.threads;
    let is_there = AtomicBool::new(false);
    let pause =
        until.map(|epochs| Pause { epochs, next: 0, interrupt: trained.interrupt, is_there: &is_there });
    let mut observers: Vec<Box<dyn Observer + '_>> = Vec::new();
    observers.extend(pause.map(|pause| Box::new(pause) as Box<dyn Observer + '_>));
    let (_, result) = folder.train(&mut prepared, observers, Some(trained.interrupt), state.as_ref())?;
    Ok(match result.summary.status {
        Status::Interrupted if is_there.load(Ordering::Relaxed) => Reached::Rung(result.summary),
        Status::Interrupted => Reached::Interrupted,
        Status::Finished | Status::Stopped => Reached::End(result.summary),
    })
}

/// Removes what a kill left of a run that had not begun: its folder is not a run yet, and could not be made again.
fn remove_begun(out: &Path) -> Result<()> {
    for entry in fs::read_dir(out).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let is_begun = name == "experiment.toml" || name.to_string_lossy().ends_with(PARTIAL);
        if is_begun {
            fs::remove_file(entry.path()).map_err(|error| Error::io(entry.path(), "remove", error))?;
        }
    }
    Ok(())
}

/// Interrupts a run between two epochs.
struct Pause<'a> {
    /// After so many epochs.
    epochs: u64,
    /// The step at which it wants to be asked: the first, to know how many steps an epoch has, then the last.
    next: u64,
    interrupt: &'a AtomicBool,
    /// Whether the run came so far.
    is_there: &'a AtomicBool,
}

impl Observer for Pause<'_> {
    fn next_step(&self) -> Option<u64> {
        Some(self.next)
    }

    fn on_step(&mut self, progress: &Progress, _: &mut dyn Snapshot) -> Result<Command> {
        let last = self.epochs.saturating_mul(progress.steps_per_epoch);
        self.next = last;
        if progress.step >= last {
            self.next = u64::MAX;
            self.is_there.store(true, Ordering::Relaxed);
            self.interrupt.store(true, Ordering::Relaxed);
        }
        Ok(Command::Continue)
    }
}
