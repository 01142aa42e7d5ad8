//! The binary cross-entropy, from logits.

use crate::losses::Target;
use crate::real::Real;

/// How surprising the targets are to independent yes-or-no outputs given as logits; mean over outputs, rows are averaged.
///
/// ```text
/// loss  = Σⱼ (max(zⱼ, 0) - zⱼ·tⱼ + log1p(e^{-|zⱼ|})) / outputs
///       = -Σⱼ (tⱼ·log sigmoid(zⱼ) + (1 - tⱼ)·log(1 - sigmoid(zⱼ))) / outputs, without its overflow
/// dzⱼ   = (1/outputs)·(sigmoid(zⱼ) - tⱼ)
/// ```
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
#[inline(always)]
pub(super) fn row_value<R: Real>(predictions: &[R], target: Target<'_, R>) -> R {
    let outputs = predictions.len();
    let mut sum = R::ZERO;
    for (j, &z) in predictions.iter().enumerate() {
        let t = target.value(j, outputs);
        let linear = if z < R::ZERO { R::ZERO } else { z };
        sum += (-z).mul_add(t, linear) + (-z.abs()).exp().log1p();
    }
    sum / R::from_f64(outputs as f64)
}

/// The gradient of [`row_value`].
#[inline(always)]
pub(super) fn row_gradient<R: Real>(predictions: &[R], target: Target<'_, R>, dpredictions: &mut [R]) {
    let outputs = predictions.len();
    let factor = R::from_f64(1.0 / outputs as f64);
    for (j, (&z, dz)) in predictions.iter().zip(dpredictions).enumerate() {
        *dz = factor * (z.sigmoid() - target.value(j, outputs));
    }
}
