//! Augmentation: images of the training part changed a little each epoch, so that a network sees more of them than there are.

mod batch;
mod draw;
mod geometry;
#[cfg(test)]
mod tests;

pub(crate) use batch::AugmentedBatch;

use super::dataset::{Dataset, DatasetTargets};
use super::images::image_axes;
use super::scale::FittedScale;
use crate::network::NetworkProblem;
use crate::shape::Shape;

/// Which way an image may be turned over, each with a chance of one half.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flip {
    /// Left and right change places.
    Horizontal,
    /// Top and bottom change places.
    Vertical,
    /// Either, independently.
    Both,
}

/// How images of the training part are changed before a network sees them; everything is off by default.
///
/// For each pixel p of the new image, counted from the centre c, the old one is read at
///
/// ```text
/// c + o + s·R(θ)·F(p - t)          t shift, F flip, R rotation by θ, s and o side and place of the crop
/// ```
///
/// exactly where nothing is rotated or cropped, else between its four neighbours in proportion (bilinear). What lies outside is 0.
/// Then, value by value,
///
/// ```text
/// contrast     x ← m + (1 + a)·(x - m)         m the image's mean, a from [-contrast, contrast)
/// brightness   x ← x + b                       b from [-brightness, brightness)
/// cutout       x ← 0 in a square whose centre lies anywhere in the image
/// mixup        x ← λ·x + (1 - λ)·x', t ← λ·t + (1 - λ)·t'      with another row x', t', itself changed in these ways
/// ```
///
/// All random numbers depend on the seed, the epoch and the row's number in the data alone, so that a run that is resumed
/// or verified sees the same images, whatever its batches. Validation and test parts are never changed, nor is the training part
/// where it is evaluated.
///
/// # Units and ranges
/// Pixels for `shift` (at most the image) and `cutout` (0 is off), degrees for `rotate`, shares of the side for `crop` (above 0; 1 is off). `brightness` is in the units of scaled
/// features, `contrast` a share. `mixup` is α of the distribution Beta(α, α) of λ, from 0 (off) to 1 (λ equally likely);
/// the larger of λ and 1 - λ is the row's own.
///
/// # Source
/// Simard, Steinkraus, Platt, "Best practices for convolutional neural networks" (2003); Szegedy et al., "Going deeper with
/// convolutions" (2015), section 6, for crops; DeVries, Taylor, "Improved regularization of convolutional neural networks with
/// cutout" (2017); Zhang et al., "mixup: beyond empirical risk minimization" (2018).
///
/// # Example
/// ```
/// use thalweg::data::Augmentation;
/// let augmentation = Augmentation { shift: 2, rotate: 10.0, ..Augmentation::default() };
/// assert!(!augmentation.is_off());
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Augmentation {
    /// The farthest that an image is moved along each axis, in whole pixels.
    pub shift: usize,
    /// Whether images are turned over.
    pub flip: Option<Flip>,
    /// The most that an image is turned to either side, in degrees, 0 to 180.
    pub rotate: f64,
    /// The least share of its sides that is cut out of an image and drawn up to its size, above 0 and at most 1.
    pub crop: f64,
    /// The side of a square that is set to 0.
    pub cutout: usize,
    /// How images are mixed in pairs, 0 to 1.
    pub mixup: f64,
    /// The most that is added to or taken from all values, 0 or more.
    pub brightness: f64,
    /// The most that distances from the mean grow or shrink, as a share, 0 to 1.
    pub contrast: f64,
}

impl Default for Augmentation {
    fn default() -> Self {
        Augmentation {
            shift: 0,
            flip: None,
            rotate: 0.0,
            crop: 1.0,
            cutout: 0,
            mixup: 0.0,
            brightness: 0.0,
            contrast: 0.0,
        }
    }
}

/// How the values of a row form an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PixelLayout {
    pub(crate) channels: usize,
    pub(crate) height: usize,
    pub(crate) width: usize,
    /// From a value to that of the next channel at the same place.
    pub(crate) channel_stride: usize,
    /// From a value to that of the next pixel of the same channel.
    pub(crate) pixel_stride: usize,
}

impl PixelLayout {
    /// The layout of rows of this shape, or of flat rows of which the network makes images.
    fn of(data: &Shape, network: &Shape) -> Option<PixelLayout> {
        let axes = |shape: &Shape| image_axes(shape.axes(), None);
        let shape = if axes(data).is_some() { data } else { network };
        let [channels, height, width] = axes(shape)?;
        let is_first = shape.axes().len() < 3 || shape.axes()[0] == channels;
        let (channel_stride, pixel_stride) = if is_first { (height * width, 1) } else { (1, channels) };
        Some(PixelLayout { channels, height, width, channel_stride, pixel_stride })
    }

    /// Where a pixel's value in a channel lies.
    pub(crate) fn at(&self, channel: usize, row: usize, column: usize) -> usize {
        channel * self.channel_stride + (row * self.width + column) * self.pixel_stride
    }
}

impl Augmentation {
    /// Whether nothing is changed.
    pub fn is_off(&self) -> bool {
        *self == Augmentation::default()
    }

    /// Whether pixels are read between others.
    pub(crate) fn is_between_pixels(&self) -> bool {
        self.rotate > 0.0 || self.crop < 1.0
    }

    /// Whether it can be done to the rows of `data`, for a network that takes examples of the shape `input`; and how these lie.
    ///
    /// # Errors
    /// [`NetworkProblem::AugmentsNoImages`], [`NetworkProblem::AugmentsScaledColumns`] and [`NetworkProblem::MixesNoClasses`].
    pub(crate) fn check(&self, data: &Dataset, input: &Shape) -> Result<PixelLayout, NetworkProblem> {
        let Some(layout) = PixelLayout::of(data.feature_shape(), input) else {
            return Err(NetworkProblem::AugmentsNoImages { shape: data.feature_shape().clone() });
        };
        if let FittedScale::Columns { .. } = data.scale() {
            return Err(NetworkProblem::AugmentsScaledColumns);
        }
        if self.mixup > 0.0 && !matches!(data.targets(), DatasetTargets::Classes { .. }) {
            return Err(NetworkProblem::MixesNoClasses);
        }
        Ok(layout)
    }
}
