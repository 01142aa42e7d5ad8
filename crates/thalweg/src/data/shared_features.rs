//! Features in memory that belongs to somebody else, such as a NumPy array: read where they lie, never copied.

use std::fmt;
use std::sync::Arc;

use crate::real::Real;

/// Values that somebody else keeps alive and unchanged for as long as they are held here.
pub type SharedSlice<T> = Arc<dyn AsRef<[T]> + Send + Sync>;

/// Shared values, in the type that they have.
#[derive(Clone)]
#[non_exhaustive]
pub enum SharedValues {
    /// Unsigned bytes; booleans as 0 and 1.
    U8(SharedSlice<u8>),
    /// 8-bit integers.
    I8(SharedSlice<i8>),
    /// 16-bit integers.
    I16(SharedSlice<i16>),
    /// 32-bit integers.
    I32(SharedSlice<i32>),
    /// 64-bit integers; beyond 2⁵³ they become the nearest `f64`.
    I64(SharedSlice<i64>),
    /// Unsigned 16-bit integers.
    U16(SharedSlice<u16>),
    /// Unsigned 32-bit integers.
    U32(SharedSlice<u32>),
    /// Unsigned 64-bit integers; beyond 2⁵³ they become the nearest `f64`.
    U64(SharedSlice<u64>),
    /// 32-bit floating point.
    F32(SharedSlice<f32>),
    /// 64-bit floating point.
    F64(SharedSlice<f64>),
}

/// Runs one expression for whichever type the values have.
macro_rules! with_shared {
    ($values:expr, $v:ident => $body:expr) => {
        match $values {
            SharedValues::U8($v) => $body,
            SharedValues::I8($v) => $body,
            SharedValues::I16($v) => $body,
            SharedValues::I32($v) => $body,
            SharedValues::I64($v) => $body,
            SharedValues::U16($v) => $body,
            SharedValues::U32($v) => $body,
            SharedValues::U64($v) => $body,
            SharedValues::F32($v) => $body,
            SharedValues::F64($v) => $body,
        }
    };
}

pub(super) use with_shared;

/// A number of any of these types, as `f64`.
pub(super) trait Number: Copy {
    fn number(self) -> f64;
}

macro_rules! numbers {
    ($($type:ty),*) => {$(
        impl Number for $type {
            #[inline(always)]
            fn number(self) -> f64 {
                self as f64
            }
        }
    )*};
}
numbers!(u8, i8, i16, i32, i64, u16, u32, u64, f32, f64);

