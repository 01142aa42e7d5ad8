//! Moving pictures: an SVG that plays by itself, and animated PNG.

use std::fmt::Write;

use crate::error::DrawError;
use crate::markup::{Node, number};
use crate::picture::Picture;
use crate::raster::{Pixels, rasterize};

/// Pictures shown one after the other, over and over.
///
/// Draw the frames alike: the same size, and fixed axes (`x_range`, `y_range`), so that only what changes moves. What is equal
/// in all frames is stored once.
///
/// # Units and ranges
/// Seconds per frame lie between 0.01 and 10; the last frame stays `hold_seconds` longer (default 1.5).
///
/// # Example
///
/// ```
/// use thalweg_draw::{Animation, LineChart};
///
/// let frame = |y: f64| LineChart::new("Up").y_range(0.0, 2.0).curve("", &[0.0, 1.0], &[0.0, y]).draw();
/// let film = Animation::new(0.1).frame(frame(1.0)?).frame(frame(2.0)?);
/// assert!(film.to_svg()?.contains("@keyframes"));
/// # Ok::<(), thalweg_draw::DrawError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Animation {
    seconds_per_frame: f64,
    hold_seconds: f64,
    frames: Vec<Picture>,
}

impl Animation {
    /// An animation without frames.
    pub fn new(seconds_per_frame: f64) -> Self {
        let seconds = if seconds_per_frame.is_finite() { seconds_per_frame.clamp(0.01, 10.0) } else { 0.1 };
        Animation { seconds_per_frame: seconds, hold_seconds: 1.5, frames: Vec::new() }
    }

    /// Sets how much longer the last frame stays.
    pub fn hold_seconds(mut self, seconds: f64) -> Self {
        self.hold_seconds = if seconds.is_finite() { seconds.clamp(0.0, 60.0) } else { 0.0 };
        self
    }

    /// Adds a frame.
    pub fn frame(mut self, picture: Picture) -> Self {
        self.frames.push(picture);
        self
    }

    /// Keeps at most `most` frames, evenly chosen, first and last among them; the film takes as long as before.
    pub fn thinned(mut self, most: usize) -> Self {
        let (count, most) = (self.frames.len(), most.max(2));
        if count > most {
            let chosen: Vec<usize> = (0..most).map(|i| i * (count - 1) / (most - 1)).collect();
            self.frames = chosen.into_iter().map(|i| self.frames[i].clone()).collect();
            self.seconds_per_frame = (self.seconds_per_frame * count as f64 / most as f64).min(10.0);
        }
        self
    }

    /// How many frames there are.
    pub fn len(&self) -> usize {
        self.frames.len()
    }

    /// Whether there are no frames.
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// The film as an SVG that moves by CSS; where motion is not wanted or not known, the last frame stands still.
    ///
    /// # Errors
    /// [`DrawError::Empty`] without frames, [`DrawError::Frame`] if one differs in size.
    pub fn to_svg(&self) -> Result<String, DrawError> {
        let first = self.check()?;
        let count = self.frames.len();
        let total = self.cycle_seconds();
        // A hair more than the share of time, so that no gap shows between two frames.
        let share = |frames: f64| number(100.0 * frames * self.seconds_per_frame / total + 0.01);
        let mut out = first.svg_head();
        let class = self.class_name();
        // Each frame runs the same cycle, begun earlier or later; the last one is seen longer, and always if nothing runs.
        let _ = writeln!(
            out,
            "<style>.{class}{{visibility:hidden;animation:{class} {t}s step-end infinite}}\
             .{class}l{{animation:{class}l {t}s step-end infinite}}\
             @keyframes {class}{{0%{{visibility:visible}}{once}%{{visibility:hidden}}}}\
             @keyframes {class}l{{0%{{visibility:hidden}}{late}%{{visibility:visible}}}}\
             @media (prefers-reduced-motion:reduce){{.{class},.{class}l{{animation:none}}}}</style>",
            t = number(total),
            once = share(1.0),
            late = share((count - 1) as f64),
        );
        let frames: Vec<&[Node]> = self.frames.iter().map(|f| f.nodes.as_slice()).collect();
        self.write_common(&frames, &class, &mut out);
        out.push_str("</svg>\n");
        Ok(out)
    }

    /// How long the film takes from start to start.
    fn cycle_seconds(&self) -> f64 {
        self.seconds_per_frame * self.frames.len() as f64 + self.hold_seconds
    }

    /// A name of its own for the styles, made from the content, so that several films may stand in one page.
    fn class_name(&self) -> String {
        // FNV-1a, 64 bits.
        let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
        for byte in self.frames.iter().flat_map(|f| f.to_svg().into_bytes()) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        format!("f{:08x}", hash >> 32)
    }

