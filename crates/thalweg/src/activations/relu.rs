//! The rectified linear unit.

use crate::activations::Elementwise;
use crate::real::Real;

/// Cuts off what is negative.
///
/// ```text
/// a  = 0 where z < 0, else z
/// f' = 1 where z > 0, else 0
/// ```
///
/// # Units and ranges
/// relu'(0) = 0; NaN passes forward; -0 stays -0 (NUMERICS rule 10). A gradient that is stopped is +0 whatever its sign was.
///
/// # Source
/// Nair and Hinton, "Rectified linear units improve restricted Boltzmann machines", 2010, section 2.
#[derive(Clone, Copy)]
pub(super) struct Relu;

impl<R: Real> Elementwise<R> for Relu {
    #[inline(always)]
    fn value(self, z: R) -> R {
        if z < R::ZERO { R::ZERO } else { z }
    }

    #[inline(always)]
    fn derivative(self, z: R, _a: R) -> R {
        if z > R::ZERO { R::ONE } else { R::ZERO }
    }

    #[inline(always)]
    fn gradient(self, z: R, _a: R, da: R) -> R {
        if z > R::ZERO { da } else { R::ZERO }
    }
}
