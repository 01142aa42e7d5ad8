//! From SVG to pixels, and pixels to PNG.

use std::sync::{Arc, OnceLock};

use png::{BitDepth, ColorType, Encoder};
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{self, fontdb};

use crate::error::DrawError;

/// The longest side of a PNG in pixels.
pub(crate) const LONGEST_SIDE: u32 = 16_384;

/// Pixels without transparency: three bytes each, rows from the top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pixels {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) rgb: Vec<u8>,
}

/// The fonts that come with the crate; none of the machine's own, so that a picture is the same everywhere.
fn fonts() -> Arc<fontdb::Database> {
    static FONTS: OnceLock<Arc<fontdb::Database>> = OnceLock::new();
    FONTS
        .get_or_init(|| {
            let mut database = fontdb::Database::new();
            database.load_font_data(include_bytes!("../fonts/DejaVuSans.ttf").to_vec());
            database.load_font_data(include_bytes!("../fonts/DejaVuSans-Bold.ttf").to_vec());
            Arc::new(database)
        })
        .clone()
}

/// Draws an SVG of `width` by `height` pixels, each side multiplied by `scale`.
pub(crate) fn rasterize(svg: &str, width: f64, height: f64, scale: f64) -> Result<Pixels, DrawError> {
    let (columns, rows) = ((width * scale).round(), (height * scale).round());
    let fits = |side: f64| side >= 1.0 && side <= f64::from(LONGEST_SIDE);
    let wrong = || DrawError::Size { width: columns, height: rows, limit: LONGEST_SIDE };
    if !fits(columns) || !fits(rows) {
        return Err(wrong());
    }
    let options =
        usvg::Options { font_family: "DejaVu Sans".into(), fontdb: fonts(), ..usvg::Options::default() };
    let tree = usvg::Tree::from_str(svg, &options).map_err(|e| DrawError::Render { source: Box::new(e) })?;
    let mut pixmap = Pixmap::new(columns as u32, rows as u32).ok_or_else(wrong)?;
    pixmap.fill(resvg::tiny_skia::Color::WHITE);
    resvg::render(&tree, Transform::from_scale(scale as f32, scale as f32), &mut pixmap.as_mut());
    let rgb = pixmap.data().chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect();
    Ok(Pixels { width: columns as u32, height: rows as u32, rgb })
}

/// Writes pixels as PNG.
pub(crate) fn encode_rgb(pixels: &Pixels) -> Result<Vec<u8>, DrawError> {
    encode(pixels.width, pixels.height, ColorType::Rgb, &pixels.rgb, None)
}

/// Writes gray or RGB bytes as PNG, for images inside pictures; `channels` is 1 or 3.
pub(crate) fn encode_image(
    width: usize,
    height: usize,
    channels: usize,
    bytes: &[u8],
) -> Result<Vec<u8>, DrawError> {
    let colour = if channels == 1 { ColorType::Grayscale } else { ColorType::Rgb };
    encode(width as u32, height as u32, colour, bytes, None)
}

/// Writes bytes that number the colours of a palette (at most 256) as PNG.
pub(crate) fn encode_indexed(
    width: usize,
    height: usize,
    bytes: &[u8],
    palette: &[[u8; 3]],
) -> Result<Vec<u8>, DrawError> {
    encode(width as u32, height as u32, ColorType::Indexed, bytes, Some(palette.concat()))
}

fn encode(
    width: u32,
    height: u32,
    colour: ColorType,
    bytes: &[u8],
    palette: Option<Vec<u8>>,
) -> Result<Vec<u8>, DrawError> {
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, width, height);
    encoder.set_color(colour);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(png::Compression::Balanced);
    if let Some(palette) = palette {
        encoder.set_palette(palette);
        encoder.set_filter(png::Filter::NoFilter);
    }
    let mut writer = encoder.write_header()?;
    writer.write_image_data(bytes)?;
    writer.finish()?;
    Ok(out)
}
