//! A run's reports as arrays.

use numpy::IntoPyArray;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use thalweg::train::{History, PartReport, Report};

/// `{"epoch": ..., "step": ..., "learning_rate": ..., "seconds": ..., "train.loss": ..., "validation.accuracy": ...}`, each with one
/// value per report; NaN where a report has none.
pub(crate) fn arrays<'py>(py: Python<'py>, history: &History) -> PyResult<Bound<'py, PyDict>> {
    let reports = &history.reports;
    let columns = PyDict::new(py);
    let whole = |value: fn(&Report) -> u64| -> Vec<i64> { reports.iter().map(|r| value(r) as i64).collect() };
    columns.set_item("epoch", whole(|report| report.epoch).into_pyarray(py))?;
    columns.set_item("step", whole(|report| report.step).into_pyarray(py))?;
    let number = |value: fn(&Report) -> f64| -> Vec<f64> { reports.iter().map(value).collect() };
    columns.set_item("learning_rate", number(|report| report.learning_rate).into_pyarray(py))?;
    columns.set_item("seconds", number(|report| report.seconds).into_pyarray(py))?;
    let Some(last) = reports.last() else { return Ok(columns) };
    for part in &last.parts {
        for name in part.metric_names() {
            let of = |report: &Report| report.part(part.part).and_then(|part| part.metric(&name));
            let values: Vec<f64> = reports.iter().map(|report| of(report).unwrap_or(f64::NAN)).collect();
            columns.set_item(format!("{}.{name}", part.part.name()), values.into_pyarray(py))?;
        }
    }
    Ok(columns)
}

/// One report as a flat dictionary.
pub(crate) fn report<'py>(py: Python<'py>, report: &Report) -> PyResult<Bound<'py, PyDict>> {
    let values = PyDict::new(py);
    values.set_item("epoch", report.epoch)?;
    values.set_item("step", report.step)?;
    values.set_item("learning_rate", report.learning_rate)?;
    values.set_item("seconds", report.seconds)?;
    for part in &report.parts {
        for (name, value) in figures(part) {
            values.set_item(format!("{}.{name}", part.part.name()), value)?;
        }
    }
    Ok(values)
}

/// Every figure of a part.
pub(crate) fn figures(part: &PartReport) -> Vec<(String, f64)> {
    part.metric_names()
        .into_iter()
        .filter_map(|name| part.metric(&name).map(|value| (name.clone(), value)))
        .collect()
}
