//! Runs in folders, as the command makes them.

use std::path::PathBuf;
use std::sync::Mutex;

use numpy::IntoPyArray;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use thalweg::experiment::{BUILTIN, Draft};
use thalweg::run::{self, Place, RunFolder};
use thalweg::train::Observer;

use crate::dataset::Dataset;
use crate::errors::exception;
use crate::network::Network;
use crate::observers::{Callback, Raised, Signals};

/// The names and descriptions of the built-in experiments.
#[pyfunction]
pub(crate) fn builtin_experiments() -> Vec<&'static str> {
    BUILTIN.iter().map(|builtin| builtin.name).collect()
}

/// The folder of a run.
#[pyclass(frozen, module = "thalweg._engine")]
pub(crate) struct Run {
    folder: Mutex<RunFolder>,
}

#[pymethods]
impl Run {
    /// Trains an experiment: a built-in's name, a file, or TOML text, with settings laid over it, into a folder.
    #[staticmethod]
    #[pyo3(signature = (experiment, kind, settings, runs, out=None, force=false, data_folder=None, threads=None, callback=None))]
    #[expect(clippy::too_many_arguments, reason = "Python's side calls it by name")]
    fn train(
        py: Python<'_>,
        experiment: &str,
        kind: &str,
        settings: Vec<(String, String)>,
        runs: PathBuf,
        out: Option<PathBuf>,
        force: bool,
        data_folder: Option<PathBuf>,
        threads: Option<usize>,
        callback: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        let mut draft = match kind {
            "builtin" => Draft::builtin(experiment),
            "file" => Draft::read(experiment.as_ref()),
            _ => Draft::parse(experiment, None),
        }
        .map_err(exception)?;
        for (key, value) in settings {
            draft = draft.set(&key, &value).map_err(exception)?;
        }
        let raised = Raised::default();
        let trained = py.detach(|| {
            let mut prepared = run::prepare(draft.check()?, data_folder.as_deref())?;
            if let Some(threads) = threads {
                prepared.threads = threads.max(1);
            }
            let place = Place { runs, out, force };
            let mut folder = RunFolder::create(&prepared, &place, Vec::new())?;
            let observers = observers(0, callback, &raised);
            folder.train(&mut prepared, observers, None, None)?;
            Ok(folder)
        });
        ended(trained, &raised)
    }

    /// Opens the folder of a run.
    #[staticmethod]
    fn open(path: PathBuf) -> PyResult<Self> {
        Ok(Run { folder: Mutex::new(RunFolder::open(path).map_err(exception)?) })
    }

    /// The folder.
    #[getter]
    fn path(&self) -> PyResult<PathBuf> {
        self.with(|folder| Ok(folder.path().to_owned()))
    }

    /// The experiment as TOML.
    #[getter]
    fn experiment(&self) -> PyResult<String> {
        self.with(|folder| Ok(folder.experiment().to_toml()))
    }

    /// What the run came to, as JSON; `None` while it is not complete.
    #[getter]
    fn result(&self) -> PyResult<Option<String>> {
        let result = self.with(|folder| folder.result().map_err(exception))?;
        let json = result.map(|result| serde_json::to_string(&result)).transpose();
        json.map_err(|error| PyValueError::new_err(error.to_string()))
    }

    /// The trained model.
    fn model(&self) -> PyResult<Network> {
        self.with(|folder| folder.model().map_err(exception)).map(Network::of)
    }

    /// The rows of a part; `None` if it has no such part.
    fn data(&self, py: Python<'_>, part: &str) -> PyResult<Option<Dataset>> {
        let folder = self.with(|folder| Ok(folder.clone()))?;
        let prepared = py.detach(|| folder.prepare()).map_err(exception)?;
        let found = prepared.parts().find(|(own, _)| own.name() == part).map(|(_, data)| data.clone());
        Ok(found.map(Dataset::loaded))
    }

