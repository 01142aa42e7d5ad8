//! The run folder: everything that a run leaves behind, each file written whole or not at all.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::environment::Environment;
use super::hashes::{self, ReportHashes, Tensors};
use super::lock::Lock;
use super::metrics::{self, MetricsRow};
use super::place::{PICTURES, Place};
use super::predictions;
use super::prepare::{Prepared, prepare};
use super::problem::RunProblem;
use super::recorder::{Lines, Recorder};
use super::result::TrainResult;
use super::start::Start;
use super::states::{self, States};
use crate::NUMERICS_VERSION;
use crate::custom::Registry;
use crate::error::{Error, Result};
use crate::experiment::{Draft, Experiment, ExperimentProblem};
use crate::model_file::{Model, Status, TrainingSummary, load_state, save_state};
use crate::train::{Ending, Observer, Outcome, State, sha256};
use crate::whole_file::{PARTIAL, write_whole};

const EXPERIMENT: &str = "experiment.toml";
const ENVIRONMENT: &str = "environment.json";
const METRICS: &str = "metrics.jsonl";
const HASHES: &str = "hashes.jsonl";
const METRICS_CSV: &str = "metrics.csv";
const PREDICTIONS: &str = "predictions.csv";
const MODEL: &str = "model.safetensors";
const START: &str = "start.safetensors";
const LOG: &str = "log.txt";

/// In the log, before the step at which the loss ran away.
const DIVERGED: &str = "diverged after step ";

/// The folder of a run. `docs/run-folder.md` says what is in it.
///
/// # Example
/// ```
/// use thalweg::experiment::Draft;
/// use thalweg::run::{self, Place, RunFolder};
/// # let runs = std::env::temp_dir().join(format!("thalweg-doc-runs-{}", std::process::id()));
/// let experiment = Draft::builtin("spiral-linear")?.set("steps", "3")?.check()?;
/// let mut prepared = run::prepare(experiment, None)?;
/// let place = Place { runs: runs.clone(), ..Place::default() };
/// let mut folder = RunFolder::create(&prepared, &place, Vec::new())?;
/// let (_, result) = folder.train(&mut prepared, Vec::new(), None, None)?;
/// assert_eq!(result.summary.steps, 3);
/// assert_eq!(RunFolder::open(folder.path())?.result()?, Some(result));
/// # std::fs::remove_dir_all(&runs).unwrap();
/// # Ok::<(), thalweg::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct RunFolder {
    path: PathBuf,
    experiment: Experiment,
    environment: Environment,
    log: String,
    /// Held from when the run is made or rewound until training ends.
    lock: Option<Arc<Lock>>,
    /// What a person should know about the state that was read last.
    warning: Option<RunProblem>,
}

impl RunFolder {
    /// Makes the folder of a new run and writes what is known before training. `command` and the
    /// number of threads stand in `environment.json`. Until it has trained, nobody else can in this folder.
    ///
    /// # Errors
    /// [`RunProblem::Exists`], [`RunProblem::NotReplaceable`], [`RunProblem::Locked`] and [`Error::Io`].
    pub fn create(prepared: &Prepared, place: &Place, command: Vec<String>) -> Result<Self> {
        let path = place.make(&prepared.experiment.name)?;
        let lock = Some(Arc::new(Lock::take(&path)?));
        let environment = Environment::new(prepared, command);
        let experiment = prepared.experiment.clone();
        let mut folder = RunFolder { path, experiment, environment, log: String::new(), lock, warning: None };
        write_text(&folder.file(EXPERIMENT), &folder.experiment.to_toml())?;
        if let Some(start) = &prepared.start {
            save_state(&start.state, &folder.file(START))?;
        }
        let environment = serde_json::to_string_pretty(&folder.environment)
            .map_err(|error| Error::io(folder.file(ENVIRONMENT), "write", error.into()))?;
        write_text(&folder.file(ENVIRONMENT), &(environment + "\n"))?;
        write_text(&folder.file(METRICS), "")?;
        write_text(&folder.file(HASHES), "")?;
        folder.log(&opening(prepared, &folder.environment))?;
        Ok(folder)
    }

