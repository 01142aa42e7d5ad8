//! Layers: one file each; sizes, forward and backward together.

use std::sync::Arc;

use crate::activations::Activation;
use crate::custom::AnyCustomLayer;
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
    /// The same values as one axis.
    Flatten,
    /// A user's own.
    Custom(Arc<dyn AnyCustomLayer>),
}

/// The options of a dense layer: y = x·w + b.
#[derive(Clone, Debug, PartialEq)]
pub struct Dense {
    /// How many outputs; at least 1.
    pub out_features: usize,
    /// How the weights start; `None` takes the network's default.
    pub init: Option<Init>,
    /// How the bias starts; `None` is zeros.
    pub bias_init: Option<Init>,
}

/// The options of a scale layer: y = factor·x.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// What every value is multiplied by.
    pub factor: f64,
}

/// The options of a dropout layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    /// The chance that a value is dropped, 0 or more and less than 1.
    pub dropout: f64,
}

/// One of a layer's parameters: what it is called and its shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterShape {
    /// `"weight"` or `"bias"`, or a custom layer's own word.
    pub name: String,
    /// The axes, row-major.
    pub shape: Shape,
    /// Whether penalties and weight decay touch it: true for weights, false for biases.
    pub penalised: bool,
}

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
    /// Working memory of the plan, as long as the layer's `scratch_len` said.
    pub scratch: &'a mut [R],
}
