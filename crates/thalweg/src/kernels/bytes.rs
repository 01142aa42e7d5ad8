//! Bytes to scalars, under a scale that is the same for all of them (NUMERICS rule 13).
#![allow(
    unsafe_code,
    reason = "registers are loaded and stored through pointers into slices checked at entry"
)]

use super::source::{AS_IT_IS, Bytes, OVER_255, QUOTIENT, Source};
use super::vector::Vector;
use super::{Path, path};
use crate::real::Real;

/// The scalar that each byte stands for, and, where there is one, the arithmetic that gives all 256 of them to the bit.
///
/// ```text
/// as it is   v
/// quotient   v·high + v·low      high + low = 1/divisor to twice the precision; one product and one fma
/// table      whatever else
/// ```
///
/// The arithmetic is found by trying: all 256 values are computed and compared when the scale is made.
///
/// # Example
/// ```
/// use thalweg::kernels::bytes::ByteScale;
///
/// let table: [f64; 256] = std::array::from_fn(|v| v as f64 / 255.0);
/// let mut x = [0.0_f32; 3];
/// ByteScale::new(&table).convert(&[0, 51, 255], &mut x);
/// assert_eq!(x, [0.0, 0.2, 1.0]);
/// ```
#[derive(Clone, Debug)]
pub struct ByteScale<R> {
    table: [R; 256],
    formula: Formula<R>,
}

/// How a byte becomes a scalar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Formula<R> {
    AsItIs,
    /// The quotient by 255, for which some instruction sets have a shorter way.
    Over255 {
        high: R,
        low: R,
    },
    Quotient {
        high: R,
        low: R,
    },
    Table,
}

impl<R: Real> ByteScale<R> {
    /// The scale under which the byte v stands for `table[v]`, rounded to the scalar type.
    pub fn new(table: &[f64; 256]) -> Self {
        let mut scale = ByteScale { table: table.map(R::from_f64), formula: Formula::Table };
        let divisor = whole_if_near(1.0 / table[1]);
        let (high_255, low_255) = halves(255.0);
        let (high, low) = halves(divisor);
        let formulas = [
            Formula::AsItIs,
            Formula::Over255 { high: high_255, low: low_255 },
            Formula::Quotient { high, low },
        ];
        let bytes: [u8; 256] = std::array::from_fn(|v| v as u8);
        for formula in formulas {
            let candidate = ByteScale { formula, ..scale.clone() };
            let mut values = [R::ZERO; 256];
            compute(&candidate, &bytes, &mut values);
            if values.iter().zip(&scale.table).all(|(ours, exact)| ours.bits() == exact.bits()) {
                scale.formula = formula;
                break;
            }
        }
        scale
    }

    /// Writes the scalar of each byte.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn convert(&self, bytes: &[u8], to: &mut [R]) {
        assert_eq!(bytes.len(), to.len(), "a scalar for each byte");
        // Without fused instructions the formulas are slower than looking up.
        if self.has_formula() && path() != Path::Portable {
            compute(self, bytes, to);
        } else {
            for (to, &byte) in to.iter_mut().zip(bytes) {
                *to = self.table[usize::from(byte)];
            }
        }
    }

    /// Whether there is an arithmetic for it, so that bytes can be converted in registers.
    pub fn has_formula(&self) -> bool {
        self.formula != Formula::Table
    }

    pub(super) fn formula(&self) -> Formula<R> {
        self.formula
    }

    pub(super) fn table(&self) -> &[R; 256] {
        &self.table
    }
}

/// 1/divisor as the sum of two scalars.
fn halves<R: Real>(divisor: f64) -> (R, R) {
    let high = R::from_f64(1.0 / divisor);
    let rest = (-high.to_f64()).mul_add(divisor, 1.0);
    (high, R::from_f64(rest / divisor))
}

/// The whole number beside a quotient's rounding error.
fn whole_if_near(divisor: f64) -> f64 {
    let whole = divisor.round();
    if (divisor - whole).abs() <= whole.abs() * 4.0 * f64::EPSILON { whole } else { divisor }
}

