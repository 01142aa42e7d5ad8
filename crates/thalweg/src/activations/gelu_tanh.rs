//! The Gaussian error linear unit, approximated by the hyperbolic tangent.

use crate::activations::Elementwise;
use crate::real::Real;

/// √(2/π), the slope of 2Φ(z) - 1 at 0.
const SQRT_2_OVER_PI: f64 = 0.797_884_560_802_865_355_879_892_119_868_763_737;
/// The factor of the cubic term, fitted by the source.
const CUBIC: f64 = 0.044_715;
/// Beyond this |z| the tangent is 1 to the last bit in both scalar types (√(2/π)·(8 + 0.0447·8³) = 24.7, and 19.1 would do).
const SATURATION: f64 = 8.0;

/// GELU with Φ replaced by a tanh that follows it within 5e-4.
///
/// ```text
/// t  = tanh(√(2/π)·(z + 0.044715·z³))
/// a  = ½·z·(1 + t)
/// f' = ½·(1 + t) + ½·z·(1 - t²)·√(2/π)·(1 + 3·0.044715·z²)
/// ```
///
/// # Source
/// Hendrycks and Gimpel, "Gaussian error linear units (GELUs)", 2016, section 2.
#[derive(Clone, Copy)]
pub(super) struct GeluTanh;

/// t, the tangent that stands for 2Φ(z) - 1.
#[inline(always)]
fn tangent<R: Real>(z: R) -> R {
    let cubic = R::from_f64(CUBIC) * z * z;
    (R::from_f64(SQRT_2_OVER_PI) * cubic.mul_add(z, z)).tanh()
}

impl<R: Real> Elementwise<R> for GeluTanh {
    #[inline(always)]
    fn value(self, z: R) -> R {
        R::from_f64(0.5) * z * (R::ONE + tangent(z))
    }

    #[inline(always)]
    fn derivative(self, z: R, _a: R) -> R {
        let t = tangent(z);
        // Where 1 - t² is 0 the size of the other factor is all the same, as long as it is finite.
        let bounded = if z.abs() > R::from_f64(SATURATION) { R::from_f64(SATURATION) } else { z };
        let inner = R::from_f64(SQRT_2_OVER_PI) * (R::from_f64(3.0 * CUBIC) * bounded * bounded + R::ONE);
        let rise = bounded * (-t).mul_add(t, R::ONE) * inner;
        R::from_f64(0.5) * (R::ONE + t + rise)
    }
}
