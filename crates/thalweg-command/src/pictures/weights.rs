//! The weights of the first dense layer: as images where the inputs are images, else as a heat map.

use thalweg::layers::Layer;
use thalweg_draw::{Heatmap, Picture, WeightImages};

use super::images::Layout;
use super::{Reason, RunView, Trained, Unfit};

/// Units whose weights are drawn as images, at most.
const MOST_UNITS: usize = 40;

/// Values that a heat map shows at most.
const MOST_VALUES: usize = 40_000;

/// Up to this many inputs a heat map names them.
const MOST_NAMED: usize = 12;

/// The weights of the first dense layer.
pub(super) fn weights(run: &RunView<'_>, trained: &mut dyn Trained) -> Result<Picture, Unfit> {
    let dense = run.layers.iter().find(|layer| matches!(layer.layer, Layer::Dense(_)));
    let Some((layer, weight)) = dense.and_then(|layer| Some((layer, layer.parameters.first()?))) else {
        return Err(Reason::NoWeights.into());
    };
    let parameters = trained.parameters();
    let values = &parameters[weight.range.clone()];
    let (inputs, units) = (layer.input.len(), layer.output.len());
    let sees_inputs = run.layers[..layer.number].iter().all(|before| {
        matches!(before.layer, Layer::Flatten | Layer::Scale(_) | Layer::Dropout(_) | Layer::Noise(_))
    });
    let title = format!("{}: {} [{inputs}, {units}]", run.name, weight.name);
    if let (true, Ok(layout)) = (sees_inputs, Layout::of(run))
        && layout.height * layout.width * layout.channels == inputs
    {
        let values = by_pixel(values, layout, units);
        let title = match units > MOST_UNITS {
            true => format!("{title}, the first {MOST_UNITS} units"),
            false => title,
        };
        let images = WeightImages::new(title, layout.height, layout.width, &values);
        return Ok(images.channels(layout.channels).most(MOST_UNITS).draw()?);
    }
    if values.len() > MOST_VALUES {
        return Err(Reason::LargeWeights { values: values.len(), most: MOST_VALUES }.into());
    }
    let mut map = Heatmap::new(title, inputs, units, values).labels("input", "unit").value_label("weight");
    let names = run.train.feature_names();
    // The names are those of the layer's inputs only where nothing before it mixes them.
    if sees_inputs && inputs <= MOST_NAMED && names.len() == inputs {
        map = map.row_names(names);
    }
    Ok(map.draw()?)
}

/// Weights `[inputs, units]` whose inputs lie pixel by pixel, from either layout.
fn by_pixel(values: &[f64], layout: Layout, units: usize) -> Vec<f64> {
    if !layout.planes {
        return values.to_vec();
    }
    let pixels = layout.height * layout.width;
    let mut turned = Vec::with_capacity(values.len());
    for pixel in 0..pixels {
        for channel in 0..layout.channels {
            let input = channel * pixels + pixel;
            turned.extend_from_slice(&values[input * units..(input + 1) * units]);
        }
    }
    turned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planes_become_pixels() {
        let layout = Layout { height: 1, width: 2, channels: 3, planes: true };
        // Inputs: red, red, green, green, blue, blue; one unit.
        assert_eq!(by_pixel(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], layout, 1), [1.0, 3.0, 5.0, 2.0, 4.0, 6.0]);
    }
}
