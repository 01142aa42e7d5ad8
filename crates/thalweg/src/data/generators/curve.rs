//! `curve`: y = exp(x) on [-5, 5], with a little uniform noise.

use crate::data::raw::RawData;
use crate::real::Real;

use super::{Classes, Defaults, Draws, Options, linspace, numbers};

pub(super) const DEFAULTS: Defaults = Defaults { rows: 30, classes: Classes::None, noise: 0.01 };

/// ```text
/// x = linspace(-5, 5, rows)    y = exp(x) + noise·u,  u uniform in [0, 1)
/// ```
pub(super) fn curve(options: Options, draws: &mut Draws<'_>) -> RawData {
    let x = linspace(-5.0, 5.0, options.rows);
    let y = x.iter().map(|&x| Real::exp(x) + options.noise * draws.uniform()).collect();
    numbers(x, vec!["x".to_owned()], y, vec!["y".to_owned()])
}
