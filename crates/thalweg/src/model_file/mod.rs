//! Model files and state files: safetensors with a description in the header. `docs/model-file.md` specifies them.
//!
//! A file is data, never code. A reader proves all of it before any of it is used: the header against the file's length,
//! every tensor against the header, the description against its version, the layers against each other, and the tensors
//! against the layers in name, shape, type and values. Nothing is allocated for a size that only the description claims.

mod container;
mod metadata;
mod predictions;
mod problem;
mod read;
mod state;
mod summary;
#[cfg(test)]
mod tests;
mod write;

use std::borrow::Cow;
use std::path::Path;

pub use metadata::FORMAT_VERSION;
pub use predictions::Predictions;
pub use problem::ModelProblem;
pub use read::{read_tensor, tensor_names};
pub use state::{load_state, save_state};
pub use summary::{PartFigures, Status, TrainingSummary};

use crate::custom::Registry;
use crate::data::sources::Loaded;
use crate::data::{self, Dataset, DatasetTargets, LoadOptions, Preprocessing, Source};
use crate::error::{Error, Result};
use crate::losses::Loss;
use crate::network::{AnyNetwork, Network, either};
use crate::plan::Rules;
use crate::real::Real;
use crate::team::default_threads;
use crate::train::{Evaluator, Part, PartReport, Wanted};

/// A trained network and everything that predicting from a user's file needs.
///
/// # Example
/// ```
/// use thalweg::{Model, Network};
/// use thalweg::data::{Dataset, DatasetTargets, Features};
///
/// let mut network = Network::<f64>::builder([2]).dense(1).build(0)?;
/// network.set_parameter("0.weight", &[2.0, 3.0])?;
/// let model = Model::from(network);
/// let rows = Dataset::new(Features::F64(vec![1.0, 1.0, 0.0, 2.0]), [2].into(), DatasetTargets::None)?;
/// assert_eq!(model.predict(&rows)?.values, [5.0, 6.0]);
/// # Ok::<(), thalweg::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Model {
    /// The layers and their parameters.
    pub network: AnyNetwork,
    /// The loss that it was trained by; `None` for a network that was saved alone.
    pub loss: Option<Loss>,
    /// The L2 penalty of its loss.
    pub l2: f64,
    /// The L1 penalty of its loss.
    pub l1: f64,
    /// What turns a file into its inputs and targets; `None` for a network that was saved alone.
    pub preprocessing: Option<Preprocessing>,
    /// The classes' names by id; empty for numbers.
    pub label_names: Vec<String>,
    /// The target's name, or one name per output.
    pub target_names: Vec<String>,
    /// What training came to.
    pub summary: Option<TrainingSummary>,
}

impl<R: Real> From<Network<R>> for Model
where
    AnyNetwork: From<Network<R>>,
{
    /// A network alone.
    fn from(network: Network<R>) -> Self {
        Model {
            network: network.into(),
            loss: None,
            l2: 0.0,
            l1: 0.0,
            preprocessing: None,
            label_names: Vec::new(),
            target_names: Vec::new(),
            summary: None,
        }
    }
}

