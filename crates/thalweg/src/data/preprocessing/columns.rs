//! Columns of a table to features: numbers, and one feature per category of a text, or its id for a network that embeds it.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::data::features::Features;
use crate::data::notice::{DataNotice, LeftOutReason};
use crate::data::problem::{DataProblem, nearest};
use crate::data::raw::unnamed;
use crate::data::table::{Column, ColumnValues};

/// The most categories of one column that becomes a feature for each.
const MOST_CATEGORIES: usize = 1000;

/// The most categories of one column that becomes ids.
const MOST_IDS: usize = 1_000_000;

/// The id of a text that is missing or that training did not see.
const NO_ID: f64 = -1.0;

/// From this many training rows on, a text that differs in every one is a name or a number, not a category.
const ROWS_TO_TELL_NAMES: usize = 20;

/// A column of the training table that is an input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputColumn {
    /// The name in the table.
    pub name: String,
    /// What becomes of its values.
    pub encoding: ColumnEncoding,
}

/// What becomes of a column's values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ColumnEncoding {
    /// One feature.
    Number {
        /// What a missing number becomes: the mean of the training part.
        missing: f64,
    },
    /// One feature per category.
    Categories {
        /// The categories of the training part, ascending by code point.
        values: Vec<String>,
    },
    /// One feature: the number of the category, from 0; -1 for a text that is missing or that training did not see.
    Ids {
        /// The categories of the training part, ascending by code point.
        values: Vec<String>,
    },
}

impl InputColumn {
    /// How many features the column becomes.
    pub fn width(&self) -> usize {
        match &self.encoding {
            ColumnEncoding::Number { .. } | ColumnEncoding::Ids { .. } => 1,
            ColumnEncoding::Categories { values } => values.len(),
        }
    }

    /// The names of these features.
    pub fn feature_names(&self) -> Vec<String> {
        match &self.encoding {
            ColumnEncoding::Number { .. } | ColumnEncoding::Ids { .. } => vec![self.name.clone()],
            ColumnEncoding::Categories { values } => {
                values.iter().map(|value| format!("{}={value}", self.name)).collect()
            }
        }
    }

    pub(super) fn is_valid(&self) -> bool {
        match &self.encoding {
            ColumnEncoding::Number { missing } => missing.is_finite(),
            ColumnEncoding::Categories { values } | ColumnEncoding::Ids { values } => {
                !values.is_empty() && values.windows(2).all(|pair| pair[0] < pair[1])
            }
        }
    }
}

/// What each column becomes, by the training rows; columns that cannot be used are left out with a notice.
pub(super) fn fit(
    columns: &[Column],
    rows: &[u32],
    as_ids: bool,
    notices: &mut Vec<DataNotice>,
) -> Vec<InputColumn> {
    let mut fitted = Vec::with_capacity(columns.len());
    for column in columns {
        match fit_column(column, rows, as_ids) {
            Ok(encoding) => fitted.push(InputColumn { name: column.name.clone(), encoding }),
            Err(reason) => notices.push(DataNotice::LeftOut { column: column.name.clone(), reason }),
        }
    }
    fitted
}

fn fit_column(column: &Column, rows: &[u32], as_ids: bool) -> Result<ColumnEncoding, LeftOutReason> {
    match &column.values {
        ColumnValues::Numbers(values) => {
            if column.name.is_empty() && numbers_rows(values) {
                return Err(LeftOutReason::RowNumbers);
            }
            let known = || rows.iter().map(|&row| values[row as usize]).filter(|value| !value.is_nan());
            let count = known().count();
            if count == 0 {
                return Err(LeftOutReason::AllMissing);
            }
            // An infinite number makes an infinite mean; it is refused by row and column when the rows are checked.
            let mean = known().sum::<f64>() / count as f64;
            Ok(ColumnEncoding::Number { missing: if mean.is_finite() { mean } else { 0.0 } })
        }
        ColumnValues::Text(values) => {
            let mut categories: Vec<&String> =
                rows.iter().filter_map(|&row| values[row as usize].as_ref()).collect();
            let count = categories.len();
            categories.sort_unstable();
            categories.dedup();
            if categories.is_empty() {
                Err(LeftOutReason::AllMissing)
            } else if categories.len() == count && count >= ROWS_TO_TELL_NAMES {
                Err(LeftOutReason::EveryRowDiffers)
            } else if categories.len() > if as_ids { MOST_IDS } else { MOST_CATEGORIES } {
                Err(LeftOutReason::TooManyCategories(categories.len()))
            } else {
                let values = categories.into_iter().cloned().collect();
                Ok(if as_ids {
                    ColumnEncoding::Ids { values }
                } else {
                    ColumnEncoding::Categories { values }
                })
            }
        }
    }
}

/// Whether a column counts 0, 1, 2 ... or 1, 2, 3 ...
fn numbers_rows(values: &[f64]) -> bool {
    let first = values.first().copied().unwrap_or(f64::NAN);
    (first == 0.0 || first == 1.0)
        && values.iter().enumerate().all(|(row, &value)| value == first + row as f64)
}

