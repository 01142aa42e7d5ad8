//! Activations: one file each, f and f' side by side.
//!
//! Every file but softmax's holds one function of a single value and its derivative; [`Activation`] runs them over whole
//! matrices `[rows, width]`, row-major. The derivative is written with z, with a = f(z), or both, whichever costs least.
//! Where a function has a kink, the derivative there is the one from the left, so that relu'(0) = 0 (NUMERICS rule 10).
//! No function overflows or makes a NaN of a finite input, and every one passes NaN on.

mod custom;
mod elementwise;
mod elu;
mod formula;
mod gelu;
mod gelu_tanh;
mod identity;
mod leaky_relu;
mod mish;
mod relu;
mod selu;
mod sigmoid;
mod silu;
pub(crate) mod softmax;
pub(crate) mod softplus;
mod tanh;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::custom::{AnyCustomActivation, Pick};
use crate::real::Real;

pub(crate) use elementwise::{Elementwise, ElementwiseTask};

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

impl Activation {
    /// The names of the built-in activations in experiment files.
    pub const NAMES: [&'static str; 13] = [
        "identity",
        "sigmoid",
        "tanh",
        "relu",
        "leaky_relu",
        "elu",
        "selu",
        "gelu",
        "gelu_tanh",
        "silu",
        "softplus",
        "mish",
        "softmax",
    ];

