//! The hyperbolic tangent.

use crate::activations::Elementwise;
use crate::real::Real;

/// Maps every value to between -1 and 1.
///
/// ```text
/// a  = (eᶻ - e⁻ᶻ) / (eᶻ + e⁻ᶻ)
/// f' = 1 - a²
/// ```
///
/// # Units and ranges
/// a lies in [-1, 1]; f' is at most 1, at z = 0.
///
/// # Source
/// LeCun, Bottou, Orr and Müller, "Efficient BackProp", 1998, section 4.4, where it is preferred to the logistic
/// function because its mean is near 0. (Its scaled form 1.7159·tanh(⅔z) is not used here.)
#[derive(Clone, Copy)]
pub(super) struct Tanh;

impl<R: Real> Elementwise<R> for Tanh {
    #[inline(always)]
    fn value(self, z: R) -> R {
        z.tanh()
    }

    #[inline(always)]
    fn derivative(self, _z: R, a: R) -> R {
        (-a).mul_add(a, R::ONE)
    }
}
