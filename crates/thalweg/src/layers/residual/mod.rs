//! The residual block: layers, and a way around them.

mod block;
mod formula;
#[cfg(test)]
mod tests;

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

pub(crate) use block::{Block, Step};

use super::{Backward, Extent, Forward, Layer, LayerProblem, Mode, ParameterShape};
use crate::kernels::dense::{self, DenseSizes};
use crate::kernels::elementwise;
use crate::real::Real;
use crate::shape::Shape;

/// Layers, and a way around them: the block adds what comes by both.
///
/// ```text
/// forward   y  = g(x) + f(x)                        f: the inner layers, one after the other
/// backward  dx = df(x)ᵀ·dy + dg(x)ᵀ·dy              each path by its own backward, last layer to first
/// g(x) = x where f keeps the shape; x·p (a projection without a bias) where it gives another number of values;
///        or the layers of `shortcut`, one after the other
/// ```
///
/// Any layer can stand inside, blocks too; only an embedding cannot, since ids are not to be added to anything. An activation after the sum is a layer of
/// its own, as everywhere.
///
/// # Shapes
/// `x` of any shape, `y` as f(x). Inner parameters are those of the inner layers, named by their place: `0.weight` of the first inner layer is
/// `3.0.weight` in a network whose layer 3 is the block, as in PyTorch's nested `Sequential`. The projection is
/// `projection.weight` `[in_features, out_features]`, and those of the shortcut are `shortcut.0.weight` and so on.
///
/// # Units and ranges
/// A rate of `training.layer`, and whether it is frozen, holds for the whole block. Masks and noise inside have numbers of their own, for which the inner
/// layer i of the block p (the shortcut's layers counted on) counts as layer (p + 1)·2654435769 + i mod 2³². Weights start as those of the same layers outside would;
/// the last one inside, which the sum follows, and the projection by Glorot's rule.
///
/// # Memory
/// The output of every inner layer, and what each keeps. Backward works with twice the widest of them.
///
/// # Source
/// He, Zhang, Ren, Sun, "Deep residual learning for image recognition" (2016), equations 1 and 2; its option B is the projection.
///
/// # Example
/// ```
/// use thalweg::activations::Activation;
/// use thalweg::layers::{Dense, Layer, Residual};
/// use thalweg::{Loss, Network};
///
/// let relu = || Layer::from(Activation::Relu);
/// let block = Residual::new(vec![Dense::new(2).into(), relu(), Dense::new(2).into()]);
/// let mut network = Network::<f64>::builder(2).layer(block).build(0)?;
/// network.set_parameter("0.0.weight", &[1.0, 0.0, 0.0, 1.0])?;
/// network.set_parameter("0.2.weight", &[2.0, 0.0, 0.0, 2.0])?;
/// let mut y = [0.0; 2];
/// network.predictor(&Loss::HalfSquares)?.predict(&[3.0, -5.0], &mut y)?;
/// assert_eq!(y, [3.0 + 2.0 * 3.0, -5.0]);
/// # Ok::<(), thalweg::Error>(())
/// ```
#[derive(Clone)]
pub struct Residual {
    layers: Vec<Layer>,
    shortcut: Vec<Layer>,
    /// The sizes for the shape that was asked about first: a step must not work them out anew, which allocates.
    block: OnceLock<Arc<Block>>,
}

/// Inner layers and shortcut, as a user wrote them.
impl fmt::Debug for Residual {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Residual").field("layers", &self.layers).field("shortcut", &self.shortcut).finish()
    }
}

/// An inner layer after a forward pass.
pub(crate) struct Seen<'a, R> {
    pub(crate) layer: &'a Layer,
    pub(crate) input: &'a Shape,
    pub(crate) x: &'a [R],
    pub(crate) cache: &'a [R],
}

/// The number that an inner layer goes by where random numbers are drawn. The multiplier is 2³² over the golden ratio, whose
/// multiples lie far from each other and from the numbers of outer layers.
pub(crate) fn inner_number(block: u32, place: usize) -> u32 {
    block.wrapping_add(1).wrapping_mul(2_654_435_769).wrapping_add(place as u32)
}

impl From<Residual> for Layer {
    fn from(residual: Residual) -> Self {
        Layer::Residual(residual)
    }
}

impl Residual {
    /// A block of these layers, whose way around them is straight, or a projection where the shape changes.
    pub fn new(layers: Vec<Layer>) -> Self {
        Residual { layers, shortcut: Vec::new(), block: OnceLock::new() }
    }

    /// The same with layers on the way around. Without any, the way is as [`new`](Self::new) says.
    #[must_use]
    pub fn with_shortcut(self, shortcut: Vec<Layer>) -> Self {
        Residual { shortcut, ..Residual::new(self.layers) }
    }

    /// The inner layers.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// The layers on the way around them.
    pub fn shortcut(&self) -> &[Layer] {
        &self.shortcut
    }

