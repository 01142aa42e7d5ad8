//! A data set in memory: features and targets by row, in the type that the file had.

mod gathering;
mod room;

use std::fmt;

use crate::error::{Error, Result};
use crate::shape::Shape;

use super::features::Features;
use super::images::in_order;
use super::problem::DataProblem;
use super::row_weights::RowWeights;
use super::scale::{FittedScale, TargetScale};
use super::stored::ByteScales;

/// What the network should say for each row.
#[derive(Clone, Debug, PartialEq)]
pub enum DatasetTargets {
    /// One class per row.
    Classes {
        /// The class of each row, from 0 and below `count`.
        ids: Vec<u32>,
        /// How many classes there are.
        count: usize,
    },
    /// Numbers, row-major `[rows, outputs]`, in their own units.
    Values {
        /// The numbers.
        values: Vec<f64>,
        /// How many per row.
        outputs: usize,
    },
    /// Unknown: rows to predict.
    None,
}

/// Rows to train on, to evaluate or to predict: features, targets, names, and how both are scaled.
///
/// Features keep the type and the order of their file; scaling is applied when a batch is gathered. An image keeps the
/// axes of its file too: `[height, width]`, or `[height, width, channels]` for HDF5 and NumPy images, flattened in that
/// order (C order) for a dense layer. For a network that takes images, loading makes them `[channels, height, width]`.
///
/// # Example
/// ```
/// use thalweg::Shape;
/// use thalweg::data::{Dataset, DatasetTargets, Features};
///
/// let features = Features::F64(vec![0.0, 1.0, 1.0, 1.0]);
/// let targets = DatasetTargets::Classes { ids: vec![1, 0], count: 2 };
/// let dataset = Dataset::new(features, Shape::from([2]), targets)?;
///
/// let mut x = [0.0_f32; 2];
/// dataset.gather(&[1], &mut x);
/// assert_eq!(x, [1.0, 1.0]);
///
/// let mut one_hot = [0.0_f32; 4];
/// dataset.gather_targets(&[0, 1], 2, &mut one_hot);
/// assert_eq!(one_hot, [0.0, 1.0, 1.0, 0.0]);
/// # Ok::<(), thalweg::Error>(())
/// ```
#[derive(Clone)]
pub struct Dataset {
    features: Features,
    feature_shape: Shape,
    targets: DatasetTargets,
    feature_names: Vec<String>,
    target_names: Vec<String>,
    label_names: Vec<String>,
    row_numbers: Vec<u32>,
    weights: Option<RowWeights>,
    scale: FittedScale,
    target_scale: TargetScale,
    /// For bytes under a scale that is the same for all columns: what each byte stands for.
    byte_scales: Option<Box<ByteScales>>,
}

impl Dataset {
    /// A data set of `features`, each row of `feature_shape`, and its targets; unscaled and without names.
    ///
    /// # Errors
    /// [`Error::Data`] when the lengths do not fit each other, when there are no rows or more than 2³² - 1, when a value
    /// is not finite (row and column are named), or when a class id is not below the number of classes.
    pub fn new(features: Features, feature_shape: Shape, targets: DatasetTargets) -> Result<Dataset> {
        Dataset::checked(features, feature_shape, targets)
            .map_err(|problem| Error::Data { source_name: "data".to_owned(), problem })
    }

    /// As [`new`](Self::new); the caller names the source of a problem.
    pub(crate) fn checked(
        features: Features,
        feature_shape: Shape,
        targets: DatasetTargets,
    ) -> Result<Dataset, DataProblem> {
        let columns = feature_shape.len();
        if columns == 0 {
            return Err(DataProblem::NoFeatures);
        }
        if features.is_empty() {
            return Err(DataProblem::NoRows);
        }
        if !features.len().is_multiple_of(columns) {
            return Err(DataProblem::RaggedFeatures { values: features.len(), columns });
        }
        let rows = features.len() / columns;
        let Ok(row_count) = u32::try_from(rows) else {
            return Err(DataProblem::TooManyRows { rows });
        };
        check_finite(&features, columns)?;
        check_targets(&targets, rows)?;
        let target_names = match &targets {
            DatasetTargets::Classes { .. } => vec!["label".to_owned()],
            DatasetTargets::Values { outputs: 1, .. } => vec!["target".to_owned()],
            DatasetTargets::Values { outputs, .. } => (0..*outputs).map(|j| format!("target {j}")).collect(),
            DatasetTargets::None => Vec::new(),
        };
        let label_names = match &targets {
            DatasetTargets::Classes { count, .. } => (0..*count).map(|id| id.to_string()).collect(),
            _ => Vec::new(),
        };
        let mut dataset = Dataset {
            features,
            feature_shape,
            targets,
            feature_names: Vec::new(),
            target_names,
            label_names,
            row_numbers: (0..row_count).collect(),
            weights: None,
            scale: FittedScale::None,
            target_scale: TargetScale::NONE,
            byte_scales: None,
        };
        dataset.rebuild_byte_scales();
        Ok(dataset)
    }

