//! Adaptive average pooling: means over as many equal parts of an image as are wanted.

use super::window::image;
use super::{Backward, Forward, Layer, LayerProblem};
use crate::kernels::convolution::{self, PoolSizes, Windows};
use crate::real::Real;
use crate::shape::Shape;

/// The means of parts of the image, of which there are as many as wanted whatever the image's size.
///
/// ```text
/// part i of I along an axis of H values: from ⌊i·H/I⌋ up to ⌈(i + 1)·H/I⌉, neighbours sharing a value where I does not divide H
/// forward   y[n,c,i,j]  = Σ x[n,c,r,s] / N(i,j)       over the N(i,j) values of part (i, j)
/// backward  dx[n,c,r,s] = Σ dy[n,c,i,j] / N(i,j)      over the parts (i, j) that hold (r, s)
/// ```
///
/// # Shapes
/// `x` `[batch, channels, height, width]`, `y` `[batch, channels, output height, output width]`.
///
/// # Source
/// The parts are PyTorch's (`AdaptiveAvgPool2d`), after He, Zhang, Ren, Sun, "Spatial pyramid pooling in deep convolutional
/// networks" (2014), section 3.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdaptiveAveragePool2d {
    /// Output height and width, from 1 to the input's.
    pub output_size: [usize; 2],
}

impl From<AdaptiveAveragePool2d> for Layer {
    fn from(pool: AdaptiveAveragePool2d) -> Self {
        Layer::AdaptiveAveragePool2d(pool)
    }
}

impl AdaptiveAveragePool2d {
    pub(super) fn output_shape(self, input: &Shape) -> Result<Shape, LayerProblem> {
        let (size, given) = (image(input)?, self.output_size);
        if (0..2).any(|axis| !(1..=size[axis]).contains(&given[axis])) {
            return Err(LayerProblem::AdaptiveSize { given, size });
        }
        Ok(Shape::from([input.axes()[0], given[0], given[1]]))
    }

    /// y = the mean of each part
    pub(super) fn forward<R: Real>(self, pass: Forward<'_, R>) {
        convolution::average_pool(adaptive_sizes(self.output_size, pass.input), pass.rows, pass.x, pass.y);
    }

    /// dx = Σ dy / N over the parts that hold the pixel
    pub(super) fn backward<R: Real>(self, pass: Backward<'_, R>) {
        let Some(dx) = pass.dx else { return };
        let sizes = adaptive_sizes(self.output_size, pass.input);
        convolution::average_pool_gradient(sizes, pass.rows, pass.dy, dx);
    }
}

/// The sizes of a pool of so many parts; an input without a second or third axis counts as one of size 1.
pub(super) fn adaptive_sizes(parts: [usize; 2], input: &Shape) -> PoolSizes {
    let [channels, height, width] = [0, 1, 2].map(|axis| input.axes().get(axis).copied().unwrap_or(1));
    PoolSizes { channels, height, width, windows: parts.map(|count| Windows::Adaptive { count }) }
}
