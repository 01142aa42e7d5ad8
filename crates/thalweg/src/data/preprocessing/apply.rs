//! Applying a model's preprocessing to a new file.

use crate::data::array::Array;
use crate::data::arrays::arrays_to_predict;
use crate::data::dataset::Dataset;
use crate::data::formats::Contents;
use crate::data::notice::DataNotice;
use crate::data::problem::DataProblem;
use crate::data::raw::{RawData, RawInputs, RawTarget, inputs_of_array, table_of_matrix, target_of_columns};
use crate::data::table::Column;
use crate::data::task::{LabelKeys, TargetSchema};
use crate::error::{Error, Result};

use super::{InputSchema, Preprocessing};

impl Preprocessing {
    /// Turns what a file holds into rows for the model: columns are found by name, or by position where they have no names;
    /// arrays by the name that they had in training, by what their name says (`test_set_x`), or by their size. Targets are
    /// there if the file has them.
    ///
    /// # Errors
    /// [`Error::Data`] with `source_name`: a column that is missing (with the nearest name), rows of another shape, text
    /// where numbers were, values that are not finite, labels that training did not know.
    pub fn apply(&self, contents: Contents, source_name: &str) -> Result<(Dataset, Vec<DataNotice>)> {
        let mut notices = Vec::new();
        self.raw(contents)
            .and_then(|raw| self.encode_part(raw, &mut notices))
            .map(|dataset| (dataset, notices))
            .map_err(|problem| Error::Data { source_name: source_name.to_owned(), problem })
    }

    /// The rows of a file, inputs and target told apart as in training.
    fn raw(&self, contents: Contents) -> Result<RawData, DataProblem> {
        match (contents, &self.inputs) {
            (Contents::Table(table), _) => self.raw_of_columns(table.into_columns()),
            (Contents::Array(array), InputSchema::Columns { .. }) => {
                let RawInputs::Array { features, shape, .. } = inputs_of_array(None, array)? else {
                    return Err(DataProblem::NoFeatures);
                };
                self.raw_of_columns(table_of_matrix(&features, shape.iter().product()))
            }
            (Contents::Array(array), InputSchema::Array { shape, .. }) => {
                let inputs = inputs_of_array(None, with_row_axis(array, shape))?;
                RawData { inputs, target: RawTarget::None, weights: None }.checked()
            }
            (Contents::Arrays(arrays), inputs) => {
                let (name, row_len) = match inputs {
                    InputSchema::Array { name, shape, .. } => (name.as_deref(), shape.iter().product()),
                    InputSchema::Columns { .. } => (None, self.input_shape().len()),
                };
                arrays_to_predict(
                    &arrays,
                    name,
                    self.target.target_names().first().map(String::as_str),
                    row_len,
                )
            }
        }
    }

    fn raw_of_columns(&self, columns: Vec<Column>) -> Result<RawData, DataProblem> {
        let wanted = match &self.target {
            TargetSchema::Classes { name, keys: LabelKeys::Numbers(_) | LabelKeys::Text(_), .. } => {
                vec![name.clone()]
            }
            TargetSchema::Values { names } => names.clone(),
            _ => Vec::new(),
        };
        // A file without names and without the target has as many columns as there are inputs.
        let inputs = match &self.inputs {
            InputSchema::Columns { columns } => columns.len(),
            InputSchema::Array { shape, .. } => shape.iter().product(),
        };
        let has_target = !wanted.is_empty()
            && columns.len() > inputs
            && wanted.iter().all(|name| columns.iter().any(|column| column.name == *name));
        let (mut targets, mut rest) = (Vec::new(), Vec::new());
        for column in columns {
            let is_target = has_target && wanted.contains(&column.name);
            if is_target && targets.iter().all(|target: &Column| target.name != column.name) {
                targets.push(column);
            } else {
                rest.push(column);
            }
        }
        // In the order of training, not of the file.
        targets.sort_by_key(|column| wanted.iter().position(|name| *name == column.name));
        let all_missing = targets.iter().all(|column| column.missing() == column.rows());
        let target = if all_missing { RawTarget::None } else { target_of_columns(targets)? };
        RawData { inputs: RawInputs::Columns(rest), target, weights: None }.checked()
    }
}

/// A single image without the axis of rows gets one.
fn with_row_axis(array: Array, shape: &[usize]) -> Array {
    if array.shape() == shape && shape.len() > 1 {
        let (shape, values) = array.into_parts();
        Array::new([&[1], &shape[..]].concat(), values)
    } else {
        array
    }
}
