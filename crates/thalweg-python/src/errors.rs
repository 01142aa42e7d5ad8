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
    let text = error.to_string();
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
