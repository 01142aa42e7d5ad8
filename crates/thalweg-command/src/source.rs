//! The data that a user names for a trained model.

use std::path::Path;

use thalweg::Experiment;
use thalweg::data::sources::NAMED;
use thalweg::data::{LoadOptions, Source};
use thalweg::experiment::RandomSource;
use thalweg::model_file::Model;
use thalweg::run::RunFolder;

use crate::exit::Failure;

/// A model, and the run that it is from if a run's folder was named.
pub(crate) struct Trained {
    pub(crate) model: Model,
    pub(crate) run: Option<RunFolder>,
}

/// Opens a run's folder or a model file.
pub(crate) fn open(path: &Path) -> Result<Trained, Failure> {
    if !path.is_dir() {
        return Ok(Trained { model: Model::load(path)?, run: None });
    }
    let run = RunFolder::open(path)?;
    if !path.join("model.safetensors").exists() {
        return Err(Failure::file(format!(
            "{}: the run has no model yet; finish it with `thalweg resume {0}`",
            path.display()
        )));
    }
    Ok(Trained { model: run.model()?, run: Some(run) })
}

/// A set known by name, or files.
pub(crate) fn source(name: &str) -> Source {
    match NAMED.contains(&name) {
        true => Source::Named(name.to_owned()),
        false => Source::Files(vec![name.into()]),
    }
}

/// How data is loaded for a model: sets known by name are looked for in `folder` first, then where the run found them.
pub(crate) fn options(folder: Option<&Path>, run: Option<&RunFolder>) -> LoadOptions {
    let seed = |experiment: &Experiment| (experiment.seed, experiment.random == RandomSource::Numpy);
    let (seed, draws_from_numpy) = run.map_or((0, false), |run| seed(run.experiment()));
    let own = run.and_then(|run| run.environment().data_folder.as_deref());
    LoadOptions {
        data_folder: folder.or(own).map(Path::to_owned),
        seed,
        draws_from_numpy,
        ..LoadOptions::default()
    }
}
