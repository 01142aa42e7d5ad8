//! The order of an image's axes: files have channels last or first, networks take `[channels, height, width]`.

use super::features::Features;
use super::raw::RawInputs;
use crate::shape::Shape;

/// An image has at most so many channels last where nobody says what the axes are: grey, grey and opacity, colour, colour and
/// opacity.
const MOST_CHANNELS: usize = 4;

/// The axes `[channels, height, width]` in which a network for images takes rows of this shape: those of its own input where it
/// says them, else by the rows. Two axes are one channel. Of three, the last is taken for the channels where it is at most 4 and the
/// first is more. `None` for rows that are no images.
pub(crate) fn image_axes(shape: &[usize], own: Option<&Shape>) -> Option<[usize; 3]> {
    if let Some(&[channels, height, width]) = own.map(Shape::axes) {
        return Some([channels, height, width]);
    }
    match *shape {
        [height, width] => Some([1, height, width]),
        [height, width, channels] if channels <= MOST_CHANNELS && height > MOST_CHANNELS => {
            Some([channels, height, width])
        }
        [channels, height, width] => Some([channels, height, width]),
        _ => None,
    }
}

/// The features of rows `[height, width, channels]` by channels first, if `wanted` is that; others stay.
pub(crate) fn in_order(features: Features, given: &[usize], wanted: &[usize]) -> Features {
    let (&[height, width, channels], &[planes, rows, columns]) = (given, wanted) else { return features };
    if given == wanted || [planes, rows, columns] != [channels, height, width] {
        return features;
    }
    let pixels = height * width;
    match features {
        Features::U8(values) => Features::U8(to_planes(&values, pixels, channels)),
        Features::F32(values) => Features::F32(to_planes(&values, pixels, channels)),
        Features::F64(values) => Features::F64(to_planes(&values, pixels, channels)),
        features @ (Features::Shared(_) | Features::Sparse(_)) => {
            let values: Vec<f64> = (0..features.len()).map(|i| features.value(i)).collect();
            Features::F64(to_planes(&values, pixels, channels))
        }
    }
}

/// Pixel by pixel into channel by channel, row for row.
fn to_planes<T: Copy>(values: &[T], pixels: usize, channels: usize) -> Vec<T> {
    let mut planes = Vec::with_capacity(values.len());
    for row in values.chunks_exact(pixels * channels) {
        for channel in 0..channels {
            planes.extend(row.iter().skip(channel).step_by(channels));
        }
    }
    planes
}

impl RawInputs {
    /// Rows of images by channels first, for a network that takes them so; others stay.
    pub(crate) fn for_images(self, own: Option<&Shape>) -> RawInputs {
        let RawInputs::Array { name, features, shape, column_names } = self else { return self };
        let is_same = |axes: &[usize; 3]| axes.iter().product::<usize>() == shape.iter().product::<usize>();
        match image_axes(&shape, own).filter(is_same) {
            Some(axes) => {
                let features = in_order(features, &shape, &axes);
                RawInputs::Array { name, features, shape: axes.to_vec(), column_names }
            }
            None => RawInputs::Array { name, features, shape, column_names },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_follow_from_the_shape_or_the_network() {
        assert_eq!(image_axes(&[28, 28], None), Some([1, 28, 28]));
        assert_eq!(image_axes(&[64, 48, 3], None), Some([3, 64, 48]));
        assert_eq!(image_axes(&[3, 64, 48], None), Some([3, 64, 48]));
        assert_eq!(image_axes(&[3, 64, 4], None), Some([3, 64, 4]));
        assert_eq!(image_axes(&[32, 32, 10], None), Some([32, 32, 10]));
        assert_eq!(image_axes(&[32, 32, 10], Some(&Shape::from([10, 32, 32]))), Some([10, 32, 32]));
        assert_eq!(image_axes(&[784], None), None);
    }

    #[test]
    fn pixels_become_planes() {
        // Two images of 1×2 pixels in red, green, blue.
        let features = Features::U8(vec![1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16]);
        let planes = in_order(features.clone(), &[1, 2, 3], &[3, 1, 2]);
        assert_eq!(planes, Features::U8(vec![1, 4, 2, 5, 3, 6, 11, 14, 12, 15, 13, 16]));
        assert_eq!(in_order(features.clone(), &[3, 1, 2], &[3, 1, 2]), features);
        let inputs = RawInputs::Array {
            name: None,
            features: features.clone(),
            shape: vec![1, 2, 3],
            column_names: Vec::new(),
        };
        // By the shape alone these would have one channel of 2×3.
        let RawInputs::Array { features: turned, shape, .. } =
            inputs.for_images(Some(&Shape::from([3, 1, 2])))
        else {
            panic!("an array stays one");
        };
        assert_eq!((turned, shape), (planes, vec![3, 1, 2]));
    }
}
