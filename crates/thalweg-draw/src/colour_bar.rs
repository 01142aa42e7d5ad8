//! The bar that says which colour stands for which value.

use crate::axis::Axis;
use crate::error::DrawError;
use crate::frame::{Frame, GRAY, INK, LABEL_SIZE, TICK_SIZE};
use crate::markup::{Anchor, Node, Stroke, TextStyle, image, line, rectangle, text, upward_text};
use crate::palette::Colour;
use crate::raster::encode_image;
use crate::text_width::text_width;

const GAP: f64 = 16.0;
const WIDTH: f64 = 16.0;

/// The room that a bar needs right of the plot.
pub(crate) fn colour_bar_room(axis: &Axis, label: &str) -> f64 {
    GAP + WIDTH + 10.0 + tick_room(axis) + if label.is_empty() { 0.0 } else { LABEL_SIZE * 1.3 + 4.0 }
}

fn tick_room(axis: &Axis) -> f64 {
    axis.ticks.iter().map(|t| text_width(&t.label, TICK_SIZE, false)).fold(0.0, f64::max)
}

/// The bar beside a frame; `colour` maps the position along the axis, 0 to 1.
pub(crate) fn colour_bar(
    frame: &Frame,
    axis: &Axis,
    label: &str,
    colour: impl Fn(f64) -> Colour,
) -> Result<Vec<Node>, DrawError> {
    const SHADES: usize = 128;
    let bytes: Vec<u8> = (0..SHADES)
        .rev()
        .map(|i| colour(i as f64 / (SHADES - 1) as f64))
        .flat_map(|c| [c.0, c.1, c.2])
        .collect();
    let (x, top, height) = (frame.left + frame.width + GAP, frame.top, frame.height);
    let edge = Stroke::solid(GRAY, 0.8);
    let mut nodes = vec![
        image(x, top, WIDTH, height, &encode_image(1, SHADES, 3, &bytes)?, true),
        rectangle(x, top, WIDTH, height, None, Some(edge)),
    ];
    let style = TextStyle { size: TICK_SIZE, bold: false, colour: GRAY, anchor: Anchor::Start };
    for tick in &axis.ticks {
        let y = top + (1.0 - axis.position(tick.value)) * height;
        nodes.push(line((x + WIDTH, y), (x + WIDTH + 4.0, y), edge));
        nodes.push(text(x + WIDTH + 7.0, y + 0.36 * TICK_SIZE, &tick.label, style));
    }
    if !label.is_empty() {
        let style = TextStyle { size: LABEL_SIZE, bold: false, colour: INK, anchor: Anchor::Middle };
        nodes.push(upward_text(
            x + WIDTH + 10.0 + tick_room(axis) + LABEL_SIZE,
            top + height / 2.0,
            label,
            style,
        ));
    }
    Ok(nodes)
}
