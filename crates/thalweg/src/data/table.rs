//! A table as a text file holds it: named columns of numbers or of text.

use super::array::range;

/// The values of one [`Column`].
#[derive(Clone, Debug, PartialEq)]
pub enum ColumnValues {
    /// Numbers; a missing one is NaN. A column of true and false holds 1 and 0.
    Numbers(Vec<f64>),
    /// Text; a missing one is `None`.
    Text(Vec<Option<String>>),
}

/// One column of a [`Table`].
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// The name in the header; without a header the column's number, counted from 0; empty where the header has none.
    pub name: String,
    /// One value for each row.
    pub values: ColumnValues,
}

impl Column {
    /// How many rows the column has.
    pub fn rows(&self) -> usize {
        match &self.values {
            ColumnValues::Numbers(values) => values.len(),
            ColumnValues::Text(values) => values.len(),
        }
    }

    /// How many values are missing.
    pub fn missing(&self) -> usize {
        match &self.values {
            ColumnValues::Numbers(values) => values.iter().filter(|v| v.is_nan()).count(),
            ColumnValues::Text(values) => values.iter().filter(|v| v.is_none()).count(),
        }
    }

    /// The smallest and the largest number; `None` for text or where all are missing.
    pub fn range(&self) -> Option<(f64, f64)> {
        match &self.values {
            ColumnValues::Numbers(values) => range(values.iter().copied()),
            ColumnValues::Text(_) => None,
        }
    }

    /// The type's name, as `thalweg inspect` prints it: `"number"` or `"text"`.
    pub const fn type_name(&self) -> &'static str {
        match self.values {
            ColumnValues::Numbers(_) => "number",
            ColumnValues::Text(_) => "text",
        }
    }
}

/// Columns of equal length.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    columns: Vec<Column>,
}

impl Table {
    /// A table of these columns.
    ///
    /// # Panics
    /// If the columns differ in length.
    pub fn new(columns: Vec<Column>) -> Table {
        assert!(columns.windows(2).all(|pair| pair[0].rows() == pair[1].rows()), "columns of equal length");
        Table { columns }
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, Column::rows)
    }

    /// The columns in the file's order. Names may repeat (the reader gives a notice then).
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The columns, without a copy.
    pub fn into_columns(self) -> Vec<Column> {
        self.columns
    }

    /// The position of the first column of this name.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_values_and_ranges_are_counted_by_column() {
        let table = Table::new(vec![
            Column { name: "x".into(), values: ColumnValues::Numbers(vec![2.0, f64::NAN, -1.0]) },
            Column { name: "kind".into(), values: ColumnValues::Text(vec![Some("a".into()), None, None]) },
        ]);
        assert_eq!(table.rows(), 3);
        assert_eq!((table.columns()[0].missing(), table.columns()[0].range()), (1, Some((-1.0, 2.0))));
        assert_eq!((table.columns()[1].missing(), table.columns()[1].range()), (2, None));
        assert_eq!(table.position("kind"), Some(1));
    }
}
