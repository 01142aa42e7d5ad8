//! The binary cross-entropy, from logits.

use crate::losses::label_smoothing::LabelSmoothing;
use crate::losses::separable::Separable;
use crate::real::Real;

/// How surprising the targets are to independent yes-or-no outputs given as logits; mean over outputs, rows are averaged.
///
/// ```text
/// loss  = Σⱼ (max(zⱼ, 0) - zⱼ·tⱼ + log1p(e^{-|zⱼ|})) / outputs
///       = -Σⱼ (tⱼ·log sigmoid(zⱼ) + (1 - tⱼ)·log(1 - sigmoid(zⱼ))) / outputs, without its overflow
/// dzⱼ   = (1/outputs)·(sigmoid(zⱼ) - tⱼ)
/// ```
///
/// With label smoothing, t is softened first, by nothing where there is none.
///
/// # Shapes
/// `predictions` are the logits z: `[outputs]`.
///
/// # Units and ranges
/// Targets are probabilities from 0 to 1, or a class number: 0 or 1 where there is one output. The loss is in nats.
///
/// # Source
/// Bishop, "Pattern recognition and machine learning", 2006, equation 4.90; the first form follows by writing out the
/// logarithms for either sign of z.
#[derive(Clone, Copy)]
pub(super) struct BinaryCrossEntropy<R> {
    outputs: R,
    /// 1/outputs.
    factor: R,
    smoothing: LabelSmoothing<R>,
}

impl<R: Real> BinaryCrossEntropy<R> {
    #[inline(always)]
    pub(super) fn new(label_smoothing: f64, outputs: usize) -> Self {
        let outputs = outputs as f64;
        BinaryCrossEntropy {
            outputs: R::from_f64(outputs),
            factor: R::from_f64(1.0 / outputs),
            smoothing: LabelSmoothing::new(label_smoothing, 2),
        }
    }
}

impl<R: Real> Separable<R> for BinaryCrossEntropy<R> {
    #[inline(always)]
    fn add(self, sum: R, z: R, t: R) -> R {
        sum + cross_entropy(z, self.smoothing.soften(t))
    }

    #[inline(always)]
    fn finish(self, sum: R) -> R {
        sum / self.outputs
    }

    #[inline(always)]
    fn slope(self, z: R, t: R) -> R {
        self.factor * (z.sigmoid() - self.smoothing.soften(t))
    }
}

/// One output's term.
#[inline(always)]
pub(super) fn cross_entropy<R: Real>(z: R, t: R) -> R {
    let linear = if z < R::ZERO { R::ZERO } else { z };
    (-z).mul_add(t, linear) + (-z.abs()).exp().log1p()
}
