//! Thalweg trains neural networks by gradient descent, written from the formulas up: forward pass, backward pass,
//! update.
#![warn(missing_docs)]

pub mod activations;
pub mod custom;
pub mod data;
pub mod error;
pub mod experiment;
pub mod functions;
pub mod gradient_check;
pub mod init;
pub mod kernels;
pub mod layers;
pub mod losses;
pub mod metrics;
pub mod network;
pub mod optimizers;
pub mod plan;
pub mod random;
pub mod real;
pub mod schedules;
pub mod shape;
pub mod train;

pub use error::{Error, Result};
pub use experiment::Experiment;
pub use losses::Loss;
pub use network::Network;
pub use optimizers::Optimizer;
pub use real::{Precision, Real};
pub use shape::Shape;
pub use train::Trainer;
