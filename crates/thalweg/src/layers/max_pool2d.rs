//! Max pooling: the largest value of each window.

use super::window::image;
use super::{Backward, Forward, Layer, LayerProblem, Window};
use crate::kernels::convolution::{self, PoolSizes, Windows};
use crate::real::Real;
use crate::shape::Shape;

/// The largest value of each window, channel by channel.
///
/// ```text
/// forward   y[n,c,i,j]  = max over the window's values x[n,c,r,s]
/// backward  dx[n,c,r,s] = Σ dy[n,c,i,j] over the windows (i, j) whose largest value stands at (r, s)
/// ```
///
/// Of several equal values the first counts, row by row. What lies outside the image never counts.
///
/// # Shapes
/// `x` `[batch, channels, height, width]`, `y` `[batch, channels, output height, output width]`; [`Window`] says how large the
/// output is.
///
/// # Memory
/// Where each window's largest value stands: as many values per row as the output has.
///
/// # Source
/// Goodfellow, Bengio, Courville, *Deep Learning* (2016), section 9.3.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MaxPool2d {
    /// What each output sees; windows usually lie side by side, with a stride as large as they are.
    pub window: Window,
}

impl From<MaxPool2d> for Layer {
    fn from(pool: MaxPool2d) -> Self {
        Layer::MaxPool2d(pool)
    }
}

impl MaxPool2d {
    /// Square windows side by side.
    pub const fn new(side: usize) -> Self {
        MaxPool2d { window: Window::square(side).stride(side) }
    }

    pub(super) fn output_shape(&self, input: &Shape) -> Result<Shape, LayerProblem> {
        let [height, width] = image(input)?;
        // Places are kept as numbers of the network's type.
        if height.saturating_mul(width) > MOST_PLACES {
            let (what, shape) = ("channels", vec![height, width]);
            return Err(LayerProblem::TooLarge { what, shape, most: MOST_PLACES });
        }
        pooled_shape(self.window, input)
    }

    pub(super) fn cache_len(&self, input: &Shape) -> usize {
        pool_sizes(self.window, input).y_len()
    }

    /// y = the largest value of each window
    pub(super) fn forward<R: Real>(&self, pass: Forward<'_, R>) {
        convolution::max_pool(pool_sizes(self.window, pass.input), pass.rows, pass.x, pass.y, pass.cache);
    }

    /// dx = Σ dy over the windows that took the pixel
    pub(super) fn backward<R: Real>(&self, pass: Backward<'_, R>) {
        let Some(dx) = pass.dx else { return };
        let sizes = pool_sizes(self.window, pass.input);
        convolution::max_pool_gradient(sizes, pass.rows, pass.cache, pass.dy, dx);
    }
}

/// The whole numbers that `f32` holds without a gap.
const MOST_PLACES: usize = 1 << 24;

/// The shape that windows leave of an image, channel by channel.
pub(super) fn pooled_shape(window: Window, input: &Shape) -> Result<Shape, LayerProblem> {
    let size = image(input)?;
    let [height, width] = window.check(input)?;
    let padding = window.ends(size);
    if (0..2).any(|axis| padding[axis].iter().any(|&pixels| pixels >= window.kernel_size[axis])) {
        return Err(LayerProblem::EmptyWindow { padding, kernel_size: window.kernel_size });
    }
    if window.dilation != [1, 1] {
        return Err(LayerProblem::PoolDilation { dilation: window.dilation });
    }
    Ok(Shape::from([input.axes()[0], height, width]))
}

/// The sizes of a pool with these windows.
pub(super) fn pool_sizes(window: Window, input: &Shape) -> PoolSizes {
    let [channels, height, width] = [0, 1, 2].map(|axis| input.axes()[axis]);
    let ends = window.ends([height, width]);
    let windows = [0, 1].map(|axis| Windows::Regular {
        size: window.kernel_size[axis],
        stride: window.stride[axis],
        before: ends[axis][0],
        after: ends[axis][1],
    });
    PoolSizes { channels, height, width, windows }
}
