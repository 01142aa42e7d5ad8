//! Where a run is put.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::problem::RunProblem;
use crate::error::{Error, Result};
use crate::experiment::is_name;

/// The files that a run consists of: what `--force` may remove.
const FILES: [&str; 8] = [
    "experiment.toml",
    "environment.json",
    "metrics.jsonl",
    "metrics.csv",
    "predictions.csv",
    "model.safetensors",
    "state.safetensors",
    "log.txt",
];

/// The folder of a run's pictures.
pub(super) const PICTURES: &str = "pictures";

/// Where a run is put: a numbered folder, or one that is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The folder in which runs are numbered: `runs`.
    pub runs: PathBuf,
    /// What the numbered folder is called: `NAME-001`; `None` takes the experiment's name.
    pub name: Option<String>,
    /// This very folder, instead of a numbered one.
    pub out: Option<PathBuf>,
    /// Whether a run that is already in `out` is replaced.
    pub force: bool,
}

impl Default for Place {
    fn default() -> Self {
        Place { runs: PathBuf::from("runs"), name: None, out: None, force: false }
    }
}

impl Place {
    /// Makes the folder. Two runs that begin at the same moment get different ones.
    pub(super) fn make(&self, experiment_name: &str) -> Result<PathBuf> {
        match &self.out {
            Some(out) => self.make_out(out),
            None => {
                let name = self.name.as_deref().unwrap_or(experiment_name);
                if !is_name(name) {
                    let problem = RunProblem::Name { name: name.to_owned() };
                    return Err(Error::Run { path: self.runs.clone(), problem });
                }
                make_numbered(&self.runs, name)
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
        let mut entries = fs::read_dir(out).map_err(|error| Error::io(out, "read", error))?;
        if entries.next().is_none() {
            return Ok(out.to_owned()); // an empty folder is as good as none
        }
        if !self.force {
            return refuse(RunProblem::Exists);
        }
        if !out.join(FILES[0]).is_file() {
            return refuse(RunProblem::NotReplaceable);
        }
        for file in FILES.map(|name| out.join(name)) {
            remove(fs::remove_file(&file), &file)?;
        }
        let pictures = out.join(PICTURES);
        remove(fs::remove_dir_all(&pictures), &pictures)?;
        Ok(out.to_owned())
    }
}

fn remove(done: std::io::Result<()>, path: &Path) -> Result<()> {
    match done {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::io(path, "remove", error)),
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
        assert_eq!(name(&Place { name: Some("mine".to_owned()), ..place.clone() }), "mine-001");
        let escape = Place { name: Some("../mine".to_owned()), ..place };
        assert!(escape.make("iris").unwrap_err().to_string().contains("\"../mine\" cannot name a run"));
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

        for name in ["experiment.toml", "model.safetensors"] {
            fs::write(out.join(name), "").unwrap();
        }
        fs::create_dir(out.join(PICTURES)).unwrap();
        assert!(place.make("iris").is_err());
        assert_eq!(forced.make("iris").unwrap(), out);
        let left: Vec<_> = fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["thesis.txt"]);
    }
}
