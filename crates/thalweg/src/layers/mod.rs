//! Layers: one file each; sizes, forward and backward together.
//!
//! A layer is described without the sizes that follow from its input. Given the input's shape it can say its output's
//! shape, its parameters, and how much memory its passes need; all of these are pure functions, so a plan asks them
//! once and training then allocates nothing. Backward overwrites `dx`, and adds to the gradients of the parameters.

mod adaptive_average_pool2d;
mod average_pool2d;
mod batch_norm;
mod channel_dropout;
#[cfg(test)]
mod column_tests;
mod columns;
mod conv1d;
mod conv2d;
mod conv_transpose2d;
mod dense;
mod dropout;
mod embedding;
mod formula;
mod formula_columns;
mod global_average_pool;
mod group_norm;
mod layer_norm;
mod max_pool2d;
mod noise;
mod pass;
mod periodic;
mod piecewise_linear;
mod pooling;
mod problem;
mod residual;
mod role;
mod scale;
mod starts;
#[cfg(test)]
mod tests;
mod upsample;
mod window;

use std::sync::Arc;

pub use adaptive_average_pool2d::AdaptiveAveragePool2d;
pub use average_pool2d::AveragePool2d;
pub use batch_norm::BatchNorm;
pub use channel_dropout::ChannelDropout;
pub use conv_transpose2d::ConvTranspose2d;
pub use conv1d::Conv1d;
pub use conv2d::Conv2d;
pub use dense::Dense;
pub use dropout::Dropout;
pub use embedding::Embedding;
pub(crate) use embedding::MOST_CATEGORIES;
pub use formula::FormulaNames;
pub use global_average_pool::GlobalAveragePool;
pub use group_norm::GroupNorm;
pub use layer_norm::LayerNorm;
pub use max_pool2d::MaxPool2d;
pub use noise::Noise;
pub use pass::{Backward, Extent, Forward, Mode};
pub use periodic::Periodic;
pub use piecewise_linear::PiecewiseLinear;
pub(crate) use piecewise_linear::quantiles;
pub(crate) use pooling::Pooling;
pub use problem::LayerProblem;
pub use residual::Residual;
pub(crate) use residual::{Block, Step as BlockStep, inner_number};
pub use role::ParameterRole;
pub use scale::Scale;
pub(crate) use starts::ParameterStart;
pub use upsample::Upsample;
pub use window::{Padding, Window};

use crate::activations::Activation;
use crate::custom::{AnyCustomLayer, CustomLayer, Pick};
use crate::init::Init;
use crate::shape::Shape;

/// One layer of a network, as described by a user: options only, no sizes that follow from the input.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Layer {
    /// y = x·w + b.
    Dense(Dense),
    /// a = f(z), value by value (softmax: row by row).
    Activation(Activation),
    /// y = factor·x.
    Scale(Scale),
    /// In training, each value is dropped with a chance and the rest scaled up; nothing in inference.
    Dropout(Dropout),
    /// In training, a normal number is added to each value; nothing in inference.
    Noise(Noise),
    /// y = w·u + b, with u of mean 0 and variance 1 over the batch.
    BatchNorm(BatchNorm),
    /// y = w ⊙ u + b, with u of mean 0 and variance 1 over each example.
    LayerNorm(LayerNorm),
    /// Each category of a column has a row of numbers.
    Embedding(Embedding),
    /// Numbers as waves.
    Periodic(Periodic),
    /// Numbers as shares of bins.
    PiecewiseLinear(PiecewiseLinear),
    /// y = g(x) + f(x).
    Residual(Residual),
    /// The same values as one axis.
    Flatten,
    /// y = x ∗ w + b: a weighted sum of each window of an image.
    Conv2d(Conv2d),
    /// The same over sequences.
    Conv1d(Conv1d),
    /// A convolution's way back as a way forward: larger images.
    ConvTranspose2d(ConvTranspose2d),
    /// Every pixel becomes a rectangle of pixels.
    Upsample(Upsample),
    /// The largest value of each window of an image.
    MaxPool2d(MaxPool2d),
    /// The mean of each window of an image.
    AveragePool2d(AveragePool2d),
    /// The means of so many parts of an image.
    AdaptiveAveragePool2d(AdaptiveAveragePool2d),
    /// The mean of each channel.
    GlobalAveragePool(GlobalAveragePool),
    /// In training, each channel is dropped with a chance and the rest scaled up; nothing in inference.
    ChannelDropout(ChannelDropout),
    /// y = w·u + b, channel by channel, with u of mean 0 and variance 1 over groups of each example's channels.
    GroupNorm(GroupNorm),
    /// A user's own.
    Custom(Arc<dyn AnyCustomLayer>),
}

