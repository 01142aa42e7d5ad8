//! A finished picture, and pictures put together.

use crate::error::DrawError;
use crate::frame::{INK, MARGIN, TITLE_SIZE};
use crate::markup::{Anchor, Node, TextStyle, escape, moved, number, text};
use crate::raster;
use crate::text_width::wrapped;

/// A finished picture on white ground: ask it for SVG or PNG.
///
/// The same input gives the same bytes on every machine; PNG text uses the fonts inside this crate.
///
/// # Example
///
/// ```
/// use thalweg_draw::LineChart;
///
/// let picture = LineChart::new("Cost").curve("train", &[0.0, 1.0, 2.0], &[9.0, 4.0, 1.0]).draw()?;
/// assert!(picture.to_svg().starts_with("<svg "));
/// assert_eq!(&picture.to_png(2.0)?[1..4], b"PNG");
/// # Ok::<(), thalweg_draw::DrawError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) title: String,
    pub(crate) nodes: Vec<Node>,
}

impl Picture {
    /// Width in SVG units (pixels at scale 1).
    pub fn width(&self) -> f64 {
        self.width
    }

    /// Height in SVG units (pixels at scale 1).
    pub fn height(&self) -> f64 {
        self.height
    }

    /// The picture as a complete SVG document.
    pub fn to_svg(&self) -> String {
        let mut out = self.svg_head();
        self.nodes.iter().for_each(|node| node.write(&mut out));
        out.push_str("</svg>\n");
        out
    }

    /// The opening tag, the title for screen readers, and the white ground.
    pub(crate) fn svg_head(&self) -> String {
        let (w, h) = (number(self.width), number(self.height));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" role=\"img\" \
             font-family=\"DejaVu Sans, sans-serif\">\n<title>{}</title>\n<rect width=\"{w}\" height=\"{h}\" fill=\"#ffffff\"/>\n",
            escape(&self.title)
        )
    }

    /// The picture as PNG, each side multiplied by `scale` (2 suits most screens).
    ///
    /// # Errors
    /// [`DrawError::Size`] if a side would be shorter than 1 pixel or longer than 16,384.
    pub fn to_png(&self, scale: f64) -> Result<Vec<u8>, DrawError> {
        raster::encode_rgb(&raster::rasterize(&self.to_svg(), self.width, self.height, scale)?)
    }

    /// Pictures in rows of `columns`, under a common title (none if it is empty).
    ///
    /// # Errors
    /// [`DrawError::Empty`] without pictures.
    pub fn panels(title: &str, pictures: &[Picture], columns: usize) -> Result<Picture, DrawError> {
        if pictures.is_empty() {
            return Err(DrawError::Empty { picture: "row of panels", what: "panel" });
        }
        let rows: Vec<&[Picture]> = pictures.chunks(columns.max(1)).collect();
        let row_width = |row: &[Picture]| row.iter().map(|p| p.width).sum::<f64>();
        let width = rows.iter().map(|row| row_width(row)).fold(0.0, f64::max);
        let (mut nodes, mut y) = title_lines(title, width);
        for row in rows {
            let height = row.iter().map(|p| p.height).fold(0.0, f64::max);
            let mut x = 0.0;
            for picture in row {
                nodes.push(moved(x, y, picture.nodes.clone()));
                x += picture.width;
            }
            y += height;
        }
        let title = if title.is_empty() { &pictures[0].title } else { title };
        Ok(Picture { width, height: y, title: title.into(), nodes })
    }
}

/// A title across the top of a picture, and the height it takes.
pub(crate) fn title_lines(title: &str, width: f64) -> (Vec<Node>, f64) {
    let lines = wrapped(title, TITLE_SIZE, true, width - 2.0 * MARGIN);
    let style = TextStyle { size: TITLE_SIZE, bold: true, colour: INK, anchor: Anchor::Middle };
    let nodes: Vec<Node> = lines
        .iter()
        .enumerate()
        .map(|(i, line)| {
            text(width / 2.0, MARGIN + 0.8 * TITLE_SIZE + i as f64 * 1.3 * TITLE_SIZE, line, style)
        })
        .collect();
    let height = if lines.is_empty() { 0.0 } else { MARGIN + 1.3 * TITLE_SIZE * lines.len() as f64 };
    (nodes, height)
}
