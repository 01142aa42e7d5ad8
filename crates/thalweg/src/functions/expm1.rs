//! e^x - 1, exact where e^x is near 1.

use super::reduction::{power_of_two_f32, power_of_two_f64, reduce_f32, reduce_f64};

/// e^x - 1, without the cancellation near 0.
///
/// ```text
/// x = n·ln 2 + r,  |r| ≤ ln 2 / 2
/// e^x - 1 = 2·(2^(n-1)·(e^r - 1) + (2^(n-1) - 1/2))
/// ```
/// Half the result is made first, since 2^n itself overflows where the result still fits.
#[inline(always)]
pub fn expm1_f32(x: f32) -> f32 {
    let clamped = if x > 89.0 { 89.0 } else { x };
    let clamped = if clamped < -20.0 { -20.0 } else { clamped };
    let (n, y) = reduce_f32(clamped);
    let half = power_of_two_f32(n - 1.0);
    let value = 2.0 * half.mul_add(y, half - 0.5);
    // Below 2^-25 the result is x to the last bit; this also keeps -0 and subnormal numbers.
    if x.abs() < 2.980_232_2e-8 { x } else { value }
}

/// e^x - 1, without the cancellation near 0. The formulas are those of [`expm1_f32`].
#[inline(always)]
pub fn expm1_f64(x: f64) -> f64 {
    let clamped = if x > 710.0 { 710.0 } else { x };
    let clamped = if clamped < -40.0 { -40.0 } else { clamped };
    let (n, y) = reduce_f64(clamped);
    let half = power_of_two_f64(n - 1.0);
    let value = 2.0 * half.mul_add(y, half - 0.5);
    // Below 2^-54.
    if x.abs() < 5.551_115_123_125_783e-17 { x } else { value }
}