/// One of a layer's parameters: what it is called and its shape.
#[derive(Clone, Debug, PartialEq)]
pub struct ParameterShape {
    /// `"weight"` or `"bias"`, or a custom layer's own word.
    pub name: String,
    /// The axes, row-major.
    pub shape: Shape,
    /// What training does with it.
    pub role: ParameterRole,
}

impl Layer {
    /// The layer's kind in summaries and messages: `"dense"`, or an activation's own name.
    pub fn kind(&self) -> &str {
        match self {
            Layer::Dense(_) => "dense",
            Layer::Activation(activation) => activation.name(),
            Layer::Scale(_) => "scale",
            Layer::Dropout(_) => "dropout",
            Layer::Noise(_) => "noise",
            Layer::BatchNorm(_) => "batch_norm",
            Layer::LayerNorm(_) => "layer_norm",
            Layer::Embedding(_) => "embedding",
            Layer::Periodic(_) => "periodic",
            Layer::PiecewiseLinear(_) => "piecewise_linear",
            Layer::Residual(_) => "residual",
            Layer::Flatten => "flatten",
            Layer::Conv2d(_) => "conv2d",
            Layer::Conv1d(_) => "conv1d",
            Layer::ConvTranspose2d(_) => "conv_transpose2d",
            Layer::Upsample(_) => "upsample",
            Layer::MaxPool2d(_) => "max_pool2d",
            Layer::AveragePool2d(_) => "average_pool2d",
            Layer::AdaptiveAveragePool2d(_) => "adaptive_average_pool2d",
            Layer::GlobalAveragePool(_) => "global_average_pool",
            Layer::ChannelDropout(_) => "channel_dropout",
            Layer::GroupNorm(_) => "group_norm",
            Layer::Custom(custom) => in_f64(custom).name(),
        }
    }

    /// The shape of one example's output.
    ///
    /// # Errors
    /// A [`LayerProblem`] when the input shape or an option does not fit.
    pub fn output_shape(&self, input: &Shape) -> Result<Shape, LayerProblem> {
        if input.axes().is_empty() || input.len() == 0 {
            return Err(LayerProblem::EmptyInput { input: input.clone() });
        }
        match self {
            Layer::Dense(dense) => dense.output_shape(input),
            Layer::Activation(_) => Ok(input.clone()),
            Layer::Scale(_) => Ok(input.clone()),
            Layer::Dropout(dropout) => dropout.check().map(|()| input.clone()),
            Layer::Noise(noise) => noise.check().map(|()| input.clone()),
            Layer::BatchNorm(norm) => norm.check().map(|()| input.clone()),
            Layer::LayerNorm(norm) => norm.check().map(|()| input.clone()),
            Layer::Embedding(embedding) => embedding.output_shape(input),
            Layer::Periodic(periodic) => periodic.output_shape(input),
            Layer::PiecewiseLinear(piecewise) => piecewise.output_shape(input),
            Layer::Residual(residual) => residual.output_shape(input),
            Layer::Flatten => Ok(input.flattened()),
            Layer::Conv2d(conv) => conv.output_shape(input),
            Layer::Conv1d(conv) => conv.output_shape(input),
            Layer::ConvTranspose2d(conv) => conv.output_shape(input),
            Layer::Upsample(upsample) => upsample.output_shape(input),
            Layer::MaxPool2d(pool) => pool.output_shape(input),
            Layer::AveragePool2d(pool) => pool.output_shape(input),
            Layer::AdaptiveAveragePool2d(pool) => pool.output_shape(input),
            Layer::GlobalAveragePool(pool) => pool.output_shape(input),
            Layer::ChannelDropout(dropout) => dropout.check().map(|()| input.clone()),
            Layer::GroupNorm(norm) => norm.check(input).map(|()| input.clone()),
            Layer::Custom(custom) => in_f64(custom)
                .output_shape(input)
                .map_err(|reason| LayerProblem::Custom { input: input.clone(), reason }),
        }
    }

