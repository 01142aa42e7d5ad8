//! How large outputs may be so that the loss is finite for certain.

use crate::data::{Dataset, DatasetTargets};
use crate::kernels::losses::OutputLimits;
use crate::losses::Loss;
use crate::real::Real;

/// What is added to every magnitude, for the terms that do not depend on outputs (a logarithm of the number of classes).
const SLACK: f64 = 64.0;

/// What a limit is multiplied by, so that rounding does not lead beyond it.
const ROUNDED_DOWN: f64 = 0.999;

/// The largest magnitude of an output, in the units of training, with which a built-in loss is finite in `R`; `None`
/// where the targets themselves are too large. It is above 1.
///
/// ```text
/// D = largest output and largest target, both in the target's own units, + 64
/// any loss ≤ 4·rows·outputs·D²
/// ```
/// The squares are at most D², and the other losses at most 4·D² for a row's output: a distance is at most D, Huber's line
/// lies below its parabola, log cosh and the quantile loss below the distance, binary cross-entropy is at most D + D·|t| + 1 and the focal loss no
/// more, softmax cross-entropy at most |t|·(2·D + log classes). A hinge is at most 1 + (2·|t| + 1)·|z|: outputs may be smaller by
/// that factor. A rate e^z has a limit of its own.
pub(super) fn largest_output<R: Real>(loss: &Loss, data: &Dataset, outputs: usize) -> Option<R> {
    let limit = in_squares::<R>(loss, data, outputs)?.min(exponent::<R>(loss, data, outputs));
    Some(R::from_f64(limit * ROUNDED_DOWN))
}

/// The same for kernels that look at the squares of many outputs together.
pub(super) fn output_limits<R: Real>(loss: &Loss, data: &Dataset, outputs: usize) -> Option<OutputLimits<R>> {
    let limit = in_squares::<R>(loss, data, outputs)?;
    Some(OutputLimits {
        squares: R::from_f64(limit * limit * ROUNDED_DOWN),
        largest: R::from_f64(exponent::<R>(loss, data, outputs) * ROUNDED_DOWN),
    })
}

fn largest<R: Real>() -> f64 {
    if size_of::<R>() == 4 { f64::from(f32::MAX) } else { f64::MAX }
}

/// The limit by the sum of squares.
fn in_squares<R: Real>(loss: &Loss, data: &Dataset, outputs: usize) -> Option<f64> {
    let bound = (largest::<R>() / (16.0 * data.rows() as f64 * outputs as f64)).sqrt();
    let scale = data.target_scale();
    let mut target = 1.0_f64;
    let (mut shift, mut width) = (0.0_f64, 1.0_f64);
    if let DatasetTargets::Values { values, outputs } = data.targets() {
        for (i, value) in values.iter().enumerate() {
            // A target counts in both units: the gradient's and the report's.
            target = target.max(value.abs()).max(scale.to_training_units(i % outputs, *value).abs());
        }
        for j in 0..*outputs {
            shift = shift.max(scale.to_own_units(j, 0.0).abs());
            width = width.max(scale.width(j).abs());
        }
    }
    let slope = if loss.gives_scores() { 2.0 * target + 1.0 } else { 1.0 };
    let limit = (bound - target - shift - SLACK) / (width * slope);
    (limit > 1.0).then_some(limit)
}

/// The logarithm of the largest rate whose loss can be added up; infinite where outputs are no logarithms.
fn exponent<R: Real>(loss: &Loss, data: &Dataset, outputs: usize) -> f64 {
    match loss.from_log_rates() {
        true => Real::log(largest::<R>() / (32.0 * data.rows() as f64 * outputs as f64)),
        false => f64::INFINITY,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Features;
    use crate::losses::{Targets, Weights};
    use crate::shape::Shape;

    /// Every built-in loss of rows at the limit is finite; without it, that of some is not.
    fn at_the_limit<R: Real>(sign: f64) {
        for name in Loss::NAMES {
            let loss = Loss::from_name(name).unwrap();
            for (outputs, target) in [(1, 0.0), (1, 1e3), (3, 1e3)] {
                let rows = 50;
                let values = vec![target; rows * outputs];
                let targets = DatasetTargets::Values { values, outputs };
                let data = Dataset::new(Features::F64(vec![0.0; rows]), Shape::from(1), targets).unwrap();
                let limit = largest_output::<R>(&loss, &data, outputs).unwrap().to_f64();
                // Every other output is as large on the other side.
                let flip = |i: usize| if i.is_multiple_of(2) { sign } else { -sign };
                let z: Vec<R> = (0..rows * outputs).map(|i| R::from_f64(limit * flip(i))).collect();
                let t = vec![R::from_f64(target); rows * outputs];
                let (targets, weights) = (Targets::Values(&t), Weights::Equal(rows));
                assert!(loss.weighted_value(outputs, &z, targets, weights).is_finite(), "{name}");
                let mut sum = R::ZERO;
                for n in 0..rows {
                    sum += loss.row_value(&z[n * outputs..][..outputs], targets.row(n, outputs)).abs();
                }
                assert!(sum.to_f64().is_finite(), "{name}");
                let mut d = vec![R::ZERO; z.len()];
                loss.gradient(outputs, &z, targets, &mut d);
                assert!(d.iter().all(|d| d.is_finite()), "{name}");
            }
        }
    }

    #[test]
    fn losses_at_the_limit_are_finite() {
        for sign in [1.0, -1.0] {
            at_the_limit::<f32>(sign);
            at_the_limit::<f64>(sign);
        }
    }

    #[test]
    fn rates_end_long_before_squares() {
        let targets = DatasetTargets::Values { values: vec![1.0; 10], outputs: 1 };
        let data = Dataset::new(Features::F64(vec![0.0; 10]), Shape::from(1), targets).unwrap();
        let limits = output_limits::<f32>(&Loss::Poisson, &data, 1).unwrap();
        assert!(limits.largest > 80.0 && limits.largest < 88.0 && limits.squares > 1e30);
        let limits = output_limits::<f32>(&Loss::MeanSquaredError, &data, 1).unwrap();
        assert_eq!(limits.largest, f32::INFINITY);
    }
}
