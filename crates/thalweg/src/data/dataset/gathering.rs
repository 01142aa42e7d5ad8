//! Rows brought into a batch: converted and scaled on the way.

use super::{Dataset, DatasetTargets};
use crate::data::features::FeaturesView;
use crate::data::scale::{FittedScale, scaled};
use crate::data::shared_features::SharedFeatures;
use crate::data::sparse_features::SparseFeatures;
use crate::data::stored::ByteScales;
use crate::kernels::bytes::ByteScale;
use crate::kernels::gather::{Columns, gather_bytes, gather_values};
use crate::kernels::prefetch::prefetch;
use crate::real::Real;

impl Dataset {
    /// Writes the scaled features of `rows` to `x`, row-major.
    ///
    /// # Shapes
    /// `rows` `[n]`, `x` `[n, columns]`.
    ///
    /// # Panics
    /// When `x` has another length, or a row does not exist.
    pub fn gather<R: Real>(&self, rows: &[u32], x: &mut [R]) {
        let columns = self.columns();
        assert_eq!(x.len(), rows.len() * columns, "x holds the rows' features");
        for (&row, x) in rows.iter().zip(x.chunks_exact_mut(columns)) {
            self.gather_row(row, x);
        }
    }

    /// Writes the scaled features of one row to `x`.
    ///
    /// # Panics
    /// When `x` has another length than a row, or the row does not exist.
    pub(crate) fn gather_row<R: Real>(&self, row: u32, x: &mut [R]) {
        let columns = self.columns();
        let range = row as usize * columns..(row as usize + 1) * columns;
        if let Some(values) = self.stored() {
            return x.copy_from_slice(&values[range]);
        }
        match (self.features.view(), self.byte_scale()) {
            (FeaturesView::U8(values), Some(scale)) => scale.convert(&values[range], x),
            (FeaturesView::U8(values), None) => self.convert_floats(&values[range], 0, x),
            (FeaturesView::F32(values), _) => self.convert_floats(&values[range], 0, x),
            (FeaturesView::F64(values), _) => self.convert_floats(&values[range], 0, x),
            (FeaturesView::Strided(shared), _) => self.convert_strided(shared, row as usize, 0, x),
            (FeaturesView::Sparse(sparse), _) => self.convert_sparse(sparse, row as usize, 0, x),
        }
    }

    /// Writes `count` scaled features of each of `rows`, from column `first` on, to `x`, a row every `stride` values; what lies
    /// between stays.
    ///
    /// # Panics
    /// When a row or a column does not exist, or `x` is too short.
    pub(crate) fn gather_columns<R: Real>(
        &self,
        rows: &[u32],
        first: usize,
        count: usize,
        x: &mut [R],
        stride: usize,
    ) {
        let row_len = self.columns();
        assert!(first + count <= row_len, "the columns exist");
        let columns = Columns { rows, row_len, first, count, stride };
        if let Some(values) = self.stored() {
            return gather_values(values, columns, x);
        }
        let features = self.features.view();
        if let (FeaturesView::U8(bytes), Some(scale)) = (features, self.byte_scale()) {
            return gather_bytes(scale, bytes, columns, x);
        }
        for (&row, x) in rows.iter().zip(x.chunks_mut(stride)) {
            let start = row as usize * row_len + first;
            let (range, x) = (start..start + count, &mut x[..count]);
            match features {
                FeaturesView::U8(values) => self.convert_floats(&values[range], first, x),
                FeaturesView::F32(values) => self.convert_floats(&values[range], first, x),
                FeaturesView::F64(values) => self.convert_floats(&values[range], first, x),
                FeaturesView::Strided(shared) => self.convert_strided(shared, row as usize, first, x),
                FeaturesView::Sparse(sparse) => self.convert_sparse(sparse, row as usize, first, x),
            }
        }
    }

    /// Asks for the features of these rows to be brought near, because they will be gathered soon.
    pub(crate) fn prefetch(&self, rows: &[u32]) {
        let columns = self.columns();
        let features = self.features.view();
        for &row in rows {
            let range = row as usize * columns..(row as usize + 1) * columns;
            match features {
                FeaturesView::U8(values) => prefetch(&values[range]),
                FeaturesView::F32(values) => prefetch(&values[range]),
                FeaturesView::F64(values) => prefetch(&values[range]),
                // A row lies in many places, or is short.
                FeaturesView::Strided(_) | FeaturesView::Sparse(_) => return,
            }
        }
    }

    /// What each byte stands for, if the features are bytes under a scale that is the same for all columns.
    pub(crate) fn byte_scale<R: Real>(&self) -> Option<&ByteScale<R>> {
        self.byte_scales.as_ref().map(|scales| R::byte_scale(scales))
    }

    /// The features in place, row-major, if they are unscaled numbers of the type asked for.
    pub(crate) fn stored<R: Real>(&self) -> Option<&[R]> {
        if self.scale == FittedScale::None { R::stored(&self.features) } else { None }
    }

