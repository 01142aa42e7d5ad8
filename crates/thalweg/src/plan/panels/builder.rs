//! From layers to a program: which stages a network has, and a place for everything.

use std::marker::PhantomData;
use std::ops::Range;

use super::front::Front;
use super::program::{
    ColumnNorm, Form, Matrix, MatrixRoom, Norm, Program, RowNorm, Stage, Tail, TailKind, Values,
};
use crate::activations::Activation;
use crate::kernels::LINE;
use crate::kernels::panels::{LANE_COLUMNS, panel_count, panel_width};
use crate::kernels::sums::LANES;
use crate::layers::{BatchNorm, Layer, LayerNorm};
use crate::network::PlacedLayer;
use crate::plan::Rules;
use crate::real::Real;

impl Program {
    /// The stages of a network of dense, elementwise and normalising layers, perhaps behind convolutions; `None` for any other.
    /// Where `rules` are given, with room for the way back.
    pub(super) fn new<R: Real>(
        layers: &[PlacedLayer],
        rules: Option<&Rules>,
        capacity: usize,
    ) -> Option<Program> {
        let inputs = layers.first()?.input.len();
        let (front, layers) = match Front::new::<R>(layers, rules) {
            Some((front, count)) => (Some(front), &layers[count..]),
            None => (None, layers),
        };
        let features = front.as_ref().map_or(inputs, |front| front.features);
        let mut builder = Builder::<R>::new(features, inputs, front, rules, capacity);
        for placed in layers {
            builder.add(placed)?;
        }
        builder.finish()
    }
}

/// A program in the making.
struct Builder<'a, R> {
    rules: Option<&'a Rules>,
    capacity: usize,
    front: Option<Front>,
    inputs: usize,
    input: Values,
    stages: Vec<Stage>,
    norm_layers: Vec<usize>,
    /// How much of each memory has an owner.
    arena: usize,
    weights: usize,
    transposed: usize,
    lanes: usize,
    /// What the next layer reads.
    x: Matrix,
    /// Whether somebody still needs x in backward, so that it may not be overwritten.
    kept: bool,
    scalar: PhantomData<R>,
}

impl<'a, R: Real> Builder<'a, R> {
    fn new(
        columns: usize,
        inputs: usize,
        front: Option<Front>,
        rules: Option<&'a Rules>,
        capacity: usize,
    ) -> Self {
        let nowhere = Matrix { start: 0, columns: 0 };
        let mut builder = Builder {
            rules,
            capacity,
            inputs,
            input: Values { output: nowhere, doutput: nowhere, tail: Vec::new(), row_norms: Vec::new() },
            stages: Vec::new(),
            norm_layers: Vec::new(),
            arena: 0,
            weights: front.as_ref().map_or(0, |front| front.weights_len),
            transposed: 0,
            lanes: 0,
            x: nowhere,
            kept: rules.is_some(),
            scalar: PhantomData,
            front,
        };
        builder.input.output = builder.matrix(columns);
        builder.x = builder.input.output;
        builder
    }

    fn trains(&self) -> bool {
        self.rules.is_some()
    }

    fn is_frozen(&self, layer: usize) -> bool {
        self.rules.is_some_and(|rules| rules.frozen.contains(&layer))
    }

    fn matrix(&mut self, columns: usize) -> Matrix {
        let start = self.run(panel_count::<R>(columns) * self.capacity * panel_width::<R>()).start;
        Matrix { start, columns }
    }

    /// A matrix that only the way back needs; elsewhere `or`.
    fn kept_matrix(&mut self, columns: usize, or: Matrix) -> Matrix {
        if self.trains() { self.matrix(columns) } else { or }
    }

    /// So many values of the arena.
    fn run(&mut self, len: usize) -> Range<usize> {
        let start = self.arena.next_multiple_of(LINE / size_of::<R>());
        self.arena = start + len;
        start..self.arena
    }

    /// Adds a layer; `None` for one that no panel plan works.
    fn add(&mut self, placed: &PlacedLayer) -> Option<()> {
        let kind = match &placed.layer {
            Layer::Flatten => return Some(()),
            Layer::Dense(_) => return self.dense(placed),
            Layer::LayerNorm(layer) => {
                self.layer_norm(*layer, placed);
                return Some(());
            }
            Layer::Activation(Activation::Softmax | Activation::Custom(_))
            | Layer::Conv2d(_)
            | Layer::Conv1d(_)
            | Layer::ConvTranspose2d(_)
            | Layer::Upsample(_)
            | Layer::MaxPool2d(_)
            | Layer::AveragePool2d(_)
            | Layer::AdaptiveAveragePool2d(_)
            | Layer::GlobalAveragePool(_)
            | Layer::ChannelDropout(_)
            | Layer::GroupNorm(_)
            | Layer::Embedding(_)
            | Layer::Periodic(_)
            | Layer::PiecewiseLinear(_)
            | Layer::Residual(_)
            | Layer::Custom(_) => return None,
            Layer::BatchNorm(layer) => TailKind::BatchNorm(self.batch_norm(*layer, placed)?),
            Layer::Activation(activation) => TailKind::Activation(activation.clone()),
            Layer::Scale(scale) => TailKind::Scale(scale.factor),
            Layer::Dropout(_) | Layer::Noise(_) if !self.trains() => return Some(()),
            Layer::Dropout(dropout) => TailKind::Dropout(*dropout, self.matrix(self.x.columns)),
            Layer::Noise(noise) => TailKind::Noise(*noise),
        };
        let (needs_input, needs_output) = match &kind {
            TailKind::Activation(activation) if activation.derivative_follows_from_output() => (false, true),
            TailKind::Activation(_) => (true, true),
            _ => (false, false),
        };
        let is_apart = self.trains() && (needs_input || self.kept);
        let y = if is_apart { self.matrix(self.x.columns) } else { self.x };
        self.kept = needs_output;
        self.follow(Tail { kind, layer: placed.number, x: self.x, y });
        self.x = y;
        Some(())
    }

