//! Preprocessing: everything that is fitted on the training part and applied to all others, and by predict.
//!
//! - A column of numbers stays one feature. A missing number takes the training part's mean.
//! - A column of text becomes one feature per category, sorted by code point: 1 for the row's category, else 0. A missing
//!   text, or one that training did not see, is 0 in all of them. Text that differs in every row (20 rows or more), or has
//!   over 1,000 categories, is left out, as is a nameless column that only numbers the rows.
//! - For a network with an embedding a column of text becomes one feature instead, the number of the row's category (of up to 1,000,000), and -1 for
//!   a missing text or one that training did not see.
//! - Features are then scaled ([`FittedScale`]); those made of categories stay 0 and 1, and ids stay ids.
//! - Classes get ids in the order of their labels: numbers ascending, text by code point ([`TargetSchema`]).
//! - Numeric targets can be scaled for training ([`TargetScale`]).
//!
//! It is saved as JSON in the model file, so that a user predicts from the same kind of file that they trained on.

mod apply;
mod columns;
mod in_memory;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::shape::Shape;

use super::dataset::{Dataset, DatasetTargets};
use super::images::in_order;
use super::notice::DataNotice;
use super::problem::DataProblem;
use super::raw::{RawData, RawInputs};
use super::scale::{FittedScale, TargetScale};
use super::settings::Scaling;
use super::task::{TargetSchema, Task};

pub use columns::{ColumnEncoding, InputColumn};

/// The version of the JSON form.
pub const PREPROCESSING_VERSION: u32 = 1;

/// What turns a file into features and targets, fitted on the training part only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preprocessing {
    version: u32,
    inputs: InputSchema,
    scale: FittedScale,
    target: TargetSchema,
    target_scale: TargetScale,
}

/// What the inputs are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum InputSchema {
    /// Columns of a table.
    Columns {
        /// The columns that are used, in the order of the training table.
        columns: Vec<InputColumn>,
    },
    /// One array.
    Array {
        /// Its name in the file, where it had one.
        name: Option<String>,
        /// The shape of one row.
        shape: Vec<usize>,
        /// The columns' names, where they had any.
        column_names: Vec<String>,
    },
}

/// How inputs are to be scaled: by what the user said, or by what suits the source.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum InputScale {
    /// Fitted.
    Fit(Scaling),
    /// Divided by a number that the source's values are known not to exceed.
    Divide(f64),
}

/// What a source's rows became.
pub(crate) struct Fitted {
    pub(crate) preprocessing: Preprocessing,
    /// All rows of the source.
    pub(crate) dataset: Dataset,
    pub(crate) notices: Vec<DataNotice>,
}

impl Preprocessing {
    /// Fits on some rows of `raw` and encodes all of them. With `ids`, text becomes ids, and those features are not scaled.
    pub(crate) fn fit(
        raw: RawData,
        rows: &[u32],
        target: TargetSchema,
        (scale, ids): (InputScale, Option<&[usize]>),
        scale_target: Scaling,
    ) -> Result<Fitted, DataProblem> {
        let mut notices = Vec::new();
        let inputs = match &raw.inputs {
            RawInputs::Columns(columns) => {
                let columns = columns::fit(columns, rows, ids.is_some(), &mut notices);
                if columns.is_empty() {
                    return Err(DataProblem::NoFeatures);
                }
                InputSchema::Columns { columns }
            }
            RawInputs::Array { name, shape, column_names, .. } => InputSchema::Array {
                name: name.clone(),
                shape: shape.clone(),
                column_names: column_names.clone(),
            },
        };
        let mut preprocessing = Preprocessing {
            version: PREPROCESSING_VERSION,
            inputs,
            scale: FittedScale::None,
            target,
            target_scale: TargetScale::NONE,
        };
        let dataset = preprocessing.encode(raw, &mut notices)?;
        preprocessing.scale = match scale {
            InputScale::Divide(divisor) => FittedScale::Divide { divisor },
            InputScale::Fit(scaling) => {
                FittedScale::fit(scaling, dataset.features(), dataset.columns(), rows)
            }
        };
        let is_binary =
            preprocessing.features_of(|encoding| matches!(encoding, ColumnEncoding::Categories { .. }));
        preprocessing.scale.leave(|feature| is_binary.get(feature) == Some(&true));
        if let Some(ids) = ids {
            let is_id = preprocessing.features_of(|encoding| matches!(encoding, ColumnEncoding::Ids { .. }));
            let mut scale = preprocessing.scale.clone().by_column(dataset.columns());
            scale.leave(|feature| is_id.get(feature) == Some(&true) || ids.contains(&feature));
            preprocessing.scale = scale;
        }
        if let DatasetTargets::Values { values, outputs } = dataset.targets() {
            preprocessing.target_scale = TargetScale::fit(scale_target, values, *outputs, rows);
        }
        let dataset = preprocessing.scaled(dataset);
        Ok(Fitted { preprocessing, dataset, notices })
    }

