//! The leaky rectified linear unit.

use crate::activations::Elementwise;
use crate::real::Real;

/// The slope left of zero where none is given.
pub(super) const DEFAULT_SLOPE: f64 = 0.01;

/// A ReLU that lets a share of the negative side through, so that no unit falls silent for good.
///
/// ```text
/// a  = slope·z where z < 0, else z
/// f' = 1 where z > 0, else slope
/// ```
///
/// # Units and ranges
/// `slope` is 0.01 by default, as in the source.
///
/// # Source
/// Maas, Hannun and Ng, "Rectifier nonlinearities improve neural network acoustic models", 2013, equation 2.
#[derive(Clone, Copy)]
pub(super) struct LeakyRelu<R> {
    /// The slope left of zero.
    pub(super) slope: R,
}

impl<R: Real> Elementwise<R> for LeakyRelu<R> {
    #[inline(always)]
    fn value(self, z: R) -> R {
        if z < R::ZERO { self.slope * z } else { z }
    }

    #[inline(always)]
    fn derivative(self, z: R, _a: R) -> R {
        if z > R::ZERO { R::ONE } else { self.slope }
    }

    #[inline(always)]
    fn gradient(self, z: R, _a: R, da: R) -> R {
        if z > R::ZERO { da } else { self.slope * da }
    }
}
