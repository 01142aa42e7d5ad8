//! The exponential linear unit.

use crate::activations::Elementwise;
use crate::real::Real;

/// What a tends to at -∞, negated, where nothing else is given.
pub(super) const DEFAULT_ALPHA: f64 = 1.0;

/// Linear on the right, an exponential that flattens on the left.
///
/// ```text
/// a  = alpha·(eᶻ - 1) where z < 0, else z
/// f' = 1 where z > 0, else a + alpha       (= alpha·eᶻ)
/// ```
///
/// # Units and ranges
/// a is above -alpha; `alpha` is 1 by default, the one value without a kink at 0.
///
/// # Source
/// Clevert, Unterthiner and Hochreiter, "Fast and accurate deep network learning by exponential linear units", 2016,
/// equation 15. At z = 0 the derivative here is alpha.
#[derive(Clone, Copy)]
pub(super) struct Elu<R> {
    /// What a tends to at -∞, negated.
    pub(super) alpha: R,
}

impl<R: Real> Elementwise<R> for Elu<R> {
    #[inline(always)]
    fn value(self, z: R) -> R {
        let left = self.alpha * z.expm1();
        if z < R::ZERO { left } else { z }
    }

    #[inline(always)]
    fn derivative(self, z: R, a: R) -> R {
        if z > R::ZERO { R::ONE } else { a + self.alpha }
    }
}