    /// The built-in activation of this name, with its default options.
    ///
    /// # Example
    /// ```
    /// use thalweg::activations::Activation;
    ///
    /// let relu = Activation::from_name("relu").expect("a name of the list");
    /// let mut a = [0.0; 3];
    /// relu.forward(3, &[-2.0, 0.0, 3.0], &mut a);
    /// assert_eq!(a, [0.0, 0.0, 3.0]);
    /// ```
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "identity" => Activation::Identity,
            "sigmoid" => Activation::Sigmoid,
            "tanh" => Activation::Tanh,
            "relu" => Activation::Relu,
            "leaky_relu" => Activation::LeakyRelu { slope: leaky_relu::DEFAULT_SLOPE },
            "elu" => Activation::Elu { alpha: elu::DEFAULT_ALPHA },
            "selu" => Activation::Selu,
            "gelu" => Activation::Gelu,
            "gelu_tanh" => Activation::GeluTanh,
            "silu" => Activation::Silu,
            "softplus" => Activation::Softplus,
            "mish" => Activation::Mish,
            "softmax" => Activation::Softmax,
            _ => return None,
        })
    }

    /// The name in experiment files; a custom activation's own.
    pub fn name(&self) -> &str {
        match self {
            Activation::Identity => "identity",
            Activation::Sigmoid => "sigmoid",
            Activation::Tanh => "tanh",
            Activation::Relu => "relu",
            Activation::LeakyRelu { .. } => "leaky_relu",
            Activation::Elu { .. } => "elu",
            Activation::Selu => "selu",
            Activation::Gelu => "gelu",
            Activation::GeluTanh => "gelu_tanh",
            Activation::Silu => "silu",
            Activation::Softplus => "softplus",
            Activation::Mish => "mish",
            Activation::Softmax => "softmax",
            Activation::Custom(part) => <f64 as Pick>::activation(part.as_ref()).name(),
        }
    }

    /// Whether the function is nearly z on the right and nearly flat on the left, so that half of the variance is lost
    /// and weights start best by He's rule. SELU is not counted: it keeps the variance by itself.
    pub const fn is_relu_like(&self) -> bool {
        matches!(
            self,
            Activation::Relu
                | Activation::LeakyRelu { .. }
                | Activation::Elu { .. }
                | Activation::Gelu
                | Activation::GeluTanh
                | Activation::Silu
                | Activation::Softplus
                | Activation::Mish
        )
    }

    /// Where the derivative jumps, if it does: a numeric derivative across this z is not the derivative.
    ///
    /// Always `None` for a custom activation, of which nothing is known.
    pub fn kink(&self) -> Option<f64> {
        match self {
            Activation::Relu | Activation::Selu => Some(0.0),
            Activation::LeakyRelu { slope } if *slope != 1.0 => Some(0.0),
            Activation::Elu { alpha } if *alpha != 1.0 => Some(0.0),
            _ => None,
        }
    }

    /// Whether the derivative jumps exactly at `z`.
    pub fn has_kink_at(&self, z: f64) -> bool {
        self.kink() == Some(z)
    }

    /// Computes a = f(z).
    ///
    /// # Shapes
    /// `z` and `a` are `[rows, width]`, row-major; only softmax looks at `width`.
    ///
    /// # Panics
    /// If the lengths differ or are not a multiple of `width`.
    #[inline(always)]
    pub fn forward<R: Real>(&self, width: usize, z: &[R], a: &mut [R]) {
        assert_eq!(z.len(), a.len(), "z and a have the same length");
        if self.run_elementwise(elementwise::ForwardTask { z, a }).is_none() {
            softmax::forward(width, z, a);
        }
    }

    /// Computes dz = da·f'(z), with a = f(z) from the forward pass; softmax multiplies by its whole Jacobian.
    ///
    /// # Shapes
    /// All are `[rows, width]`, row-major; only softmax looks at `width`. `dz` is overwritten.
    ///
    /// # Panics
    /// If the lengths differ or are not a multiple of `width`.
    #[inline(always)]
    pub fn backward<R: Real>(&self, width: usize, z: &[R], a: &[R], da: &[R], dz: &mut [R]) {
        assert_eq!(z.len(), dz.len(), "z and dz have the same length");
        assert_eq!(a.len(), dz.len(), "a and dz have the same length");
        assert_eq!(da.len(), dz.len(), "da and dz have the same length");
        if self.run_elementwise(elementwise::BackwardTask { z, a, da, dz }).is_none() {
            softmax::backward(width, a, da, dz);
        }
    }

    /// From which z on [`forward_near`](Self::forward_near) serves, if there is a shorter way to f there.
    #[inline(always)]
    pub(crate) const fn near(&self) -> Option<f64> {
        match self {
            Activation::Sigmoid => Some(sigmoid::NEAR),
            _ => None,
        }
    }

    /// [`forward`](Self::forward), to the bit, where no z is below [`near`](Self::near).
    #[inline(always)]
    pub(crate) fn forward_near<R: Real>(&self, z: &[R], a: &mut [R]) {
        match self {
            Activation::Sigmoid => sigmoid::forward_near(z, a),
            _ => unreachable!("only the sigmoid has a shorter way"),
        }
    }

    /// Whether f' follows from a = f(z) alone, to the bit, so that z need not be kept: `backward` may be given a in its
    /// place.
    pub(crate) const fn derivative_follows_from_output(&self) -> bool {
        matches!(self, Activation::Identity | Activation::Sigmoid | Activation::Tanh | Activation::Relu)
    }

    /// [`forward`](Self::forward) where z may be given up. `false`, and nothing done, for softmax, which is no function
    /// of single values.
    #[inline(always)]
    pub(crate) fn forward_in_place<R: Real>(&self, values: &mut [R]) -> bool {
        self.run_elementwise(elementwise::ForwardInPlaceTask { values }).is_some()
    }

    /// [`backward`](Self::backward) that turns da into dz where it lies. `false`, and nothing done, for softmax.
    #[inline(always)]
    pub(crate) fn backward_in_place<R: Real>(&self, z: &[R], a: &[R], d: &mut [R]) -> bool {
        self.run_elementwise(elementwise::BackwardInPlaceTask { z, a, d }).is_some()
    }

    /// Runs `task` with this activation as a type, so that its loop is compiled for this function alone; `None` for
    /// softmax, which is no function of single values.
    #[inline(always)]
    pub(crate) fn run_elementwise<R: Real, T: ElementwiseTask<R>>(&self, task: T) -> Option<T::Output> {
        Some(match self {
            Activation::Identity => task.run(identity::Identity),
            Activation::Sigmoid => task.run(sigmoid::Sigmoid),
            Activation::Tanh => task.run(tanh::Tanh),
            Activation::Relu => task.run(relu::Relu),
            Activation::LeakyRelu { slope } => task.run(leaky_relu::LeakyRelu { slope: R::from_f64(*slope) }),
            Activation::Elu { alpha } => task.run(elu::Elu { alpha: R::from_f64(*alpha) }),
            Activation::Selu => task.run(selu::Selu),
            Activation::Gelu => task.run(gelu::Gelu),
            Activation::GeluTanh => task.run(gelu_tanh::GeluTanh),
            Activation::Silu => task.run(silu::Silu),
            Activation::Softplus => task.run(softplus::Softplus),
            Activation::Mish => task.run(mish::Mish),
            Activation::Softmax => return None,
            Activation::Custom(part) => task.run(custom::Custom(R::activation(part.as_ref()))),
        })
    }
}
