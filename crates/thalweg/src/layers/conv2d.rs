//! The convolution of images: every output is a weighted sum of a window of the input.

use super::window::image;
use super::{Backward, Forward, Layer, LayerProblem, ParameterRole, ParameterShape, Window};
use crate::init::Init;
use crate::kernels::convolution::{self, ConvolutionSizes};
use crate::real::Real;
use crate::shape::Shape;

/// Every output channel is a weighted sum of a window of the input channels, the same weights at every place, plus a bias.
///
/// ```text
/// forward   y[n,o,i,j] = b[o] + Σ_{c,p,q} w[o,c,p,q]·x[n,c, i·stride + p·dilation - above, j·stride + q·dilation - left]
/// backward  dx[n,c,r,s] = Σ_{o,p,q} w[o,c,p,q]·dy[n,o,i,j]       where window (i, j) reads (r, s) by its (p, q)
///           dw[o,c,p,q] = Σ_{n,i,j} dy[n,o,i,j]·x[n,c, ...]        db[o] = Σ_{n,i,j} dy[n,o,i,j]
/// ```
///
/// The kernel is not turned round: this is what every library calls a convolution, and mathematics a cross-correlation. What lies
/// outside the image counts as 0. With `groups`, input and output channels are cut into as many runs of neighbours, and each
/// run of outputs sees its run of inputs alone; as many groups as input channels is a depthwise convolution.
///
/// # Shapes
/// `x` `[batch, in_channels, height, width]`, `w` `[out_channels, in_channels / groups, kernel height, kernel width]`, `b`
/// `[out_channels]`, `y` `[batch, out_channels, output height, output width]`; [`Window`] says how large the output is.
///
/// # Source
/// LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition" (1998), section II;
/// Goodfellow, Bengio, Courville, *Deep Learning* (2016), equations 9.7 and 9.11.
///
/// # Example
/// ```
/// use thalweg::layers::{Conv2d, Window};
/// use thalweg::{Loss, Network};
/// let edges = Conv2d::new(1, Window::new([1, 2]));
/// let mut network = Network::<f32>::builder([1, 1, 4]).layer(edges).build(0)?;
/// network.set_parameter("0.weight", &[-1.0, 1.0])?;
/// let mut y = [0.0; 3];
/// network.predictor(&Loss::MeanSquaredError)?.predict(&[0.0, 0.0, 5.0, 5.0], &mut y)?;
/// assert_eq!(y, [0.0, 5.0, 0.0]);
/// # Ok::<(), thalweg::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Conv2d {
    /// How many channels come out; at least 1.
    pub out_channels: usize,
    /// What each output sees.
    pub window: Window,
    /// Into how many groups the channels are cut; a divisor of both numbers of channels.
    pub groups: usize,
    /// How the weights start; `None` takes the network's default.
    pub init: Option<Init>,
    /// How the bias starts; `None` is zeros.
    pub bias_init: Option<Init>,
}

impl From<Conv2d> for Layer {
    fn from(conv: Conv2d) -> Self {
        Layer::Conv2d(conv)
    }
}

impl Conv2d {
    /// A convolution in one group, with the network's default start.
    pub const fn new(out_channels: usize, window: Window) -> Self {
        Conv2d { out_channels, window, groups: 1, init: None, bias_init: None }
    }

    pub(super) fn output_shape(&self, input: &Shape) -> Result<Shape, LayerProblem> {
        image(input)?;
        if self.out_channels == 0 {
            return Err(LayerProblem::NoOutputs);
        }
        let in_channels = input.axes()[0];
        super::check_groups(self.groups, "input channels", in_channels)?;
        super::check_groups(self.groups, "output channels", self.out_channels)?;
        let [height, width] = self.window.check(input)?;
        super::check_size("a weight", &self.weight_axes(in_channels))?;
        super::check_size("an output", &[self.out_channels, height, width])?;
        Ok(Shape::from([self.out_channels, height, width]))
    }

    pub(super) fn parameters(&self, input: &Shape) -> Vec<ParameterShape> {
        vec![
            ParameterShape {
                name: "weight".into(),
                shape: Shape::from(self.weight_axes(input.axes()[0])),
                role: ParameterRole::Filter,
            },
            ParameterShape {
                name: "bias".into(),
                shape: Shape::from(self.out_channels),
                role: ParameterRole::Free,
            },
        ]
    }

    /// What each output sums over, and what each input feeds, if windows overlap everywhere.
    pub(super) fn fans(&self, input: &Shape) -> (usize, usize) {
        let window: usize = self.window.kernel_size.iter().product();
        (window * (input.axes()[0] / self.groups), window * (self.out_channels / self.groups))
    }

    /// y = x ∗ w + b
    pub(super) fn forward<R: Real>(&self, pass: Forward<'_, R>) {
        convolve(self.sizes(pass.input), pass);
    }

    pub(super) fn backward<R: Real>(&self, pass: Backward<'_, R>) {
        convolve_backward(self.sizes(pass.input), pass);
    }

    fn weight_axes(&self, in_channels: usize) -> [usize; 4] {
        let [height, width] = self.window.kernel_size;
        [self.out_channels, in_channels / self.groups, height, width]
    }

    pub(crate) fn sizes(&self, input: &Shape) -> ConvolutionSizes {
        let [in_channels, height, width] = [0, 1, 2].map(|axis| input.axes()[axis]);
        ConvolutionSizes {
            in_channels,
            height,
            width,
            out_channels: self.out_channels,
            kernel_size: self.window.kernel_size,
            stride: self.window.stride,
            padding: self.window.ends([height, width]),
            dilation: self.window.dilation,
            groups: self.groups,
        }
    }
}

/// y = x ∗ w + b
pub(super) fn convolve<R: Real>(sizes: ConvolutionSizes, pass: Forward<'_, R>) {
    let (w, b) = pass.parameters.split_at(sizes.weight_len());
    convolution::forward(sizes, pass.rows, pass.x, w, b, pass.y);
}

pub(super) fn convolve_backward<R: Real>(sizes: ConvolutionSizes, pass: Backward<'_, R>) {
    let (w, _) = pass.parameters.split_at(sizes.weight_len());
    let (dw, db) = pass.dparameters.split_at_mut(sizes.weight_len());
    // dw += Σ dy·x, db += Σ dy, over rows and places
    convolution::parameter_gradients(sizes, pass.rows, pass.x, pass.dy, dw, db);
    if let Some(dx) = pass.dx {
        // dx = Σ w·dy, over output channels and the windows that see the pixel
        convolution::input_gradient(sizes, pass.rows, pass.dy, w, dx);
    }
}
