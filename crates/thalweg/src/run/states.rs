//! The checkpoints in a run's folder: `state.safetensors`, the newest, and earlier ones with their step in their name.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::place::remove;
use crate::error::{Error, Result};
use crate::model_file::{load_state, save_state};
use crate::train::State;

/// The newest checkpoint.
pub(super) const STATE: &str = "state.safetensors";

/// What writes a state into a file, whole or not at all; tests have writers of their own.
pub(super) type Write = Box<dyn FnMut(&State, &Path) -> Result<()> + Send>;

/// The step in the name of an earlier checkpoint: `state-120.safetensors`.
pub(super) fn step_of(name: &str) -> Option<u64> {
    let step = name.strip_prefix("state-")?.strip_suffix(".safetensors")?;
    step.parse().ok().filter(|number: &u64| number.to_string() == step)
}

/// The earlier checkpoints, newest first.
fn earlier(folder: &Path) -> Vec<(u64, PathBuf)> {
    let step = |entry: fs::DirEntry| Some((step_of(entry.file_name().to_str()?)?, entry.path()));
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut found: Vec<(u64, PathBuf)> = entries.filter_map(|entry| step(entry.ok()?)).collect();
    found.sort_by_key(|(step, _)| std::cmp::Reverse(*step));
    found
}

/// The newest checkpoint that is whole, and what is wrong with the first that is newer.
///
/// # Errors
/// Of the newest, where none is whole.
pub(super) fn newest(folder: &Path) -> Result<(Option<State>, Option<Error>)> {
    let latest = folder.join(STATE);
    let latest = latest.exists().then_some(latest);
    let mut damage = None;
    for path in latest.into_iter().chain(earlier(folder).into_iter().map(|(_, path)| path)) {
        match load_state(&path) {
            Ok(state) => return Ok((Some(state), damage)),
            Err(error) => {
                damage.get_or_insert(error);
            }
        }
    }
    damage.map_or(Ok((None, None)), Err)
}

/// The newest whole checkpoint that was made after at most `step` updates.
pub(super) fn up_to(folder: &Path, step: u64) -> Option<State> {
    let fits = |path: &Path| load_state(path).ok().filter(|state| state.counters.step <= step);
    fits(&folder.join(STATE)).or_else(|| {
        earlier(folder).into_iter().filter(|(at, _)| *at <= step).find_map(|(_, path)| fits(&path))
    })
}

/// Removes the earlier checkpoints.
pub(super) fn remove_earlier(folder: &Path) -> Result<()> {
    earlier(folder).iter().try_for_each(|(_, path)| remove(path))
}

/// Puts states into a run's folder.
pub(super) struct States {
    folder: PathBuf,
    /// How many of the newest are kept.
    keep: usize,
    /// The step of the state that lies there as the newest, if it is whole.
    newest: Option<u64>,
    /// Files whose lines a state counts on: they go to the disk before it.
    lines: Vec<(File, PathBuf)>,
    write: Write,
}

impl States {
    pub(super) fn new(folder: &Path, keep: usize, lines: Vec<(File, PathBuf)>) -> Self {
        States {
            folder: folder.to_owned(),
            keep: keep.max(1),
            newest: load_state(&folder.join(STATE)).ok().map(|state| state.counters.step),
            lines,
            write: Box::new(save_state),
        }
    }

    /// With a writer of one's own.
    #[cfg(test)]
    pub(super) fn with_writer(self, write: Write) -> Self {
        States { write, ..self }
    }

    /// Writes a state as the newest. The one that was the newest stays under its step, and of those before it so many as are to be
    /// kept.
    ///
    /// # Errors
    /// [`Error::Io`]; then all that was there before is still there.
    pub(super) fn put(&mut self, state: &State) -> Result<()> {
        for (file, path) in &self.lines {
            file.sync_data().map_err(|error| Error::io(path, "write", error))?;
        }
        let (step, path) = (state.counters.step, self.folder.join(STATE));
        if let Some(before) = self.newest.filter(|before| *before != step && self.keep > 1) {
            // Without it the newest is written over, and an earlier one is missing: no reason to have no newer one.
            let _ = second_name(&path, &self.folder.join(format!("state-{before}.safetensors")));
        }
        (self.write)(state, &path)?;
        self.newest = Some(step);
        // Those that are said to be later were left by a run that went another way, or are damaged.
        let earlier = earlier(&self.folder);
        let later = earlier.iter().filter(|(at, _)| *at >= step);
        let old = earlier.iter().filter(|(at, _)| *at < step).skip(self.keep - 1);
        for (_, path) in later.chain(old) {
            // It is in nobody's way if it cannot be removed.
            let _ = fs::remove_file(path);
        }
        Ok(())
    }
}

/// Gives a file one more name, or another one where a file can have only one.
fn second_name(path: &Path, name: &Path) -> io::Result<()> {
    match fs::hard_link(path, name) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(_) => fs::rename(path, name),
        Ok(()) => Ok(()),
    }
}
