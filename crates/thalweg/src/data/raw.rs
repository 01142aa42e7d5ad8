//! Rows as a source gives them, before anything is fitted: named columns or one array, and a target of any kind.

use super::array::{Array, Values};
use super::features::Features;
use super::problem::DataProblem;
use super::table::{Column, ColumnValues, Table};

/// The rows of one source or part.
#[derive(Clone, Debug)]
pub(crate) struct RawData {
    pub(crate) inputs: RawInputs,
    pub(crate) target: RawTarget,
    /// What each row weighs; NaN where it is missing.
    pub(crate) weights: Option<Vec<f64>>,
}

/// The inputs of a source.
#[derive(Clone, Debug)]
pub(crate) enum RawInputs {
    /// The columns of a table.
    Columns(Vec<Column>),
    /// One array.
    Array {
        /// Its name in the file, where it has one.
        name: Option<String>,
        /// The values, row-major.
        features: Features,
        /// The shape of one row.
        shape: Vec<usize>,
        /// The columns' names, where they have any.
        column_names: Vec<String>,
    },
}

/// What kind of numbers a target holds, which helps to tell classes from measurements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NumberKind {
    /// True and false.
    Truth,
    /// Stored as integers, in an array.
    Integers,
    /// Numbers of a text file, or stored as floating point.
    Floats,
    /// Known to be measurements (generators).
    Measured,
}

/// The targets of a source.
#[derive(Clone, Debug)]
pub(crate) enum RawTarget {
    /// There are none: rows to predict.
    None,
    /// Classes that are known to be classes.
    Classes { name: String, ids: Vec<u32>, labels: Vec<String> },
    /// Numbers, row-major, one name per output; NaN where one is missing.
    Numbers {
        names: Vec<String>,
        values: Vec<f64>,
        kind: NumberKind,
        /// What the numbers 0, 1 ... are called, where the file says so.
        label_names: Option<Vec<String>>,
    },
    /// Text.
    Text { name: String, values: Vec<Option<String>> },
}

impl RawInputs {
    /// How many rows there are.
    pub(crate) fn rows(&self) -> usize {
        match self {
            RawInputs::Columns(columns) => columns.first().map_or(0, Column::rows),
            RawInputs::Array { features, shape, .. } => {
                features.len() / shape.iter().product::<usize>().max(1)
            }
        }
    }
}

impl RawTarget {
    /// How many rows there are.
    pub(crate) fn rows(&self) -> usize {
        match self {
            RawTarget::None => 0,
            RawTarget::Classes { ids, .. } => ids.len(),
            RawTarget::Numbers { values, names, .. } => values.len() / names.len().max(1),
            RawTarget::Text { values, .. } => values.len(),
        }
    }
}

impl RawData {
    /// Checks that features and targets have the same number of rows, and some.
    pub(crate) fn checked(self) -> Result<RawData, DataProblem> {
        let rows = self.inputs.rows();
        if rows == 0 {
            return Err(DataProblem::NoRows);
        }
        if !matches!(self.target, RawTarget::None) && self.target.rows() != rows {
            return Err(DataProblem::CountsDiffer { rows, targets: self.target.rows() });
        }
        Ok(self)
    }
}

/// An array as inputs: bytes stay bytes, other numbers become floating point.
pub(crate) fn inputs_of_array(name: Option<&str>, array: Array) -> Result<RawInputs, DataProblem> {
    let (shape, values) = array.into_parts();
    let rows_and_more = if shape.is_empty() { vec![1] } else { shape };
    let row_shape = if rows_and_more.len() == 1 { vec![1] } else { rows_and_more[1..].to_vec() };
    if row_shape.iter().product::<usize>() == 0 {
        return Err(DataProblem::NoFeatures);
    }
    let features = match values {
        Values::U8(values) => Features::U8(values),
        Values::F32(values) => Features::F32(values),
        Values::F64(values) => Features::F64(values),
        Values::Text(_) => {
            return Err(DataProblem::TextArray { array: name.unwrap_or("in the file").to_owned() });
        }
        others => Features::F64((0..others.len()).filter_map(|index| others.number(index)).collect()),
    };
    Ok(RawInputs::Array {
        name: name.map(str::to_owned),
        features,
        shape: row_shape,
        column_names: Vec::new(),
    })
}

