//! What a layer's passes are given, and the way from any layer to its own.

use std::ops::Range;

use super::{Layer, row_len};
use crate::kernels::elementwise;
use crate::real::Real;
use crate::shape::Shape;

/// Whether a pass serves training, and then which rows of which epoch it works on.
#[derive(Clone, Copy, Debug)]
pub enum Mode<'a> {
    /// Predicting: nothing is random.
    Inference,
    /// Training: random masks depend on the row's number in the data and on the epoch, never on its place in a batch.
    Training {
        /// The run's seed.
        seed: u64,
        /// This layer's number.
        layer: u32,
        /// The epoch, from 0.
        epoch: u64,
        /// The number in the data of each row of the batch.
        row_numbers: &'a [u32],
    },
}

/// What a layer's forward pass reads and writes. All matrices are row-major, one example per row.
#[derive(Debug)]
pub struct Forward<'a, R> {
    /// How many rows.
    pub rows: usize,
    /// The shape of one example of `x`.
    pub input: &'a Shape,
    /// The shape of one example of `y`.
    pub output: &'a Shape,
    /// Training or inference.
    pub mode: Mode<'a>,
    /// The layer's parameters, in the order of its `parameters`.
    pub parameters: &'a [R],
    /// `[rows, input]`.
    pub x: &'a [R],
    /// `[rows, output]`, overwritten.
    pub y: &'a mut [R],
    /// `[rows, cache_len]`, kept for backward.
    pub cache: &'a mut [R],
}

/// What a layer's backward pass reads and writes.
#[derive(Debug)]
pub struct Backward<'a, R> {
    /// How many rows.
    pub rows: usize,
    /// The shape of one example of `x`.
    pub input: &'a Shape,
    /// The shape of one example of `y`.
    pub output: &'a Shape,
    /// Training or inference.
    pub mode: Mode<'a>,
    /// The layer's parameters.
    pub parameters: &'a [R],
    /// The input of the forward pass.
    pub x: &'a [R],
    /// The output of the forward pass.
    pub y: &'a [R],
    /// What the forward pass kept.
    pub cache: &'a [R],
    /// The gradient of the loss by `y`.
    pub dy: &'a [R],
    /// The gradient of the loss by `x`, overwritten; `None` where nobody needs it (the first layer).
    pub dx: Option<&'a mut [R]>,
    /// The gradient of the loss by the parameters, added to.
    pub dparameters: &'a mut [R],
    /// Working memory of the plan, as long as the layer's `scratch_len` said, and `row_scratch_len` for each row.
    pub scratch: &'a mut [R],
}

/// How a layer may be cut into tiles of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// A row of `y` depends on the same row of `x` alone: rows may be worked in tiles.
    Row,
    /// A row of `y` depends on the whole batch: a plan must finish the batch before it and cut its segments here.
    Batch,
}
impl Layer {
    /// Whether its rows may be worked in tiles.
    pub fn extent(&self) -> Extent {
        match self {
            Layer::Dense(_)
            | Layer::Activation(_)
            | Layer::Scale(_)
            | Layer::Dropout(_)
            | Layer::Noise(_)
            | Layer::LayerNorm(_)
            | Layer::Embedding(_)
            | Layer::Periodic(_)
            | Layer::PiecewiseLinear(_)
            | Layer::Flatten
            | Layer::Conv2d(_)
            | Layer::Conv1d(_)
            | Layer::ConvTranspose2d(_)
            | Layer::Upsample(_)
            | Layer::MaxPool2d(_)
            | Layer::AveragePool2d(_)
            | Layer::AdaptiveAveragePool2d(_)
            | Layer::GlobalAveragePool(_)
            | Layer::ChannelDropout(_)
            | Layer::GroupNorm(_) => Extent::Row,
            Layer::Residual(residual) => residual.extent(),
            Layer::BatchNorm(_) | Layer::Custom(_) => Extent::Batch,
        }
    }

    /// Whether `backward` reads `y`, which must then be kept as it is.
    pub(crate) fn reads_output(&self) -> bool {
        match self {
            Layer::Activation(activation) => activation.derivative_follows_from_output(),
            Layer::Periodic(_) | Layer::PiecewiseLinear(_) | Layer::Residual(_) | Layer::Custom(_) => true,
            Layer::Dense(_)
            | Layer::Scale(_)
            | Layer::Dropout(_)
            | Layer::Noise(_)
            | Layer::BatchNorm(_)
            | Layer::LayerNorm(_)
            | Layer::Embedding(_)
            | Layer::Flatten
            | Layer::Conv2d(_)
            | Layer::Conv1d(_)
            | Layer::ConvTranspose2d(_)
            | Layer::Upsample(_)
            | Layer::MaxPool2d(_)
            | Layer::AveragePool2d(_)
            | Layer::AdaptiveAveragePool2d(_)
            | Layer::GlobalAveragePool(_)
            | Layer::ChannelDropout(_)
            | Layer::GroupNorm(_) => false,
        }
    }

    /// Computes `y` from `x` and the parameters.
    pub fn forward<R: Real>(&self, pass: Forward<'_, R>) {
        R::forward(self, pass);
    }