    /// Scales some of a row's features, the first of which is column `first`'s.
    fn convert_floats<T: Copy + Into<f64>, R: Real>(&self, values: &[T], first: usize, x: &mut [R]) {
        assert_eq!(values.len(), x.len(), "x holds the features");
        match &self.scale {
            FittedScale::None => {
                for (x, &value) in x.iter_mut().zip(values) {
                    *x = R::from_f64(value.into());
                }
            }
            FittedScale::Divide { divisor } => {
                for (x, &value) in x.iter_mut().zip(values) {
                    *x = R::from_f64(value.into() / divisor);
                }
            }
            FittedScale::Columns { shift, width } => {
                let scales = shift[first..].iter().zip(&width[first..]);
                for ((x, &value), (&shift, &width)) in x.iter_mut().zip(values).zip(scales) {
                    *x = R::from_f64(scaled(value.into(), shift, width));
                }
            }
        }
    }

    /// Scales some of a row's features that do not lie side by side; the first is column `first`'s.
    fn convert_strided<R: Real>(&self, shared: &SharedFeatures, row: usize, first: usize, x: &mut [R]) {
        match &self.scale {
            FittedScale::None => shared.read_row(row, first, x, |_, value| R::from_f64(value)),
            scale => shared.read_row(row, first, x, |column, value| R::from_f64(scale.apply(column, value))),
        }
    }

    /// Scales some of a row's features, most of which are 0; the first is column `first`'s.
    fn convert_sparse<R: Real>(&self, sparse: &SparseFeatures, row: usize, first: usize, x: &mut [R]) {
        match &self.scale {
            FittedScale::None => sparse.read_row(row, first, x, |_, value| R::from_f64(value)),
            scale => sparse.read_row(row, first, x, |column, value| R::from_f64(scale.apply(column, value))),
        }
    }

    /// Writes the targets of `rows` to `targets`: numbers scaled for training; classes as 0 and 1 with one column per
    /// class, or, for two classes and one output, as the class id.
    ///
    /// # Shapes
    /// `rows` `[n]`, `targets` `[n, outputs]`.
    ///
    /// # Panics
    /// When `targets` has another length, when a row does not exist, when `outputs` does not fit the targets, or when
    /// there are no targets.
    pub fn gather_targets<R: Real>(&self, rows: &[u32], outputs: usize, targets: &mut [R]) {
        assert_eq!(targets.len(), rows.len() * outputs, "targets hold the rows' outputs");
        match &self.targets {
            DatasetTargets::Classes { ids, count } => {
                assert!(outputs == *count || (outputs == 1 && *count == 2), "outputs fit the classes");
                for (&row, to) in rows.iter().zip(targets.chunks_exact_mut(outputs)) {
                    let id = ids[row as usize];
                    if outputs == 1 {
                        to[0] = R::from_f64(f64::from(id));
                    } else {
                        to.fill(R::ZERO);
                        to[id as usize] = R::ONE;
                    }
                }
            }
            DatasetTargets::Values { values, outputs: given } => {
                assert_eq!(outputs, *given, "outputs fit the targets");
                for_rows(values, rows, outputs, targets, |from, to| {
                    for (output, (to, &value)) in to.iter_mut().zip(from).enumerate() {
                        *to = R::from_f64(self.target_scale.to_training_units(output, value));
                    }
                });
            }
            DatasetTargets::None => panic!("these rows have no targets"),
        }
    }

    /// Writes the class ids of `rows` to `labels`.
    ///
    /// # Panics
    /// When the lengths differ, when a row does not exist, or when the targets are not classes.
    pub fn gather_classes(&self, rows: &[u32], labels: &mut [u32]) {
        assert_eq!(labels.len(), rows.len(), "a label for each row");
        let DatasetTargets::Classes { ids, .. } = &self.targets else {
            panic!("these rows have no classes");
        };
        for (label, &row) in labels.iter_mut().zip(rows) {
            *label = ids[row as usize];
        }
    }

    /// What bytes stand for, where that is the same in all columns.
    pub(super) fn rebuild_byte_scales(&mut self) {
        let one_for_all = !matches!(self.scale, FittedScale::Columns { .. });
        self.byte_scales = (one_for_all && matches!(self.features.view(), FeaturesView::U8(_))).then(|| {
            let table = std::array::from_fn(|v| self.scale.apply(0, v as f64));
            Box::new(ByteScales::new(&table))
        });
    }
}

/// Calls `convert` with each row's values and where they go.
#[inline(always)]
fn for_rows<T, R>(values: &[T], rows: &[u32], columns: usize, x: &mut [R], convert: impl Fn(&[T], &mut [R])) {
    for (&row, to) in rows.iter().zip(x.chunks_exact_mut(columns)) {
        let start = row as usize * columns;
        convert(&values[start..start + columns], to);
    }
}
