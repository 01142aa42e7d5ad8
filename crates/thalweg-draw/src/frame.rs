//! What every plot with axes shares: title, legend, grid, ticks, labels, and the mapping from values to pixels.

use crate::axis::Axis;
use crate::marker::Shape;
use crate::markup::{
    Anchor, Node, Stroke, TextStyle, clipped, filled_path, line, rectangle, text, upward_text,
};
use crate::palette::Colour;
use crate::picture::{Picture, title_lines};
use crate::text_width::text_width;

/// Room between the edge of a picture and what it holds.
pub(crate) const MARGIN: f64 = 14.0;
pub(crate) const TITLE_SIZE: f64 = 15.0;
pub(crate) const LABEL_SIZE: f64 = 13.0;
pub(crate) const TICK_SIZE: f64 = 12.0;
/// Titles and important text.
pub(crate) const INK: Colour = Colour(34, 34, 34);
/// Axis labels and ticks.
pub(crate) const GRAY: Colour = Colour(85, 85, 85);
const GRID: Colour = Colour(232, 232, 232);
const EDGE: Colour = Colour(150, 150, 150);
const LEGEND_ROW: f64 = 20.0;

/// The sample before a legend's text.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Swatch {
    Line { stroke: Stroke },
    Point { shape: Shape, colour: Colour },
    Block { colour: Colour },
}

#[derive(Debug, Clone)]
pub(crate) struct LegendEntry {
    pub(crate) label: String,
    pub(crate) swatch: Swatch,
}

/// What is measured: the whole picture, or the plot inside its axes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Extent {
    Whole(f64, f64),
    Plot(f64, f64),
}

/// The description of a plot's surroundings.
#[derive(Debug)]
pub(crate) struct FrameSpec<'a> {
    pub(crate) title: &'a str,
    pub(crate) x_label: &'a str,
    pub(crate) y_label: &'a str,
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    pub(crate) legend: &'a [LegendEntry],
    pub(crate) extent: Extent,
    /// Room kept free at the right, for a colour bar.
    pub(crate) right: f64,
    pub(crate) grid: bool,
}

/// A plot area with its mapping; the surroundings are drawn.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    total: (f64, f64),
    title: String,
    below: Vec<Node>,
    above: Vec<Node>,
}

impl Frame {
    pub(crate) fn new(spec: FrameSpec<'_>) -> Frame {
        let tick_width =
            spec.y.ticks.iter().map(|t| text_width(&t.label, TICK_SIZE, false)).fold(0.0, f64::max);
        let last_x = spec.x.ticks.last().map_or(0.0, |t| text_width(&t.label, TICK_SIZE, false) / 2.0);
        let label_room = if spec.y_label.is_empty() { 0.0 } else { LABEL_SIZE * 1.3 + 4.0 };
        let left = MARGIN + label_room + tick_width + 8.0;
        let right = MARGIN + last_x.max(2.0) + spec.right;
        let bottom =
            MARGIN + TICK_SIZE + 8.0 + if spec.x_label.is_empty() { 0.0 } else { LABEL_SIZE * 1.3 + 5.0 };
        let (total_width, plot_width) = match spec.extent {
            Extent::Whole(w, _) => (w, (w - left - right).max(40.0)),
            Extent::Plot(w, _) => (w + left + right, w),
        };
        let (mut above, title_height) = title_lines(spec.title, total_width);
        let (legend, legend_height) = legend_rows(spec.legend, left, title_height.max(MARGIN), plot_width);
        above.extend(legend);
        let top = title_height.max(MARGIN) + legend_height + if title_height > 0.0 { 8.0 } else { 0.0 };
        let (total_height, plot_height) = match spec.extent {
            Extent::Whole(_, h) => (h, (h - top - bottom).max(40.0)),
            Extent::Plot(_, h) => (h + top + bottom, h),
        };
        let widest = |axis: &Axis| {
            axis.ticks.iter().map(|t| text_width(&t.label, TICK_SIZE, false)).fold(0.0, f64::max)
        };
        let mut x = spec.x;
        let mut target = x.ticks.len().max(2);
        while x.ticks.len() > 2 && x.ticks.len() as f64 * (widest(&x) + 14.0) > plot_width && target > 2 {
            target -= 1;
            x = x.with_ticks(target);
        }
        let mut frame = Frame {
            left,
            top,
            width: plot_width,
            height: plot_height,
            x,
            y: spec.y,
            total: (total_width, total_height),
            title: spec.title.into(),
            below: Vec::new(),
            above,
        };
        frame.draw_ticks(spec.grid);
        frame.draw_labels(spec.x_label, spec.y_label);
        frame
    }

