//! What a training leaves behind, and the state from which it can go on.

use std::collections::BTreeMap;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use thalweg::Precision;
use thalweg::train::{self, Ending};

use crate::history;

/// What a training came to.
#[pyclass(frozen, module = "thalweg._engine")]
pub(crate) struct Outcome {
    pub(crate) inner: train::Outcome,
    /// What a callback or a signal raised; training stopped there, and the network has what it came to.
    pub(crate) error: Option<Py<PyAny>>,
    /// Whether it ended because the loss was looked at as often as it might be.
    #[pyo3(get)]
    pub(crate) looked_enough: bool,
}

#[pymethods]
impl Outcome {
    /// `"finished"`, `"stopped"` or `"interrupted"`.
    #[getter]
    fn ending(&self) -> &'static str {
        match self.inner.ending {
            Ending::Finished => "finished",
            Ending::Stopped => "stopped",
            Ending::Interrupted => "interrupted",
        }
    }

    /// The exception that stopped it, if one did.
    #[getter]
    fn error(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.error.as_ref().map(|error| error.clone_ref(py))
    }

    /// Epochs completed.
    #[getter]
    fn epochs(&self) -> u64 {
        self.inner.epochs
    }

    /// Updates made.
    #[getter]
    fn steps(&self) -> u64 {
        self.inner.steps
    }

    /// Wall time of training.
    #[getter]
    fn seconds(&self) -> f64 {
        self.inner.seconds
    }

    /// The epoch whose weights were kept, where validation decided.
    #[getter]
    fn best_epoch(&self) -> Option<u64> {
        self.inner.best_epoch
    }

    /// The best value of the metric that decides.
    #[getter]
    fn best_value(&self) -> Option<f64> {
        self.inner.state.counters.best_value
    }

    /// Reports since the last gain.
    #[getter]
    fn reports_without_gain(&self) -> u64 {
        self.inner.state.counters.reports_without_gain
    }

    /// SHA-256 of the last parameters.
    #[getter]
    fn parameters_sha256(&self) -> String {
        self.inner.state.parameters_sha256()
    }

    /// Every report, as arrays.
    fn history<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        history::arrays(py, &self.inner.history)
    }

    /// The state from which the training can go on to the same bits.
    fn state(&self) -> State {
        State { inner: self.inner.state.clone() }
    }
}

/// The state of a training between two steps.
#[pyclass(frozen, module = "thalweg._engine")]
pub(crate) struct State {
    pub(crate) inner: train::State,
}

#[pymethods]
impl State {
    /// Made from what `__reduce__` gives.
    #[new]
    #[pyo3(signature = (precision, counters, parameters, optimizer_state, best_parameters=None, average=None, optimizer=""))]
    fn new(
        precision: &str,
        counters: &str,
        parameters: Vec<u8>,
        optimizer_state: Vec<u8>,
        best_parameters: Option<Vec<u8>>,
        average: Option<Vec<u8>>,
        optimizer: &str,
    ) -> PyResult<Self> {
        let counters =
            serde_json::from_str(counters).map_err(|error| PyValueError::new_err(error.to_string()))?;
        let precision = crate::settings::precision(precision)?;
        Ok(State {
            inner: train::State {
                precision,
                counters,
                optimizer: optimizer.to_owned(),
                parameters,
                optimizer_state,
                best_parameters,
                average,
                // Callbacks in Python keep what they know themselves.
                observers: BTreeMap::new(),
            },
        })
    }

    /// Updates made.
    #[getter]
    fn step(&self) -> u64 {
        self.inner.counters.step
    }

    /// Epochs completed.
    #[getter]
    fn epoch(&self) -> u64 {
        self.inner.counters.epoch
    }

    /// Batches of the current epoch that are done.
    #[getter]
    fn batch(&self) -> u64 {
        self.inner.counters.batch
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
        let precision = match self.inner.precision {
            Precision::F32 => "f32",
            Precision::F64 => "f64",
        };
        let counters = serde_json::to_string(&self.inner.counters)
            .map_err(|error| PyValueError::new_err(error.to_string()))?;
        let bytes = |bytes: &Vec<u8>| PyBytes::new(py, bytes);
        let arguments = (
            precision,
            counters,
            bytes(&self.inner.parameters),
            bytes(&self.inner.optimizer_state),
            self.inner.best_parameters.as_ref().map(bytes),
            self.inner.average.as_ref().map(bytes),
            &self.inner.optimizer,
        );
        Ok((py.get_type::<State>().into_any(), arguments.into_pyobject(py)?.into_any()))
    }
}
