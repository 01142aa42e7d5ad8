//! The loss over a plane of parameters as a relief map, with the path of the descent: the picture the project is named after.

use crate::axis::{Axis, drawable, extent, nice_step};
use crate::colour_bar::{colour_bar, colour_bar_room};
use crate::contours::{Line, contour_lines};
use crate::error::{DrawError, same_length};
use crate::frame::{Extent, Frame, FrameSpec, INK};
use crate::grid::Grid;
use crate::line_chart::curve_path;
use crate::marker::Shape;
use crate::markup::{Anchor, Node, Stroke, TextStyle, filled_path, image, number, path, rimmed_text};
use crate::palette::{Colour, category, sequential};
use crate::picture::Picture;
use crate::raster::encode_image;
use crate::resample::resampled;
use crate::text_width::text_width;

const PICTURE: &str = "loss surface";
/// Pixels of the map per pixel of the picture: less makes smaller files, and the map is smooth anyway.
const MAP_SCALE: f64 = 0.75;
/// Between two points of a logarithmic grid, values may fall to this share of their surroundings, not further.
const DEEPEST_DIP: f64 = 0.15;
/// From this ratio of the highest to the lowest loss on, heights are logarithms.
const LOG_FROM: f64 = 15.0;

/// Values over a plane with contour lines, shaded as if lit from the upper left, and a path from start to end.
///
/// Where all values are above zero and differ widely, colours and contour lines follow their logarithm.
///
/// # Example
///
/// ```
/// use thalweg_draw::{Grid, Surface};
///
/// let grid = Grid { x: (-1.0, 1.0), y: (-1.0, 1.0), columns: 9, rows: 9 };
/// let bowl: Vec<f64> = grid.points().iter().map(|(x, y)| x * x + y * y).collect();
/// let picture = Surface::new("A bowl", grid, &bowl).path(&[0.9, 0.4, 0.1], &[0.8, 0.3, 0.1]).draw()?;
/// assert!(picture.to_svg().contains("start"));
/// # Ok::<(), thalweg_draw::DrawError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Surface {
    title: String,
    labels: (String, String),
    value_label: String,
    grid: Grid,
    values: Vec<f64>,
    path: (Vec<f64>, Vec<f64>),
    start_label: String,
}

impl Surface {
    /// A surface from the value at every point of the grid, in the order of [`Grid::points`].
    pub fn new(title: impl Into<String>, grid: Grid, values: &[f64]) -> Self {
        Surface {
            title: title.into(),
            labels: ("first direction".into(), "second direction".into()),
            value_label: "loss".into(),
            grid,
            values: values.to_vec(),
            path: (Vec::new(), Vec::new()),
            start_label: "start".into(),
        }
    }

    /// Names the axes.
    pub fn labels(mut self, x: impl Into<String>, y: impl Into<String>) -> Self {
        self.labels = (x.into(), y.into());
        self
    }

    /// Names what the height is (default "loss").
    pub fn value_label(mut self, label: impl Into<String>) -> Self {
        self.value_label = label.into();
        self
    }

    /// The path of the descent, from start to end.
    pub fn path(mut self, x: &[f64], y: &[f64]) -> Self {
        self.path = (x.to_vec(), y.to_vec());
        self
    }

    /// Names where the path begins (default "start").
    pub fn start_label(mut self, label: impl Into<String>) -> Self {
        self.start_label = label.into();
        self
    }

