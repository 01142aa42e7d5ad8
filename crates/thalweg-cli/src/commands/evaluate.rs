//! `thalweg evaluate`: loss and metrics of a trained model on data.

use std::path::Path;

use thalweg::model_file::PartFigures;
use thalweg::train::Part;

use crate::arguments::EvaluateArguments;
use crate::exit::{Failure, Status};
use crate::output::Output;
use crate::{source, training};

pub(crate) fn run(arguments: &EvaluateArguments, output: &Output) -> Result<Status, Failure> {
    let trained = source::open(&arguments.model)?;
    let model = &trained.model;
    let (report, name): (_, String) = match (&arguments.source, &trained.run) {
        (Some(name), run) => {
            let options = source::options(arguments.data.as_deref(), run.as_ref());
            let loaded = model.load_rows(&source::source(name), None, &options)?;
            loaded.notices.iter().for_each(|notice| output.notice(notice));
            (model.evaluate(&loaded.dataset, Part::Test)?, file_name(name))
        }
        (None, Some(run)) => {
            let prepared = run.prepare()?;
            let (part, data) =
                prepared.parts().last().expect("a prepared run has a training part, whatever else it has");
            (model.evaluate(data, part)?, part.name().to_owned())
        }
        (None, None) => {
            return Err(Failure::usage("a model file does not know its data: thalweg evaluate MODEL DATA"));
        }
    };
    let figures = PartFigures::from(&report);
    output.json(&figures);
    output.line(training::figures_table(&[(&name, &figures)]));
    Ok(Status::Done)
}

/// The last part of a path: the table has no room for all of it.
fn file_name(path: &str) -> String {
    Path::new(path).file_name().map_or_else(|| path.to_owned(), |name| name.to_string_lossy().into_owned())
}