    /// Writes sibling nodes of all frames: equal ones once, different ones as one group per frame.
    fn write_common(&self, frames: &[&[Node]], class: &str, out: &mut String) {
        let first = frames[0];
        if frames.iter().any(|nodes| nodes.len() != first.len()) {
            return self.write_changing(frames, class, out);
        }
        let equal = |i: usize| frames.iter().all(|nodes| nodes[i] == first[i]);
        let mut i = 0;
        while i < first.len() {
            if equal(i) {
                first[i].write(out);
                i += 1;
                continue;
            }
            if let Some((open, children, close)) = common_group(frames, i) {
                out.push_str(open);
                out.push('\n');
                self.write_common(&children, class, out);
                out.push_str(close);
                out.push('\n');
                i += 1;
                continue;
            }
            let from = i;
            while i < first.len() && !equal(i) && common_group(frames, i).is_none() {
                i += 1;
            }
            let changing: Vec<&[Node]> = frames.iter().map(|nodes| &nodes[from..i]).collect();
            self.write_changing(&changing, class, out);
        }
    }

    fn write_changing(&self, frames: &[&[Node]], class: &str, out: &mut String) {
        let total = self.cycle_seconds();
        for (i, nodes) in frames.iter().enumerate() {
            if i + 1 == frames.len() {
                let _ = writeln!(out, "<g class=\"{class}l\">");
            } else {
                // A negative delay starts the cycle in its middle, so that nothing is seen too early.
                let start = i as f64 * self.seconds_per_frame;
                let delay = if i == 0 { 0.0 } else { start - total };
                let _ = writeln!(out, "<g class=\"{class}\" style=\"animation-delay:{}s\">", number(delay));
            }
            nodes.iter().for_each(|node| node.write(out));
            out.push_str("</g>\n");
        }
    }

    /// The film as animated PNG; readers that do not know it show the first frame.
    ///
    /// Each frame after the first stores only the rectangle that changed.
    ///
    /// # Errors
    /// As [`Animation::to_svg`], and [`DrawError::Size`] as for [`Picture::to_png`].
    pub fn to_apng(&self, scale: f64) -> Result<Vec<u8>, DrawError> {
        let first = self.check()?;
        let mut before = rasterize(&first.to_svg(), first.width, first.height, scale)?;
        let mut out = Vec::new();
        let mut encoder = png::Encoder::new(&mut out, before.width, before.height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::Balanced);
        let count = self.frames.len();
        if count > 1 {
            encoder.set_animated(count as u32, 0)?;
            encoder.set_blend_op(png::BlendOp::Source)?;
            encoder.set_dispose_op(png::DisposeOp::None)?;
        }
        let mut writer = encoder.write_header()?;
        for (i, frame) in self.frames.iter().enumerate() {
            if count > 1 {
                let hold = if i + 1 == count { self.hold_seconds } else { 0.0 };
                writer.set_frame_delay(
                    ((self.seconds_per_frame + hold) * 1000.0).round().min(65_535.0) as u16,
                    1000,
                )?;
            }
            if i == 0 {
                writer.write_image_data(&before.rgb)?;
                continue;
            }
            let now = rasterize(&frame.to_svg(), frame.width, frame.height, scale)?;
            let (x, y, width, height) = changed(&before, &now);
            // The position must be back at the corner before the size may grow.
            writer.set_frame_position(0, 0)?;
            writer.set_frame_dimension(width, height)?;
            writer.set_frame_position(x, y)?;
            writer.write_image_data(&cut(&now, (x, y, width, height)))?;
            before = now;
        }
        writer.finish()?;
        Ok(out)
    }

    fn check(&self) -> Result<&Picture, DrawError> {
        let first = self.frames.first().ok_or(DrawError::Empty { picture: "animation", what: "frame" })?;
        let size = (first.width, first.height);
        match self.frames.iter().position(|f| (f.width, f.height) != size) {
            Some(frame) => {
                let given = (self.frames[frame].width, self.frames[frame].height);
                Err(DrawError::Frame { frame, expected: size, given })
            }
            None => Ok(first),
        }
    }
}

/// The group at place `i` that all frames have, with other children: its opening, each frame's children, its closing.
fn common_group<'a>(frames: &[&'a [Node]], i: usize) -> Option<(&'a str, Vec<&'a [Node]>, &'static str)> {
    let Node::Group { open, close, .. } = &frames[0][i] else { return None };
    let children = frames.iter().map(|nodes| match &nodes[i] {
        Node::Group { open: other, children, .. } if other == open => Some(children.as_slice()),
        _ => None,
    });
    Some((open, children.collect::<Option<Vec<_>>>()?, close))
}