    /// Opens the folder of a run that was made before.
    ///
    /// # Errors
    /// [`RunProblem::NotARun`], or what is wrong with its experiment or environment.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        RunFolder::open_with(path, Registry::new())
    }

    /// Opens the folder of a run that was made before, with parts of a program's own, which the registry knows by their names.
    ///
    /// # Errors
    /// As [`open`](Self::open), and [`RunProblem::OwnPart`] for a part that is not registered.
    pub fn open_with(path: impl AsRef<Path>, registry: Registry) -> Result<Self> {
        let path = path.as_ref().to_owned();
        for missing in [EXPERIMENT, ENVIRONMENT] {
            if !path.join(missing).is_file() {
                return Err(Error::Run { path, problem: RunProblem::NotARun { missing } });
            }
        }
        let experiment = Draft::read(&path.join(EXPERIMENT))?.with_registry(registry).check();
        let experiment = experiment.map_err(|error| own_part(error, &path))?;
        let file = path.join(ENVIRONMENT);
        let text = fs::read(&file).map_err(|error| Error::io(&file, "read", error))?;
        let environment = serde_json::from_slice(&text).map_err(|error| Error::Run {
            path: file,
            problem: RunProblem::NotValid { reason: error.to_string() },
        })?;
        // The log is for people: a missing one begins anew.
        let log = fs::read_to_string(path.join(LOG)).unwrap_or_default();
        Ok(RunFolder { path, experiment, environment, log, lock: None, warning: None })
    }

    /// Whether a path is the folder of a run.
    pub fn is_run(path: &Path) -> bool {
        path.join(EXPERIMENT).is_file() && path.join(ENVIRONMENT).is_file()
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder for pictures, made if it is not there.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn pictures(&self) -> Result<PathBuf> {
        let folder = self.file(PICTURES);
        fs::create_dir_all(&folder).map_err(|error| Error::io(&folder, "create", error))?;
        Ok(folder)
    }

    /// The experiment with nothing left open.
    pub fn experiment(&self) -> &Experiment {
        &self.experiment
    }

    /// What it was trained with.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The trained model.
    ///
    /// # Errors
    /// As [`Model::load`]; a run that has not come to an end may have none.
    pub fn model(&self) -> Result<Model> {
        Model::load_with(self.file(MODEL), &self.experiment.registry)
    }

    /// The newest state that was saved and is whole, else the state that the run began from, if it is another than the drawn start.
    ///
    /// # Errors
    /// As [`load_state`], of the newest, where none that was saved is whole.
    pub fn state(&self) -> Result<Option<State>> {
        match states::newest(&self.path)? {
            (Some(state), _) => Ok(Some(state)),
            (None, _) => Ok(self.start()?.map(|start| start.state)),
        }
    }

    /// Where the run began, if that is another run or a model.
    pub(super) fn start(&self) -> Result<Option<Start>> {
        let Some(origin) = self.environment.from.clone() else { return Ok(None) };
        let path = self.file(START);
        let state = load_state(&path)?;
        if origin.parameters_sha256 != sha256(&state.parameters) {
            return Err(Error::Run { path, problem: RunProblem::OtherStart });
        }
        Ok(Some(Start { origin, state }))
    }

    /// Every line of `metrics.jsonl`; one that a kill cut off is left out.
    ///
    /// # Errors
    /// [`Error::Io`] and [`RunProblem::MetricsLine`].
    pub fn metrics(&self) -> Result<Vec<MetricsRow>> {
        metrics::read(&self.file(METRICS))
    }

    /// The hashes of every report, if they were written down.
    pub(super) fn hashes(&self) -> Result<Option<Vec<ReportHashes>>> {
        let file = self.file(HASHES);
        if file.exists() { hashes::read(&file).map(Some) } else { Ok(None) }
    }

    /// What a run came to that is at its end; `None` for one that can be resumed. It is kept in the model file.
    ///
    /// # Errors
    /// As [`Model::load`].
    pub fn result(&self) -> Result<Option<TrainResult>> {
        if !self.file(MODEL).exists() {
            return Ok(None);
        }
        let summary = self.model()?.summary.filter(|summary| summary.status != Status::Interrupted);
        Ok(summary.map(|summary| TrainResult { run: self.path.display().to_string(), summary }))
    }

    /// Prepares the experiment again, with the data that the run began with.
    ///
    /// # Errors
    /// As [`prepare`], [`RunProblem::DataChanged`] and [`RunProblem::Numerics`].
    pub fn prepare(&self) -> Result<Prepared> {
        let refuse = |problem| Err(Error::Run { path: self.path.clone(), problem });
        if self.environment.numerics != NUMERICS_VERSION {
            return refuse(RunProblem::Numerics {
                found: self.environment.numerics,
                known: NUMERICS_VERSION,
            });
        }
        let mut prepared = prepare(self.experiment.clone(), self.environment.data_folder.as_deref())?;
        let now = Environment::new(&prepared, Vec::new()).data;
        let contents = |files: &[super::DataFile]| -> Vec<String> {
            files.iter().map(|file| file.sha256.clone()).collect()
        };
        if contents(&now) != contents(&self.environment.data) {
            let changed =
                self.environment.data.iter().zip(&now).find(|(then, now)| then.sha256 != now.sha256);
            let file =
                changed.map_or_else(|| PathBuf::from("the list of files"), |(then, _)| then.path.clone());
            return refuse(RunProblem::DataChanged { file });
        }
        if let Some(start) = self.start()? {
            prepared.begin_from(start)?;
        }
        Ok(prepared)
    }

    /// Makes the folder as it was when its newest whole state was saved, and gives that state: lines that were added to
    /// `metrics.jsonl` and `hashes.jsonl` afterwards are taken away, and come again when the run goes on. Without a state the run begins
    /// anew. Until it has trained, nobody else can in this folder. Where a newer state is damaged, [`warning`](Self::warning) says so.
    ///
    /// # Errors
    /// As [`RunFolder::state`], [`RunProblem::Locked`], [`RunProblem::MetricsEnd`].
    pub fn rewind(&mut self) -> Result<Option<State>> {
        if self.lock.is_none() {
            self.lock = Some(Arc::new(Lock::take(&self.path)?));
            // Whoever had the lock may have added to it.
            self.log = fs::read_to_string(self.file(LOG)).unwrap_or_default();
        }
        let (state, damage) = states::newest(&self.path)?;
        self.warning = damage.zip(state.as_ref()).map(|(damage, state)| RunProblem::Damaged {
            reason: damage.to_string(),
            step: state.counters.step,
        });
        let state = match state {
            Some(state) => Some(state),
            None => self.start()?.map(|start| start.state),
        };
        self.remove_partial();
        let last_report = state.as_ref().and_then(|state| state.counters.last_report);
        metrics::cut_back(&self.file(METRICS), last_report)?;
        hashes::cut_back(&self.file(HASHES), last_report)?;
        let step = state.as_ref().map_or(0, |state| state.counters.step);
        let warning = self.warning.as_ref().map_or(String::new(), |warning| format!("warning: {warning}\n"));
        self.log(&format!("{warning}resumed at step {step}\n"))?;
        Ok(state)
    }

    /// What a person should know about the state that [`rewind`](Self::rewind) gave: that a newer one is damaged.
    pub fn warning(&self) -> Option<&RunProblem> {
        self.warning.as_ref()
    }

    /// Trains in this folder: records every report and checkpoint, then writes the model and the tables.
    ///
    /// `from` is what [`rewind`](Self::rewind) gave, `None` for a new run. The outcome's history holds the reports from
    /// there on; [`metrics`](Self::metrics) has all. Checkpoints are written by a thread of their own while training goes on; what
    /// cannot be written is told to the observers and tried again, the last state excepted.
    ///
    /// # Errors
    /// As [`Prepared::train`], and [`RunProblem::NotSaved`] where the end of the run cannot be written. What was recorded until then
    /// stays.
    pub fn train(
        &mut self,
        prepared: &mut Prepared,
        mut observers: Vec<Box<dyn Observer + '_>>,
        interrupt: Option<&AtomicBool>,
        from: Option<&State>,
    ) -> Result<(Outcome, TrainResult)> {
        observers.push(Box::new(self.recorder(prepared)?));
        let trained = prepared.train(observers, interrupt, from);
        let ended = trained.and_then(|outcome| {
            let result = self.finish(prepared, &outcome)?;
            Ok((outcome, result))
        });
        let ended = ended.map_err(|error| self.with_checkpoint(error));
        if let Err(error) = &ended {
            let diverged = match error {
                Error::Diverged { step, .. } => format!("{DIVERGED}{step}\n"),
                _ => String::new(),
            };
            // What cannot be logged either is said all the same.
            let _ = self.log(&format!("{diverged}ended: {error}\n"));
        }
        self.lock = None;
        ended
    }

    /// The error of a run that ended before its time, with the checkpoint that it can go on from.
    fn with_checkpoint(&self, error: Error) -> Error {
        let newest = || self.state().ok().flatten().map(|state| state.counters.step);
        match error {
            Error::Diverged { epoch, step, loss, learning_rate, first, cure, .. } => {
                Error::Diverged { epoch, step, loss, learning_rate, first, cure, checkpoint: newest() }
            }
            Error::Io { .. } => Error::Run {
                path: self.path.clone(),
                problem: RunProblem::NotSaved { reason: error.to_string(), checkpoint: newest() },
            },
            error => error,
        }
    }

    /// An observer that records the run of `prepared` here.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn recorder(&self, prepared: &Prepared) -> Result<Recorder> {
        let keep = prepared.experiment.training.keep_checkpoints;
        Recorder::new(
            Lines::open(self.file(METRICS))?,
            Lines::open(self.file(HASHES))?,
            Tensors::new(prepared.network.layers()),
            |lines| States::new(&self.path, keep, lines),
        )
    }

    /// Writes what is known after training: the tables, and the model last, so that a run with a model is complete.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn finish(&mut self, prepared: &Prepared, outcome: &Outcome) -> Result<TrainResult> {
        let model = prepared.model(outcome);
        metrics::write_csv(&self.metrics()?, &self.file(METRICS_CSV))?;
        if outcome.ending != Ending::Interrupted {
            predictions::write(&model, prepared, &self.file(PREDICTIONS))?;
        }
        let summary =
            TrainingSummary::new(&prepared.experiment.name, prepared.network.parameter_count(), outcome);
        let figures = serde_json::to_string(&summary.without_classes()).unwrap_or_default();
        self.log(&format!("ended: {figures}\n"))?;
        model.save(self.file(MODEL))?;
        Ok(TrainResult { run: self.path.display().to_string(), summary })
    }

    /// The step at which the run diverged, if that is how it ended.
    pub fn diverged_at(&self) -> Option<u64> {
        let mut last = self.log.lines().rev();
        last.find(|line| !line.is_empty())?;
        last.next()?.strip_prefix(DIVERGED)?.parse().ok()
    }

    /// Adds text to `log.txt`.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn log(&mut self, text: &str) -> Result<()> {
        self.log.push_str(text);
        write_text(&self.file(LOG), &self.log)
    }

    /// Removes what a kill in the middle of a write left beside the files.
    fn remove_partial(&self) {
        let is_partial = |name: &str| name.starts_with('.') && name.ends_with(PARTIAL);
        for entry in fs::read_dir(&self.path).into_iter().flatten().flatten() {
            if entry.file_name().to_str().is_some_and(is_partial) {
                // It is in nobody's way if it cannot be removed.
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

/// An experiment that is right where its program's own parts are there is no wrong experiment.
fn own_part(error: Error, run: &Path) -> Error {
    let Error::Experiment { file, origin, problem } = error else { return error };
    let problem = match *problem {
        ExperimentProblem::NotRegistered { kind, name, .. } => RunProblem::OwnPart { kind, name },
        ExperimentProblem::NotMade { kind, name, reason, .. } => {
            RunProblem::OwnPartNotMade { kind, name, reason }
        }
        other => return Error::Experiment { file, origin, problem: Box::new(other) },
    };
    Error::Run { path: run.to_owned(), problem }
}

fn write_text(path: &Path, text: &str) -> Result<()> {
    write_whole(path, |file| file.write_all(text.as_bytes()))
}

/// What the log says before training.
fn opening(prepared: &Prepared, environment: &Environment) -> String {
    let mut text = format!("thalweg {}\n", environment.version);
    if !environment.command.is_empty() {
        let _ = writeln!(text, "command: {}", environment.command.join(" "));
    }
    for (part, data) in prepared.parts() {
        let _ = writeln!(text, "{}: {} rows of {}", part.name(), data.rows(), data.feature_shape());
    }
    for notice in &prepared.notices {
        let _ = writeln!(text, "notice: {notice}");
    }
    text + &prepared.network.summary()
}
