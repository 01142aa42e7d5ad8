//! A network with all that predicting needs: what a model file holds.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, RwLock};

use numpy::{
    IntoPyArray, PyArray1, PyArray2, PyArrayDyn, PyArrayMethods, PyReadonlyArrayDyn, PyUntypedArrayMethods,
};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};
use thalweg::custom::Registry;
use thalweg::data::preprocessing::InputSchema;
use thalweg::data::{Preprocessing, Table};
use thalweg::experiment::{
    init_from_json, layers_to_json, loss_to_json, read_layers, read_loss, training_from_json_with,
};
use thalweg::layers::Layer;
use thalweg::metrics::Metric;
use thalweg::model_file::ModelProblem;
use thalweg::network::{AnyNetwork, Draw, NetworkProblem};
use thalweg::{Error, Loss, Model, Network as LibraryNetwork, Shape};

use crate::custom::{Part, PythonLayer, PythonLoss, PythonMetric};
use crate::dataset::{Cells, Dataset, as_columns};
use crate::errors::{exception, setting_exception};
use crate::observers::Raised;
use crate::outcome::{Outcome, State};
use crate::predictor::{Kept, predict_rows, without_targets};
use crate::settings::{default_threads, json, precision};
use crate::training::{Data, Job, plateau};
use crate::{history, inspect};

/// Number, kind, shape of the input, shape of the output, count of parameters.
type Placed = (usize, String, Vec<usize>, Vec<usize>, usize);

/// Layers, their parameters, and what predicting from a user's rows needs.
#[pyclass(frozen, module = "thalweg._engine")]
pub(crate) struct Network {
    model: RwLock<Arc<Model>>,
    kept: Kept,
    /// Where parts in Python leave what they raise.
    raised: Raised,
    /// The layers in Python, in their order.
    own_layers: Vec<Part>,
    /// The model's loss, where it is one in Python.
    own_loss: Mutex<Option<PythonLoss>>,
}

/// Does the same with a network of either precision.
macro_rules! either {
    ($any:expr, $network:ident => $do:expr) => {
        match $any {
            AnyNetwork::F32($network) => $do,
            AnyNetwork::F64($network) => $do,
        }
    };
}

#[pymethods]
impl Network {
    /// `layers`: each the JSON of an entry of `network.layers`, or an object with `forward` and `backward`.
    #[new]
    #[pyo3(signature = (layers, input_shape, precision="f32", seed=0, init=None))]
    fn new(
        layers: &Bound<'_, PyList>,
        input_shape: Vec<usize>,
        precision: &str,
        seed: u64,
        init: Option<&str>,
    ) -> PyResult<Self> {
        let raised = Raised::default();
        let mut all: Vec<Layer> = Vec::new();
        let mut own_layers: Vec<Part> = Vec::new();
        for entry in layers {
            match entry.cast::<PyString>() {
                Ok(text) => all.extend(read_layers(&json(text.to_cow()?.as_ref())?).map_err(exception)?),
                Err(_) => {
                    let part = Part::new(&entry, raised.clone());
                    all.push(Layer::Custom(Arc::new(PythonLayer(part.clone()))));
                    own_layers.push(part);
                }
            }
        }
        let init =
            init.map(json).transpose()?.map(|init| init_from_json(&init)).transpose().map_err(exception)?;
        let precision = crate::settings::precision(precision)?;
        let mut network = AnyNetwork::new(precision, Shape::from(input_shape), all).map_err(exception)?;
        either!(&mut network, network => network.start(init.as_ref(), Draw::Philox { seed }))
            .map_err(exception)?;
        let model = Model {
            network,
            loss: None,
            l2: 0.0,
            l1: 0.0,
            preprocessing: None,
            label_names: Vec::new(),
            target_names: Vec::new(),
            summary: None,
        };
        Ok(Network { own_layers, ..Network::with_raised(model, raised) })
    }

