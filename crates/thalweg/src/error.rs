//! The one error type of the library. Every variant says where it happened; what went wrong is an enum of the area.

use std::path::PathBuf;

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

impl Error {
    /// An [`Error::Io`] made from the system's error.
    pub fn io(path: impl Into<PathBuf>, action: &'static str, source: std::io::Error) -> Self {
        Error::Io { path: path.into(), action, source }
    }
}
