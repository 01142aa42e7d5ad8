//! The log-cosh loss.

use crate::losses::separable::Separable;
use crate::real::Real;

/// The logarithm of the hyperbolic cosine of each difference: half its square near zero, its size less log 2 far away,
/// and smooth everywhere; mean over outputs, rows are averaged.
///
/// ```text
/// d     = ŷⱼ - tⱼ
/// loss  = Σⱼ log cosh d / outputs
///         log cosh d = -½·log1p(-tanh²d) where |d| < 1, else |d| + (log1p(e^{-2|d|}) - log 2): neither cancels nor overflows
/// dŷⱼ   = (1/outputs)·tanh(d)
/// ```
///
/// # Shapes
/// `predictions`: `[outputs]`.
///
/// # Units and ranges
/// A difference of 1 in the target's unit is where the parabola becomes a line; scale the target to move it.
///
/// # Source
/// Green, "Bayesian reconstructions from emission tomography data using a modified EM algorithm", 1990, section III, where the
/// function is a penalty on differences.
#[derive(Clone, Copy)]
pub(super) struct LogCosh<R> {
    log2: R,
    outputs: R,
    /// 1/outputs.
    factor: R,
}

impl<R: Real> LogCosh<R> {
    #[inline(always)]
    pub(super) fn new(outputs: usize) -> Self {
        let outputs = outputs as f64;
        LogCosh {
            log2: R::from_f64(std::f64::consts::LN_2),
            outputs: R::from_f64(outputs),
            factor: R::from_f64(1.0 / outputs),
        }
    }
}

impl<R: Real> Separable<R> for LogCosh<R> {
    #[inline(always)]
    fn add(self, sum: R, prediction: R, target: R) -> R {
        let d = (prediction - target).abs();
        let t = d.tanh();
        let near = R::from_f64(-0.5) * (-(t * t)).log1p();
        let far = d + ((-(d + d)).exp().log1p() - self.log2);
        sum + if d < R::ONE { near } else { far }
    }

    #[inline(always)]
    fn finish(self, sum: R) -> R {
        sum / self.outputs
    }

    #[inline(always)]
    fn slope(self, prediction: R, target: R) -> R {
        self.factor * (prediction - target).tanh()
    }
}