impl Model {
    /// Writes the model, whole or not at all.
    ///
    /// # Errors
    /// [`Error::Io`], and [`ModelProblem::NotFinite`] for a parameter that is not finite.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        write::model(self, path.as_ref())
    }

    /// Reads a model and checks all of it.
    ///
    /// # Errors
    /// [`Error::Io`], or [`Error::Model`] with the first problem found.
    pub fn load(path: impl AsRef<Path>) -> Result<Model> {
        Model::load_with(path, &Registry::new())
    }

    /// Reads a model that may have parts of a program's own, which the registry knows by their names.
    ///
    /// # Errors
    /// As [`Model::load`], and [`ModelProblem::Custom`] for a part that is not registered.
    pub fn load_with(path: impl AsRef<Path>, registry: &Registry) -> Result<Model> {
        let path = path.as_ref();
        let bytes = container::read_bytes(path)?;
        read::model(&bytes, registry).map_err(|problem| at(path, problem))
    }

    /// The loss, or, for a network that was saved alone, one that takes its outputs as they are.
    fn loss_or_plain(&self) -> Loss {
        self.loss.clone().unwrap_or(Loss::MeanSquaredError)
    }

    /// Rows in their own units as training had them, by [`Preprocessing::rows`], for all that is done with the network: what
    /// [`predict`](Self::predict) and [`evaluate`](Self::evaluate) take, and what a training goes on with. Those of a network that
    /// was saved alone stay as they are.
    ///
    /// # Errors
    /// [`NetworkProblem::InputShape`](crate::network::NetworkProblem::InputShape) for rows of another size.
    ///
    /// # Example
    /// ```
    /// use thalweg::{Model, Network};
    /// use thalweg::data::{Dataset, DatasetTargets, Features};
    ///
    /// let model = Model::from(Network::<f64>::builder([2]).dense(1).build(0)?);
    /// let wide = Dataset::new(Features::F64(vec![1.0, 2.0, 3.0]), [3].into(), DatasetTargets::None)?;
    /// let refused = model.rows(&wide).unwrap_err().to_string();
    /// assert!(refused.starts_with("the network takes rows of the shape [2], but the data has rows of the shape [3]"));
    /// # Ok::<(), thalweg::Error>(())
    /// ```
    pub fn rows<'a>(&self, rows: &'a Dataset) -> Result<Cow<'a, Dataset>> {
        let (expected, given) = (self.network.input_shape(), rows.feature_shape());
        if expected.len() != given.len() {
            let (expected, given) = (expected.clone(), given.clone());
            return Err(crate::network::NetworkProblem::InputShape { expected, given }.into());
        }
        match &self.preprocessing {
            Some(preprocessing) => Ok(Cow::Owned(preprocessing.rows(rows)?)),
            None => Ok(Cow::Borrowed(rows)),
        }
    }

    /// What the network says about rows: probabilities, or numbers in the target's own units.
    ///
    /// # Errors
    /// [`NetworkProblem`](crate::network::NetworkProblem) when the rows do not fit the network.
    pub fn predict(&self, data: &Dataset) -> Result<Predictions> {
        let loss = self.loss_or_plain();
        let mut values = either!(&self.network, network => Evaluator::new(network, &loss, data, default_threads())?.predict(data));
        // Rows without targets do not know the target's units; the model does.
        if let (Some(preprocessing), DatasetTargets::None) = (&self.preprocessing, data.targets()) {
            let outputs = self.network.output_shape().len();
            let scale = preprocessing.target_scale();
            for (index, value) in values.iter_mut().enumerate() {
                *value = scale.to_own_units(index % outputs, *value);
            }
        }
        Ok(Predictions::new(self, data, values))
    }

    /// Loss (with and without penalties) and all metrics over rows that have targets; `part` is what the report calls them.
    ///
    /// # Errors
    /// [`NetworkProblem`](crate::network::NetworkProblem) when rows or targets do not fit the network, or when there are
    /// no targets.
    pub fn evaluate(&self, data: &Dataset, part: Part) -> Result<PartReport> {
        self.evaluate_wanted(data, part, Wanted::All)
    }

    /// The loss without penalties over rows that have targets: what [`evaluate`](Self::evaluate) says of it, without the rest.
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate).
    pub fn data_loss(&self, data: &Dataset) -> Result<f64> {
        Ok(self.evaluate_wanted(data, Part::Train, Wanted::Only(&[]))?.data_loss)
    }

    fn evaluate_wanted(&self, data: &Dataset, part: Part, wanted: Wanted<'_>) -> Result<PartReport> {
        let loss = self.loss_or_plain();
        if matches!(data.targets(), DatasetTargets::None) {
            return Err(crate::network::NetworkProblem::NoTargets.into());
        }
        let rules = Rules { l2: self.l2, l1: self.l1, ..Rules::forward_only(loss.clone()) };
        Ok(either!(&self.network, network => {
            let penalty = rules.penalty(network.layers(), network.parameters());
            let mut evaluator = Evaluator::new(network, &loss, data, default_threads())?;
            evaluator.evaluate(data, part, penalty, wanted, &[])
        }))
    }

    /// Reads rows of the same kind of file, set or generator that the model was trained on, and prepares them as in
    /// training. Of a set with parts it is the test part.
    ///
    /// # Errors
    /// [`ModelProblem::NoPreprocessing`], and as [`data::load_for`].
    pub fn load_rows(&self, source: &Source, format: Option<&str>, options: &LoadOptions) -> Result<Loaded> {
        match &self.preprocessing {
            Some(preprocessing) => data::load_for(preprocessing, source, format, options),
            None => Err(at(Path::new("the model"), ModelProblem::NoPreprocessing)),
        }
    }
}