    /// Reads a model file.
    #[staticmethod]
    fn load(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let raised = Raised::default();
        let mut own_loss = None;
        let model = match py.detach(|| Model::load(&path)) {
            Err(Error::Model { problem, .. }) if is_loss_in_python(&problem) => {
                let ModelProblem::Custom { name, .. } = *problem else { unreachable!("it is such a loss") };
                let absent = PythonLoss::absent(py, &name, raised.clone())?;
                own_loss = Some(absent.clone());
                let registry = Registry::new().loss(&name, move |_| Ok(absent.clone()));
                py.detach(|| Model::load_with(&path, &registry))
            }
            loaded => loaded,
        };
        let model = model.map_err(exception)?;
        Ok(Network { own_loss: Mutex::new(own_loss), ..Network::with_raised(model, raised) })
    }

    /// Writes a model file, whole or not at all. `description`: `{"label_names": [...], "target_names": [...], "preprocessing": {...}}`.
    #[pyo3(signature = (path, description=None))]
    fn save(&self, py: Python<'_>, path: PathBuf, description: Option<&str>) -> PyResult<()> {
        let mut model = (*self.model()?).clone();
        if let Some(description) = description {
            describe(&mut model, json(description)?)?;
        }
        let own = model.network.layers().iter().find_map(|placed| match &placed.layer {
            Layer::Custom(_) => Some((placed.number, placed.layer.kind().to_owned())),
            _ => None,
        });
        if let Some((number, name)) = own {
            return Err(PyValueError::new_err(format!(
                "layer {number} ({name}) is an object of Python's, which a model file does not hold; pickle the network instead, or keep \
                 its state_dict()"
            )));
        }
        py.detach(|| model.save(&path)).map_err(exception)
    }

    /// All but layers and loss, as JSON: what a pickle keeps beside them.
    fn description(&self) -> PyResult<String> {
        let model = self.model()?;
        let description = serde_json::json!({
            "label_names": model.label_names,
            "target_names": model.target_names,
            "preprocessing": model.preprocessing.as_ref().map(Preprocessing::to_json),
            "l2": model.l2,
            "l1": model.l1,
            "summary": model.summary,
        });
        Ok(description.to_string())
    }

    /// Takes such a description.
    fn describe(&self, description: &str) -> PyResult<()> {
        let description = json(description)?;
        self.change(|model| describe(model, description))
    }

    /// A copy that shares nothing.
    fn copy(&self) -> PyResult<Self> {
        self.apart((*self.model()?).clone())
    }

