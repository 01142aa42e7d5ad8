//! log(1 + x), exact where x is near 0.

use super::log::{log_sum_f32, log_sum_f64, split_f32, split_f64, whole_f32, whole_f64};

/// log(1 + x), without losing the bits of a small x.
///
/// ```text
/// u + c = 1 + x        (u rounded, c the exact rest)
/// u = m·2^k,  f = (m - 1) + c·2^-k
/// log(1 + x) = k·ln 2 + log(1 + f)
/// ```
///
/// # Units and ranges
/// -∞ at -1, NaN below -1, +∞ at +∞.
#[inline(always)]
pub fn log1p_f32(x: f32) -> f32 {
    let u = 1.0 + x;
    let rest = if x < 1.0 { x - (u - 1.0) } else { 1.0 - (u - x) };
    let (biased, m) = split_f32(u);
    // 2^-k, and 0 for the largest two k, where the rest is nothing.
    let inverse = f32::from_bits((254 - if biased < 254 { biased } else { 254 }) << 23);
    let value = log_sum_f32(whole_f32(biased) - 127.0, rest.mul_add(inverse, m - 1.0));
    let value = if u < f32::INFINITY { value } else { x };
    // Below 2^-25 the result is x to the last bit; this also keeps -0.
    let value = if x.abs() < 2.980_232_2e-8 { x } else { value };
    let edge = if x == -1.0 { f32::NEG_INFINITY } else { f32::NAN };
    if x > -1.0 { value } else { edge }
}

/// log(1 + x), without losing the bits of a small x. The formulas are those of [`log1p_f32`].
#[inline(always)]
pub fn log1p_f64(x: f64) -> f64 {
    let u = 1.0 + x;
    let rest = if x < 1.0 { x - (u - 1.0) } else { 1.0 - (u - x) };
    let (biased, m) = split_f64(u);
    let inverse = f64::from_bits((2046 - if biased < 2046 { biased } else { 2046 }) << 52);
    let value = log_sum_f64(whole_f64(biased) - 1023.0, rest.mul_add(inverse, m - 1.0));
    let value = if u < f64::INFINITY { value } else { x };
    // Below 2^-54.
    let value = if x.abs() < 5.551_115_123_125_783e-17 { x } else { value };
    let edge = if x == -1.0 { f64::NEG_INFINITY } else { f64::NAN };
    if x > -1.0 { value } else { edge }
}
