//! Which Python exception each of the library's errors becomes.
//!
//! | error | exception |
//! |---|---|
//! | a file or folder that the system refuses | the subclass of `OSError` that fits: `FileNotFoundError`, `PermissionError` ... |
//! | a file with wrong content | `thalweg.FileError`, an `OSError` |
//! | shapes, parameters, settings, data | `ValueError` |
//! | a loss that ran away | `thalweg.DivergedError`, a `ValueError` and an `ArithmeticError` |
//! | a network that memory cannot hold | `MemoryError` |
//! | threads that cannot be started | `RuntimeError` |

use pyo3::exceptions::{PyMemoryError, PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use thalweg::model_file::ModelProblem;
use thalweg::network::NetworkProblem;
use thalweg::train::Cure;

/// The exception for an error of the library.
pub(crate) fn exception(error: thalweg::Error) -> PyErr {
    use thalweg::Error;
    let text = in_pythons_words(&error);
    match error {
        Error::Io { path, source, .. } => match source.raw_os_error() {
            Some(code) => {
                // `OSError` with a number makes itself the subclass that fits.
                let name = path.to_string_lossy().into_owned();
                PyOSError::new_err((code, text, name))
            }
            None => of_package("FileError", text),
        },
        Error::Model { .. } | Error::File { .. } | Error::Run { .. } => of_package("FileError", text),
        Error::Diverged { .. } => of_package("DivergedError", text),
        Error::Network(NetworkProblem::OutOfMemory { .. }) => PyMemoryError::new_err(text),
        Error::Threads { .. } => PyRuntimeError::new_err(text),
        _ => PyValueError::new_err(text),
    }
}

/// The exception for wrong settings of a training, whose keys are arguments here and in no file.
pub(crate) fn setting_exception(error: thalweg::Error) -> PyErr {
    PyValueError::new_err(error.to_string().replace("training.optimizer.", "").replace("training.", ""))
}

/// The library's sentence, with a cure that can be followed in Python.
fn in_pythons_words(error: &thalweg::Error) -> String {
    use thalweg::Error;
    let text = error.to_string();
    match error {
        Error::Diverged { cure, .. } => match pythons_cure(cure) {
            Some(own) => text.replace(&cure.to_string(), &own),
            None => text,
        },
        Error::State => "the state does not fit this network and these settings: go on with the network, the optimizer and the batch size \
                         of the training that left it, or begin anew without it"
            .to_owned(),
        Error::Run { .. } | Error::Sweep(_) => text.replace("--out", "out=").replace("--force", "force=True"),
        Error::Model { problem, .. } => match &**problem {
            ModelProblem::Custom { part, name } => text.replace(
                &problem.to_string(),
                &format!("its {part} {name:?} is an object of Python's, which a model file does not hold; pickle the network instead"),
            ),
            _ => text,
        },
        _ => text,
    }
}

/// The cure of a loss that ran away, where the library names a key of an experiment file.
fn pythons_cure(cure: &Cure) -> Option<String> {
    match cure {
        Cure::ScaleFeatures { largest } => Some(format!(
            "the inputs reach {largest}: scale them first, for example with scikit-learn's StandardScaler"
        )),
        Cure::ScaleTarget { largest } => Some(format!(
            "the targets reach {largest}: scale them first, for example with scikit-learn's TransformedTargetRegressor"
        )),
        Cure::ClipNorm => Some("shorten long gradients with clip_norm=1.0".to_owned()),
        _ => None,
    }
}

/// The exception for a picture that cannot be drawn.
pub(crate) fn draw_exception(error: thalweg_draw::DrawError) -> PyErr {
    PyValueError::new_err(error.to_string())
}

/// An exception that the package itself defines.
fn of_package(name: &str, text: String) -> PyErr {
    Python::attach(|py| {
        let made = || -> PyResult<PyErr> {
            let class = py.import("thalweg.exceptions")?.getattr(name)?;
            Ok(PyErr::from_value(class.call1((text.clone(),))?))
        };
        made().unwrap_or_else(|error| error)
    })
}
