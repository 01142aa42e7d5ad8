//! Which class is taken for which.

use crate::axis::grouped;
use crate::error::{DrawError, same_length};
use crate::frame::{GRAY, INK, LABEL_SIZE, MARGIN, TICK_SIZE};
use crate::markup::{Anchor, Node, Stroke, TextStyle, rectangle, text, upward_text};
use crate::palette::{Colour, counts};
use crate::picture::{Picture, title_lines};
use crate::text_width::{shortened, text_width};

const PICTURE: &str = "confusion matrix";
/// The longest class name in pixels; longer ones are cut.
const LONGEST_NAME: f64 = 130.0;
/// More classes than this are drawn without numbers.
const MOST_NUMBERED: usize = 30;

/// Counts of labels (rows) against predictions (columns), shaded by the share of the row.
///
/// # Example
///
/// ```
/// use thalweg_draw::ConfusionMatrix;
///
/// let picture = ConfusionMatrix::new("Test set", &["cat", "dog"], &[30, 4, 1, 15]).draw()?;
/// assert!(picture.to_svg().contains(">30<"));
/// # Ok::<(), thalweg_draw::DrawError>(())
/// ```
#[derive(Debug, Clone)]
pub struct ConfusionMatrix {
    title: String,
    names: Vec<String>,
    counts: Vec<u64>,
}

impl ConfusionMatrix {
    /// A matrix of counts, row by row: `counts[label · classes + prediction]`.
    pub fn new<S: AsRef<str>>(title: impl Into<String>, names: &[S], counts: &[u64]) -> Self {
        let names = names.iter().map(|n| n.as_ref().into()).collect();
        ConfusionMatrix { title: title.into(), names, counts: counts.to_vec() }
    }

    /// Draws the matrix; the last column says how many of each label were found (recall).
    ///
    /// # Errors
    /// [`DrawError::Empty`] without classes, [`DrawError::Length`] if there are not classes² counts.
    pub fn draw(&self) -> Result<Picture, DrawError> {
        let classes = self.names.len();
        if classes == 0 {
            return Err(DrawError::Empty { picture: PICTURE, what: "class" });
        }
        same_length(PICTURE, "counts", classes * classes, self.counts.len())?;
        let cell = (480.0 / classes as f64).clamp(12.0, 74.0);
        let font = (cell * 0.3).clamp(7.0, 14.0);
        let names: Vec<String> =
            self.names.iter().map(|n| shortened(n, TICK_SIZE, false, LONGEST_NAME)).collect();
        let widest = names.iter().map(|n| text_width(n, TICK_SIZE, false)).fold(0.0, f64::max);
        let upward = widest > cell - 4.0;
        let recall_width = if classes <= MOST_NUMBERED { 62.0 } else { 0.0 };

        let left = MARGIN + LABEL_SIZE * 1.3 + 6.0 + widest + 8.0;
        let side = classes as f64 * cell;
        let width = left + side + recall_width + MARGIN;
        let (mut nodes, title_height) = title_lines(&self.title, width);
        let top = title_height.max(MARGIN) + 24.0;
        let names_below = if upward { widest + 10.0 } else { TICK_SIZE + 8.0 };
        let height = top + side + names_below + LABEL_SIZE * 1.3 + 6.0 + MARGIN;

        for (row, counts) in self.counts.chunks_exact(classes).enumerate() {
            nodes.extend(self.draw_row(row, counts, (left, top + row as f64 * cell), cell, font));
        }
        let style = TextStyle { size: TICK_SIZE, bold: false, colour: GRAY, anchor: Anchor::End };
        for (i, name) in names.iter().enumerate() {
            let middle = (i as f64 + 0.5) * cell;
            nodes.push(text(left - 7.0, top + middle + 0.36 * TICK_SIZE, name, style));
            let (x, y) = (left + middle, top + side + 7.0);
            nodes.push(if upward {
                upward_text(x + 0.36 * TICK_SIZE, y, name, style)
            } else {
                text(x, y + TICK_SIZE, name, TextStyle { anchor: Anchor::Middle, ..style })
            });
        }
        let style = TextStyle { size: LABEL_SIZE, bold: false, colour: INK, anchor: Anchor::Middle };
        nodes.push(rectangle(left, top, side, side, None, Some(Stroke::solid(GRAY, 1.0))));
        nodes.push(text(left + side / 2.0, height - MARGIN, "prediction", style));
        nodes.push(upward_text(MARGIN + 0.8 * LABEL_SIZE, top + side / 2.0, "label", style));
        if recall_width > 0.0 {
            nodes.push(text(
                left + side + recall_width / 2.0 + 4.0,
                top - 8.0,
                "recall",
                TextStyle { size: TICK_SIZE, colour: GRAY, ..style },
            ));
        }
        Ok(Picture { width, height, title: self.title.clone(), nodes })
    }

    fn draw_row(&self, row: usize, values: &[u64], (left, y): (f64, f64), cell: f64, font: f64) -> Vec<Node> {
        let total: u64 = values.iter().sum();
        let share = |count: u64| if total == 0 { 0.0 } else { count as f64 / total as f64 };
        let middle = |colour| TextStyle { size: font, bold: false, colour, anchor: Anchor::Middle };
        let mut nodes = Vec::new();
        for (column, &count) in values.iter().enumerate() {
            // The square root lets few mistakes show beside many right answers.
            let fill = counts(share(count).sqrt());
            let x = left + column as f64 * cell;
            nodes.push(rectangle(x, y, cell, cell, Some(fill), Some(Stroke::solid(Colour::WHITE, 1.0))));
            let label = grouped(&count.to_string());
            if self.names.len() <= MOST_NUMBERED && count > 0 {
                let size = font.min(font * (cell - 4.0) / text_width(&label, font, row == column));
                let style = TextStyle {
                    size,
                    bold: row == column,
                    ..middle(if fill.is_light() { INK } else { Colour::WHITE })
                };
                nodes.push(text(x + cell / 2.0, y + cell / 2.0 + 0.36 * size, &label, style));
            }
        }
        if self.names.len() <= MOST_NUMBERED && total > 0 {
            let label = format!("{:.1} %", 100.0 * share(values[row]));
            let x = left + values.len() as f64 * cell + 35.0;
            nodes.push(text(
                x,
                y + cell / 2.0 + 4.0,
                &label,
                TextStyle { size: font.min(12.0), ..middle(GRAY) },
            ));
        }
        nodes
    }
}
