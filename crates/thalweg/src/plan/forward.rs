//! Forward passes alone, as a network predicts: nothing is kept for a gradient.

use std::fmt::Debug;

use crate::layers::{Forward, Layer, Mode};
use crate::network::{Network, PlacedLayer};
use crate::real::Real;

/// A plan that predicts. It agrees with the plain one in every bit, however many rows it is given at a time.
pub trait ForwardPlan<R>: Debug + Send {
    /// Takes these parameters, row-major, in layer order.
    fn set_parameters(&mut self, parameters: &[R]);

    /// The outputs of `rows` rows, at most as many as the plan was made for; [`outputs`](ForwardPlan::outputs) has them.
    /// `x` is `[rows, inputs]`, row-major, scaled.
    fn forward(&mut self, rows: usize, x: &[R]);

    /// The network's outputs of the last [`forward`](ForwardPlan::forward), `[rows, outputs]`, row-major, in the units
    /// that it is trained in.
    fn outputs(&self, rows: usize) -> &[R];
}

/// Layer by layer over all rows, two matrices taking turns.
#[derive(Clone, Debug)]
pub(crate) struct PlainForward<R: Real> {
    layers: Vec<PlacedLayer>,
    parameters: Vec<R>,
    /// What the next layer reads, and after the last the outputs.
    x: Vec<R>,
    /// Where the next layer writes.
    y: Vec<R>,
    /// What a layer keeps for its backward pass, which never comes.
    cache: Vec<R>,
}

impl<R: Real> PlainForward<R> {
    /// Lays out forward passes of at most `largest_batch` rows with the network's parameters.
    pub(crate) fn new(network: &Network<R>, largest_batch: usize) -> Self {
        let layers = network.layers().to_vec();
        let widest = layers.iter().map(|layer| layer.input.len().max(layer.output.len())).max().unwrap_or(0);
        let cache = layers.iter().map(|layer| layer.layer.cache_len(&layer.input)).max().unwrap_or(0);
        PlainForward {
            layers,
            parameters: network.parameters().to_vec(),
            x: vec![R::ZERO; largest_batch * widest],
            y: vec![R::ZERO; largest_batch * widest],
            cache: vec![R::ZERO; largest_batch * cache],
        }
    }

    /// The first layer whose output is not finite for these rows.
    pub(crate) fn first_not_finite(&mut self, rows: usize, x: &[R]) -> Option<usize> {
        self.x[..x.len()].copy_from_slice(x);
        (0..self.layers.len()).find(|&i| {
            self.forward_layer(i, rows);
            let width = self.layers[i].output.len();
            self.x[..rows * width].iter().any(|value| !value.is_finite())
        })
    }

    fn forward_layer(&mut self, i: usize, rows: usize) {
        let layer = &self.layers[i];
        if matches!(layer.layer, Layer::Flatten) {
            return; // only the axes have other names
        }
        layer.layer.forward(Forward {
            rows,
            input: &layer.input,
            output: &layer.output,
            mode: Mode::Inference,
            parameters: &self.parameters[layer.range.clone()],
            x: &self.x[..rows * layer.input.len()],
            y: &mut self.y[..rows * layer.output.len()],
            cache: &mut self.cache[..rows * layer.layer.cache_len(&layer.input)],
        });
        std::mem::swap(&mut self.x, &mut self.y);
    }
}

impl<R: Real> ForwardPlan<R> for PlainForward<R> {
    fn set_parameters(&mut self, parameters: &[R]) {
        self.parameters.copy_from_slice(parameters);
    }

    fn forward(&mut self, rows: usize, x: &[R]) {
        self.x[..x.len()].copy_from_slice(x);
        for i in 0..self.layers.len() {
            self.forward_layer(i, rows);
        }
    }

    fn outputs(&self, rows: usize) -> &[R] {
        let width = self.layers.last().map_or(0, |layer| layer.output.len());
        &self.x[..rows * width]
    }
}