/// The features of a table: its columns are found by name, or by position where they have no names.
pub(super) fn encode(
    columns: &[InputColumn],
    given: &[Column],
    notices: &mut Vec<DataNotice>,
) -> Result<Features, DataProblem> {
    let places = places(columns.iter().map(|column| column.name.as_str()), columns.len(), given)?;
    let rows = given.first().map_or(0, Column::rows);
    let width: usize = columns.iter().map(InputColumn::width).sum();
    let mut features = vec![0.0; rows * width];
    let mut start = 0;
    for (column, place) in columns.iter().zip(places) {
        let values = &given[place].values;
        match &column.encoding {
            ColumnEncoding::Number { missing } => {
                encode_numbers(&column.name, values, *missing, notices, |row, value| {
                    features[row * width + start] = value;
                })?;
            }
            ColumnEncoding::Categories { values: categories } => {
                encode_categories(&column.name, values, categories, notices, |row, category| {
                    features[row * width + start + category] = 1.0;
                });
            }
            ColumnEncoding::Ids { values: categories } => {
                features.iter_mut().skip(start).step_by(width).for_each(|id| *id = NO_ID);
                encode_categories(&column.name, values, categories, notices, |row, category| {
                    features[row * width + start] = category as f64;
                });
            }
        }
        start += column.width();
    }
    Ok(Features::F64(features))
}

/// Where each wanted column stands in a table.
fn places<'a>(
    wanted: impl Iterator<Item = &'a str>,
    count: usize,
    given: &[Column],
) -> Result<Vec<usize>, DataProblem> {
    let mut by_name: HashMap<&str, Vec<usize>> = HashMap::with_capacity(given.len());
    for (place, column) in given.iter().enumerate().rev() {
        by_name.entry(column.name.as_str()).or_default().push(place);
    }
    if unnamed(given) && given.len() == count {
        return Ok((0..count).collect());
    }
    let mut places = Vec::with_capacity(count);
    for name in wanted {
        // A name that stands there twice means first the first, then the second.
        match by_name.get_mut(name).and_then(Vec::pop) {
            Some(place) => places.push(place),
            None if unnamed(given) => {
                return Err(DataProblem::ColumnCount { expected: count, found: given.len() });
            }
            None => {
                let available: Vec<String> = given.iter().map(|column| column.name.clone()).collect();
                let nearest = nearest(name, &available);
                return Err(DataProblem::UnknownColumn {
                    role: "column",
                    name: name.to_owned(),
                    nearest,
                    available,
                });
            }
        }
    }
    Ok(places)
}

fn encode_numbers(
    name: &str,
    values: &ColumnValues,
    missing: f64,
    notices: &mut Vec<DataNotice>,
    mut put: impl FnMut(usize, f64),
) -> Result<(), DataProblem> {
    let mut count = 0;
    let mut fill = |row: usize, value: f64| {
        count += usize::from(value.is_nan());
        put(row, if value.is_nan() { missing } else { value });
    };
    match values {
        ColumnValues::Numbers(values) => values.iter().enumerate().for_each(|(row, &value)| fill(row, value)),
        ColumnValues::Text(values) => {
            for (row, value) in values.iter().enumerate() {
                let number = match value {
                    None => f64::NAN,
                    Some(text) => text.parse().map_err(|_| DataProblem::TextInNumbers {
                        row,
                        column: name.to_owned(),
                        text: text.clone(),
                    })?,
                };
                fill(row, number);
            }
        }
    }
    if count > 0 {
        notices.push(DataNotice::MissingNumbers { column: name.to_owned(), count, mean: missing });
    }
    Ok(())
}

fn encode_categories(
    name: &str,
    values: &ColumnValues,
    categories: &[String],
    notices: &mut Vec<DataNotice>,
    mut put: impl FnMut(usize, usize),
) {
    let (mut missing, mut unseen, mut example) = (0, 0, None);
    let mut find =
        |row: usize, text: &str| match categories.binary_search_by(|known| known.as_str().cmp(text)) {
            Ok(category) => put(row, category),
            Err(_) => {
                unseen += 1;
                example.get_or_insert_with(|| text.to_owned());
            }
        };
    match values {
        ColumnValues::Text(values) => {
            for (row, value) in values.iter().enumerate() {
                match value {
                    Some(text) => find(row, text),
                    None => missing += 1,
                }
            }
        }
        ColumnValues::Numbers(values) => {
            for (row, value) in values.iter().enumerate() {
                if value.is_nan() { missing += 1 } else { find(row, &value.to_string()) }
            }
        }
    }
    if missing > 0 {
        notices.push(DataNotice::MissingCategories { column: name.to_owned(), count: missing });
    }
    if let Some(example) = example {
        notices.push(DataNotice::UnseenCategories { column: name.to_owned(), count: unseen, example });
    }
}

/// A table where training had an array: as many columns of numbers as a row has values.
pub(super) fn matrix(shape: &[usize], names: &[String], given: &[Column]) -> Result<Features, DataProblem> {
    let width: usize = shape.iter().product();
    let by_name =
        names.len() == width && names.iter().all(|name| given.iter().any(|column| column.name == *name));
    let places = if by_name {
        places(names.iter().map(String::as_str), width, given)?
    } else if given.len() == width {
        (0..width).collect()
    } else {
        return Err(DataProblem::ColumnCount { expected: width, found: given.len() });
    };
    let rows = given.first().map_or(0, Column::rows);
    let mut features = vec![0.0; rows * width];
    for (feature, place) in places.into_iter().enumerate() {
        let column = &given[place];
        // There is no training mean for a value of an array: NaN stays and is refused by row and column.
        encode_numbers(&column.name, &column.values, f64::NAN, &mut Vec::new(), |row, value| {
            features[row * width + feature] = value;
        })?;
    }
    Ok(Features::F64(features))
}
