//! The folder of a sweep: its plan, the experiments of its settings, and a folder per run.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::plan::{Plan, VERSION};
use super::problem::SweepProblem;
use crate::error::{Error, Result};
use crate::experiment::Experiment;
use crate::run::{Lock, RunFolder, from_the_root, remove_run};
use crate::whole_file::write_whole;

/// The plan, with what every run came to; written whole after each of them.
const PLAN: &str = "sweep.json";
/// The experiment of each setting, as TOML; written once.
const EXPERIMENTS: &str = "experiments.json";

/// The folder of a sweep.
#[derive(Debug)]
pub struct SweepFolder {
    path: PathBuf,
    experiments: Vec<Experiment>,
}

impl SweepFolder {
    /// Makes the folder of a new sweep: `out`, or the next free `runs/NAME-sweep-001`; and writes the plan into it. With `force`, a
    /// sweep that is there is removed: its plan and what its runs wrote, and nothing else.
    ///
    /// # Errors
    /// [`SweepProblem::Exists`], [`SweepProblem::Taken`], and [`Error::Io`].
    pub fn create(
        plan: &Plan,
        experiments: Vec<Experiment>,
        out: Option<&Path>,
        force: bool,
    ) -> Result<SweepFolder> {
        let path = match out {
            Some(out) => named(out, force)?,
            None => numbered(Path::new("runs"), &plan.name)?,
        };
        let experiments: Vec<Experiment> = experiments.into_iter().map(from_the_root).collect();
        let texts: Vec<String> = experiments.iter().map(Experiment::to_toml).collect();
        write_json(&path.join(EXPERIMENTS), &texts)?;
        let folder = SweepFolder { path, experiments };
        folder.save(plan)?;
        Ok(folder)
    }

    /// Opens the folder of a sweep, to go on with it.
    ///
    /// # Errors
    /// [`SweepProblem::NotASweep`], [`SweepProblem::Version`], [`SweepProblem::NotValid`], and [`Error::Io`].
    pub fn open(path: &Path) -> Result<(SweepFolder, Plan)> {
        for missing in [PLAN, EXPERIMENTS] {
            if !path.join(missing).is_file() {
                return Err(SweepProblem::NotASweep { path: path.to_owned(), missing }.into());
            }
        }
        let file = path.join(PLAN);
        let wrong = |file: &Path, reason: String| SweepProblem::NotValid { path: file.to_owned(), reason };
        let value = read_json::<serde_json::Value>(&file)?;
        match value.get("version").and_then(serde_json::Value::as_u64) {
            Some(version) if version == u64::from(VERSION) => {}
            found => {
                let found = found.and_then(|found| u32::try_from(found).ok()).unwrap_or_default();
                return Err(SweepProblem::Version { path: file, found, known: VERSION }.into());
            }
        }
        let mut plan: Plan =
            serde_json::from_value(value).map_err(|error| wrong(&file, error.to_string()))?;
        check(&plan).map_err(|reason| wrong(&file, reason))?;
        let texts: Vec<String> = read_json(&path.join(EXPERIMENTS))?;
        if texts.len() != plan.settings.len() {
            let reason = format!("{} experiments for {} settings", texts.len(), plan.settings.len());
            return Err(wrong(&path.join(EXPERIMENTS), reason).into());
        }
        let experiments = texts.iter().map(|text| Experiment::parse(text, None)).collect::<Result<_>>()?;
        plan.retry_failed();
        Ok((SweepFolder { path: path.to_owned(), experiments }, plan))
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder of a run.
    pub fn run(&self, plan: &Plan, run: usize) -> PathBuf {
        self.path.join(&plan.runs[run].folder)
    }

    /// The experiment of a run.
    pub fn experiment(&self, plan: &Plan, run: usize) -> Experiment {
        plan.experiment_of(run, &self.experiments[plan.runs[run].setting])
    }

    /// Keeps every other process from working on this sweep until it is dropped.
    ///
    /// # Errors
    /// [`RunProblem::Locked`](crate::run::RunProblem::Locked) while another works on it.
    pub fn lock(&self) -> Result<SweepLock> {
        Lock::take(&self.path).map(SweepLock)
    }

    /// Writes the plan.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn save(&self, plan: &Plan) -> Result<()> {
        write_json(&self.path.join(PLAN), plan)
    }
}

