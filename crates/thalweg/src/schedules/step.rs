//! A rate that falls every few epochs.

use crate::real::Real;

/// After how many epochs the rate falls where nothing is said.
pub(super) const DEFAULT_EVERY: u64 = 10;
/// By what it is multiplied where nothing is said.
pub(super) const DEFAULT_FACTOR: f64 = 0.1;

/// A staircase.
///
/// ```text
/// rate = base·factor^⌊epoch / every⌋
/// ```
///
/// # Source
/// Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep convolutional neural networks", 2012, section 5,
/// where a person divided the rate by 10 from time to time.
pub(super) fn rate(every: u64, factor: f64, base: f64, epoch: u64) -> f64 {
    let falls = epoch / every.max(1);
    base * Real::pow(factor, falls as f64)
}