    /// Features and targets of `raw`, which has the inputs of the training source; not scaled yet.
    fn encode(&self, raw: RawData, notices: &mut Vec<DataNotice>) -> Result<Dataset, DataProblem> {
        let features = match (&self.inputs, raw.inputs) {
            (InputSchema::Columns { columns }, RawInputs::Columns(given)) => {
                columns::encode(columns, &given, notices)?
            }
            (InputSchema::Columns { columns }, RawInputs::Array { features, shape, .. }) => {
                let table = super::raw::table_of_matrix(&features, shape.iter().product());
                columns::encode(columns, &table, notices)?
            }
            (InputSchema::Array { shape, .. }, RawInputs::Array { features, shape: given, .. }) => {
                if shape.iter().product::<usize>() != given.iter().product::<usize>() {
                    return Err(DataProblem::ShapesDiffer { expected: shape.clone(), found: given });
                }
                in_order(features, &given, shape)
            }
            (InputSchema::Array { shape, column_names, .. }, RawInputs::Columns(given)) => {
                columns::matrix(shape, column_names, &given)?
            }
        };
        let names = self.feature_names();
        let targets = self.target.encode(&raw.target)?;
        let weights = raw.weights;
        let dataset = Dataset::checked(features, self.input_shape(), targets).map_err(|problem| {
            // A column is better named than numbered.
            match problem {
                DataProblem::NotFinite { row, column, value } => {
                    let name = column.parse().ok().and_then(|index: usize| names.get(index).cloned());
                    DataProblem::NotFinite { row, column: name.unwrap_or(column), value }
                }
                other => other,
            }
        })?;
        let dataset = if names.is_empty() { dataset } else { dataset.with_feature_names(names) };
        let dataset = match weights {
            Some(weights) => dataset.weighted(weights)?,
            None => dataset,
        };
        Ok(match dataset.targets() {
            DatasetTargets::None => dataset,
            _ => dataset
                .with_target_names(self.target.target_names())
                .with_label_names(self.label_names().to_vec()),
        })
    }

    /// The same rows, scaled when they are gathered.
    fn scaled(&self, dataset: Dataset) -> Dataset {
        let dataset = dataset.with_scale(self.scale.clone());
        match dataset.targets() {
            DatasetTargets::Values { .. } => dataset.with_target_scale(self.target_scale.clone()),
            _ => dataset,
        }
    }

    /// Encodes the rows of another part or source.
    pub(crate) fn encode_part(
        &self,
        raw: RawData,
        notices: &mut Vec<DataNotice>,
    ) -> Result<Dataset, DataProblem> {
        Ok(self.scaled(self.encode(raw, notices)?))
    }

    /// For each feature, whether its column is encoded in such a way; empty for arrays.
    fn features_of(&self, is: impl Fn(&ColumnEncoding) -> bool) -> Vec<bool> {
        match &self.inputs {
            InputSchema::Columns { columns } => columns
                .iter()
                .flat_map(|column| std::iter::repeat_n(is(&column.encoding), column.width()))
                .collect(),
            InputSchema::Array { .. } => Vec::new(),
        }
    }