    /// Draws the map.
    ///
    /// # Errors
    /// [`DrawError::Length`] if lists differ in length, [`DrawError::Empty`] for a grid without area or without a finite value.
    pub fn draw(&self) -> Result<Picture, DrawError> {
        self.grid.check(PICTURE, "values", self.values.len())?;
        same_length(PICTURE, "y values of the path", self.path.0.len(), self.path.1.len())?;
        let empty = || DrawError::Empty { picture: PICTURE, what: "finite value" };
        let (low, high) = extent(&self.values, false).ok_or_else(empty)?;
        let log = low > 0.0 && high / low > LOG_FROM;
        let heights = if log { Axis::logarithmic((low, high), 7) } else { Axis::linear((low, high), 7) };
        let frame = self.frame(&heights);

        let size = ((frame.width * MAP_SCALE) as usize + 2, (frame.height * MAP_SCALE) as usize + 2);
        let map = encode_image(size.0, size.1, 3, &shaded(&self.relief(&heights, size), size))?;
        let mut inside = vec![image(frame.left, frame.top, frame.width, frame.height, &map, true)];

        let coarse = (size.0 / 3 + 2, size.1 / 3 + 2);
        let relief = self.relief(&heights, coarse);
        let mut labels = Vec::new();
        self.draw_contours(&frame, &heights, &relief, coarse, &mut inside, &mut labels);
        inside.extend(labels);
        self.draw_path(&frame, &mut inside);
        let bar = colour_bar(&frame, &heights, &self.value_label, sequential)?;
        Ok(frame.finish(inside, bar))
    }

    fn frame(&self, heights: &Axis) -> Frame {
        let (across, up) = (self.grid.x.1 - self.grid.x.0, self.grid.y.1 - self.grid.y.0);
        let (width, height) = if (0.5..=2.2).contains(&(across / up)) {
            let pixels = (620.0 / across).min(480.0 / up);
            (across * pixels, up * pixels)
        } else {
            (600.0, 460.0)
        };
        Frame::new(FrameSpec {
            title: &self.title,
            x_label: &self.labels.0,
            y_label: &self.labels.1,
            x: Axis::linear(self.grid.x, (width / 80.0) as usize),
            y: Axis::linear(self.grid.y, (height / 65.0) as usize),
            legend: &[],
            extent: Extent::Plot(width, height),
            right: colour_bar_room(heights, &self.value_label),
            grid: false,
        })
    }

    /// The map's heights, 0 to 1, on a finer grid.
    ///
    /// A valley of squares is exact if the values themselves are interpolated, where their logarithms would break it into a
    /// string of holes; beside a cliff the values would swing below the ground, so the logarithms give a floor.
    fn relief(&self, heights: &Axis, size: (usize, usize)) -> Vec<f64> {
        let from = (self.grid.columns, self.grid.rows);
        // Places where the loss is not finite are as high as the map goes.
        let usable = |v: &f64| if drawable(*v, heights.log) { *v } else { heights.high };
        let values: Vec<f64> = self.values.iter().map(usable).collect();
        let positions: Vec<f64> = values.iter().map(|&v| heights.position(v)).collect();
        let smooth = resampled(&positions, from, size);
        if !heights.log {
            return smooth;
        }
        let dip = libm::log10(DEEPEST_DIP) / libm::log10(heights.high / heights.low);
        let exact = resampled(&values, from, size);
        let higher = |(value, position): (f64, f64)| {
            if value > 0.0 { heights.position(value).max(position + dip) } else { position + dip }
        };
        exact.into_iter().zip(smooth).map(higher).collect()
    }

    fn draw_contours(
        &self,
        frame: &Frame,
        heights: &Axis,
        relief: &[f64],
        size: (usize, usize),
        inside: &mut Vec<Node>,
        labels: &mut Vec<Node>,
    ) {
        let path: Vec<(f64, f64)> =
            self.path.0.iter().zip(&self.path.1).map(|(x, y)| frame.place(*x, *y)).collect();
        let mut taken: Vec<(f64, f64)> = Vec::new();
        for (value, main) in levels(heights) {
            let level = heights.position(value);
            let mut d = String::new();
            let mut longest: Line = Vec::new();
            for line in contour_lines(relief, size.0, level) {
                let line: Line = line
                    .iter()
                    .map(|(x, y)| {
                        let (x, y) = (x / (size.0 - 1) as f64, y / (size.1 - 1) as f64);
                        (frame.left + x * frame.width, frame.top + (1.0 - y) * frame.height)
                    })
                    .collect();
                for (i, (x, y)) in line.iter().enumerate() {
                    d.push(if i == 0 { 'M' } else { 'L' });
                    d.push_str(&number((x * 10.0).round() / 10.0));
                    d.push(' ');
                    d.push_str(&number((y * 10.0).round() / 10.0));
                }
                if line.len() > longest.len() {
                    longest = line;
                }
            }
            if d.is_empty() {
                continue;
            }
            let (width, opacity) = if main { (1.1, 0.75) } else { (0.7, 0.4) };
            inside.push(crate::markup::path(&d, Stroke { opacity, ..Stroke::solid(Colour::WHITE, width) }));
            if main && longest.len() > 24 {
                labels.extend(label_on(
                    frame,
                    &longest,
                    &path,
                    &mut taken,
                    &crate::axis::plain_value(value, 2),
                ));
            }
        }
    }

