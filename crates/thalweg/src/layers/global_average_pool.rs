//! Global average pooling: the mean of each channel.

use super::adaptive_average_pool2d::adaptive_sizes;
use super::{Backward, Forward, Layer, LayerProblem};
use crate::kernels::convolution;
use crate::real::Real;
use crate::shape::Shape;

/// The mean of each channel over all its positions: a row of values, whatever the image's size.
///
/// ```text
/// forward   y[n,c]     = Σᵢ x[n,c,i] / N        over the N positions of a channel
/// backward  dx[n,c,i]  = dy[n,c] / N
/// ```
///
/// # Shapes
/// `x` `[batch, channels, height, width]` or `[batch, channels, length]`, `y` `[batch, channels]`, which a dense layer takes as it is.
///
/// # Source
/// Lin, Chen, Yan, "Network in network" (2014), section 3.2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GlobalAveragePool;

impl From<GlobalAveragePool> for Layer {
    fn from(pool: GlobalAveragePool) -> Self {
        Layer::GlobalAveragePool(pool)
    }
}

impl GlobalAveragePool {
    pub(super) fn output_shape(self, input: &Shape) -> Result<Shape, LayerProblem> {
        match *input.axes() {
            [channels, _] | [channels, _, _] => Ok(Shape::from(channels)),
            _ => Err(LayerProblem::NotImage { input: input.clone() }),
        }
    }

    /// y[n,c] = Σᵢ x[n,c,i] / N
    pub(super) fn forward<R: Real>(self, pass: Forward<'_, R>) {
        convolution::average_pool(adaptive_sizes([1, 1], pass.input), pass.rows, pass.x, pass.y);
    }

    /// dx[n,c,i] = dy[n,c] / N
    pub(super) fn backward<R: Real>(self, pass: Backward<'_, R>) {
        let Some(dx) = pass.dx else { return };
        convolution::average_pool_gradient(adaptive_sizes([1, 1], pass.input), pass.rows, pass.dy, dx);
    }
}