impl<R: Real> Network<R>
where
    AnyNetwork: From<Network<R>>,
{
    /// Writes the network alone as a model file, whole or not at all.
    ///
    /// # Errors
    /// As [`Model::save`].
    ///
    /// # Example
    /// ```
    /// use thalweg::Network;
    /// let path = std::env::temp_dir().join(format!("thalweg-doc-{}.safetensors", std::process::id()));
    /// let network = Network::<f32>::builder([2]).dense(3).relu().dense(1).build(0)?;
    /// network.save(&path)?;
    /// assert_eq!(Network::<f32>::load(&path)?.parameters(), network.parameters());
    /// # std::fs::remove_file(&path).unwrap();
    /// # Ok::<(), thalweg::Error>(())
    /// ```
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        Model::from(self.clone()).save(path)
    }

    /// Reads the network of a model file.
    ///
    /// # Errors
    /// As [`Model::load`], and [`ModelProblem::Precision`] when the file has the other precision.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        Network::load_with(path, &Registry::new())
    }

    /// Reads the network of a model file that may have parts of a program's own, which the registry knows by their names.
    ///
    /// # Errors
    /// As [`Network::load`], and [`ModelProblem::Custom`] for a part that is not registered.
    pub fn load_with(path: impl AsRef<Path>, registry: &Registry) -> Result<Self> {
        let path = path.as_ref();
        let network = Model::load_with(path, registry)?.network;
        let found = network.precision();
        let wrong = ModelProblem::Precision { expected: R::PRECISION, found };
        if found != R::PRECISION {
            return Err(at(path, wrong));
        }
        // The precisions are equal, so the cast copies.
        Ok(either!(network, network => network.cast()))
    }

    /// Takes every parameter from the tensors of a safetensors file, by name: for a network that the program has made itself, whatever
    /// the file says of it. The types may differ; values are rounded where they must be.
    ///
    /// # Errors
    /// As [`read_tensor`], and [`NetworkProblem`](crate::network::NetworkProblem) for a tensor of another shape or with a
    /// value that is not finite. The network is then unchanged.
    pub fn load_parameters(&mut self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let mut loaded = self.clone();
        for parameter in self.parameter_tensors() {
            let (found, values) = read_tensor(path, &parameter.name)?;
            if found != parameter.shape {
                let (name, expected) = (parameter.name.clone(), parameter.shape.clone());
                return Err(at(path, ModelProblem::TensorShape { name, expected, found }));
            }
            let values: Vec<R> = values.into_iter().map(R::from_f64).collect();
            loaded.set_parameter(&parameter.name, &values)?;
        }
        *self = loaded;
        Ok(())
    }
}

/// A problem with the file at `path`.
fn at(path: &Path, problem: ModelProblem) -> Error {
    Error::Model { path: path.to_owned(), problem: Box::new(problem) }
}
