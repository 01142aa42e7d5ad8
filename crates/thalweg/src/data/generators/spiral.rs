//! `spiral`: each class is an arm of a spiral.

use crate::data::raw::RawData;
use crate::real::Real;

use super::{Classes, Defaults, Draws, Options, class_sizes, linspace, points};

pub(super) const DEFAULTS: Defaults = Defaults { rows: 300, classes: Classes::Default(3), noise: 0.2 };

/// How far an arm turns, in radians, and where the next one starts.
const TURN: f64 = 4.0;

/// ```text
/// class j:  r = linspace(0, 1, rows)    θ = linspace(4j, 4j + 4, rows) + noise·normal    (r sin θ, r cos θ)
/// ```
pub(super) fn spiral(options: Options, draws: &mut Draws<'_>) -> RawData {
    let mut place = Vec::with_capacity(options.rows);
    let mut ids = Vec::with_capacity(options.rows);
    for (class, size) in class_sizes(options.rows, options.classes).enumerate() {
        let radius = linspace(0.0, 1.0, size);
        let start = class as f64 * TURN;
        for (r, turn) in radius.into_iter().zip(linspace(start, start + TURN, size)) {
            let angle = turn + draws.normal() * options.noise;
            place.push([r * Real::sin(angle), r * Real::cos(angle)]);
            ids.push(class as u32);
        }
    }
    points(place, ids, options.classes)
}
