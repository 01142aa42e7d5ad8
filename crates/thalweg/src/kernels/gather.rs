//! Some columns of rows that lie anywhere in a set, brought side by side: from scalars as they are or from bytes.
#![allow(
    unsafe_code,
    reason = "registers are loaded and stored through pointers into slices checked row by row"
)]

use super::bytes::{ByteScale, Formula};
use super::source::{AS_IT_IS, Bytes, OVER_255, QUOTIENT, Source, Values};
use super::vector::Vector;
use super::{Path, path};
use crate::real::Real;

/// Which values of a row-major set are wanted, and where row n of them goes: to `n·stride` and after.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Columns<'a> {
    /// The rows, in the order wanted.
    pub(crate) rows: &'a [u32],
    /// How many values a row of the set has.
    pub(crate) row_len: usize,
    /// The first column.
    pub(crate) first: usize,
    /// How many columns.
    pub(crate) count: usize,
    /// From one row to the next where they go.
    pub(crate) stride: usize,
}

impl Columns<'_> {
    /// Where a row's values begin in the set.
    #[inline(always)]
    fn start(&self, row: u32) -> usize {
        row as usize * self.row_len + self.first
    }
}

vectorised! {
    /// Copies scalars. What lies between the rows where they go stays.
    ///
    /// # Panics
    /// If a row does not exist or `to` is too short.
    pub(crate) fn gather_values<R>(values: &[R], columns: Columns<'_>, to: &mut [R]) = values_body;
}

#[inline(always)]
unsafe fn values_body<R: Real, V: Vector<R>>(values: &[R], columns: Columns<'_>, to: &mut [R]) {
    // SAFETY: the path's registers; the source has as many values as are said.
    unsafe { gather::<R, V, _>(Values(values.as_ptr()), values.len(), columns, to) }
}

/// Converts bytes under a scale. What lies between the rows where they go stays.
///
/// # Panics
/// If a row does not exist or `to` is too short.
pub(crate) fn gather_bytes<R: Real>(scale: &ByteScale<R>, bytes: &[u8], columns: Columns<'_>, to: &mut [R]) {
    // Without fused instructions the formulas are slower than looking up.
    if scale.has_formula() && path() != Path::Portable {
        return by_formula(scale, bytes, columns, to);
    }
    for (&row, to) in columns.rows.iter().zip(to.chunks_mut(columns.stride)) {
        let start = columns.start(row);
        scale.convert(&bytes[start..start + columns.count], &mut to[..columns.count]);
    }
}

vectorised! {
    fn by_formula<R>(scale: &ByteScale<R>, bytes: &[u8], columns: Columns<'_>, to: &mut [R]) = bytes_body;
}

#[inline(always)]
unsafe fn bytes_body<R: Real, V: Vector<R>>(
    scale: &ByteScale<R>,
    bytes: &[u8],
    columns: Columns<'_>,
    to: &mut [R],
) {
    let (from, len) = (bytes.as_ptr(), bytes.len());
    // SAFETY: the path's registers; the sources have as many values as are said.
    unsafe {
        match scale.formula() {
            Formula::AsItIs => {
                gather::<R, V, _>(Bytes::<R, AS_IT_IS>::new(from, scale), len, columns, to);
            }
            Formula::Over255 { .. } => {
                gather::<R, V, _>(Bytes::<R, OVER_255>::new(from, scale), len, columns, to);
            }
            Formula::Quotient { .. } => {
                gather::<R, V, _>(Bytes::<R, QUOTIENT>::new(from, scale), len, columns, to);
            }
            Formula::Table => unreachable!("a table has no formula"),
        }
    }
}

/// Gathers from a source of `len` values.
#[inline(always)]
unsafe fn gather<R: Real, V: Vector<R>, S: Source<R>>(
    source: S,
    len: usize,
    columns: Columns<'_>,
    to: &mut [R],
) {
    let count = columns.count;
    assert!(count <= columns.stride, "rows do not overlap where they go");
    assert!(
        columns.rows.is_empty() || to.len() >= (columns.rows.len() - 1) * columns.stride + count,
        "there is room for every row"
    );
    for n in 0..columns.rows.len() {
        let start = columns.start(columns.rows[n]);
        assert!(start + count <= len, "the row exists");
        let mut i = 0;
        // SAFETY: both assertions above, for all of `count` values from `start` and from row n's place on.
        unsafe {
            let to = to.as_mut_ptr().add(n * columns.stride);
            // Two at a time, which the compiler does not take for a copy: a call for each of so few values would cost more.
            while count - i >= 2 * V::WIDTH {
                let (one, other) = (source.load::<V>(start + i), source.load::<V>(start + i + V::WIDTH));
                one.store(to.add(i));
                other.store(to.add(i + V::WIDTH));
                i += 2 * V::WIDTH;
            }
            if count - i >= V::WIDTH {
                source.load::<V>(start + i).store(to.add(i));
                i += V::WIDTH;
            }
            while i < count {
                *to.add(i) = source.one(start + i);
                i += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows_come_in_their_order<R: Real>() {
        let (row_len, stride) = (37, 32);
        let bytes: Vec<u8> = (0..row_len * 9).map(|i| (i * 31 % 256) as u8).collect();
        let values: Vec<R> = bytes.iter().map(|&byte| R::from_f64(f64::from(byte) * 0.5)).collect();
        let rows = [8, 0, 3, 3];
        let tables: [fn(f64) -> f64; 4] = [|v| v, |v| v / 255.0, |v| v / 7.0, |v| (v - 33.3) / 78.5];
        for (first, count) in [(0, 32), (32, 5), (3, 1), (5, 17), (0, 0)] {
            let columns = Columns { rows: &rows, row_len, first, count, stride };
            let check = |to: &[R], value: &dyn Fn(usize) -> R| {
                for (n, &row) in rows.iter().enumerate() {
                    for i in 0..stride.min(to.len() - n * stride) {
                        let at = row as usize * row_len + first + i;
                        let expected = if i < count { value(at) } else { R::from_f64(-1.0) };
                        assert_eq!(
                            to[n * stride + i].bits(),
                            expected.bits(),
                            "row {n}, column {first} + {i}"
                        );
                    }
                }
            };
            let mut to = vec![R::from_f64(-1.0); 3 * stride + count];
            gather_values(&values, columns, &mut to);
            check(&to, &|at| values[at]);
            for table in tables {
                let table: [f64; 256] = std::array::from_fn(|v| table(v as f64));
                let mut to = vec![R::from_f64(-1.0); 3 * stride + count];
                gather_bytes(&ByteScale::new(&table), &bytes, columns, &mut to);
                check(&to, &|at| R::from_f64(table[usize::from(bytes[at])]));
            }
        }
    }

    #[test]
    fn rows_come_in_their_order_from_values_and_bytes() {
        rows_come_in_their_order::<f32>();
        rows_come_in_their_order::<f64>();
    }

    #[test]
    #[should_panic(expected = "the row exists")]
    fn a_row_that_does_not_exist_is_refused() {
        let columns = Columns { rows: &[2], row_len: 4, first: 2, count: 2, stride: 4 };
        gather_values(&[0.0_f32; 11], columns, &mut [0.0; 4]);
    }
}
