//! Tables of text: columns as wide as their widest cell, numbers to the right.

use std::fmt;

use console::style;

/// A table for people.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    heads: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new<T: Into<String>>(heads: impl IntoIterator<Item = T>) -> Self {
        Table { heads: heads.into_iter().map(Into::into).collect(), rows: Vec::new() }
    }

    /// Adds a row with a cell for each column.
    pub(crate) fn row<T: Into<String>>(&mut self, cells: impl IntoIterator<Item = T>) {
        let mut cells: Vec<String> = cells.into_iter().map(Into::into).collect();
        cells.resize(self.heads.len(), String::new());
        self.rows.push(cells);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.heads.len();
        let width = |column: usize| {
            let cells = self.rows.iter().map(|row| &row[column]).chain([&self.heads[column]]);
            cells.map(|cell| console::measure_text_width(cell)).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let is_number: Vec<bool> = (0..columns)
            .map(|column| {
                let mut cells = self.rows.iter().map(|row| &row[column]).filter(|cell| !cell.is_empty());
                cells.clone().next().is_some() && cells.all(|cell| is_numeric(cell))
            })
            .collect();
        let line = |cells: &[String]| {
            let mut line = String::new();
            for (column, cell) in cells.iter().enumerate() {
                let space = " ".repeat(widths[column] - console::measure_text_width(cell));
                line.push_str(if column > 0 { "  " } else { "" });
                match is_number[column] {
                    true => line.extend([space.as_str(), cell]),
                    false => line.extend([cell, space.as_str()]),
                }
            }
            line.trim_end().to_owned()
        };
        write!(f, "{}", style(line(&self.heads)).bold())?;
        self.rows.iter().try_for_each(|row| write!(f, "\n{}", line(row)))
    }
}

/// Whether a cell is a number, perhaps with its unit.
fn is_numeric(cell: &str) -> bool {
    cell == "-" || cell.trim_end_matches([' ', '%']).replace(',', "").parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_to_the_right_and_words_to_the_left() {
        console::set_colors_enabled(false);
        let mut table = Table::new(["name", "rows", "share"]);
        table.row(["a", "7", "97.00 %"]);
        table.row(["longer", "1,200", "-"]);
        assert_eq!(
            table.to_string(),
            "name     rows    share\n\
             a           7  97.00 %\n\
             longer  1,200        -"
        );
    }
}
