//! What convolutions and what pooling layers have in common: the sizes of their windows.

use super::Layer;
use super::adaptive_average_pool2d::adaptive_sizes;
use super::max_pool2d::pool_sizes;
use crate::kernels::convolution::{ConvolutionSizes, PoolSizes};
use crate::shape::Shape;

/// What is taken of each window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pooling {
    /// The largest value.
    Max(PoolSizes),
    /// The mean.
    Average(PoolSizes),
}

impl Layer {
    /// The sizes of a convolution of images or sequences of this shape; `None` for any other layer.
    pub(crate) fn convolution(&self, input: &Shape) -> Option<ConvolutionSizes> {
        match self {
            Layer::Conv1d(conv) => Some(conv.sizes(input)),
            Layer::Conv2d(conv) => Some(conv.sizes(input)),
            _ => None,
        }
    }

    /// What a pooling layer does to an input of this shape; `None` for any other layer.
    pub(crate) fn pooling(&self, input: &Shape) -> Option<Pooling> {
        match self {
            Layer::MaxPool2d(pool) => Some(Pooling::Max(pool_sizes(pool.window, input))),
            Layer::AveragePool2d(pool) => Some(Pooling::Average(pool_sizes(pool.window, input))),
            Layer::AdaptiveAveragePool2d(pool) => {
                Some(Pooling::Average(adaptive_sizes(pool.output_size, input)))
            }
            Layer::GlobalAveragePool(_) => Some(Pooling::Average(adaptive_sizes([1, 1], input))),
            _ => None,
        }
    }
}
