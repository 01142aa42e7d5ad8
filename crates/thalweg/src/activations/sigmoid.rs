//! The logistic function.

use crate::activations::Elementwise;
use crate::real::Real;

/// Maps every value to between 0 and 1.
///
/// ```text
/// a  = 1 / (1 + e⁻ᶻ)
/// f' = a·(1 - a)
/// ```
///
/// # Units and ranges
/// a lies in [0, 1]; f' is at most ¼, at z = 0.
///
/// # Source
/// Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors", 1986, equation 2.
#[derive(Clone, Copy)]
pub(super) struct Sigmoid;

/// From here on the short formula serves.
const NEAR: f64 = -11.0;

impl<R: Real> Elementwise<R> for Sigmoid {
    const HAS_SHORT: bool = true;

    #[inline(always)]
    fn is_short(self, z: R) -> bool {
        z >= R::from_f64(NEAR)
    }

    #[inline(always)]
    fn short_value(self, z: R) -> R {
        z.sigmoid_near()
    }

    #[inline(always)]
    fn value(self, z: R) -> R {
        z.sigmoid()
    }

    #[inline(always)]
    fn derivative(self, _z: R, a: R) -> R {
        a * (R::ONE - a)
    }
}
