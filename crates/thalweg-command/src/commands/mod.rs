//! One file per verb.

mod at;
mod bench;
mod compare;
mod completions;
mod data_fetch;
mod doctor;
mod draw;
mod evaluate;
mod explain;
mod gradcheck;
mod inspect;
mod list;
mod lr_find;
mod new;
mod predict;
mod resume;
mod sweep;
mod train;
mod verify;

use crate::arguments::{DataVerb, Verb};
use crate::exit::{Failure, Status};
use crate::output::Output;

/// Does what the arguments say.
pub(crate) fn run(verb: Verb, output: &Output) -> Result<Status, Failure> {
    match verb {
        Verb::Train(arguments) => train::run(&arguments, output),
        Verb::Resume(arguments) => resume::run(&arguments, output),
        Verb::Verify(arguments) => verify::run(&arguments, output),
        Verb::At(arguments) => at::run(&arguments, output),
        Verb::Evaluate(arguments) => evaluate::run(&arguments, output),
        Verb::Predict(arguments) => predict::run(&arguments, output),
        Verb::Sweep(arguments) => sweep::run(&arguments, output),
        Verb::Compare(arguments) => compare::run(&arguments, output),
        Verb::Explain(arguments) => explain::run(&arguments, output),
        Verb::LrFind(arguments) => lr_find::run(&arguments, output),
        Verb::Gradcheck(arguments) => gradcheck::run(&arguments, output),
        Verb::Doctor(arguments) => doctor::run(&arguments, output),
        Verb::Inspect(arguments) => inspect::run(&arguments, output),
        Verb::List(arguments) => list::run(&arguments, output),
        Verb::New(arguments) => new::run(&arguments, output),
        Verb::Draw(arguments) => draw::run(&arguments, output),
        Verb::Bench(arguments) => bench::run(&arguments, output),
        Verb::Data(DataVerb::Fetch(arguments)) => data_fetch::run(&arguments, output),
        Verb::Completions(arguments) => Ok(completions::run(&arguments, output)),
    }
}
