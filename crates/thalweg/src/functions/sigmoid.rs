//! The logistic function.

use super::reduction::{
    power_halves_f32, power_halves_f64, power_of_two_f32, power_of_two_f64, reduce_f32, reduce_f64,
};

/// The logistic function σ(x) = 1 / (1 + e^-x).
///
/// ```text
/// -x = n·ln 2 + r,  y = e^r - 1
/// n ≤ 16:  σ = 1 / ((1 + 2^n) + 2^n·y)
/// n > 16:  σ = 2^-n / (1 + (y + 2^-n))
/// ```
/// The sum below the line is one fused operation in which e^-x itself is never rounded. From n = 24 on, 1 + 2^n would lose
/// the 1, and from n = 128 on 2^n overflows though σ is still a subnormal number: hence the second form. Both are the
/// same operations on selected numbers.
///
/// # Units and ranges
/// 1 from 17.33 on, subnormal below -87.34, 0 below -103.98.
#[inline(always)]
pub fn sigmoid_f32(x: f32) -> f32 {
    let x = if x > 20.0 { 20.0 } else { x };
    let x = if x < -104.0 { -104.0 } else { x };
    let (n, y) = reduce_f32(-x);
    let outside = n > 16.0;
    let (first, second) = power_halves_f32(if outside { -n } else { 0.0 });
    let power = power_of_two_f32(if outside { 0.0 } else { n });
    let y = y + if outside { first * second } else { 0.0 };
    let one = if outside { 0.0 } else { 1.0 };
    1.0 / power.mul_add(y, power + one) * first * second
}

/// [`sigmoid_f32`] from -11 on, to the bit: there n ≤ 16, and what is selected for larger n is left out.
#[inline(always)]
pub fn sigmoid_near_f32(x: f32) -> f32 {
    let x = if x > 20.0 { 20.0 } else { x };
    let (n, y) = reduce_f32(-x);
    let power = power_of_two_f32(n);
    1.0 / power.mul_add(y, power + 1.0)
}

/// The logistic function σ(x) = 1 / (1 + e^-x). The formulas are those of [`sigmoid_f32`], with 40 instead of 16.
///
/// # Units and ranges
/// 1 from 36.74 on, subnormal below -708.4, 0 below -745.14.
#[inline(always)]
pub fn sigmoid_f64(x: f64) -> f64 {
    let x = if x > 40.0 { 40.0 } else { x };
    let x = if x < -746.0 { -746.0 } else { x };
    let (n, y) = reduce_f64(-x);
    let outside = n > 40.0;
    let (first, second) = power_halves_f64(if outside { -n } else { 0.0 });
    let power = power_of_two_f64(if outside { 0.0 } else { n });
    let y = y + if outside { first * second } else { 0.0 };
    let one = if outside { 0.0 } else { 1.0 };
    1.0 / power.mul_add(y, power + one) * first * second
}

/// [`sigmoid_f64`] from -11 on, to the bit.
#[inline(always)]
pub fn sigmoid_near_f64(x: f64) -> f64 {
    let x = if x > 40.0 { 40.0 } else { x };
    let (n, y) = reduce_f64(-x);
    let power = power_of_two_f64(n);
    1.0 / power.mul_add(y, power + 1.0)
}