    /// The inner layers, then those of the shortcut.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Layer> {
        self.layers.iter().chain(&self.shortcut)
    }

    /// The same, to be changed.
    pub(crate) fn all_mut(&mut self) -> impl Iterator<Item = &mut Layer> {
        self.block = OnceLock::new();
        self.layers.iter_mut().chain(&mut self.shortcut)
    }

    /// The block's sizes for this input.
    pub(crate) fn block(&self, input: &Shape) -> Result<Arc<Block>, LayerProblem> {
        if let Some(block) = self.block.get()
            && block.input == *input
        {
            return Ok(Arc::clone(block));
        }
        let block = Arc::new(Block::new(&self.layers, &self.shortcut, input)?);
        // Whoever comes first is kept; a second shape is worked out each time.
        let _ = self.block.set(Arc::clone(&block));
        Ok(block)
    }

    /// Tells of every layer inside, blocks' own layers after them: its number, kind, output and how many parameters it has; and of the projection.
    pub(crate) fn list(&self, number: &str, input: &Shape, tell: &mut dyn FnMut(&str, &str, &Shape, usize)) {
        let block = self.known(input);
        for step in block.steps() {
            let number = match step.place.checked_sub(self.layers.len()) {
                None => format!("{number}.{}", step.place),
                Some(place) => format!("{number}.shortcut.{place}"),
            };
            tell(&number, step.layer.kind(), &step.output, step.parameters.len());
            if let Layer::Residual(residual) = &step.layer {
                residual.list(&number, &step.input, tell);
            }
        }
        if let Some(projection) = &block.projection {
            tell(number, "projection", &block.output, projection.range.len());
        }
    }

    /// Shows every inner layer with its input and what it kept of the last forward pass.
    pub(crate) fn visit<R: Real>(
        &self,
        input: &Shape,
        rows: usize,
        x: &[R],
        cache: &[R],
        see: &mut dyn FnMut(Seen<'_, R>),
    ) {
        let block = self.known(input);
        for path in [&block.straight, &block.shortcut] {
            for (i, step) in path.iter().enumerate() {
                let x = if i == 0 { x } else { path[i - 1].value_of(rows, cache) };
                let own = rows * (step.value + step.output.len());
                let cache = &cache[own..own + rows * step.cache_len];
                see(Seen { layer: &step.layer, input: &step.input, x, cache });
            }
        }
    }

    /// Those of its layers and of the projection.
    pub(super) fn multiplications(&self, input: &Shape) -> usize {
        let block = self.known(input);
        let inner: usize = block.steps().map(|step| step.layer.multiplications(&step.input)).sum();
        inner + block.projection.as_ref().map_or(0, |projection| projection.range.len())
    }

    fn known(&self, input: &Shape) -> Arc<Block> {
        self.block(input).expect("`output_shape` took this input before")
    }

    pub(super) fn output_shape(&self, input: &Shape) -> Result<Shape, LayerProblem> {
        self.block(input).map(|block| block.output.clone())
    }

    pub(super) fn parameters(&self, input: &Shape) -> Vec<ParameterShape> {
        self.block(input).map(|block| block.parameters.clone()).unwrap_or_default()
    }

    pub(super) fn cache_len(&self, input: &Shape) -> usize {
        self.block(input).map_or(0, |block| block.cache_len)
    }

    pub(super) fn scratch_len(&self, input: &Shape) -> usize {
        self.block(input).map_or(0, |block| block.scratch_len)
    }

    pub(super) fn row_scratch_len(&self, input: &Shape) -> usize {
        self.block(input).map_or(0, |block| block.row_scratch_len)
    }

    /// That of its inner layers.
    pub(super) fn extent(&self) -> Extent {
        if self.all().any(|layer| layer.extent() == Extent::Batch) { Extent::Batch } else { Extent::Row }
    }

    /// y = g(x) + f(x)
    pub(super) fn forward<R: Real>(&self, pass: Forward<'_, R>) {
        let block = self.known(pass.input);
        let Forward { rows, mode, parameters, x, y, cache, .. } = pass;
        let go = |path: &[Step], cache: &mut [R]| forward(path, rows, mode, parameters, x, cache);
        go(&block.straight, cache);
        if !block.shortcut.is_empty() {
            go(&block.shortcut, cache);
            y.copy_from_slice(block.last(&block.shortcut, rows, cache)); // g(x)
        } else if let Some(projection) = &block.projection {
            let sizes = block.projection_sizes(rows);
            let zeros = &mut cache[rows * projection.zeros..][..sizes.out_features];
            zeros.fill(R::ZERO);
            dense::forward(sizes, x, &parameters[projection.range.clone()], zeros, y); // x·p
        } else {
            y.copy_from_slice(x);
        }
        elementwise::add_in_place(block.last(&block.straight, rows, cache), y);
    }

    pub(super) fn backward<R: Real>(&self, pass: Backward<'_, R>) {
        let block = self.known(pass.input);
        let Backward { rows, mode, parameters, x, cache, dy, dparameters, scratch, .. } = pass;
        let (buffers, scratch) = scratch.split_at_mut(2 * rows * block.widest);
        let (other, scratch) = scratch.split_at_mut(rows * block.other_len());
        let mut way = Way { rows, mode, parameters, x, cache, dy, dparameters, buffers, scratch };
        let mut dx = pass.dx;
        let wants_dx = dx.is_some();
        // dx = df(x)ᵀ·dy + dg(x)ᵀ·dy
        way.backward(&block.straight, dx.as_deref_mut());
        way.backward(&block.shortcut, wants_dx.then_some(&mut *other));
        if let Some(projection) = &block.projection {
            let sizes = block.projection_sizes(rows);
            way.projection(sizes, &projection.range, wants_dx.then_some(&mut *other));
        }
        if let Some(dx) = dx {
            elementwise::add_in_place(if block.is_straight() { dy } else { other }, dx);
        }
    }
}

