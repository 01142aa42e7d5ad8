//! Label smoothing: targets that are not quite sure.

use crate::real::Real;

/// How targets are softened before a cross-entropy sees them.
///
/// ```text
/// t' = (1 - label_smoothing)·t + label_smoothing/K        one fma
/// ```
///
/// # Units and ranges
/// `label_smoothing` is 0 or more and less than 1; 0 leaves every target as it is, to the bit. K is the number of classes: 2 where each output is a yes or no.
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
