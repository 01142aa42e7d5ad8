//! `xor`: the exclusive or as clouds at the corners of the unit square.

use crate::data::raw::RawData;

use super::{Classes, Defaults, Draws, Options, jitter, points};

pub(super) const DEFAULTS: Defaults = Defaults { rows: 200, classes: Classes::Fixed(2), noise: 0.1 };

/// ```text
/// row i:  corner (a, b) = (⌊i/2⌋ mod 2, i mod 2) + noise·normal    class a xor b
/// ```
///
/// Four rows without noise are the truth table.
pub(super) fn xor(options: Options, draws: &mut Draws<'_>) -> RawData {
    let mut place = Vec::with_capacity(options.rows);
    let mut ids = Vec::with_capacity(options.rows);
    for row in 0..options.rows {
        let (a, b) = (row / 2 % 2, row % 2);
        place.push(jitter([a as f64, b as f64], options.noise, draws));
        ids.push((a ^ b) as u32);
    }
    points(place, ids, 2)
}