    /// Names the columns; as many as there are features in a row.
    #[must_use]
    pub fn with_feature_names(mut self, names: Vec<String>) -> Self {
        assert_eq!(names.len(), self.columns(), "a name for each column");
        self.feature_names = names;
        self
    }

    /// Names the targets: one name for classes, one per output for numbers.
    #[must_use]
    pub fn with_target_names(mut self, names: Vec<String>) -> Self {
        self.target_names = names;
        self
    }

    /// Names the classes, in the order of their ids.
    #[must_use]
    pub fn with_label_names(mut self, names: Vec<String>) -> Self {
        self.label_names = names;
        self
    }

    /// Scales features when they are gathered.
    #[must_use]
    pub fn with_scale(mut self, scale: FittedScale) -> Self {
        assert!(scale.is_valid(self.columns()), "the scale fits the columns");
        self.scale = scale;
        self.rebuild_byte_scales();
        self
    }

    /// Scales numeric targets when they are gathered.
    #[must_use]
    pub fn with_target_scale(mut self, scale: TargetScale) -> Self {
        assert!(scale.is_valid(self.outputs()), "the scale fits the outputs");
        self.target_scale = scale;
        self
    }

    /// Gives each row a weight in every loss: 2 counts as the row twice, 0 as its absence. Weights that rows already have are
    /// multiplied.
    ///
    /// # Errors
    /// [`Error::Data`] when there are not as many weights as rows, when one is negative or not finite (its row is named), or
    /// when all are 0.
    ///
    /// # Example
    /// ```
    /// use thalweg::Shape;
    /// use thalweg::data::{Dataset, DatasetTargets, Features};
    ///
    /// let targets = DatasetTargets::Values { values: vec![1.0, 5.0], outputs: 1 };
    /// let data = Dataset::new(Features::F64(vec![0.0, 0.0]), Shape::from([1]), targets)?;
    /// assert_eq!(data.weights(), None);
    /// let data = data.with_weights(vec![1.0, 3.0])?;
    /// assert_eq!(data.weights(), Some(&[1.0, 3.0][..]));
    /// # Ok::<(), thalweg::Error>(())
    /// ```
    pub fn with_weights(self, weights: Vec<f64>) -> Result<Dataset> {
        self.weighted(weights).map_err(|problem| Error::Data { source_name: "data".to_owned(), problem })
    }

    /// As [`with_weights`](Self::with_weights); the caller names the source of a problem.
    pub(crate) fn weighted(mut self, weights: Vec<f64>) -> Result<Dataset, DataProblem> {
        if weights.len() != self.rows() {
            return Err(DataProblem::WeightCount { rows: self.rows(), weights: weights.len() });
        }
        self.weights = Some(RowWeights::checked(weights, self.weights.as_ref())?);
        Ok(self)
    }

    /// The same rows as rows of this shape, of as many values; images with their channels last become planes where it wants planes.
    pub(crate) fn with_feature_shape(mut self, shape: Shape) -> Self {
        assert_eq!(shape.len(), self.columns(), "as many features as before");
        self.features = in_order(self.features, self.feature_shape.axes(), shape.axes());
        self.feature_shape = shape;
        self.rebuild_byte_scales();
        self
    }

    /// Some of the rows, in the order given; they keep their row numbers.
    pub fn select(&self, rows: &[u32]) -> Dataset {
        let targets = match &self.targets {
            DatasetTargets::Classes { ids, count } => DatasetTargets::Classes {
                ids: rows.iter().map(|&row| ids[row as usize]).collect(),
                count: *count,
            },
            DatasetTargets::Values { values, outputs } => {
                let mut picked = Vec::with_capacity(rows.len() * outputs);
                for &row in rows {
                    let start = row as usize * outputs;
                    picked.extend_from_slice(&values[start..start + outputs]);
                }
                DatasetTargets::Values { values: picked, outputs: *outputs }
            }
            DatasetTargets::None => DatasetTargets::None,
        };
        Dataset {
            features: self.features.select(rows, self.columns()),
            feature_shape: self.feature_shape.clone(),
            targets,
            feature_names: self.feature_names.clone(),
            target_names: self.target_names.clone(),
            label_names: self.label_names.clone(),
            row_numbers: rows.iter().map(|&row| self.row_numbers[row as usize]).collect(),
            weights: self.weights.as_ref().map(|weights| weights.select(rows)),
            scale: self.scale.clone(),
            target_scale: self.target_scale.clone(),
            byte_scales: self.byte_scales.clone(),
        }
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.row_numbers.len()
    }

