//! `thalweg inspect`: what a file or folder holds.

mod data_file;
mod model;
mod run_folder;

use std::path::Path;

use serde_json::json;
use thalweg::experiment::Draft;
use thalweg::run::RunFolder;

use crate::arguments::InspectArguments;
use crate::exit::{Failure, Status};
use crate::output::Output;

pub(crate) fn run(arguments: &InspectArguments, output: &Output) -> Result<Status, Failure> {
    let path = &arguments.path;
    let ends_with = |ending: &str| path.extension().is_some_and(|own| own.eq_ignore_ascii_case(ending));
    if RunFolder::is_run(path) {
        run_folder::inspect(path, output)?;
    } else if path.is_dir() {
        return Err(Failure::file(format!(
            "{}: this folder is not a run; give a file in it",
            path.display()
        )));
    } else if ends_with("safetensors") {
        model::inspect(path, output)?;
    } else if ends_with("toml") {
        experiment(path, output)?;
    } else {
        data_file::inspect(path, output)?;
    }
    Ok(Status::Done)
}

/// What an experiment file says, with nothing left open.
fn experiment(path: &Path, output: &Output) -> Result<(), Failure> {
    let experiment = Draft::read(path)?.check()?;
    output.json(&json!({
        "kind": "experiment",
        "format": "toml",
        "name": experiment.name,
        "description": experiment.description,
        "layers": experiment.network.layers.len(),
    }));
    output.line(format_args!("{}: an experiment, all of it valid", path.display()));
    output.text(&experiment.to_toml());
    Ok(())
}
