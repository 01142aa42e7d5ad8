//! `thalweg completions`: a script that completes verbs and flags in a shell.

use clap::CommandFactory;
use serde_json::json;

use crate::arguments::{Arguments, CompletionsArguments};
use crate::exit::Status;
use crate::output::Output;

pub(crate) fn run(arguments: &CompletionsArguments, output: &Output) -> Status {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "thalweg", &mut script);
    let script = String::from_utf8_lossy(&script);
    output.json(&json!({ "shell": arguments.shell.to_string(), "script": script }));
    output.text(&script);
    Status::Done
}
