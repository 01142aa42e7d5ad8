//! The scaled exponential linear unit.

use crate::activations::Elementwise;
use crate::real::Real;

/// Where the exponential ends, before scaling: α of the source.
pub(super) const ALPHA: f64 = 1.673_263_242_354_377_284_817_042_991_671_7;
/// The scale: λ of the source.
pub(super) const SCALE: f64 = 1.050_700_987_355_480_493_419_334_985_294_6;

/// An ELU scaled so that mean 0 and variance 1 are a fixed point from layer to layer.
///
/// ```text
/// a  = λα·(eᶻ - 1) where z < 0, else λz      λ = 1.0507009873554804934…, α = 1.6732632423543772848…
/// f' = λ where z > 0, else a + λα            (= λα·eᶻ)
/// ```
///
/// # Units and ranges
/// a is above -λα = -1.7581. It wants weights of variance 1 / in_features (`lecun_normal`).
///
/// # Source
/// Klambauer, Unterthiner, Mayr and Hochreiter, "Self-normalizing neural networks", 2017, equations 2 and 14: α and λ
/// solve the fixed point's equations, and have a closed form by the complementary error function.
#[derive(Clone, Copy)]
pub(super) struct Selu;

impl<R: Real> Elementwise<R> for Selu {
    #[inline(always)]
    fn value(self, z: R) -> R {
        let left = R::from_f64(SCALE * ALPHA) * z.expm1();
        if z < R::ZERO { left } else { R::from_f64(SCALE) * z }
    }

    #[inline(always)]
    fn derivative(self, z: R, a: R) -> R {
        if z > R::ZERO { R::from_f64(SCALE) } else { a + R::from_f64(SCALE * ALPHA) }
    }
}
