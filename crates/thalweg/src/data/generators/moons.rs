//! `moons`: two half circles that interlock.

use std::f64::consts::PI;

use crate::data::raw::RawData;
use crate::real::Real;

use super::{Classes, Defaults, Draws, Options, class_sizes, jitter, linspace, points};

pub(super) const DEFAULTS: Defaults = Defaults { rows: 200, classes: Classes::Fixed(2), noise: 0.1 };

/// ```text
/// t = linspace(0, π)    class 0: (cos t, sin t)    class 1: (1 - cos t, ½ - sin t)    + noise·normal
/// ```
pub(super) fn moons(options: Options, draws: &mut Draws<'_>) -> RawData {
    let mut place = Vec::with_capacity(options.rows);
    let mut ids = Vec::with_capacity(options.rows);
    for (class, size) in (0_u32..).zip(class_sizes(options.rows, 2)) {
        for t in linspace(0.0, PI, size) {
            let (x, y) = (Real::cos(t), Real::sin(t));
            let point = if class == 0 { [x, y] } else { [1.0 - x, 0.5 - y] };
            place.push(jitter(point, options.noise, draws));
            ids.push(class);
        }
    }
    points(place, ids, 2)
}
