//! Why a run folder cannot be made, gone on with or compared.

use std::path::PathBuf;

/// Why a run folder cannot be made, gone on with or compared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RunProblem {
    /// The folder is there and may not be replaced.
    #[error("the folder already exists; choose another with --out, or replace the run in it with --force")]
    Exists,
    /// A name that would not be a folder in the folder of runs.
    #[error("{name:?} cannot name a run: leave out slashes and a dot at the beginning")]
    Name {
        /// What was given.
        name: String,
    },
    /// The folder holds something else than a run.
    #[error("the folder is not a run, and --force replaces nothing but runs; choose another with --out")]
    NotReplaceable,
    /// The folder is no run.
    #[error("it is not a run: there is no {missing} in it")]
    NotARun {
        /// The file that is missing.
        missing: &'static str,
    },
    /// A file of the run is not valid.
    #[error("it is not valid: {reason}")]
    NotValid {
        /// What is wrong, from the reader.
        reason: String,
    },
    /// A line of `metrics.jsonl` or `hashes.jsonl` is not valid.
    #[error("line {line} is not valid: {reason}")]
    MetricsLine {
        /// The line, from 1.
        line: usize,
        /// What is wrong, from the reader of JSON.
        reason: String,
    },
    /// `metrics.jsonl` ends before the state was saved.
    #[error("its lines end before step {step}, which the saved state had reported; lines were removed")]
    MetricsEnd {
        /// The step of the state's last report.
        step: u64,
    },
    /// A step that the run does not have.
    #[error("it has no step {step}: it ended after {last}")]
    NoStep {
        /// What was asked for.
        step: u64,
        /// The last step that there is.
        last: u64,
    },
    /// There is nothing to hold a repetition against.
    #[error(
        "there is no hashes.jsonl with a report in it to compare with: the run ended before its first, or an older version made it; train it anew"
    )]
    NoHashes,
    /// Reports came by the minute.
    #[error(
        "its reports came by the minute, and no repetition makes them at the same steps; train it with report_every in steps or epochs"
    )]
    ReportsByClock,
    /// A data file is not what the run began with.
    #[error("the data has changed since the run began ({}); bring the old file back, or train anew", file.display())]
    DataChanged {
        /// The file.
        file: PathBuf,
    },
    /// The run follows another version of the number contract.
    #[error(
        "the run follows version {found} of the number contract, this program version {known}; resume it with the program that began it"
    )]
    Numerics {
        /// The run's version.
        found: u32,
        /// This program's.
        known: u32,
    },
}
