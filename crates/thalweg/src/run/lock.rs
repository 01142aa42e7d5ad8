//! One process at a time trains in a run's folder.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::Path;

use super::problem::RunProblem;
use crate::error::{Error, Result};

/// The file that is locked; it holds the number of the process that trains.
pub(super) const LOCK: &str = ".lock";

/// The lock of a run's folder, held until it is dropped. The system takes it back from a process that dies, so that a dead one
/// stands in nobody's way.
#[derive(Debug)]
pub(crate) struct Lock {
    /// `None` where the file system knows no locks: then nobody is refused.
    _file: Option<File>,
}

impl Lock {
    /// # Errors
    /// [`RunProblem::Locked`] while another holds it, [`Error::Io`] where its file cannot be made.
    pub(crate) fn take(folder: &Path) -> Result<Self> {
        let path = folder.join(LOCK);
        let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let file = opened.map_err(|error| Error::io(&path, "write", error))?;
        match file.try_lock() {
            Ok(()) => {
                note_process(&file);
                Ok(Lock { _file: Some(file) })
            }
            Err(TryLockError::WouldBlock) => Err(locked(folder, file)),
            Err(TryLockError::Error(_)) => Ok(Lock { _file: None }),
        }
    }

    /// Refuses a folder that somebody trains in; nothing is made there.
    ///
    /// # Errors
    /// [`RunProblem::Locked`].
    pub(crate) fn check(folder: &Path) -> Result<()> {
        match File::open(folder.join(LOCK)) {
            Ok(file) if matches!(file.try_lock(), Err(TryLockError::WouldBlock)) => Err(locked(folder, file)),
            _ => Ok(()),
        }
    }
}

impl Lock {
    /// Removes the file that is locked, of a folder that is about to be removed.
    ///
    /// # Errors
    /// [`RunProblem::Locked`], [`Error::Io`].
    pub(crate) fn remove(folder: &Path) -> Result<()> {
        Lock::check(folder)?;
        super::place::remove(&folder.join(LOCK))
    }
}

/// The number is for people: it does not matter if it cannot be written.
fn note_process(mut file: &File) {
    let _ = file.set_len(0).and_then(|()| write!(file, "{}", std::process::id()));
}

fn locked(folder: &Path, mut file: File) -> Error {
    let mut text = String::new();
    let _ = file.read_to_string(&mut text);
    Error::Run { path: folder.to_owned(), problem: RunProblem::Locked { process: text.trim().parse().ok() } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::tempdir;

    #[test]
    fn a_folder_is_locked_once_and_free_again_afterwards() {
        let folder = tempdir().unwrap();
        assert!(Lock::check(folder.path()).is_ok());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "looking makes nothing");
        let lock = Lock::take(folder.path()).unwrap();
        let refused = Lock::take(folder.path()).unwrap_err().to_string();
        let own = std::process::id();
        assert!(refused.contains(&format!("process {own} is training in this folder")), "{refused}");
        assert_eq!(Lock::check(folder.path()).unwrap_err().to_string(), refused);
        drop(lock);
        assert!(Lock::check(folder.path()).is_ok());
        // What the file says does not matter: a process that died leaves it behind.
        Lock::take(folder.path()).unwrap();
    }
}