/// Through one path. Its values and caches lie in `cache`, a layer's right before the next one's.
fn forward<R: Real>(path: &[Step], rows: usize, mode: Mode<'_>, parameters: &[R], x: &[R], cache: &mut [R]) {
    for (i, step) in path.iter().enumerate() {
        let (before, own) = cache.split_at_mut(rows * step.value);
        let x = if i == 0 { x } else { path[i - 1].value_of(rows, before) };
        let (y, own) = own.split_at_mut(rows * step.output.len());
        step.layer.forward(Forward {
            rows,
            input: &step.input,
            output: &step.output,
            mode: inside(mode, step.place),
            parameters: &parameters[step.parameters.clone()],
            x,
            y,
            cache: &mut own[..rows * step.cache_len],
        });
    }
}

/// The mode as an inner layer sees it.
fn inside(mode: Mode<'_>, place: usize) -> Mode<'_> {
    match mode {
        Mode::Inference => Mode::Inference,
        Mode::Training { seed, layer, epoch, row_numbers } => {
            Mode::Training { seed, layer: inner_number(layer, place), epoch, row_numbers }
        }
    }
}

/// What the ways back through a block's paths share.
struct Way<'a, R> {
    rows: usize,
    mode: Mode<'a>,
    parameters: &'a [R],
    x: &'a [R],
    cache: &'a [R],
    dy: &'a [R],
    dparameters: &'a mut [R],
    /// Two matrices as wide as the widest.
    buffers: &'a mut [R],
    scratch: &'a mut [R],
}

impl<R: Real> Way<'_, R> {
    /// Back through one path; the gradient by x goes to `dx`, where it is asked for.
    fn backward(&mut self, path: &[Step], dx: Option<&mut [R]>) {
        let half = self.buffers.len() / 2;
        let (from, to) = self.buffers.split_at_mut(half);
        let (mut from, mut to) = (from, to);
        let mut dx = dx;
        // Nobody needs what lies before the first parameter, unless dx is asked for.
        let first = match dx {
            Some(_) => 0,
            None => path.iter().position(|step| !step.parameters.is_empty()).unwrap_or(path.len()),
        };
        for (i, step) in path.iter().enumerate().skip(first).rev() {
            let y = step.value_of(self.rows, self.cache);
            let own = self.rows * (step.value + step.output.len());
            let dy = if i + 1 == path.len() { self.dy } else { &from[..y.len()] };
            let input = self.rows * step.input.len();
            let dx = if i == 0 {
                dx.take()
            } else if i == first {
                None
            } else {
                Some(&mut to[..input])
            };
            step.layer.backward(Backward {
                rows: self.rows,
                input: &step.input,
                output: &step.output,
                mode: inside(self.mode, step.place),
                parameters: &self.parameters[step.parameters.clone()],
                x: if i == 0 { self.x } else { path[i - 1].value_of(self.rows, self.cache) },
                y,
                cache: &self.cache[own..own + self.rows * step.cache_len],
                dy,
                dx,
                dparameters: &mut self.dparameters[step.parameters.clone()],
                scratch: &mut *self.scratch,
            });
            std::mem::swap(&mut from, &mut to);
        }
    }

    /// dp += xᵀ·dy, and dx = dy·pᵀ where it is asked for.
    fn projection(&mut self, sizes: DenseSizes, range: &Range<usize>, dx: Option<&mut [R]>) {
        let dp = &mut self.dparameters[range.clone()];
        // There is no bias: its gradient goes where nobody looks.
        let (nobody, scratch) = self.scratch.split_at_mut(sizes.out_features);
        dense::backward_parameters(sizes, self.x, self.dy, dp, nobody, scratch);
        if let Some(dx) = dx {
            dense::backward_input(sizes, self.dy, &self.parameters[range.clone()], scratch, dx);
        }
    }
}
