//! A rate that falls to its end by a power.

use crate::real::Real;

/// The power where nothing is said: a straight line.
pub(super) const DEFAULT_POWER: f64 = 1.0;
/// The rate at the end, as a share of the base, where nothing is said.
pub(super) const DEFAULT_FINAL_SHARE: f64 = 0.0;

/// A straight fall, or, with a power above 1, one that slows down.
///
/// ```text
/// final = final_share·base
/// rate  = final + (base - final)·(1 - step/total)^power       step at most total
/// ```
///
/// # Source
/// Chen and others, "DeepLab: semantic image segmentation with deep convolutional nets, atrous convolution, and fully
/// connected CRFs", 2017, section 4.1.2, there with the power 0.9 and the end 0.
pub(super) fn rate(power: f64, final_share: f64, base: f64, step: u64, total: u64) -> f64 {
    let left = if step >= total { 0.0 } else { 1.0 - step as f64 / total as f64 };
    let end = final_share * base;
    end + (base - end) * Real::pow(left, power)
}
