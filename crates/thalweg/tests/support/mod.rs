//! What the integration tests share: the shared data, and training an experiment by name.
#![allow(dead_code, reason = "each test binary uses its own part of this")]

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use thalweg::Network;
use thalweg::data::formats::{self, Contents};
use thalweg::data::{self, LoadOptions};
use thalweg::experiment::{Draft, Experiment, RandomSource};
use thalweg::network::Draw;
use thalweg::train::{Outcome, Parts, Trainer, TrainingSettings};

/// The folder with the reference figures and the real data, or a loud skip.
///
/// # Panics
/// When `THALWEG_SHARED` names a folder that has no such data: somebody meant the tests to run.
pub(crate) fn shared() -> Option<PathBuf> {
    let given = std::env::var_os("THALWEG_SHARED").map(PathBuf::from);
    let folder =
        given.clone().unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"));
    if folder.join("reference").is_dir() {
        return Some(folder);
    }
    assert!(given.is_none(), "THALWEG_SHARED is {}, which has no reference data", folder.display());
    // Written past the test harness, which hides what a passing test prints.
    let message = format!("SKIPPED: no reference data at {}; set THALWEG_SHARED\n", folder.display());
    std::io::stderr().write_all(message.as_bytes()).unwrap();
    None
}

/// The arrays of an NPZ file by name.
pub(crate) fn arrays(path: &Path) -> BTreeMap<String, Vec<f64>> {
    let Contents::Arrays(arrays) = formats::read(path, None).unwrap().contents else {
        panic!("named arrays")
    };
    arrays.into_iter().map(|(name, array)| (name, array.numbers().unwrap().collect())).collect()
}

/// A built-in experiment with some settings changed.
pub(crate) fn builtin(name: &str, settings: &[(&str, &str)]) -> Experiment {
    let draft = Draft::builtin(name).unwrap();
    settings.iter().fold(draft, |draft, (key, value)| draft.set(key, value).unwrap()).check().unwrap()
}

/// A trained experiment.
pub(crate) struct Trained {
    pub(crate) network: Network<f64>,
    pub(crate) outcome: Outcome,
    pub(crate) parts: data::Parts,
    pub(crate) settings: TrainingSettings,
    pub(crate) seed: u64,
}

/// The data and the untrained network of an experiment.
pub(crate) fn prepare(experiment: &Experiment, folder: Option<PathBuf>) -> (Network<f64>, data::Parts) {
    let options = LoadOptions {
        data_folder: folder,
        seed: experiment.seed,
        draws_from_numpy: experiment.random == RandomSource::Numpy,
        images: thalweg::run::load_options(experiment, None).images,
        ..LoadOptions::default()
    };
    let mut parts = data::load(&experiment.data, &options).unwrap();
    let shape = experiment.network.input_shape.clone().unwrap_or(parts.train.feature_shape().clone());
    let mut network = Network::new(shape, experiment.network.layers.clone()).unwrap();
    let draw = match &mut parts.numpy {
        Some(numpy) => Draw::Numpy(numpy),
        None => Draw::Philox { seed: experiment.seed },
    };
    network.start(experiment.network.init.as_ref(), draw).unwrap();
    (network, parts)
}

/// Trains an experiment in the precision that it asks for.
pub(crate) fn train(experiment: &Experiment, folder: Option<PathBuf>) -> Trained {
    let (mut network, parts) = prepare(experiment, folder);
    let views =
        Parts { train: &parts.train, validation: parts.validation.as_ref(), test: parts.test.as_ref() };
    let settings = experiment.training.clone();
    let trainer = Trainer::with_settings(settings.clone()).seed(experiment.seed);
    let outcome = match experiment.precision {
        thalweg::Precision::F64 => trainer.fit_parts(&mut network, views).unwrap(),
        thalweg::Precision::F32 => {
            let mut single = network.cast::<f32>();
            let outcome = trainer.fit_parts(&mut single, views).unwrap();
            network = single.cast();
            outcome
        }
    };
    Trained { network, outcome, parts, settings, seed: experiment.seed }
}
