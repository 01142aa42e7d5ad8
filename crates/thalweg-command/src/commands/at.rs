//! `thalweg at`: the model of any step of a run, made again.

use serde_json::json;
use thalweg::run::RunFolder;

use crate::arguments::AtArguments;
use crate::exit::{Failure, Status};
use crate::interrupt::Interrupt;
use crate::numbers;
use crate::output::Output;
use crate::{environment, training};

pub(crate) fn run(arguments: &AtArguments, output: &Output) -> Result<Status, Failure> {
    let threads = environment::threads(arguments.threads)?;
    if arguments.out.exists() && !arguments.force {
        return Err(Failure::usage(format!(
            "{}: the file already exists; choose another with --out, or overwrite it with --force",
            arguments.out.display()
        )));
    }
    let folder = RunFolder::open(&arguments.run)?;
    let interrupt = Interrupt::listen()?;
    let mut prepared = folder.prepare()?;
    prepared.threads = threads;
    training::announce(&prepared, output);
    let observers = training::progress(&prepared, output);
    let Some(model) = folder.at(&mut prepared, arguments.step, observers, Some(interrupt.flag()))? else {
        output.note("stopped; nothing was written");
        return Ok(interrupt.status());
    };
    model.save(&arguments.out)?;
    output.json(&json!({ "path": arguments.out.display().to_string(), "step": arguments.step }));
    output.line(format_args!(
        "the model after {} lies in {}",
        numbers::counted(arguments.step, "step"),
        arguments.out.display()
    ));
    Ok(Status::Done)
}