/// The smallest rectangle (x, y, width, height) outside of which two images are equal; one pixel if they are equal.
fn changed(before: &Pixels, now: &Pixels) -> (u32, u32, u32, u32) {
    let row_bytes = now.width as usize * 3;
    let (mut left, mut right, mut top, mut bottom) = (now.width, 0, now.height, 0);
    for (y, (a, b)) in before.rgb.chunks_exact(row_bytes).zip(now.rgb.chunks_exact(row_bytes)).enumerate() {
        let differs = |i: &usize| a[3 * i..3 * i + 3] != b[3 * i..3 * i + 3];
        let columns = now.width as usize;
        if let (Some(from), Some(to)) = ((0..columns).find(differs), (0..columns).rfind(differs)) {
            (left, right) = (left.min(from as u32), right.max(to as u32));
            (top, bottom) = (top.min(y as u32), bottom.max(y as u32));
        }
    }
    if left > right { (0, 0, 1, 1) } else { (left, top, right - left + 1, bottom - top + 1) }
}

fn cut(pixels: &Pixels, (x, y, width, height): (u32, u32, u32, u32)) -> Vec<u8> {
    let row_bytes = pixels.width as usize * 3;
    let rows = pixels.rgb.chunks_exact(row_bytes).skip(y as usize).take(height as usize);
    rows.flat_map(|row| &row[x as usize * 3..(x + width) as usize * 3]).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LineChart, palette::Colour};

    fn film(frames: usize) -> Animation {
        (0..frames).fold(Animation::new(0.1), |film, i| {
            let chart = LineChart::new("t").y_range(0.0, 9.0).size(200.0, 150.0);
            film.frame(chart.curve("", &[0.0, 1.0], &[0.0, i as f64]).draw().unwrap())
        })
    }

    #[test]
    fn what_does_not_change_is_written_once() {
        let svg = film(4).to_svg().unwrap();
        let class = film(4).class_name();
        assert_eq!(svg.matches(&format!("<g class=\"{class}\"")).count(), 3);
        assert_eq!(svg.matches(&format!("<g class=\"{class}l\"")).count(), 1);
        resvg::usvg::roxmltree::Document::parse(&svg).unwrap();
        assert_eq!(svg.matches(">t</text>").count(), 1);
        // 4 frames of 0.1 s and 1.5 s more: the cycle takes 1.9 s, the third frame starts 1.7 s before its end.
        assert!(svg.contains(" 1.9s step-end") && svg.contains("animation-delay:-1.7s"), "{svg}");
    }

    #[test]
    fn a_reader_without_motion_shows_the_last_frame() {
        let film = film(3);
        let still = rasterize(&film.to_svg().unwrap(), 200.0, 150.0, 1.0).unwrap();
        assert_eq!(still, rasterize(&film.frames[2].to_svg(), 200.0, 150.0, 1.0).unwrap());
    }

    #[test]
    fn an_animated_png_has_all_frames() {
        let bytes = film(3).to_apng(1.0).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(&bytes)).read_info().unwrap();
        assert_eq!(reader.info().animation_control().unwrap().num_frames, 3);
        let mut buffer = vec![0; reader.output_buffer_size().unwrap()];
        for _ in 0..3 {
            reader.next_frame(&mut buffer).unwrap();
        }
        assert!(reader.next_frame(&mut buffer).is_err());
    }

    #[test]
    fn thinning_keeps_both_ends_and_the_length() {
        let thin = film(9).thinned(3);
        assert_eq!(thin.len(), 3);
        assert!((thin.seconds_per_frame - 0.3).abs() < 1e-12);
        assert_eq!(thin.frames[2], film(9).frames[8]);
    }

    #[test]
    fn the_changed_rectangle_by_hand() {
        let blank = Pixels { width: 4, height: 3, rgb: vec![255; 36] };
        let mut dotted = blank.clone();
        let Colour(dark, ..) = Colour::BLACK;
        dotted.rgb[3 * (4 + 1)] = dark;
        dotted.rgb[3 * (2 * 4 + 2) + 1] = dark;
        assert_eq!(changed(&blank, &dotted), (1, 1, 2, 2));
        assert_eq!(changed(&blank, &blank), (0, 0, 1, 1));
        assert_eq!(cut(&dotted, (1, 1, 1, 1)), [0, 255, 255]);
    }

    #[test]
    fn frames_must_match() {
        assert!(Animation::new(0.1).to_svg().unwrap_err().to_string().contains("has no frame"));
        let odd = film(1).frame(LineChart::new("t").curve("", &[0.0], &[0.0]).draw().unwrap());
        assert_eq!(
            odd.to_apng(1.0).unwrap_err().to_string(),
            "frame 1 of the animation is 720 by 440 pixels, but the first is 200 by 150; draw all frames alike"
        );
    }
}