    /// The parameters that training changes, in the order in which they lie in the layer's slice.
    pub fn parameters(&self, input: &Shape) -> Vec<ParameterShape> {
        match self {
            Layer::Dense(dense) => dense.parameters(input),
            Layer::BatchNorm(norm) => norm.parameters(input),
            Layer::LayerNorm(norm) => norm.parameters(input),
            Layer::Embedding(embedding) => embedding.parameters(),
            Layer::Periodic(periodic) => periodic.parameters(input),
            Layer::PiecewiseLinear(piecewise) => piecewise.parameters(),
            Layer::Residual(residual) => residual.parameters(input),
            Layer::GroupNorm(norm) => norm.parameters(input),
            Layer::Conv2d(conv) => conv.parameters(input),
            Layer::Conv1d(conv) => conv.parameters(input),
            Layer::ConvTranspose2d(conv) => conv.parameters(input),
            Layer::Custom(custom) => in_f64(custom).parameters(input),
            Layer::Activation(_)
            | Layer::Scale(_)
            | Layer::Dropout(_)
            | Layer::Noise(_)
            | Layer::Flatten
            | Layer::Upsample(_)
            | Layer::MaxPool2d(_)
            | Layer::AveragePool2d(_)
            | Layer::AdaptiveAveragePool2d(_)
            | Layer::GlobalAveragePool(_)
            | Layer::ChannelDropout(_) => Vec::new(),
        }
    }

    /// How many values per row `forward` keeps for `backward`, beside `x` and `y`.
    pub fn cache_len(&self, input: &Shape) -> usize {
        match self {
            Layer::Dropout(_) => input.len(),
            Layer::BatchNorm(norm) => norm.cache_len(input),
            Layer::LayerNorm(norm) => norm.cache_len(input),
            Layer::Periodic(periodic) => periodic.cache_len(input),
            Layer::PiecewiseLinear(piecewise) => piecewise.cache_len(),
            Layer::Residual(residual) => residual.cache_len(input),
            Layer::GroupNorm(norm) => norm.cache_len(input),
            Layer::ChannelDropout(dropout) => dropout.cache_len(input),
            Layer::MaxPool2d(pool) => pool.cache_len(input),
            Layer::Custom(custom) => in_f64(custom).cache_len(input),
            Layer::Dense(_)
            | Layer::Activation(_)
            | Layer::Scale(_)
            | Layer::Noise(_)
            | Layer::Embedding(_)
            | Layer::Flatten
            | Layer::Conv2d(_)
            | Layer::Conv1d(_)
            | Layer::ConvTranspose2d(_)
            | Layer::Upsample(_)
            | Layer::AveragePool2d(_)
            | Layer::AdaptiveAveragePool2d(_)
            | Layer::GlobalAveragePool(_) => 0,
        }
    }