    /// Puts something after what stands last.
    fn follow(&mut self, tail: Tail) {
        let values = self.last_values();
        match values.row_norms.last_mut() {
            Some(norm) => norm.tail.push(tail),
            None => values.tail.push(tail),
        }
    }

    /// What a layer that is no product belongs to.
    fn last_values(&mut self) -> &mut Values {
        self.stages.last_mut().map_or(&mut self.input, |stage| &mut stage.values)
    }

    fn dense(&mut self, placed: &PlacedLayer) -> Option<()> {
        let (in_features, out_features) = (placed.input.len(), placed.output.len());
        let form = if out_features == 1 && in_features >= LANES { Form::OneOutput } else { Form::Panels };
        let width = panel_width::<R>();
        let length = match form {
            Form::Panels => panel_count::<R>(out_features) * (in_features + 1) * width,
            Form::OneOutput => (panel_count::<R>(in_features) + 1) * width,
        };
        let is_first = self.stages.is_empty();
        let has_parameters_before = !is_first || self.front.is_some() || self.input.norms().next().is_some();
        if is_first && has_parameters_before {
            self.input.doutput = self.kept_matrix(in_features, self.input.output);
        }
        let output = self.matrix(out_features);
        let doutput = self.kept_matrix(out_features, output);
        let turned = match self.trains() && has_parameters_before {
            true => panel_count::<R>(in_features) * out_features * width,
            false => 0,
        };
        let mut stage = Stage {
            form,
            layer: placed.number,
            in_features,
            out_features,
            input: self.x,
            values: Values { output, doutput, tail: Vec::new(), row_norms: Vec::new() },
            weights: self.weights..self.weights + length,
            transposed: self.transposed..self.transposed + turned,
            lanes: self.lanes..self.lanes,
            plain_weight: placed.parameters.first()?.range.clone(),
            plain_bias: placed.parameters.get(1)?.range.clone(),
            frozen: self.is_frozen(placed.number),
        };
        let narrow = if stage.weight_lanes() { in_features } else { 0 };
        self.lanes += (narrow + usize::from(stage.bias_lanes())) * LANES * LANE_COLUMNS;
        stage.lanes.end = self.lanes;
        self.weights += length;
        self.transposed += turned;
        self.x = output;
        self.kept = false;
        self.stages.push(stage);
        Some(())
    }

    /// Places the parameters of a normalisation of x.
    fn norm(&mut self, placed: &PlacedLayer, momentum: Option<f64>) -> Norm {
        let tensors = placed.parameters.len();
        let start = self.weights;
        self.weights += tensors * panel_count::<R>(self.x.columns) * panel_width::<R>();
        self.norm_layers.push(placed.number);
        Norm {
            number: self.norm_layers.len() - 1,
            parameters: start..self.weights,
            plain: placed.range.clone(),
            columns: self.x.columns,
            tensors,
            momentum,
            frozen: self.is_frozen(placed.number),
        }
    }

    /// Only of one axis, and before rows are normalised: after that they are shared out, which the columns of a batch are not.
    fn batch_norm(&mut self, layer: BatchNorm, placed: &PlacedLayer) -> Option<ColumnNorm> {
        if placed.input.axes().len() > 1 || !self.last_values().row_norms.is_empty() {
            return None;
        }
        let columns = self.x.columns;
        let all_statistics = self.run(3 * panel_count::<R>(columns) * panel_width::<R>());
        let norm = self.norm(placed, Some(layer.momentum));
        Some(ColumnNorm { layer, norm, u: self.kept_matrix(columns, self.x), all_statistics })
    }

    fn layer_norm(&mut self, layer: LayerNorm, placed: &PlacedLayer) {
        let columns = self.x.columns;
        let norm = self.norm(placed, None);
        if self.trains() && self.kept {
            // The activation before it keeps its output: the normalisation works on a copy.
            let y = self.matrix(columns);
            self.follow(Tail { kind: TailKind::Copy, layer: placed.number, x: self.x, y });
            self.x = y;
        }
        let row_norm = RowNorm {
            layer,
            x: self.x,
            u: self.kept_matrix(columns, self.x),
            scales: self.run(if self.trains() { self.capacity } else { 0 }),
            gradients: self.run(if self.trains() { norm.parameters.len() } else { 0 }),
            norm,
            tail: Vec::new(),
        };
        self.last_values().row_norms.push(row_norm);
        self.kept = false;
    }

    fn finish(self) -> Option<Program> {
        Some(Program {
            outputs: self.stages.last()?.out_features,
            matrices: MatrixRoom::new(&self.stages),
            front: self.front,
            inputs: self.inputs,
            input: self.input,
            stages: self.stages,
            capacity: self.capacity,
            arena_len: self.arena,
            weights_len: self.weights,
            transposed_len: self.transposed,
            lanes_len: self.lanes,
            norm_layers: self.norm_layers,
        })
    }
}
