//! The curves of the activations in a network, each with its derivative.

use thalweg::activations::Activation;
use thalweg::layers::Layer;
use thalweg_draw::{ActivationCurves, Picture};

use super::{Reason, RunView, Unfit};

/// The curves are drawn from -REACH to REACH, with so many values per unit.
const REACH: usize = 5;
const PER_UNIT: usize = 40;

/// Every activation of the network and of the loss once, in the order of the layers.
pub(super) fn activations(run: &RunView<'_>) -> Result<Picture, Unfit> {
    let inside = run.layers.iter().filter_map(|layer| match &layer.layer {
        Layer::Activation(activation) => Some((activation.clone(), "")),
        _ => None,
    });
    let of_loss = run.loss.prediction_activation().map(|activation| (activation, " (in the loss)"));
    let mut found: Vec<(Activation, String)> = Vec::new();
    for (activation, place) in inside.chain(of_loss) {
        let is_known = found.iter().any(|(known, _)| known.name() == activation.name());
        if !is_known && !matches!(activation, Activation::Softmax | Activation::Identity) {
            let name = format!("{}{place}", activation.name());
            found.push((activation, name));
        }
    }
    let title = match found.as_slice() {
        [] => return Err(Reason::NoActivations.into()),
        // A single curve has no legend that would name it.
        [(_, name)] => format!("{}: {name}", run.name),
        _ => format!("{}: activations", run.name),
    };
    let mut picture = ActivationCurves::new(title);
    for (activation, name) in &found {
        let (z, f, derivative) = sampled(activation);
        picture = picture.curve(name, &z, &f, &derivative);
    }
    Ok(picture.draw()?)
}

/// Places, values and derivatives.
fn sampled(activation: &Activation) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let (reach, per_unit) = (REACH as f64, PER_UNIT as f64);
    let z: Vec<f64> = (0..=2 * REACH * PER_UNIT).map(|i| i as f64 / per_unit - reach).collect();
    let (mut f, mut derivative) = (vec![0.0; z.len()], vec![0.0; z.len()]);
    activation.forward(z.len(), &z, &mut f);
    activation.backward(z.len(), &z, &f, &vec![1.0; z.len()], &mut derivative);
    (z, f, derivative)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relu_by_hand() {
        let (z, f, derivative) = sampled(&Activation::Relu);
        let at = |value: f64| z.iter().position(|&z| z == value).unwrap();
        assert_eq!((z[0], z[z.len() - 1]), (-5.0, 5.0));
        assert_eq!((f[at(-2.0)], f[at(2.0)]), (0.0, 2.0));
        assert_eq!((derivative[at(0.0)], derivative[at(2.0)]), (0.0, 1.0));
    }
}
