//! A rate that rises once and falls once.

use std::f64::consts::PI;

use crate::real::Real;

/// Which share of the run the rise takes where nothing is said.
pub(super) const DEFAULT_RISE: f64 = 0.3;
/// The rate at the start, as a share of the base, where nothing is said.
pub(super) const DEFAULT_START_SHARE: f64 = 0.04;
/// The rate at the end, as a share of the base, where nothing is said.
pub(super) const DEFAULT_FINAL_SHARE: f64 = 4e-6;

/// Along half a wave from `start_share` of the base up to the base, then along another one down to `final_share` of it.
///
/// ```text
/// peak = rise·total
/// rate = high + (low - high)·(1 + cos(π·way)) / 2
///        way = step/peak from low = start_share·base to high = base, before the peak
///        way = (step - peak)/(total - peak) from low = base to high = final_share·base, after it
/// ```
///
/// # Source
/// Smith and Topin, "Super-convergence: very fast training of neural networks using large learning rates", 2018, section 2;
/// with half waves for its straight lines, and the fall to far below the start joined to the way down, as is the custom since.
pub(super) fn rate(rise: f64, start_share: f64, final_share: f64, base: f64, step: u64, total: u64) -> f64 {
    if step >= total {
        return final_share * base;
    }
    let (step, total) = (step as f64, total as f64);
    let peak = rise * total;
    let (from, to, way) = match step < peak {
        true => (start_share * base, base, step / peak),
        false => (base, final_share * base, (step - peak) / (total - peak)),
    };
    to + (from - to) * (1.0 + Real::cos(PI * way)) / 2.0
}
