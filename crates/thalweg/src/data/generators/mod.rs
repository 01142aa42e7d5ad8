//! Data sets made by a formula: one file each, all with rows, noise and seed.
//!
//! | name | what | rows | classes | noise |
//! |---|---|---|---|---|
//! | `curve` | y = exp(x) on [-5, 5] | 30 | – | 0.01 |
//! | `regression` | three linear functions of 27 normal inputs | 100 | – | 0 |
//! | `spiral` | arms of a spiral | 300 | 3, or any number | 0.2 |
//! | `moons` | two half circles that interlock | 200 | 2 | 0.1 |
//! | `circles` | a circle in a circle | 200 | 2 | 0.05 |
//! | `blobs` | round clouds on a circle | 300 | 3, or any number | 1 |
//! | `xor` | clouds at the corners of a square, opposite corners alike | 200 | 2 | 0.1 |
//! | `checkerboard` | the fields of a 4×4 board | 400 | 2 | 0 |
//!
//! Noise is the standard deviation of normal noise in the inputs' units, except for `spiral` (of the angle, in radians),
//! `curve` (the range of uniform noise added to y) and `regression` (of the noise added to y).

mod blobs;
mod checkerboard;
mod circles;
mod curve;
mod draws;
mod moons;
mod regression;
mod spiral;
mod xor;

pub use draws::Draws;

use super::features::Features;
use super::problem::{DataProblem, nearest};
use super::raw::{RawData, RawInputs, RawTarget};
use super::settings::Generator;

/// The names of all generators.
pub const GENERATORS: [&str; 8] =
    ["curve", "regression", "spiral", "moons", "circles", "blobs", "xor", "checkerboard"];

/// The most rows that a generator makes.
const MOST_ROWS: usize = 10_000_000;

/// What a generator was asked for, its defaults filled in and all of it checked.
#[derive(Clone, Copy, Debug)]
struct Options {
    rows: usize,
    classes: usize,
    noise: f64,
}

/// How many classes a generator has.
#[derive(Clone, Copy, Debug)]
enum Classes {
    /// Its targets are numbers.
    None,
    /// Always so many.
    Fixed(usize),
    /// So many unless told otherwise.
    Default(usize),
}

/// What a generator takes when it is not told.
#[derive(Clone, Copy, Debug)]
struct Defaults {
    rows: usize,
    classes: Classes,
    noise: f64,
}

/// Makes the rows of a generator.
pub(crate) fn generate(generator: &Generator, draws: &mut Draws<'_>) -> Result<RawData, DataProblem> {
    type Make = fn(Options, &mut Draws<'_>) -> RawData;
    let (defaults, make, has_numpy_original): (Defaults, Make, bool) = match generator.name.as_str() {
        "curve" => (curve::DEFAULTS, curve::curve, true),
        "regression" => (regression::DEFAULTS, regression::regression, true),
        "spiral" => (spiral::DEFAULTS, spiral::spiral, true),
        "moons" => (moons::DEFAULTS, moons::moons, false),
        "circles" => (circles::DEFAULTS, circles::circles, false),
        "blobs" => (blobs::DEFAULTS, blobs::blobs, false),
        "xor" => (xor::DEFAULTS, xor::xor, false),
        "checkerboard" => (checkerboard::DEFAULTS, checkerboard::checkerboard, false),
        name => {
            let known: Vec<String> = GENERATORS.map(str::to_owned).into();
            return Err(DataProblem::UnknownName { nearest: nearest(name, &known), known });
        }
    };
    if draws.is_numpy() && !has_numpy_original {
        return Err(DataProblem::NoNumpyOriginal);
    }
    Ok(make(checked(generator, defaults)?, draws))
}

fn checked(generator: &Generator, defaults: Defaults) -> Result<Options, DataProblem> {
    let wrong = |option, value: String, expected: String| {
        Err(DataProblem::GeneratorOption { option, value, expected })
    };
    let rows = generator.rows.unwrap_or(defaults.rows);
    if !(1..=MOST_ROWS).contains(&rows) {
        return wrong("rows", rows.to_string(), format!("a whole number from 1 to {MOST_ROWS}"));
    }
    let noise = generator.noise.unwrap_or(defaults.noise);
    if !(noise.is_finite() && noise >= 0.0) {
        return wrong("noise", noise.to_string(), "a number, 0 or more".to_owned());
    }
    let classes = match (defaults.classes, generator.classes) {
        (Classes::None, None) => 0,
        (Classes::None, Some(given)) => {
            return wrong("classes", given.to_string(), format!("{} has no classes", generator.name));
        }
        (Classes::Fixed(count) | Classes::Default(count), None) => count,
        (Classes::Fixed(count), Some(given)) if given != count => {
            return wrong("classes", given.to_string(), format!("{} has {count} classes", generator.name));
        }
        (_, Some(given)) => given,
    };
    if !matches!(defaults.classes, Classes::None) && !(2..=rows).contains(&classes) {
        return wrong("classes", classes.to_string(), format!("from 2 to the number of rows, {rows}"));
    }
    Ok(Options { rows, classes, noise })
}

/// `count` numbers at equal distances from `start` to `stop`, as NumPy's `linspace` rounds them: start + i·step, and the
/// last one exactly.
fn linspace(start: f64, stop: f64, count: usize) -> Vec<f64> {
    let step = (stop - start) / count.saturating_sub(1).max(1) as f64;
    // A product, then a sum: two roundings, as NumPy has them.
    let mut numbers: Vec<f64> = (0..count).map(|i| i as f64 * step + start).collect();
    if count > 1 {
        numbers[count - 1] = stop;
    }
    numbers
}

/// How many rows each class has: equal, the first ones larger by one.
fn class_sizes(rows: usize, classes: usize) -> impl Iterator<Item = usize> {
    (0..classes).map(move |class| rows / classes + usize::from(class < rows % classes))
}

/// A point with normal noise of deviation `noise` in both directions.
fn jitter([x, y]: [f64; 2], noise: f64, draws: &mut Draws<'_>) -> [f64; 2] {
    if noise == 0.0 { [x, y] } else { [x + noise * draws.normal(), y + noise * draws.normal()] }
}

/// Points in the plane with a class each.
fn points(points: Vec<[f64; 2]>, ids: Vec<u32>, classes: usize) -> RawData {
    RawData {
        inputs: RawInputs::Array {
            name: None,
            features: Features::F64(points.into_iter().flatten().collect()),
            shape: vec![2],
            column_names: vec!["x1".to_owned(), "x2".to_owned()],
        },
        target: RawTarget::Classes {
            name: "class".to_owned(),
            ids,
            labels: (0..classes).map(|class| class.to_string()).collect(),
        },
        weights: None,
    }
}

/// Rows of numbers with numbers as targets.
fn numbers(x: Vec<f64>, columns: Vec<String>, targets: Vec<f64>, target_names: Vec<String>) -> RawData {
    RawData {
        inputs: RawInputs::Array {
            name: None,
            features: Features::F64(x),
            shape: vec![columns.len()],
            column_names: columns,
        },
        target: RawTarget::Numbers {
            names: target_names,
            values: targets,
            kind: super::raw::NumberKind::Measured,
            label_names: None,
        },
        weights: None,
    }
}

#[cfg(test)]
mod tests;
