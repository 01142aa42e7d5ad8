//! Activations: one file each, f and f' side by side.

use std::sync::Arc;

use crate::custom::AnyCustomActivation;

/// An activation function, applied to every value (softmax: to every row).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Activation {
    /// a = z.
    Identity,
    /// a = 1 / (1 + e⁻ᶻ).
    Sigmoid,
    /// a = tanh z.
    Tanh,
    /// a = max(0, z).
    Relu,
    /// a = z where z ≥ 0, else slope·z.
    LeakyRelu {
        /// The slope left of zero; 0.01 by default.
        slope: f64,
    },
    /// a = z where z ≥ 0, else alpha·(eᶻ - 1).
    Elu {
        /// What a tends to at -∞, negated; 1 by default.
        alpha: f64,
    },
    /// The self-normalising scaled ELU.
    Selu,
    /// a = z·Φ(z), by the error function.
    Gelu,
    /// GELU's approximation by tanh.
    GeluTanh,
    /// a = z·sigmoid(z), also called swish.
    Silu,
    /// a = log(1 + eᶻ).
    Softplus,
    /// a = z·tanh(softplus(z)).
    Mish,
    /// aⱼ = e^{zⱼ} / Σₖ e^{zₖ} over a row.
    Softmax,
    /// A user's own.
    Custom(Arc<dyn AnyCustomActivation>),
}
