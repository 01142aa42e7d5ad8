//! Curves and points over common axes: loss against steps, sweeps, train beside validation.

use crate::axis::{Axis, drawable, extent, padded};
use crate::error::{DrawError, same_length};
use crate::frame::{Extent, Frame, FrameSpec, INK, LegendEntry, Swatch, TICK_SIZE};
use crate::marker::Shape;
use crate::markup::{Anchor, Node, Stroke, TextStyle, line, number, path, rimmed_text};
use crate::palette::{Colour, category};
use crate::picture::Picture;

const PICTURE: &str = "line chart";

/// What a series looks like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Look {
    Line { width: f64, dashed: bool },
    Points { radius: f64, shape: Shape },
}

#[derive(Debug, Clone)]
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) x: Vec<f64>,
    pub(crate) y: Vec<f64>,
    pub(crate) look: Look,
    pub(crate) colour: Colour,
}

/// A chart of named curves and points.
///
/// Values that are not finite leave a gap; on a logarithmic axis so do zero and below. Long curves are thinned to what the
/// picture can show, keeping every peak.
///
/// # Example
///
/// ```
/// use thalweg_draw::LineChart;
///
/// let steps = [0.0, 1.0, 2.0, 3.0];
/// let svg = LineChart::new("Learning rate 0.005")
///     .x_label("steps (in hundreds)")
///     .y_label("cost")
///     .log_y()
///     .curve("train", &steps, &[0.7, 0.3, 0.2, 0.1])
///     .dashed_curve("validation", &steps, &[0.7, 0.4, 0.3, 0.3])
///     .draw()?
///     .to_svg();
/// assert!(svg.contains("steps (in hundreds)"));
/// # Ok::<(), thalweg_draw::DrawError>(())
/// ```
#[derive(Debug, Clone)]
pub struct LineChart {
    title: String,
    x_label: String,
    y_label: String,
    log_x: bool,
    log_y: bool,
    x_range: Option<(f64, f64)>,
    y_range: Option<(f64, f64)>,
    size: (f64, f64),
    legend: bool,
    series: Vec<Series>,
    marks: Vec<(f64, String)>,
    colours: usize,
}

impl LineChart {
    /// An empty chart of 720 by 440.
    pub fn new(title: impl Into<String>) -> Self {
        LineChart {
            title: title.into(),
            x_label: String::new(),
            y_label: String::new(),
            log_x: false,
            log_y: false,
            x_range: None,
            y_range: None,
            size: (720.0, 440.0),
            legend: true,
            series: Vec::new(),
            marks: Vec::new(),
            colours: 0,
        }
    }

    /// Names the x axis; put the unit in brackets.
    pub fn x_label(mut self, label: impl Into<String>) -> Self {
        self.x_label = label.into();
        self
    }

    /// Names the y axis; put the unit in brackets.
    pub fn y_label(mut self, label: impl Into<String>) -> Self {
        self.y_label = label.into();
        self
    }

    /// Makes the x axis logarithmic.
    pub fn log_x(mut self) -> Self {
        self.log_x = true;
        self
    }

    /// Makes the y axis logarithmic.
    pub fn log_y(mut self) -> Self {
        self.log_y = true;
        self
    }

    /// Fixes the x axis, for example over the frames of an animation.
    pub fn x_range(mut self, low: f64, high: f64) -> Self {
        self.x_range = Some((low, high));
        self
    }

    /// Fixes the y axis, for example over the frames of an animation.
    pub fn y_range(mut self, low: f64, high: f64) -> Self {
        self.y_range = Some((low, high));
        self
    }

    /// Sets the size of the whole picture (default 720 by 440).
    pub fn size(mut self, width: f64, height: f64) -> Self {
        self.size = (width, height);
        self
    }

    /// Leaves the legend out.
    pub fn without_legend(mut self) -> Self {
        self.legend = false;
        self
    }

    /// Adds a curve in the next colour of the palette.
    pub fn curve(self, name: impl Into<String>, x: &[f64], y: &[f64]) -> Self {
        self.add(name, x, y, Look::Line { width: 2.2, dashed: false }, None)
    }

    /// Adds a dashed curve in the next colour of the palette.
    pub fn dashed_curve(self, name: impl Into<String>, x: &[f64], y: &[f64]) -> Self {
        self.add(name, x, y, Look::Line { width: 2.2, dashed: true }, None)
    }

    /// Adds points in the next colour of the palette.
    pub fn points(self, name: impl Into<String>, x: &[f64], y: &[f64]) -> Self {
        self.add(name, x, y, Look::Points { radius: 4.0, shape: Shape::Circle }, None)
    }

