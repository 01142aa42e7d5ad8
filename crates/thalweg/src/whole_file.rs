//! Writing a file whole or not at all.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Error, Result};

/// The end of the name of a file that is being written.
pub(crate) const PARTIAL: &str = ".partial";

/// The stages of a write; tests make one of them fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Create,
    Write,
    Sync,
    Rename,
}

/// Writes `path` whole or not at all: `write` fills a file of another name in the same folder, which is synced and then
/// renamed to `path`; the folder is synced too. Whoever opens `path` at any moment, a power cut included, finds the old
/// file or the new one.
///
/// # Errors
/// [`Error::Io`] when the system refuses, or when `write` does; an old file is then still there, and nothing is left
/// beside it.
///
/// # Example
/// ```
/// use thalweg::whole_file::write_whole;
/// let path = std::env::temp_dir().join(format!("thalweg-doc-{}.txt", std::process::id()));
/// write_whole(&path, |file| file.write_all(b"42"))?;
/// assert_eq!(std::fs::read(&path).unwrap(), b"42");
/// # std::fs::remove_file(&path).unwrap();
/// # Ok::<(), thalweg::Error>(())
/// ```
pub fn write_whole(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    write_in_stages(path, write, |_| Ok(()))
}

fn write_in_stages(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    reached: impl Fn(Stage) -> io::Result<()>,
) -> Result<()> {
    let failed = |error| Error::io(path, "write", error);
    let beside = beside(path).map_err(failed)?;
    let done = (|| {
        reached(Stage::Create)?;
        let file = OpenOptions::new().write(true).create_new(true).open(&beside)?;
        let mut buffer = BufWriter::with_capacity(1 << 16, file);
        reached(Stage::Write)?;
        write(&mut buffer)?;
        let file = buffer.into_inner().map_err(io::IntoInnerError::into_error)?;
        reached(Stage::Sync)?;
        file.sync_all()?;
        drop(file);
        reached(Stage::Rename)?;
        fs::rename(&beside, path)?;
        sync_folder(path)
    })();
    done.map_err(|error| {
        // It may not have been created; there is nothing better to do if it cannot be removed.
        let _ = fs::remove_file(&beside);
        failed(error)
    })
}

/// A name in the same folder that nobody else uses: `.NAME.PROCESS-COUNT.partial`.
fn beside(path: &Path) -> io::Result<PathBuf> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let name = path.file_name().ok_or_else(|| io::Error::other("the path does not end in a file's name"))?;
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let mut hidden = OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{}-{count}{PARTIAL}", std::process::id()));
    Ok(path.with_file_name(hidden))
}

/// Makes the new name itself durable.
#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::File::open(folder)?.sync_all()
}

/// Elsewhere a folder cannot be synced; the rename is as durable as the system makes it.
#[cfg(not(unix))]
fn sync_folder(_path: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::tempdir;

    #[test]
    fn a_failure_at_any_stage_leaves_the_old_file_and_nothing_else() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("weights");
        write_whole(&path, |file| file.write_all(b"old")).unwrap();
        for stage in [Stage::Create, Stage::Write, Stage::Sync, Stage::Rename] {
            let error = write_in_stages(
                &path,
                |file| file.write_all(b"new and longer"),
                |reached| if reached == stage { Err(io::Error::other("no space")) } else { Ok(()) },
            )
            .unwrap_err();
            assert!(error.to_string().ends_with("weights: no space"), "{error}");
            assert_eq!(fs::read(&path).unwrap(), b"old", "{stage:?}");
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "{stage:?}");
        }
        // A writer that stops half way.
        let half =
            |file: &mut dyn Write| file.write_all(b"ne").and_then(|()| Err(io::Error::other("killed")));
        assert!(write_whole(&path, half).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"old");
        write_whole(&path, |file| file.write_all(b"new")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
    }

    #[test]
    fn a_missing_folder_is_named() {
        let error = write_whole(Path::new("/no/such/folder/file"), |_| Ok(())).unwrap_err();
        assert_eq!(error.to_string(), "cannot write /no/such/folder/file: no such file or directory");
    }
}