    /// How many values of working memory `backward` needs, whatever the batch.
    pub fn scratch_len(&self, input: &Shape) -> usize {
        match self {
            Layer::Dense(dense) => dense.scratch_len(input),
            Layer::Embedding(embedding) => embedding.scratch_len(),
            Layer::Periodic(periodic) => periodic.scratch_len(),
            Layer::PiecewiseLinear(piecewise) => piecewise.scratch_len(),
            Layer::Residual(residual) => residual.scratch_len(input),
            Layer::ConvTranspose2d(conv) => conv.scratch_len(input),
            _ => 0,
        }
    }

    /// How many values of working memory `backward` needs for each row, beside `scratch_len`.
    pub fn row_scratch_len(&self, input: &Shape) -> usize {
        match self {
            Layer::Periodic(periodic) => periodic.row_scratch_len(input),
            Layer::PiecewiseLinear(piecewise) => piecewise.row_scratch_len(input),
            Layer::Residual(residual) => residual.row_scratch_len(input),
            _ => 0,
        }
    }

    /// Multiplications of weights with values in one row's forward pass.
    pub fn multiplications(&self, input: &Shape) -> usize {
        match self {
            Layer::Dense(dense) => input.len() * dense.out_features,
            // Each weight meets every value of a channel of the smaller images.
            Layer::ConvTranspose2d(_) => {
                self.parameters(input)[0].shape.len() * input.len() / input.axes()[0]
            }
            Layer::Residual(residual) => residual.multiplications(input),
            _ => self.convolution(input).map_or(0, |sizes| sizes.y_len() * sizes.terms()),
        }
    }

    /// Whether this layer, or one inside it, is such a layer.
    pub fn any(&self, is: &dyn Fn(&Layer) -> bool) -> bool {
        match self {
            Layer::Residual(residual) => is(self) || residual.all().any(|layer| layer.any(is)),
            _ => is(self),
        }
    }

    /// Whether training finds something in it: whether it has parameters, whatever its input.
    pub(crate) fn learns(&self) -> bool {
        self.any(&|layer| match layer {
            Layer::Dense(_)
            | Layer::BatchNorm(_)
            | Layer::LayerNorm(_)
            | Layer::GroupNorm(_)
            | Layer::Conv2d(_)
            | Layer::Conv1d(_)
            | Layer::ConvTranspose2d(_)
            | Layer::Embedding(_)
            | Layer::Periodic(_)
            | Layer::Custom(_) => true,
            Layer::PiecewiseLinear(piecewise) => piecewise.dimension.is_some(),
            _ => false,
        })
    }

    /// Which value of the input a value of the output is, if it is one unchanged.
    pub(crate) fn origin(&self, input: &Shape, value: usize) -> Option<usize> {
        match self {
            Layer::Flatten => Some(value),
            Layer::Embedding(embedding) => embedding.origin(input, value),
            Layer::Periodic(periodic) => periodic.origin(input, value),
            Layer::PiecewiseLinear(piecewise) => piecewise.origin(input, value),
            _ => None,
        }
    }

    /// Of a convolution: over how many inputs each output sums, and how many outputs each input feeds.
    pub(crate) fn fans(&self, input: &Shape) -> Option<(usize, usize)> {
        match self {
            Layer::Conv2d(conv) => Some(conv.fans(input)),
            Layer::Conv1d(conv) => Some(conv.fans(input)),
            Layer::ConvTranspose2d(conv) => Some(conv.fans(input)),
            _ => None,
        }
    }

    /// How its weight and its bias start, where it says so itself.
    pub(crate) fn inits(&self) -> [Option<&Init>; 2] {
        match self {
            Layer::Dense(dense) => [dense.init.as_ref(), dense.bias_init.as_ref()],
            Layer::Conv2d(conv) => [conv.init.as_ref(), conv.bias_init.as_ref()],
            Layer::Conv1d(conv) => [conv.init.as_ref(), conv.bias_init.as_ref()],
            Layer::ConvTranspose2d(conv) => [conv.init.as_ref(), conv.bias_init.as_ref()],
            Layer::Embedding(embedding) => [embedding.init.as_ref(), None],
            _ => [None, None],
        }
    }

