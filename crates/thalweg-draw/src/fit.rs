//! Data points and the curve that a network draws through them, at several moments of its training.

use crate::axis::{extent, padded};
use crate::error::{DrawError, same_length};
use crate::line_chart::{LineChart, Look};
use crate::marker::Shape;
use crate::palette::{Colour, category};
use crate::picture::Picture;

const PICTURE: &str = "fit";

/// Data points with one or more fitted curves.
///
/// # Example
///
/// ```
/// use thalweg_draw::Fit;
///
/// let x = [0.0, 1.0, 2.0];
/// let fit = Fit::new("A line").points(&x, &[0.0, 2.0, 4.0]).stage("start", &x, &[1.0, 1.0, 1.0]).stage("end", &x, &[0.0, 2.0, 4.0]);
/// assert!(fit.draw()?.to_svg().contains("end"));
/// assert!(fit.draw_panels(2)?.width() > 600.0);
/// # Ok::<(), thalweg_draw::DrawError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Fit {
    title: String,
    x_label: String,
    y_label: String,
    x: Vec<f64>,
    y: Vec<f64>,
    stages: Vec<(String, Vec<f64>, Vec<f64>)>,
    y_range: Option<(f64, f64)>,
    size: (f64, f64),
}

impl Fit {
    /// A fit without data, axes named x and y.
    pub fn new(title: impl Into<String>) -> Self {
        Fit {
            title: title.into(),
            x_label: "x".into(),
            y_label: "y".into(),
            x: Vec::new(),
            y: Vec::new(),
            stages: Vec::new(),
            y_range: None,
            size: (720.0, 440.0),
        }
    }

    /// Names the axes.
    pub fn labels(mut self, x: impl Into<String>, y: impl Into<String>) -> Self {
        (self.x_label, self.y_label) = (x.into(), y.into());
        self
    }

    /// The data.
    pub fn points(mut self, x: &[f64], y: &[f64]) -> Self {
        (self.x, self.y) = (x.to_vec(), y.to_vec());
        self
    }

    /// Adds the curve of one moment, the earliest first.
    pub fn stage(mut self, name: impl Into<String>, x: &[f64], y: &[f64]) -> Self {
        self.stages.push((name.into(), x.to_vec(), y.to_vec()));
        self
    }

    /// Fixes the y axis, for example over the frames of an animation.
    pub fn y_range(mut self, low: f64, high: f64) -> Self {
        self.y_range = Some((low, high));
        self
    }

    /// Sets the size of the whole picture, or of one panel (default 720 by 440).
    pub fn size(mut self, width: f64, height: f64) -> Self {
        self.size = (width, height);
        self
    }

    /// Draws all stages over the same points.
    ///
    /// # Errors
    /// [`DrawError::Length`] if x and y differ in length, [`DrawError::Empty`] without a finite data point.
    pub fn draw(&self) -> Result<Picture, DrawError> {
        let mut chart = self.chart(&self.title, self.size)?;
        let last = self.stages.len().saturating_sub(1);
        for (i, (name, x, y)) in self.stages.iter().enumerate() {
            chart = chart.add(name, x, y, stage_look(i, last), Some(stage_colour(i, last)));
        }
        chart.draw()
    }

    /// Draws each stage in a panel of its own, `columns` beside each other, all with the same axes.
    ///
    /// # Errors
    /// As [`Fit::draw`].
    pub fn draw_panels(&self, columns: usize) -> Result<Picture, DrawError> {
        let size = if self.size == (720.0, 440.0) { (360.0, 300.0) } else { self.size };
        let last = self.stages.len().saturating_sub(1);
        let mut panels = Vec::new();
        for (name, x, y) in &self.stages {
            let chart = self.chart(name, size)?.without_legend();
            panels
                .push(chart.add(name, x, y, stage_look(last, last), Some(stage_colour(last, last))).draw()?);
        }
        if panels.is_empty() {
            panels.push(self.chart("", size)?.draw()?);
        }
        Picture::panels(&self.title, &panels, columns)
    }

    /// The chart with the points alone; its axes hold the points and, within reason, every stage.
    fn chart(&self, title: &str, size: (f64, f64)) -> Result<LineChart, DrawError> {
        same_length(PICTURE, "y values", self.x.len(), self.y.len())?;
        let empty = || DrawError::Empty { picture: PICTURE, what: "finite data point" };
        let data = extent(&self.y, false).ok_or_else(empty)?;
        let across = extent(&self.x, false).ok_or_else(empty)?;
        let (low, high) = self.y_range.unwrap_or_else(|| {
            // A wild start may leave the picture; it may not squeeze the data into a corner.
            let (near, far) = (padded(data, 0.08, false), padded(data, 0.4, false));
            let curves = extent(self.stages.iter().flat_map(|s| &s.2), false).unwrap_or(near);
            (near.0.min(curves.0.max(far.0)), near.1.max(curves.1.min(far.1)))
        });
        let curves = extent(self.stages.iter().flat_map(|s| &s.1), false).unwrap_or(across);
        let (left, right) = padded((across.0.min(curves.0), across.1.max(curves.1)), 0.03, false);
        Ok(LineChart::new(title)
            .x_label(&self.x_label)
            .y_label(&self.y_label)
            .size(size.0, size.1)
            .x_range(left, right)
            .y_range(low, high)
            .add(
                "data",
                &self.x,
                &self.y,
                Look::Points { radius: 4.0, shape: Shape::Circle },
                Some(Colour(60, 60, 60)),
            ))
    }
}

/// From gray over blue to the strong colour of the end.
fn stage_colour(stage: usize, last: usize) -> Colour {
    match stage {
        s if s == last => category(1),
        0 => Colour(150, 150, 150),
        s => category(5).mix(category(0), s as f64 / last as f64),
    }
}

fn stage_look(stage: usize, last: usize) -> Look {
    Look::Line { width: if stage == last { 2.8 } else { 1.8 }, dashed: stage == 0 && last > 0 }
}