    /// What the inputs are.
    pub fn inputs(&self) -> &InputSchema {
        &self.inputs
    }

    /// The shape of one row's features.
    pub fn input_shape(&self) -> Shape {
        match &self.inputs {
            InputSchema::Columns { columns } => {
                Shape::from(columns.iter().map(InputColumn::width).sum::<usize>())
            }
            InputSchema::Array { shape, .. } => Shape::from(shape.clone()),
        }
    }

    /// The features' names, categories as `"column=category"`; empty for images.
    pub fn feature_names(&self) -> Vec<String> {
        match &self.inputs {
            InputSchema::Columns { columns } => columns.iter().flat_map(InputColumn::feature_names).collect(),
            InputSchema::Array { column_names, .. } => column_names.clone(),
        }
    }

    /// How features are scaled.
    pub fn scale(&self) -> &FittedScale {
        &self.scale
    }

    /// What the target is.
    pub fn target(&self) -> &TargetSchema {
        &self.target
    }

    /// How numeric targets are scaled: what brings predictions back to their own units.
    pub fn target_scale(&self) -> &TargetScale {
        &self.target_scale
    }

    /// What is learned; `None` for rows without targets.
    pub fn task(&self) -> Option<Task> {
        self.target.task()
    }

    /// The classes' names by id; empty for numbers.
    pub fn label_names(&self) -> &[String] {
        match &self.target {
            TargetSchema::Classes { labels, .. } => labels,
            _ => &[],
        }
    }

    /// The JSON form, for the model file.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(self).expect("names and finite numbers can be written as JSON")
    }

    /// Reads the JSON form and checks that its parts fit each other.
    ///
    /// # Errors
    /// [`Error::Data`] with the reason.
    pub fn from_json(json: serde_json::Value) -> Result<Preprocessing> {
        let refuse = |reason: String| Error::Data {
            source_name: "model file".to_owned(),
            problem: DataProblem::Preprocessing { reason },
        };
        if let Some(version) = json.get("version").and_then(serde_json::Value::as_u64)
            && version > u64::from(PREPROCESSING_VERSION)
        {
            return Err(refuse(format!(
                "its version is {version}, this program knows up to {PREPROCESSING_VERSION}"
            )));
        }
        let read: Preprocessing = serde_json::from_value(json).map_err(|error| refuse(error.to_string()))?;
        read.checked().map_err(|reason| refuse(reason.to_owned()))
    }

    fn checked(self) -> Result<Preprocessing, &'static str> {
        let columns = match &self.inputs {
            InputSchema::Columns { columns } => {
                if !columns.iter().all(InputColumn::is_valid) {
                    return Err("a column's categories are not sorted, or its mean is not a number");
                }
                columns.iter().map(InputColumn::width).try_fold(0_usize, usize::checked_add)
            }
            InputSchema::Array { shape, column_names, .. } => {
                let columns = shape.iter().try_fold(1_usize, |product, &axis| product.checked_mul(axis));
                if !column_names.is_empty() && Some(column_names.len()) != columns {
                    return Err("there are not as many column names as columns");
                }
                columns
            }
        };
        let columns = columns
            .filter(|columns| (1..=MOST_FEATURES).contains(columns))
            .ok_or("the number of inputs is out of range")?;
        if !self.scale.is_valid(columns) {
            return Err("the scale does not fit the inputs");
        }
        if !self.target.is_valid() {
            return Err("the target's labels do not fit each other");
        }
        let outputs = match &self.target {
            TargetSchema::Values { names } => names.len(),
            _ => 0,
        };
        if !self.target_scale.is_valid(outputs) {
            return Err("the target's scale does not fit the outputs");
        }
        Ok(self)
    }
}

/// The most features that a row of a model's input may have.
const MOST_FEATURES: usize = 1 << 30;

#[cfg(test)]
mod tests;
