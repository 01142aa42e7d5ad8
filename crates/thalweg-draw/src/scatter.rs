//! Points in the plane, coloured and shaped by class.

use crate::axis::{Axis, drawable, extent, padded};
use crate::error::{DrawError, same_length};
use crate::frame::{Extent, Frame, FrameSpec, LegendEntry, Swatch};
use crate::marker::Shape;
use crate::markup::Node;
use crate::palette::category;
use crate::picture::Picture;

const PICTURE: &str = "scatter plot";

/// Points with a class each.
#[derive(Debug, Clone, Default)]
pub(crate) struct ClassPoints {
    pub(crate) x: Vec<f64>,
    pub(crate) y: Vec<f64>,
    pub(crate) classes: Vec<usize>,
}

/// Points by class, both axes in the same unit.
///
/// # Example
///
/// ```
/// use thalweg_draw::Scatter;
///
/// let picture = Scatter::new("Two classes").points(&[0.0, 1.0], &[1.0, 0.0], &[0, 1]).class_names(&["blue", "red"]).draw()?;
/// assert!(picture.to_svg().contains("red"));
/// # Ok::<(), thalweg_draw::DrawError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Scatter {
    title: String,
    labels: (String, String),
    points: ClassPoints,
    names: Vec<String>,
}

impl Scatter {
    /// A plot without points, axes named x₁ and x₂.
    pub fn new(title: impl Into<String>) -> Self {
        Scatter {
            title: title.into(),
            labels: ("x₁".into(), "x₂".into()),
            points: ClassPoints::default(),
            names: Vec::new(),
        }
    }

    /// Names the axes.
    pub fn labels(mut self, x: impl Into<String>, y: impl Into<String>) -> Self {
        self.labels = (x.into(), y.into());
        self
    }

    /// The points with a class number each, from 0.
    pub fn points(mut self, x: &[f64], y: &[f64], classes: &[usize]) -> Self {
        self.points = ClassPoints { x: x.to_vec(), y: y.to_vec(), classes: classes.to_vec() };
        self
    }

    /// Names for the legend; without them it says "class 0", "class 1".
    pub fn class_names<S: AsRef<str>>(mut self, names: &[S]) -> Self {
        self.names = names.iter().map(|n| n.as_ref().into()).collect();
        self
    }

    /// Draws the plot.
    ///
    /// # Errors
    /// [`DrawError::Length`] if the lists differ in length, [`DrawError::Class`] for a class without a name,
    /// [`DrawError::Empty`] without a finite point.
    pub fn draw(&self) -> Result<Picture, DrawError> {
        self.points.check(PICTURE, &self.names)?;
        let empty = || DrawError::Empty { picture: PICTURE, what: "finite point" };
        let x = padded(extent(&self.points.x, false).ok_or_else(empty)?, 0.05, false);
        let y = padded(extent(&self.points.y, false).ok_or_else(empty)?, 0.05, false);
        let legend = class_legend(self.points.class_count(), &self.names, Some(&self.points));
        let frame = plane_frame(&self.title, &self.labels, (x, y), &legend, true);
        let inside = self.points.draw(&frame);
        Ok(frame.finish(inside, Vec::new()))
    }
}

impl ClassPoints {
    pub(crate) fn check(&self, picture: &'static str, names: &[String]) -> Result<(), DrawError> {
        same_length(picture, "y values", self.x.len(), self.y.len())?;
        same_length(picture, "classes", self.x.len(), self.classes.len())?;
        match self.classes.iter().position(|&c| !names.is_empty() && c >= names.len()) {
            Some(row) => {
                Err(DrawError::Class { picture, row, class: self.classes[row], classes: names.len() })
            }
            None => Ok(()),
        }
    }

    /// One more than the largest class number.
    pub(crate) fn class_count(&self) -> usize {
        self.classes.iter().max().map_or(0, |c| c + 1)
    }

    /// One element per class.
    pub(crate) fn draw(&self, frame: &Frame) -> Vec<Node> {
        let radius = match self.x.len() {
            0..=500 => 4.2,
            501..=2000 => 3.2,
            _ => 2.2,
        };
        let mut present: Vec<usize> = self.classes.clone();
        present.sort_unstable();
        present.dedup();
        let of_class = |class: usize| {
            let rows = (0..self.x.len()).filter(move |&i| self.classes[i] == class);
            let rows = rows.filter(|&i| drawable(self.x[i], false) && drawable(self.y[i], false));
            rows.map(|i| frame.place(self.x[i], self.y[i])).collect::<Vec<_>>()
        };
        present.into_iter().map(|c| Shape::of(c).points(&of_class(c), radius, category(c))).collect()
    }
}

/// The legend of classes: points where there are points, blocks where only regions are drawn.
pub(crate) fn class_legend(
    classes: usize,
    names: &[String],
    points: Option<&ClassPoints>,
) -> Vec<LegendEntry> {
    (0..classes.max(names.len()).min(40))
        .map(|c| LegendEntry {
            label: names.get(c).cloned().unwrap_or_else(|| format!("class {c}")),
            swatch: match points {
                Some(p) if !p.x.is_empty() => Swatch::Point { shape: Shape::of(c), colour: category(c) },
                _ => Swatch::Block { colour: category(c) },
            },
        })
        .collect()
}

/// A frame over a plane whose two axes have the same unit, unless it would become a thin strip.
pub(crate) fn plane_frame(
    title: &str,
    labels: &(String, String),
    (x, y): ((f64, f64), (f64, f64)),
    legend: &[LegendEntry],
    grid: bool,
) -> Frame {
    let (across, up) = (x.1 - x.0, y.1 - y.0);
    let (width, height) = if (0.4..=2.5).contains(&(across / up)) {
        let pixels = (580.0 / across).min(470.0 / up);
        (across * pixels, up * pixels)
    } else {
        (580.0, 420.0)
    };
    Frame::new(FrameSpec {
        title,
        x_label: &labels.0,
        y_label: &labels.1,
        x: Axis::linear(x, (width / 75.0) as usize),
        y: Axis::linear(y, (height / 65.0) as usize),
        legend,
        extent: Extent::Plot(width, height),
        right: 0.0,
        grid,
    })
}
