//! How large outputs may be so that the loss is finite for certain.

use crate::data::{Dataset, DatasetTargets};
use crate::real::Real;

/// What is added to every magnitude, for the terms that do not depend on outputs (a logarithm of the number of classes).
const SLACK: f64 = 64.0;

/// The largest magnitude of an output, in the units of training, with which every built-in loss is finite in `R`; `None`
/// where the targets themselves are too large. It is above 1, and to be rounded towards 0.
///
/// ```text
/// D = largest output and largest target, both in the target's own units, + 64
/// any loss ≤ 4·rows·outputs·D²
/// ```
/// The squares are at most D², and the other losses at most 4·D² for a row's output: a distance is at most D, Huber's line
/// lies below its parabola, log cosh and the quantile loss below the distance, binary cross-entropy is at most D + D·|t| + 1 and the focal loss no
/// more, softmax cross-entropy at most |t|·(2·D + log classes).
pub(super) fn largest_output<R: Real>(data: &Dataset, outputs: usize) -> Option<f64> {
    let largest = if size_of::<R>() == 4 { f64::from(f32::MAX) } else { f64::MAX };
    let bound = (largest / (16.0 * data.rows() as f64 * outputs as f64)).sqrt();
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
    let limit = (bound - target - shift - SLACK) / width;
    (limit > 1.0).then_some(limit)
}
