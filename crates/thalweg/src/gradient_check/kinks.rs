//! Kinks of the activations: values of a forward pass where the one-sided differences of the function disagree.

use crate::activations::Activation;
use crate::layers::Layer;
use crate::plan::Plan;
use crate::shape::Shape;

/// The step of the differences, relative to the value's size or to 1.
const STEP: f64 = 1e-7;

/// How far one-sided slopes must differ to be a kink; a smooth function's differ by about the step.
const GAP: f64 = 1e-3;

/// How many values of the last forward pass lie on a kink of their activation.
pub(super) fn count(plan: &Plan<f64>, rows: usize) -> usize {
    let mut kinks = 0;
    for (i, layer) in plan.layers().iter().enumerate() {
        kinks += of_layer(&layer.layer, &layer.input, rows, plan.value(i, rows), plan.cache(i, rows));
    }
    kinks
}

/// How many of a layer's inputs lie on a kink of it, or of a layer inside it.
fn of_layer(layer: &Layer, input: &Shape, rows: usize, x: &[f64], cache: &[f64]) -> usize {
    match layer {
        Layer::Activation(Activation::Softmax) => 0,
        Layer::Activation(activation) => x.iter().filter(|&&z| is_kink(activation, z)).count(),
        Layer::Residual(residual) => {
            let mut kinks = 0;
            residual.visit(input, rows, x, cache, &mut |seen| {
                kinks += of_layer(seen.layer, seen.input, rows, seen.x, seen.cache);
            });
            kinks
        }
        _ => 0,
    }
}

fn is_kink(activation: &Activation, z: f64) -> bool {
    let h = STEP * z.abs().max(1.0);
    let mut a = [0.0; 3];
    activation.forward(1, &[z - h, z, z + h], &mut a);
    let (left, right) = ((a[1] - a[0]) / h, (a[2] - a[1]) / h);
    (right - left).abs() > GAP
}
