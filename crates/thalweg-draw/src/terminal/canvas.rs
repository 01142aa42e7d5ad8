//! A grid of characters: each holds braille dots, or a letter, on a ground of two colours.

use std::fmt::Write;

/// A colour of the terminal's 256, or its own.
pub(super) type Ink = Option<u8>;

/// The unit dot of a braille character at (column, row) of its 2 by 4 dots (Unicode standard, block U+2800).
const DOTS: [[u8; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];

#[derive(Debug, Clone, Copy, PartialEq)]
struct Cell {
    dots: u8,
    /// Stands instead of dots where it is not `\0`.
    letter: char,
    ink: Ink,
    /// Colours of the upper and the lower half behind.
    ground: [Ink; 2],
}

const BLANK: Cell = Cell { dots: 0, letter: '\0', ink: None, ground: [None; 2] };

/// A rectangle of characters that is drawn over and over in the same memory.
#[derive(Debug, Clone)]
pub(super) struct Canvas {
    columns: usize,
    rows: usize,
    cells: Vec<Cell>,
}

impl Canvas {
    pub(super) fn new(columns: usize, rows: usize) -> Self {
        Canvas { columns, rows, cells: vec![BLANK; columns * rows] }
    }

    pub(super) fn clear(&mut self) {
        self.cells.fill(BLANK);
    }

    /// Sets one dot; x counts half characters from the left, y quarter characters from the top. Outside is ignored.
    pub(super) fn dot(&mut self, x: i32, y: i32, ink: Ink) {
        let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else { return };
        if x < 2 * self.columns && y < 4 * self.rows {
            let cell = &mut self.cells[y / 4 * self.columns + x / 2];
            cell.dots |= DOTS[x % 2][y % 4];
            cell.ink = ink;
        }
    }

    /// Draws a straight line of dots, both ends included (J. E. Bresenham, 1965).
    pub(super) fn line(&mut self, from: (i32, i32), to: (i32, i32), ink: Ink) {
        let (mut x, mut y) = from;
        let (dx, dy) = ((to.0 - x).abs(), -(to.1 - y).abs());
        let (step_x, step_y) = ((to.0 - x).signum(), (to.1 - y).signum());
        let mut error = dx + dy;
        loop {
            self.dot(x, y, ink);
            if (x, y) == to {
                return;
            }
            let twice = 2 * error;
            if twice >= dy {
                error += dy;
                x += step_x;
            }
            if twice <= dx {
                error += dx;
                y += step_y;
            }
        }
    }

    /// Puts a character into a cell, above dots.
    pub(super) fn letter(&mut self, column: usize, row: usize, letter: char, ink: Ink) {
        if column < self.columns && row < self.rows {
            let cell = &mut self.cells[row * self.columns + column];
            cell.letter = letter;
            cell.ink = ink;
        }
    }

    /// Writes text from a cell to the right; what does not fit is cut.
    pub(super) fn text(&mut self, column: usize, row: usize, text: &str, ink: Ink) {
        text.chars().enumerate().for_each(|(i, c)| self.letter(column + i, row, c, ink));
    }

    /// Colours half a cell; `half` counts half characters from the top.
    pub(super) fn ground(&mut self, column: usize, half: usize, ink: Ink) {
        if column < self.columns && half / 2 < self.rows {
            self.cells[half / 2 * self.columns + column].ground[half % 2] = ink;
        }
    }

    /// Writes every row as a line of text into `lines`, with the memory they have; colour codes only if `colour`.
    pub(super) fn write(&self, colour: bool, lines: &mut Vec<String>) {
        lines.resize_with(self.rows, String::new);
        for (line, cells) in lines.iter_mut().zip(self.cells.chunks_exact(self.columns)) {
            line.clear();
            let end = cells.iter().rposition(|c| *c != BLANK).map_or(0, |last| last + 1);
            let mut state: (Ink, Ink) = (None, None);
            for cell in &cells[..end] {
                let (letter, ink, ground) = cell.look();
                if colour && state != (ink, ground) {
                    write_colours(line, ink, ground);
                    state = (ink, ground);
                }
                line.push(letter);
            }
            if state != (None, None) {
                line.push_str("\x1b[0m");
            }
        }
    }
}

impl Cell {
    /// The character, its colour and the colour behind it.
    fn look(&self) -> (char, Ink, Ink) {
        let [upper, lower] = self.ground;
        match (self.letter, self.dots) {
            ('\0', 0) if upper == lower => (' ', None, upper),
            ('\0', 0) => ('▀', upper, lower),
            ('\0', dots) => (char::from_u32(0x2800 + u32::from(dots)).unwrap_or(' '), self.ink, upper),
            (letter, _) => (letter, self.ink, upper),
        }
    }
}

/// Sets both colours; "0" first takes the last ones back.
fn write_colours(line: &mut String, ink: Ink, ground: Ink) {
    line.push_str("\x1b[0");
    if let Some(ink) = ink {
        let _ = write!(line, ";38;5;{ink}");
    }
    if let Some(ground) = ground {
        let _ = write!(line, ";48;5;{ground}");
    }
    line.push('m');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(canvas: &Canvas, colour: bool) -> Vec<String> {
        let mut lines = Vec::new();
        canvas.write(colour, &mut lines);
        lines
    }

    #[test]
    fn dots_make_braille() {
        let mut canvas = Canvas::new(2, 1);
        canvas.line((0, 0), (3, 3), None);
        // Dots 1 and 5 (rows 0 and 1 of the first character), dots 3 and 8 (rows 2 and 3 of the second).
        assert_eq!(lines(&canvas, false), ["⠑⢄"]);
        canvas.dot(-1, 0, None);
        canvas.dot(99, 99, None);
        canvas.clear();
        assert_eq!(lines(&canvas, false), [""]);
    }

    #[test]
    fn colours_are_set_once_and_taken_back() {
        let mut canvas = Canvas::new(4, 1);
        canvas.text(0, 0, "ab", Some(32));
        canvas.text(2, 0, "c", None);
        assert_eq!(lines(&canvas, true), ["\x1b[0;38;5;32mab\x1b[0mc"]);
        assert_eq!(lines(&canvas, false), ["abc"]);
    }

    #[test]
    fn half_blocks_show_two_colours() {
        let mut canvas = Canvas::new(1, 1);
        canvas.ground(0, 0, Some(1));
        canvas.ground(0, 1, Some(2));
        assert_eq!(lines(&canvas, true), ["\x1b[0;38;5;1;48;5;2m▀\x1b[0m"]);
    }
}
