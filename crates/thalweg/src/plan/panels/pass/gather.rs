//! The rows of a tile, brought into the arena.

use std::ops::Range;

use super::super::program::Matrix;
use super::{Input, Pass};
use crate::kernels::panels::{self, panel_count, panel_width};
use crate::real::Real;

/// Rows that are gathered one after the other before they go into panels.
pub(in crate::plan::panels) const GATHERED: usize = 16;

impl<R: Real> Pass<'_, R> {
    /// Brings this member's rows into the arena and through whatever stands before the first dense layer.
    pub(in crate::plan::panels) fn gather(&self) {
        let rows = self.member.share(self.rows());
        let matrix = self.program.input;
        match self.input {
            Input::Data(data, numbers) => {
                for first in rows.clone().step_by(GATHERED) {
                    let group = first..rows.end.min(first + GATHERED);
                    let values = &mut self.scratch()[..group.len() * matrix.columns];
                    for (&number, row) in
                        numbers[group.clone()].iter().zip(values.chunks_exact_mut(matrix.columns))
                    {
                        data.gather_row(number, row);
                    }
                    self.write_rows(matrix, &group, values);
                }
            }
            Input::Values(values) => self.write_rows(matrix, &rows, &values[rows.start * matrix.columns..]),
            Input::Gathered(..) => {}
        }
        for panel in 0..panel_count::<R>(matrix.columns) {
            self.tail_forward(&self.program.head, panel, &rows);
        }
    }

    /// Writes rows of a matrix, which belong to this member, from `values`, where they lie one after the other.
    fn write_rows(&self, matrix: Matrix, rows: &Range<usize>, values: &[R]) {
        let width = panel_width::<R>();
        for panel in 0..panel_count::<R>(matrix.columns) {
            let columns = width.min(matrix.columns - panel * width);
            let x = values.get(panel * width..).unwrap_or(&[]);
            panels::copy_columns(columns, x, matrix.columns, self.write(matrix, panel, rows));
        }
    }
}
