//! One aligned allocation for all matrices of a step, and where each lies in it.

use std::ops::Range;

use crate::kernels::LINE;
use crate::layers::Layer;
use crate::network::PlacedLayer;
use crate::real::Real;

/// Matrices start at multiples of this many values: 64 bytes in f32, 128 in f64.
const ALIGNMENT: usize = 16;

/// A place for so many values from `end` on, a line of its own.
pub(super) fn run<R>(end: &mut usize, len: usize) -> Range<usize> {
    let start = end.next_multiple_of(LINE / size_of::<R>());
    *end = start + len;
    start..*end
}

/// Where the matrices of a step lie in the arena. All matrices are `[largest_batch, width]`; a short batch uses fewer
/// rows of them.
///
/// The sections follow each other in this order, so that two neighbours can be borrowed at once: values, caches,
/// gradients of the values, targets, scratch.
#[derive(Clone, Debug)]
pub struct Layout {
    /// The input of every layer, then the output of the last.
    pub values: Vec<Range<usize>>,
    /// What every layer's forward pass keeps.
    pub caches: Vec<Range<usize>>,
    /// The gradient of the loss by each of `values`; empty where no parameter lies before it.
    pub dvalues: Vec<Range<usize>>,
    /// The targets, if they are values; in scaled units where the target is scaled.
    pub targets: Range<usize>,
    /// Working memory of the layers.
    pub scratch: Range<usize>,
    /// How many values the arena has.
    pub len: usize,
}

impl Layout {
    /// Lays out a network's step for batches of up to `largest_batch` rows, with `targets` target values each.
    ///
    /// A layer that only renames axes (flatten) has its input and its output in one place. A gradient that no parameter
    /// lies behind is not computed and has no place.
    pub fn new(layers: &[PlacedLayer], largest_batch: usize, targets: usize) -> Layout {
        let mut end = 0;
        let mut next = |len: usize| {
            let range = end..end + len;
            end = (end + len).next_multiple_of(ALIGNMENT);
            range
        };
        let widths: Vec<usize> = layers
            .iter()
            .map(|layer| layer.input.len())
            .chain(layers.last().map(|layer| layer.output.len()))
            .collect();
        let renames = |i: usize| i > 0 && matches!(layers[i - 1].layer, Layer::Flatten);
        let mut values: Vec<Range<usize>> = Vec::with_capacity(widths.len());
        for (i, width) in widths.iter().enumerate() {
            let range = if renames(i) { values[i - 1].clone() } else { next(largest_batch * width) };
            values.push(range);
        }
        let caches =
            layers.iter().map(|layer| next(largest_batch * layer.layer.cache_len(&layer.input))).collect();
        let first_parameters =
            layers.iter().position(|layer| !layer.range.is_empty()).unwrap_or(layers.len());
        let mut dvalues: Vec<Range<usize>> = Vec::with_capacity(widths.len());
        for (i, width) in widths.iter().enumerate() {
            let is_needed = i > first_parameters || i == layers.len();
            let range = match dvalues.last() {
                Some(before) if renames(i) && !before.is_empty() => before.clone(),
                _ => next(if is_needed { largest_batch * width } else { 0 }),
            };
            dvalues.push(range);
        }
        let targets = next(largest_batch * targets);
        let scratch = |layer: &PlacedLayer| {
            let each = layer.layer.row_scratch_len(&layer.input);
            layer.layer.scratch_len(&layer.input) + largest_batch * each
        };
        let scratch = next(layers.iter().map(scratch).max().unwrap_or(0));
        Layout { values, caches, dvalues, targets, scratch, len: end }
    }
}

/// The allocation.
#[derive(Clone, Debug)]
pub struct Arena<R> {
    values: Vec<R>,
    start: usize,
    len: usize,
}

impl<R: Real> Arena<R> {
    /// An arena of zeros for this layout, aligned to cache lines.
    pub fn new(layout: &Layout) -> Self {
        Arena::with_len(layout.len)
    }

    /// An arena of this many zeros, aligned to cache lines.
    pub(crate) fn with_len(len: usize) -> Self {
        let values = vec![R::ZERO; len + ALIGNMENT];
        let start = values.as_ptr().align_offset(ALIGNMENT * size_of::<R>()).min(ALIGNMENT);
        Arena { values, start, len }
    }

    /// All of it.
    pub fn all(&self) -> &[R] {
        &self.values[self.start..self.start + self.len]
    }

    /// All of it, to be written.
    pub fn all_mut(&mut self) -> &mut [R] {
        &mut self.values[self.start..self.start + self.len]
    }
}
