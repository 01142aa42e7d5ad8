//! `thalweg explain`: one training step, every matrix with its formula, shape and numbers.

use std::path::Path;

use thalweg::explain;
use thalweg::network::AnyNetwork;
use thalweg::run::{self, Prepared, RunFolder};
use thalweg::train::{Parts, TrainingSettings};

use crate::arguments::ExplainArguments;
use crate::exit::{Failure, Status};
use crate::output::{self, Output};
use crate::{draft, training};

/// Rows and columns shown of a matrix.
const SHOWN: (usize, usize) = (8, 12);

/// The same where more is to be said.
const SHOWN_VERBOSE: (usize, usize) = (100, 40);

pub(crate) fn run(arguments: &ExplainArguments, output: &Output) -> Result<Status, Failure> {
    let prepared = prepared(arguments)?;
    training::announce(&prepared, output);
    let settings =
        TrainingSettings { loss: Some(prepared.loss.clone()), ..prepared.experiment.training.clone() };
    let parts = Parts {
        train: &prepared.train,
        validation: prepared.validation.as_ref(),
        test: prepared.test.as_ref(),
    };
    let start = prepared.start.as_ref().map(|start| &start.state);
    let seed = prepared.experiment.seed;
    let step = arguments.step.unwrap_or(prepared.first_step());
    let explanation = match &prepared.network {
        AnyNetwork::F32(network) => explain::explain_after(network, &settings, parts, seed, start, step)?,
        AnyNetwork::F64(network) => explain::explain_after(network, &settings, parts, seed, start, step)?,
    };
    output.json(&explanation);
    if !output.json {
        let (rows, columns) = if output.verbose { SHOWN_VERBOSE } else { SHOWN };
        output.text(&explanation.render(output::width(), rows, columns));
    }
    Ok(Status::Done)
}

/// The start of a run that was made, or of one that could be.
fn prepared(arguments: &ExplainArguments) -> Result<Prepared, Failure> {
    let path = Path::new(&arguments.what);
    if RunFolder::is_run(path) {
        return Ok(RunFolder::open(path)?.prepare()?);
    }
    let named = draft::named(&arguments.what, &arguments.data, &arguments.settings)?;
    Ok(run::prepare(named.check()?, named.data_folder.as_deref())?)
}
