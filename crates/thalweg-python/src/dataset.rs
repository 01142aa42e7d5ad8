//! Rows to train on or to predict, made of NumPy arrays.

use std::borrow::Cow;
use std::sync::Arc;

use numpy::{
    IntoPyArray, PyArray2, PyArrayDyn, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2, PyUntypedArray,
    PyUntypedArrayMethods,
};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use thalweg::data::{
    self, Column, ColumnNumbers, ColumnValues, DatasetTargets, Features, FittedScale, SharedFeatures,
    SharedValues, SparseFeatures,
};
use thalweg::{Error, Model, Shape};

use crate::errors::exception;
use crate::memory::{lend, lend_slice};

/// Rows with their targets.
#[pyclass(frozen, module = "thalweg._engine")]
pub(crate) struct Dataset {
    pub(crate) inner: Arc<data::Dataset>,
    /// Whether the features are read in the array's own memory.
    #[pyo3(get)]
    is_shared: bool,
}

#[pymethods]
impl Dataset {
    /// `x`: `[rows, ...]`, an array or SciPy's matrix of compressed rows; `labels`: `[rows]`, class numbers below `classes`; or `values`: `[rows, outputs]`; `weights`: `[rows]`.
    /// `scale`: what is taken away from each column, and what the rest is divided by.
    #[new]
    #[pyo3(signature = (x, labels=None, classes=0, values=None, weights=None, feature_names=None, label_names=None, scale=None))]
    #[expect(clippy::too_many_arguments, reason = "Python's side calls it by name")]
    fn new(
        x: &Bound<'_, PyAny>,
        labels: Option<PyReadonlyArray1<'_, u32>>,
        classes: usize,
        values: Option<PyReadonlyArray2<'_, f64>>,
        weights: Option<PyReadonlyArray1<'_, f64>>,
        feature_names: Option<Vec<String>>,
        label_names: Option<Vec<String>>,
        scale: Option<(Vec<f64>, Vec<f64>)>,
    ) -> PyResult<Self> {
        let (features, row) = match x.cast::<PyUntypedArray>() {
            Ok(array) if array.ndim() < 2 => {
                return Err(PyValueError::new_err("x must have two axes or more: [rows, ...]"));
            }
            Ok(array) => (Features::Shared(features(array)?), Shape::from(array.shape()[1..].to_vec())),
            Err(_) => {
                let sparse = sparse(x)?;
                let columns = sparse.columns();
                (Features::Sparse(sparse), Shape::from(columns))
            }
        };
        let targets = match (labels, values) {
            (Some(labels), _) => DatasetTargets::Classes { ids: labels.as_array().to_vec(), count: classes },
            (None, Some(values)) => {
                let outputs = values.shape()[1];
                DatasetTargets::Values { values: values.as_array().iter().copied().collect(), outputs }
            }
            (None, None) => DatasetTargets::None,
        };
        let is_to_predict = matches!(targets, DatasetTargets::None);
        let has_labels = matches!(targets, DatasetTargets::Classes { .. });
        let mut dataset =
            x.py().detach(|| data::Dataset::new(features, row, targets)).map_err(|error| match error {
                // Nothing is trained on rows without targets.
                Error::Data { .. } if is_to_predict => PyValueError::new_err(
                    error.to_string().replace("cannot be trained on", "cannot predict from"),
                ),
                error => exception(error),
            })?;
        if let Some(weights) = weights {
            dataset = dataset.with_weights(weights.as_array().to_vec()).map_err(exception)?;
        }
        if let Some((shift, width)) = scale {
            if (shift.len(), width.len()) != (dataset.columns(), dataset.columns()) {
                return Err(PyValueError::new_err("the scale must have two numbers for each column"));
            }
            dataset = dataset.with_scale(FittedScale::Columns { shift, width });
        }
        if let Some(names) = feature_names.filter(|names| names.len() == dataset.columns()) {
            dataset = dataset.with_feature_names(names);
        }
        if let Some(names) = label_names.filter(|_| has_labels) {
            dataset = dataset.with_label_names(names);
        }
        Ok(Dataset { inner: Arc::new(dataset), is_shared: true })
    }

    /// How many rows there are.
    #[getter]
    fn rows(&self) -> usize {
        self.inner.rows()
    }

    /// How many values a row has.
    #[getter]
    fn columns(&self) -> usize {
        self.inner.columns()
    }

    /// The features as the network is given them, `[rows, columns]`; of so many rows at most, which lie evenly in the data.
    #[pyo3(signature = (most=None))]
    fn features<'py>(&self, py: Python<'py>, most: Option<usize>) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let (rows, columns) = (self.inner.rows(), self.inner.columns());
        let count = most.map_or(rows, |most| most.clamp(1, rows));
        let some: Vec<u32> = (0..count).map(|n| (n * rows / count) as u32).collect();
        let mut x = vec![0.0; count * columns];
        self.inner.gather(&some, &mut x);
        x.into_pyarray(py).reshape([count, columns])
    }

    /// The features in their own units, `[rows, columns]`: as a network is given them that came with preprocessing.
    fn unscaled<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let (rows, columns) = (self.inner.rows(), self.inner.columns());
        let features = self.inner.features();
        let x: Vec<f64> = (0..rows * columns).map(|index| features.value(index)).collect();
        x.into_pyarray(py).reshape([rows, columns])
    }
}