    /// `"f32"` or `"f64"`.
    #[getter]
    fn precision(&self) -> PyResult<&'static str> {
        Ok(match self.model()?.network {
            AnyNetwork::F32(_) => "f32",
            AnyNetwork::F64(_) => "f64",
        })
    }

    /// The shape of one example.
    #[getter]
    fn input_shape(&self) -> PyResult<Vec<usize>> {
        Ok(self.model()?.network.input_shape().axes().to_vec())
    }

    /// The shape of one prediction.
    #[getter]
    fn output_shape(&self) -> PyResult<Vec<usize>> {
        Ok(self.model()?.network.output_shape().axes().to_vec())
    }

    /// How many values training changes.
    #[getter]
    fn parameter_count(&self) -> PyResult<usize> {
        Ok(self.model()?.network.parameter_count())
    }

    /// A table of the layers.
    fn summary(&self) -> PyResult<String> {
        Ok(self.model()?.network.summary())
    }

    /// The layers as JSON, each activation one of its own; `null` for one in Python.
    fn layers(&self) -> PyResult<String> {
        let model = self.model()?;
        let entry = |layer: &Layer| match layer {
            Layer::Custom(_) => serde_json::Value::Null,
            layer => layers_to_json(std::slice::from_ref(layer))[0].clone(),
        };
        let all: Vec<_> = model.network.layers().iter().map(|placed| entry(&placed.layer)).collect();
        Ok(serde_json::Value::from(all).to_string())
    }

    /// `(number, kind, input shape, output shape, parameters)` of each layer.
    fn placed_layers(&self) -> PyResult<Vec<Placed>> {
        let model = self.model()?;
        let described = |placed: &thalweg::network::PlacedLayer| -> Placed {
            let (input, output) = (placed.input.axes().to_vec(), placed.output.axes().to_vec());
            (placed.number, placed.layer.kind().to_owned(), input, output, placed.range.len())
        };
        Ok(model.network.layers().iter().map(described).collect())
    }

    /// The names of the parameter tensors, in layer order.
    #[getter]
    fn parameter_names(&self) -> PyResult<Vec<String>> {
        let model = self.model()?;
        let names = model.network.layers().iter().flat_map(|layer| &layer.parameters);
        Ok(names.map(|parameter| parameter.name.clone()).collect())
    }

    /// A copy of the parameter with this name.
    fn parameter<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        let model = self.model()?;
        let shape = shape_of(&model, name).unwrap_or_default();
        either!(&model.network, network => {
            let values = network.parameter(name).map_err(exception)?;
            Ok(PyArray1::from_slice(py, values).reshape(shape)?.into_any())
        })
    }

    /// Sets the parameter with this name.
    fn set_parameter(&self, name: &str, values: PyReadonlyArrayDyn<'_, f64>) -> PyResult<()> {
        let given = values.shape().to_vec();
        let values: Vec<f64> = values.as_array().iter().copied().collect();
        self.change(|model| {
            let expected = shape_of(model, name);
            match expected.filter(|expected| *expected != given) {
                Some(expected) => {
                    let (name, given) = (name.to_owned(), Shape::from(given).to_string());
                    let problem =
                        NetworkProblem::ParameterShape { name, expected: Shape::from(expected), given };
                    Err(exception(problem.into()))
                }
                None => Ok(()),
            }
        })?;
        self.change(|model| match &mut model.network {
            AnyNetwork::F32(network) => {
                let values: Vec<f32> = values.iter().map(|&value| value as f32).collect();
                network.set_parameter(name, &values).map_err(exception)
            }
            AnyNetwork::F64(network) => network.set_parameter(name, &values).map_err(exception),
        })
    }

    /// All parameters as one vector, in the network's precision.
    fn parameters<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(
            either!(&self.model()?.network, network => PyArray1::from_slice(py, network.parameters()).into_any()),
        )
    }

    /// Sets all parameters.
    fn set_parameters(&self, values: &Bound<'_, PyAny>) -> PyResult<()> {
        fn set<R: thalweg::Real + numpy::Element>(
            network: &mut LibraryNetwork<R>,
            values: &Bound<'_, PyAny>,
        ) -> PyResult<()> {
            let values = values.cast::<PyArrayDyn<R>>()?.readonly();
            let values = values.as_slice()?;
            if values.len() != network.parameter_count() {
                let (count, given) = (network.parameter_count(), values.len());
                return Err(PyValueError::new_err(format!(
                    "the network has {count} parameters, not {given}"
                )));
            }
            network.parameters_mut().copy_from_slice(values);
            Ok(())
        }
        self.change(|model| either!(&mut model.network, network => set(network, values)))
    }

    /// Draws every parameter anew.
    #[pyo3(signature = (seed, init=None))]
    fn start(&self, seed: u64, init: Option<&str>) -> PyResult<()> {
        let init =
            init.map(json).transpose()?.map(|init| init_from_json(&init)).transpose().map_err(exception)?;
        self.change(|model| {
            either!(&mut model.network, network => network.start(init.as_ref(), Draw::Philox { seed }))
                .map_err(exception)
        })
    }

    /// The same network in another precision.
    fn cast(&self, to: &str) -> PyResult<Self> {
        let mut model = (*self.model()?).clone();
        model.network = match (precision(to)?, &model.network) {
            (thalweg::Precision::F32, network) => either!(network, network => network.cast::<f32>().into()),
            (thalweg::Precision::F64, network) => either!(network, network => network.cast::<f64>().into()),
        };
        self.apart(model)
    }

    /// The loss that the network was trained by, as JSON; `None` before, `"custom"` for one in Python.
    #[getter]
    fn loss(&self) -> PyResult<Option<String>> {
        Ok(self.model()?.loss.as_ref().map(|loss| match loss {
            Loss::Custom(_) => "\"custom\"".to_owned(),
            loss => loss_to_json(loss).to_string(),
        }))
    }

    /// Says by which loss predictions are made: probabilities where it takes logits.
    fn set_loss(&self, loss: &Bound<'_, PyAny>) -> PyResult<()> {
        let (loss, own) = self.read_loss(loss)?;
        self.put_loss(Some(loss), own)
    }

    /// The classes' names by id.
    #[getter]
    fn label_names(&self) -> PyResult<Vec<String>> {
        Ok(self.model()?.label_names.clone())
    }

    /// What turns a file into inputs, as JSON; `None` for a network that was saved alone.
    #[getter]
    fn preprocessing(&self) -> PyResult<Option<String>> {
        Ok(self.model()?.preprocessing.as_ref().map(|preprocessing| preprocessing.to_json().to_string()))
    }

    /// The names of the columns that a table must have, in the order of training; empty where there are none.
    #[getter]
    fn column_names(&self) -> PyResult<Vec<String>> {
        Ok(self.model()?.preprocessing.as_ref().map(Preprocessing::column_names).unwrap_or_default())
    }

    /// The names of the features that these become, categories as `"column=category"`; empty where there are none.
    #[getter]
    fn feature_names(&self) -> PyResult<Vec<String>> {
        Ok(self.model()?.preprocessing.as_ref().map(Preprocessing::feature_names).unwrap_or_default())
    }

    /// Whether features are made of the columns of a table, which may be text.
    #[getter]
    fn takes_columns(&self) -> PyResult<bool> {
        let model = self.model()?;
        let inputs = model.preprocessing.as_ref().map(Preprocessing::inputs);
        Ok(matches!(inputs, Some(InputSchema::Columns { .. })))
    }

    /// The features of named columns in their own units, `[rows, features]`, and what is to be said of them.
    fn encode<'py>(
        &self,
        py: Python<'py>,
        columns: Vec<(String, Cells<'py>)>,
    ) -> PyResult<(Bound<'py, PyArray2<f64>>, Vec<String>)> {
        let model = self.model()?;
        let Some(preprocessing) = &model.preprocessing else {
            return Err(PyValueError::new_err("the network came without preprocessing"));
        };
        let table = Table::new(as_columns(columns)?);
        let (features, notices) = preprocessing.features(&table).map_err(exception)?;
        let values: Vec<f64> = (0..features.len()).map(|index| features.value(index)).collect();
        let columns = preprocessing.input_shape().len();
        let values = values.into_pyarray(py).reshape([table.rows(), columns])?;
        Ok((values, notices.iter().map(ToString::to_string).collect()))
    }

    /// The classes of labels as they were written in training, and how many classes there are; `None` where the target is no class or these are no labels.
    fn class_ids<'py>(
        &self,
        py: Python<'py>,
        labels: Vec<(String, Cells<'py>)>,
    ) -> PyResult<Option<(Bound<'py, PyArray1<u32>>, usize)>> {
        let model = self.model()?;
        let Some(preprocessing) = &model.preprocessing else { return Ok(None) };
        let ids = preprocessing.class_ids(as_columns(labels)?).map_err(exception)?;
        Ok(ids.map(|ids| (ids.into_pyarray(py), preprocessing.label_names().len())))
    }

    /// Keeps the names of these rows' columns, where the network has no preprocessing yet and takes such rows; whether it does.
    fn keep_names(&self, rows: &Dataset) -> PyResult<bool> {
        let model = self.model()?;
        let fits = rows.inner.columns() == model.network.input_shape().len();
        if model.preprocessing.is_some() || rows.inner.feature_names().is_empty() || !fits {
            return Ok(false);
        }
        self.change(|model| {
            model.preprocessing = Some(Preprocessing::of_names(&rows.inner));
            Ok(())
        })?;
        Ok(true)
    }

    /// Forgets the names that were kept, of a training that was refused.
    fn forget_names(&self) -> PyResult<()> {
        self.change(|model| {
            model.preprocessing = None;
            Ok(())
        })
    }

    /// Whether a training goes by the same in both `settings`, each the JSON of a `training` table, what they leave out included.
    fn are_same(&self, settings: &str, others: &str) -> PyResult<bool> {
        let model = self.model()?;
        let read = |settings: &str| -> PyResult<String> {
            let mut settings = self.settings(&model, settings, &[])?;
            let rate = settings.learning_rate.unwrap_or_else(|| settings.optimizer.default_learning_rate());
            settings.learning_rate = Some(rate);
            Ok(format!("{settings:?}"))
        };
        Ok(read(settings)? == read(others)?)
    }

    /// Trains. `settings`: the JSON of a `training` table.
    #[pyo3(signature = (train, settings, loss=None, validation=None, test=None, seed=0, threads=None, state=None, metrics=None,
                        callback=None, with_parameters=false, plateau_rule=None, leave_after=None, brief=false, most_looks=None))]
    #[expect(clippy::too_many_arguments, reason = "Python's side calls it by name")]
    fn fit(
        &self,
        py: Python<'_>,
        train: &Dataset,
        settings: &str,
        loss: Option<&Bound<'_, PyAny>>,
        validation: Option<&Dataset>,
        test: Option<&Dataset>,
        seed: u64,
        threads: Option<usize>,
        state: Option<&State>,
        metrics: Option<Vec<Bound<'_, PyAny>>>,
        callback: Option<Py<PyAny>>,
        with_parameters: bool,
        plateau_rule: Option<&Bound<'_, PyDict>>,
        leave_after: Option<u64>,
        brief: bool,
        most_looks: Option<u64>,
    ) -> PyResult<(Outcome, bool)> {
        let model = self.model()?;
        let mut network: AnyNetwork =
            either!(&model.network, network => network.try_clone().map_err(exception)?.into());
        let settings = self.settings(&model, settings, &metrics.unwrap_or_default())?;
        let train = &train.given_to(&model)?;
        let validation = validation.map(|data| data.given_to(&model)).transpose()?;
        let test = test.map(|data| data.given_to(&model)).transpose()?;
        let (validation, test) = (validation.as_ref(), test.as_ref());
        let (chosen, own) = match loss {
            Some(loss) => self.read_loss(loss)?,
            None => match &settings.loss {
                Some(loss) => (loss.clone(), None),
                None => {
                    (either!(&network, network => thalweg::train::default_loss(network, &train.inner)), None)
                }
            },
        };
        let (l2, l1) = (settings.l2, settings.l1);
        let plateau = plateau(plateau_rule)?;
        let before = (model.loss.clone(), self.own_loss()?.clone());
        drop(model);
        // Whoever is called while training goes on asks what predictions mean.
        self.put_loss(Some(chosen.clone()), own)?;
        let looked_enough = Arc::new(AtomicBool::new(false));
        let job = Job {
            settings,
            loss: chosen.clone(),
            seed,
            threads: threads.unwrap_or_else(default_threads),
            state: state.map(|state| state.inner.clone()),
            callback,
            with_parameters,
            plateau,
            leave_after,
            most_looks: most_looks.map(|most| (most, looked_enough.clone())),
            is_brief: brief,
            raised: self.raised.clone(),
        };
        drop(self.raised.take());
        let trained = py.detach(|| job.train(&mut network, &Data { train, validation, test }));
        let error = self.raised.take();
        let (outcome, by_plateau) = match (trained, error) {
            (Err(error), raised) => {
                self.put_loss(before.0, before.1)?;
                return Err(raised.unwrap_or_else(|| exception(error)));
            }
            (Ok((outcome, by_plateau)), error) => {
                let error = error.map(|error| error.into_value(py).into_any());
                let looked_enough = looked_enough.load(Ordering::Relaxed);
                (Outcome { inner: outcome, error, looked_enough }, by_plateau)
            }
        };
        let label_names = train.inner.label_names().to_vec();
        let target_names = train.inner.target_names().to_vec();
        self.change(|model| {
            *model =
                Model { network, loss: Some(chosen), l2, l1, label_names, target_names, ..model.clone() };
            Ok(())
        })?;
        Ok((outcome, by_plateau))
    }

    /// What the network says of rows in memory: an array of its own type, row by row. `None` if the array is of another kind.
    fn predict_in_place<'py>(&self, x: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let model = self.model()?;
        if model.preprocessing.as_ref().is_some_and(|preprocessing| !preprocessing.is_unscaled()) {
            return Ok(None);
        }
        let (inputs, outputs) = (model.network.input_shape().len(), model.network.output_shape().len());
        self.finished(|| {
            self.kept.with(&model, |predictor| predictor.in_place(x, inputs, outputs))?.transpose()
        })
    }

    /// What the network says of rows: probabilities, or numbers in the target's own units, `[rows, outputs]`.
    #[pyo3(signature = (data, threads=None))]
    fn predict<'py>(
        &self,
        py: Python<'py>,
        data: &Dataset,
        threads: Option<usize>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let model = self.model()?;
        let data = data.given_to(&model)?;
        self.finished(|| predict_rows(py, &model, &data.inner, threads.unwrap_or_else(default_threads)))
    }

    /// Loss and metrics of rows with targets.
    fn evaluate<'py>(&self, py: Python<'py>, data: &Dataset) -> PyResult<Bound<'py, PyDict>> {
        let model = self.model()?;
        if without_targets(&data.inner) {
            return Err(PyValueError::new_err("these rows have no targets to compare with"));
        }
        let data = data.given_to(&model)?;
        let report = self.finished(|| {
            py.detach(|| model.evaluate(&data.inner, thalweg::train::Part::Test)).map_err(exception)
        })?;
        let figures = PyDict::new(py);
        for (name, value) in history::figures(&report) {
            figures.set_item(name, value)?;
        }
        Ok(figures)
    }

    /// Loss and gradient of the loss by each parameter over all rows, as one vector.
    #[pyo3(signature = (data, settings="{}", loss=None, training=false))]
    fn gradients<'py>(
        &self,
        py: Python<'py>,
        data: &Dataset,
        settings: &str,
        loss: Option<&Bound<'_, PyAny>>,
        training: bool,
    ) -> PyResult<(f64, Bound<'py, PyAny>)> {
        let model = self.model()?;
        let settings = self.settings(&model, settings, &[])?;
        let loss = loss.map(|loss| self.read_loss(loss)).transpose()?.map(|(loss, _)| loss);
        let data = data.given_to(&model)?;
        self.finished(|| inspect::gradients(py, &model, &settings, loss, &data.inner, training))
    }

    /// Compares the gradients with differences.
    #[pyo3(signature = (data, settings="{}", loss=None, seed=0))]
    fn gradcheck<'py>(
        &self,
        py: Python<'py>,
        data: &Dataset,
        settings: &str,
        loss: Option<&Bound<'_, PyAny>>,
        seed: u64,
    ) -> PyResult<Bound<'py, PyDict>> {
        let model = self.model()?;
        let settings = self.settings(&model, settings, &[])?;
        let loss = loss.map(|loss| self.read_loss(loss)).transpose()?.map(|(loss, _)| loss);
        let data = data.given_to(&model)?;
        self.finished(|| inspect::gradcheck(py, &model, &settings, loss, &data.inner, seed))
    }

    /// One step told in sections, as JSON.
    #[pyo3(signature = (data, settings="{}", loss=None, seed=0, step=0))]
    fn explain(
        &self,
        py: Python<'_>,
        data: &Dataset,
        settings: &str,
        loss: Option<&Bound<'_, PyAny>>,
        seed: u64,
        step: u64,
    ) -> PyResult<(String, String)> {
        let model = self.model()?;
        let settings = self.settings(&model, settings, &[])?;
        let loss = loss.map(|loss| self.read_loss(loss)).transpose()?.map(|(loss, _)| loss);
        let data = data.given_to(&model)?;
        self.finished(|| inspect::explain(py, &model, &settings, loss, &data.inner, seed, step))
    }
}

