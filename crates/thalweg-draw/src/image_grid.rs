//! Images of a data set with captions: one by its index, or the most wrong ones together.

use crate::error::{DrawError, same_length};
use crate::frame::{INK, MARGIN};
use crate::markup::{Anchor, Node, Stroke, TextStyle, image, rectangle, text};
use crate::palette::{Colour, category};
use crate::picture::{Picture, title_lines};
use crate::raster::encode_image;
use crate::text_width::wrapped;

const PICTURE: &str = "grid of images";
const CAPTION_SIZE: f64 = 12.0;
const CAPTION_LINE: f64 = 16.0;
const GAP: f64 = 18.0;

/// An image as bytes: gray, or red, green and blue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    width: usize,
    height: usize,
    channels: usize,
    bytes: Vec<u8>,
}

impl Image {
    /// A gray image: one byte per pixel, rows from the top, 0 black and 255 white.
    ///
    /// # Errors
    /// [`DrawError::Length`] if there are not `width · height` bytes, [`DrawError::Size`] for a side of 0 or above 16,384.
    pub fn gray(width: usize, height: usize, bytes: &[u8]) -> Result<Image, DrawError> {
        Image::new(width, height, 1, bytes.to_vec())
    }

    /// A colour image: three bytes per pixel (red, green, blue), rows from the top.
    ///
    /// # Errors
    /// [`DrawError::Length`] if there are not `3 · width · height` bytes, [`DrawError::Size`] for a side of 0 or above 16,384.
    pub fn rgb(width: usize, height: usize, bytes: &[u8]) -> Result<Image, DrawError> {
        Image::new(width, height, 3, bytes.to_vec())
    }

    /// A colour image stored as three planes: all reds, all greens, all blues (`[channels, height, width]`).
    ///
    /// # Errors
    /// As [`Image::rgb`].
    pub fn planes(width: usize, height: usize, bytes: &[u8]) -> Result<Image, DrawError> {
        same_length("image", "bytes", 3 * width * height, bytes.len())?;
        let plane = width * height;
        let mixed = (0..plane).flat_map(|i| [bytes[i], bytes[plane + i], bytes[2 * plane + i]]).collect();
        Image::new(width, height, 3, mixed)
    }

    /// Values mapped to gray, the lowest black and the highest white; what is not finite is black.
    ///
    /// # Errors
    /// As [`Image::gray`].
    pub fn from_values(width: usize, height: usize, values: &[f64]) -> Result<Image, DrawError> {
        let (low, high) = crate::axis::extent(values, false).unwrap_or((0.0, 1.0));
        let byte = |v: &f64| {
            if v.is_finite() { ((v - low) / (high - low).max(1e-300) * 255.0).round() as u8 } else { 0 }
        };
        Image::new(width, height, 1, values.iter().map(byte).collect())
    }

    fn new(width: usize, height: usize, channels: usize, bytes: Vec<u8>) -> Result<Image, DrawError> {
        let limit = crate::raster::LONGEST_SIDE;
        let fits = |side: usize| (1..=limit as usize).contains(&side);
        if !fits(width) || !fits(height) {
            return Err(DrawError::Size { width: width as f64, height: height as f64, limit });
        }
        same_length("image", "bytes", channels * width * height, bytes.len())?;
        Ok(Image { width, height, channels, bytes })
    }
}

/// What the frame around an image says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mark {
    /// Nothing: a thin gray frame.
    #[default]
    Plain,
    /// The prediction is right: a green frame.
    Right,
    /// The prediction is wrong: an orange-red frame, and a caption in that colour.
    Wrong,
}

/// Images in rows, each with a caption below; pixels stay hard squares.
///
/// # Example
///
/// ```
/// use thalweg_draw::{Image, ImageGrid, Mark};
///
/// let checks = Image::gray(2, 2, &[0, 255, 255, 0])?;
/// let picture = ImageGrid::new("Test image 7").image(checks, "label 1, predicted 2", Mark::Wrong).draw()?;
/// assert!(picture.to_svg().contains("predicted 2"));
/// # Ok::<(), thalweg_draw::DrawError>(())
/// ```
#[derive(Debug, Clone)]
pub struct ImageGrid {
    title: String,
    columns: Option<usize>,
    cell: Option<f64>,
    images: Vec<(Image, String, Mark)>,
}