    /// Every number of `metrics.jsonl`, as arrays: `"epoch"`, `"step"`, `"train.loss"`, `"validation.accuracy"` ...; NaN where a report
    /// has none.
    fn history<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let rows = self.with(|folder| folder.metrics().map_err(exception))?;
        let mut moments: Vec<(u64, u64)> = Vec::new();
        let mut columns: Vec<(String, Vec<f64>)> = Vec::new();
        for row in &rows {
            if row.split == "train" || moments.last().is_none_or(|last| last.1 != row.step) {
                moments.push((row.epoch, row.step));
            }
            let at = moments.len() - 1;
            for name in row.fields.keys().filter(|name| !matches!(name.as_str(), "epoch" | "step")) {
                let Some(value) = row.number(name) else { continue };
                let is_of_all = matches!(name.as_str(), "learning_rate" | "seconds");
                let key = if is_of_all { name.clone() } else { format!("{}.{name}", row.split) };
                let column = match columns.iter_mut().find(|(known, _)| *known == key) {
                    Some((_, column)) => column,
                    None => {
                        columns.push((key, Vec::new()));
                        &mut columns.last_mut().expect("it was pushed").1
                    }
                };
                column.resize(at, f64::NAN);
                column.push(value);
            }
        }
        let history = PyDict::new(py);
        let whole =
            |value: fn(&(u64, u64)) -> u64| -> Vec<i64> { moments.iter().map(|m| value(m) as i64).collect() };
        history.set_item("epoch", whole(|moment| moment.0).into_pyarray(py))?;
        history.set_item("step", whole(|moment| moment.1).into_pyarray(py))?;
        for (name, mut column) in columns {
            column.resize(moments.len(), f64::NAN);
            history.set_item(name, column.into_pyarray(py))?;
        }
        Ok(history)
    }

    /// Goes on to the end, to the same bits as if the run had never stopped.
    #[pyo3(signature = (callback=None))]
    fn resume(&self, py: Python<'_>, callback: Option<Py<PyAny>>) -> PyResult<Self> {
        let mut folder = self.with(|folder| Ok(folder.clone()))?;
        let raised = Raised::default();
        let resumed = py.detach(|| {
            if folder.result()?.is_some() {
                return Ok(folder);
            }
            let mut prepared = folder.prepare()?;
            let state = folder.rewind()?;
            let first = state.as_ref().map_or(0, |state| state.counters.step);
            let observers = observers(first, callback, &raised);
            folder.train(&mut prepared, observers, None, state.as_ref())?;
            Ok(folder)
        });
        ended(resumed, &raised)
    }

    /// Trains again and compares: `(identical, reports compared, last step found equal, (between steps, what) or None)`.
    #[pyo3(signature = (threads=None))]
    #[expect(clippy::type_complexity, reason = "a tuple that Python unpacks")]
    fn verify(
        &self,
        py: Python<'_>,
        threads: Option<usize>,
    ) -> PyResult<(bool, usize, u64, Option<([u64; 2], String)>)> {
        let folder = self.with(|folder| Ok(folder.clone()))?;
        let raised = Raised::default();
        let verified = py.detach(|| {
            let mut prepared = folder.prepare()?;
            if let Some(threads) = threads {
                prepared.threads = threads.max(1);
            }
            folder.verify(&mut prepared, observers(0, None, &raised), None)
        });
        if let Some(error) = raised.take() {
            return Err(error);
        }
        let verification = verified.map_err(exception)?;
        let cause = |cause: &run::Cause| match cause {
            run::Cause::Tensor(name) => format!("tensor {name}"),
            run::Cause::Losses => "losses".to_owned(),
            run::Cause::Metrics(name) => format!("{name} of metrics.jsonl, which was changed"),
            run::Cause::Reports => "reports".to_owned(),
            run::Cause::Weights => "last weights".to_owned(),
            run::Cause::Diverged => "diverged".to_owned(),
        };
        let difference =
            verification.difference.as_ref().map(|found| (found.between_steps, cause(&found.cause)));
        Ok((difference.is_none(), verification.reports, verification.step, difference))
    }

    /// The model after `step` updates.
    fn at(&self, py: Python<'_>, step: u64) -> PyResult<Network> {
        let folder = self.with(|folder| Ok(folder.clone()))?;
        let raised = Raised::default();
        let model = py.detach(|| {
            let mut prepared = folder.prepare()?;
            folder.at(&mut prepared, step, observers(0, None, &raised), None)
        });
        match (raised.take(), model.map_err(exception)?) {
            (Some(error), _) => Err(error),
            (None, Some(model)) => Ok(Network::of(model)),
            (None, None) => Err(PyRuntimeError::new_err("the run was interrupted")),
        }
    }
}

impl Run {
    fn with<T>(&self, act: impl FnOnce(&mut RunFolder) -> PyResult<T>) -> PyResult<T> {
        let mut folder =
            self.folder.lock().map_err(|_| PyRuntimeError::new_err("a panic left the run unusable"))?;
        act(&mut folder)
    }
}

fn observers(first: u64, callback: Option<Py<PyAny>>, raised: &Raised) -> Vec<Box<dyn Observer>> {
    let mut observers: Vec<Box<dyn Observer>> = vec![Box::new(Signals::new(first, raised.clone()))];
    if let Some(function) = callback {
        observers.push(Box::new(Callback { function, raised: raised.clone(), with_parameters: false }));
    }
    observers
}

/// The run, unless Python raised in it: its folder has a checkpoint from which `Run.open(...).resume()` goes on.
fn ended(trained: thalweg::Result<RunFolder>, raised: &Raised) -> PyResult<Run> {
    if let Some(error) = raised.take() {
        return Err(error);
    }
    Ok(Run { folder: Mutex::new(trained.map_err(exception)?) })
}
