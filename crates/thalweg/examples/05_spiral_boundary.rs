//! Draws the regions into which a network cuts the plane, with letters: three arms of a spiral.
//!
//! Shows predictions on a grid of points that are not in the data.

use thalweg::data::{self, Dataset, DatasetTargets, Features, LoadOptions};
use thalweg::experiment::Draft;
use thalweg::{Loss, Network, Result, Shape, Trainer};

/// Half the width of the picture, in the data's units.
const REACH: f64 = 1.2;

fn main() -> Result<()> {
    run().map(|_| ())
}

/// The accuracy on the points.
pub(crate) fn run() -> Result<f64> {
    let spiral = Draft::builtin("spiral")?.check()?;
    let points = data::load(&spiral.data, &LoadOptions::default())?.train;

    let mut network = Network::<f64>::builder(2).dense(32).relu().dense(3).build(0)?;
    let outcome = Trainer::new()
        .loss(Loss::SoftmaxCrossEntropy)
        .learning_rate(1e-2)
        .full_batch()
        .steps(800)
        .fit(&mut network, &points)?;
    let accuracy = outcome.parts[0].metrics.accuracy.unwrap_or(0.0);
    println!("{:.0} % of the {} points lie in their own region", 100.0 * accuracy, points.rows());

    let (width, height) = (48, 24);
    let at = |i: usize, count: usize| REACH * (2.0 * (i as f64 + 0.5) / count as f64 - 1.0);
    let grid: Vec<f64> = (0..height)
        .flat_map(|row| (0..width).flat_map(move |column| [at(column, width), -at(row, height)]))
        .collect();
    let grid = Dataset::new(Features::F64(grid), Shape::from(2), DatasetTargets::None)?;
    let probabilities = network.predict(&Loss::SoftmaxCrossEntropy, &grid)?;
    for line in probabilities.chunks(3 * width) {
        let letters = line.chunks(3).map(|p| {
            if p[0] >= p[1].max(p[2]) {
                '.'
            } else if p[1] >= p[2] {
                'o'
            } else {
                '#'
            }
        });
        println!("{}", letters.collect::<String>());
    }
    Ok(accuracy)
}
