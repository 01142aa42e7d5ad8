//! Parts written in Python: losses, layers and metrics. Each call takes the interpreter's lock; what Python raises is kept, and the
//! numbers become NaN, so that training ends there.

use std::fmt;
use std::sync::Arc;

use numpy::{Element, IntoPyArray, PyArray1, PyArray2, PyArrayDyn, PyArrayMethods, PyUntypedArrayMethods};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyDict, PyTuple};
use thalweg::custom::{CustomBatchLoss, CustomLayer, CustomLoss, CustomMetric};
use thalweg::layers::{Backward, Forward, Mode, ParameterRole, ParameterShape};
use thalweg::losses::{Reduction, Target, Targets};
use thalweg::{Loss, Real, Shape};

use crate::observers::Raised;

/// A part in Python and where its exceptions go.
#[derive(Clone)]
pub(crate) struct Part {
    pub(crate) object: Arc<Py<PyAny>>,
    pub(crate) name: String,
    pub(crate) raised: Raised,
}

impl Part {
    pub(crate) fn new(object: &Bound<'_, PyAny>, raised: Raised) -> Self {
        let named = object.getattr("name").or_else(|_| object.getattr("__name__"));
        let name = named.and_then(|name| name.extract()).unwrap_or_else(|_| {
            object.get_type().name().map_or_else(|_| "custom".to_owned(), |name| name.to_string())
        });
        Part { object: Arc::new(object.clone().unbind()), name, raised }
    }

    /// The same object, which leaves what it raises elsewhere.
    pub(crate) fn with_raised(&self, raised: Raised) -> Self {
        Part { object: self.object.clone(), name: self.name.clone(), raised }
    }

    /// Calls Python; `None` and a kept exception if that fails, and at once where some part has failed before.
    fn call<T>(&self, act: impl FnOnce(Python<'_>, &Bound<'_, PyAny>) -> PyResult<T>) -> Option<T> {
        if self.raised.is_of_part() {
            return None;
        }
        Python::attach(|py| match act(py, self.object.bind(py)) {
            Ok(value) => Some(value),
            Err(error) => {
                self.raised.put_of_part(error);
                None
            }
        })
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// A number type that has NumPy arrays.
pub(crate) trait Number: Real + Element {}
impl<R: Real + Element> Number for R {}

/// Copies an array of the wanted size, of any number type, into `to`.
fn copy_into<R: Number>(array: &Bound<'_, PyAny>, what: &str, to: &mut [R]) -> PyResult<()> {
    let py = array.py();
    let kwargs = PyDict::new(py);
    kwargs.set_item("dtype", numpy::dtype::<R>(py))?;
    kwargs.set_item("order", "C")?;
    let array = py.import("numpy")?.getattr("asarray")?.call((array,), Some(&kwargs))?;
    let array = array
        .cast_into::<PyArrayDyn<R>>()
        .map_err(|_| PyTypeError::new_err(format!("{what} must be an array")))?;
    if array.len() != to.len() {
        return Err(PyValueError::new_err(format!(
            "{what} must have {} values, not {} (its shape is {:?})",
            to.len(),
            array.len(),
            array.shape()
        )));
    }
    to.copy_from_slice(array.readonly().as_slice()?);
    Ok(())
}

fn matrix<'py, R: Number>(py: Python<'py>, values: &[R], width: usize) -> PyResult<Bound<'py, PyArray2<R>>> {
    PyArray1::from_slice(py, values).reshape([values.len() / width.max(1), width])
}

/// `loss(predictions, targets, weights) -> (loss per row, dpredictions)`.
#[derive(Clone, Debug)]
pub(crate) struct PythonLoss(pub(crate) Part);

impl PythonLoss {
    /// The engine's loss that calls this one.
    pub(crate) fn loss(&self) -> Loss {
        Loss::Custom(Arc::new(self.clone()))
    }

    /// What stands for the loss of a model file that was a function of Python's: predicting does without it, anything else is refused.
    pub(crate) fn absent(py: Python<'_>, name: &str, raised: Raised) -> PyResult<Self> {
        let text = format!(
            "the loss {name:?} was a function of Python's, which a model file does not hold; give it again: loss={name}"
        );
        let refuse = move |_: &Bound<'_, PyTuple>, _: Option<&Bound<'_, PyDict>>| -> PyResult<()> {
            Err(PyValueError::new_err(text.clone()))
        };
        let object = PyCFunction::new_closure(py, None, None, refuse)?.into_any().unbind();
        Ok(PythonLoss(Part { object: Arc::new(object), name: name.to_owned(), raised }))
    }

