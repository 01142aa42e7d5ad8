//! The shared data that tests read where it is there.

use std::path::PathBuf;

/// A file or folder of the shared data, or `None` with a loud line.
///
/// `THALWEG_SHARED` names the folder; without it, it is looked for beside the repository.
///
/// # Panics
/// When `THALWEG_SHARED` is set but does not have the file: then it was meant to be there.
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    let given = std::env::var_os("THALWEG_SHARED");
    let folder = given.clone().map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let file = folder.join(path);
    if file.exists() {
        return Some(file);
    }
    assert!(given.is_none(), "THALWEG_SHARED is set, but {} does not exist", file.display());
    // Written past the test harness, which hides what a passing test prints.
    let message =
        format!("SKIPPED: {} is not there; set THALWEG_SHARED to the shared data\n", file.display());
    std::io::Write::write_all(&mut std::io::stderr(), message.as_bytes()).expect("stderr can be written");
    None
}
