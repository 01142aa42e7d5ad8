//! Mish.

use super::softplus::softplus;
use crate::activations::Elementwise;
use crate::real::Real;

/// Weighs every value by the tangent of its softplus.
///
/// ```text
/// t  = tanh(log(1 + eᶻ))
/// a  = z·t
/// f' = t + z·(1 - t²) / (1 + e⁻ᶻ)
/// ```
///
/// # Units and ranges
/// a is above -0.31; the least value lies at z = -1.192.
///
/// # Source
/// Misra, "Mish: a self regularized non-monotonic activation function", 2019, equations 1 and 2.
#[derive(Clone, Copy)]
pub(super) struct Mish;

impl<R: Real> Elementwise<R> for Mish {
    #[inline(always)]
    fn value(self, z: R) -> R {
        z * softplus(z).tanh()
    }

    #[inline(always)]
    fn derivative(self, z: R, _a: R) -> R {
        let t = softplus(z).tanh();
        let rise = (-t).mul_add(t, R::ONE) * z.sigmoid();
        z.mul_add(rise, t)
    }
}
