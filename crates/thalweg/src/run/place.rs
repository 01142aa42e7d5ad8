//! Where a run is put.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::folder::RunFolder;
use super::lock::{LOCK, Lock};
use super::problem::RunProblem;
use super::states;
use super::tensorboard::{TensorBoard, is_event_file};
use crate::error::{Error, Result};
use crate::experiment::is_name;

/// The files that a run consists of: what `--force` may remove.
const FILES: [&str; 10] = [
    "experiment.toml",
    "environment.json",
    "metrics.jsonl",
    "hashes.jsonl",
    "metrics.csv",
    "predictions.csv",
    "model.safetensors",
    "state.safetensors",
    "start.safetensors",
    "log.txt",
];

/// The folder of a run's pictures.
pub(super) const PICTURES: &str = "pictures";

/// The pictures that `thalweg train` and `thalweg draw` put there, each as `.svg` and `.png`; an `image` also carries a
/// row's number.
const PICTURE_NAMES: [&str; 15] = [
    "loss",
    "loss-animation",
    "accuracy",
    "fit",
    "fit-animation",
    "data",
    "boundary",
    "boundary-animation",
    "images",
    "image",
    "mistakes",
    "confusion",
    "weights",
    "activations",
    "surface",
];

/// Where a run is put: a numbered folder, or one that is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The folder in which runs are numbered by their experiments' names: `runs`.
    pub runs: PathBuf,
    /// This very folder, instead of a numbered one.
    pub out: Option<PathBuf>,
    /// Whether a run that is already in `out` is replaced.
    pub force: bool,
}

impl Default for Place {
    fn default() -> Self {
        Place { runs: PathBuf::from("runs"), out: None, force: false }
    }
}

impl Place {
    /// Makes the folder. Two runs that begin at the same moment get different ones.
    pub(super) fn make(&self, experiment_name: &str) -> Result<PathBuf> {
        match &self.out {
            Some(out) => self.make_out(out),
            None => {
                if !is_name(experiment_name) {
                    let problem = RunProblem::Name { name: experiment_name.to_owned() };
                    return Err(Error::Run { path: self.runs.clone(), problem });
                }
                make_numbered(&self.runs, experiment_name)
            }
        }
    }

    fn make_out(&self, out: &Path) -> Result<PathBuf> {
        if let Some(parent) = out.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            create_all(parent)?;
        }
        match fs::create_dir(out) {
            Ok(()) => return Ok(out.to_owned()),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(Error::io(out, "create", error)),
        }
        let refuse = |problem| Err(Error::Run { path: out.to_owned(), problem });
        let entries = fs::read_dir(out).map_err(|error| Error::io(out, "read", error))?;
        // An empty folder is as good as none, and so is one that a process was killed in before it wrote anything.
        if entries.flatten().all(|entry| entry.file_name() == LOCK) {
            Lock::check(out)?;
            return Ok(out.to_owned());
        }
        if !self.force {
            return refuse(RunProblem::Exists);
        }
        if !RunFolder::is_run(out) {
            return refuse(RunProblem::NotReplaceable);
        }
        Lock::check(out)?;
        remove_run(out)?;
        Ok(out.to_owned())
    }
}

/// Removes what a run wrote into its folder, and nothing else.
pub(crate) fn remove_run(folder: &Path) -> Result<()> {
    for file in FILES.map(|name| folder.join(name)) {
        remove(&file)?;
    }
    states::remove_earlier(folder)?;
    remove_events(&folder.join(TensorBoard::FOLDER))?;
    remove_pictures(&folder.join(PICTURES))
}

/// Removes the event files that a run wrote, and their folder if nothing else is in it.
fn remove_events(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_str().is_some_and(is_event_file) {
            remove(&entry.path())?;
        }
    }
    let _ = fs::remove_dir(folder);
    Ok(())
}

/// Removes the pictures of a run, and their folder if nothing else is in it. A link to a folder elsewhere is left alone.
fn remove_pictures(folder: &Path) -> Result<()> {
    if !fs::symlink_metadata(folder).is_ok_and(|found| found.is_dir()) {
        return Ok(());
    }
    for entry in fs::read_dir(folder).map_err(|error| Error::io(folder, "read", error))?.flatten() {
        if entry.file_name().to_str().is_some_and(is_picture) {
            remove(&entry.path())?;
        }
    }
    // A folder with something else in it stays.
    let _ = fs::remove_dir(folder);
    Ok(())
}