impl ImageGrid {
    /// A grid without images.
    pub fn new(title: impl Into<String>) -> Self {
        ImageGrid { title: title.into(), columns: None, cell: None, images: Vec::new() }
    }

    /// Sets the images per row (default: about as many rows as columns, at most 6).
    pub fn columns(mut self, columns: usize) -> Self {
        self.columns = Some(columns.max(1));
        self
    }

    /// Sets the width of an image in the picture (default: the fewer, the larger).
    pub fn cell(mut self, pixels: f64) -> Self {
        self.cell = Some(pixels.clamp(8.0, 2000.0));
        self
    }

    /// Adds an image; its caption takes at most three lines (`\n` starts a new one).
    pub fn image(mut self, image: Image, caption: impl Into<String>, mark: Mark) -> Self {
        self.images.push((image, caption.into(), mark));
        self
    }

    /// Draws the images.
    ///
    /// # Errors
    /// [`DrawError::Empty`] without an image.
    pub fn draw(&self) -> Result<Picture, DrawError> {
        if self.images.is_empty() {
            return Err(DrawError::Empty { picture: PICTURE, what: "image" });
        }
        let count = self.images.len();
        let columns =
            self.columns.unwrap_or_else(|| ((count as f64).sqrt().ceil() as usize).min(6)).min(count);
        let cell = self.cell.unwrap_or(match count {
            1 => 300.0,
            2..=4 => 190.0,
            _ => 128.0,
        });
        let tallest =
            self.images.iter().map(|(i, ..)| cell * i.height as f64 / i.width as f64).fold(0.0, f64::max);
        let captions: Vec<Vec<String>> = self
            .images
            .iter()
            .map(|(_, caption, _)| {
                let mut lines = wrapped(caption, CAPTION_SIZE, false, cell + GAP - 8.0);
                lines.truncate(3);
                lines
            })
            .collect();
        let lines = captions.iter().map(Vec::len).max().unwrap_or(0);
        let row_height = tallest + 6.0 + lines as f64 * CAPTION_LINE + GAP;
        let grid_width = columns as f64 * (cell + GAP) - GAP;
        // A short row of images still leaves room for its title.
        let title_room =
            crate::text_width::text_width(&self.title, crate::frame::TITLE_SIZE, true).min(420.0);
        let width = grid_width.max(title_room) + 2.0 * MARGIN;
        let left = (width - grid_width) / 2.0;
        let (mut nodes, title_height) = title_lines(&self.title, width);
        let top = if title_height > 0.0 { title_height + 6.0 } else { MARGIN };
        for (i, ((picture, _, mark), caption)) in self.images.iter().zip(&captions).enumerate() {
            let (column, row) = (i % columns, i / columns);
            let height = cell * picture.height as f64 / picture.width as f64;
            let x = left + column as f64 * (cell + GAP);
            let y = top + row as f64 * row_height + (tallest - height);
            nodes.extend(draw_image(picture, (x, y, cell, height), caption, *mark)?);
        }
        let height = top + count.div_ceil(columns) as f64 * row_height - GAP + MARGIN;
        Ok(Picture { width, height, title: self.title.clone(), nodes })
    }
}

/// One image with its frame and caption.
fn draw_image(
    picture: &Image,
    (x, y, width, height): (f64, f64, f64, f64),
    caption: &[String],
    mark: Mark,
) -> Result<Vec<Node>, DrawError> {
    let png = encode_image(picture.width, picture.height, picture.channels, &picture.bytes)?;
    let (edge, ink) = match mark {
        Mark::Plain => (Stroke::solid(Colour(190, 190, 190), 1.0), INK),
        Mark::Right => (Stroke::solid(category(2), 2.5), INK),
        Mark::Wrong => (Stroke::solid(category(1), 2.5), category(1).mix(Colour::BLACK, 0.15)),
    };
    let out = edge.width / 2.0;
    let mut nodes = vec![
        image(x, y, width, height, &png, false),
        rectangle(x - out, y - out, width + 2.0 * out, height + 2.0 * out, None, Some(edge)),
    ];
    let style = TextStyle { size: CAPTION_SIZE, bold: false, colour: ink, anchor: Anchor::Middle };
    for (i, line) in caption.iter().enumerate() {
        let y = y + height + 6.0 + (i as f64 + 0.8) * CAPTION_LINE;
        nodes.push(text(x + width / 2.0, y, line, style));
    }
    Ok(nodes)
}
