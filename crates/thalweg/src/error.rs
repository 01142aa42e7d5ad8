//! The one error type of the library. Every variant says where it happened; what went wrong is an enum of the area.

use std::path::PathBuf;

use crate::data::{FileProblem, Format};
use crate::experiment::{ExperimentProblem, Origin};
use crate::layers::LayerProblem;
use crate::model_file::ModelProblem;
use crate::network::NetworkProblem;
use crate::run::RunProblem;
use crate::sweep::SweepProblem;
use crate::train::Cure;

/// What can go wrong in the library.
///
/// `Display` is one sentence for a person: what is wrong, where, and the nearest cure.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused to do something with a file.
    #[error("cannot {action} {}: {}", path.display(), plain_io(source))]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was tried: "read", "write", "create".
        action: &'static str,
        /// The system's own error.
        source: std::io::Error,
    },
    /// A layer does not fit its input.
    #[error("layer {layer} ({kind}) {problem}")]
    Layer {
        /// The layer's number, from 0.
        layer: usize,
        /// Its kind, as in the summary.
        kind: String,
        /// Why.
        problem: LayerProblem,
    },
    /// The network and what it is used with do not fit together.
    #[error("{0}")]
    Network(#[from] NetworkProblem),
    /// A saved state that belongs to another network, precision or batch size.
    #[error(
        "the saved state does not fit this network and these settings; resume with the experiment it was saved from"
    )]
    State,
    /// A saved state has what an observer knew, and the run has no such observer.
    #[error(
        "the saved state has what an observer {name:?} knew, and this run has no such observer; resume it in the program that defines it, with that observer"
    )]
    NoObserver {
        /// The observer's name.
        name: String,
    },
    /// An observer cannot keep or take what it knows.
    #[error("the observer {name:?} cannot be saved or go on: {reason}")]
    ObserverState {
        /// The observer's name.
        name: String,
        /// Why.
        reason: String,
    },
    /// Something about a data set as a whole.
    #[error("{source_name}: {problem}")]
    Data {
        /// The source.
        source_name: String,
        /// What.
        problem: crate::data::problem::DataProblem,
    },
    /// A model or a state file cannot be used.
    #[error("cannot use {}: {problem}", path.display())]
    Model {
        /// The file.
        path: PathBuf,
        /// Why.
        problem: Box<ModelProblem>,
    },
    /// A run folder cannot be made or gone on with.
    #[error("{}: {problem}", path.display())]
    Run {
        /// The folder or the file in it.
        path: PathBuf,
        /// Why.
        problem: RunProblem,
    },
    /// A sweep cannot be planned or gone on with.
    #[error("{0}")]
    Sweep(#[from] SweepProblem),
    /// The loss, an activation or a gradient stopped being a finite number, or the loss exploded.
    #[error(
        "the loss is {} at epoch {epoch}, step {step} (learning rate {}): {}; {cure}{}",
        short(*loss),
        short(*learning_rate),
        at_layer(first, *loss),
        from_checkpoint(*checkpoint)
    )]
    Diverged {
        /// The epoch, from 1.
        epoch: u64,
        /// How many updates had been made.
        step: u64,
        /// The loss that came out.
        loss: f64,
        /// The learning rate of the step.
        learning_rate: f64,
        /// The first layer whose output, or else whose gradient, is not finite: its number, its kind and which of the two. Where the
        /// loss is finite but exploded, the layer with the largest weights.
        first: Option<(usize, String, &'static str)>,
        /// What to try.
        cure: Cure,
        /// The step of the last good checkpoint, if the run has one.
        checkpoint: Option<u64>,
    },
    /// A team of worker threads cannot be made.
    #[error("cannot start a team of {threads} threads: {}; ask for another number", plain_io(source))]
    Threads {
        /// How many were asked for, the caller's counted.
        threads: usize,
        /// The system's own error, or the bounds of the number.
        source: std::io::Error,
    },
    /// A data file is not what it should be.
    #[error("cannot read {}{}: {problem}", path.display(), as_format(*format))]
    File {
        /// The file.
        path: PathBuf,
        /// The format that it was read as, if it came that far.
        format: Option<Format>,
        /// What is wrong, and where.
        problem: Box<FileProblem>,
    },
    /// An experiment file, or a setting laid over it, is not valid.
    #[error("{}{problem}", origin.prefix(file.as_deref()))]
    Experiment {
        /// The file; `None` for a built-in experiment or text from elsewhere.
        file: Option<PathBuf>,
        /// The line, or the flag that said it.
        origin: Origin,
        /// What is wrong.
        problem: Box<ExperimentProblem>,
    },
}

/// A `Result` with the library's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The system's message without its "(os error N)" tail.
fn plain_io(error: &std::io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(end) => text[..end].to_lowercase(),
        None => text,
    }
}

/// A number as people write it: with a power of ten where it would be long.
pub(crate) fn short(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 || !size.is_finite() || (1e-4..1e7).contains(&size) {
        value.to_string()
    } else {
        format!("{value:e}")
    }
}

/// Where the numbers first went wrong, in words.
fn at_layer(first: &Option<(usize, String, &'static str)>, loss: f64) -> String {
    match first {
        Some((layer, kind, what)) if loss.is_finite() => format!(
            "it is more than a million times what it was at first, and the {what} of layer {layer} ({kind}) are the largest"
        ),
        Some((layer, kind, what)) => {
            format!("the {what} of layer {layer} ({kind}) is the first that is not finite")
        }
        None => "every layer looked at is finite, the loss overflows".into(),
    }
}

/// The step to go back to, in words.
fn from_checkpoint(checkpoint: Option<u64>) -> String {
    checkpoint.map_or(String::new(), |step| format!("; the last good checkpoint is that of step {step}"))
}

/// " as CSV" in a message.
fn as_format(format: Option<Format>) -> String {
    format.map_or(String::new(), |format| format!(" as {format}"))
}

impl Error {
    /// An [`Error::Io`] made from the system's error.
    pub fn io(path: impl Into<PathBuf>, action: &'static str, source: std::io::Error) -> Self {
        Error::Io { path: path.into(), action, source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_that_grew_away_is_said_in_few_digits() {
        let said = |loss, learning_rate: f64| {
            let cure = Cure::LowerRate { to: 1e-3 };
            Error::Diverged { epoch: 1, step: 2, loss, learning_rate, first: None, cure, checkpoint: None }
                .to_string()
        };
        let grown = said(f64::INFINITY, 1e300);
        assert_eq!(
            grown,
            "the loss is inf at epoch 1, step 2 (learning rate 1e300): every layer looked at is finite, the loss overflows; \
             try a learning rate of 0.001"
        );
        assert!(said(-2.5e38, 1e-5).contains("the loss is -2.5e38 at"));
        assert!(said(0.0, 1e-5).contains("(learning rate 1e-5): "));
        assert!(said(f64::NAN, 0.5).starts_with("the loss is NaN at"));
        let grown = said(1234567.5, 0.0001);
        assert!(grown.contains("is 1234567.5 at") && grown.contains("(learning rate 0.0001)"), "{grown}");
    }
}
