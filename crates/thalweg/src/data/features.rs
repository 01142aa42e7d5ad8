//! The inputs of all rows, and how they can be read.

use super::shared_features::{SharedFeatures, SharedValues};
use super::sparse_features::SparseFeatures;

/// The inputs of all rows, row-major `[rows, features]`, in the type that the file had: images stay bytes.
#[derive(Clone, Debug, PartialEq)]
pub enum Features {
    /// Bytes, for images.
    U8(Vec<u8>),
    /// 32-bit floating point.
    F32(Vec<f32>),
    /// 64-bit floating point, for tables.
    F64(Vec<f64>),
    /// In memory that belongs to somebody else, in any type and order.
    Shared(SharedFeatures),
    /// Only what is not 0.
    Sparse(SparseFeatures),
}

/// Features as they can be read: in place where they lie row after row in one of the three types, else value by value.
#[derive(Clone, Copy)]
pub(crate) enum FeaturesView<'a> {
    U8(&'a [u8]),
    F32(&'a [f32]),
    F64(&'a [f64]),
    Strided(&'a SharedFeatures),
    Sparse(&'a SparseFeatures),
}

impl Features {
    /// How many values there are: rows × features per row.
    pub fn len(&self) -> usize {
        match self {
            Features::U8(values) => values.len(),
            Features::F32(values) => values.len(),
            Features::F64(values) => values.len(),
            Features::Shared(shared) => shared.len(),
            Features::Sparse(sparse) => sparse.len(),
        }
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One value, exactly.
    #[inline]
    pub fn value(&self, index: usize) -> f64 {
        match self {
            Features::U8(values) => f64::from(values[index]),
            Features::F32(values) => f64::from(values[index]),
            Features::F64(values) => values[index],
            Features::Shared(shared) => shared.value(index / shared.columns(), index % shared.columns()),
            Features::Sparse(sparse) => sparse.value(index / sparse.columns(), index % sparse.columns()),
        }
    }

    /// How they can be read.
    #[inline]
    pub(crate) fn view(&self) -> FeaturesView<'_> {
        match self {
            Features::U8(values) => FeaturesView::U8(values),
            Features::F32(values) => FeaturesView::F32(values),
            Features::F64(values) => FeaturesView::F64(values),
            Features::Shared(shared) if !shared.is_row_major() => FeaturesView::Strided(shared),
            Features::Shared(shared) => match shared.values() {
                SharedValues::U8(values) => FeaturesView::U8(&(**values).as_ref()[..shared.len()]),
                SharedValues::F32(values) => FeaturesView::F32(&(**values).as_ref()[..shared.len()]),
                SharedValues::F64(values) => FeaturesView::F64(&(**values).as_ref()[..shared.len()]),
                _ => FeaturesView::Strided(shared),
            },
            Features::Sparse(sparse) => FeaturesView::Sparse(sparse),
        }
    }

    /// The same rows in a new order, or some of them.
    pub(super) fn select(&self, rows: &[u32], columns: usize) -> Features {
        fn pick<T: Copy>(values: &[T], rows: &[u32], columns: usize) -> Vec<T> {
            let mut picked = Vec::with_capacity(rows.len() * columns);
            for &row in rows {
                let start = row as usize * columns;
                picked.extend_from_slice(&values[start..start + columns]);
            }
            picked
        }
        match self {
            Features::U8(values) => Features::U8(pick(values, rows, columns)),
            Features::F32(values) => Features::F32(pick(values, rows, columns)),
            Features::F64(values) => Features::F64(pick(values, rows, columns)),
            Features::Shared(shared) => Features::Shared(shared.select(rows)),
            Features::Sparse(sparse) => Features::Sparse(sparse.select(rows)),
        }
    }
}
