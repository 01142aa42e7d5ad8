//! e^x.

use super::reduction::{power_halves_f32, power_halves_f64, reduce_f32, reduce_f64};

/// e^x.
///
/// ```text
/// x = n·ln 2 + r,  |r| ≤ ln 2 / 2
/// e^x = 2^n·(1 + (e^r - 1))
/// ```
///
/// # Units and ranges
/// Infinite from 88.72284 on, subnormal below -87.33654, 0 below -103.97208.
#[inline(always)]
pub fn exp_f32(x: f32) -> f32 {
    // Beyond these the result is infinite or 0 anyway; a comparison with NaN is false, so NaN stays.
    let x = if x > 89.0 { 89.0 } else { x };
    let x = if x < -104.0 { -104.0 } else { x };
    let (n, y) = reduce_f32(x);
    let (first, second) = power_halves_f32(n);
    (1.0 + y) * first * second
}

/// e^x. The formulas are those of [`exp_f32`].
///
/// # Units and ranges
/// Infinite from 709.7827128933841 on, subnormal below -708.3964185322641, 0 below -745.1332191019412.
#[inline(always)]
pub fn exp_f64(x: f64) -> f64 {
    let x = if x > 710.0 { 710.0 } else { x };
    let x = if x < -746.0 { -746.0 } else { x };
    let (n, y) = reduce_f64(x);
    let (first, second) = power_halves_f64(n);
    (1.0 + y) * first * second
}
