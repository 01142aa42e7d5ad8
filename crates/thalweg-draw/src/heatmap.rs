//! Matrices as colour: any table of numbers, and the weights of units drawn as the images they look at.

use crate::axis::{Axis, Tick, extent, grouped, nice_step, plain_value};
use crate::colour_bar::{colour_bar, colour_bar_room};
use crate::error::{DrawError, same_length};
use crate::frame::{Extent, Frame, FrameSpec, INK};
use crate::image_grid::{Image, ImageGrid, Mark};
use crate::markup::{Anchor, TextStyle, image, text};
use crate::palette::{Colour, diverging, sequential};
use crate::picture::Picture;
use crate::raster::encode_image;
use crate::text_width::text_width;

/// Up to this many rows and columns, the values are written into the cells.
const MOST_NUMBERED: usize = 12;

/// Characters of a row's name that are shown at most.
const LONGEST_NAME: usize = 24;

/// A matrix as colours: blue below zero and orange above if both occur, else from dark to light.
///
/// # Example
///
/// ```
/// use thalweg_draw::Heatmap;
///
/// let picture = Heatmap::new("w", 2, 2, &[1.0, -2.0, 0.0, 0.5]).draw()?;
/// assert!(picture.to_svg().contains("−2"));
/// # Ok::<(), thalweg_draw::DrawError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Heatmap {
    title: String,
    labels: (String, String),
    row_names: Vec<String>,
    value_label: String,
    rows: usize,
    columns: usize,
    values: Vec<f64>,
}

impl Heatmap {
    /// A matrix of row-major `values`; row 0 is drawn at the top.
    pub fn new(title: impl Into<String>, rows: usize, columns: usize, values: &[f64]) -> Self {
        Heatmap {
            title: title.into(),
            labels: (String::new(), String::new()),
            row_names: Vec::new(),
            value_label: String::new(),
            rows,
            columns,
            values: values.to_vec(),
        }
    }

    /// Names the rows' and the columns' axis.
    pub fn labels(mut self, rows: impl Into<String>, columns: impl Into<String>) -> Self {
        self.labels = (rows.into(), columns.into());
        self
    }

    /// Names each row, in place of its number; as many as there are rows.
    pub fn row_names(mut self, names: &[String]) -> Self {
        self.row_names = names.to_vec();
        self
    }

    /// Names what the colours stand for.
    pub fn value_label(mut self, label: impl Into<String>) -> Self {
        self.value_label = label.into();
        self
    }

    /// Draws the matrix.
    ///
    /// # Errors
    /// [`DrawError::Length`] if there are not `rows · columns` values or one name per row where rows are named,
    /// [`DrawError::Empty`] without a finite value.
    pub fn draw(&self) -> Result<Picture, DrawError> {
        const PICTURE: &str = "heat map";
        same_length(PICTURE, "values", self.rows.saturating_mul(self.columns), self.values.len())?;
        if !self.row_names.is_empty() {
            same_length(PICTURE, "names of rows", self.rows, self.row_names.len())?;
        }
        let empty = || DrawError::Empty { picture: PICTURE, what: "finite value" };
        let (low, high) = extent(&self.values, false).ok_or_else(empty)?;
        let both_signs = low < 0.0 && high > 0.0;
        let limit = low.abs().max(high.abs()).max(1e-300);
        let range = if both_signs { (-limit, limit) } else { (low, high) };
        let scale = Axis::linear(range, 6);
        let colour = move |position: f64| {
            if both_signs { diverging(2.0 * position - 1.0) } else { sequential(position) }
        };

        let cell = (640.0 / self.columns as f64).min(440.0 / self.rows as f64).clamp(1.0, 56.0);
        let stretch = |count: usize, most: f64| (count as f64 * cell).clamp(60.0, most);
        let (width, height) = (stretch(self.columns, 700.0), stretch(self.rows, 480.0));
        let frame = Frame::new(FrameSpec {
            title: &self.title,
            x_label: &self.labels.1,
            y_label: &self.labels.0,
            x: index_axis(self.columns, (width / 34.0) as usize, false),
            y: self.row_axis(height),
            legend: &[],
            extent: Extent::Plot(width, height),
            right: colour_bar_room(&scale, &self.value_label),
            grid: false,
        });
        let bytes: Vec<u8> = self
            .values
            .iter()
            .map(|&v| if v.is_finite() { colour(scale.position(v)) } else { Colour(200, 200, 200) })
            .flat_map(|c| [c.0, c.1, c.2])
            .collect();
        let png = encode_image(self.columns, self.rows, 3, &bytes)?;
        let mut inside = vec![image(frame.left, frame.top, frame.width, frame.height, &png, false)];
        if self.columns <= MOST_NUMBERED && self.rows <= MOST_NUMBERED {
            let (w, h) = (frame.width / self.columns as f64, frame.height / self.rows as f64);
            for (i, &v) in self.values.iter().enumerate() {
                let label = plain_value(v, 2);
                let size = (h * 0.36).min(12.0).min(12.0 * (w - 4.0) / text_width(&label, 12.0, false));
                let ink = if colour(scale.position(v)).is_light() { INK } else { Colour::WHITE };
                let (x, y) = ((i % self.columns) as f64 + 0.5, (i / self.columns) as f64 + 0.5);
                let style = TextStyle { size, bold: false, colour: ink, anchor: Anchor::Middle };
                inside.push(text(frame.left + x * w, frame.top + y * h + 0.36 * size, &label, style));
            }
        }
        let bar = colour_bar(&frame, &scale, &self.value_label, colour)?;
        Ok(frame.finish(inside, bar))
    }

