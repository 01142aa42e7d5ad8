//! The squared hinge loss of one score.

use crate::losses::hinge::{sign, slack};
use crate::losses::separable::Separable;
use crate::real::Real;

/// The square of the [hinge loss](super::hinge): smooth where the margin begins, and harder on scores that are far wrong. Rows
/// are averaged.
///
/// ```text
/// s     = 2t - 1                            class 0 is -1, class 1 is +1
/// m     = 1 - s·z
/// loss  = max(0, m)²
/// dz    = -2·s·max(0, m)
/// ```
///
/// Class 1 is predicted where z > 0. Rows of several scores are worked by [`multi_margin`](super::multi_margin).
///
/// # Shapes
/// `predictions`: `[1]`, the score z: any number, and no probability.
///
/// # Source
/// Cortes and Vapnik, "Support-vector networks", 1995, section 3 (with σ = 2); Fan, Chang, Hsieh, Wang and Lin, "LIBLINEAR: a
/// library for large linear classification", 2008, section 2, where it is the L2-SVM's.
#[derive(Clone, Copy)]
pub(super) struct SquaredHinge;

impl<R: Real> Separable<R> for SquaredHinge {
    #[inline(always)]
    fn add(self, sum: R, z: R, t: R) -> R {
        let m = slack((-sign(t)).mul_add(z, R::ONE));
        m.mul_add(m, sum)
    }

    #[inline(always)]
    fn finish(self, sum: R) -> R {
        sum
    }

    #[inline(always)]
    fn slope(self, z: R, t: R) -> R {
        let minus_s = -sign(t);
        (minus_s + minus_s) * slack(minus_s.mul_add(z, R::ONE))
    }
}
