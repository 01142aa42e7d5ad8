//! The rows of a tile, brought into the arena.

use std::ops::Range;

use super::super::program::Values;
use super::{Input, Pass};
use crate::kernels::panels::{self, panel_count, panel_width};
use crate::real::Real;

impl<R: Real> Pass<'_, R> {
    /// Brings the rows into the arena and through whatever stands before the first dense layer.
    pub(in crate::plan::panels) fn gather(&self) {
        let values = &self.program.input;
        if let Some(front) = &self.program.front {
            self.front_forward(front);
            if values.looks_at_columns() {
                self.member.wait();
            }
        }
        let panels = panel_count::<R>(values.output.columns);
        if values.looks_at_columns() {
            for panel in self.member.share(panels) {
                self.gather_panel(values, panel, &(0..self.rows()));
            }
        } else {
            let rows = self.member.share(self.rows());
            for panel in 0..panels {
                self.gather_panel(values, panel, &rows);
            }
        }
        self.row_norms(values);
    }

    fn gather_panel(&self, values: &Values, panel: usize, rows: &Range<usize>) {
        let matrix = values.output;
        let width = panel_width::<R>();
        let first = panel * width;
        let columns = width.min(matrix.columns - first);
        match self.input {
            // The features are there.
            _ if self.program.front.is_some() => {}
            Input::Data(data, numbers) => {
                let numbers = &numbers[rows.clone()];
                data.gather_columns(numbers, first, columns, self.write(matrix, panel, rows), width);
            }
            Input::Values(x) => {
                let x = x.get(rows.start * matrix.columns + first..).unwrap_or(&[]);
                panels::copy_columns(columns, x, matrix.columns, self.write(matrix, panel, rows));
            }
            Input::Gathered(..) => {}
        }
        self.tail_forward(&values.tail, panel, rows);
    }
}
