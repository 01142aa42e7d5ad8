//! What a network for images looks for, and what it finds: the filters of its first convolution, and that layer's outputs for one image.

use thalweg::data::Dataset;
use thalweg::layers::Layer;
use thalweg::network::PlacedLayer;
use thalweg::train::Part;
use thalweg::{Loss, Network};
use thalweg_draw::{Image, ImageGrid, Mark, Picture, WeightImages};

use super::images::{picture_of, usual_index};
use super::{Choice, PictureProblem, Reason, RunView, Trained, Unfit};

/// Filters, or maps, that are drawn at most.
const MOST: usize = 40;

/// The filters of the first convolution: one image each.
pub(super) fn filters(run: &RunView<'_>, trained: &mut dyn Trained) -> Result<Picture, Unfit> {
    let (layer, _) = first_convolution(run)?;
    let weight = layer.parameters.first().ok_or(Reason::NoConvolution)?;
    let &[filters, channels, height, width] = weight.shape.axes() else {
        return Err(Reason::NoConvolution.into());
    };
    if height * width == 1 {
        return Err(Reason::PointFilters.into());
    }
    let parameters = trained.parameters();
    // Colours where there are three channels, else the first channel alone.
    let shown = if channels == 3 { 3 } else { 1 };
    let values = by_pixel(&parameters[weight.range.clone()], [filters, channels, height * width], shown);
    let mut title = format!("{}: {} {}", run.name, weight.name, weight.shape);
    if shown < channels {
        title.push_str(", the first input channel");
    }
    if filters > MOST {
        title.push_str(&format!(", the first {MOST} filters"));
    }
    let images = WeightImages::new(title, height, width, &values);
    Ok(images.channels(shown).most(MOST).draw()?)
}

/// Weights `[filters, channels, pixels]` as `[pixels, shown channels, filters]`.
fn by_pixel(values: &[f64], [filters, channels, pixels]: [usize; 3], shown: usize) -> Vec<f64> {
    let mut turned = Vec::with_capacity(filters * shown * pixels);
    for pixel in 0..pixels {
        for channel in 0..shown {
            turned.extend((0..filters).map(|filter| values[(filter * channels + channel) * pixels + pixel]));
        }
    }
    turned
}

/// An image of a part by its index, and what the first convolution and the activation after it make of it, channel by channel.
pub(super) fn features(
    run: &RunView<'_>,
    trained: &mut dyn Trained,
    choice: Choice,
) -> Result<Picture, Unfit> {
    let (_, count) = first_convolution(run)?;
    let part = choice.part.unwrap_or(Part::Train);
    let data = run.part(part)?;
    let index = choice.index.unwrap_or_else(|| usual_index(data));
    if index >= data.rows() {
        return Err(PictureProblem::NoSuchRow { index, part: part.name(), rows: data.rows() }.into());
    }
    let layers = &run.layers[..count];
    let maps = outputs(layers, &trained.parameters(), data, index)?;
    let last = &layers[count - 1];
    let &[channels, height, width] = last.output.axes() else { return Err(Reason::NoConvolution.into()) };
    let shown = channels.min(MOST);
    let what = if shown < channels { format!("{shown} of {channels}") } else { channels.to_string() };
    let title =
        format!("{}: {} image {index} and its {what} maps of layer {}", run.name, part.name(), last.number);
    let mut grid = ImageGrid::new(title).image(picture_of(run, data, index)?, "the image", Mark::Plain);
    for (channel, map) in maps.chunks_exact(height * width).take(shown).enumerate() {
        let image = Image::from_values(width, height, map)?;
        grid = grid.image(image, format!("channel {channel}"), Mark::Plain);
    }
    Ok(grid.draw()?)
}

/// The first convolution, and how many layers there are up to it and the normalisations and activations after it.
fn first_convolution<'r>(run: &RunView<'r>) -> Result<(&'r PlacedLayer, usize), Unfit> {
    let is_convolution = |layer: &PlacedLayer| matches!(layer.layer, Layer::Conv2d(_));
    let at = run.layers.iter().position(is_convolution).ok_or(Reason::NoConvolution)?;
    let follows = |layer: &&PlacedLayer| {
        matches!(
            layer.layer,
            Layer::Activation(_) | Layer::BatchNorm(_) | Layer::GroupNorm(_) | Layer::LayerNorm(_)
        )
    };
    Ok((&run.layers[at], at + 1 + run.layers[at + 1..].iter().take_while(follows).count()))
}

/// What the layers give for one row.
fn outputs(
    layers: &[PlacedLayer],
    parameters: &[f64],
    data: &Dataset,
    row: usize,
) -> thalweg::Result<Vec<f64>> {
    let input = layers[0].input.clone();
    let mut network = Network::<f64>::new(input, layers.iter().map(|layer| layer.layer.clone()).collect())?;
    let count = network.parameter_count();
    network.parameters_mut().copy_from_slice(&parameters[..count]);
    let mut x = vec![0.0; data.columns()];
    data.gather(&[row as u32], &mut x);
    let mut values = vec![0.0; network.output_shape().len()];
    // A loss that takes outputs as they are.
    network.predictor(&Loss::MeanSquaredError)?.predict(&x, &mut values)?;
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_become_pixels() {
        // Two filters over three channels of two pixels.
        let values: Vec<f64> = (0..12).map(f64::from).collect();
        let all = by_pixel(&values, [2, 3, 2], 3);
        assert_eq!(all, [0.0, 6.0, 2.0, 8.0, 4.0, 10.0, 1.0, 7.0, 3.0, 9.0, 5.0, 11.0]);
        assert_eq!(by_pixel(&values, [2, 3, 2], 1), [0.0, 6.0, 1.0, 7.0]);
    }
}
