//! `thalweg completions`: a script that completes verbs and flags in a shell.

use clap::CommandFactory;

use crate::arguments::{Arguments, CompletionsArguments};
use crate::exit::Status;
use crate::output;

pub(crate) fn run(arguments: &CompletionsArguments) -> Status {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "thalweg", &mut script);
    output::print(&String::from_utf8_lossy(&script));
    Status::Done
}