/// An array as targets: `[rows]`, `[rows, 1]` or `[rows, outputs]`; `rows` decides for `[1, rows]`, as course files have it.
pub(crate) fn target_of_array(name: &str, array: Array, rows: usize) -> RawTarget {
    let (shape, values) = array.into_parts();
    let outputs = match shape.as_slice() {
        [] | [_] => 1,
        [1, count] if *count == rows => 1,
        [_, rest @ ..] => rest.iter().product::<usize>().max(1),
    };
    let kind = match &values {
        Values::Bool(_) => NumberKind::Truth,
        Values::F32(_) | Values::F64(_) => NumberKind::Floats,
        _ => NumberKind::Integers,
    };
    match values {
        Values::Text(values) => {
            RawTarget::Text { name: name.to_owned(), values: values.into_iter().map(Some).collect() }
        }
        numbers => RawTarget::Numbers {
            names: if outputs == 1 {
                vec![name.to_owned()]
            } else {
                (0..outputs).map(|output| format!("{name} {output}")).collect()
            },
            values: (0..numbers.len()).filter_map(|index| numbers.number(index)).collect(),
            kind,
            label_names: None,
        },
    }
}

/// Columns as targets: one of text, or any number of numeric ones.
pub(crate) fn target_of_columns(mut columns: Vec<Column>) -> Result<RawTarget, DataProblem> {
    if columns.len() == 1 {
        let Column { name, values } = columns.remove(0);
        return Ok(match values {
            ColumnValues::Numbers(values) => {
                RawTarget::Numbers { names: vec![name], values, kind: NumberKind::Floats, label_names: None }
            }
            ColumnValues::Text(values) => RawTarget::Text { name, values },
        });
    }
    let rows = columns.first().map_or(0, Column::rows);
    let mut values = vec![0.0; rows * columns.len()];
    for (output, column) in columns.iter().enumerate() {
        let ColumnValues::Numbers(numbers) = &column.values else {
            return Err(DataProblem::SeveralTargets { target: column.name.clone() });
        };
        for (row, number) in numbers.iter().enumerate() {
            values[row * columns.len() + output] = *number;
        }
    }
    Ok(RawTarget::Numbers {
        names: columns.into_iter().map(|column| column.name).collect(),
        values,
        kind: NumberKind::Measured,
        label_names: None,
    })
}

/// A table of one column per value of a row, named by number: for a matrix that stands where a table is expected.
pub(crate) fn table_of_matrix(features: &Features, columns: usize) -> Vec<Column> {
    let rows = features.len() / columns.max(1);
    (0..columns)
        .map(|column| Column {
            name: column.to_string(),
            values: ColumnValues::Numbers(
                (0..rows).map(|row| features.value(row * columns + column)).collect(),
            ),
        })
        .collect()
}

/// Whether columns have no names but their numbers, as in a file without a header.
pub(crate) fn unnamed(columns: &[Column]) -> bool {
    columns.iter().enumerate().all(|(number, column)| column.name == number.to_string())
}

/// A column as weights.
pub(crate) fn weights_of_column(column: Column) -> Result<Vec<f64>, DataProblem> {
    match column.values {
        ColumnValues::Numbers(values) => Ok(values),
        ColumnValues::Text(values) => {
            let (row, text) = first_text(&values);
            Err(DataProblem::TextWeight { row, column: column.name, text })
        }
    }
}

/// An array as weights, whatever its axes.
pub(crate) fn weights_of_array(name: &str, array: Array) -> Result<Vec<f64>, DataProblem> {
    let (_, values) = array.into_parts();
    if let Values::Text(_) = values {
        return Err(DataProblem::TextArray { array: name.to_owned() });
    }
    Ok((0..values.len()).filter_map(|index| values.number(index)).collect())
}

/// Joins tables with the same columns into one.
pub(crate) fn append(table: &mut [Column], more: Table) -> Result<(), DataProblem> {
    for (column, more) in table.iter_mut().zip(more.into_columns()) {
        match (&mut column.values, more.values) {
            (ColumnValues::Numbers(values), ColumnValues::Numbers(more)) => values.extend(more),
            (ColumnValues::Text(values), ColumnValues::Text(more)) => values.extend(more),
            // A file without one value of the column says nothing about its type.
            (ColumnValues::Text(values), ColumnValues::Numbers(more)) if more.iter().all(|v| v.is_nan()) => {
                values.extend(more.iter().map(|_| None));
            }
            (ColumnValues::Numbers(values), ColumnValues::Text(more))
                if values.iter().all(|v| v.is_nan()) =>
            {
                let mut text = vec![None; values.len()];
                text.extend(more);
                column.values = ColumnValues::Text(text);
            }
            (ColumnValues::Numbers(values), ColumnValues::Text(more)) => {
                let (row, text) = first_text(&more);
                let row = values.len() + row;
                return Err(DataProblem::TextInNumbers { row, column: column.name.clone(), text });
            }
            (ColumnValues::Text(values), ColumnValues::Numbers(_)) => {
                let (row, text) = first_text(values);
                return Err(DataProblem::TextInNumbers { row, column: column.name.clone(), text });
            }
        }
    }
    Ok(())
}

/// The first row with a text, and the text.
pub(crate) fn first_text(values: &[Option<String>]) -> (usize, String) {
    let row = values.iter().position(Option::is_some).unwrap_or(0);
    (row, values.get(row).cloned().flatten().unwrap_or_default())
}
