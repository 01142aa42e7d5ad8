//! The command `thalweg`. What it does stands in `thalweg-command`.

use std::process::ExitCode;

fn main() -> ExitCode {
    thalweg_command::main()
}