    /// The same, to be changed.
    pub(crate) fn inits_mut(&mut self) -> [Option<&mut Option<Init>>; 2] {
        match self {
            Layer::Dense(dense) => [Some(&mut dense.init), Some(&mut dense.bias_init)],
            Layer::Conv2d(conv) => [Some(&mut conv.init), Some(&mut conv.bias_init)],
            Layer::Conv1d(conv) => [Some(&mut conv.init), Some(&mut conv.bias_init)],
            Layer::ConvTranspose2d(conv) => [Some(&mut conv.init), Some(&mut conv.bias_init)],
            Layer::Embedding(embedding) => [Some(&mut embedding.init), None],
            _ => [None, None],
        }
    }

    /// Whether it has a matrix of weights, or a filter: the layers that can learn a task.
    pub(crate) fn has_weights(&self) -> bool {
        matches!(self, Layer::Dense(_)) || self.is_convolution()
    }

    /// Whether it works on images `[channels, height, width]`; some of these also on sequences `[channels, length]`.
    pub(crate) fn takes_images(&self) -> bool {
        matches!(
            self,
            Layer::Conv2d(_)
                | Layer::ConvTranspose2d(_)
                | Layer::Upsample(_)
                | Layer::MaxPool2d(_)
                | Layer::AveragePool2d(_)
                | Layer::AdaptiveAveragePool2d(_)
                | Layer::GlobalAveragePool(_)
                | Layer::GroupNorm(_)
                | Layer::ChannelDropout(_)
        )
    }

    /// Whether it draws random numbers in training, or may.
    pub(crate) fn is_random(&self) -> bool {
        matches!(self, Layer::Dropout(_) | Layer::ChannelDropout(_) | Layer::Noise(_) | Layer::Custom(_))
    }

    /// Whether its weights are filters.
    pub(crate) fn is_convolution(&self) -> bool {
        matches!(self, Layer::Conv2d(_) | Layer::Conv1d(_) | Layer::ConvTranspose2d(_))
    }
}

/// The constant that a normalisation adds to a variance.
fn check_epsilon(epsilon: f64) -> Result<(), LayerProblem> {
    if epsilon.is_finite() && epsilon > 0.0 {
        Ok(())
    } else {
        Err(LayerProblem::EpsilonOutOfRange { epsilon })
    }
}

/// The most values that one example of an embedding's output may have, as of a dense layer in an experiment: products of two fit 64 bits
/// with room to spare.
const MOST_IN_A_ROW: usize = 1 << 30;

/// Groups must be of the same size, and there must be some.
fn check_groups(groups: usize, what: &'static str, channels: usize) -> Result<(), LayerProblem> {
    if groups > 0 && channels.is_multiple_of(groups) {
        Ok(())
    } else {
        Err(LayerProblem::Groups { groups, what, channels })
    }
}

/// The most values that an output or a weight may have, so that sizes of whole batches fit 64 bits.
const MOST_VALUES: usize = 1 << 36;

/// What a description asks for must be a size at all; whether there is memory for it is another question.
fn check_size(what: &'static str, axes: &[usize]) -> Result<(), LayerProblem> {
    let values = axes.iter().try_fold(1_usize, |product, &axis| product.checked_mul(axis));
    match values {
        Some(values) if values <= MOST_VALUES => Ok(()),
        _ => Err(LayerProblem::TooLarge { what, shape: axes.to_vec(), most: MOST_VALUES }),
    }
}

/// The length of the innermost axis: what softmax calls a row.
pub(crate) fn row_len(shape: &Shape) -> usize {
    shape.axes().last().copied().unwrap_or(1)
}

fn in_f64(custom: &Arc<dyn AnyCustomLayer>) -> &dyn CustomLayer<f64> {
    <f64 as Pick>::layer(custom.as_ref())
}

impl From<Activation> for Layer {
    fn from(activation: Activation) -> Self {
        Layer::Activation(activation)
    }
}
