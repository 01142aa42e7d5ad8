//! The quantile loss.

use crate::losses::separable::Separable;
use crate::real::Real;

/// Which quantile is meant where nothing else is said: the median.
pub(super) const DEFAULT_QUANTILE: f64 = 0.5;

/// Pulls each prediction to where a share of the targets lies below it: being too low costs `quantile` a unit, being
/// too high the rest; mean over outputs, rows are averaged.
///
/// ```text
/// d     = tⱼ - ŷⱼ
/// loss  = Σⱼ (quantile·d where d > 0, else (quantile - 1)·d) / outputs
/// dŷⱼ   = (-quantile where d > 0, 1 - quantile where d < 0, else 0) / outputs
/// ```
///
/// # Shapes
/// `predictions`: `[outputs]`.
///
/// # Units and ranges
/// `quantile` lies above 0 and below 1; 0.5 by default, which is half the absolute error. The loss is in the target's unit.
///
/// # Source
/// Koenker and Bassett, "Regression quantiles", 1978, equation 3.1.
#[derive(Clone, Copy)]
pub(super) struct Quantile<R> {
    quantile: R,
    /// quantile - 1.
    above: R,
    outputs: R,
    /// -quantile/outputs and (1 - quantile)/outputs.
    slopes: [R; 2],
}

impl<R: Real> Quantile<R> {
    #[inline(always)]
    pub(super) fn new(quantile: f64, outputs: usize) -> Self {
        let outputs = outputs as f64;
        Quantile {
            quantile: R::from_f64(quantile),
            above: R::from_f64(quantile - 1.0),
            outputs: R::from_f64(outputs),
            slopes: [R::from_f64(-quantile / outputs), R::from_f64((1.0 - quantile) / outputs)],
        }
    }
}

impl<R: Real> Separable<R> for Quantile<R> {
    #[inline(always)]
    fn add(self, sum: R, prediction: R, target: R) -> R {
        let d = target - prediction;
        let weight = if d > R::ZERO { self.quantile } else { self.above };
        weight.mul_add(d, sum)
    }

    #[inline(always)]
    fn finish(self, sum: R) -> R {
        sum / self.outputs
    }

    #[inline(always)]
    fn slope(self, prediction: R, target: R) -> R {
        let d = target - prediction;
        if d > R::ZERO {
            self.slopes[0]
        } else if d < R::ZERO {
            self.slopes[1]
        } else {
            self.slopes[1] * d // 0, or NaN where d is NaN
        }
    }
}
