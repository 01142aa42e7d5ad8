//! A user's own activation.

use crate::activations::Elementwise;
use crate::custom::CustomActivation;
use crate::real::Real;

/// A user's function, called through its trait for every value.
#[derive(Clone, Copy)]
pub(super) struct Custom<'a, R: Real>(pub(super) &'a dyn CustomActivation<R>);

impl<R: Real> Elementwise<R> for Custom<'_, R> {
    #[inline(always)]
    fn value(self, z: R) -> R {
        self.0.value(z)
    }

    #[inline(always)]
    fn derivative(self, z: R, a: R) -> R {
        self.0.derivative(z, a)
    }
}
