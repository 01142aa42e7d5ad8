//! Which class a network chooses at each place of a plane, with the data on top.

use crate::error::{DrawError, same_length};
use crate::grid::Grid;
use crate::markup::image;
use crate::palette::{Colour, category};
use crate::picture::Picture;
use crate::raster::encode_indexed;
use crate::scatter::{ClassPoints, class_legend, plane_frame};

const PICTURE: &str = "picture of decision regions";

/// The regions of a classifier over a grid, with points on top.
///
/// # Example
///
/// ```
/// use thalweg_draw::{DecisionRegions, Grid};
///
/// let grid = Grid { x: (0.0, 1.0), y: (0.0, 1.0), columns: 2, rows: 2 };
/// let picture = DecisionRegions::new("Left and right", grid, &[0, 1, 0, 1]).points(&[0.2], &[0.5], &[0]).draw()?;
/// assert!(picture.to_svg().contains("class 1"));
/// # Ok::<(), thalweg_draw::DrawError>(())
/// ```
#[derive(Debug, Clone)]
pub struct DecisionRegions {
    title: String,
    labels: (String, String),
    grid: Grid,
    classes: Vec<usize>,
    confidence: Vec<f64>,
    points: ClassPoints,
    names: Vec<String>,
}

impl DecisionRegions {
    /// Regions from the class chosen at every point of the grid, in the order of [`Grid::points`].
    pub fn new(title: impl Into<String>, grid: Grid, classes: &[usize]) -> Self {
        DecisionRegions {
            title: title.into(),
            labels: ("x₁".into(), "x₂".into()),
            grid,
            classes: classes.to_vec(),
            confidence: Vec::new(),
            points: ClassPoints::default(),
            names: Vec::new(),
        }
    }

    /// Shades by the probability of the chosen class, 0 to 1, one per point of the grid.
    pub fn confidence(mut self, probabilities: &[f64]) -> Self {
        self.confidence = probabilities.to_vec();
        self
    }

    /// Names the axes.
    pub fn labels(mut self, x: impl Into<String>, y: impl Into<String>) -> Self {
        self.labels = (x.into(), y.into());
        self
    }

    /// The data with a class number each, from 0.
    pub fn points(mut self, x: &[f64], y: &[f64], classes: &[usize]) -> Self {
        self.points = ClassPoints { x: x.to_vec(), y: y.to_vec(), classes: classes.to_vec() };
        self
    }

    /// Names for the legend; without them it says "class 0", "class 1".
    pub fn class_names<S: AsRef<str>>(mut self, names: &[S]) -> Self {
        self.names = names.iter().map(|n| n.as_ref().into()).collect();
        self
    }

    /// Draws the picture.
    ///
    /// # Errors
    /// [`DrawError::Length`] if lists differ in length, [`DrawError::Class`] for a class without a name or above 255,
    /// [`DrawError::Empty`] for a grid without area.
    pub fn draw(&self) -> Result<Picture, DrawError> {
        self.grid.check(PICTURE, "classes of grid points", self.classes.len())?;
        if !self.confidence.is_empty() {
            same_length(PICTURE, "probabilities", self.classes.len(), self.confidence.len())?;
        }
        self.points.check(PICTURE, &self.names)?;
        let most = if self.names.is_empty() { 256 } else { self.names.len().min(256) };
        if let Some(row) = self.classes.iter().position(|&c| c >= most) {
            return Err(DrawError::Class { picture: PICTURE, row, class: self.classes[row], classes: most });
        }
        let count = self.classes.iter().max().map_or(1, |c| c + 1).max(self.points.class_count());
        let legend = class_legend(count, &self.names, Some(&self.points));
        let frame = plane_frame(&self.title, &self.labels, (self.grid.x, self.grid.y), &legend, false);
        let png = self.regions(count.min(256))?;
        // Grid points lie in the middle of their pixels, so the image reaches half a cell beyond the axes on each side.
        let cell = (frame.width / (self.grid.columns - 1) as f64, frame.height / (self.grid.rows - 1) as f64);
        let mut inside = vec![image(
            frame.left - cell.0 / 2.0,
            frame.top - cell.1 / 2.0,
            frame.width + cell.0,
            frame.height + cell.1,
            &png,
            true,
        )];
        inside.extend(self.points.draw(&frame));
        Ok(frame.finish(inside, Vec::new()))
    }

    /// The regions as an image of the grid's size with a palette of classes times shades.
    fn regions(&self, classes: usize) -> Result<Vec<u8>, DrawError> {
        let shades = if self.confidence.is_empty() { 1 } else { (256 / classes).clamp(1, 16) };
        let mut palette = Vec::with_capacity(classes * shades);
        for class in 0..classes {
            for shade in 0..shades {
                let sure = if shades == 1 { 0.6 } else { shade as f64 / (shades - 1) as f64 };
                let Colour(r, g, b) = category(class).mix(Colour::WHITE, 0.9 - 0.42 * sure);
                palette.push([r, g, b]);
            }
        }
        let least = 1.0 / classes as f64;
        let mut bytes = Vec::with_capacity(self.classes.len());
        for row in (0..self.grid.rows).rev() {
            for i in row * self.grid.columns..(row + 1) * self.grid.columns {
                let sure = self.confidence.get(i).copied().unwrap_or(1.0);
                let sure = if sure.is_finite() {
                    ((sure - least) / (1.0 - least).max(1e-9)).clamp(0.0, 1.0)
                } else {
                    0.0
                };
                bytes.push((self.classes[i] * shades + (sure * (shades - 1) as f64).round() as usize) as u8);
            }
        }
        encode_indexed(self.grid.columns, self.grid.rows, &bytes, &palette)
    }
}
