//! The scale layer: every value times one constant.

use super::{Backward, Forward, Layer};
use crate::kernels::elementwise;
use crate::real::Real;

/// Every value times one constant, for a head whose range is not 0 to 1.
///
/// ```text
/// forward   y  = factor·x
/// backward  dx = factor·dy
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// What every value is multiplied by.
    pub factor: f64,
}

impl From<Scale> for Layer {
    fn from(scale: Scale) -> Self {
        Layer::Scale(scale)
    }
}

impl Scale {
    /// y = factor·x
    pub(super) fn forward<R: Real>(&self, pass: Forward<'_, R>) {
        elementwise::scale(R::from_f64(self.factor), pass.x, pass.y);
    }

    /// dx = factor·dy
    pub(super) fn backward<R: Real>(&self, pass: Backward<'_, R>) {
        if let Some(dx) = pass.dx {
            elementwise::scale(R::from_f64(self.factor), pass.dy, dx);
        }
    }
}
