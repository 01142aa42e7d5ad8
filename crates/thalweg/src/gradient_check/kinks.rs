//! Kinks of the activations: values of a forward pass where the one-sided differences of the function disagree.

use crate::activations::Activation;
use crate::layers::Layer;
use crate::plan::Plan;

/// The step of the differences, relative to the value's size or to 1.
const STEP: f64 = 1e-7;

/// How far one-sided slopes must differ to be a kink; a smooth function's differ by about the step.
const GAP: f64 = 1e-3;

/// How many values of the last forward pass lie on a kink of their activation.
pub(super) fn count(plan: &Plan<f64>, rows: usize) -> usize {
    let mut kinks = 0;
    for (i, layer) in plan.layers().iter().enumerate() {
        let Layer::Activation(activation) = &layer.layer else { continue };
        if matches!(activation, Activation::Softmax) {
            continue;
        }
        kinks += plan.value(i, rows).iter().filter(|&&z| is_kink(activation, z)).count();
    }
    kinks
}

fn is_kink(activation: &Activation, z: f64) -> bool {
    let h = STEP * z.abs().max(1.0);
    let mut a = [0.0; 3];
    activation.forward(1, &[z - h, z, z + h], &mut a);
    let (left, right) = ((a[1] - a[0]) / h, (a[2] - a[1]) / h);
    (right - left).abs() > GAP
}
