//! The identity: no activation at all.

use crate::activations::Elementwise;
use crate::real::Real;

/// Leaves every value as it is.
///
/// ```text
/// a  = z
/// f' = 1
/// ```
#[derive(Clone, Copy)]
pub(super) struct Identity;

impl<R: Real> Elementwise<R> for Identity {
    #[inline(always)]
    fn value(self, z: R) -> R {
        z
    }

    #[inline(always)]
    fn derivative(self, _z: R, _a: R) -> R {
        R::ONE
    }

    #[inline(always)]
    fn gradient(self, _z: R, _a: R, da: R) -> R {
        da
    }
}
