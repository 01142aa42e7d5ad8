//! The builder: a network written down layer by layer.

use std::marker::PhantomData;

use super::{Draw, Network};
use crate::activations::Activation;
use crate::error::Result;
use crate::init::Init;
use crate::layers::{
    AveragePool2d, BatchNorm, ChannelDropout, Conv2d, Dense, Dropout, GlobalAveragePool, GroupNorm, Layer,
    LayerNorm, MaxPool2d, Noise, Scale, Window,
};
use crate::real::Real;
use crate::shape::Shape;

/// Collects layers; [`NetworkBuilder::build`] checks them and draws the start.
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `build`"]
pub struct NetworkBuilder<R: Real> {
    input_shape: Shape,
    layers: Vec<Layer>,
    init: Option<Init>,
    real: PhantomData<R>,
}

impl<R: Real> NetworkBuilder<R> {
    pub(super) fn new(input_shape: Shape) -> Self {
        NetworkBuilder { input_shape, layers: Vec::new(), init: None, real: PhantomData }
    }

    /// Adds any layer.
    pub fn layer(mut self, layer: impl Into<Layer>) -> Self {
        self.layers.push(layer.into());
        self
    }

    /// Adds y = x·w + b with this many outputs.
    pub fn dense(self, out_features: usize) -> Self {
        self.layer(Dense::new(out_features))
    }

    /// Adds an activation.
    pub fn activation(self, activation: Activation) -> Self {
        self.layer(activation)
    }

    /// Adds max(0, z).
    pub fn relu(self) -> Self {
        self.activation(Activation::Relu)
    }

    /// Adds 1 / (1 + e⁻ᶻ).
    pub fn sigmoid(self) -> Self {
        self.activation(Activation::Sigmoid)
    }

    /// Adds tanh z.
    pub fn tanh(self) -> Self {
        self.activation(Activation::Tanh)
    }

    /// Adds a constant factor.
    pub fn scale(self, factor: f64) -> Self {
        self.layer(Scale { factor })
    }

    /// Adds dropout with this chance.
    pub fn dropout(self, dropout: f64) -> Self {
        self.layer(Dropout { dropout })
    }

    /// Adds normal noise of this standard deviation, in training.
    pub fn noise(self, noise: f64) -> Self {
        self.layer(Noise { noise })
    }

    /// Adds batch normalisation with its defaults.
    pub fn batch_norm(self) -> Self {
        self.layer(BatchNorm::default())
    }

    /// Adds layer normalisation with its defaults.
    pub fn layer_norm(self) -> Self {
        self.layer(LayerNorm::default())
    }

    /// Adds a convolution with this many output channels.
    pub fn conv2d(self, out_channels: usize, window: Window) -> Self {
        self.layer(Conv2d::new(out_channels, window))
    }

    /// Adds the largest value of each square of this side.
    pub fn max_pool2d(self, side: usize) -> Self {
        self.layer(MaxPool2d::new(side))
    }

    /// Adds the mean of each square of this side.
    pub fn average_pool2d(self, side: usize) -> Self {
        self.layer(AveragePool2d::new(side))
    }

    /// Adds the mean of each channel.
    pub fn global_average_pool(self) -> Self {
        self.layer(GlobalAveragePool)
    }

    /// Adds dropout of whole channels with this chance.
    pub fn channel_dropout(self, dropout: f64) -> Self {
        self.layer(ChannelDropout { dropout })
    }

    /// Adds group normalisation in so many groups.
    pub fn group_norm(self, groups: usize) -> Self {
        self.layer(GroupNorm::new(groups))
    }

    /// Adds a layer that makes one axis of all.
    pub fn flatten(self) -> Self {
        self.layer(Layer::Flatten)
    }

    /// How weights start where a layer does not say; without it, He for ReLU-like activations, else Glorot.
    pub fn init(mut self, init: Init) -> Self {
        self.init = Some(init);
        self
    }

    /// Checks the layers and draws the start from `seed`.
    ///
    /// # Errors
    /// As [`Network::new`] and [`Network::start`].
    pub fn build(self, seed: u64) -> Result<Network<R>> {
        let mut network = Network::new(self.input_shape, self.layers)?;
        network.start(self.init.as_ref(), Draw::Philox { seed })?;
        Ok(network)
    }
}