/// A matrix of rows and columns in shared memory, in any order of its axes.
///
/// # Example
/// ```
/// use std::sync::Arc;
/// use thalweg::data::{SharedFeatures, SharedValues};
/// // [[1, 2, 3], [4, 5, 6]] as Fortran has it: column after column.
/// let values = SharedValues::F32(Arc::new(vec![1.0, 4.0, 2.0, 5.0, 3.0, 6.0]));
/// let features = SharedFeatures::new(values, 2, 3, 1, 2).unwrap();
/// assert_eq!(features.value(1, 2), 6.0);
/// ```
#[derive(Clone)]
pub struct SharedFeatures {
    values: SharedValues,
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl SharedFeatures {
    /// A matrix whose value of row n and column j is `values[n·row_stride + j·column_stride]`; `None` if that goes beyond the end.
    pub fn new(
        values: SharedValues,
        rows: usize,
        columns: usize,
        row_stride: usize,
        column_stride: usize,
    ) -> Option<Self> {
        let len = with_shared!(&values, v => (**v).as_ref().len());
        let last = |count: usize, stride: usize| count.saturating_sub(1).checked_mul(stride);
        let end = last(rows, row_stride)?.checked_add(last(columns, column_stride)?)?;
        let is_inside = rows == 0 || columns == 0 || end < len;
        rows.checked_mul(columns)?;
        is_inside.then_some(SharedFeatures { values, rows, columns, row_stride, column_stride })
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many values a row has.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.rows * self.columns
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The values, in their own order.
    pub(super) fn values(&self) -> &SharedValues {
        &self.values
    }

    /// Whether the values lie row after row without gaps.
    pub(super) fn is_row_major(&self) -> bool {
        (self.column_stride == 1 || self.columns == 1) && (self.row_stride == self.columns || self.rows == 1)
    }

    /// Whether the matrix is all that the values hold from first to last, by rows or by columns.
    fn is_dense(&self) -> bool {
        let is_column_major = self.row_stride == 1 && self.column_stride == self.rows;
        let len = with_shared!(&self.values, v => (**v).as_ref().len());
        len == self.len() && (self.is_row_major() || is_column_major)
    }

    /// One value, as `f64`.
    ///
    /// # Panics
    /// When there is no such row or column.
    #[inline]
    pub fn value(&self, row: usize, column: usize) -> f64 {
        assert!(row < self.rows && column < self.columns, "the value exists");
        let index = row * self.row_stride + column * self.column_stride;
        with_shared!(&self.values, v => (**v).as_ref()[index].number())
    }

    /// Writes `to.len()` values of a row, from column `first` on, each made by `convert` of its column and its value.
    ///
    /// # Panics
    /// When there is no such row or column.
    #[inline(always)]
    pub(super) fn read_row<R>(
        &self,
        row: usize,
        first: usize,
        to: &mut [R],
        convert: impl Fn(usize, f64) -> R,
    ) {
        assert!(row < self.rows && first + to.len() <= self.columns, "the values exist");
        let start = row * self.row_stride + first * self.column_stride;
        with_shared!(&self.values, v => {
            if self.column_stride == 0 {
                // A broadcast column: every value of the row is the same one.
                let value = (**v).as_ref()[start].number();
                to.iter_mut().enumerate().for_each(|(j, to)| *to = convert(first + j, value));
                return;
            }
            let from = (**v).as_ref()[start..].iter().step_by(self.column_stride);
            for ((j, to), &value) in to.iter_mut().enumerate().zip(from) {
                *to = convert(first + j, value.number());
            }
        });
    }

    /// The row and the column of a value that is not finite, if there is one; the first in the order in which the values lie.
    pub(super) fn first_not_finite(&self) -> Option<(usize, usize)> {
        let is_fine = match &self.values {
            SharedValues::F32(values) => self.is_dense() && all_finite((**values).as_ref()),
            SharedValues::F64(values) => self.is_dense() && all_finite((**values).as_ref()),
            _ => true,
        };
        if is_fine {
            return None;
        }
        let is_wrong = |&(row, column): &(usize, usize)| !self.value(row, column).is_finite();
        if self.row_stride < self.column_stride {
            (0..self.columns).flat_map(|j| (0..self.rows).map(move |n| (n, j))).find(is_wrong)
        } else {
            (0..self.rows).flat_map(|n| (0..self.columns).map(move |j| (n, j))).find(is_wrong)
        }
    }

    /// Some of the rows, copied, in the order given.
    pub(super) fn select(&self, rows: &[u32]) -> SharedFeatures {
        fn pick<T>(shared: &SharedFeatures, from: &[T], rows: &[u32]) -> Vec<T>
        where
            T: Copy,
        {
            let mut picked = Vec::with_capacity(rows.len() * shared.columns);
            for &row in rows {
                let start = row as usize * shared.row_stride;
                picked.extend((0..shared.columns).map(|j| from[start + j * shared.column_stride]));
            }
            picked
        }
        let picked = |values: SharedValues| SharedFeatures {
            values,
            rows: rows.len(),
            columns: self.columns,
            row_stride: self.columns,
            column_stride: 1,
        };
        macro_rules! copied {
            ($($kind:ident),*) => {
                match &self.values {
                    $(SharedValues::$kind(v) => {
                        picked(SharedValues::$kind(Arc::new(pick(self, (**v).as_ref(), rows))))
                    })*
                }
            };
        }
        copied!(U8, I8, I16, I32, I64, U16, U32, U64, F32, F64)
    }
}

/// Whether all of many values are finite. A piece is looked at to its end, which registers do many values at a time.
pub(super) fn all_finite<R: Real>(values: &[R]) -> bool {
    const PIECE: usize = 4096;
    values.chunks(PIECE).all(|piece| piece.iter().fold(true, |fine, value| fine & value.is_finite()))
}

/// Equal where they have the same sizes and values, whatever their types and their order.
impl PartialEq for SharedFeatures {
    fn eq(&self, other: &Self) -> bool {
        let all = || (0..self.rows).flat_map(|n| (0..self.columns).map(move |j| (n, j)));
        (self.rows, self.columns) == (other.rows, other.columns)
            && all().all(|(n, j)| self.value(n, j) == other.value(n, j))
    }
}

impl fmt::Debug for SharedFeatures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedFeatures")
            .field("rows", &self.rows)
            .field("columns", &self.columns)
            .field("row_stride", &self.row_stride)
            .field("column_stride", &self.column_stride)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Dataset, DatasetTargets, Features, FittedScale};
    use crate::shape::Shape;

    const ROWS: usize = 5;
    const COLUMNS: usize = 3;

    fn number(n: usize, j: usize) -> f64 {
        (n * 10 + j) as f64
    }

