//! Experiments: what is trained, on what data and how, as a TOML file says it.
//!
//! A file is read with positions ([`Draft`]), settings from flags are laid over it, and all of it is checked once into
//! an [`Experiment`], which holds valid values only. Every unknown key or value is refused with its file, its line and
//! the nearest right one. `docs/experiment-file.md` lists every key.
//!
//! # Example
//! ```
//! use thalweg::experiment::Draft;
//! let experiment = Draft::builtin("spiral")?.set("hidden", "50")?.set("steps", "10")?.check()?;
//! assert_eq!(experiment.training.steps, Some(10));
//!
//! let error = Draft::builtin("spiral")?.set("lr", "-1")?.check().unwrap_err();
//! assert_eq!(
//!     error.to_string(),
//!     "--set lr=-1: `training.optimizer.learning_rate` must be a finite number above 0, not -1"
//! );
//! # Ok::<(), thalweg::Error>(())
//! ```

mod augment;
mod builtin;
mod data;
mod draft;
mod hidden_layers;
mod image_layers;
mod item;
mod json;
mod nearest;
mod network;
mod parts;
mod problem;
mod settings;
#[cfg(test)]
mod tests;
mod training;
mod tree;
mod write;

use std::path::Path;

pub use builtin::{BUILTIN, Builtin, builtin};
pub use draft::Draft;
pub use json::{
    init_from_json, layers_to_json, loss_to_json, read_layers, read_loss, training_from_json,
    training_from_json_with,
};
pub(crate) use json::{layers_from_json, loss_from_json};
pub use problem::{Bounds, Expected, ExperimentProblem, Kind, Origin};
pub use settings::split_values;

use crate::custom::Registry;
use crate::data::DataSettings;
use crate::error::Result;
use crate::init::Init;
use crate::layers::Layer;
use crate::real::Precision;
use crate::shape::Shape;
use crate::train::TrainingSettings;
use item::Item;
use parts::MOST;
use problem::Kind as K;
use tree::{Fault, Node};

/// Where a run's random numbers come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum RandomSource {
    /// Counter-based Philox streams: any number can be had without those before it.
    #[default]
    Philox,
    /// NumPy's legacy stream: generators first, then weights, draw from `np.random.seed(seed)` in order.
    Numpy,
}

impl RandomSource {
    /// The name in experiment files: `"philox"` or `"numpy"`.
    pub const fn name(self) -> &'static str {
        match self {
            RandomSource::Philox => "philox",
            RandomSource::Numpy => "numpy",
        }
    }
}

/// The network of an experiment.
#[derive(Clone, Debug)]
pub struct NetworkSettings {
    /// The layers in order, each activation a layer of its own; a layer's number is its place here, from 0.
    pub layers: Vec<Layer>,
    /// The shape of one example; `None`: from the data.
    pub input_shape: Option<Shape>,
    /// How weights start where a layer does not say; `None`: He before ReLU-like activations, Glorot otherwise.
    pub init: Option<Init>,
}

/// What is trained, on what data and how: valid values only.
#[derive(Clone, Debug)]
pub struct Experiment {
    /// What runs are named after: no slashes, not beginning with a dot.
    pub name: String,
    /// One line for people; may be empty.
    pub description: String,
    /// The one seed, below 2⁶³; with [`RandomSource::Numpy`] below 2³².
    pub seed: u64,
    /// Where random numbers come from.
    pub random: RandomSource,
    /// The scalar type that is trained in.
    pub precision: Precision,
    /// The data and how it is cut and scaled.
    pub data: DataSettings,
    /// The layers.
    pub network: NetworkSettings,
    /// The loss, the optimizer, and how long.
    pub training: TrainingSettings,
    /// The parts of a program's own that it may name: what a run's model and a draft made from it are read with.
    pub registry: Registry,
}