/// Whether a run writes a picture under this name.
fn is_picture(file: &str) -> bool {
    let Some(name) = file.strip_suffix(".svg").or_else(|| file.strip_suffix(".png")) else { return false };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    PICTURE_NAMES.contains(&name) || name.strip_prefix("image-").is_some_and(is_number)
}

pub(super) fn remove(file: &Path) -> Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::io(file, "remove", error)),
        _ => Ok(()),
    }
}

fn create_all(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).map_err(|error| Error::io(folder, "create", error))
}

/// The folder after the highest number that is taken.
fn make_numbered(runs: &Path, name: &str) -> Result<PathBuf> {
    create_all(runs)?;
    let number = |entry: fs::DirEntry| -> Option<u64> {
        entry.file_name().to_str()?.strip_prefix(name)?.strip_prefix('-')?.parse().ok()
    };
    let entries = fs::read_dir(runs).map_err(|error| Error::io(runs, "read", error))?;
    let highest = entries.filter_map(|entry| number(entry.ok()?)).max().unwrap_or(0);
    let mut next = highest.saturating_add(1);
    loop {
        let folder = runs.join(format!("{name}-{next:03}"));
        match fs::create_dir(&folder) {
            Ok(()) => return Ok(folder),
            // Somebody else was quicker.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => next = next.saturating_add(1),
            Err(error) => return Err(Error::io(&folder, "create", error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::tempdir;

    #[test]
    fn runs_are_numbered_and_never_overwritten() {
        let folder = tempdir().unwrap();
        let place = Place { runs: folder.path().join("runs"), ..Place::default() };
        let name = |place: &Place| place.make("iris").unwrap().file_name().unwrap().to_owned();
        assert_eq!([name(&place), name(&place)], ["iris-001", "iris-002"]);
        fs::create_dir(place.runs.join("iris-010")).unwrap();
        assert_eq!(name(&place), "iris-011");
        assert!(place.make("../mine").unwrap_err().to_string().contains("\"../mine\" cannot name a run"));
    }

    #[test]
    fn a_folder_of_ones_own_is_replaced_only_with_force_and_only_if_it_is_a_run() {
        let folder = tempdir().unwrap();
        let out = folder.path().join("a/b");
        let place = Place { out: Some(out.clone()), ..Place::default() };
        let forced = Place { force: true, ..place.clone() };
        assert_eq!(place.make("iris").unwrap(), out);
        assert_eq!(place.make("iris").unwrap(), out); // still empty

        fs::write(out.join("thesis.txt"), "mine").unwrap();
        assert!(
            place.make("iris").unwrap_err().to_string().ends_with("or replace the run in it with --force")
        );
        assert!(forced.make("iris").unwrap_err().to_string().contains("the folder is not a run"));

        for name in ["experiment.toml", "environment.json", "model.safetensors", "state-17.safetensors"] {
            fs::write(out.join(name), "").unwrap();
        }
        let pictures = out.join(PICTURES);
        fs::create_dir(&pictures).unwrap();
        for name in ["loss.svg", "image-7.png"] {
            fs::write(pictures.join(name), "").unwrap();
        }
        assert!(place.make("iris").is_err());
        assert_eq!(forced.make("iris").unwrap(), out);
        assert_eq!(files(&out), ["thesis.txt"]);
    }

    #[test]
    fn what_no_run_wrote_is_never_removed() {
        let folder = tempdir().unwrap();
        let out = folder.path().to_owned();
        let forced = Place { out: Some(out.clone()), force: true, ..Place::default() };
        let pictures = out.join(PICTURES);
        fs::create_dir(&pictures).unwrap();
        for name in ["holiday.jpg", "loss.png", "image-sea.png", "lossless.svg"] {
            fs::write(pictures.join(name), name).unwrap();
        }
        for name in ["experiment.toml", "notes.txt", "state-of-things.safetensors"] {
            fs::write(out.join(name), name).unwrap();
        }
        let before = (files(&out), files(&pictures));
        assert_eq!(
            forced.make("iris").unwrap_err().to_string(),
            format!(
                "{}: the folder is not a run, and --force replaces nothing but runs; choose another with --out",
                out.display()
            )
        );
        assert_eq!((files(&out), files(&pictures)), before);

        // In a run, too, what it did not write stays.
        fs::write(out.join("environment.json"), "").unwrap();
        forced.make("iris").unwrap();
        assert_eq!(files(&out), ["notes.txt", "pictures", "state-of-things.safetensors"]);
        assert_eq!(files(&pictures), ["holiday.jpg", "image-sea.png", "lossless.svg"]);
    }

    fn files(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}
