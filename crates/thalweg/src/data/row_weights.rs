//! What the rows of a data set weigh in a loss.

use super::problem::DataProblem;

/// A weight for each row: finite, 0 or more, not all 0.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RowWeights {
    values: Vec<f64>,
    largest: f64,
}

impl RowWeights {
    /// These weights, times those that the rows already had.
    pub(crate) fn checked(
        mut values: Vec<f64>,
        before: Option<&RowWeights>,
    ) -> Result<RowWeights, DataProblem> {
        if let Some(before) = before {
            for (value, before) in values.iter_mut().zip(&before.values) {
                *value *= before;
            }
        }
        if let Some(row) = values.iter().position(|value| !value.is_finite() || *value < 0.0) {
            return Err(DataProblem::BadWeight { row, weight: values[row] });
        }
        let weights = RowWeights::of(values);
        if weights.largest == 0.0 { Err(DataProblem::NoWeight) } else { Ok(weights) }
    }

    fn of(values: Vec<f64>) -> RowWeights {
        RowWeights { largest: values.iter().copied().fold(0.0, f64::max), values }
    }

    /// The weights of some of the rows, which may all be 0.
    pub(crate) fn select(&self, rows: &[u32]) -> RowWeights {
        RowWeights::of(rows.iter().map(|&row| self.values[row as usize]).collect())
    }

    /// Room for so many of these weights.
    pub(crate) fn room(&self, rows: usize) -> RowWeights {
        RowWeights { values: vec![0.0; rows], largest: self.largest }
    }

    /// Writes one of the weights that there is [`room`](Self::room) for.
    pub(crate) fn set(&mut self, row: usize, weight: f64) {
        self.values[row] = weight;
    }

    /// The weights by row.
    pub(crate) fn values(&self) -> &[f64] {
        &self.values
    }

    /// The largest of them.
    pub(crate) fn largest(&self) -> f64 {
        self.largest
    }
}
