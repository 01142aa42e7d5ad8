//! Whole pictures of characters: curves, a fit through its points, decision regions.

use super::canvas::{Canvas, Ink};
use crate::axis::{Axis, drawable, extent, padded, plain_value};
use crate::grid::Grid;

/// The Okabe-Ito colours nearest among the terminal's 256: blue, vermillion, green, purple, orange, sky blue.
const INKS: [u8; 6] = [32, 166, 36, 175, 214, 74];
/// Darker ones for regions, in the same order.
const GROUNDS: [u8; 6] = [24, 130, 29, 96, 136, 31];
/// Brighter ones for points on regions.
const BRIGHT: [u8; 6] = [117, 215, 158, 225, 229, 195];
/// Letters of classes where there is no colour: on regions, and for points.
const REGION_LETTERS: [char; 6] = ['·', ':', '░', '-', '▒', '='];
const POINT_LETTERS: [char; 6] = ['o', '^', 'x', '+', '*', '#'];
const FRAME_INK: Ink = Some(244);

/// One curve of [`Screen::curves`].
#[derive(Debug, Clone, Copy)]
pub struct Trace<'a> {
    /// Its name in the legend.
    pub name: &'a str,
    /// Places along x.
    pub x: &'a [f64],
    /// Values; what cannot be drawn leaves a gap.
    pub y: &'a [f64],
}

/// A screen of characters that draws picture after picture into the same memory.
///
/// Every method returns the finished lines, at most as many as the screen has rows, none wider than its columns. Lists of
/// different lengths are drawn as far as the shorter goes; without anything to draw the picture is an empty frame.
///
/// # Example
///
/// ```
/// use thalweg_draw::terminal::Screen;
///
/// let mut screen = Screen::new(40, 10, false);
/// let lines = screen.fit("a line", (&[0.0, 1.0, 2.0], &[0.0, 1.0, 2.0]), (&[0.0, 2.0], &[0.0, 2.0]));
/// assert_eq!(lines.len(), 10);
/// assert!(lines[0].contains("a line"));
/// ```
#[derive(Debug, Clone)]
pub struct Screen {
    columns: usize,
    rows: usize,
    colour: bool,
    canvas: Canvas,
    lines: Vec<String>,
}

/// The part of the screen inside the axes, in characters.
#[derive(Debug, Clone)]
struct Area {
    left: usize,
    top: usize,
    columns: usize,
    rows: usize,
    x: Axis,
    y: Axis,
}

impl Area {
    /// The dot of a point, or nothing if it cannot be drawn; far-off points stop a little outside.
    fn place(&self, x: f64, y: f64) -> Option<(i32, i32)> {
        if !drawable(x, self.x.log) || !drawable(y, self.y.log) {
            return None;
        }
        let across = self.x.position(x).clamp(-2.0, 3.0) * (2 * self.columns - 1) as f64;
        let down = (1.0 - self.y.position(y)).clamp(-2.0, 3.0) * (4 * self.rows - 1) as f64;
        Some(((2 * self.left) as i32 + across.round() as i32, (4 * self.top) as i32 + down.round() as i32))
    }

    fn holds(&self, (x, y): (i32, i32)) -> bool {
        let (left, top) = ((2 * self.left) as i32, (4 * self.top) as i32);
        (left..left + 2 * self.columns as i32).contains(&x) && (top..top + 4 * self.rows as i32).contains(&y)
    }
}

impl Screen {
    /// A screen of `columns` by `rows` characters (at least 20 by 6, at most 1000 by 500), with or without colours.
    pub fn new(columns: usize, rows: usize, colour: bool) -> Self {
        let (columns, rows) = (columns.clamp(20, 1000), rows.clamp(6, 500));
        Screen { columns, rows, colour, canvas: Canvas::new(columns, rows), lines: Vec::with_capacity(rows) }
    }

