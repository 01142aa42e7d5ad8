//! Softplus, the smooth ReLU.

use crate::activations::Elementwise;
use crate::real::Real;

/// A ReLU with its corner rounded.
///
/// ```text
/// a  = log(1 + eᶻ) = max(0, z) + log1p(e^{-|z|})
/// f' = 1 / (1 + e⁻ᶻ)
/// ```
///
/// # Units and ranges
/// a is above 0 until e^{-|z|} underflows; the second form never overflows.
///
/// # Source
/// Dugas, Bengio, Bélisle, Nadeau and Garcia, "Incorporating second-order functional knowledge for better option
/// pricing", 2001, equation 1.
#[derive(Clone, Copy)]
pub(super) struct Softplus;

/// log(1 + eᶻ), for whoever needs it: mish, the binary cross-entropy.
#[inline(always)]
pub(crate) fn softplus<R: Real>(z: R) -> R {
    let linear = if z > R::ZERO { z } else { R::ZERO };
    linear + (-z.abs()).exp().log1p()
}

impl<R: Real> Elementwise<R> for Softplus {
    #[inline(always)]
    fn value(self, z: R) -> R {
        softplus(z)
    }

    #[inline(always)]
    fn derivative(self, z: R, _a: R) -> R {
        z.sigmoid()
    }
}
