//! `regression`: three linear functions of 27 normal inputs.

use crate::data::raw::RawData;

use super::{Classes, Defaults, Draws, Options, numbers};

pub(super) const DEFAULTS: Defaults = Defaults { rows: 100, classes: Classes::None, noise: 0.0 };

const INPUTS: usize = 27;
const OUTPUTS: usize = 3;

/// ```text
/// x[n,k] normal    a[k,j] normal    y = x·a  (+ noise·normal)
/// ```
///
/// NumPy's stream gives x, then a, then the noise if there is any. With Philox, a has a stream of its own, so that a test
/// source with the same seed has the same functions.
pub(super) fn regression(options: Options, draws: &mut Draws<'_>) -> RawData {
    let x: Vec<f64> = (0..options.rows * INPUTS).map(|_| draws.normal()).collect();
    let a: Vec<f64> = draws.shared(|draws| (0..INPUTS * OUTPUTS).map(|_| draws.normal()).collect());
    let mut y = Vec::with_capacity(options.rows * OUTPUTS);
    for row in x.chunks_exact(INPUTS) {
        for j in 0..OUTPUTS {
            let sum =
                row.iter().enumerate().fold(0.0, |sum, (k, &x)| f64::mul_add(x, a[k * OUTPUTS + j], sum));
            y.push(sum);
        }
    }
    if options.noise > 0.0 {
        for y in &mut y {
            *y += options.noise * draws.normal();
        }
    }
    let columns = (0..INPUTS).map(|k| format!("x{k}")).collect();
    numbers(x, columns, y, (0..OUTPUTS).map(|j| format!("y{j}")).collect())
}
