//! `thalweg resume`: go on with an interrupted run.

use thalweg::run::RunFolder;

use crate::arguments::ResumeArguments;
use crate::exit::{Failure, Status};
use crate::interrupt::Interrupt;
use crate::output::Output;
use crate::training::Shown;
use crate::{environment, training};

pub(crate) fn run(arguments: &ResumeArguments, output: &Output) -> Result<Status, Failure> {
    let threads = environment::threads(arguments.threads)?;
    let mut folder = RunFolder::open(&arguments.run)?;
    if let Some(result) = folder.result()? {
        output.note("the run is at its end; this is its result");
        training::print_result(&folder, &result, output)?;
        training::print_place(&folder, &result, output);
        return Ok(Status::Done);
    }
    let interrupt = Interrupt::listen()?;
    let mut prepared = folder.prepare()?;
    prepared.threads = threads;
    training::announce(&prepared, output);
    let state = folder.rewind()?;
    if let Some(warning) = folder.warning() {
        output.notice(warning);
    }
    let step = state.as_ref().map_or(0, |state| state.counters.step);
    output.note(format_args!("going on after step {step}"));
    training::train_in(&mut folder, &mut prepared, state.as_ref(), &interrupt, Shown::default(), output)
}
