//! The scalar type that networks compute in: `f32` or `f64`, and nothing else.

use std::fmt::{Debug, Display};
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use crate::functions;

/// Which scalar type a network computes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Precision {
    /// 32-bit floating point, the default.
    #[default]
    F32,
    /// 64-bit floating point.
    F64,
}

impl Precision {
    /// The name in experiment files: `"f32"` or `"f64"`.
    pub const fn name(self) -> &'static str {
        match self {
            Precision::F32 => "f32",
            Precision::F64 => "f64",
        }
    }
}

impl Display for Precision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// A scalar: `f32` or `f64`.
///
/// Its functions (`exp`, `log` ...) are Thalweg's own and give the same bits on every machine (NUMERICS rule 9); the
/// methods of `std` with the same purpose do not, and a lint forbids them.
pub trait Real:
    sealed::Sealed
    + crate::custom::Pick
    + crate::kernels::Registers
    + crate::compiled::Compiled
    + crate::data::Stored
    + Copy
    + Default
    + PartialEq
    + PartialOrd
    + Debug
    + Display
    + Send
    + Sync
    + 'static
    + Neg<Output = Self>
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
    + DivAssign
    + Sum
{
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// Which of the two types this is.
    const PRECISION: Precision;
    /// Optimizer state smaller in magnitude than this is set to zero (NUMERICS rule 12): 1e-30, or 1e-290 in `f64`.
    const STATE_FLOOR: Self;
    /// The distance from 1 to the next larger number.
    const EPSILON: Self;
    /// The largest finite number.
    const LARGEST: Self;
    /// Negative infinity.
    const NEG_INFINITY: Self;

    /// The nearest scalar to `value`.
    fn from_f64(value: f64) -> Self;
    /// The same number as `f64`, exactly.
    fn to_f64(self) -> f64;
    /// `self * factor + addend`, rounded once.
    fn mul_add(self, factor: Self, addend: Self) -> Self;
    /// The square root, correctly rounded.
    fn sqrt(self) -> Self;
    /// The absolute value.
    fn abs(self) -> Self;
    /// e^self.
    fn exp(self) -> Self;
    /// e^self - 1, without the cancellation near 0.
    fn expm1(self) -> Self;
    /// The natural logarithm.
    fn log(self) -> Self;
    /// log(1 + self), without losing the bits of a small number.
    fn log1p(self) -> Self;
    /// The hyperbolic tangent.
    fn tanh(self) -> Self;
    /// The logistic function 1 / (1 + e^-self).
    fn sigmoid(self) -> Self;
    /// [`sigmoid`](Self::sigmoid) from -11 on, to the bit, by a shorter way.
    fn sigmoid_near(self) -> Self;
    /// The error function.
    fn erf(self) -> Self;
    /// The sine of an angle in radians.
    fn sin(self) -> Self;
    /// The cosine of an angle in radians.
    fn cos(self) -> Self;
    /// self to the power of `exponent`.
    fn pow(self, exponent: Self) -> Self;
    /// True unless NaN or infinite.
    fn is_finite(self) -> bool;
    /// The bits, widened to 64 with zeros: two numbers are the same to the bit when these are equal.
    fn bits(self) -> u64;
    /// The number with these bits; the upper half is ignored for `f32`.
    fn from_bits(bits: u64) -> Self;
}

macro_rules! real {
    ($t:ty, $bits:ty, $precision:expr, $floor:expr, $pow:path, $($function:ident = $own:path),+) => {
        impl Real for $t {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const PRECISION: Precision = $precision;
            const STATE_FLOOR: Self = $floor;
            const EPSILON: Self = <$t>::EPSILON;
            const LARGEST: Self = <$t>::MAX;
            const NEG_INFINITY: Self = <$t>::NEG_INFINITY;

            #[inline(always)]
            fn from_f64(value: f64) -> Self {
                value as $t
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }
            #[inline(always)]
            fn mul_add(self, factor: Self, addend: Self) -> Self {
                <$t>::mul_add(self, factor, addend)
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                <$t>::sqrt(self)
            }
            #[inline(always)]
            fn abs(self) -> Self {
                <$t>::abs(self)
            }
            $(
                #[inline(always)]
                fn $function(self) -> Self {
                    $own(self)
                }
            )+
            #[inline(always)]
            fn pow(self, exponent: Self) -> Self {
                $pow(self, exponent)
            }
            #[inline(always)]
            fn is_finite(self) -> bool {
                <$t>::is_finite(self)
            }
            #[inline(always)]
            fn bits(self) -> u64 {
                u64::from(self.to_bits())
            }
            #[inline(always)]
            fn from_bits(bits: u64) -> Self {
                <$t>::from_bits(bits as $bits)
            }
        }
    };
}

real!(
    f32,
    u32,
    Precision::F32,
    1e-30,
    functions::pow_f32,
    exp = functions::exp_f32,
    expm1 = functions::expm1_f32,
    log = functions::log_f32,
    log1p = functions::log1p_f32,
    tanh = functions::tanh_f32,
    sigmoid = functions::sigmoid_f32,
    sigmoid_near = functions::sigmoid_near_f32,
    erf = functions::erf_f32,
    sin = functions::sin_f32,
    cos = functions::cos_f32
);
real!(
    f64,
    u64,
    Precision::F64,
    1e-290,
    functions::pow_f64,
    exp = functions::exp_f64,
    expm1 = functions::expm1_f64,
    log = functions::log_f64,
    log1p = functions::log1p_f64,
    tanh = functions::tanh_f64,
    sigmoid = functions::sigmoid_f64,
    sigmoid_near = functions::sigmoid_near_f64,
    erf = functions::erf_f64,
    sin = functions::sin_f64,
    cos = functions::cos_f64
);