    /// The same matrix row by row, column by column, and as every second row and column of a larger one.
    fn orders() -> [SharedFeatures; 3] {
        let by_rows: Vec<f64> = (0..ROWS * COLUMNS).map(|i| number(i / COLUMNS, i % COLUMNS)).collect();
        let by_columns: Vec<f64> = (0..ROWS * COLUMNS).map(|i| number(i % ROWS, i / ROWS)).collect();
        let mut with_gaps = vec![f64::NAN; 4 * ROWS * COLUMNS];
        for n in 0..ROWS {
            for j in 0..COLUMNS {
                with_gaps[2 * n * 2 * COLUMNS + 2 * j] = number(n, j);
            }
        }
        let shared = |values: Vec<f64>, row_stride, column_stride| {
            let values = SharedValues::F64(Arc::new(values));
            SharedFeatures::new(values, ROWS, COLUMNS, row_stride, column_stride).unwrap()
        };
        [shared(by_rows, COLUMNS, 1), shared(by_columns, 1, ROWS), shared(with_gaps, 4 * COLUMNS, 2)]
    }

    #[test]
    fn a_step_of_zero_repeats_a_value() {
        let values = SharedValues::F64(Arc::new(vec![1.0, 2.0]));
        let features = SharedFeatures::new(values, 2, 3, 1, 0).unwrap();
        let mut row = [0.0; 2];
        features.read_row(1, 1, &mut row, |_, value| value);
        assert_eq!(row, [2.0, 2.0]);
        assert_eq!(features.select(&[1]).value(0, 2), 2.0);
    }

    #[test]
    fn every_order_is_gathered_like_owned_rows() {
        let shape = Shape::from(COLUMNS);
        let owned: Vec<f64> = (0..ROWS * COLUMNS).map(|i| number(i / COLUMNS, i % COLUMNS)).collect();
        let scale = FittedScale::Columns { shift: vec![1.0, 2.0, 3.0], width: vec![7.0, 3.0, 0.0] };
        for scale in [FittedScale::None, FittedScale::Divide { divisor: 3.0 }, scale] {
            let dataset = |features| {
                let dataset = Dataset::new(features, shape.clone(), DatasetTargets::None).unwrap();
                dataset.with_scale(scale.clone())
            };
            let expected = dataset(Features::F64(owned.clone()));
            for features in orders() {
                let given = dataset(Features::Shared(features));
                let (mut x, mut y) = ([0.0_f32; 6], [0.0_f32; 6]);
                expected.gather(&[4, 1], &mut x);
                given.gather(&[4, 1], &mut y);
                assert_eq!(x, y);
                let (mut x, mut y) = ([0.0_f64; 7], [0.0_f64; 7]);
                expected.gather_columns(&[2, 0], 1, 2, &mut x, 4);
                given.gather_columns(&[2, 0], 1, 2, &mut y, 4);
                assert_eq!(x, y);
                let few = given.select(&[3, 0]);
                assert_eq!((few.rows(), few.feature(0, 2), few.feature(1, 1)), (2, 32.0, 1.0));
                assert_eq!(given.feature(4, 2), 42.0);
            }
        }
    }

    #[test]
    fn rows_without_gaps_are_read_in_place() {
        let [by_rows, by_columns, _] = orders();
        let dataset = |features| {
            Dataset::new(Features::Shared(features), Shape::from(COLUMNS), DatasetTargets::None).unwrap()
        };
        assert_eq!(dataset(by_rows).stored::<f64>().map(<[f64]>::len), Some(ROWS * COLUMNS));
        assert!(dataset(by_columns).stored::<f64>().is_none());
    }

    #[test]
    fn integers_of_every_width_are_numbers() {
        let shared = |values| SharedFeatures::new(values, 2, 1, 1, 1).unwrap();
        let all = [
            SharedValues::I8(Arc::new(vec![-1, 7])),
            SharedValues::I16(Arc::new(vec![-1, 7])),
            SharedValues::I32(Arc::new(vec![-1, 7])),
            SharedValues::I64(Arc::new(vec![-1, 7])),
            SharedValues::F32(Arc::new(vec![-1.0, 7.0])),
        ];
        for values in all {
            let shared = shared(values);
            assert_eq!((shared.value(0, 0), shared.value(1, 0)), (-1.0, 7.0));
        }
        assert_eq!(shared(SharedValues::U64(Arc::new(vec![1 << 60, 2]))).value(0, 0), (1_u64 << 60) as f64);
    }

    #[test]
    fn what_is_not_finite_or_not_there_is_refused() {
        let values = SharedValues::F32(Arc::new(vec![1.0, 2.0, f32::NAN, 4.0]));
        let shared = SharedFeatures::new(values.clone(), 2, 2, 1, 2).unwrap(); // [[1, NaN], [2, 4]]
        let refused = Dataset::new(Features::Shared(shared), Shape::from(2), DatasetTargets::None);
        insta::assert_snapshot!(
            refused.unwrap_err(),
            @"data: row 0 (counted from 0), column 1 is NaN, which a network cannot be trained on; leave the row out or replace the value"
        );
        assert!(SharedFeatures::new(values, 2, 3, 1, 2).is_none());
    }
}