    fn draw_path(&self, frame: &Frame, out: &mut Vec<Node>) {
        let (xs, ys) = (&self.path.0, &self.path.1);
        let places: Vec<(f64, f64)> = xs
            .iter()
            .zip(ys)
            .filter(|(x, y)| drawable(**x, false) && drawable(**y, false))
            .map(|(x, y)| frame.place(*x, *y))
            .collect();
        let (Some(&start), Some(&end)) = (places.first(), places.last()) else { return };
        let d = curve_path(frame, xs, ys);
        out.push(path(&d, Stroke { opacity: 0.85, ..Stroke::solid(Colour::WHITE, 5.5) }));
        out.push(path(&d, Stroke::solid(category(1), 2.6)));
        if places.len() <= 60 {
            let inner = &places[1..places.len().saturating_sub(1).max(1)];
            if !inner.is_empty() {
                out.push(Shape::Circle.points(inner, 2.6, category(1)));
            }
        }
        for (place, other, shape, radius, word) in [
            (start, end, Shape::Circle, 6.0, self.start_label.as_str()),
            (end, start, Shape::Star, 8.5, "end"),
        ] {
            let mut d = String::new();
            shape.outline(place.0, place.1, radius, &mut d);
            let fill = if shape == Shape::Star { Colour(240, 228, 66) } else { Colour::WHITE };
            out.push(filled_path(&d, fill, Some(Stroke::solid(INK, 1.6))));
            // The word stands inside the plot, on the side away from the other end.
            let room = text_width(word, 13.0, true) + 16.0;
            let to_right = (place.0 >= other.0 || place.0 - frame.left < room)
                && frame.left + frame.width - place.0 > room;
            let (x, anchor) =
                if to_right { (place.0 + 12.0, Anchor::Start) } else { (place.0 - 12.0, Anchor::End) };
            let y = (place.1 + if place.1 <= other.1 { -6.0 } else { 16.0 })
                .clamp(frame.top + 14.0, frame.top + frame.height - 6.0);
            out.push(rimmed_text(x, y, word, TextStyle { size: 13.0, bold: true, colour: INK, anchor }));
        }
    }
}

/// The values of the contour lines, and whether a line is a main one (thicker, with its value written on it).
fn levels(heights: &Axis) -> Vec<(f64, bool)> {
    if !heights.log {
        let (digit, exponent) = nice_step(heights.high - heights.low, 16);
        let fine = heights.with_ticks(16);
        // Every fifth (every second for a step of 5) is a round number of the next kind.
        let main = if digit == 5 { 2.0 } else { 5.0 };
        let step = format!("{digit}e{exponent}").parse().unwrap_or(1.0);
        return fine.ticks.iter().map(|t| (t.value, (t.value / step / main).fract().abs() < 1e-6)).collect();
    }
    let decades = libm::log10(heights.high / heights.low);
    let digits: &[f64] = match decades {
        d if d > 8.0 => &[1.0],
        d if d > 4.0 => &[1.0, 3.0],
        d if d > 2.0 => &[1.0, 1.5, 2.0, 3.0, 5.0, 7.0],
        _ => &[1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0],
    };
    let (first, last) =
        (libm::floor(libm::log10(heights.low)) as i32, libm::floor(libm::log10(heights.high)) as i32);
    let mut out = Vec::new();
    for exponent in first..=last {
        for &digit in digits {
            let value: f64 = format!("{digit}e{exponent}").parse().unwrap_or(digit);
            let main = digit == 1.0 || (decades <= 2.0 && (digit == 2.0 || digit == 5.0));
            if value > heights.low && value < heights.high {
                out.push((value, main));
            }
        }
    }
    out
}