/// Whether all that a file lacks is the function that was its loss, without which predictions can be made.
fn is_loss_in_python(problem: &ModelProblem) -> bool {
    matches!(problem, ModelProblem::Custom { part, .. } if part == "loss")
}

/// Takes what a description says, as [`Network::description`] gives it; what it does not mention stays.
fn describe(model: &mut Model, mut description: serde_json::Value) -> PyResult<()> {
    if !description.is_object() {
        return Err(PyValueError::new_err(format!(
            "a network's description must be an object such as {{\"label_names\": []}}, not {description}"
        )));
    }
    let names = |key: &str| -> PyResult<Option<Vec<String>>> {
        match &description[key] {
            serde_json::Value::Null => Ok(None),
            value => serde_json::from_value(value.clone()).map(Some).map_err(|_| {
                PyValueError::new_err(format!(
                    "{key} of a network's description must be a list of names, not {value}"
                ))
            }),
        }
    };
    if let Some(names) = names("label_names")? {
        model.label_names = names;
    }
    if let Some(names) = names("target_names")? {
        model.target_names = names;
    }
    if !description["preprocessing"].is_null() {
        let preprocessing = Preprocessing::from_json(description["preprocessing"].take());
        model.preprocessing = Some(preprocessing.map_err(exception)?);
    }
    if let Some(l2) = description["l2"].as_f64() {
        model.l2 = l2;
    }
    if let Some(l1) = description["l1"].as_f64() {
        model.l1 = l1;
    }
    if !description["summary"].is_null() {
        let summary = serde_json::from_value(description["summary"].take());
        model.summary = Some(summary.map_err(|error| PyValueError::new_err(error.to_string()))?);
    }
    Ok(())
}

