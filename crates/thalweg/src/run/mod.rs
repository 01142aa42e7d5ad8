//! Runs: an experiment prepared, trained and recorded in a folder, and taken up again after a stop.
//!
//! [`prepare`] loads the data, builds the network and draws its start; [`RunFolder`] keeps what a run leaves behind. A
//! run that was killed goes on from its last saved state to the same bits and the same lines:
//!
//! ```no_run
//! use thalweg::run::RunFolder;
//! let mut folder = RunFolder::open("runs/digits-001")?;
//! if folder.result()?.is_none() {
//!     let mut prepared = folder.prepare()?;
//!     let state = folder.rewind()?;
//!     folder.train(&mut prepared, Vec::new(), None, state.as_ref())?;
//! }
//! # Ok::<(), thalweg::Error>(())
//! ```

mod at;
mod checkpoints;
mod environment;
mod fitted_layers;
mod folder;
mod hashes;
mod lock;
mod metrics;
mod place;
mod predictions;
mod prepare;
mod problem;
mod recorder;
mod result;
mod start;
mod states;
mod tensorboard;
#[cfg(test)]
mod tests;
mod verify;

pub use environment::{DataFile, Environment};
pub use folder::RunFolder;
pub(crate) use lock::Lock;
pub use metrics::MetricsRow;
pub use place::Place;
pub(crate) use place::remove_run;
pub(crate) use prepare::from_the_root;
pub use prepare::{Prepared, load_options, prepare};
pub use problem::RunProblem;
pub use recorder::Recorder;
pub use result::TrainResult;
pub use start::{Origin, Start, StartNotice};
pub use tensorboard::TensorBoard;
pub use verify::{Cause, Difference, Verification};
