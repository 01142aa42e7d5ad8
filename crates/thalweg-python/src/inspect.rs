//! Nothing hidden: gradients, their check, and a step explained.

use numpy::IntoPyArray;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use thalweg::data::Dataset;
use thalweg::gradient_check;
use thalweg::network::AnyNetwork;
use thalweg::plan::{Plan, Rows, Rules};
use thalweg::train::{Parts, TrainingSettings, default_loss};
use thalweg::{Loss, Model, Network, Real, explain as library_explain};

use crate::errors::exception;

/// The settings with the loss that is meant: the caller's, else the settings', else the network's own, else by the target.
fn settled<R: Real>(
    model: &Model,
    network: &Network<R>,
    settings: &TrainingSettings,
    loss: Option<Loss>,
    data: &Dataset,
) -> TrainingSettings {
    let loss = loss.or_else(|| settings.loss.clone()).or_else(|| model.loss.clone());
    let loss = loss.unwrap_or_else(|| default_loss(network, data));
    TrainingSettings { loss: Some(loss), ..settings.clone() }
}

/// Loss with penalties, and its gradient by all parameters.
pub(crate) fn gradients<'py>(
    py: Python<'py>,
    model: &Model,
    settings: &TrainingSettings,
    loss: Option<Loss>,
    data: &Dataset,
    training: bool,
) -> PyResult<(f64, Bound<'py, PyAny>)> {
    fn one<R: Real>(
        network: &Network<R>,
        settings: &TrainingSettings,
        data: &Dataset,
        training: bool,
    ) -> thalweg::Result<(f64, Vec<R>)> {
        let loss = settings.loss.clone().unwrap_or_else(|| default_loss(network, data));
        let rules = Rules { l2: settings.l2, l1: settings.l1, ..Rules::forward_only(loss) };
        let numbers: Vec<u32> = (0..data.rows() as u32).collect();
        let rows = Rows { data, rows: &numbers, epoch: 0 };
        let mut plan = Plan::new(network, rules, data, numbers.len())?;
        plan.gather(rows);
        plan.forward(rows, training);
        plan.backward(rows);
        Ok((plan.data_loss(numbers.len()) + plan.penalty(), plan.gradients().to_vec()))
    }
    Ok(match &model.network {
        AnyNetwork::F32(network) => {
            let settings = settled(model, network, settings, loss, data);
            let (loss, d) = py.detach(|| one(network, &settings, data, training)).map_err(exception)?;
            (loss, d.into_pyarray(py).into_any())
        }
        AnyNetwork::F64(network) => {
            let settings = settled(model, network, settings, loss, data);
            let (loss, d) = py.detach(|| one(network, &settings, data, training)).map_err(exception)?;
            (loss, d.into_pyarray(py).into_any())
        }
    })
}

/// The gradient check's findings.
pub(crate) fn gradcheck<'py>(
    py: Python<'py>,
    model: &Model,
    settings: &TrainingSettings,
    loss: Option<Loss>,
    data: &Dataset,
    seed: u64,
) -> PyResult<Bound<'py, PyDict>> {
    let network = model.network.to_f64();
    let settings = settled(model, &network, settings, loss, data);
    let report = py.detach(|| gradient_check::check(&network, &settings, data, seed)).map_err(exception)?;
    let comparison = |found: &gradient_check::Comparison| -> PyResult<Bound<'py, PyDict>> {
        let entry = PyDict::new(py);
        entry.set_item("parameter", &found.parameter)?;
        entry.set_item("index", found.index)?;
        entry.set_item("analytic", found.analytic)?;
        entry.set_item("numeric", found.numeric)?;
        entry.set_item("relative_error", found.relative_error)?;
        Ok(entry)
    };
    let found = PyDict::new(py);
    found.set_item("ok", report.ok)?;
    found.set_item("worst", report.worst.as_ref().map(comparison).transpose()?)?;
    let all = report.by_parameter.iter().map(comparison).collect::<PyResult<Vec<_>>>()?;
    found.set_item("by_parameter", all)?;
    found.set_item("kinks", report.kinks)?;
    found.set_item("comparisons", report.comparisons)?;
    found.set_item("rows", report.rows)?;
    Ok(found)
}

/// The step after `step` updates: as text, and as JSON with every matrix.
pub(crate) fn explain(
    py: Python<'_>,
    model: &Model,
    settings: &TrainingSettings,
    loss: Option<Loss>,
    data: &Dataset,
    seed: u64,
    step: u64,
) -> PyResult<(String, String)> {
    let parts = Parts { train: data, validation: None, test: None };
    let explanation = match &model.network {
        AnyNetwork::F32(network) => {
            let settings = settled(model, network, settings, loss, data);
            py.detach(|| library_explain::explain(network, &settings, parts, seed, step))
        }
        AnyNetwork::F64(network) => {
            let settings = settled(model, network, settings, loss, data);
            py.detach(|| library_explain::explain(network, &settings, parts, seed, step))
        }
    };
    let explanation = explanation.map_err(exception)?;
    let json = serde_json::to_string(&explanation)
        .map_err(|error| pyo3::exceptions::PyValueError::new_err(error.to_string()))?;
    Ok((explanation.render(100, 8, 8), json))
}
