//! Applying a model's preprocessing to what a program holds in memory: columns, labels, and rows of features.

use crate::data::dataset::{Dataset, DatasetTargets};
use crate::data::features::Features;
use crate::data::notice::DataNotice;
use crate::data::problem::DataProblem;
use crate::data::raw::target_of_columns;
use crate::data::scale::{FittedScale, TargetScale};
use crate::data::table::{Column, Table};
use crate::data::task::{LabelKeys, TargetSchema};
use crate::error::{Error, Result};

use super::{InputSchema, PREPROCESSING_VERSION, Preprocessing, columns};

impl Preprocessing {
    /// What a network needs that was trained on rows as they are: the names of their columns. Of targets it says nothing, so those of
    /// other rows are taken as they are too.
    ///
    /// # Example
    /// ```
    /// use thalweg::data::{Dataset, DatasetTargets, Features, Preprocessing};
    /// let rows = Dataset::new(Features::F64(vec![1.0, 2.0]), [2].into(), DatasetTargets::None)?;
    /// let named = Preprocessing::of_names(&rows.with_feature_names(vec!["a".into(), "b".into()]));
    /// assert_eq!(named.column_names(), ["a", "b"]);
    /// # Ok::<(), thalweg::Error>(())
    /// ```
    pub fn of_names(rows: &Dataset) -> Preprocessing {
        Preprocessing {
            version: PREPROCESSING_VERSION,
            inputs: InputSchema::Array {
                name: None,
                shape: rows.feature_shape().axes().to_vec(),
                column_names: rows.feature_names().to_vec(),
            },
            scale: FittedScale::None,
            target: TargetSchema::None,
            target_scale: TargetScale::NONE,
        }
    }

    /// The names of the columns that a table must have, in the order of training; empty where the inputs have none.
    pub fn column_names(&self) -> Vec<String> {
        match &self.inputs {
            InputSchema::Columns { columns } => columns.iter().map(|column| column.name.clone()).collect(),
            InputSchema::Array { column_names, .. } => column_names.clone(),
        }
    }

    /// Whether features and targets are the network's own numbers as they are.
    pub fn is_unscaled(&self) -> bool {
        self.scale == FittedScale::None && self.target_scale.is_none()
    }

    /// The features of a table, in their own units: row-major, `[rows, features]`, named by
    /// [`feature_names`](Self::feature_names). Columns are found by name, or by position where they have no names; a column that
    /// is not among the model's is passed over.
    ///
    /// # Errors
    /// [`Error::Data`]: a column that is missing (with the nearest name), text where numbers were.
    ///
    /// # Example
    /// ```
    /// # use thalweg::data::{Column, ColumnValues, Dataset, DatasetTargets, Features, Preprocessing, Table};
    /// # let rows = Dataset::new(Features::F64(vec![1.0, 2.0]), [2].into(), DatasetTargets::None)?;
    /// # let trained = Preprocessing::of_names(&rows.with_feature_names(vec!["a".into(), "b".into()]));
    /// let column = |name: &str, value| Column { name: name.into(), values: ColumnValues::Numbers(vec![value]) };
    /// let (features, _) = trained.features(&Table::new(vec![column("b", 5.0), column("a", 3.0)]))?;
    /// assert_eq!(features, Features::F64(vec![3.0, 5.0]));
    /// # Ok::<(), thalweg::Error>(())
    /// ```
    pub fn features(&self, table: &Table) -> Result<(Features, Vec<DataNotice>)> {
        let mut notices = Vec::new();
        let features = match &self.inputs {
            InputSchema::Columns { columns } => columns::encode(columns, table.columns(), &mut notices),
            InputSchema::Array { shape, column_names, .. } => {
                columns::matrix(shape, column_names, table.columns())
            }
        };
        Ok((features.map_err(of_data)?, notices))
    }

    /// The classes of labels that are written as in training: one column of numbers or of text, or for rows of zeros and a single 1 one
    /// column per class. `None` where the target is no class, and for several columns where training had one: these are no labels.
    ///
    /// # Errors
    /// [`Error::Data`]: a label that training did not know, or that is missing.
    pub fn class_ids(&self, labels: Vec<Column>) -> Result<Option<Vec<u32>>> {
        let TargetSchema::Classes { keys, .. } = &self.target else { return Ok(None) };
        if labels.len() > 1 && !matches!(keys, LabelKeys::OneHot(_)) {
            return Ok(None);
        }
        let encoded = target_of_columns(labels).and_then(|labels| self.target.encode(&labels));
        match encoded.map_err(of_data)? {
            DatasetTargets::Classes { ids, .. } => Ok(Some(ids)),
            DatasetTargets::Values { .. } | DatasetTargets::None => Ok(None),
        }
    }

    /// Rows in their own units as training had them: images with their axes in the network's order, features and numeric targets
    /// scaled, targets and classes named. What is not scaled by the model keeps the scale that it has.
    ///
    /// # Errors
    /// [`Error::Data`] for rows that have not as many features as the model's.
    ///
    /// # Example
    /// ```
    /// # use thalweg::data::{Dataset, DatasetTargets, Features, Preprocessing};
    /// let trained = Preprocessing::from_json(serde_json::json!({
    ///     "version": 1,
    ///     "inputs": { "kind": "array", "name": null, "shape": [1], "column_names": ["a"] },
    ///     "scale": { "kind": "divide", "divisor": 10.0 },
    ///     "target": { "kind": "none" },
    ///     "target_scale": { "shift": [], "width": [] },
    /// }))?;
    /// let rows = trained.rows(&Dataset::new(Features::F64(vec![5.0]), [1].into(), DatasetTargets::None)?)?;
    /// let mut x = [0.0];
    /// rows.gather(&[0], &mut x);
    /// assert_eq!(x, [0.5]);
    /// # Ok::<(), thalweg::Error>(())
    /// ```
    pub fn rows(&self, rows: &Dataset) -> Result<Dataset> {
        let (wanted, given) = (self.input_shape(), rows.feature_shape());
        if wanted.len() != given.len() {
            let (expected, found) = (wanted.axes().to_vec(), given.axes().to_vec());
            return Err(of_data(DataProblem::ShapesDiffer { expected, found }));
        }
        let mut rows = rows.clone().with_feature_shape(wanted);
        if self.scale != FittedScale::None {
            rows = rows.with_scale(self.scale.clone());
        }
        let outputs = rows.outputs();
        match (rows.targets(), &self.target) {
            (DatasetTargets::Classes { .. }, TargetSchema::Classes { labels, .. })
                if labels.len() == outputs =>
            {
                rows = rows.with_label_names(labels.clone()).with_target_names(self.target.target_names());
            }
            (DatasetTargets::Values { .. }, TargetSchema::Values { names }) if names.len() == outputs => {
                rows = rows.with_target_names(names.clone());
                if !self.target_scale.is_none() {
                    rows = rows.with_target_scale(self.target_scale.clone());
                }
            }
            _ => {}
        }
        Ok(rows)
    }
}

/// What is wrong with rows that come from no file.
fn of_data(problem: DataProblem) -> Error {
    Error::Data { source_name: "data".to_owned(), problem }
}