    fn draw_ticks(&mut self, grid: bool) {
        let style = TextStyle { size: TICK_SIZE, bold: false, colour: GRAY, anchor: Anchor::Middle };
        let (right, bottom) = (self.left + self.width, self.top + self.height);
        let thin = Stroke::solid(GRID, 1.0);
        let tick = Stroke::solid(EDGE, 1.0);
        for t in &self.x.ticks {
            let x = self.left + self.x.position(t.value) * self.width;
            if grid {
                self.below.push(line((x, self.top), (x, bottom), thin));
            }
            self.above.push(line((x, bottom), (x, bottom + 4.0), tick));
            self.above.push(text(x, bottom + 6.0 + TICK_SIZE, &t.label, style));
        }
        let style = TextStyle { anchor: Anchor::End, ..style };
        for t in &self.y.ticks {
            let y = bottom - self.y.position(t.value) * self.height;
            if grid {
                self.below.push(line((self.left, y), (right, y), thin));
            }
            self.above.push(line((self.left - 4.0, y), (self.left, y), tick));
            self.above.push(text(self.left - 7.0, y + 0.36 * TICK_SIZE, &t.label, style));
        }
        // The edge lies below curves, so that one along it can be seen, and above images.
        let edge = rectangle(self.left, self.top, self.width, self.height, None, Some(tick));
        if grid { self.below.push(edge) } else { self.above.push(edge) }
    }

    fn draw_labels(&mut self, x_label: &str, y_label: &str) {
        let style = TextStyle { size: LABEL_SIZE, bold: false, colour: INK, anchor: Anchor::Middle };
        if !x_label.is_empty() {
            self.above.push(text(self.left + self.width / 2.0, self.total.1 - MARGIN, x_label, style));
        }
        if !y_label.is_empty() {
            let y = self.top + self.height / 2.0;
            self.above.push(upward_text(MARGIN + 0.8 * LABEL_SIZE, y, y_label, style));
        }
    }

    /// The pixel of a point. Far-off values stop a few plot sizes outside, where the clip hides them.
    pub(crate) fn place(&self, x: f64, y: f64) -> (f64, f64) {
        let across = self.x.position(x).clamp(-8.0, 9.0);
        let up = self.y.position(y).clamp(-8.0, 9.0);
        (self.left + across * self.width, self.top + (1.0 - up) * self.height)
    }

    /// Whether a point lies inside the axes (its middle, with a little patience).
    pub(crate) fn holds(&self, x: f64, y: f64) -> bool {
        let inside = |p: f64| (-1e-6..=1.0 + 1e-6).contains(&p);
        crate::axis::drawable(x, self.x.log)
            && crate::axis::drawable(y, self.y.log)
            && inside(self.x.position(x))
            && inside(self.y.position(y))
    }

    /// Puts the plot together: grid, what is clipped to the axes, axes, what may stand over them.
    pub(crate) fn finish(self, inside: Vec<Node>, over: Vec<Node>) -> Picture {
        let mut nodes = self.below;
        // A little wider than the axes, so that a curve along an edge keeps its whole width.
        const SLACK: f64 = 1.5;
        let (width, height) = (self.width + 2.0 * SLACK, self.height + 2.0 * SLACK);
        nodes.push(clipped(self.left - SLACK, self.top - SLACK, width, height, inside));
        nodes.extend(self.above);
        nodes.extend(over);
        Picture { width: self.total.0, height: self.total.1, title: self.title, nodes }
    }
}

/// Legend entries in rows above the plot, where they never cover data; returns the height they take.
pub(crate) fn legend_rows(entries: &[LegendEntry], left: f64, top: f64, room: f64) -> (Vec<Node>, f64) {
    const SAMPLE: f64 = 26.0;
    const GAP: f64 = 18.0;
    let mut nodes = Vec::new();
    if entries.is_empty() {
        return (nodes, 0.0);
    }
    let widths: Vec<f64> =
        entries.iter().map(|e| SAMPLE + 6.0 + text_width(&e.label, TICK_SIZE, false)).collect();
    let mut rows: Vec<(Vec<usize>, f64)> = vec![(Vec::new(), 0.0)];
    for (i, width) in widths.iter().enumerate() {
        let row = rows.last_mut().expect("starts with one row and never loses it");
        let needed = if row.0.is_empty() { *width } else { row.1 + GAP + width };
        if needed <= room || row.0.is_empty() {
            row.0.push(i);
            row.1 = needed;
        } else {
            rows.push((vec![i], *width));
        }
    }
    let style = TextStyle { size: TICK_SIZE, bold: false, colour: INK, anchor: Anchor::Start };
    for (r, (row, row_width)) in rows.iter().enumerate() {
        let mut x = left + ((room - row_width) / 2.0).max(0.0);
        let y = top + 4.0 + (r as f64 + 0.5) * LEGEND_ROW;
        for &i in row {
            match entries[i].swatch {
                Swatch::Line { stroke } => nodes.push(line((x, y), (x + SAMPLE, y), stroke)),
                Swatch::Point { shape, colour } => {
                    let mut d = String::new();
                    shape.outline(x + SAMPLE / 2.0 + 4.0, y, 4.5, &mut d);
                    nodes.push(filled_path(&d, colour, None));
                }
                Swatch::Block { colour } => {
                    nodes.push(rectangle(x + 10.0, y - 6.0, 16.0, 12.0, Some(colour), None))
                }
            }
            nodes.push(text(x + SAMPLE + 6.0, y + 0.36 * TICK_SIZE, &entries[i].label, style));
            x += widths[i] + GAP;
        }
    }
    (nodes, rows.len() as f64 * LEGEND_ROW + 6.0)
}
