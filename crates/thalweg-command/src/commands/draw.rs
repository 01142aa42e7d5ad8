//! `thalweg draw`: one picture of a run.

use std::fs;
use std::path::Path;

use serde_json::json;
use thalweg::whole_file::write_whole;

use crate::arguments::DrawArguments;
use crate::exit::{Failure, Status};
use crate::output::Output;
use crate::pictures::{self, Choice, PictureProblem, Reason};
use crate::trained_model::TrainedModel;
use crate::{recorded, source, training};

pub(crate) fn run(arguments: &DrawArguments, output: &Output) -> Result<Status, Failure> {
    let ending = arguments.out.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    let is_svg = match ending.as_deref() {
        Some("svg") => true,
        Some("png") => false,
        _ => {
            return Err(Failure::usage(format!(
                "--out {}: a picture's name ends in .svg or .png",
                arguments.out.display()
            )));
        }
    };
    let trained = source::open(&arguments.run)?;
    let Some(run) = trained.run else {
        return Err(Failure::usage(format!(
            "{}: pictures are drawn of a run's folder, not of a model alone",
            arguments.run.display()
        )));
    };
    let mut prepared = run.prepare()?;
    prepared.network = trained.model.network.clone();
    let history = recorded::history(&run)?;
    let best_epoch = run.result()?.and_then(|result| result.summary.best_epoch);
    let view = training::view(&prepared, &history, best_epoch);
    let choice = Choice { index: arguments.index, part: None };
    let mut model = TrainedModel(trained.model);
    let bytes = match pictures::draw_kind(&arguments.kind, &view, &mut model, None, choice) {
        Ok(drawing) if is_svg => drawing.to_svg()?.into_bytes(),
        Ok(drawing) => drawing.to_png()?,
        Err(problem) => drawn_while_training(run.path(), is_svg, problem)?,
    };
    write_whole(&arguments.out, |file| file.write_all(&bytes))?;
    output.note(format_args!("wrote {}", arguments.out.display()));
    output.json(&json!({ "path": arguments.out.display().to_string(), "kind": arguments.kind }));
    Ok(Status::Done)
}

/// The file that the run left in its pictures, for a kind that only a run in progress can record.
fn drawn_while_training(run: &Path, is_svg: bool, problem: PictureProblem) -> Result<Vec<u8>, Failure> {
    let PictureProblem::DoesNotApply { kind, reason: Reason::OnlyInTraining { .. } } = &problem else {
        return Err(problem.into());
    };
    let file = run.join("pictures").join(kind).with_extension(if is_svg { "svg" } else { "png" });
    match file.is_file() {
        true => Ok(fs::read(&file).map_err(|error| thalweg::Error::io(file, "read", error))?),
        false => Err(problem.into()),
    }
}