    /// Overwrites `dx` (when asked for) and adds to `dparameters`.
    pub fn backward<R: Real>(&self, pass: Backward<'_, R>) {
        R::backward(self, pass);
    }

    pub(crate) fn pass_forward<R: Real>(&self, pass: Forward<'_, R>) {
        match self {
            Layer::Dense(dense) => dense.forward(pass),
            Layer::Activation(activation) => {
                elementwise::activate(activation, row_len(pass.input), pass.x, pass.y)
            }
            Layer::Scale(scale) => scale.forward(pass),
            Layer::Dropout(dropout) => dropout.forward(pass),
            Layer::Noise(noise) => noise.forward(pass),
            Layer::BatchNorm(norm) => norm.forward(pass),
            Layer::LayerNorm(norm) => norm.forward(pass),
            Layer::Embedding(embedding) => embedding.forward(pass),
            Layer::Periodic(periodic) => periodic.forward(pass),
            Layer::PiecewiseLinear(piecewise) => piecewise.forward(pass),
            Layer::Residual(residual) => residual.forward(pass),
            Layer::Flatten => pass.y.copy_from_slice(pass.x),
            Layer::Conv2d(conv) => conv.forward(pass),
            Layer::Conv1d(conv) => conv.forward(pass),
            Layer::ConvTranspose2d(conv) => conv.forward(pass),
            Layer::Upsample(upsample) => upsample.forward(pass),
            Layer::MaxPool2d(pool) => pool.forward(pass),
            Layer::AveragePool2d(pool) => pool.forward(pass),
            Layer::AdaptiveAveragePool2d(pool) => pool.forward(pass),
            Layer::GlobalAveragePool(pool) => pool.forward(pass),
            Layer::ChannelDropout(dropout) => dropout.forward(pass),
            Layer::GroupNorm(norm) => norm.forward(pass),
            Layer::Custom(custom) => R::layer(custom.as_ref()).forward(pass),
        }
    }

    pub(crate) fn pass_backward<R: Real>(&self, pass: Backward<'_, R>) {
        match self {
            Layer::Dense(dense) => dense.backward(pass),
            Layer::Activation(activation) => {
                if let Some(dx) = pass.dx {
                    elementwise::activate_backward(
                        activation,
                        row_len(pass.input),
                        pass.x,
                        pass.y,
                        pass.dy,
                        dx,
                    );
                }
            }
            Layer::Scale(scale) => scale.backward(pass),
            Layer::Dropout(dropout) => dropout.backward(pass),
            Layer::Noise(noise) => noise.backward(pass),
            Layer::BatchNorm(norm) => norm.backward(pass),
            Layer::LayerNorm(norm) => norm.backward(pass),
            Layer::Embedding(embedding) => embedding.backward(pass),
            Layer::Periodic(periodic) => periodic.backward(pass),
            Layer::PiecewiseLinear(piecewise) => piecewise.backward(pass),
            Layer::Residual(residual) => residual.backward(pass),
            Layer::Flatten => {
                if let Some(dx) = pass.dx {
                    dx.copy_from_slice(pass.dy);
                }
            }
            Layer::Conv2d(conv) => conv.backward(pass),
            Layer::Conv1d(conv) => conv.backward(pass),
            Layer::ConvTranspose2d(conv) => conv.backward(pass),
            Layer::Upsample(upsample) => upsample.backward(pass),
            Layer::MaxPool2d(pool) => pool.backward(pass),
            Layer::AveragePool2d(pool) => pool.backward(pass),
            Layer::AdaptiveAveragePool2d(pool) => pool.backward(pass),
            Layer::GlobalAveragePool(pool) => pool.backward(pass),
            Layer::ChannelDropout(dropout) => dropout.backward(pass),
            Layer::GroupNorm(norm) => norm.backward(pass),
            Layer::Custom(custom) => R::layer(custom.as_ref()).backward(pass),
        }
    }
}

/// The two halves of the way back through a normalisation of examples, for plans that share them out differently.
impl Layer {
    /// dx of some rows.
    pub(crate) fn backward_rows<R: Real>(
        &self,
        input: &Shape,
        parameters: &[R],
        cache: &[R],
        dy: &[R],
        dx: &mut [R],
    ) {
        match self {
            Layer::LayerNorm(norm) => norm.backward_rows(input, parameters, cache, dy, dx),
            Layer::GroupNorm(norm) => norm.backward_rows(input, parameters, cache, dy, dx),
            _ => unreachable!("only normalisations of examples go back in halves"),
        }
    }

    /// The gradients of some channels' weights and biases over all rows, added to those in `dw` and `db`.
    pub(crate) fn backward_channels<R: Real>(
        &self,
        input: &Shape,
        channels: Range<usize>,
        cache: &[R],
        dy: &[R],
        [dw, db]: [&mut [R]; 2],
    ) {
        match self {
            Layer::LayerNorm(norm) => norm.backward_features(input, channels, cache, dy, dw, db),
            Layer::GroupNorm(norm) => norm.backward_channels(input, channels, cache, dy, dw, db),
            _ => unreachable!("only normalisations of examples go back in halves"),
        }
    }
}
