//! The observer that records a run in its folder.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;

use super::checkpoints::Checkpoints;
use super::hashes::{ReportHashes, Tensors};
use super::metrics;
use super::states::States;
use crate::error::{Error, Result};
use crate::train::{Command, Observer, Report, Saving, Snapshot, State};

/// Records a run: the lines of every report as it comes, and the state at every checkpoint, which a thread of its own writes.
///
/// What cannot be written while the run goes on is told to all observers, once, and tried again with the next report or checkpoint.
/// What cannot be written at the end is the error of [`on_end`](Observer::on_end).
#[derive(Debug)]
pub struct Recorder {
    metrics: Lines,
    hashes: Lines,
    tensors: Tensors,
    checkpoints: Checkpoints,
    /// Lines that could not be written, until somebody asks.
    untold: Option<Error>,
    /// Lines wait to be written, and it was told or will be.
    is_behind: bool,
    /// The last checkpoint could not be written, and it was told.
    is_failing: bool,
    /// Why the last checkpoint was not even begun: a state must not count on lines that are not there.
    missed: Option<Error>,
}

impl Recorder {
    pub(super) fn new(
        metrics: Lines,
        hashes: Lines,
        tensors: Tensors,
        states: impl FnOnce(Vec<(File, PathBuf)>) -> States,
    ) -> Result<Self> {
        let lines = vec![metrics.second_handle()?, hashes.second_handle()?];
        let checkpoints = Checkpoints::new(states(lines));
        Ok(Recorder {
            metrics,
            hashes,
            tensors,
            checkpoints,
            untold: None,
            is_behind: false,
            is_failing: false,
            missed: None,
        })
    }

    /// Writes the lines that wait; those that cannot be written wait for the next time.
    fn write_lines(&mut self) -> Result<()> {
        let written = self.metrics.write().and_then(|()| self.hashes.write());
        self.is_behind &= written.is_err();
        written
    }

    /// Notes what is to be told, unless it was told before.
    fn tell(&mut self, error: Error) {
        if !self.is_behind {
            self.untold = Some(error);
            self.is_behind = true;
        }
    }
}

impl Observer for Recorder {
    fn on_report(&mut self, report: &Report, snapshot: &mut dyn Snapshot) -> Result<Command> {
        self.metrics.add(&metrics::lines(report));
        self.hashes.add(&ReportHashes::new(report, &snapshot.parameters(), &self.tensors).line());
        if let Err(error) = self.write_lines() {
            self.tell(error);
        }
        Ok(Command::Continue)
    }

    fn on_checkpoint(&mut self, state: &State) -> Result<()> {
        self.missed = self.write_lines().err();
        if self.missed.is_none() {
            self.checkpoints.put(state);
        }
        Ok(())
    }

    fn saving(&mut self) -> Saving {
        if let Some(error) = self.untold.take() {
            return Saving::Failed(error);
        }
        if self.checkpoints.is_busy() {
            return Saving::Busy;
        }
        match self.checkpoints.outcome() {
            Some(Err(error)) if !self.is_failing => {
                self.is_failing = true;
                Saving::Failed(error)
            }
            Some(Ok(())) => {
                self.is_failing = false;
                Saving::Done
            }
            Some(Err(_)) | None => Saving::Done,
        }
    }

    fn on_end(&mut self) -> Result<()> {
        match self.missed.take() {
            Some(error) => Err(error),
            None => self.checkpoints.wait(),
        }
    }
}

/// A file that grows line by line instead of being written whole. Each line goes to the system at once, and all of them to
/// the disk before a state that counts on them.
#[derive(Debug)]
pub(super) struct Lines {
    file: File,
    path: PathBuf,
    /// What the system has not taken yet.
    waiting: Vec<u8>,
}

impl Lines {
    pub(super) fn open(path: PathBuf) -> Result<Lines> {
        match OpenOptions::new().create(true).append(true).open(&path) {
            Ok(file) => Ok(Lines { file, path, waiting: Vec::new() }),
            Err(error) => Err(Error::io(path, "write", error)),
        }
    }

    fn add(&mut self, lines: &str) {
        self.waiting.extend_from_slice(lines.as_bytes());
    }

    fn write(&mut self) -> Result<()> {
        while !self.waiting.is_empty() {
            // A full disk takes a part of it at times; the rest comes after it, so that no line is torn.
            match self.file.write(&self.waiting) {
                Ok(0) => return Err(self.failed(io::ErrorKind::WriteZero.into())),
                Ok(taken) => drop(self.waiting.drain(..taken)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.failed(error)),
            }
        }
        Ok(())
    }

    fn failed(&self, error: io::Error) -> Error {
        Error::io(&self.path, "write", error)
    }

    fn second_handle(&self) -> Result<(File, PathBuf)> {
        let file = self.file.try_clone().map_err(|error| self.failed(error))?;
        Ok((file, self.path.clone()))
    }
}
