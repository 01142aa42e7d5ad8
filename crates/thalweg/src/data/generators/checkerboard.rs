//! `checkerboard`: the black and white fields of a board.

use crate::data::raw::RawData;

use super::{Classes, Defaults, Draws, Options, jitter, points};

pub(super) const DEFAULTS: Defaults = Defaults { rows: 400, classes: Classes::Fixed(2), noise: 0.0 };

/// Fields per side; the board covers [0, 4) × [0, 4).
const SIDE: f64 = 4.0;

/// ```text
/// (a, b) uniform on the board    class (⌊a⌋ + ⌊b⌋) mod 2    then + noise·normal
/// ```
///
/// Row i is drawn again until its class is i mod 2, so that the classes are equal in number.
pub(super) fn checkerboard(options: Options, draws: &mut Draws<'_>) -> RawData {
    let mut place = Vec::with_capacity(options.rows);
    let mut ids = Vec::with_capacity(options.rows);
    for row in 0..options.rows {
        let class = (row % 2) as u32;
        let point = loop {
            let [a, b] = [SIDE * draws.uniform(), SIDE * draws.uniform()];
            if (a as u32 + b as u32) % 2 == class {
                break [a, b];
            }
        };
        place.push(jitter(point, options.noise, draws));
        ids.push(class);
    }
    points(place, ids, 2)
}
