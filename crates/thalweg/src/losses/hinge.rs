//! The hinge loss of one score.

use crate::losses::separable::Separable;
use crate::real::Real;

/// How far a score is from the right side of its margin: nothing beyond it, so that rows that are clearly right pull no more.
/// Rows are averaged.
///
/// ```text
/// s     = 2t - 1                            class 0 is -1, class 1 is +1
/// m     = 1 - s·z
/// loss  = max(0, m)
/// dz    = -s where m > 0, else 0
/// ```
///
/// Class 1 is predicted where z > 0. Rows of several scores are worked by [`multi_margin`](super::multi_margin).
///
/// # Shapes
/// `predictions`: `[1]`, the score z: any number, and no probability.
///
/// # Source
/// Cortes and Vapnik, "Support-vector networks", 1995, section 3 (with σ = 1), whose slack it is; Hastie, Tibshirani and Friedman,
/// "The elements of statistical learning", 2009, equation 12.25, for the form without constraints. Add `l2` for their penalty.
#[derive(Clone, Copy)]
pub(super) struct Hinge;

/// s.
#[inline(always)]
pub(super) fn sign<R: Real>(t: R) -> R {
    t + t - R::ONE
}

/// max(0, m), and NaN of NaN.
#[inline(always)]
pub(super) fn slack<R: Real>(m: R) -> R {
    if m < R::ZERO { R::ZERO } else { m }
}

/// `slope` where m > 0, else 0, and NaN of NaN.
#[inline(always)]
pub(super) fn where_slack<R: Real>(m: R, slope: R) -> R {
    if m > R::ZERO {
        slope
    } else if m < R::ZERO {
        R::ZERO
    } else {
        m // 0 or NaN
    }
}

impl<R: Real> Separable<R> for Hinge {
    #[inline(always)]
    fn add(self, sum: R, z: R, t: R) -> R {
        sum + slack((-sign(t)).mul_add(z, R::ONE))
    }

    #[inline(always)]
    fn finish(self, sum: R) -> R {
        sum
    }

    #[inline(always)]
    fn slope(self, z: R, t: R) -> R {
        let minus_s = -sign(t);
        where_slack(minus_s.mul_add(z, R::ONE), minus_s)
    }
}

#[cfg(test)]
mod tests {
    use crate::losses::{Loss, Target};

    fn value_and_slope(loss: &Loss, z: f64, class: usize) -> (f64, f64) {
        let mut d = [9.0];
        let value = loss.row_value_and_gradient(&[z], Target::Class(class), &mut d);
        (value, d[0])
    }

    #[test]
    fn scores_worked_by_hand() {
        for (z, class, value, slope) in
            [(0.25, 1, 0.75, -1.0), (0.25, 0, 1.25, 1.0), (2.0, 1, 0.0, 0.0), (-3.0, 1, 4.0, -1.0)]
        {
            assert_eq!(value_and_slope(&Loss::Hinge, z, class), (value, slope));
            let squared = (value * value, 2.0 * value * slope);
            assert_eq!(value_and_slope(&Loss::SquaredHinge, z, class), squared);
        }
        // At the margin itself nothing pulls.
        assert_eq!(value_and_slope(&Loss::Hinge, -1.0, 0), (0.0, 0.0));
    }
}
