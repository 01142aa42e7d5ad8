//! What the exponential family shares: x = n·ln 2 + r with |r| ≤ ln 2 / 2, e^r - 1, and powers of two made from bits.
//!
//! Rounding to a whole number adds and subtracts 1.5·2^23 (`f64`: 1.5·2^52): the sum has no bits left below 1, and its low bits
//! are the whole number itself, ready to become an exponent. `round` would be a call that stops vectorisation.
//!
//! n·ln 2 is taken off in two parts, of which the high one has so few bits that the first difference is exact.

use super::polynomial::{polynomial_f32, polynomial_f64};

const ROUND_F32: f32 = 12_582_912.0; // 1.5 * 2^23
const ROUND_F64: f64 = 6_755_399_441_055_744.0; // 1.5 * 2^52
const BIAS_F32: u32 = 127;
const BIAS_F64: u64 = 1023;

// ln 2 = high + low: 15 and 24 bits, 32 and 53 bits.
pub(super) const LN2_HIGH_F32: f32 = 0.693_145_75;
pub(super) const LN2_LOW_F32: f32 = 1.428_606_8e-6;
pub(super) const LN2_HIGH_F64: f64 = 0.693_147_180_601_954_5;
pub(super) const LN2_LOW_F64: f64 = -4.200_915_072_681_084_6e-11;

/// (e^r - 1 - r) / r² for |r| ≤ ln 2 / 2: with the weight |r|, its share in e^r - 1, the error stays below 2^-28.7.
const TAIL_F32: [f32; 6] =
    [0.5, 0.166_666_67, 0.041_666_366, 0.008_333_274, 0.001_394_032_5, 0.000_199_134_97];

/// As [`TAIL_F32`], below 2^-59.1.
const TAIL_F64: [f64; 11] = [
    0.5,
    0.16666666666666677,
    0.0416666666666667,
    0.00833333333332215,
    0.0013888888888867763,
    0.00019841269884956052,
    2.4801587359109187e-05,
    2.7557245279891213e-06,
    2.7557243780455475e-07,
    2.5108693727548605e-08,
    2.092417591764269e-09,
];

/// n and e^r - 1 with x = n·ln 2 + r, for |x| up to 2^20.
#[inline(always)]
pub(super) fn reduce_f32(x: f32) -> (f32, f32) {
    let n = x.mul_add(std::f32::consts::LOG2_E, ROUND_F32) - ROUND_F32;
    let r = n.mul_add(-LN2_LOW_F32, n.mul_add(-LN2_HIGH_F32, x));
    (n, (r * r).mul_add(polynomial_f32(&TAIL_F32, r), r))
}

/// n and e^r - 1 with x = n·ln 2 + r, for |x| up to 2^20.
#[inline(always)]
pub(super) fn reduce_f64(x: f64) -> (f64, f64) {
    let n = x.mul_add(std::f64::consts::LOG2_E, ROUND_F64) - ROUND_F64;
    let r = n.mul_add(-LN2_LOW_F64, n.mul_add(-LN2_HIGH_F64, x));
    (n, (r * r).mul_add(polynomial_f64(&TAIL_F64, r), r))
}

/// 2^n for a whole n from -126 to 127.
#[inline(always)]
pub(super) fn power_of_two_f32(n: f32) -> f32 {
    let biased = (n + ROUND_F32).to_bits().wrapping_sub(ROUND_F32.to_bits()).wrapping_add(BIAS_F32);
    f32::from_bits(biased << 23)
}

/// 2^n for a whole n from -1022 to 1023.
#[inline(always)]
pub(super) fn power_of_two_f64(n: f64) -> f64 {
    let biased = (n + ROUND_F64).to_bits().wrapping_sub(ROUND_F64.to_bits()).wrapping_add(BIAS_F64);
    f64::from_bits(biased << 52)
}

/// Two powers of two whose product is 2^n, for a whole n from -252 to 254.
///
/// A value near 1 times the first is exact; times the second is rounded once, also where the result is subnormal.
#[inline(always)]
pub(super) fn power_halves_f32(n: f32) -> (f32, f32) {
    // The sum of the two biased exponents, which is positive: a shift halves it.
    let both = (n + ROUND_F32).to_bits().wrapping_sub(ROUND_F32.to_bits()).wrapping_add(2 * BIAS_F32);
    let first = both >> 1;
    (f32::from_bits(first << 23), f32::from_bits(both.wrapping_sub(first) << 23))
}

/// Two powers of two whose product is 2^n, for a whole n from -2044 to 2046. See [`power_halves_f32`].
#[inline(always)]
pub(super) fn power_halves_f64(n: f64) -> (f64, f64) {
    let both = (n + ROUND_F64).to_bits().wrapping_sub(ROUND_F64.to_bits()).wrapping_add(2 * BIAS_F64);
    let first = both >> 1;
    (f64::from_bits(first << 52), f64::from_bits(both.wrapping_sub(first) << 52))
}
