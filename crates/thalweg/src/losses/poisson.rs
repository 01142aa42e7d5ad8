//! The Poisson loss, from logarithms of rates.

use crate::losses::separable::Separable;
use crate::real::Real;

/// How surprising counts are to Poisson distributions whose rates are given as logarithms; mean over outputs, rows are averaged.
///
/// ```text
/// loss  = Σⱼ (e^{zⱼ} - tⱼ·zⱼ) / outputs        the negative log likelihood without log tⱼ!, on which nothing depends
/// dzⱼ   = (1/outputs)·(e^{zⱼ} - tⱼ)
/// ```
///
/// It is PyTorch's `PoissonNLLLoss(log_input=True, full=False)`. What is predicted, and what metrics are computed from, are the
/// rates e^{zⱼ}.
///
/// # Shapes
/// `predictions` are the logarithms z: `[outputs]`.
///
/// # Units and ranges
/// Targets are counts, or rates of anything: 0 or more, in their own units, since e^z has no others. The loss may be below 0; it
/// is least, tⱼ - tⱼ·log tⱼ, where every rate is its target.
///
/// # Source
/// McCullagh and Nelder, "Generalized linear models", 1989, section 6.2: the log likelihood of counts with the logarithm as link.
#[derive(Clone, Copy)]
pub(super) struct Poisson<R> {
    outputs: R,
    /// 1/outputs.
    factor: R,
}

impl<R: Real> Poisson<R> {
    #[inline(always)]
    pub(super) fn new(outputs: usize) -> Self {
        let outputs = outputs as f64;
        Poisson { outputs: R::from_f64(outputs), factor: R::from_f64(1.0 / outputs) }
    }
}

impl<R: Real> Separable<R> for Poisson<R> {
    #[inline(always)]
    fn add(self, sum: R, z: R, t: R) -> R {
        sum + (-t).mul_add(z, z.exp())
    }

    #[inline(always)]
    fn finish(self, sum: R) -> R {
        sum / self.outputs
    }

    #[inline(always)]
    fn slope(self, z: R, t: R) -> R {
        self.factor * (z.exp() - t)
    }
}

#[cfg(test)]
mod tests {
    use crate::losses::{Loss, Target};

    #[test]
    fn a_row_worked_by_hand() {
        let (z, t) = ([0.0, 0.0], [3.0, 0.0]);
        assert_eq!(Loss::Poisson.row_value(&z, Target::Values(&t)), 1.0);
        let mut d = [9.0; 2];
        Loss::Poisson.row_gradient(&z, Target::Values(&t), &mut d);
        assert_eq!(d, [-1.0, 0.5]);
        // A rate of 0 says nothing of a target of 0, and a target above it was impossible.
        assert_eq!(Loss::Poisson.row_value(&[-1000.0], Target::Values(&[0.0])), 0.0);
        assert_eq!(Loss::Poisson.row_value(&[-1000.0], Target::Values(&[1.0])), 1000.0);
    }

    #[test]
    fn the_loss_is_least_where_the_rate_is_the_target() {
        let at = |rate: f64| Loss::Poisson.row_value(&[crate::real::Real::log(rate)], Target::Values(&[4.0]));
        assert!((at(4.0) - (4.0 - 4.0 * crate::real::Real::log(4.0_f64))).abs() < 1e-15);
        assert!(at(4.0) < 0.0 && at(4.0) < at(3.9) && at(4.0) < at(4.1));
    }
}
