//! The sigmoid linear unit, also called swish.

use crate::activations::Elementwise;
use crate::real::Real;

/// Weighs every value by its own logistic function.
///
/// ```text
/// a  = z·s                 s = 1 / (1 + e⁻ᶻ)
/// f' = s + a·(1 - s)
/// ```
///
/// # Units and ranges
/// a is above -0.28; the least value lies at z = -1.278.
///
/// # Source
/// Elfwing, Uchibe and Doya, "Sigmoid-weighted linear units for neural network function approximation in reinforcement
/// learning", 2018, equations 6 and 7; Ramachandran, Zoph and Le, "Searching for activation functions", 2017 (swish with β = 1).
#[derive(Clone, Copy)]
pub(super) struct Silu;

impl<R: Real> Elementwise<R> for Silu {
    #[inline(always)]
    fn value(self, z: R) -> R {
        z * z.sigmoid()
    }

    #[inline(always)]
    fn derivative(self, z: R, a: R) -> R {
        let s = z.sigmoid();
        a.mul_add(R::ONE - s, s)
    }
}