    fn asked<R: Number>(
        &self,
        width: usize,
        predictions: &[R],
        targets: Targets<'_, R>,
        weights: Option<&[R]>,
        losses: &mut [R],
        dpredictions: &mut [R],
    ) {
        let rows = predictions.len() / width;
        let done = self.0.call(|py, function| {
            let given = matrix(py, predictions, width)?;
            let mut values = Vec::with_capacity(rows * width);
            for n in 0..rows {
                values.extend((0..width).map(|j| targets.row(n, width).value(j, width)));
            }
            let wanted = matrix(py, &values, width)?;
            let weights = match weights {
                Some(weights) => PyArray1::from_slice(py, weights),
                None => vec![R::ONE; rows].into_pyarray(py),
            };
            let answer = function.call1((given, wanted, weights))?;
            let (loss, gradient): (Bound<'_, PyAny>, Bound<'_, PyAny>) = answer.extract().map_err(|_| {
                PyTypeError::new_err("a loss must return two arrays: the loss of each row, and its derivative by each prediction")
            })?;
            copy_into(&loss, "the loss of each row", losses)?;
            copy_into(&gradient, "the derivative by each prediction", dpredictions)
        });
        if done.is_none() {
            losses.fill(R::from_f64(f64::NAN));
            dpredictions.fill(R::from_f64(f64::NAN));
        }
    }
}

impl<R: Number> CustomBatchLoss<R> for PythonLoss {
    fn losses_and_gradient(
        &self,
        width: usize,
        predictions: &[R],
        targets: Targets<'_, R>,
        weights: Option<&[R]>,
        losses: &mut [R],
        dpredictions: &mut [R],
    ) {
        self.asked(width, predictions, targets, weights, losses, dpredictions);
    }
}

impl<R: Number> CustomLoss<R> for PythonLoss {
    fn name(&self) -> &str {
        &self.0.name
    }

    fn reduction(&self) -> Reduction {
        Reduction::Mean
    }

    fn row_value(&self, predictions: &[R], target: Target<'_, R>) -> R {
        let mut loss = [R::ZERO];
        let mut dpredictions = vec![R::ZERO; predictions.len()];
        self.one_row(predictions, target, &mut loss, &mut dpredictions);
        loss[0]
    }

    fn row_gradient(&self, predictions: &[R], target: Target<'_, R>, dpredictions: &mut [R]) {
        self.one_row(predictions, target, &mut [R::ZERO], dpredictions);
    }

    fn batch(&self) -> Option<&dyn CustomBatchLoss<R>> {
        Some(self)
    }
}

impl PythonLoss {
    fn one_row<R: Number>(
        &self,
        predictions: &[R],
        target: Target<'_, R>,
        loss: &mut [R],
        dpredictions: &mut [R],
    ) {
        let width = predictions.len();
        match target {
            Target::Class(class) => {
                self.asked(width, predictions, Targets::Classes(&[class as u32]), None, loss, dpredictions);
            }
            Target::Values(values) => {
                self.asked(width, predictions, Targets::Values(values), None, loss, dpredictions);
            }
        }
    }
}

/// A layer in Python:
///
/// ```text
/// output_shape(input_shape) -> shape                    of one example
/// parameters(input_shape) -> {name: shape}              may be left out
/// forward(x, parameters, training) -> y
/// backward(dy, x, y, parameters) -> dx                  or (dx, {name: dparameter})
/// ```
#[derive(Clone, Debug)]
pub(crate) struct PythonLayer(pub(crate) Part);

impl PythonLayer {
    fn shapes(&self, input: &Shape) -> Result<Vec<(String, Vec<usize>)>, String> {
        Python::attach(|py| {
            let layer = self.0.object.bind(py);
            if !layer.hasattr("parameters")? {
                return Ok(Vec::new());
            }
            let shapes = layer.call_method1("parameters", (PyTuple::new(py, input.axes())?,))?;
            let shapes = shapes.cast::<PyDict>()?;
            shapes
                .iter()
                .map(|(name, shape)| Ok((name.extract()?, axes(&shape)?)))
                .collect::<PyResult<Vec<_>>>()
        })
        .map_err(|error: PyErr| error.to_string())
    }

    fn arrays<'py, R: Number>(
        &self,
        py: Python<'py>,
        input: &Shape,
        values: &[R],
    ) -> PyResult<Bound<'py, PyDict>> {
        let arrays = PyDict::new(py);
        let mut start = 0;
        for (name, shape) in self.shapes(input).map_err(PyValueError::new_err)? {
            let len: usize = shape.iter().product();
            arrays.set_item(name, PyArray1::from_slice(py, &values[start..start + len]).reshape(shape)?)?;
            start += len;
        }
        Ok(arrays)
    }
}

fn axes(shape: &Bound<'_, PyAny>) -> PyResult<Vec<usize>> {
    shape.extract::<usize>().map(|size| vec![size]).or_else(|_| shape.extract())
}

