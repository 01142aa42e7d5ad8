//! Average pooling: the mean of each window.

use super::max_pool2d::{pool_sizes, pooled_shape};
use super::{Backward, Forward, Layer, LayerProblem, Window};
use crate::kernels::convolution;
use crate::real::Real;
use crate::shape::Shape;

/// The mean of each window, channel by channel.
///
/// ```text
/// forward   y[n,c,i,j]  = Σ x[n,c,r,s] / N(i,j)       over the N(i,j) values of the window that lie in the image
/// backward  dx[n,c,r,s] = Σ dy[n,c,i,j] / N(i,j)      over the windows (i, j) that hold (r, s)
/// ```
///
/// What lies outside the image is left out of sum and count (PyTorch: `count_include_pad=False`).
///
/// # Shapes
/// `x` `[batch, channels, height, width]`, `y` `[batch, channels, output height, output width]`; [`Window`] says how large the
/// output is.
///
/// # Source
/// LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition" (1998), section II.B.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AveragePool2d {
    /// What each output sees; windows usually lie side by side, with a stride as large as they are.
    pub window: Window,
}

impl From<AveragePool2d> for Layer {
    fn from(pool: AveragePool2d) -> Self {
        Layer::AveragePool2d(pool)
    }
}

impl AveragePool2d {
    /// Square windows side by side.
    pub const fn new(side: usize) -> Self {
        AveragePool2d { window: Window::square(side).stride(side) }
    }

    pub(super) fn output_shape(&self, input: &Shape) -> Result<Shape, LayerProblem> {
        pooled_shape(self.window, input)
    }

    /// y = the mean of each window
    pub(super) fn forward<R: Real>(&self, pass: Forward<'_, R>) {
        convolution::average_pool(pool_sizes(self.window, pass.input), pass.rows, pass.x, pass.y);
    }

    /// dx = Σ dy / N over the windows that hold the pixel
    pub(super) fn backward<R: Real>(&self, pass: Backward<'_, R>) {
        let Some(dx) = pass.dx else { return };
        convolution::average_pool_gradient(pool_sizes(self.window, pass.input), pass.rows, pass.dy, dx);
    }
}