    /// Curves over common axes, such as the loss of training and validation against steps.
    pub fn curves(&mut self, title: &str, curves: &[Trace<'_>], log_y: bool) -> &[String] {
        self.canvas.clear();
        let x = extent(curves.iter().flat_map(|c| c.x), false).unwrap_or((0.0, 1.0));
        let y = extent(curves.iter().flat_map(|c| c.y), log_y).unwrap_or((0.1, 1.0));
        let y = if log_y { Axis::logarithmic(y, 4) } else { Axis::linear(padded(y, 0.02, false), 4) };
        let area = self.frame(title, Axis::linear(x, 5), y);
        for (i, curve) in curves.iter().enumerate() {
            self.draw_curve(&area, curve.x, curve.y, Some(INKS[i % INKS.len()]));
        }
        // Names in the upper right corner, one under the other, if there is more than one curve.
        if curves.len() > 1 {
            let longest = curves.iter().map(|c| c.name.chars().count()).max().unwrap_or(0);
            let column = area.left + area.columns - longest.min(area.columns.saturating_sub(4)) - 2;
            for (i, curve) in curves.iter().enumerate().take(area.rows) {
                self.canvas.text(column, area.top + i, "━ ", Some(INKS[i % INKS.len()]));
                self.canvas.text(column + 2, area.top + i, curve.name, None);
            }
        }
        self.finish()
    }

    /// Data points and the curve through them. The axes hold the points, so that they stand still while the curve moves.
    pub fn fit(&mut self, title: &str, points: (&[f64], &[f64]), curve: (&[f64], &[f64])) -> &[String] {
        self.canvas.clear();
        let x = padded(extent(points.0, false).unwrap_or((0.0, 1.0)), 0.03, false);
        let y = padded(extent(points.1, false).unwrap_or((0.0, 1.0)), 0.1, false);
        let area = self.frame(title, Axis::linear(x, 5), Axis::linear(y, 4));
        self.draw_curve(&area, curve.0, curve.1, Some(INKS[1]));
        for (&x, &y) in points.0.iter().zip(points.1) {
            if let Some(place) = area.place(x, y).filter(|p| area.holds(*p)) {
                self.canvas.letter(place.0 as usize / 2, place.1 as usize / 4, '●', Some(INKS[0]));
            }
        }
        self.finish()
    }

    /// The class at each point of a grid (in the order of [`Grid::points`]), and the data on top.
    pub fn regions(
        &mut self,
        title: &str,
        grid: Grid,
        classes: &[usize],
        points: (&[f64], &[f64], &[usize]),
    ) -> &[String] {
        self.canvas.clear();
        let area = self.frame(title, Axis::linear(grid.x, 5), Axis::linear(grid.y, 4));
        let class_at = |across: f64, up: f64| {
            let index = |share: f64, count: usize| (share * count.saturating_sub(1) as f64).round() as usize;
            classes.get(index(up, grid.rows) * grid.columns + index(across, grid.columns)).copied()
        };
        // One look per half character with colour, one per character without.
        let halves = if self.colour { 2 } else { 1 };
        for row in 0..halves * area.rows {
            for column in 0..area.columns {
                let across = (column as f64 + 0.5) / area.columns as f64;
                let up = 1.0 - (row as f64 + 0.5) / (halves * area.rows) as f64;
                let Some(class) = class_at(across, up) else { continue };
                if self.colour {
                    self.canvas.ground(
                        area.left + column,
                        2 * area.top + row,
                        Some(GROUNDS[class % GROUNDS.len()]),
                    );
                } else {
                    let letter = REGION_LETTERS[class % REGION_LETTERS.len()];
                    self.canvas.letter(area.left + column, area.top + row, letter, None);
                }
            }
        }
        for ((&x, &y), &class) in points.0.iter().zip(points.1).zip(points.2) {
            if let Some(place) = area.place(x, y).filter(|p| area.holds(*p)) {
                let letter = if self.colour { '●' } else { POINT_LETTERS[class % POINT_LETTERS.len()] };
                self.canvas.letter(
                    place.0 as usize / 2,
                    place.1 as usize / 4,
                    letter,
                    Some(BRIGHT[class % BRIGHT.len()]),
                );
            }
        }
        self.finish()
    }

    fn draw_curve(&mut self, area: &Area, x: &[f64], y: &[f64], ink: Ink) {
        let mut before: Option<(i32, i32)> = None;
        for (&x, &y) in x.iter().zip(y) {
            let here = area.place(x, y);
            if let Some(to) = here {
                self.clipped_line(area, before.unwrap_or(to), to, ink);
            }
            before = here;
        }
    }

    /// A line of which only the part inside the area is drawn.
    fn clipped_line(&mut self, area: &Area, from: (i32, i32), to: (i32, i32), ink: Ink) {
        if area.holds(from) && area.holds(to) {
            return self.canvas.line(from, to, ink);
        }
        let steps = (to.0 - from.0).abs().max((to.1 - from.1).abs()).max(1);
        for i in 0..=steps {
            let at = |a: i32, b: i32| a + (f64::from(b - a) * f64::from(i) / f64::from(steps)).round() as i32;
            let place = (at(from.0, to.0), at(from.1, to.1));
            if area.holds(place) {
                self.canvas.dot(place.0, place.1, ink);
            }
        }
    }

    /// Title, axes and tick labels; returns the area inside.
    fn frame(&mut self, title: &str, x: Axis, y: Axis) -> Area {
        let label_width =
            y.ticks.iter().map(|t| t.label.chars().count()).max().unwrap_or(0).min(self.columns / 3);
        let left = label_width + 1;
        let area = Area { left, top: 1, columns: self.columns - left, rows: self.rows - 3, x, y };
        let line_row = area.top + area.rows;
        self.canvas.text(left, 0, title, None);
        for row in area.top..line_row {
            self.canvas.letter(left - 1, row, '│', FRAME_INK);
        }
        self.canvas.letter(left - 1, line_row, '└', FRAME_INK);
        for column in left..self.columns {
            self.canvas.letter(column, line_row, '─', FRAME_INK);
        }
        for tick in &area.y.ticks {
            let down = (1.0 - area.y.position(tick.value)) * (area.rows as f64 - 0.01);
            let row = area.top + (down.max(0.0) as usize).min(area.rows - 1);
            let label: String = tick.label.chars().take(label_width).collect();
            self.canvas.text(label_width - label.chars().count(), row, &label, FRAME_INK);
            self.canvas.letter(left - 1, row, '┤', FRAME_INK);
        }
        let mut free_from = 0;
        for tick in &area.x.ticks {
            let column = left + (area.x.position(tick.value) * (area.columns - 1) as f64).round() as usize;
            let width = tick.label.chars().count();
            let start = column.saturating_sub(width / 2).min(self.columns.saturating_sub(width));
            if start >= free_from && column < self.columns {
                self.canvas.letter(column, line_row, '┴', FRAME_INK);
                self.canvas.text(start, line_row + 1, &tick.label, FRAME_INK);
                free_from = start + width + 1;
            }
        }
        area
    }

    fn finish(&mut self) -> &[String] {
        self.canvas.write(self.colour, &mut self.lines);
        &self.lines
    }
}

/// A number for a title of a few characters, such as "loss 0.0123".
pub fn short_number(value: f64) -> String {
    plain_value(value, 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rising_line_by_hand() {
        let mut screen = Screen::new(20, 6, false);
        let lines = screen.curves("up", &[Trace { name: "a", x: &[0.0, 1.0], y: &[0.0, 1.0] }], false);
        assert_eq!(lines.len(), 6);
        assert_eq!(lines[0].trim(), "up");
        // The line ends at the upper right and starts at the lower left, beside the axis.
        assert!(lines[1].ends_with('⠉') || lines[1].ends_with('⠊') || lines[1].ends_with('⠁'), "{lines:?}");
        assert!(lines[4].contains('└'), "{lines:?}");
    }

    #[test]
    fn nothing_to_draw_is_an_empty_frame() {
        let mut screen = Screen::new(0, 0, true);
        assert_eq!(screen.curves("", &[], true).len(), 6);
        assert_eq!(screen.fit("", (&[], &[]), (&[f64::NAN], &[1.0])).len(), 6);
        let grid = Grid { x: (0.0, 0.0), y: (0.0, 0.0), columns: 0, rows: 0 };
        assert_eq!(screen.regions("", grid, &[], (&[], &[], &[])).len(), 6);
    }

    #[test]
    fn no_line_is_wider_than_the_screen() {
        let x: Vec<f64> = (0..50).map(f64::from).collect();
        let y: Vec<f64> = x.iter().map(|v| (v - 20.0) * 1e4).collect();
        let mut screen = Screen::new(33, 9, false);
        let trace = [Trace { name: "a very long name of a curve that does not fit", x: &x, y: &y }; 2];
        for line in screen.curves("a very long title that does not fit into the screen", &trace, false) {
            assert!(line.chars().count() <= 33, "{line}");
        }
    }

    #[test]
    fn regions_without_colour_have_letters() {
        let grid = Grid { x: (0.0, 1.0), y: (0.0, 1.0), columns: 2, rows: 2 };
        let mut screen = Screen::new(30, 8, false);
        let lines = screen.regions("r", grid, &[0, 1, 0, 1], (&[0.9], &[0.5], &[1])).join("\n");
        assert!(lines.contains('·') && lines.contains(':') && lines.contains('^'), "{lines}");
        assert!(!lines.contains('\x1b'));
    }
}