fn batch<'py, R: Number>(
    py: Python<'py>,
    values: &[R],
    rows: usize,
    shape: &Shape,
) -> PyResult<Bound<'py, PyArrayDyn<R>>> {
    let mut all = vec![rows];
    all.extend(shape.axes());
    PyArray1::from_slice(py, values).reshape(all)
}

impl<R: Number> CustomLayer<R> for PythonLayer {
    fn name(&self) -> &str {
        &self.0.name
    }

    fn output_shape(&self, input: &Shape) -> Result<Shape, String> {
        Python::attach(|py| {
            let input = PyTuple::new(py, input.axes())?;
            axes(&self.0.object.bind(py).call_method1("output_shape", (input,))?)
        })
        .map(Shape::from)
        .map_err(|error: PyErr| error.to_string())
    }

    fn parameters(&self, input: &Shape) -> Vec<ParameterShape> {
        let shapes = self.shapes(input).unwrap_or_default();
        let role = |name: &str| if name == "bias" { ParameterRole::Free } else { ParameterRole::Weight };
        shapes
            .into_iter()
            .map(|(name, shape)| ParameterShape { role: role(&name), shape: Shape::from(shape), name })
            .collect()
    }

    fn forward(&self, pass: Forward<'_, R>) {
        let is_training = matches!(pass.mode, Mode::Training { .. });
        let y = pass.y;
        let done = self.0.call(|py, layer| {
            let x = batch(py, pass.x, pass.rows, pass.input)?;
            let parameters = self.arrays(py, pass.input, pass.parameters)?;
            copy_into(
                &layer.call_method1("forward", (x, parameters, is_training))?,
                "the output of forward",
                y,
            )
        });
        if done.is_none() {
            y.fill(R::from_f64(f64::NAN));
        }
    }

    fn backward(&self, pass: Backward<'_, R>) {
        let mut dx = pass.dx;
        let dparameters = pass.dparameters;
        let done = self.0.call(|py, layer| {
            let dy = batch(py, pass.dy, pass.rows, pass.output)?;
            let x = batch(py, pass.x, pass.rows, pass.input)?;
            let y = batch(py, pass.y, pass.rows, pass.output)?;
            let parameters = self.arrays(py, pass.input, pass.parameters)?;
            let answer = layer.call_method1("backward", (dy, x, y, parameters))?;
            let (given_dx, given) = match answer.extract::<(Bound<'_, PyAny>, Bound<'_, PyDict>)>() {
                Ok((dx, given)) => (dx, Some(given)),
                Err(_) => (answer, None),
            };
            if let Some(dx) = &mut dx {
                copy_into(&given_dx, "dx", dx)?;
            }
            let mut start = 0;
            for (name, shape) in self.shapes(pass.input).map_err(PyValueError::new_err)? {
                let len: usize = shape.iter().product();
                let missing = || PyValueError::new_err(format!("backward gave no derivative by {name:?}"));
                let own = given.as_ref().ok_or_else(missing)?.get_item(&name)?.ok_or_else(missing)?;
                let mut d = vec![R::ZERO; len];
                copy_into(&own, "a derivative by a parameter", &mut d)?;
                dparameters[start..start + len].iter_mut().zip(d).for_each(|(sum, d)| *sum += d);
                start += len;
            }
            Ok(())
        });
        if done.is_none() {
            dparameters.fill(R::from_f64(f64::NAN));
        }
    }
}

/// `metric(predictions, targets) -> number`.
#[derive(Clone, Debug)]
pub(crate) struct PythonMetric(pub(crate) Part);

impl CustomMetric for PythonMetric {
    fn name(&self) -> &str {
        &self.0.name
    }

    fn value(&self, predictions: &[f64], outputs: usize, targets: &[Target<'_, f64>]) -> f64 {
        let value = self.0.call(|py, function| {
            let predictions = matrix(py, predictions, outputs)?;
            let targets = match targets.first() {
                Some(Target::Values(_)) => {
                    let values: Vec<f64> =
                        targets.iter().flat_map(|t| (0..outputs).map(|j| t.value(j, outputs))).collect();
                    matrix(py, &values, outputs)?.into_any()
                }
                _ => {
                    let class = |target: &Target<'_, f64>| match target {
                        Target::Class(class) => *class as i64,
                        Target::Values(_) => 0,
                    };
                    targets.iter().map(class).collect::<Vec<i64>>().into_pyarray(py).into_any()
                }
            };
            let answer = function.call1((predictions, targets))?;
            answer.extract::<f64>().map_err(|_| {
                PyTypeError::new_err(format!(
                    "the metric {} must return a number, not {}",
                    self.0.name,
                    answer.get_type()
                ))
            })
        });
        value.unwrap_or(f64::NAN)
    }
}
