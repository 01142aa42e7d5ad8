//! `circles`: a circle in a circle.

use std::f64::consts::TAU;

use crate::data::raw::RawData;
use crate::real::Real;

use super::{Classes, Defaults, Draws, Options, class_sizes, jitter, points};

pub(super) const DEFAULTS: Defaults = Defaults { rows: 200, classes: Classes::Fixed(2), noise: 0.05 };

/// The radius of each class's circle.
const RADIUS: [f64; 2] = [1.0, 0.5];

/// ```text
/// t = 2πi / rows    radius·(cos t, sin t) + noise·normal    radius 1 for class 0, ½ for class 1
/// ```
pub(super) fn circles(options: Options, draws: &mut Draws<'_>) -> RawData {
    let mut place = Vec::with_capacity(options.rows);
    let mut ids = Vec::with_capacity(options.rows);
    for ((class, size), radius) in (0_u32..).zip(class_sizes(options.rows, 2)).zip(RADIUS) {
        for i in 0..size {
            let t = TAU * i as f64 / size as f64;
            place.push(jitter([radius * Real::cos(t), radius * Real::sin(t)], options.noise, draws));
            ids.push(class);
        }
    }
    points(place, ids, 2)
}
