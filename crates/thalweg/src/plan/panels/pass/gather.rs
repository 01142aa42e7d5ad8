//! The rows of a tile, brought into the arena.

use super::{Input, Pass};
use crate::kernels::panels::{self, panel_count, panel_width};
use crate::real::Real;

impl<R: Real> Pass<'_, R> {
    /// Brings this member's rows into the arena and through whatever stands before the first dense layer.
    pub(in crate::plan::panels) fn gather(&self) {
        if let Some(front) = &self.program.front {
            self.front_forward(front);
        }
        let rows = self.member.share(self.rows());
        let matrix = self.program.input;
        let width = panel_width::<R>();
        for panel in 0..panel_count::<R>(matrix.columns) {
            let first = panel * width;
            let columns = width.min(matrix.columns - first);
            match self.input {
                // The features are there.
                _ if self.program.front.is_some() => {}
                Input::Data(data, numbers) => {
                    let numbers = &numbers[rows.clone()];
                    data.gather_columns(numbers, first, columns, self.write(matrix, panel, &rows), width);
                }
                Input::Values(values) => {
                    let x = values.get(rows.start * matrix.columns + first..).unwrap_or(&[]);
                    panels::copy_columns(columns, x, matrix.columns, self.write(matrix, panel, &rows));
                }
                Input::Gathered(..) => {}
            }
            self.tail_forward(&self.program.head, panel, &rows);
        }
    }
}
