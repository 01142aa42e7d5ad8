//! The focal loss, from logits.

use crate::losses::binary_cross_entropy::cross_entropy;
use crate::losses::separable::Separable;
use crate::real::Real;

/// How strongly easy rows are left aside where nothing else is said, as in the source.
pub(super) const DEFAULT_GAMMA: f64 = 2.0;
/// What class 1 weighs where nothing else is said, as in the source.
pub(super) const DEFAULT_ALPHA: f64 = 0.25;

/// The binary cross-entropy of each output, less and less of it the surer the network already is of the right answer: for
/// rare classes among many easy rows; mean over outputs, rows are averaged.
///
/// ```text
/// p     = sigmoid(zⱼ), q = sigmoid(-zⱼ), t = tⱼ cut to [0, 1]
/// u     = (1 - t)·p + t·q                               how wrong it is
/// c     = max(zⱼ, 0) - zⱼ·t + log1p(e^{-|zⱼ|})          the binary cross-entropy
/// a     = alpha·t + (1 - alpha)·(1 - t)
/// loss  = Σⱼ a·u^gamma·c / outputs
/// dzⱼ   = (1/outputs)·a·u^gamma·((p - t) - gamma·c·(2t - 1)·(p·q/u))
/// ```
///
/// # Shapes
/// `predictions` are the logits z: `[outputs]`.
///
/// # Units and ranges
/// `gamma` is 0 or more, 2 by default; with 0 it is the binary cross-entropy times a. `alpha` is what class 1 weighs, from 0 to
/// 1, 0.25 by default; class 0 weighs the rest. The loss is in nats.
///
/// # Source
/// Lin, Goyal, Girshick, He and Dollár, "Focal loss for dense object detection", 2017, equation 5; its derivative, for
/// targets of 0 and 1, is their appendix B.
#[derive(Clone, Copy)]
pub(super) struct Focal<R> {
    gamma: R,
    alpha: R,
    /// 1 - 2·alpha: what a target of 0 weighs more than one of 1.
    more: R,
    outputs: R,
    /// 1/outputs.
    factor: R,
}

impl<R: Real> Focal<R> {
    #[inline(always)]
    pub(super) fn new(gamma: f64, alpha: f64, outputs: usize) -> Self {
        let outputs = outputs as f64;
        Focal {
            gamma: R::from_f64(gamma),
            alpha: R::from_f64(alpha),
            more: R::from_f64(1.0 - 2.0 * alpha),
            outputs: R::from_f64(outputs),
            factor: R::from_f64(1.0 / outputs),
        }
    }

    /// a.
    #[inline(always)]
    fn weight(self, t: R) -> R {
        self.more.mul_add(R::ONE - t, self.alpha)
    }
}

impl<R: Real> Separable<R> for Focal<R> {
    #[inline(always)]
    fn add(self, sum: R, z: R, t: R) -> R {
        let t = cut(t);
        let u = wrongness(z.sigmoid(), (-z).sigmoid(), t);
        sum + self.weight(t) * u.pow(self.gamma) * cross_entropy(z, t)
    }

    #[inline(always)]
    fn finish(self, sum: R) -> R {
        sum / self.outputs
    }

    #[inline(always)]
    fn slope(self, z: R, t: R) -> R {
        let t = cut(t);
        let (p, q) = (z.sigmoid(), (-z).sigmoid());
        let u = wrongness(p, q, t);
        // p·q/u is at most 1 for a target of 0 or 1; where nothing is wrong nothing falls.
        let ratio = if u > R::ZERO { p * q / u } else { u };
        let fall = self.gamma * cross_entropy(z, t) * (t + t - R::ONE) * ratio;
        self.factor * self.weight(t) * u.pow(self.gamma) * ((p - t) - fall)
    }
}

#[inline(always)]
fn cut<R: Real>(t: R) -> R {
    let below = if t > R::ONE { R::ONE } else { t };
    if below < R::ZERO { R::ZERO } else { below }
}

/// u.
#[inline(always)]
fn wrongness<R: Real>(p: R, q: R, t: R) -> R {
    (R::ONE - t).mul_add(p, t * q)
}
