//! Points: a shape and a colour per class, so that classes differ even without colour.

use crate::markup::{Node, Stroke, filled_path, number};
use crate::palette::Colour;

/// The shape of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Circle,
    Square,
    Triangle,
    Diamond,
    Cross,
    Star,
}

impl Shape {
    /// The shape of class `index`; they repeat.
    pub(crate) fn of(index: usize) -> Shape {
        [Shape::Circle, Shape::Triangle, Shape::Square, Shape::Diamond, Shape::Cross][index % 5]
    }

    /// Adds the outline around (x, y); `r` is about the radius of a circle of the same area.
    pub(crate) fn outline(self, x: f64, y: f64, r: f64, out: &mut String) {
        let mut polygon = |corners: &[(f64, f64)]| {
            for (i, (dx, dy)) in corners.iter().enumerate() {
                out.push(if i == 0 { 'M' } else { 'L' });
                out.push_str(&number(x + dx * r));
                out.push(' ');
                out.push_str(&number(y + dy * r));
            }
            out.push('Z');
        };
        match self {
            Shape::Circle => {
                let (r1, r2) = (number(r), number(2.0 * r));
                out.push_str(&format!(
                    "M{} {}a{r1} {r1} 0 1 0 {r2} 0a{r1} {r1} 0 1 0 -{r2} 0Z",
                    number(x - r),
                    number(y)
                ));
            }
            Shape::Square => polygon(&[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]),
            Shape::Triangle => polygon(&[(0.0, -1.25), (1.15, 0.8), (-1.15, 0.8)]),
            Shape::Diamond => polygon(&[(0.0, -1.3), (1.1, 0.0), (0.0, 1.3), (-1.1, 0.0)]),
            Shape::Cross => polygon(&[
                (-1.1, -0.5),
                (-0.5, -1.1),
                (0.0, -0.6),
                (0.5, -1.1),
                (1.1, -0.5),
                (0.6, 0.0),
                (1.1, 0.5),
                (0.5, 1.1),
                (0.0, 0.6),
                (-0.5, 1.1),
                (-1.1, 0.5),
                (-0.6, 0.0),
            ]),
            Shape::Star => polygon(&[
                (0.0, -1.4),
                (0.33, -0.45),
                (1.33, -0.43),
                (0.53, 0.17),
                (0.82, 1.13),
                (0.0, 0.56),
                (-0.82, 1.13),
                (-0.53, 0.17),
                (-1.33, -0.43),
                (-0.33, -0.45),
            ]),
        }
    }

    /// All points of one class as one element, with a thin white rim.
    pub(crate) fn points(self, places: &[(f64, f64)], r: f64, colour: Colour) -> Node {
        let mut d = String::with_capacity(places.len() * 48);
        places.iter().for_each(|&(x, y)| self.outline(x, y, r, &mut d));
        filled_path(&d, colour, Some(Stroke { opacity: 0.9, ..Stroke::solid(Colour::WHITE, 0.25 * r) }))
    }
}
