//! What `thalweg inspect` prints of a data file: its rows and columns.

use super::{Contents, Reading};
use crate::data::array::Array;
use crate::data::table::Column;

/// One column of a table, or one named array.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnSummary {
    /// Its name; empty for the only array of a file.
    pub name: String,
    /// `"number"` or `"text"` for a column, the type of the values for an array.
    pub type_name: &'static str,
    /// The shape of one row: empty for a column, what follows the first axis for an array.
    pub shape: Vec<usize>,
    /// How many rows this one has.
    pub rows: usize,
    /// How many values are missing.
    pub missing: usize,
    /// The smallest number.
    pub min: Option<f64>,
    /// The largest number.
    pub max: Option<f64>,
}

/// What a data file holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// The format's name.
    pub format: &'static str,
    /// The number of rows, where all columns agree.
    pub rows: Option<usize>,
    /// The columns or arrays.
    pub columns: Vec<ColumnSummary>,
}

impl ColumnSummary {
    fn of_array(name: &str, array: &Array) -> ColumnSummary {
        let range = array.range();
        ColumnSummary {
            name: name.to_owned(),
            type_name: array.values().type_name(),
            shape: array.shape().get(1..).unwrap_or_default().to_vec(),
            rows: array.rows(),
            missing: array.missing(),
            min: range.map(|(min, _)| min),
            max: range.map(|(_, max)| max),
        }
    }

    fn of_column(column: &Column) -> ColumnSummary {
        let range = column.range();
        ColumnSummary {
            name: column.name.clone(),
            type_name: column.type_name(),
            shape: Vec::new(),
            rows: column.rows(),
            missing: column.missing(),
            min: range.map(|(min, _)| min),
            max: range.map(|(_, max)| max),
        }
    }
}

impl Reading {
    /// Rows, columns, types, missing values and ranges of what was read.
    pub fn summary(&self) -> Summary {
        let columns: Vec<ColumnSummary> = match &self.contents {
            Contents::Array(array) => vec![ColumnSummary::of_array("", array)],
            Contents::Arrays(arrays) => {
                arrays.iter().map(|(name, array)| ColumnSummary::of_array(name, array)).collect()
            }
            Contents::Table(table) => table.columns().iter().map(ColumnSummary::of_column).collect(),
        };
        let first = columns.first().map(|column| column.rows);
        let rows = first.filter(|&rows| columns.iter().all(|column| column.rows == rows));
        Summary { format: self.format.name(), rows, columns }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::array::Values;
    use crate::data::formats::Format;

    #[test]
    fn arrays_of_different_length_have_no_common_rows() {
        let array = |rows: usize| Array::new(vec![rows, 2], Values::U8((0..2 * rows as u8).collect()));
        let arrays = vec![("x".to_owned(), array(3)), ("y".to_owned(), array(2))];
        let reading = Reading { format: Format::Npz, contents: Contents::Arrays(arrays), notices: vec![] };
        let summary = reading.summary();
        assert_eq!((summary.format, summary.rows), ("npz", None));
        let x = &summary.columns[0];
        assert_eq!(
            (x.type_name, &x.shape[..], x.rows, x.min, x.max),
            ("u8", &[2][..], 3, Some(0.0), Some(5.0))
        );
    }
}