    /// Marks a place on the x axis with a line and a word, for example the best epoch.
    pub fn mark(mut self, x: f64, label: impl Into<String>) -> Self {
        self.marks.push((x, label.into()));
        self
    }

    pub(crate) fn add(
        mut self,
        name: impl Into<String>,
        x: &[f64],
        y: &[f64],
        look: Look,
        colour: Option<Colour>,
    ) -> Self {
        let colour = colour.unwrap_or_else(|| {
            self.colours += 1;
            category(self.colours - 1)
        });
        self.series.push(Series { name: name.into(), x: x.to_vec(), y: y.to_vec(), look, colour });
        self
    }

    /// Draws the chart.
    ///
    /// # Errors
    /// [`DrawError::Length`] if x and y of a series differ in length, [`DrawError::Empty`] if no value can be drawn.
    pub fn draw(&self) -> Result<Picture, DrawError> {
        for s in &self.series {
            same_length(PICTURE, "y values", s.x.len(), s.y.len())?;
        }
        let what = if self.log_x || self.log_y {
            "finite value above zero (an axis is logarithmic)"
        } else {
            "finite value"
        };
        let empty = DrawError::Empty { picture: PICTURE, what };
        // Only points of which both coordinates can be drawn count for the ranges.
        let usable = |s: &Series| {
            let pairs = s.x.iter().zip(&s.y);
            pairs
                .filter(|(x, y)| drawable(**x, self.log_x) && drawable(**y, self.log_y))
                .map(|(x, y)| (*x, *y))
                .collect::<Vec<_>>()
        };
        let (xs, ys): (Vec<f64>, Vec<f64>) = self.series.iter().flat_map(usable).unzip();
        let (Some(x_extent), Some(y_extent)) = (extent(&xs, self.log_x), extent(&ys, self.log_y)) else {
            return Err(empty);
        };
        let has_points = self.series.iter().any(|s| matches!(s.look, Look::Points { .. }));
        let legend: Vec<LegendEntry> =
            self.series.iter().filter(|s| !s.name.is_empty()).map(Series::legend).collect();
        let legend = if self.legend && legend.len() > 1 { legend } else { Vec::new() };
        let frame = Frame::new(FrameSpec {
            title: &self.title,
            x_label: &self.x_label,
            y_label: &self.y_label,
            x: self.x_axis(x_extent, has_points),
            y: self.y_axis(y_extent),
            legend: &legend,
            extent: Extent::Whole(self.size.0, self.size.1),
            right: 0.0,
            grid: true,
        });
        let mut inside = Vec::new();
        for s in &self.series {
            s.draw(&frame, &mut inside);
        }
        let mut over = Vec::new();
        self.draw_marks(&frame, &mut inside, &mut over);
        Ok(frame.finish(inside, over))
    }

    fn x_axis(&self, found: (f64, f64), has_points: bool) -> Axis {
        let target = ((self.size.0 / 85.0) as usize).max(4);
        let range = self.x_range.unwrap_or(if has_points { padded(found, 0.03, self.log_x) } else { found });
        if self.log_x && range.0 > 0.0 {
            Axis::logarithmic(range, target)
        } else {
            Axis::linear(range, target)
        }
    }

    fn y_axis(&self, found: (f64, f64)) -> Axis {
        let target = ((self.size.1 / 62.0) as usize).max(3);
        match self.y_range {
            Some(range) if self.log_y && range.0 > 0.0 => Axis::logarithmic(range, target),
            Some(range) => Axis::linear(range, target),
            None if self.log_y => Axis::logarithmic(padded(found, 0.06, true), target),
            None => Axis::rounded(found, target),
        }
    }

    fn draw_marks(&self, frame: &Frame, inside: &mut Vec<Node>, over: &mut Vec<Node>) {
        for (x, label) in self.marks.iter().filter(|(x, _)| frame.holds(*x, frame.y.low)) {
            let (px, _) = frame.place(*x, frame.y.low);
            let bottom = frame.top + frame.height;
            let stroke = Stroke { dashed: true, ..Stroke::solid(Colour(90, 90, 90), 1.2) };
            inside.push(line((px, frame.top), (px, bottom), stroke));
            // The word stands on the side with more room.
            let (at, anchor) = if px < frame.left + frame.width / 2.0 {
                (px + 6.0, Anchor::Start)
            } else {
                (px - 6.0, Anchor::End)
            };
            over.push(rimmed_text(
                at,
                frame.top + 16.0,
                label,
                TextStyle { size: TICK_SIZE, bold: false, colour: INK, anchor },
            ));
        }
    }
}

