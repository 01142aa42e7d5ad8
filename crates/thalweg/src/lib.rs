//! Thalweg trains neural networks by gradient descent, written from the formulas up: forward pass, backward pass,
//! update.
#![warn(missing_docs)]

pub mod activations;
mod compiled;
pub mod custom;
pub mod data;
pub mod doctor;
pub mod error;
pub mod experiment;
pub mod explain;
pub mod functions;
pub mod gradient_check;
pub mod init;
pub mod kernels;
pub mod layers;
pub mod losses;
pub mod metrics;
pub mod model_file;
pub mod network;
pub mod optimizers;
pub mod plan;
pub mod random;
pub mod real;
pub mod run;
pub mod schedules;
pub mod shape;
pub mod sweep;
pub mod team;
pub mod train;
pub mod whole_file;

/// The version of the number contract: what a result is, to the bit. It stands in every run and model file.
pub const NUMERICS_VERSION: u32 = 1;

pub use error::{Error, Result};
pub use experiment::Experiment;
pub use losses::Loss;
pub use model_file::Model;
pub use network::Network;
pub use optimizers::Optimizer;
pub use real::{Precision, Real};
pub use shape::Shape;
pub use train::Trainer;
