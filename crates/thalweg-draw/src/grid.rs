//! The rectangle of points at which a picture of a plane asks for values.

use crate::axis::{extent, padded};
use crate::error::DrawError;

/// Evenly spaced points over a rectangle, both ends included, row by row from the lowest y.
///
/// # Example
///
/// ```
/// use thalweg_draw::Grid;
///
/// let grid = Grid { x: (0.0, 2.0), y: (5.0, 6.0), columns: 3, rows: 2 };
/// assert_eq!(grid.points()[1], (1.0, 5.0));
/// assert_eq!(grid.points()[3], (0.0, 6.0));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Grid {
    /// Lowest and highest x.
    pub x: (f64, f64),
    /// Lowest and highest y.
    pub y: (f64, f64),
    /// Points per row, at least 2.
    pub columns: usize,
    /// Rows, at least 2.
    pub rows: usize,
}

impl Grid {
    /// A grid around data, wider by `margin` of their range on each side (0.1 is usual), with square cells where possible.
    ///
    /// # Errors
    /// [`DrawError::Empty`] without a finite point.
    pub fn around(x: &[f64], y: &[f64], margin: f64, columns: usize) -> Result<Grid, DrawError> {
        let empty = || DrawError::Empty { picture: "grid", what: "finite point" };
        let x = padded(extent(x, false).ok_or_else(empty)?, margin, false);
        let y = padded(extent(y, false).ok_or_else(empty)?, margin, false);
        let columns = columns.max(2);
        let rows = ((columns - 1) as f64 * (y.1 - y.0) / (x.1 - x.0)).round() + 1.0;
        Ok(Grid { x, y, columns, rows: rows.clamp(2.0, 2.0 * columns as f64) as usize })
    }

    /// How many points there are.
    pub fn len(&self) -> usize {
        self.columns * self.rows
    }

    /// Whether there are no points.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Every point, row by row from the lowest y.
    pub fn points(&self) -> Vec<(f64, f64)> {
        let at = |(low, high): (f64, f64), i: usize, count: usize| {
            low + (high - low) * i as f64 / count.saturating_sub(1).max(1) as f64
        };
        (0..self.rows)
            .flat_map(|r| {
                (0..self.columns).map(move |c| (at(self.x, c, self.columns), at(self.y, r, self.rows)))
            })
            .collect()
    }

    /// Checks that the grid has an area and `given` values.
    pub(crate) fn check(
        &self,
        picture: &'static str,
        what: &'static str,
        given: usize,
    ) -> Result<(), DrawError> {
        let has_area = self.x.1 > self.x.0 && self.y.1 > self.y.0 && self.columns > 1 && self.rows > 1;
        if !has_area || extent(&[self.x.0, self.x.1, self.y.0, self.y.1], false).is_none() {
            return Err(DrawError::Empty { picture, what: "grid with an area" });
        }
        crate::error::same_length(picture, what, self.len(), given)
    }
}