impl Experiment {
    /// Reads and checks an experiment's TOML. `file` names it in errors, and the experiment where the text does not.
    ///
    /// # Errors
    /// [`Error::Experiment`](crate::Error::Experiment) with the first problem found.
    ///
    /// # Example
    /// ```
    /// use thalweg::Experiment;
    /// let text = r#"
    ///     data.source = "digits"
    ///     network.layers = [{ dense = 32, activation = "relu" }, { dense = 10 }]
    /// "#;
    /// let experiment = Experiment::parse(text, None)?;
    /// assert_eq!(experiment.network.layers.len(), 3); // the activation is a layer of its own
    /// # Ok::<(), thalweg::Error>(())
    /// ```
    pub fn parse(text: &str, file: Option<&Path>) -> Result<Experiment> {
        Draft::parse(text, file)?.check()
    }

    /// The whole experiment as TOML: every key that has a value, defaults too, each activation as a layer of its own,
    /// so that the line of a layer in the list is its number. Reading it gives the same experiment again.
    ///
    /// A user's own layer, activation, loss, optimizer or metric is written by its name and its options, to which
    /// [`Draft::with_registry`] gives a meaning; [`Experiment::parse`] refuses it.
    pub fn to_toml(&self) -> String {
        write::toml(self, false)
    }

    /// The lines of [`to_toml`](Self::to_toml) as settings: each by its name with dots, with its value as TOML writes it, in the
    /// file's order. So two experiments can be held against each other.
    ///
    /// # Example
    /// ```
    /// use thalweg::experiment::Draft;
    /// let experiment = Draft::builtin("spiral")?.set("steps", "500")?.check()?;
    /// assert!(experiment.written_settings().contains(&("training.steps".to_owned(), "500".to_owned())));
    /// # Ok::<(), thalweg::Error>(())
    /// ```
    pub fn written_settings(&self) -> Vec<(String, String)> {
        write::settings(self)
    }

    /// The same with a short comment on each key, activations inside their layers and unset keys as comments: to start
    /// an experiment of one's own from.
    pub fn commented_toml(&self) -> String {
        write::toml(self, true)
    }
}

/// Whether a text can name an experiment and the folder of its runs.
pub(crate) fn is_name(text: &str) -> bool {
    let separates = |c: char| c == '/' || c == '\\' || c.is_control();
    !text.trim().is_empty()
        && text.chars().count() <= 100
        && !text.starts_with('.')
        && !text.contains(separates)
}

/// Checks a tree into an experiment; `name` is taken where the tree has none.
fn check(root: &Node, name: &str, registry: &Registry) -> Result<Experiment, Fault> {
    let keys = Item { node: root, path: String::new() }.keys()?;
    keys.only(settings::ROOT_KEYS)?;
    let name = keys
        .maybe("name", |item| {
            item.text().ok().filter(|text| is_name(text)).ok_or_else(|| item.wrong(Expected::Name))
        })?
        .unwrap_or_else(|| if is_name(name) { name.to_owned() } else { "experiment".to_owned() });
    let seed = keys.read("seed", 0, |item| item.whole(0, MOST))?;
    let random = match keys.maybe("random", |item| item.one_of(K::RandomSource, &["philox", "numpy"]))? {
        Some("numpy") => RandomSource::Numpy,
        _ => RandomSource::Philox,
    };
    if let (RandomSource::Numpy, true, Some(item)) = (random, seed > u64::from(u32::MAX), keys.get("seed")) {
        return Err(item.fault(ExperimentProblem::SeedNotNumpys { seed }));
    }
    let precision = match keys.maybe("precision", |item| item.one_of(K::Precision, &["f32", "f64"]))? {
        Some("f64") => Precision::F64,
        _ => Precision::F32,
    };
    let description = keys.read("description", String::new(), |item| item.text_or_empty())?;
    let Some(data) = keys.get("data") else {
        return Err(keys.missing("data", Expected::Table));
    };
    let data = data::data(&data.keys()?)?;
    let Some(network) = keys.get("network") else {
        return Err(keys.missing("network", Expected::Table));
    };
    let network = network::network(&network.keys()?, registry)?;
    let training = match keys.get("training") {
        Some(item) => training::training(&item.keys()?, &network.layers, registry)?,
        None => TrainingSettings::default(),
    };
    let registry = registry.clone();
    Ok(Experiment { name, description, seed, random, precision, data, network, training, registry })
}
