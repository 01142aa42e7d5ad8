//! The columns of the training part in figures.

use crate::data::Dataset;
use crate::data::preprocessing::{InputColumn, InputSchema};
use crate::run::Prepared;

use super::sample;

/// How many columns a sentence or a flag names.
const NAMED: usize = 30;

/// One column of a table.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ColumnFigures {
    /// The smallest and the largest value, in the column's own units.
    pub(super) low: f64,
    pub(super) high: f64,
    /// The root of the mean square of the values as the network sees them, scaled.
    pub(super) size: f64,
    /// Whether it holds nothing but 0 and 1, as categories do.
    pub(super) is_binary: bool,
}

impl ColumnFigures {
    pub(super) fn is_constant(&self) -> bool {
        self.low == self.high
    }
}

/// The inputs of the training part.
#[derive(Clone, Debug)]
pub(super) struct Inputs {
    /// Column by column; empty for images, whose values share one unit.
    pub(super) columns: Vec<ColumnFigures>,
    /// The root of the mean square of all values as the network sees them.
    pub(super) size: f64,
}

impl Inputs {
    /// Looks at every row of a table, or at a sample of images.
    pub(super) fn new(data: &Dataset) -> Inputs {
        if data.feature_shape().axes().len() > 1 {
            return Inputs { columns: Vec::new(), size: size_of_images(data) };
        }
        let empty = ColumnFigures { low: f64::INFINITY, high: f64::NEG_INFINITY, size: 0.0, is_binary: true };
        let mut columns = vec![empty; data.columns()];
        for row in 0..data.rows() {
            for (column, figures) in columns.iter_mut().enumerate() {
                let value = data.feature(row, column);
                let scaled = data.scale().apply(column, value);
                figures.low = figures.low.min(value);
                figures.high = figures.high.max(value);
                figures.size += scaled * scaled;
                figures.is_binary &= value == 0.0 || value == 1.0;
            }
        }
        let rows = data.rows() as f64;
        let all: f64 = columns.iter().map(|figures| figures.size).sum();
        let size = (all / (rows * columns.len() as f64)).sqrt();
        for figures in &mut columns {
            figures.size = (figures.size / rows).sqrt();
        }
        Inputs { columns, size }
    }
}

fn size_of_images(data: &Dataset) -> f64 {
    let rows = sample::rows(data.rows(), data.columns());
    let mut x = vec![0.0_f64; data.columns()];
    let mut sum = 0.0;
    for &row in &rows {
        data.gather(&[row], &mut x);
        sum += x.iter().map(|x| x * x).sum::<f64>();
    }
    (sum / (rows.len() * data.columns()) as f64).sqrt()
}

/// A column's name, or its number.
pub(super) fn name(data: &Dataset, column: usize) -> String {
    data.feature_names().get(column).cloned().unwrap_or_else(|| format!("column {column}"))
}

/// What leaves these features out: `--features` with the names of the other columns of the table.
pub(super) fn leave_out(prepared: &Prepared, features: &[usize]) -> String {
    let InputSchema::Columns { columns } = prepared.preprocessing.inputs() else {
        return "leave the column out of the file".to_owned();
    };
    let mut start = 0;
    let mut kept: Vec<&str> = Vec::new();
    for column in columns {
        let own = start..start + InputColumn::width(column);
        start = own.end;
        if !features.iter().any(|feature| own.contains(feature)) {
            kept.push(&column.name);
        }
    }
    let is_plain = |name: &&str| !name.is_empty() && !name.contains([',', '\'', '\\', '"']);
    if kept.is_empty() || kept.len() > NAMED || !kept.iter().all(is_plain) {
        return "--features with the names of the other columns".to_owned();
    }
    let names = kept.join(",");
    let is_word = |c: char| c.is_alphanumeric() || "_-.,".contains(c);
    if names.chars().all(is_word) { format!("--features {names}") } else { format!("--features '{names}'") }
}