    /// How many features a row has.
    pub fn columns(&self) -> usize {
        self.feature_shape.len()
    }

    /// How many numbers or classes the target has: outputs, or the number of classes; 0 without targets.
    pub fn outputs(&self) -> usize {
        match &self.targets {
            DatasetTargets::Classes { count, .. } => *count,
            DatasetTargets::Values { outputs, .. } => *outputs,
            DatasetTargets::None => 0,
        }
    }

    /// The features as they were read, in their own units.
    pub fn features(&self) -> &Features {
        &self.features
    }

    /// The shape of one row's features, as in the file.
    pub fn feature_shape(&self) -> &Shape {
        &self.feature_shape
    }

    /// The targets, in their own units.
    pub fn targets(&self) -> &DatasetTargets {
        &self.targets
    }

    /// The columns' names; empty for images.
    pub fn feature_names(&self) -> &[String] {
        &self.feature_names
    }

    /// The target's name, or one name per output.
    pub fn target_names(&self) -> &[String] {
        &self.target_names
    }

    /// The classes' names by id; empty for numbers.
    pub fn label_names(&self) -> &[String] {
        &self.label_names
    }

    /// The number that each row had in its source, from 0: what dropout's masks and `predictions.csv` go by.
    pub fn row_numbers(&self) -> &[u32] {
        &self.row_numbers
    }

    /// The weight of each row in every loss; `None` where each counts once.
    pub fn weights(&self) -> Option<&[f64]> {
        self.weights.as_ref().map(RowWeights::values)
    }

    /// The largest weight; 1 where each row counts once.
    pub(crate) fn largest_weight(&self) -> f64 {
        self.weights.as_ref().map_or(1.0, RowWeights::largest)
    }

    /// How features are scaled.
    pub fn scale(&self) -> &FittedScale {
        &self.scale
    }

    /// How numeric targets are scaled.
    pub fn target_scale(&self) -> &TargetScale {
        &self.target_scale
    }

    /// One feature in its own units.
    pub fn feature(&self, row: usize, column: usize) -> f64 {
        self.features.value(row * self.columns() + column)
    }
}

/// The sizes and names, not the values: there may be millions.
impl fmt::Debug for Dataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dataset")
            .field("rows", &self.rows())
            .field("feature_shape", &self.feature_shape)
            .field("feature_names", &self.feature_names)
            .field("outputs", &self.outputs())
            .field("target_names", &self.target_names)
            .field("label_names", &self.label_names)
            .finish_non_exhaustive()
    }
}

fn check_finite(features: &Features, columns: usize) -> Result<(), DataProblem> {
    let wrong = match features {
        Features::U8(_) => None,
        Features::F32(values) => values.iter().position(|value| !value.is_finite()),
        Features::F64(values) => values.iter().position(|value| !value.is_finite()),
        Features::Shared(shared) => {
            shared.first_not_finite().map(|(row, column)| row * shared.columns() + column)
        }
        Features::Sparse(sparse) => {
            sparse.first_not_finite().map(|(row, column)| row * sparse.columns() + column)
        }
    };
    match wrong {
        None => Ok(()),
        Some(index) => Err(DataProblem::NotFinite {
            row: index / columns,
            column: (index % columns).to_string(),
            value: features.value(index),
        }),
    }
}

