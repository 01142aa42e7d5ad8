//! How the command ends: its exit statuses, and which error gives which.

use std::process::ExitCode;

use thalweg::Error;
use thalweg::data::DataProblem;
use thalweg::run::RunProblem;

use crate::pictures::PictureProblem;

/// The exit statuses, a contract with scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// All done.
    Done = 0,
    /// The run failed, or a check found a difference.
    Failed = 1,
    /// The arguments or the experiment are wrong.
    Usage = 2,
    /// A file is missing, unreadable or wrong.
    File = 3,
    /// The loss stopped being finite.
    Diverged = 4,
    /// Ctrl-C, with a checkpoint written.
    Interrupted = 130,
    /// The termination signal, with a checkpoint written.
    Terminated = 143,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        ExitCode::from(status as u8)
    }
}

/// Why a command could not do what it was asked: a status and one sentence.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) status: Status,
    pub(crate) message: String,
}

impl Failure {
    pub(crate) fn new(status: Status, message: impl Into<String>) -> Self {
        Failure { status, message: message.into() }
    }

    /// The arguments are wrong.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Failure::new(Status::Usage, message)
    }

    /// A file is missing, unreadable or wrong.
    pub(crate) fn file(message: impl Into<String>) -> Self {
        Failure::new(Status::File, message)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure { status: status_of(&error), message: error.to_string() }
    }
}

impl From<PictureProblem> for Failure {
    fn from(problem: PictureProblem) -> Self {
        let status = match &problem {
            PictureProblem::Library(error) => status_of(error),
            PictureProblem::Write { .. } => Status::File,
            PictureProblem::Draw(_) => Status::Failed,
            PictureProblem::UnknownKind { .. }
            | PictureProblem::DoesNotApply { .. }
            | PictureProblem::NoSuchRow { .. }
            | PictureProblem::NoSuchPart { .. } => Status::Usage,
        };
        Failure { status, message: problem.to_string() }
    }
}

/// The status that goes with an error of the library.
fn status_of(error: &Error) -> Status {
    match error {
        Error::Diverged { .. } => Status::Diverged,
        Error::Experiment { .. } | Error::Layer { .. } | Error::Network(_) => Status::Usage,
        Error::Run {
            problem:
                RunProblem::Exists
                | RunProblem::NotReplaceable
                | RunProblem::NoStep { .. }
                | RunProblem::BeforeStart { .. }
                | RunProblem::Locked { .. }
                | RunProblem::NothingLeft { .. }
                | RunProblem::OtherNetwork { .. }
                | RunProblem::OtherPrecision { .. }
                | RunProblem::ReportsByClock,
            ..
        } => Status::Usage,
        Error::Data { problem, .. } if is_choice(problem) => Status::Usage,
        Error::Threads { .. } => Status::Failed,
        Error::Sweep(problem) if !problem.is_about_a_file() => Status::Usage,
        _ => Status::File,
    }
}

/// Whether the data are as they should be and what was asked of them is wrong.
fn is_choice(problem: &DataProblem) -> bool {
    matches!(
        problem,
        DataProblem::UnknownColumn { .. }
            | DataProblem::NoTarget { .. }
            | DataProblem::UnknownName { .. }
            | DataProblem::UnknownFormat { .. }
            | DataProblem::GeneratorOption { .. }
            | DataProblem::NumpySeed { .. }
            | DataProblem::NoNumpyOriginal
            | DataProblem::Shares { .. }
            | DataProblem::BadPattern { .. }
            | DataProblem::TooManyClasses { .. }
            | DataProblem::SeveralArrays { .. }
            | DataProblem::AmbiguousColumn { .. }
            | DataProblem::NamedTwice { .. }
            | DataProblem::TargetAmongFeatures { .. }
            | DataProblem::NoSuchFold { .. }
            | DataProblem::FewerRowsThanFolds { .. }
            | DataProblem::FoldBesideValidation
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_their_status() {
        let missing = Error::io("x.csv", "read", std::io::ErrorKind::NotFound.into());
        assert_eq!(status_of(&missing), Status::File);
        let no_target =
            Error::Data { source_name: "x.csv".into(), problem: DataProblem::NoTarget { columns: vec![] } };
        assert_eq!(status_of(&no_target), Status::Usage);
        let no_rows = Error::Data { source_name: "x.csv".into(), problem: DataProblem::NoRows };
        assert_eq!(status_of(&no_rows), Status::File);
        let diverged = Error::Diverged {
            epoch: 1,
            step: 2,
            loss: f64::NAN,
            learning_rate: 1.0,
            first: None,
            cure: thalweg::train::Cure::ClipNorm,
            checkpoint: None,
        };
        assert_eq!(status_of(&diverged) as u8, 4);
    }
}
