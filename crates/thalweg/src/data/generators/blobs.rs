//! `blobs`: round clouds whose centres stand on a circle.

use std::f64::consts::TAU;

use crate::data::raw::RawData;
use crate::real::Real;

use super::{Classes, Defaults, Draws, Options, class_sizes, jitter, points};

pub(super) const DEFAULTS: Defaults = Defaults { rows: 300, classes: Classes::Default(3), noise: 1.0 };

/// How far each centre is from the origin.
const DISTANCE: f64 = 4.0;

/// ```text
/// class j of c:  4·(cos(2πj/c), sin(2πj/c)) + noise·normal
/// ```
pub(super) fn blobs(options: Options, draws: &mut Draws<'_>) -> RawData {
    let mut place = Vec::with_capacity(options.rows);
    let mut ids = Vec::with_capacity(options.rows);
    for (class, size) in class_sizes(options.rows, options.classes).enumerate() {
        let angle = TAU * class as f64 / options.classes as f64;
        let centre = [DISTANCE * Real::cos(angle), DISTANCE * Real::sin(angle)];
        for _ in 0..size {
            place.push(jitter(centre, options.noise, draws));
            ids.push(class as u32);
        }
    }
    points(place, ids, options.classes)
}
