//! The Gaussian error linear unit, by the error function.

use std::f64::consts::FRAC_1_SQRT_2;

use crate::activations::Elementwise;
use crate::real::Real;

/// 1/√(2π), the height of the normal density.
const FRAC_1_SQRT_TAU: f64 = 0.398_942_280_401_432_677_939_946_059_934_381_868;

/// Weighs every value by the chance that a standard normal number is smaller.
///
/// ```text
/// a  = z·Φ(z)              Φ(z) = ½·(1 + erf(z/√2))
/// f' = Φ(z) + z·φ(z)       φ(z) = e^{-z²/2} / √(2π)
/// ```
///
/// # Units and ranges
/// a is above -0.17; the least value lies at z = -0.7518.
///
/// # Source
/// Hendrycks and Gimpel, "Gaussian error linear units (GELUs)", 2016, section 2.
#[derive(Clone, Copy)]
pub(super) struct Gelu;

/// Φ(z), the normal distribution function.
#[inline(always)]
fn normal_distribution<R: Real>(z: R) -> R {
    R::from_f64(0.5) * (R::ONE + (z * R::from_f64(FRAC_1_SQRT_2)).erf())
}

impl<R: Real> Elementwise<R> for Gelu {
    #[inline(always)]
    fn value(self, z: R) -> R {
        z * normal_distribution(z)
    }

    #[inline(always)]
    fn derivative(self, z: R, _a: R) -> R {
        let density = R::from_f64(FRAC_1_SQRT_TAU) * (R::from_f64(-0.5) * z * z).exp();
        z.mul_add(density, normal_distribution(z))
    }
}
