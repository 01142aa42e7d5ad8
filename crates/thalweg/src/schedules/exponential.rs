//! A rate that falls by the same share each epoch.

use crate::real::Real;

/// By what the rate is multiplied each epoch where nothing is said.
pub(super) const DEFAULT_DECAY: f64 = 0.95;

/// A geometric fall, in whole epochs.
///
/// ```text
/// rate = base·decay^epoch
/// ```
///
/// # Source
/// Robbins and Monro, 1951, ask for rates that fall; this is the simplest such rule in use (PyTorch's `ExponentialLR`).
pub(super) fn rate(decay: f64, base: f64, epoch: u64) -> f64 {
    base * Real::pow(decay, epoch as f64)
}
