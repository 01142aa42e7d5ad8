//! The hyperbolic tangent.

use super::polynomial::{polynomial_f32, polynomial_f64};
use super::reduction::{power_of_two_f32, power_of_two_f64, reduce_f32, reduce_f64};

/// Up to here the odd polynomial serves; beyond, the form with e^(2x), whose rounding no longer shows.
const SMALL_F32: f32 = 0.55;
const SMALL_F64: f64 = 0.55;

/// (tanh x - x) / x³ as a polynomial in x², for |x| ≤ 0.55: with the weight x², the error stays below 2^-28.2.
const TAIL_F32: [f32; 5] = [-0.333_333_25, 0.133_328_26, -0.053_874_504, 0.021_154_521, -0.006_382_285_6];

/// As [`TAIL_F32`], below 2^-56.4.
const TAIL_F64: [f64; 11] = [
    -0.3333333333333333,
    0.13333333333331215,
    -0.0539682539661805,
    0.021869488449497265,
    -0.0088632335700013,
    0.0035921011990700125,
    -0.0014555985765589102,
    0.0005886622442447113,
    -0.00023391040496272968,
    8.404299381873639e-05,
    -1.9926163222707786e-05,
];

/// The hyperbolic tangent.
///
/// ```text
/// |x| < 0.55:  x + x³·P(x²)
/// else:        1 - 2 / (e^(2|x|) + 1), with the sign of x
/// ```
#[inline(always)]
pub fn tanh_f32(x: f32) -> f32 {
    let size = x.abs();
    let size = if size > 10.0 { 10.0 } else { size }; // 1 to the last bit from 9.011 on
    let square = size * size;
    let small = (size * square).mul_add(polynomial_f32(&TAIL_F32, square), size);
    let (n, y) = reduce_f32(2.0 * size);
    let power = power_of_two_f32(n);
    let large = 1.0 - 2.0 / power.mul_add(y, power + 1.0);
    let value = if size < SMALL_F32 { small } else { large };
    value.copysign(x)
}

/// The hyperbolic tangent. The formulas are those of [`tanh_f32`].
#[inline(always)]
pub fn tanh_f64(x: f64) -> f64 {
    let size = x.abs();
    let size = if size > 20.0 { 20.0 } else { size }; // 1 to the last bit from 19.062 on
    let square = size * size;
    let small = (size * square).mul_add(polynomial_f64(&TAIL_F64, square), size);
    let (n, y) = reduce_f64(2.0 * size);
    let power = power_of_two_f64(n);
    let large = 1.0 - 2.0 / power.mul_add(y, power + 1.0);
    let value = if size < SMALL_F64 { small } else { large };
    value.copysign(x)
}
