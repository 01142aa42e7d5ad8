//! The transposed convolution: a convolution's way back as a way forward, which makes images larger.

use super::window::image;
use super::{Backward, Forward, Layer, LayerProblem, Padding, ParameterRole, ParameterShape, Window};
use crate::init::Init;
use crate::kernels::convolution::{self, ConvolutionSizes};
use crate::real::Real;
use crate::shape::Shape;

/// Every input value is spread over a window of the output by weights, and a bias is added: what [`Conv2d`](super::Conv2d) does with the
/// gradient by its output.
///
/// ```text
/// forward   y[n,o,r,s] = b[o] + Σ_{c,p,q} w[c,o,p,q]·x[n,c,i,j]        where i·stride + p·dilation - above = r, and so for s
/// backward  dx[n,c,i,j] = Σ_{o,p,q} w[c,o,p,q]·dy[n,o, i·stride + p·dilation - above, ...]
///           dw[c,o,p,q] = Σ_{n,i,j} x[n,c,i,j]·dy[n,o, ...]               db[o] = Σ_{n,r,s} dy[n,o,r,s]
/// output size = (size - 1)·stride - before - after + dilation·(kernel_size - 1) + 1 + output_padding
/// ```
///
/// Padding takes away from the output. With [`Padding::Same`] the output is `stride` times as large as the input.
///
/// # Shapes
/// `x` `[batch, in_channels, height, width]`, `w` `[in_channels, out_channels / groups, kernel height, kernel width]`, `b`
/// `[out_channels]`, `y` `[batch, out_channels, output height, output width]`.
///
/// # Source
/// Dumoulin, Visin, "A guide to convolution arithmetic for deep learning" (2016), chapter 4.
#[derive(Clone, Debug, PartialEq)]
pub struct ConvTranspose2d {
    /// How many channels come out; at least 1.
    pub out_channels: usize,
    /// Over what each input value is spread.
    pub window: Window,
    /// Rows and columns added at the end of the output, less than the stride.
    pub output_padding: [usize; 2],
    /// Into how many groups the channels are cut; a divisor of both numbers of channels.
    pub groups: usize,
    /// How the weights start; `None` takes the network's default.
    pub init: Option<Init>,
    /// How the bias starts; `None` is zeros.
    pub bias_init: Option<Init>,
}

impl From<ConvTranspose2d> for Layer {
    fn from(conv: ConvTranspose2d) -> Self {
        Layer::ConvTranspose2d(conv)
    }
}

impl ConvTranspose2d {
    /// A transposed convolution in one group, with the network's default start.
    pub const fn new(out_channels: usize, window: Window) -> Self {
        ConvTranspose2d {
            out_channels,
            window,
            output_padding: [0, 0],
            groups: 1,
            init: None,
            bias_init: None,
        }
    }

    /// What is taken away before and after each axis, and what is added at its end.
    fn edges(&self) -> ([[usize; 2]; 2], [usize; 2]) {
        match self.window.padding {
            Padding::Valid => ([[0, 0], [0, 0]], self.output_padding),
            Padding::Numbers(ends) => (ends, self.output_padding),
            Padding::Same => {
                let (reach, stride) = (self.window.reaches(), self.window.stride);
                let both = [0, 1].map(|axis| reach[axis].saturating_sub(stride[axis]));
                let ends = both.map(|both| [both / 2, both - both / 2]);
                (ends, [0, 1].map(|axis| stride[axis].saturating_sub(reach[axis])))
            }
        }
    }

    pub(super) fn output_shape(&self, input: &Shape) -> Result<Shape, LayerProblem> {
        let size = image(input)?;
        if self.out_channels == 0 {
            return Err(LayerProblem::NoOutputs);
        }
        let in_channels = input.axes()[0];
        super::check_groups(self.groups, "input channels", in_channels)?;
        super::check_groups(self.groups, "output channels", self.out_channels)?;
        self.window.check_options(size)?;
        if (0..2).any(|axis| self.output_padding[axis] >= self.window.stride[axis]) {
            let (given, stride) = (self.output_padding, self.window.stride);
            return Err(LayerProblem::OutputPadding { given, stride });
        }
        let ((ends, added), reach) = (self.edges(), self.window.reaches());
        let mut output = [0; 2];
        for axis in 0..2 {
            let spread = size[axis].saturating_sub(1).saturating_mul(self.window.stride[axis]);
            let whole = spread.saturating_add(reach[axis] + added[axis]);
            let taken = ends[axis][0] + ends[axis][1];
            if whole <= taken {
                let given = ends;
                return Err(LayerProblem::NothingLeft { axis: ["height", "width"][axis], whole, given });
            }
            output[axis] = whole - taken;
        }
        super::check_size("a weight", &self.weight_axes(in_channels))?;
        super::check_size("an output", &[self.out_channels, output[0], output[1]])?;
        Ok(Shape::from([self.out_channels, output[0], output[1]]))
    }

