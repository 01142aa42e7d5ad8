//! The convolution of sequences: every output is a weighted sum of a window of the input.

use super::conv2d::{convolve, convolve_backward};
use super::{Backward, Forward, Layer, LayerProblem, ParameterRole, ParameterShape, Window};
use crate::init::Init;
use crate::kernels::convolution::ConvolutionSizes;
use crate::real::Real;
use crate::shape::Shape;

/// Every output channel is a weighted sum of a window of the input channels along a sequence, plus a bias: [`Conv2d`](super::Conv2d) over
/// images of one row.
///
/// ```text
/// forward   y[n,o,j] = b[o] + Σ_{c,q} w[o,c,q]·x[n,c, j·stride + q·dilation - before]
/// backward  dx[n,c,s] = Σ_{o,q} w[o,c,q]·dy[n,o,j]       where window j reads s by its q
///           dw[o,c,q] = Σ_{n,j} dy[n,o,j]·x[n,c, ...]      db[o] = Σ_{n,j} dy[n,o,j]
/// ```
///
/// # Shapes
/// `x` `[batch, in_channels, length]`, `w` `[out_channels, in_channels / groups, kernel_size]`, `b` `[out_channels]`, `y` `[batch,
/// out_channels, output length]`.
///
/// # Source
/// Goodfellow, Bengio, Courville, *Deep Learning* (2016), section 9.1.
#[derive(Clone, Debug, PartialEq)]
pub struct Conv1d {
    /// How many channels come out; at least 1.
    pub out_channels: usize,
    /// What each output sees; of height 1, without padding above or below.
    pub window: Window,
    /// Into how many groups the channels are cut; a divisor of both numbers of channels.
    pub groups: usize,
    /// How the weights start; `None` takes the network's default.
    pub init: Option<Init>,
    /// How the bias starts; `None` is zeros.
    pub bias_init: Option<Init>,
}

impl From<Conv1d> for Layer {
    fn from(conv: Conv1d) -> Self {
        Layer::Conv1d(conv)
    }
}

impl Conv1d {
    /// A convolution in one group that moves by 1, without padding, with the network's default start.
    pub const fn new(out_channels: usize, kernel_size: usize) -> Self {
        Conv1d { out_channels, window: Window::new([1, kernel_size]), groups: 1, init: None, bias_init: None }
    }

    pub(super) fn output_shape(&self, input: &Shape) -> Result<Shape, LayerProblem> {
        let &[in_channels, length] = input.axes() else {
            return Err(LayerProblem::NotSequence { input: input.clone() });
        };
        if self.out_channels == 0 {
            return Err(LayerProblem::NoOutputs);
        }
        super::check_groups(self.groups, "input channels", in_channels)?;
        super::check_groups(self.groups, "output channels", self.out_channels)?;
        let [height, width] = self.window.check(&Shape::from([in_channels, 1, length]))?;
        if height != 1 || self.window.kernel_size[0] != 1 {
            return Err(LayerProblem::TallWindow { kernel_size: self.window.kernel_size });
        }
        super::check_size("a weight", &self.weight_axes(in_channels))?;
        super::check_size("an output", &[self.out_channels, width])?;
        Ok(Shape::from([self.out_channels, width]))
    }

    pub(super) fn parameters(&self, input: &Shape) -> Vec<ParameterShape> {
        let (weight, bias) = (ParameterRole::Filter, ParameterRole::Free);
        let shape = Shape::from(self.weight_axes(input.axes()[0]));
        vec![
            ParameterShape { name: "weight".into(), shape, role: weight },
            ParameterShape { name: "bias".into(), shape: Shape::from(self.out_channels), role: bias },
        ]
    }

    /// As [`Conv2d`](super::Conv2d)'s.
    pub(super) fn fans(&self, input: &Shape) -> (usize, usize) {
        let window = self.window.kernel_size[1];
        (window * (input.axes()[0] / self.groups), window * (self.out_channels / self.groups))
    }

    /// y = x ∗ w + b
    pub(super) fn forward<R: Real>(&self, pass: Forward<'_, R>) {
        convolve(self.sizes(pass.input), pass);
    }

    pub(super) fn backward<R: Real>(&self, pass: Backward<'_, R>) {
        convolve_backward(self.sizes(pass.input), pass);
    }

    fn weight_axes(&self, in_channels: usize) -> [usize; 3] {
        [self.out_channels, in_channels / self.groups, self.window.kernel_size[1]]
    }

    pub(crate) fn sizes(&self, input: &Shape) -> ConvolutionSizes {
        let [in_channels, width] = [0, 1].map(|axis| input.axes()[axis]);
        ConvolutionSizes {
            in_channels,
            height: 1,
            width,
            out_channels: self.out_channels,
            kernel_size: self.window.kernel_size,
            stride: self.window.stride,
            padding: self.window.ends([1, width]),
            dilation: self.window.dilation,
            groups: self.groups,
        }
    }
}
