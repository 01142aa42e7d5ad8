//! Predicting: laid out once for a network, one row or many.

use std::sync::Mutex;

use numpy::{IntoPyArray, PyArray2, PyArrayMethods, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use thalweg::data::{Dataset, DatasetTargets};
use thalweg::network::AnyNetwork;
use thalweg::train::Predictor;
use thalweg::{Loss, Model, Network, Real};

use crate::errors::exception;

/// Rows worked at once.
const CHUNK: usize = 1024;

/// From so many multiply-adds on, more than one thread is worth its start.
const WORTH_SHARING: usize = 50_000_000;

/// A predictor of either precision, on one thread, so that a process that forks has all of it.
pub(crate) enum AnyPredictor {
    F32(Predictor<f32>),
    F64(Predictor<f64>),
}

impl AnyPredictor {
    pub(crate) fn new(model: &Model) -> thalweg::Result<Self> {
        let loss = model.loss.clone().unwrap_or(Loss::MeanSquaredError);
        Ok(match &model.network {
            AnyNetwork::F32(network) => AnyPredictor::F32(network.predictor(&loss)?),
            AnyNetwork::F64(network) => AnyPredictor::F64(network.predictor(&loss)?),
        })
    }

    /// Predicts from rows of the network's own type that lie one after the other; `None` if they do not. A value that is not finite
    /// is refused.
    pub(crate) fn in_place<'py>(
        &mut self,
        x: &Bound<'py, PyAny>,
        inputs: usize,
        outputs: usize,
    ) -> Option<PyResult<Bound<'py, PyAny>>> {
        fn predict<'py, R: Real + numpy::Element>(
            predictor: &mut Predictor<R>,
            x: &Bound<'py, PyAny>,
            inputs: usize,
            outputs: usize,
        ) -> Option<PyResult<Bound<'py, PyAny>>> {
            let x: PyReadonlyArray2<'py, R> = x.extract().ok()?;
            // A slice is also given of columns that lie one after the other.
            if !x.is_c_contiguous() || !x.data().is_aligned() {
                return None;
            }
            let values = x.as_slice().ok()?;
            let rows = x.shape()[0];
            if x.shape()[1] != inputs || rows * inputs > WORTH_SHARING / 16 {
                return None;
            }
            if let Some(wrong) = values.iter().position(|value| !value.is_finite()) {
                return Some(Err(not_finite(wrong / inputs, wrong % inputs, values[wrong].to_f64())));
            }
            let mut predictions = vec![R::ZERO; rows * outputs];
            let predicted = predictor.predict(values, &mut predictions).map_err(exception);
            Some(
                predicted
                    .and_then(|()| Ok(predictions.into_pyarray(x.py()).reshape([rows, outputs])?.into_any())),
            )
        }
        match self {
            AnyPredictor::F32(predictor) => predict(predictor, x, inputs, outputs),
            AnyPredictor::F64(predictor) => predict(predictor, x, inputs, outputs),
        }
    }
}

fn not_finite(row: usize, column: usize, value: f64) -> PyErr {
    let what = if value.is_nan() { "NaN" } else { "inf" };
    PyValueError::new_err(format!(
        "row {row} (counted from 0), column {column} is {what}, which a network cannot predict from"
    ))
}

/// Predicts rows that the model was asked for ([`Model::rows`]), a chunk at a time: `[rows, outputs]`, in the network's precision.
pub(crate) fn predict_rows<'py>(
    py: Python<'py>,
    model: &Model,
    data: &Dataset,
    threads: usize,
) -> PyResult<Bound<'py, PyAny>> {
    let outputs = model.network.output_shape().len();
    let loss = model.loss.clone().unwrap_or(Loss::MeanSquaredError);
    fn finish<'py, R: Real + numpy::Element>(
        py: Python<'py>,
        values: Vec<R>,
        rows: usize,
        outputs: usize,
    ) -> PyResult<Bound<'py, PyArray2<R>>> {
        values.into_pyarray(py).reshape([rows, outputs])
    }
    let rows = data.rows();
    // A target's own units are those of 64 bits, as the library has them.
    let scale = model.preprocessing.as_ref().map(|preprocessing| preprocessing.target_scale().clone());
    if let Some(scale) = scale.filter(|scale| *scale != thalweg::data::TargetScale::NONE) {
        let own = |values: Vec<f64>| -> Vec<f64> {
            values.into_iter().enumerate().map(|(i, value)| scale.to_own_units(i % outputs, value)).collect()
        };
        let values = py.detach(|| match &model.network {
            AnyNetwork::F32(network) => {
                let values = chunks(network, &loss, data, threads)?;
                Ok(own(values.into_iter().map(f64::from).collect()))
            }
            AnyNetwork::F64(network) => chunks(network, &loss, data, threads).map(own),
        });
        return Ok(finish(py, values.map_err(exception)?, rows, outputs)?.into_any());
    }
    match &model.network {
        AnyNetwork::F32(network) => {
            let values = py.detach(|| chunks(network, &loss, data, threads)).map_err(exception)?;
            Ok(finish(py, values, rows, outputs)?.into_any())
        }
        AnyNetwork::F64(network) => {
            let values = py.detach(|| chunks(network, &loss, data, threads)).map_err(exception)?;
            Ok(finish(py, values, rows, outputs)?.into_any())
        }
    }
}

/// Gathers and predicts a chunk after the other.
fn chunks<R: Real>(
    network: &Network<R>,
    loss: &Loss,
    data: &Dataset,
    threads: usize,
) -> thalweg::Result<Vec<R>> {
    let (rows, columns) = (data.rows(), data.columns());
    let outputs = network.output_shape().len();
    let is_large = rows.saturating_mul(network.parameter_count()) >= WORTH_SHARING;
    let mut predictor = network.predictor(loss)?.threads(if is_large { threads } else { 1 })?;
    let mut predictions = vec![R::ZERO; rows * outputs];
    let mut x = vec![R::ZERO; rows.min(CHUNK) * columns];
    for (chunk, predictions) in predictions.chunks_mut(CHUNK * outputs).enumerate() {
        let count = predictions.len() / outputs;
        let first = chunk * CHUNK;
        let numbers: Vec<u32> = (first..first + count).map(|row| row as u32).collect();
        data.gather(&numbers, &mut x[..count * columns]);
        predictor.predict(&x[..count * columns], predictions)?;
    }
    Ok(predictions)
}

/// The network's predictor, made when it is first wanted.
pub(crate) struct Kept(Mutex<Option<AnyPredictor>>);

impl Kept {
    pub(crate) fn none() -> Self {
        Kept(Mutex::new(None))
    }

    /// Does something with the predictor; `None` while another thread has it.
    pub(crate) fn with<T>(
        &self,
        model: &Model,
        act: impl FnOnce(&mut AnyPredictor) -> Option<T>,
    ) -> PyResult<Option<T>> {
        let Ok(mut kept) = self.0.try_lock() else { return Ok(None) };
        if kept.is_none() {
            *kept = Some(AnyPredictor::new(model).map_err(exception)?);
        }
        Ok(kept.as_mut().and_then(act))
    }

    /// The parameters changed.
    pub(crate) fn forget(&self) {
        if let Ok(mut kept) = self.0.lock() {
            *kept = None;
        }
    }
}

/// Rows without targets.
pub(crate) fn without_targets(data: &Dataset) -> bool {
    matches!(data.targets(), DatasetTargets::None)
}
