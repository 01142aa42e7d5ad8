//! Where sets known by name are looked for.

use std::path::{Path, PathBuf};

/// The folders in which sets known by name are looked for, in order: the one given (`--data`), `$THALWEG_DATA`, and the
/// user's data folder (`~/.local/share/thalweg` on Linux), into which `thalweg data fetch` writes.
pub fn data_folders(given: Option<&Path>) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = given.map(Path::to_owned).into_iter().collect();
    if let Some(folder) = std::env::var_os("THALWEG_DATA").filter(|folder| !folder.is_empty()) {
        folders.push(folder.into());
    }
    if let Some(folder) = dirs::data_dir() {
        folders.push(folder.join("thalweg"));
    }
    folders
}