/// The shape of the parameter with this name.
fn shape_of(model: &Model, name: &str) -> Option<Vec<usize>> {
    let mut tensors = model.network.layers().iter().flat_map(|layer| &layer.parameters);
    tensors.find(|parameter| parameter.name == name).map(|parameter| parameter.shape.axes().to_vec())
}

impl Network {
    /// A network that was loaded or trained elsewhere.
    pub(crate) fn of(model: Model) -> Self {
        Network::with_raised(model, Raised::default())
    }

    fn with_raised(model: Model, raised: Raised) -> Self {
        Network {
            model: RwLock::new(Arc::new(model)),
            kept: Kept::none(),
            raised,
            own_layers: Vec::new(),
            own_loss: Mutex::new(None),
        }
    }

    /// A network of its own with a copy of this one's model: what parts in Python raise for one does not reach the other.
    fn apart(&self, mut model: Model) -> PyResult<Self> {
        let raised = Raised::default();
        let anew = |part: &Part| part.with_raised(raised.clone());
        let own_layers: Vec<Part> = self.own_layers.iter().map(anew).collect();
        if !own_layers.is_empty() {
            let mut own = own_layers.iter();
            let of_copy = |layer: &Layer| match layer {
                Layer::Custom(_) => own
                    .next()
                    .map_or_else(|| layer.clone(), |part| Layer::Custom(Arc::new(PythonLayer(part.clone())))),
                layer => layer.clone(),
            };
            model.network = either!(&model.network, network => {
                let layers: Vec<Layer> = network.layers().iter().map(|placed| &placed.layer).map(of_copy).collect();
                let mut copy = LibraryNetwork::new(network.input_shape().clone(), layers).map_err(exception)?;
                copy.parameters_mut().copy_from_slice(network.parameters());
                copy.into()
            });
        }
        let own_loss = match (&model.loss, &*self.own_loss()?) {
            (Some(Loss::Custom(_)), Some(PythonLoss(part))) => Some(PythonLoss(anew(part))),
            _ => None,
        };
        if let Some(own) = &own_loss {
            model.loss = Some(own.loss());
        }
        Ok(Network { own_layers, own_loss: Mutex::new(own_loss), ..Network::with_raised(model, raised) })
    }

