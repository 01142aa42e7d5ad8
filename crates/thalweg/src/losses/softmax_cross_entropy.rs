//! The cross-entropy of a softmax, from logits.

use crate::activations::softmax::{exponentials, largest};
use crate::losses::Target;
use crate::losses::label_smoothing::LabelSmoothing;
use crate::real::Real;

/// How surprising the target is to the softmax of the logits; rows are averaged.
///
/// ```text
/// m     = maxₖ zₖ,  S = Σₖ e^{zₖ-m}           one chain of additions, k ascending
/// loss  = log S - (z_c - m)                   for class c
///       = Σⱼ tⱼ·(log S - (zⱼ - m))            for probabilities t; terms with tⱼ = 0 are left out
/// dzⱼ   = (e^{zⱼ-m} / S)·Σₖtₖ - tⱼ            one fma; Σₖtₖ is 1 for a class
/// ```
///
/// With label smoothing, t is softened first, a class standing for its zeros and one.
///
/// # Shapes
/// `predictions` are the logits z: `[classes]`.
///
/// # Units and ranges
/// The loss is in nats, log(classes) for a network that knows nothing. Probabilities that do not add up to 1 keep the
/// loss and the gradient consistent with each other.
///
/// # Panics
/// If the class number is not below the number of logits.
///
/// # Source
/// Bridle, "Probabilistic interpretation of feedforward classification network outputs", 1990; Bishop, "Pattern
/// recognition and machine learning", 2006, equations 4.108 and 4.109.
#[inline(always)]
pub(super) fn row_value<R: Real>(
    predictions: &[R],
    target: Target<'_, R>,
    smoothing: Option<LabelSmoothing<R>>,
) -> R {
    let m = largest(predictions);
    let mut sum = R::ZERO;
    for &z in predictions {
        sum += (z - m).exp();
    }
    surprise(predictions, target, smoothing, m, sum)
}

/// [`row_value`], and its gradient, which needs the same exponentials.
#[inline(always)]
pub(super) fn row_value_and_gradient<R: Real>(
    predictions: &[R],
    target: Target<'_, R>,
    smoothing: Option<LabelSmoothing<R>>,
    dpredictions: &mut [R],
) -> R {
    let m = largest(predictions);
    let sum = exponentials(predictions, m, dpredictions);
    if let Some(smoothing) = smoothing {
        let classes = predictions.len();
        let mut total = R::ZERO;
        for j in 0..classes {
            total += smoothing.soften(target.value(j, classes));
        }
        for (j, dz) in dpredictions.iter_mut().enumerate() {
            *dz = (*dz / sum).mul_add(total, -smoothing.soften(target.value(j, classes)));
        }
        return surprise(predictions, target, Some(smoothing), m, sum);
    }
    let total = match target {
        Target::Class(_) => R::ONE,
        Target::Values(t) => t.iter().fold(R::ZERO, |total, &t| total + t),
    };
    for (j, dz) in dpredictions.iter_mut().enumerate() {
        let t = match target {
            Target::Class(class) if class == j => R::ONE,
            Target::Class(_) => R::ZERO,
            Target::Values(t) => t[j],
        };
        *dz = (*dz / sum).mul_add(total, -t); // pⱼ·Σₖtₖ - tⱼ
    }
    surprise(predictions, target, smoothing, m, sum)
}

/// The loss, given the row's maximum and the sum of its exponentials.
#[inline(always)]
fn surprise<R: Real>(
    z: &[R],
    target: Target<'_, R>,
    smoothing: Option<LabelSmoothing<R>>,
    m: R,
    sum: R,
) -> R {
    let log_sum = sum.log();
    if let Some(smoothing) = smoothing {
        let mut loss = R::ZERO;
        for (j, &zj) in z.iter().enumerate() {
            let t = smoothing.soften(target.value(j, z.len()));
            if t != R::ZERO {
                loss = t.mul_add(log_sum - (zj - m), loss);
            }
        }
        return loss;
    }
    match target {
        Target::Class(class) => log_sum - (z[class] - m),
        Target::Values(t) => {
            let mut loss = R::ZERO;
            for (&z, &t) in z.iter().zip(t) {
                if t != R::ZERO {
                    loss = t.mul_add(log_sum - (z - m), loss);
                }
            }
            loss
        }
    }
}