/// The value written on a contour line where it is far from the path, the edges and other values.
fn label_on(
    frame: &Frame,
    line: &Line,
    path: &[(f64, f64)],
    taken: &mut Vec<(f64, f64)>,
    label: &str,
) -> Option<Node> {
    let distance =
        |a: (f64, f64), b: (f64, f64)| ((a.0 - b.0) * (a.0 - b.0) + (a.1 - b.1) * (a.1 - b.1)).sqrt();
    let room = |p: (f64, f64)| {
        let edge = (p.0 - frame.left)
            .min(frame.left + frame.width - p.0)
            .min(p.1 - frame.top)
            .min(frame.top + frame.height - p.1);
        let near = path.iter().chain(taken.iter()).map(|q| distance(p, *q)).fold(f64::INFINITY, f64::min);
        (2.0 * edge).min(near).min(140.0)
    };
    let best = line.iter().step_by(3).copied().max_by(|a, b| room(*a).total_cmp(&room(*b)))?;
    if room(best) < 36.0 {
        return None;
    }
    taken.push(best);
    let style = TextStyle { size: 10.5, bold: false, colour: INK, anchor: Anchor::Middle };
    Some(rimmed_text(best.0, best.1 + 3.8, label, style))
}

/// The slope that counts as steep on this map: nine tenths of all slopes are gentler.
fn steepest(relief: &[f64], (columns, _): (usize, usize)) -> f64 {
    let mut slopes: Vec<f64> = relief
        .chunks_exact(columns)
        .step_by(5)
        .flat_map(|row| row.windows(2).step_by(5).map(|w| (w[1] - w[0]).abs()))
        .collect();
    slopes.sort_by(f64::total_cmp);
    slopes.get(slopes.len() * 9 / 10).copied().unwrap_or(0.0).max(1e-9)
}

/// The colours of the map, rows from the top: tinted by height, lit from the upper left.
fn shaded(relief: &[f64], (columns, rows): (usize, usize)) -> Vec<u8> {
    let steep = steepest(relief, (columns, rows));
    let at = |r: usize, c: usize| relief[r.min(rows - 1) * columns + c.min(columns - 1)].clamp(0.0, 1.0);
    let mut out = Vec::with_capacity(3 * relief.len());
    for r in (0..rows).rev() {
        for c in 0..columns {
            // Ground that rises towards the lower right faces the light; the square root keeps cliffs from turning black.
            let slope = at(r, c + 1) - at(r, c.saturating_sub(1)) - at(r + 1, c) + at(r.saturating_sub(1), c);
            let slope = slope / (4.0 * steep);
            let light = slope / (1.0 + slope * slope).sqrt();
            let tint = sequential(at(r, c));
            let Colour(red, green, blue) = if light < 0.0 {
                tint.mix(Colour::BLACK, -0.24 * light)
            } else {
                tint.mix(Colour::WHITE, 0.17 * light)
            };
            out.extend([red, green, blue]);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flat_map_has_one_colour_and_a_slope_to_the_right_is_lit() {
        let flat = shaded(&[0.5; 9], (3, 3));
        assert!(flat.chunks(3).all(|c| c == &flat[..3]));
        // Heights 0, 0.5, 1 from left to right: the middle is as high as the flat map, and faces the light.
        let slope = shaded(&[0.0, 0.5, 1.0, 0.0, 0.5, 1.0, 0.0, 0.5, 1.0], (3, 3));
        assert!(slope[12] > flat[0] && slope[14] > flat[2], "{:?} {:?}", &slope[12..15], &flat[..3]);
    }

    #[test]
    fn levels_of_a_logarithmic_map() {
        let found = levels(&Axis::logarithmic((0.5, 200.0), 7));
        let main: Vec<f64> = found.iter().filter(|(_, main)| *main).map(|(v, _)| *v).collect();
        assert_eq!(main, [1.0, 10.0, 100.0]);
        assert!(found.contains(&(50.0, false)));
    }
}
