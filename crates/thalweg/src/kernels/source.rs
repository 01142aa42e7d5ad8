//! What a kernel reads: scalars as they are, or bytes that become scalars in registers.
#![allow(unsafe_code, reason = "registers are loaded through pointers whose reach the kernels have checked")]

use super::bytes::{ByteScale, Formula};
use super::vector::Vector;
use crate::real::Real;

/// Values one after the other, read as scalars, a register at a time.
///
/// # Safety
/// `load` reads `V::WIDTH` values from `at` on, `one` reads one; both must exist, and the processor must have the
/// instruction set of `V`.
pub(super) trait Source<R: Real>: Copy {
    unsafe fn load<V: Vector<R>>(self, at: usize) -> V;
    unsafe fn one(self, at: usize) -> R;
}

/// Scalars as they are.
#[derive(Clone, Copy)]
pub(super) struct Values<R>(pub(super) *const R);

impl<R: Real> Source<R> for Values<R> {
    #[inline(always)]
    unsafe fn load<V: Vector<R>>(self, at: usize) -> V {
        // SAFETY: the trait's conditions.
        unsafe { V::load(self.0.add(at)) }
    }

    #[inline(always)]
    unsafe fn one(self, at: usize) -> R {
        // SAFETY: the trait's conditions.
        unsafe { *self.0.add(at) }
    }
}

/// Bytes v that count as v.
pub(super) const AS_IT_IS: u8 = 0;
/// Bytes v that count as v/255.
pub(super) const OVER_255: u8 = 1;
/// Bytes v that count as v/divisor.
pub(super) const QUOTIENT: u8 = 2;

/// Bytes under a scale, by one of the formulas above.
#[derive(Clone, Copy)]
pub(super) struct Bytes<'a, R, const FORMULA: u8> {
    from: *const u8,
    table: &'a [R; 256],
    /// The two halves of 1/divisor.
    high: R,
    low: R,
}

impl<'a, R: Real, const FORMULA: u8> Bytes<'a, R, FORMULA> {
    #[inline(always)]
    pub(super) fn new(from: *const u8, scale: &'a ByteScale<R>) -> Self {
        let (high, low) = match scale.formula() {
            Formula::Over255 { high, low } | Formula::Quotient { high, low } => (high, low),
            Formula::AsItIs | Formula::Table => (R::ONE, R::ZERO),
        };
        Bytes { from, table: scale.table(), high, low }
    }
}

impl<R: Real, const FORMULA: u8> Source<R> for Bytes<'_, R, FORMULA> {
    #[inline(always)]
    unsafe fn load<V: Vector<R>>(self, at: usize) -> V {
        // SAFETY: the trait's conditions.
        unsafe {
            let from = self.from.add(at);
            if FORMULA == AS_IT_IS {
                V::load_bytes(from)
            } else if FORMULA == OVER_255 {
                V::load_bytes_over_255(from, V::splat(self.high), V::splat(self.low))
            } else {
                let v = V::load_bytes(from);
                v.mul_add(V::splat(self.high), v.mul(V::splat(self.low)))
            }
        }
    }

    #[inline(always)]
    unsafe fn one(self, at: usize) -> R {
        // SAFETY: the trait's conditions.
        self.table[usize::from(unsafe { *self.from.add(at) })]
    }
}
