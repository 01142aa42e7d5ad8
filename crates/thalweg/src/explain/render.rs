//! An explanation as text of a given width: formulas beside their shapes, matrices cut to fit.

use super::number::Style;
use super::{Entry, Explanation, Formula, Matrix, number};

/// Where everything below a title begins.
const INDENT: usize = 2;

/// What stands for rows and columns that are left out.
const CUT: &str = "…";

impl Explanation {
    /// The explanation as text, no line wider than `width` where that can be helped.
    ///
    /// Matrices show at most `max_rows` rows and `max_columns` columns, and no more columns than fit; what is left out of
    /// the middle is a `…`. The numbers of a matrix are aligned; the same explanation always gives the same text.
    pub fn render(&self, width: usize, max_rows: usize, max_columns: usize) -> String {
        let mut text = format!("step {}: epoch {}, batch {}\n", self.step, self.epoch, self.batch);
        for section in &self.sections {
            text.push('\n');
            let rule = width.saturating_sub(section.title.chars().count() + 4);
            text.push_str(&format!("── {} {}\n", section.title, "─".repeat(rule)));
            for entry in &section.entries {
                match entry {
                    Entry::Text(sentence) => wrap(&mut text, sentence, width),
                    Entry::Formula { formula, value } => write_formula(&mut text, formula, *value, width),
                    Entry::Matrix(matrix) => write_matrix(&mut text, matrix, width, max_rows, max_columns),
                }
            }
        }
        text
    }
}

/// A sentence, broken between words.
fn wrap(text: &mut String, sentence: &str, width: usize) {
    let mut line = " ".repeat(INDENT);
    let mut is_empty = true;
    for word in sentence.split(' ') {
        if !is_empty && line.chars().count() + 1 + word.chars().count() > width {
            text.push_str(&line);
            text.push('\n');
            line = " ".repeat(INDENT);
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(word);
        is_empty = false;
    }
    text.push_str(&line);
    text.push('\n');
}

/// The formula, and its shapes at the end of the line, or on the next where they do not fit.
fn write_formula(text: &mut String, formula: &Formula, value: Option<f64>, width: usize) {
    let mut left = formula.text.clone();
    if let Some(value) = value {
        left.push_str(&format!(" = {}", number::short(value)));
    }
    let (taken, shapes) = (INDENT + left.chars().count(), formula.shapes.chars().count());
    text.push_str(&format!("{}{left}", " ".repeat(INDENT)));
    if shapes > 0 && taken + 3 + shapes <= width {
        text.push_str(&format!("{}{}", " ".repeat((width - taken - shapes).min(3)), formula.shapes));
    } else if shapes > 0 {
        text.push_str(&format!("\n{}{}", " ".repeat(2 * INDENT), formula.shapes));
    }
    text.push('\n');
}

fn write_matrix(text: &mut String, matrix: &Matrix, width: usize, max_rows: usize, max_columns: usize) {
    text.push_str(&format!("{}{}  {:?}\n", " ".repeat(INDENT), matrix.name, matrix.shape));
    let columns = matrix.columns.max(1);
    let rows = matrix.values.len() / columns;
    let shown_rows = cut(rows, max_rows);
    // The width of a number decides how many columns fit, and which columns are shown decides that width: two rounds do.
    let mut shown_columns = cut(columns, max_columns);
    let (mut cell, mut style) = (1, Style::of(&matrix.values));
    for _ in 0..2 {
        let shown = || {
            let columns_of =
                |row: usize| shown_columns.iter().flatten().map(move |&column| row * columns + column);
            shown_rows.iter().flatten().flat_map(move |&row| columns_of(row)).map(|at| matrix.values[at])
        };
        style = Style::of(&matrix.values).for_these(shown());
        cell = shown().map(|value| style.write(value).chars().count()).max().unwrap_or(1);
        let fits = width.saturating_sub(2 * INDENT) / (cell + 2);
        if shown_columns.len() > fits {
            // The mark takes the place of a number.
            shown_columns = cut(columns, fits.saturating_sub(1).max(1));
        }
    }
    for row in shown_rows {
        let mut line = " ".repeat(2 * INDENT - 2);
        for column in &shown_columns {
            let number = match (row, column) {
                (Some(row), Some(column)) => style.write(matrix.values[row * columns + column]),
                _ => CUT.to_owned(),
            };
            let gap = cell + 2 - number.chars().count().min(cell);
            line.push_str(&" ".repeat(gap));
            line.push_str(&number);
        }
        text.push_str(&line);
        text.push('\n');
    }
}

/// Which of `count` places are shown when `most` may be: all, or the first and the last with a gap (`None`) between.
fn cut(count: usize, most: usize) -> Vec<Option<usize>> {
    let most = most.max(1);
    if count <= most {
        return (0..count).map(Some).collect();
    }
    let first = most.div_ceil(2);
    let last = most - first;
    (0..first).map(Some).chain([None]).chain((count - last..count).map(Some)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_is_left_out() {
        assert_eq!(cut(3, 3), [Some(0), Some(1), Some(2)]);
        assert_eq!(cut(9, 3), [Some(0), Some(1), None, Some(8)]);
        assert_eq!(cut(9, 0), [Some(0), None]);
        assert_eq!(cut(0, 4), []);
    }

    #[test]
    fn columns_are_cut_to_the_width() {
        let values: Vec<f64> = (0..40).map(f64::from).collect();
        let matrix = Matrix { name: "x".to_owned(), shape: vec![2, 20], columns: 20, values };
        let mut text = String::new();
        write_matrix(&mut text, &matrix, 24, 9, 99);
        assert_eq!(text, "  x  [2, 20]\n     0   1   …  18  19\n    20  21   …  38  39\n");
        assert!(text.lines().all(|line| line.chars().count() <= 24));
    }

    #[test]
    fn long_sentences_are_broken() {
        let mut text = String::new();
        wrap(&mut text, "one two three", 9);
        assert_eq!(text, "  one two\n  three\n");
    }
}