    /// The rows from the top, by name or by number.
    fn row_axis(&self, height: f64) -> Axis {
        if self.row_names.is_empty() {
            return index_axis(self.rows, (height / 26.0) as usize, true);
        }
        let last = self.rows as f64 - 1.0;
        let tick = |(i, name): (usize, &String)| Tick { value: last - i as f64, label: shortened(name) };
        Axis {
            low: -0.5,
            high: last + 0.5,
            log: false,
            ticks: self.row_names.iter().enumerate().map(tick).collect(),
        }
    }
}

/// A name, cut where it would take more room than the cells.
fn shortened(name: &str) -> String {
    if name.chars().count() <= LONGEST_NAME {
        return name.to_owned();
    }
    name.chars().take(LONGEST_NAME - 1).chain(['…']).collect()
}

/// An axis that counts cells from 0, with its ticks in their middles; `down` counts from the top.
fn index_axis(count: usize, target: usize, down: bool) -> Axis {
    let last = count as f64 - 1.0;
    let (digit, exponent) = nice_step(count as f64, target.clamp(1, 12));
    let step = if exponent < 0 { 1 } else { digit as usize * 10usize.pow(exponent.unsigned_abs()) };
    let tick = |i: usize| Tick {
        value: if down { last - i as f64 } else { i as f64 },
        label: grouped(&i.to_string()),
    };
    Axis { low: -0.5, high: last + 0.5, log: false, ticks: (0..count).step_by(step).map(tick).collect() }
}

/// The incoming weights of each unit, drawn as the image they are laid over: blue below zero, orange above.
///
/// # Shapes
/// `weight` is `[in_features, out_features]`, row-major, with `in_features = height · width · channels`; pixels come row by
/// row, the channels of a pixel together. A unit gets one image per channel.
///
/// # Example
///
/// ```
/// use thalweg_draw::WeightImages;
///
/// let weight = [1.0, 0.5, -1.0, 0.0, 0.5, 0.5, 0.0, -1.0]; // 4 pixels, 2 units
/// let picture = WeightImages::new("First layer", 2, 2, &weight).draw()?;
/// assert!(picture.to_svg().contains("unit 1"));
/// # Ok::<(), thalweg_draw::DrawError>(())
/// ```
#[derive(Debug, Clone)]
pub struct WeightImages {
    title: String,
    height: usize,
    width: usize,
    channels: usize,
    weight: Vec<f64>,
    most: usize,
}

impl WeightImages {
    /// Weights over images of `height` by `width` gray pixels.
    pub fn new(title: impl Into<String>, height: usize, width: usize, weight: &[f64]) -> Self {
        WeightImages { title: title.into(), height, width, channels: 1, weight: weight.to_vec(), most: 40 }
    }

    /// Says that each pixel has several channels, such as 3 for red, green and blue.
    pub fn channels(mut self, channels: usize) -> Self {
        self.channels = channels.max(1);
        self
    }

    /// Draws only the first units (default 40).
    pub fn most(mut self, units: usize) -> Self {
        self.most = units.max(1);
        self
    }

    /// Draws the images, all on one colour scale.
    ///
    /// # Errors
    /// [`DrawError::Length`] if the weights are not a whole number of units, [`DrawError::Empty`] without a finite weight.
    pub fn draw(&self) -> Result<Picture, DrawError> {
        const PICTURE: &str = "picture of weights";
        let features = self.height.saturating_mul(self.width).saturating_mul(self.channels);
        let empty = || DrawError::Empty { picture: PICTURE, what: "finite weight" };
        if features == 0 {
            return Err(empty());
        }
        let units = self.weight.len() / features;
        same_length(PICTURE, "weights", features * units.max(1), self.weight.len())?;
        let (low, high) = extent(&self.weight, false).ok_or_else(empty)?;
        let limit = low.abs().max(high.abs()).max(1e-300);
        let names: &[&str] = if self.channels == 3 { &["red", "green", "blue"] } else { &[] };
        let scale = plain_value(limit, 2);
        let mut grid = ImageGrid::new(format!("{} (blue −{scale}, white 0, orange {scale})", self.title));
        for unit in 0..units.min(self.most) {
            for channel in 0..self.channels {
                let bytes: Vec<u8> = (0..self.height * self.width)
                    .map(|pixel| self.weight[(pixel * self.channels + channel) * units + unit] / limit)
                    .map(diverging_or_gray)
                    .flat_map(|c| [c.0, c.1, c.2])
                    .collect();
                let mut caption = format!("unit {unit}");
                if self.channels > 1 {
                    let number = channel.to_string();
                    caption = format!("{caption}, {}", names.get(channel).copied().unwrap_or(&number));
                }
                grid = grid.image(Image::rgb(self.width, self.height, &bytes)?, caption, Mark::Plain);
            }
        }
        let together = units.min(self.most) * self.channels;
        let columns = if self.channels > 1 {
            self.channels
        } else {
            ((together as f64 * 1.8).sqrt().ceil() as usize).min(10)
        };
        grid.columns(columns).cell(if together > 12 { 84.0 } else { 130.0 }).draw()
    }
}

fn diverging_or_gray(value: f64) -> Colour {
    if value.is_finite() { diverging(value) } else { Colour(200, 200, 200) }
}
