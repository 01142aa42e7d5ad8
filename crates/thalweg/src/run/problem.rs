//! Why a run folder cannot be made, gone on with or compared.

use std::path::PathBuf;

use crate::real::Precision;

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
    /// The run has a part of a program's own that this program does not have.
    #[error(
        "its {kind} {name:?} is of a program's own, and this program does not have it; open the run in the program that defines it, with a Registry that has the name"
    )]
    OwnPart {
        /// Which kind of part.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// The run has a part of a program's own that does not take its options.
    #[error("its {kind} {name:?} cannot be made from the options in its experiment: {reason}")]
    OwnPartNotMade {
        /// Which kind of part.
        kind: &'static str,
        /// Its name.
        name: String,
        /// What it says of them.
        reason: String,
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
    /// A step from before a run that began from another.
    #[error("it has no step {step}: it began after {first} from {}, which has the steps before", from.display())]
    BeforeStart {
        /// What was asked for.
        step: u64,
        /// The step that it began after.
        first: u64,
        /// What it began from.
        from: PathBuf,
    },
    /// Another process trains in the folder.
    #[error(
        "{} is training in this folder; wait until it has ended, or stop it with Ctrl-C",
        named(*process)
    )]
    Locked {
        /// Its number, if that is known.
        process: Option<u32>,
    },
    /// The newest state is damaged, and an earlier one is used.
    #[error("{reason}; the checkpoint before it, of step {step}, is used in its place")]
    Damaged {
        /// What is wrong with the newest, from its reader.
        reason: String,
        /// The step of the one that is used.
        step: u64,
    },
    /// The end of a run could not be written.
    #[error("not all of the run is saved: {reason}; {}", last_good(*checkpoint))]
    NotSaved {
        /// What could not be written, and why.
        reason: String,
        /// The step of the newest state that is whole.
        checkpoint: Option<u64>,
    },
    /// The state that a run began from is not the one that it began from.
    #[error(
        "it is not the state that the run began from, by its checksum in environment.json; bring the old file back"
    )]
    OtherStart,
    /// The network of a run that is to be gone on from does not fit.
    #[error(
        "its network does not fit: it has {theirs}, the new run {ours}; leave the layers as they are, or train without --from"
    )]
    OtherNetwork {
        /// Its layers with parameters, in words.
        theirs: String,
        /// Those of the new run.
        ours: String,
    },
    /// A run in the other precision.
    #[error(
        "it is in {theirs}, the new run in {ours}; leave `precision` as it is, or start from its model.safetensors"
    )]
    OtherPrecision {
        /// Its precision.
        theirs: Precision,
        /// That of the new run.
        ours: Precision,
    },
    /// A run from another that would end where it begins.
    #[error(
        "the new run would begin after step {step} and end at step {end}; epochs and steps count from the first run's start, so give more of them"
    )]
    NothingLeft {
        /// Where it begins.
        step: u64,
        /// Where it ends.
        end: u64,
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

/// Who it is that trains.
fn named(process: Option<u32>) -> String {
    process.map_or("another process".to_owned(), |number| format!("process {number}"))
}

/// What a run can be gone on with from.
fn last_good(checkpoint: Option<u64>) -> String {
    match checkpoint {
        Some(step) => format!(
            "the last good checkpoint is that of step {step}, from which `thalweg resume` goes on when the cause is gone"
        ),
        None => "it has no checkpoint to go on from".to_owned(),
    }
}