fn check_targets(targets: &DatasetTargets, rows: usize) -> Result<(), DataProblem> {
    match targets {
        DatasetTargets::Classes { ids, count } => {
            if ids.len() != rows {
                return Err(DataProblem::CountsDiffer { rows, targets: ids.len() });
            }
            match ids.iter().position(|&id| id as usize >= *count) {
                None => Ok(()),
                Some(row) => {
                    Err(DataProblem::LabelOutOfRange { row, label: ids[row].to_string(), classes: *count })
                }
            }
        }
        DatasetTargets::Values { values, outputs } => {
            if *outputs == 0 || values.len() != rows * outputs {
                let targets = if *outputs == 0 { 0 } else { values.len() / outputs };
                return Err(DataProblem::CountsDiffer { rows, targets });
            }
            match values.iter().position(|value| !value.is_finite()) {
                None => Ok(()),
                Some(index) => {
                    Err(DataProblem::TargetNotFinite { row: index / outputs, value: values[index] })
                }
            }
        }
        DatasetTargets::None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes() -> Dataset {
        let targets = DatasetTargets::Classes { ids: vec![0, 2, 1], count: 3 };
        Dataset::new(Features::U8(vec![0, 255, 51, 102, 1, 2]), Shape::from([2]), targets).unwrap()
    }

    #[test]
    fn bytes_stay_bytes_and_are_scaled_on_the_way_out() {
        let dataset = bytes().with_scale(FittedScale::Divide { divisor: 255.0 });
        let mut x = [0.0_f32; 4];
        dataset.gather(&[1, 0], &mut x);
        assert_eq!(x, [0.2, 0.4, 0.0, 1.0]);
        assert_eq!(dataset.feature(1, 1), 102.0);
    }

    #[test]
    fn bytes_scaled_by_column_are_computed_in_f64() {
        let scale = FittedScale::Columns { shift: vec![1.0, 0.0], width: vec![3.0, 0.0] };
        let dataset = bytes().with_scale(scale);
        let mut x = [9.0_f32; 2];
        dataset.gather(&[1], &mut x);
        assert_eq!(x, [(50.0_f64 / 3.0) as f32, 0.0]);
    }

    #[test]
    fn every_byte_enters_correctly_rounded() {
        let all = Features::U8((0..=255).collect());
        let dataset = Dataset::new(all, Shape::from([1]), DatasetTargets::None)
            .unwrap()
            .with_scale(FittedScale::Divide { divisor: 255.0 });
        let rows: Vec<u32> = (0..256).collect();
        let mut x = [0.0_f32; 256];
        dataset.gather(&rows, &mut x);
        for (value, x) in x.iter().enumerate() {
            assert_eq!(*x, (value as f64 / 255.0) as f32);
        }
    }

    #[test]
    fn selected_rows_keep_their_numbers() {
        let dataset = bytes().select(&[2, 1]);
        assert_eq!(dataset.rows(), 2);
        assert_eq!(dataset.row_numbers(), [2, 1]);
        assert_eq!(*dataset.features(), Features::U8(vec![1, 2, 51, 102]));
        let mut labels = [0; 2];
        dataset.gather_classes(&[0, 1], &mut labels);
        assert_eq!(labels, [1, 2]);
    }

    #[test]
    fn two_classes_fit_one_output() {
        let targets = DatasetTargets::Classes { ids: vec![1, 0], count: 2 };
        let dataset = Dataset::new(Features::F32(vec![0.5, 1.5]), Shape::from([1]), targets).unwrap();
        let mut t = [9.0; 2];
        dataset.gather_targets(&[0, 1], 1, &mut t);
        assert_eq!(t, [1.0, 0.0]);
    }

    #[test]
    fn numbers_are_scaled_for_training() {
        let targets = DatasetTargets::Values { values: vec![1.0, 3.0], outputs: 1 };
        let scale = TargetScale::fit(crate::data::Scaling::Standard, &[1.0, 3.0], 1, &[0, 1]);
        let dataset = Dataset::new(Features::F32(vec![0.5, 1.5]), Shape::from([1]), targets)
            .unwrap()
            .with_target_scale(scale);
        let mut t = [9.0; 2];
        dataset.gather_targets(&[1, 0], 1, &mut t);
        assert_eq!(t, [1.0, -1.0]);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let refuse = |features, shape: usize, targets| {
            Dataset::new(features, Shape::from(shape), targets).unwrap_err().to_string()
        };
        let none = DatasetTargets::None;
        insta::assert_snapshot!(refuse(Features::F64(vec![]), 2, none.clone()), @"data: there are no rows");
        insta::assert_snapshot!(
            refuse(Features::F64(vec![1.0, f64::NAN]), 1, none.clone()),
            @"data: row 1 (counted from 0), column 0 is NaN, which a network cannot be trained on; leave the row out or replace the value"
        );
        insta::assert_snapshot!(
            refuse(Features::F64(vec![1.0, 2.0]), 1, DatasetTargets::Classes { ids: vec![0], count: 2 }),
            @"data: 2 rows of features but 1 target; each row needs exactly one"
        );
        insta::assert_snapshot!(
            refuse(Features::F64(vec![1.0]), 1, DatasetTargets::Classes { ids: vec![2], count: 2 }),
            @"data: row 0 (counted from 0) has label 2, but with 2 classes labels go from 0 to 1"
        );
    }
}
