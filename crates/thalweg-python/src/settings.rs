//! Settings in the words of the experiment file, handed over as JSON, and what the library says of the machine.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use serde_json::Value;
use thalweg::Precision;

/// Reads JSON that the Python side wrote.
pub(crate) fn json(text: &str) -> PyResult<Value> {
    serde_json::from_str(text).map_err(|error| PyValueError::new_err(error.to_string()))
}

/// `"f32"` or `"f64"`.
pub(crate) fn precision(name: &str) -> PyResult<Precision> {
    match name {
        "f32" => Ok(Precision::F32),
        "f64" => Ok(Precision::F64),
        other => Err(PyValueError::new_err(format!("precision must be 'f32' or 'f64', not {other:?}"))),
    }
}

/// How many threads training and predicting work on when nobody says: as many as `THALWEG_THREADS` or else `OMP_NUM_THREADS` says, which
/// joblib sets in its workers so that they do not take each other's processors; else one per processor.
#[pyfunction]
pub(crate) fn default_threads() -> usize {
    let said = |name: &str| std::env::var(name).ok()?.trim().parse().ok().filter(|count: &usize| *count > 0);
    said("THALWEG_THREADS").unwrap_or_else(|| {
        let all = thalweg::team::default_threads();
        said("OMP_NUM_THREADS").map_or(all, |count| count.min(all))
    })
}

/// The version of the library.
#[pyfunction]
pub(crate) fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// The names of the activations.
#[pyfunction]
pub(crate) fn activation_names() -> Vec<&'static str> {
    thalweg::activations::Activation::NAMES.to_vec()
}

/// The kernels in use: `"avx512"`, `"avx2"` or `"portable"`. They change the speed, never a result.
#[pyfunction]
pub(crate) fn cpu() -> &'static str {
    thalweg::kernels::path().name()
}
