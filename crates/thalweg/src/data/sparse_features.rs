//! Features most of which are 0: only the others are kept, row after row, in memory that may belong to somebody else.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::shared_features::{Number, SharedSlice, SharedValues, with_shared};

/// The columns of the values of a sparse matrix, in either type that SciPy has.
#[derive(Clone)]
#[non_exhaustive]
pub enum ColumnNumbers {
    /// 32 bits.
    I32(SharedSlice<i32>),
    /// 64 bits.
    I64(SharedSlice<i64>),
}

impl ColumnNumbers {
    fn len(&self) -> usize {
        match self {
            ColumnNumbers::I32(numbers) => (**numbers).as_ref().len(),
            ColumnNumbers::I64(numbers) => (**numbers).as_ref().len(),
        }
    }

    #[inline(always)]
    fn get(&self, i: usize) -> usize {
        match self {
            ColumnNumbers::I32(numbers) => (**numbers).as_ref()[i] as usize,
            ColumnNumbers::I64(numbers) => (**numbers).as_ref()[i] as usize,
        }
    }
}

/// A matrix as compressed rows (CSR): row n has the values `starts[n]..starts[n + 1]`, each in its own column; all others are 0.
///
/// A batch of rows is made dense when it is gathered; the whole never is.
///
/// # Example
/// ```
/// use std::sync::Arc;
/// use thalweg::data::{ColumnNumbers, SharedValues, SparseFeatures};
/// // [[0, 5, 0], [7, 0, 0]]
/// let values = SharedValues::F32(Arc::new(vec![5.0, 7.0]));
/// let columns = ColumnNumbers::I32(Arc::new(vec![1, 0]));
/// let features = SparseFeatures::new(vec![0, 1, 2], columns, values, 3).unwrap();
/// assert_eq!((features.value(0, 1), features.value(1, 1)), (5.0, 0.0));
/// ```
#[derive(Clone)]
pub struct SparseFeatures {
    /// One more than there are rows.
    starts: Vec<usize>,
    column_numbers: ColumnNumbers,
    values: SharedValues,
    columns: usize,
}

impl SparseFeatures {
    /// A matrix of so many columns; `None` if the rows' starts do not ascend from 0 to the number of values, or the columns within a row do
    /// not, from 0 to below `columns`, each once.
    pub fn new(
        starts: Vec<usize>,
        column_numbers: ColumnNumbers,
        values: SharedValues,
        columns: usize,
    ) -> Option<Self> {
        let count = with_shared!(&values, v => (**v).as_ref().len());
        let rows = starts.len().checked_sub(1)?;
        rows.checked_mul(columns)?;
        let ascend = starts[0] == 0 && starts.windows(2).all(|pair| pair[0] <= pair[1]);
        if !ascend || starts[rows] != count || column_numbers.len() != count {
            return None;
        }
        let features = SparseFeatures { starts, column_numbers, values, columns };
        let is_row_fine = |row: usize| {
            let range = features.starts[row]..features.starts[row + 1];
            let below = range.clone().all(|i| features.column_numbers.get(i) < columns);
            below
                && range
                    .clone()
                    .skip(1)
                    .all(|i| features.column_numbers.get(i - 1) < features.column_numbers.get(i))
        };
        (0..rows).all(is_row_fine).then_some(features)
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.starts.len() - 1
    }

