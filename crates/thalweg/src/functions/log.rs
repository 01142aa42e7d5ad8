//! The natural logarithm.

use super::polynomial::{polynomial_f32, polynomial_f64};
use super::reduction::{LN2_HIGH_F32, LN2_HIGH_F64, LN2_LOW_F32, LN2_LOW_F64};

/// (log(1 + f) - f + f²/2) / f³ for √½ ≤ 1 + f ≤ √2: with the weight f², the error stays below 2^-28.4.
const TAIL_F32: [f32; 9] = [
    0.333_333_25,
    -0.249_999_85,
    0.200_012_86,
    -0.166_688_67,
    0.142_356_59,
    -0.123_985_68,
    0.117_694_594,
    -0.116_774_34,
    0.070_061_89,
];

/// As [`TAIL_F32`], below 2^-57.8.
const TAIL_F64: [f64; 20] = [
    0.3333333333333335,
    -0.2499999999999987,
    0.19999999999983112,
    -0.16666666666710844,
    0.14285714289469262,
    -0.12499999997283831,
    0.1111111076961561,
    -0.09999999855450074,
    0.09090925160298975,
    -0.08333354209792293,
    0.07691879787755287,
    -0.07141970169216079,
    0.06673163762193053,
    -0.06268871772219692,
    0.05831596499231003,
    -0.05340207032597559,
    0.05366890210500501,
    -0.06208542185521648,
    0.057582764765704474,
    -0.025271104632549824,
];

/// log(1 + f) + k·ln 2, for √½ ≤ 1 + f ≤ √2.
#[inline(always)]
pub(super) fn log_sum_f32(k: f32, f: f32) -> f32 {
    let square = f * f;
    let tail = square.mul_add(f.mul_add(polynomial_f32(&TAIL_F32, f), -0.5), k * LN2_LOW_F32);
    k.mul_add(LN2_HIGH_F32, f + tail)
}

/// log(1 + f) + k·ln 2, for √½ ≤ 1 + f ≤ √2.
#[inline(always)]
pub(super) fn log_sum_f64(k: f64, f: f64) -> f64 {
    let square = f * f;
    let tail = square.mul_add(f.mul_add(polynomial_f64(&TAIL_F64, f), -0.5), k * LN2_LOW_F64);
    k.mul_add(LN2_HIGH_F64, f + tail)
}

const ONE_F32: u32 = 0x3f80_0000;
const SQRT_HALF_F32: u32 = 0x3f35_04f3;
const ONE_F64: u64 = 0x3ff0_0000_0000_0000;
const SQRT_HALF_F64: u64 = 0x3fe6_a09e_667f_3bcd;

/// The exponent k plus 127 and the significand m of x = m·2^k with √½ ≤ m < √2, for a normal positive x.
#[inline(always)]
pub(super) fn split_f32(x: f32) -> (u32, f32) {
    let shifted = x.to_bits().wrapping_add(ONE_F32 - SQRT_HALF_F32);
    (shifted >> 23, f32::from_bits((shifted & 0x007f_ffff).wrapping_add(SQRT_HALF_F32)))
}

/// The exponent k plus 1023 and the significand m of x = m·2^k with √½ ≤ m < √2, for a normal positive x.
#[inline(always)]
pub(super) fn split_f64(x: f64) -> (u64, f64) {
    let shifted = x.to_bits().wrapping_add(ONE_F64 - SQRT_HALF_F64);
    (shifted >> 52, f64::from_bits((shifted & 0x000f_ffff_ffff_ffff).wrapping_add(SQRT_HALF_F64)))
}

/// A whole number below 2^23 as a float: placed below the bits of 2^23, which is then taken off.
#[inline(always)]
pub(super) fn whole_f32(k: u32) -> f32 {
    f32::from_bits(0x4b00_0000 | (k & 0x007f_ffff)) - 8_388_608.0
}

/// A whole number below 2^52 as a float. Vector units before AVX-512 cannot convert 64-bit integers; this they can.
#[inline(always)]
pub(super) fn whole_f64(k: u64) -> f64 {
    f64::from_bits(0x4330_0000_0000_0000 | (k & 0x000f_ffff_ffff_ffff)) - 4_503_599_627_370_496.0
}

/// The natural logarithm.
///
/// ```text
/// x = m·2^k,  √½ ≤ m < √2,  f = m - 1
/// log x = k·ln 2 + f - f²/2 + f³·P(f)
/// ```
///
/// # Units and ranges
/// -∞ at 0 (of either sign), NaN below 0, +∞ at +∞.
#[inline(always)]
pub fn log_f32(x: f32) -> f32 {
    let subnormal = x < f32::MIN_POSITIVE;
    let scaled = if subnormal { x * 33_554_432.0 } else { x }; // 2^25
    let offset = if subnormal { 127.0 + 25.0 } else { 127.0 };
    let (biased, m) = split_f32(scaled);
    let value = log_sum_f32(whole_f32(biased) - offset, m - 1.0);
    let value = if x < f32::INFINITY { value } else { x };
    let edge = if x == 0.0 { f32::NEG_INFINITY } else { f32::NAN };
    if x > 0.0 { value } else { edge }
}

/// The natural logarithm. The formulas are those of [`log_f32`].
#[inline(always)]
pub fn log_f64(x: f64) -> f64 {
    let subnormal = x < f64::MIN_POSITIVE;
    let scaled = if subnormal { x * 18_014_398_509_481_984.0 } else { x }; // 2^54
    let offset = if subnormal { 1023.0 + 54.0 } else { 1023.0 };
    let (biased, m) = split_f64(scaled);
    let value = log_sum_f64(whole_f64(biased) - offset, m - 1.0);
    let value = if x < f64::INFINITY { value } else { x };
    let edge = if x == 0.0 { f64::NEG_INFINITY } else { f64::NAN };
    if x > 0.0 { value } else { edge }
}
