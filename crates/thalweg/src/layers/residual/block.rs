//! A residual block with the sizes that follow from its input, and where everything lies.

use std::ops::Range;

use super::super::{Layer, LayerProblem, ParameterRole, ParameterShape};
use crate::kernels::dense::DenseSizes;
use crate::shape::Shape;

/// A residual block with the sizes that follow from its input.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub(crate) input: Shape,
    pub(crate) output: Shape,
    /// The inner layers.
    pub(crate) straight: Vec<Step>,
    /// The layers of the shortcut.
    pub(crate) shortcut: Vec<Step>,
    /// The matrix on the way around, where the shape changes and no layers stand there.
    pub(crate) projection: Option<Projection>,
    /// All parameters: of the inner layers, then of the way around.
    pub(crate) parameters: Vec<ParameterShape>,
    /// What forward keeps for each row.
    pub(crate) cache_len: usize,
    /// Values of working memory whatever the batch.
    pub(crate) scratch_len: usize,
    /// Values of working memory for each row: two gradients in turn, that of the way around, and what the layers need.
    pub(crate) row_scratch_len: usize,
    /// Values in a row of the widest matrix.
    pub(crate) widest: usize,
}

/// A layer in a block.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) layer: Layer,
    /// Its place among the layers of the block, the shortcut's counted on.
    pub(crate) place: usize,
    pub(crate) input: Shape,
    pub(crate) output: Shape,
    /// Its part of the block's parameters.
    pub(crate) parameters: Range<usize>,
    /// Which of the block's tensors are its own.
    pub(crate) tensors: Range<usize>,
    /// How many values of the cache each row has before this layer's output; its own cache follows that.
    pub(crate) value: usize,
    pub(crate) cache_len: usize,
}

/// A dense layer without a bias.
#[derive(Clone, Debug)]
pub(crate) struct Projection {
    /// Its part of the block's parameters.
    pub(crate) range: Range<usize>,
    /// How many values of the cache each row has before the zeros that take the bias's place.
    pub(crate) zeros: usize,
}

impl Step {
    /// The layer's output in the block's cache.
    pub(crate) fn value_of<'a, R>(&self, rows: usize, cache: &'a [R]) -> &'a [R] {
        &cache[rows * self.value..][..rows * self.output.len()]
    }
}

impl Block {
    pub(super) fn new(layers: &[Layer], shortcut: &[Layer], input: &Shape) -> Result<Block, LayerProblem> {
        if layers.is_empty() {
            return Err(LayerProblem::NoInnerLayers);
        }
        let mut block = Block {
            input: input.clone(),
            output: input.clone(),
            straight: Vec::new(),
            shortcut: Vec::new(),
            projection: None,
            parameters: Vec::new(),
            cache_len: 0,
            scratch_len: 0,
            row_scratch_len: 0,
            widest: input.len(),
        };
        block.straight = block.path(layers, 0, "")?;
        block.output = end(&block.straight, input);
        block.shortcut = block.path(shortcut, layers.len(), "shortcut.")?;
        let around = end(&block.shortcut, input);
        if around != block.output {
            let are_rows = around.axes().len() == 1 && block.output.axes().len() == 1;
            if !shortcut.is_empty() || !are_rows {
                return Err(LayerProblem::PathsDiffer { inner: block.output, around });
            }
            block.project();
        }
        block.row_scratch_len += 2 * block.widest + block.other_len();
        Ok(block)
    }

    /// Places the layers of one path behind what is there.
    fn path(&mut self, layers: &[Layer], first: usize, prefix: &str) -> Result<Vec<Step>, LayerProblem> {
        let mut steps = Vec::with_capacity(layers.len());
        let mut input = self.input.clone();
        for (i, layer) in layers.iter().enumerate() {
            let inside = |problem| LayerProblem::Inside {
                place: format!("{prefix}{i}"),
                kind: layer.kind().to_owned(),
                problem: Box::new(problem),
            };
            if let Layer::Embedding(_) = layer {
                return Err(inside(LayerProblem::EmbeddingInside));
            }
            let output = layer.output_shape(&input).map_err(inside)?;
            let (start, tensors) = (self.parameter_count(), self.parameters.len());
            for parameter in layer.parameters(&input) {
                let name = format!("{prefix}{i}.{}", parameter.name);
                self.parameters.push(ParameterShape { name, ..parameter });
            }
            let step = Step {
                layer: layer.clone(),
                place: first + i,
                parameters: start..self.parameter_count(),
                tensors: tensors..self.parameters.len(),
                value: self.cache_len,
                cache_len: layer.cache_len(&input),
                input,
                output: output.clone(),
            };
            self.cache_len += output.len() + step.cache_len;
            self.widest = self.widest.max(output.len());
            self.scratch_len = self.scratch_len.max(layer.scratch_len(&step.input));
            self.row_scratch_len = self.row_scratch_len.max(layer.row_scratch_len(&step.input));
            input = output;
            steps.push(step);
        }
        Ok(steps)
    }

    /// Puts a matrix on the way around.
    fn project(&mut self) {
        let start = self.parameter_count();
        self.parameters.push(ParameterShape {
            name: "projection.weight".into(),
            shape: Shape::from([self.input.len(), self.output.len()]),
            role: ParameterRole::Weight,
        });
        self.projection = Some(Projection { range: start..self.parameter_count(), zeros: self.cache_len });
        self.cache_len += self.output.len();
        let sizes = self.projection_sizes(0);
        self.scratch_len = self.scratch_len.max(sizes.out_features + sizes.scratch_len());
    }

    fn parameter_count(&self) -> usize {
        self.parameters.iter().map(|parameter| parameter.shape.len()).sum()
    }

    pub(super) fn projection_sizes(&self, rows: usize) -> DenseSizes {
        DenseSizes { rows, in_features: self.input.len(), out_features: self.output.len() }
    }

    /// Whether the way around is x itself.
    pub(super) fn is_straight(&self) -> bool {
        self.shortcut.is_empty() && self.projection.is_none()
    }

    /// Values in a row of the gradient by x that comes by the way around, where that is not dy.
    pub(super) fn other_len(&self) -> usize {
        if self.is_straight() { 0 } else { self.input.len() }
    }

    /// What a path came to.
    pub(super) fn last<'a, R>(&self, path: &[Step], rows: usize, cache: &'a [R]) -> &'a [R] {
        path.last().map_or(&[], |step| step.value_of(rows, cache))
    }

    /// All inner layers, the shortcut's last.
    pub(crate) fn steps(&self) -> impl Iterator<Item = &Step> {
        self.straight.iter().chain(&self.shortcut)
    }
}

fn end(path: &[Step], input: &Shape) -> Shape {
    path.last().map_or(input, |step| &step.output).clone()
}
