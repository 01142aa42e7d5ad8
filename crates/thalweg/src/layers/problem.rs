//! Why a layer cannot stand where it stands.

use crate::shape::Shape;

/// Why a layer does not fit its input.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LayerProblem {
    /// A dense layer takes one axis.
    #[error("takes a row of values, but its input has the shape {input}; put \"flatten\" before it")]
    NotFlat {
        /// The shape that came.
        input: Shape,
    },
    /// A dense layer without outputs.
    #[error("has 0 outputs; give it at least 1")]
    NoOutputs,
    /// Nothing comes in.
    #[error("has an input of the shape {input}, which holds no values; check the data's columns")]
    EmptyInput {
        /// The shape that came.
        input: Shape,
    },
    /// The chance to drop is not a chance.
    #[error("has dropout = {dropout}; it must be at least 0 and less than 1")]
    DropoutOutOfRange {
        /// What was given.
        dropout: f64,
    },
    /// Noise that is no noise.
    #[error("has noise = {noise}; it must be a finite number, 0 or more")]
    NoiseOutOfRange {
        /// What was given.
        noise: f64,
    },
    /// An average that keeps too much or less than nothing.
    #[error("has momentum = {momentum}; it must be at least 0 and less than 1")]
    MomentumOutOfRange {
        /// What was given.
        momentum: f64,
    },
    /// Nothing keeps a variance of 0 from a division.
    #[error("has epsilon = {epsilon}; it must be a finite number above 0")]
    EpsilonOutOfRange {
        /// What was given.
        epsilon: f64,
    },
    /// A custom layer refuses the shape.
    #[error("does not take an input of the shape {input}: {reason}")]
    Custom {
        /// The shape that came.
        input: Shape,
        /// The layer's own words.
        reason: String,
    },
}
