//! Thalweg trains neural networks by gradient descent, written from the formulas up: forward pass, backward pass,
//! update.
#![warn(missing_docs)]

pub mod error;
pub mod real;
pub mod shape;

pub use error::{Error, Result};
pub use real::{Precision, Real};
pub use shape::Shape;
