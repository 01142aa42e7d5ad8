//! Losses: one file each, value and gradient side by side.

use std::sync::Arc;

use crate::custom::AnyCustomLoss;

/// What the network should say for one row.
#[derive(Clone, Copy, Debug)]
pub enum Target<'a, R> {
    /// The number of the right class.
    Class(usize),
    /// A value per output (or a probability per class).
    Values(&'a [R]),
}

/// How the losses of the rows become one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduction {
    /// They are added.
    Sum,
    /// They are averaged.
    Mean,
}

/// A loss: a number per row, and how the rows are joined.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Loss {
    /// Σⱼ(ŷⱼ - tⱼ)², added over rows.
    SumOfSquares,
    /// Σⱼ(ŷⱼ - tⱼ)² / outputs, averaged over rows.
    MeanSquaredError,
    /// ½Σⱼ(ŷⱼ - tⱼ)², averaged over rows: the quadratic cost.
    HalfSquares,
    /// Σⱼ|ŷⱼ - tⱼ| / outputs, averaged over rows.
    MeanAbsoluteError,
    /// Quadratic near zero, linear beyond `delta`; mean over outputs, averaged over rows.
    Huber {
        /// Where the parabola becomes a line, in the target's unit; 1 by default.
        delta: f64,
    },
    /// From logits; mean over outputs, averaged over rows.
    BinaryCrossEntropy,
    /// From logits; class numbers or probabilities as targets; averaged over rows.
    SoftmaxCrossEntropy,
    /// A user's own.
    Custom(Arc<dyn AnyCustomLoss>),
}
