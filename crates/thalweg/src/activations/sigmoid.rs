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

/// From here on [`forward_near`] serves.
pub(super) const NEAR: f64 = -11.0;

/// a = f(z), to the bit, where no z is below [`NEAR`].
#[inline(always)]
pub(super) fn forward_near<R: Real>(z: &[R], a: &mut [R]) {
    for (a, &z) in a.iter_mut().zip(z) {
        *a = z.sigmoid_near();
    }
}

impl<R: Real> Elementwise<R> for Sigmoid {
    #[inline(always)]
    fn value(self, z: R) -> R {
        z.sigmoid()
    }

    #[inline(always)]
    fn derivative(self, _z: R, a: R) -> R {
        a * (R::ONE - a)
    }
}
