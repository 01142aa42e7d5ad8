//! A rate that falls along half a wave.

use std::f64::consts::PI;

use crate::real::Real;

/// The rate at the end, as a share of the base, where nothing is said.
pub(super) const DEFAULT_FINAL_SHARE: f64 = 0.0;

/// A slow start, a steady fall, a slow end.
///
/// ```text
/// final = final_share·base
/// rate  = final + (base - final)·(1 + cos(π·step/total)) / 2       step at most total
/// ```
///
/// # Source
/// Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", 2017, equation 5, without restarts.
pub(super) fn rate(final_share: f64, base: f64, step: u64, total: u64) -> f64 {
    let way = if step >= total { 1.0 } else { step as f64 / total as f64 };
    let end = final_share * base;
    end + (base - end) * (1.0 + Real::cos(PI * way)) / 2.0
}