vectorised! {
    /// The formula of `scale` on every byte; `to` is as long as `bytes`.
    fn compute<R>(scale: &ByteScale<R>, bytes: &[u8], to: &mut [R]) = compute_body;
}

#[inline(always)]
unsafe fn compute_body<R: Real, V: Vector<R>>(scale: &ByteScale<R>, bytes: &[u8], to: &mut [R]) {
    let from = bytes.as_ptr();
    // SAFETY: the registers are the path's.
    unsafe {
        match scale.formula {
            Formula::AsItIs => copy::<R, V, _>(Bytes::<R, AS_IT_IS>::new(from, scale), bytes.len(), to),
            Formula::Over255 { .. } => {
                copy::<R, V, _>(Bytes::<R, OVER_255>::new(from, scale), bytes.len(), to);
            }
            Formula::Quotient { .. } => {
                copy::<R, V, _>(Bytes::<R, QUOTIENT>::new(from, scale), bytes.len(), to);
            }
            Formula::Table => unreachable!("a table has no formula"),
        }
    }
}

/// Writes the `count` values of a source.
#[inline(always)]
unsafe fn copy<R: Real, V: Vector<R>, S: Source<R>>(source: S, count: usize, to: &mut [R]) {
    assert_eq!(count, to.len(), "a scalar for each byte");
    let to = to.as_mut_ptr();
    let mut i = 0;
    // SAFETY: all indices lie below the count, which is the length of both.
    unsafe {
        while count - i >= 4 * V::WIDTH {
            for part in 0..4 {
                source.load::<V>(i + part * V::WIDTH).store(to.add(i + part * V::WIDTH));
            }
            i += 4 * V::WIDTH;
        }
        while count - i >= V::WIDTH {
            source.load::<V>(i).store(to.add(i));
            i += V::WIDTH;
        }
        while i < count {
            *to.add(i) = source.one(i);
            i += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_byte_is_the_table_to_the_bit<R: Real>(value: impl Fn(f64) -> f64, has_formula: bool) {
        let table: [f64; 256] = std::array::from_fn(|v| value(v as f64));
        let scale = ByteScale::<R>::new(&table);
        assert_eq!(scale.has_formula(), has_formula);
        // All lengths around the registers' widths, all bytes at all places of a register.
        let bytes: Vec<u8> = (0..700).map(|i| (i % 256) as u8).collect();
        for length in (0..140).chain([256, 300, 443]) {
            for start in [0, 1, 7, 255] {
                let bytes = &bytes[start..start + length];
                let mut x = vec![R::from_f64(-1.0); length];
                scale.convert(bytes, &mut x);
                for (&byte, x) in bytes.iter().zip(x) {
                    assert_eq!(x.bits(), R::from_f64(table[usize::from(byte)]).bits(), "byte {byte}");
                }
            }
        }
    }

    #[test]
    fn as_they_are() {
        every_byte_is_the_table_to_the_bit::<f32>(|v| v, true);
        every_byte_is_the_table_to_the_bit::<f64>(|v| v, true);
    }

    #[test]
    fn divided() {
        for divisor in [255.0, 256.0, 127.5, 3.0, 7.0, 100.0, 1e6, 0.75] {
            every_byte_is_the_table_to_the_bit::<f32>(|v| v / divisor, true);
        }
        for divisor in [255.0, 256.0, 3.0, 7.0, 100.0, 1e6] {
            every_byte_is_the_table_to_the_bit::<f64>(|v| v / divisor, true);
        }
    }

    #[test]
    fn by_table() {
        every_byte_is_the_table_to_the_bit::<f32>(|v| (v - 33.3) / 78.5, false);
        every_byte_is_the_table_to_the_bit::<f64>(|v| v * v, false);
        every_byte_is_the_table_to_the_bit::<f32>(|_| 0.0, false);
        every_byte_is_the_table_to_the_bit::<f32>(|v| v / 1e45, false);
    }
}
