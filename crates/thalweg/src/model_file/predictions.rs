//! Predictions as a table: what a person or another program reads.

use std::io::{self, Write};

use super::Model;
use crate::data::{Dataset, DatasetTargets};
use crate::metrics::predicted_class;

/// What a network says about some rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Predictions {
    /// Probabilities (or a classifier's plain outputs or scores), or numbers in the target's own units: `[rows, outputs]`.
    pub values: Vec<f64>,
    /// How many values a row has.
    pub outputs: usize,
    /// The classes' names by id; empty for numbers.
    pub label_names: Vec<String>,
    /// The target's name, or one name per output; may be empty.
    pub target_names: Vec<String>,
    /// The number of each row in its source.
    pub row_numbers: Vec<u32>,
    /// What the rows should have been, if they say so.
    pub targets: DatasetTargets,
    /// Whether the values are probabilities that the loss makes of logits.
    pub are_probabilities: bool,
    /// Whether the values are scores: one alone means class 1 where it is above 0, and how large it is has no unit.
    pub are_scores: bool,
}

impl Predictions {
    pub(super) fn new(model: &Model, data: &Dataset, values: Vec<f64>) -> Self {
        let outputs = model.network.output_shape().len();
        Predictions {
            values,
            outputs,
            label_names: model.label_names.clone(),
            target_names: model.target_names.clone(),
            row_numbers: data.row_numbers().to_vec(),
            targets: data.targets().clone(),
            are_probabilities: model.loss.as_ref().is_some_and(|loss| loss.from_logits()),
            are_scores: model.loss.as_ref().is_some_and(|loss| loss.gives_scores()),
        }
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.row_numbers.len()
    }

    /// Whether classes are predicted.
    pub fn are_classes(&self) -> bool {
        !self.label_names.is_empty()
    }

    /// The values of one row.
    pub fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.outputs..][..self.outputs]
    }

    /// The class predicted for a row: the largest value, the first of equals; of one output, class 1 above 0.5 (of a
    /// score, above 0).
    pub fn class(&self, row: usize) -> Option<usize> {
        self.are_classes().then(|| predicted_class(self.row(row), self.are_scores)).flatten()
    }

    /// The name of the class predicted for a row.
    pub fn label(&self, row: usize) -> Option<&str> {
        self.label_names.get(self.class(row)?).map(String::as_str)
    }

    /// One value per class: of one output, that of both classes. A score for both stands alone.
    pub fn class_values(&self, row: usize) -> Vec<f64> {
        match self.row(row) {
            [one] if self.label_names.len() == 2 && !self.are_scores => vec![1.0 - one, *one],
            values => values.to_vec(),
        }
    }

    /// The name of the class that a row should have.
    pub fn target_label(&self, row: usize) -> Option<&str> {
        match &self.targets {
            DatasetTargets::Classes { ids, .. } => {
                self.label_names.get(*ids.get(row)? as usize).map(String::as_str)
            }
            _ => None,
        }
    }

    /// The columns' names: `row`, `target` (if it is known) and `prediction`, then for classes one column per class, its
    /// probability, score or plain output (a score for two classes: one column); for several numbers a pair of columns per output.
    pub fn columns(&self) -> Vec<String> {
        let known = !matches!(self.targets, DatasetTargets::None);
        let mut columns = vec!["row".to_owned()];
        if self.are_classes() || self.outputs == 1 {
            columns.extend(known.then(|| "target".to_owned()));
            columns.push("prediction".to_owned());
            if self.are_classes() {
                let word = match (self.are_probabilities, self.are_scores) {
                    (true, _) => "probability",
                    (_, true) => "score",
                    _ => "output",
                };
                match self.are_scores && self.outputs == 1 {
                    true => columns.push(word.to_owned()),
                    false => columns.extend(self.label_names.iter().map(|label| format!("{word} {label}"))),
                }
            }
        } else {
            let name = |j: usize| self.target_names.get(j).cloned().unwrap_or_else(|| j.to_string());
            for j in 0..self.outputs {
                columns.extend(known.then(|| format!("target {}", name(j))));
                columns.push(format!("prediction {}", name(j)));
            }
        }
        columns
    }

    /// The cells of one row, as text, under [`columns`](Self::columns).
    pub fn cells(&self, row: usize) -> Vec<String> {
        let mut cells = vec![self.row_numbers[row].to_string()];
        if self.are_classes() {
            if !matches!(self.targets, DatasetTargets::None) {
                cells.push(self.target_label(row).unwrap_or_default().to_owned());
            }
            cells.push(self.label(row).unwrap_or_default().to_owned());
            cells.extend(self.class_values(row).iter().map(|value| number(*value)));
        } else {
            for (j, value) in self.row(row).iter().enumerate() {
                if let DatasetTargets::Values { values, outputs } = &self.targets {
                    cells.push(number(values[row * outputs + j]));
                } else if let DatasetTargets::Classes { ids, .. } = &self.targets {
                    cells.push(ids[row].to_string());
                }
                cells.push(number(*value));
            }
        }
        cells
    }

    /// Writes all rows as CSV with a header.
    ///
    /// # Errors
    /// What the writer says.
    pub fn write_csv(&self, to: impl Write) -> io::Result<()> {
        let mut csv = csv::Writer::from_writer(to);
        csv.write_record(self.columns())?;
        for row in 0..self.rows() {
            csv.write_record(self.cells(row))?;
        }
        csv.flush()
    }
}

/// The shortest decimal that reads back as the same number, with an exponent where that saves many zeros.
fn number(value: f64) -> String {
    let is_plain = value == 0.0 || !value.is_finite() || (1e-5..1e16).contains(&value.abs());
    if is_plain { format!("{value}") } else { format!("{value:e}") }
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_are_short_and_read_back_as_they_were() {
        for (value, text) in
            [(0.25, "0.25"), (3.0, "3"), (0.0, "0"), (-4.5e-10, "-4.5e-10"), (1e300, "1e300")]
        {
            assert_eq!(number(value), text);
            assert_eq!(text.parse(), Ok(value));
        }
    }
}