    /// How many values a row has, zeros included.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// How many values there are, zeros included.
    pub fn len(&self) -> usize {
        self.rows() * self.columns
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One value, as `f64`.
    ///
    /// # Panics
    /// When there is no such row or column.
    pub fn value(&self, row: usize, column: usize) -> f64 {
        assert!(row < self.rows() && column < self.columns, "the value exists");
        let mut found = 0.0;
        self.visit_row(row, column..column + 1, |_, value| found = value);
        found
    }

    /// Calls `visit` with the column and the value of all that is kept of a row within these columns.
    #[inline(always)]
    pub(super) fn visit_row(&self, row: usize, columns: Range<usize>, mut visit: impl FnMut(usize, f64)) {
        let (mut low, end) = (self.starts[row], self.starts[row + 1]);
        let mut high = end;
        while columns.start > 0 && low < high {
            let middle = low.midpoint(high);
            match self.column_numbers.get(middle) < columns.start {
                true => low = middle + 1,
                false => high = middle,
            }
        }
        with_shared!(&self.values, v => {
            let values = (**v).as_ref();
            for (i, value) in (low..end).zip(&values[low..end]) {
                let column = self.column_numbers.get(i);
                if column >= columns.end {
                    break;
                }
                visit(column, value.number());
            }
        });
    }

    /// Writes `to.len()` values of a row, from column `first` on, each made by `convert` of its column and its value.
    ///
    /// # Panics
    /// When there is no such row or column.
    #[inline(always)]
    pub(super) fn read_row<R: Copy>(
        &self,
        row: usize,
        first: usize,
        to: &mut [R],
        convert: impl Fn(usize, f64) -> R,
    ) {
        assert!(row < self.rows() && first + to.len() <= self.columns, "the values exist");
        for (j, to) in to.iter_mut().enumerate() {
            *to = convert(first + j, 0.0);
        }
        let columns = first..first + to.len();
        self.visit_row(row, columns, |column, value| to[column - first] = convert(column, value));
    }

    /// The row and the column of a value that is not finite, if there is one.
    pub(super) fn first_not_finite(&self) -> Option<(usize, usize)> {
        let wrong = with_shared!(&self.values, v => {
            (**v).as_ref().iter().position(|value| !value.number().is_finite())
        })?;
        let row = self.starts.partition_point(|&start| start <= wrong) - 1;
        Some((row, self.column_numbers.get(wrong)))
    }

    /// Some of the rows, copied, in the order given.
    pub(super) fn select(&self, rows: &[u32]) -> SparseFeatures {
        fn pick<T: Copy>(from: &[T], ranges: impl Iterator<Item = Range<usize>>) -> Vec<T> {
            ranges.flat_map(|range| from[range].iter().copied()).collect()
        }
        let ranges = || rows.iter().map(|&row| self.starts[row as usize]..self.starts[row as usize + 1]);
        let mut starts = vec![0];
        for range in ranges() {
            starts.push(starts[starts.len() - 1] + range.len());
        }
        let column_numbers = match &self.column_numbers {
            ColumnNumbers::I32(v) => ColumnNumbers::I32(Arc::new(pick((**v).as_ref(), ranges()))),
            ColumnNumbers::I64(v) => ColumnNumbers::I64(Arc::new(pick((**v).as_ref(), ranges()))),
        };
        let values = match &self.values {
            SharedValues::F32(v) => SharedValues::F32(Arc::new(pick((**v).as_ref(), ranges()))),
            other => SharedValues::F64(Arc::new(with_shared!(other, v => {
                pick((**v).as_ref(), ranges()).into_iter().map(Number::number).collect::<Vec<f64>>()
            }))),
        };
        SparseFeatures { starts, column_numbers, values, columns: self.columns }
    }
}

/// Equal where they have the same sizes and values.
impl PartialEq for SparseFeatures {
    fn eq(&self, other: &Self) -> bool {
        let all = || (0..self.rows()).flat_map(|n| (0..self.columns).map(move |j| (n, j)));
        (self.rows(), self.columns) == (other.rows(), other.columns)
            && all().all(|(n, j)| self.value(n, j) == other.value(n, j))
    }
}

impl fmt::Debug for SparseFeatures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SparseFeatures")
            .field("rows", &self.rows())
            .field("columns", &self.columns)
            .field("values", &self.starts.last())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Dataset, DatasetTargets, Features, FittedScale};
    use crate::shape::Shape;

    const ROWS: usize = 6;
    const COLUMNS: usize = 7;

    fn dense(n: usize, j: usize) -> f64 {
        if n != 2 && (3 * n + 5 * j).is_multiple_of(4) { (n * 10 + j) as f64 - 20.0 } else { 0.0 }
    }

    fn sparse() -> SparseFeatures {
        let (mut starts, mut columns, mut values) = (vec![0], Vec::new(), Vec::new());
        for n in 0..ROWS {
            for j in (0..COLUMNS).filter(|&j| dense(n, j) != 0.0) {
                columns.push(j as i32);
                values.push(dense(n, j));
            }
            starts.push(values.len());
        }
        let (columns, values) = (ColumnNumbers::I32(Arc::new(columns)), SharedValues::F64(Arc::new(values)));
        SparseFeatures::new(starts, columns, values, COLUMNS).unwrap()
    }

    #[test]
    fn rows_are_gathered_like_dense_ones() {
        let all: Vec<f64> = (0..ROWS * COLUMNS).map(|i| dense(i / COLUMNS, i % COLUMNS)).collect();
        let columns = FittedScale::Columns {
            shift: (0..COLUMNS).map(|j| j as f64).collect(),
            width: (0..COLUMNS).map(|j| 1.0 + j as f64).collect(),
        };
        for scale in [FittedScale::None, FittedScale::Divide { divisor: 3.0 }, columns] {
            let data = |features| {
                let data = Dataset::new(features, Shape::from(COLUMNS), DatasetTargets::None).unwrap();
                data.with_scale(scale.clone())
            };
            let (expected, given) = (data(Features::F64(all.clone())), data(Features::Sparse(sparse())));
            assert_eq!((given.rows(), given.columns()), (ROWS, COLUMNS));
            for chosen in [given.clone(), given.select(&[0, 1, 2, 3, 4, 5])] {
                let (mut x, mut y) = ([1.0_f32; 3 * COLUMNS], [2.0_f32; 3 * COLUMNS]);
                expected.gather(&[5, 2, 0], &mut x);
                chosen.gather(&[5, 2, 0], &mut y);
                assert_eq!(x, y);
                let (mut x, mut y) = ([9.0_f64; 10], [9.0_f64; 10]);
                expected.gather_columns(&[4, 1], 2, 3, &mut x, 5);
                chosen.gather_columns(&[4, 1], 2, 3, &mut y, 5);
                assert_eq!(x, y);
            }
        }
    }

    #[test]
    fn what_is_no_matrix_is_refused() {
        let matrix = |starts: &[usize], columns: &[i32], count: usize| {
            let columns = ColumnNumbers::I32(Arc::new(columns.to_vec()));
            SparseFeatures::new(starts.to_vec(), columns, SharedValues::F32(Arc::new(vec![1.0; count])), 3)
        };
        assert!(matrix(&[0, 2, 3], &[0, 2, 1], 3).is_some());
        for (starts, columns, count) in [
            (&[][..], &[][..], 0),
            (&[1, 2, 3], &[0, 2, 1], 3),
            (&[0, 3, 2], &[0, 2, 1], 3),
            (&[0, 2, 4], &[0, 2, 1], 3),
            (&[0, 2, 3], &[0, 2], 3),
            (&[0, 2, 3], &[2, 0, 1], 3),
            (&[0, 2, 3], &[1, 1, 1], 3),
            (&[0, 2, 3], &[0, 3, 1], 3),
            (&[0, 2, 3], &[-1, 2, 1], 3),
        ] {
            assert!(matrix(starts, columns, count).is_none(), "{starts:?} {columns:?}");
        }
    }

    #[test]
    fn values_that_are_not_finite_are_found() {
        let columns = ColumnNumbers::I64(Arc::new(vec![0, 2, 1]));
        let values = SharedValues::F32(Arc::new(vec![1.0, 2.0, f32::NAN]));
        let features = SparseFeatures::new(vec![0, 2, 2, 3], columns, values, 3).unwrap();
        assert_eq!(features.first_not_finite(), Some((2, 1)));
        assert!(Dataset::new(Features::Sparse(features), Shape::from(3), DatasetTargets::None).is_err());
    }
}
