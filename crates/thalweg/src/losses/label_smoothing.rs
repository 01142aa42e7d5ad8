//! Label smoothing: targets that are not quite sure.

use crate::losses::separable::Separable;
use crate::real::Real;

/// How targets are softened before a cross-entropy sees them.
///
/// ```text
/// t' = (1 - label_smoothing)·t + label_smoothing/K        one fma
/// ```
///
/// # Units and ranges
/// `label_smoothing` is 0 or more and less than 1. K is the number of classes: 2 where each output is a yes or no.
///
/// # Source
/// Szegedy et al., "Rethinking the inception architecture for computer vision", 2016, section 7.
#[derive(Clone, Copy)]
pub(crate) struct LabelSmoothing<R> {
    pub(crate) keep: R,
    pub(crate) share: R,
}

impl<R: Real> LabelSmoothing<R> {
    #[inline(always)]
    pub(crate) fn new(label_smoothing: f64, classes: usize) -> Self {
        LabelSmoothing {
            keep: R::from_f64(1.0 - label_smoothing),
            share: R::from_f64(label_smoothing / classes as f64),
        }
    }

    /// t'
    #[inline(always)]
    pub(crate) fn soften(self, t: R) -> R {
        self.keep.mul_add(t, self.share)
    }
}

/// A loss of single outputs with softened targets.
#[derive(Clone, Copy)]
pub(super) struct Smoothed<R, L> {
    pub(super) smoothing: LabelSmoothing<R>,
    pub(super) loss: L,
}

impl<R: Real, L: Separable<R>> Separable<R> for Smoothed<R, L> {
    #[inline(always)]
    fn add(self, sum: R, prediction: R, target: R) -> R {
        self.loss.add(sum, prediction, self.smoothing.soften(target))
    }

    #[inline(always)]
    fn finish(self, sum: R) -> R {
        self.loss.finish(sum)
    }

    #[inline(always)]
    fn slope(self, prediction: R, target: R) -> R {
        self.loss.slope(prediction, self.smoothing.soften(target))
    }
}
