//! Tables with the Arrow C stream interface: their columns as one matrix.

use numpy::{Element, IntoPyArray, PyArrayMethods};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::memory::{ArrowColumn, read_stream};

/// The columns of `table.__arrow_c_stream__()` as `([rows, columns], names)`: `f32` or bytes where all columns are, else `f64`.
///
/// Categories, text, decimals and missing values are refused with advice.
#[pyfunction]
pub(crate) fn read_arrow<'py>(
    py: Python<'py>,
    stream: &Bound<'py, PyCapsule>,
) -> PyResult<(Bound<'py, PyAny>, Vec<String>)> {
    let columns = read_stream(stream)?;
    let rows = columns.first().map_or(0, |column| column.values.len());
    for column in &columns {
        check(column, rows)?;
    }
    let names = columns.iter().map(|column| column.name.clone()).collect();
    let are_all = |formats: &[&str]| columns.iter().all(|column| formats.contains(&column.format.as_str()));
    let matrix = match () {
        () if are_all(&["f", "e"]) => in_rows(py, &columns, rows, |value| value as f32),
        () if are_all(&["C", "b"]) => in_rows(py, &columns, rows, |value| value as u8),
        () => in_rows(py, &columns, rows, |value| value),
    };
    Ok((matrix?, names))
}

/// The values row by row, in another type.
fn in_rows<'py, T: Element>(
    py: Python<'py>,
    columns: &[ArrowColumn],
    rows: usize,
    typed: impl Fn(f64) -> T,
) -> PyResult<Bound<'py, PyAny>> {
    let mut values = Vec::with_capacity(rows * columns.len());
    for n in 0..rows {
        values.extend(columns.iter().map(|column| typed(column.values[n])));
    }
    Ok(values.into_pyarray(py).reshape([rows, columns.len()])?.into_any())
}

fn check(column: &ArrowColumn, rows: usize) -> PyResult<()> {
    let name = &column.name;
    if column.format.starts_with("d:") {
        return Err(PyTypeError::new_err(format!(
            "column {name:?} holds decimals; make them 64-bit numbers first, for example with column.cast(pyarrow.float64())"
        )));
    }
    if column.is_dictionary || column.values.len() != rows || (rows == 0 && !is_number(&column.format)) {
        return Err(PyTypeError::new_err(format!(
            "column {name:?} holds no numbers; make categories numbers first, for example with scikit-learn's OneHotEncoder \
             in a ColumnTransformer, or leave the column out"
        )));
    }
    match column.first_missing {
        None => Ok(()),
        Some(row) => Err(PyValueError::new_err(format!(
            "column {name:?} has no value in row {row} (counted from 0); fill missing values first, for example with \
             scikit-learn's SimpleImputer, or leave the rows out"
        ))),
    }
}

fn is_number(format: &str) -> bool {
    matches!(format, "c" | "C" | "s" | "S" | "i" | "I" | "l" | "L" | "e" | "f" | "g" | "b")
}