    fn own_loss(&self) -> PyResult<std::sync::MutexGuard<'_, Option<PythonLoss>>> {
        self.own_loss.lock().map_err(|_| PyRuntimeError::new_err("a panic left the network unusable"))
    }

    pub(crate) fn model(&self) -> PyResult<Arc<Model>> {
        let model =
            self.model.read().map_err(|_| PyRuntimeError::new_err("a panic left the network unusable"))?;
        Ok(model.clone())
    }

    fn change(&self, act: impl FnOnce(&mut Model) -> PyResult<()>) -> PyResult<()> {
        let mut model =
            self.model.write().map_err(|_| PyRuntimeError::new_err("a panic left the network unusable"))?;
        let changed = act(Arc::make_mut(&mut model));
        self.kept.forget();
        changed
    }

    /// What is computed, unless a part in Python raises on the way: then that exception, for what came after it has no other reason.
    fn finished<T>(&self, compute: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
        let computed = compute();
        match self.raised.take() {
            Some(error) => Err(error),
            None => computed,
        }
    }

    /// A loss as JSON or a Python function; that function beside it.
    fn read_loss(&self, loss: &Bound<'_, PyAny>) -> PyResult<(Loss, Option<PythonLoss>)> {
        match loss.cast::<PyString>() {
            Ok(text) => Ok((read_loss(&json(text.to_cow()?.as_ref())?).map_err(exception)?, None)),
            Err(_) => {
                let own = PythonLoss(Part::new(loss, self.raised.clone()));
                Ok((own.loss(), Some(own)))
            }
        }
    }

    /// Says by which loss the network was trained; `own`: it, where it is one in Python.
    fn put_loss(&self, loss: Option<Loss>, own: Option<PythonLoss>) -> PyResult<()> {
        *self.own_loss()? = own;
        self.change(|model| {
            model.loss = loss;
            Ok(())
        })
    }

    /// The settings of a training, which name metrics in Python as parts of one's own.
    fn settings(
        &self,
        model: &Model,
        settings: &str,
        metrics: &[Bound<'_, PyAny>],
    ) -> PyResult<thalweg::train::TrainingSettings> {
        let mut registry = Registry::new();
        for metric in metrics {
            let part = Part::new(metric, self.raised.clone());
            let name = part.name.clone();
            if ["loss", "data_loss"].contains(&&*name) || Metric::from_name(&name).is_some() {
                return Err(PyValueError::new_err(format!(
                    "a metric of one's own cannot be called {name:?}, as one of Thalweg's is; give it another name"
                )));
            }
            registry = registry.metric(&name, move |_| Ok(PythonMetric(part.clone())));
        }
        let layers: Vec<Layer> = model.network.layers().iter().map(|placed| placed.layer.clone()).collect();
        training_from_json_with(&json(settings)?, &layers, &registry).map_err(setting_exception)
    }
}
