//! The command `thalweg`: it parses arguments, calls the library, and shows what comes back.
//!
//! A crate of its own because what is linked into the program is optimised at the level of the program's own crate: there it must be fast,
//! and what stands here runs once, so that it is made small (the manifest of the workspace).

mod arguments;
mod commands;
mod draft;
mod environment;
mod exit;
mod interrupt;
mod live;
mod numbers;
mod output;
mod pictures;
mod progress;
mod recorded;
mod source;
mod start;
mod table;
mod trained_model;
mod training;

use std::process::ExitCode;

use exit::Status;
use output::Output;

/// Runs the command with the arguments of the process.
pub fn main() -> ExitCode {
    let arguments = match arguments::parse() {
        Ok(arguments) => arguments,
        Err(status) => return status,
    };
    let output = Output::new(&arguments.flags);
    interrupt::outlive_file_limit();
    let result = environment::check_cpu().and_then(|()| commands::run(arguments.verb, &output));
    match result {
        Ok(Status::Done) if output::is_result_lost() => Status::Failed.into(),
        Ok(status) => status.into(),
        Err(failure) => {
            output::report_failure(&failure);
            failure.status.into()
        }
    }
}
