//! A rate that falls along half a wave again and again.

use super::cosine;

/// How many epochs the first fall takes where nothing is said.
pub(super) const DEFAULT_FIRST: u64 = 10;
/// How many times as long each fall is as the one before it where nothing is said.
pub(super) const DEFAULT_LONGER: u64 = 2;
/// The rate at the end of a fall, as a share of the base, where nothing is said.
pub(super) const DEFAULT_FINAL_SHARE: f64 = 0.0;

/// The cosine's fall, begun anew each time it ends; every fall is `longer` times as long as the one before it.
///
/// ```text
/// Tᵢ    = first·longerⁱ epochs, the length of fall i
/// rate  = the cosine's at step - (T₀ + … + Tᵢ₋₁) of Tᵢ
/// ```
///
/// # Source
/// Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", 2017, equation 5.
pub(super) fn rate(
    first: u64,
    longer: u64,
    final_share: f64,
    base: f64,
    step: u64,
    steps_per_epoch: u64,
) -> f64 {
    let mut length = first.max(1).saturating_mul(steps_per_epoch.max(1));
    let mut step = step;
    if longer <= 1 {
        step %= length;
    }
    // At most 64 falls: each is at least twice as long as the one before.
    while step >= length {
        step -= length;
        length = length.saturating_mul(longer.max(2));
    }
    cosine::rate(final_share, base, step, length)
}