    pub(super) fn parameters(&self, input: &Shape) -> Vec<ParameterShape> {
        let (weight, bias) = (ParameterRole::Filter, ParameterRole::Free);
        let shape = Shape::from(self.weight_axes(input.axes()[0]));
        vec![
            ParameterShape { name: "weight".into(), shape, role: weight },
            ParameterShape { name: "bias".into(), shape: Shape::from(self.out_channels), role: bias },
        ]
    }

    /// What each output sums over on average, and what each input feeds.
    pub(super) fn fans(&self, input: &Shape) -> (usize, usize) {
        let window: usize = self.window.kernel_size.iter().product();
        let apart: usize = self.window.stride.iter().product();
        let inputs = window * (input.axes()[0] / self.groups) / apart;
        (inputs.max(1), window * (self.out_channels / self.groups))
    }

    /// Zeros in place of a bias, and the bias that nobody needs.
    pub(super) fn scratch_len(&self, input: &Shape) -> usize {
        2 * input.axes()[0]
    }

    /// y = b + Σ w·x, over the inputs whose windows hold the pixel
    pub(super) fn forward<R: Real>(&self, pass: Forward<'_, R>) {
        let sizes = self.sizes(pass.input, pass.output);
        let (w, b) = pass.parameters.split_at(sizes.weight_len());
        convolution::input_gradient(sizes, pass.rows, pass.x, w, pass.y);
        let positions = pass.output.len() / self.out_channels;
        for (channel, y) in pass.y.chunks_exact_mut(positions).enumerate() {
            let bias = b[channel % self.out_channels];
            for y in y {
                *y += bias;
            }
        }
    }

    pub(super) fn backward<R: Real>(&self, pass: Backward<'_, R>) {
        let sizes = self.sizes(pass.input, pass.output);
        let (w, _) = pass.parameters.split_at(sizes.weight_len());
        let (dw, db) = pass.dparameters.split_at_mut(sizes.weight_len());
        let (zeros, rest) = pass.scratch.split_at_mut(sizes.out_channels);
        let nobody = &mut rest[..sizes.out_channels];
        // dw += Σ x·dy, over rows and the windows of the inputs
        convolution::parameter_gradients(sizes, pass.rows, pass.dy, pass.x, dw, nobody);
        // db[o] += Σ dy, row after row
        let positions = pass.output.len() / self.out_channels;
        for (o, db) in db.iter_mut().enumerate() {
            let mut sum = R::ZERO;
            for dy in pass.dy.chunks_exact(positions).skip(o).step_by(self.out_channels) {
                for dy in dy {
                    sum += *dy;
                }
            }
            *db += sum;
        }
        if let Some(dx) = pass.dx {
            // dx = Σ w·dy, over the window of the input
            zeros.fill(R::ZERO);
            convolution::forward(sizes, pass.rows, pass.dy, w, zeros, dx);
        }
    }

    fn weight_axes(&self, in_channels: usize) -> [usize; 4] {
        let [height, width] = self.window.kernel_size;
        [in_channels, self.out_channels / self.groups, height, width]
    }

    /// The convolution whose way back this is: from y to x.
    fn sizes(&self, input: &Shape, output: &Shape) -> ConvolutionSizes {
        let (ends, _) = self.edges();
        ConvolutionSizes {
            in_channels: self.out_channels,
            height: output.axes()[1],
            width: output.axes()[2],
            out_channels: input.axes()[0],
            kernel_size: self.window.kernel_size,
            stride: self.window.stride,
            padding: ends,
            dilation: self.window.dilation,
            groups: self.groups,
        }
    }
}
