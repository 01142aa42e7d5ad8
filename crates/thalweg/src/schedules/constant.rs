//! The same rate all along.

/// What the rate is, whatever the step.
///
/// ```text
/// rate = base
/// ```
pub(super) const fn rate(base: f64) -> f64 {
    base
}