impl Dataset {
    /// Rows that a run or an experiment loaded.
    pub(crate) fn loaded(dataset: data::Dataset) -> Self {
        Dataset { inner: Arc::new(dataset), is_shared: false }
    }

    /// The same rows as this model takes them: by its preprocessing, where it came with one.
    pub(crate) fn given_to(&self, model: &Model) -> PyResult<Dataset> {
        Ok(match model.rows(&self.inner).map_err(exception)? {
            Cow::Borrowed(_) => Dataset { inner: self.inner.clone(), is_shared: self.is_shared },
            Cow::Owned(rows) => Dataset { inner: Arc::new(rows), is_shared: self.is_shared },
        })
    }
}

/// The values of a column: numbers, NaN where one is missing, or text.
#[derive(FromPyObject)]
pub(crate) enum Cells<'py> {
    Numbers(PyReadonlyArray1<'py, f64>),
    Text(Vec<Option<String>>),
}

/// Columns of the library's, all of one length.
pub(crate) fn as_columns(columns: Vec<(String, Cells<'_>)>) -> PyResult<Vec<Column>> {
    let values = |cells: Cells<'_>| match cells {
        Cells::Numbers(values) => ColumnValues::Numbers(values.as_array().to_vec()),
        Cells::Text(values) => ColumnValues::Text(values),
    };
    let columns: Vec<Column> =
        columns.into_iter().map(|(name, cells)| Column { name, values: values(cells) }).collect();
    match columns.windows(2).find(|pair| pair[0].rows() != pair[1].rows()) {
        None => Ok(columns),
        Some(pair) => Err(PyValueError::new_err(format!(
            "column {:?} has {} rows, but column {:?} has {}",
            pair[0].name,
            pair[0].rows(),
            pair[1].name,
            pair[1].rows()
        ))),
    }
}

/// The array's memory as features, whatever type it has.
fn features(x: &Bound<'_, PyUntypedArray>) -> PyResult<SharedFeatures> {
    macro_rules! try_types {
        ($($type:ty => $kind:expr),* $(,)?) => {
            $(if let Ok(array) = x.cast::<PyArrayDyn<$type>>() {
                return lend(array, $kind).ok_or_else(unordered);
            })*
        };
    }
    try_types! {
        f64 => SharedValues::F64,
        f32 => SharedValues::F32,
        u8 => SharedValues::U8,
        i8 => SharedValues::I8,
        i16 => SharedValues::I16,
        i32 => SharedValues::I32,
        i64 => SharedValues::I64,
        u16 => SharedValues::U16,
        u32 => SharedValues::U32,
        u64 => SharedValues::U64,
    }
    Err(PyValueError::new_err(format!(
        "x has the type {}, which is no number that is read in place",
        x.dtype()
    )))
}

/// SciPy's matrix of compressed rows, in its own memory.
fn sparse(x: &Bound<'_, PyAny>) -> PyResult<SparseFeatures> {
    let wrong = || {
        PyValueError::new_err("x must be an array, or a sparse matrix of compressed rows in canonical order")
    };
    let columns = x.getattr("shape")?.extract::<(usize, usize)>()?.1;
    let starts = x.getattr("indptr")?.call_method1("astype", ("int64",))?;
    let starts = starts.extract::<PyReadonlyArray1<'_, i64>>()?;
    let starts = starts.as_array().iter().map(|&start| start as usize).collect();
    let numbers = x.getattr("indices")?;
    let numbers = match (numbers.cast::<PyArrayDyn<i32>>(), numbers.cast::<PyArrayDyn<i64>>()) {
        (Ok(numbers), _) => lend_slice(numbers).map(ColumnNumbers::I32),
        (_, Ok(numbers)) => lend_slice(numbers).map(ColumnNumbers::I64),
        _ => None,
    };
    let values = x.getattr("data")?;
    let values = match (values.cast::<PyArrayDyn<f32>>(), values.cast::<PyArrayDyn<f64>>()) {
        (Ok(values), _) => lend_slice(values).map(SharedValues::F32),
        (_, Ok(values)) => lend_slice(values).map(SharedValues::F64),
        _ => None,
    };
    let (numbers, values) = numbers.zip(values).ok_or_else(wrong)?;
    SparseFeatures::new(starts, numbers, values, columns).ok_or_else(wrong)
}

fn unordered() -> PyErr {
    PyValueError::new_err("the array has no rows, or an order of its axes that cannot be read in place")
}
