//! A rate that rises at first.

/// How many steps the rise takes where nothing is said.
pub(super) const DEFAULT_STEPS: u64 = 100;

/// A straight rise; the first step already moves, and the last one of the rise has the whole rate.
///
/// ```text
/// rate = base·(step + 1)/steps       while step < steps
/// ```
///
/// # Source
/// Goyal et al., "Accurate, large minibatch SGD: training ImageNet in 1 hour", 2017, section 2.2 (gradual warm-up).
pub(super) fn rate(steps: u64, base: f64, step: u64) -> f64 {
    base * ((step + 1) as f64 / steps as f64)
}