/// Held by whoever works on a sweep.
#[derive(Debug)]
pub struct SweepLock(#[expect(dead_code, reason = "it is held, not looked at")] Lock);

/// Whether a plan that was read can be worked with.
fn check(plan: &Plan) -> Result<(), String> {
    let settings = plan.settings.len();
    if settings == 0 || plan.runs.is_empty() || !plan.runs.len().is_multiple_of(settings) {
        return Err(format!("{} runs for {settings} settings", plan.runs.len()));
    }
    let repeats = plan.repeats();
    for (number, run) in plan.runs.iter().enumerate() {
        let is_name =
            !run.folder.is_empty() && !run.folder.starts_with('.') && !run.folder.contains(['/', '\\']);
        if run.setting != number / repeats || !is_name || run.results.len() > plan.rungs() {
            return Err(format!("run {number} is not one of this plan"));
        }
    }
    match &plan.halving {
        Some(halving) if halving.reduction < 2 || halving.epochs.is_empty() => {
            Err("its halving has no rungs".to_owned())
        }
        _ => Ok(()),
    }
}

/// The folder that the user names.
fn named(out: &Path, force: bool) -> Result<PathBuf> {
    let is_taken = fs::read_dir(out).is_ok_and(|mut entries| entries.next().is_some());
    if is_taken {
        match (out.join(PLAN).is_file(), force) {
            (true, true) => remove(out)?,
            (true, false) => return Err(SweepProblem::Exists { path: out.to_owned() }.into()),
            (false, _) => return Err(SweepProblem::Taken { path: out.to_owned() }.into()),
        }
    }
    fs::create_dir_all(out).map_err(|error| Error::io(out, "create", error))?;
    Ok(out.to_owned())
}

/// Removes the sweep in a folder: the files of its runs, then its plan.
fn remove(path: &Path) -> Result<()> {
    let (folder, plan) = SweepFolder::open(path)?;
    let runs: Vec<PathBuf> = (0..plan.runs.len()).map(|run| folder.run(&plan, run)).collect();
    // Nothing is removed while somebody works on any of it.
    Lock::check(path)?;
    runs.iter().try_for_each(|run| Lock::check(run))?;
    for run in runs {
        if RunFolder::is_run(&run) {
            remove_run(&run)?;
            Lock::remove(&run)?;
            // One with something else in it stays.
            let _ = fs::remove_dir(&run);
        }
    }
    for file in [PLAN, EXPERIMENTS].map(|name| path.join(name)) {
        fs::remove_file(&file).map_err(|error| Error::io(&file, "remove", error))?;
    }
    Ok(())
}

/// The next folder that is free.
fn numbered(runs: &Path, name: &str) -> Result<PathBuf> {
    fs::create_dir_all(runs).map_err(|error| Error::io(runs, "create", error))?;
    let mut number = 1;
    loop {
        let folder = runs.join(format!("{name}-sweep-{number:03}"));
        match fs::create_dir(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => number += 1,
            Err(error) => return Err(Error::io(folder, "create", error)),
        }
    }
}

fn write_json(path: &Path, value: &impl serde::Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(value).map_err(|error| Error::io(path, "write", error.into()))?;
    write_whole(path, |file| file.write_all((text + "\n").as_bytes()))
}

fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T> {
    let text = fs::read(path).map_err(|error| Error::io(path, "read", error))?;
    serde_json::from_slice(&text)
        .map_err(|error| SweepProblem::NotValid { path: path.to_owned(), reason: error.to_string() }.into())
}