impl Series {
    fn legend(&self) -> LegendEntry {
        let swatch = match self.look {
            Look::Line { width, dashed } => {
                Swatch::Line { stroke: Stroke { dashed, ..Stroke::solid(self.colour, width) } }
            }
            Look::Points { shape, .. } => Swatch::Point { shape, colour: self.colour },
        };
        LegendEntry { label: self.name.clone(), swatch }
    }

    fn draw(&self, frame: &Frame, out: &mut Vec<Node>) {
        match self.look {
            Look::Line { width, dashed } => {
                let d = curve_path(frame, &self.x, &self.y);
                if !d.is_empty() {
                    out.push(path(&d, Stroke { dashed, ..Stroke::solid(self.colour, width) }));
                }
            }
            Look::Points { radius, shape } => {
                let pairs = self.x.iter().zip(&self.y).filter(|(x, y)| frame.holds(**x, **y));
                let places: Vec<(f64, f64)> = pairs.map(|(x, y)| frame.place(*x, *y)).collect();
                if !places.is_empty() {
                    out.push(shape.points(&places, radius, self.colour));
                }
            }
        }
    }
}

/// The path of a curve: a new start after each gap, thinned where several values fall on one pixel.
pub(crate) fn curve_path(frame: &Frame, x: &[f64], y: &[f64]) -> String {
    let mut d = String::new();
    let mut run: Vec<(f64, f64)> = Vec::new();
    let mut flush = |run: &mut Vec<(f64, f64)>| {
        if run.len() as f64 > 3.0 * frame.width {
            *run = thinned(run);
        }
        for (i, (px, py)) in run.iter().enumerate() {
            d.push(match i {
                0 => 'M',
                1 => 'L',
                _ => ' ',
            });
            d.push_str(&number(*px));
            d.push(' ');
            d.push_str(&number(*py));
        }
        // A lone value is a line of no length, which its round ends make a dot.
        if run.len() == 1 {
            d.push_str("h0.01");
        }
        run.clear();
    };
    for (x, y) in x.iter().zip(y) {
        if drawable(*x, frame.x.log) && drawable(*y, frame.y.log) {
            run.push(frame.place(*x, *y));
        } else {
            flush(&mut run);
        }
    }
    flush(&mut run);
    d
}

/// Keeps the first, lowest, highest and last place of each pixel column.
fn thinned(run: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut kept = Vec::new();
    for column in run.chunk_by(|a, b| a.0.floor() == b.0.floor()) {
        let by_y = |a: &&(f64, f64), b: &&(f64, f64)| a.1.total_cmp(&b.1);
        let ends = [column.iter().min_by(by_y), column.iter().max_by(by_y), column.first(), column.last()];
        let mut ends: Vec<(f64, f64)> = ends.into_iter().flatten().copied().collect();
        ends.sort_by(|a, b| a.0.total_cmp(&b.0));
        ends.dedup();
        kept.extend(ends);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinning_keeps_the_peaks_of_a_pixel_column() {
        let run = [(1.0, 5.0), (1.2, 9.0), (1.4, 6.0), (1.6, 1.0), (1.8, 4.0), (2.0, 3.0)];
        assert_eq!(thinned(&run), [(1.0, 5.0), (1.2, 9.0), (1.6, 1.0), (1.8, 4.0), (2.0, 3.0)]);
    }

    #[test]
    fn empty_and_uneven_data_are_refused() {
        let error = LineChart::new("t").curve("a", &[1.0], &[f64::NAN]).draw().unwrap_err();
        assert_eq!(error.to_string(), "the line chart has no finite value to draw; give at least one");
        let error = LineChart::new("t").log_y().curve("a", &[1.0], &[-1.0]).draw().unwrap_err();
        assert!(error.to_string().contains("no finite value above zero (an axis is logarithmic)"));
        let error = LineChart::new("t").curve("a", &[1.0, 2.0], &[1.0]).draw().unwrap_err();
        assert_eq!(error.to_string(), "the line chart was given 1 y values where 2 are needed");
    }

    #[test]
    fn a_gap_starts_a_new_piece() {
        let svg = LineChart::new("t")
            .curve("a", &[0.0, 1.0, 2.0, 3.0], &[1.0, f64::NAN, 1.5, 2.0])
            .draw()
            .unwrap()
            .to_svg();
        let curve = svg.lines().find(|l| l.contains("stroke-linejoin")).unwrap();
        assert_eq!(curve.matches('M').count(), 2, "{curve}");
    }
}
