//! Layer normalisation: every example is brought to mean 0 and variance 1.

use std::ops::Range;

use super::{Backward, Forward, Layer, LayerProblem, ParameterRole, ParameterShape};
use crate::kernels::{OrderedSum, layer_norm};
use crate::real::Real;
use crate::shape::Shape;

/// Each example's values are brought to mean 0 and variance 1, then scaled and shifted value by value.
///
/// ```text
/// m = Σⱼ xⱼ/J,  v = Σⱼ (xⱼ - m)²/J,  s = 1/√(v + epsilon)        over the J values of one example
/// forward   u = (x - m)·s           y = w ⊙ u + b
/// backward  g = w ⊙ dy              dx = s·(g - Σⱼ g/J - u·Σⱼ(g·u)/J)
///           dw = Σₙ dy[n,:] ⊙ u[n,:]    db = Σₙ dy[n,:]
/// ```
///
/// It does the same in training and inference, whatever the batch.
///
/// # Shapes
/// `x`, `y` `[batch, ...]`; `weight` and `bias` as one example of `x`. The weight starts at 1, the bias at 0; penalties touch neither.
///
/// # Memory
/// u and s: one value more per row than the input has.
///
/// # Source
/// Ba, Kiros, Hinton, "Layer normalization" (2016), equations 3 and 4.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LayerNorm {
    /// Added to the variance, above 0; 1e-5 by default.
    pub epsilon: f64,
}

impl Default for LayerNorm {
    fn default() -> Self {
        LayerNorm { epsilon: 1e-5 }
    }
}

impl From<LayerNorm> for Layer {
    fn from(norm: LayerNorm) -> Self {
        Layer::LayerNorm(norm)
    }
}

impl LayerNorm {
    pub(super) fn check(&self) -> Result<(), LayerProblem> {
        super::check_epsilon(self.epsilon)
    }

    pub(super) fn parameters(&self, input: &Shape) -> Vec<ParameterShape> {
        let free = |name: &str| ParameterShape {
            name: name.into(),
            shape: input.clone(),
            role: ParameterRole::Free,
        };
        vec![free("weight"), free("bias")]
    }

    pub(super) fn cache_len(&self, input: &Shape) -> usize {
        input.len() + 1
    }

    /// y = w ⊙ (x - m)·s + b
    pub(super) fn forward<R: Real>(&self, pass: Forward<'_, R>) {
        let width = pass.input.len();
        let (w, b) = pass.parameters.split_at(width);
        let rows = pass.x.chunks_exact(width).zip(pass.y.chunks_exact_mut(width));
        for ((x, y), cache) in rows.zip(pass.cache.chunks_exact_mut(width + 1)) {
            let (u, s) = cache.split_at_mut(width);
            s[0] = layer_norm::normalise(self.epsilon, x, w, b, u, y);
        }
    }

    pub(super) fn backward<R: Real>(&self, pass: Backward<'_, R>) {
        let width = pass.input.len();
        let (dw, db) = pass.dparameters.split_at_mut(width);
        self.backward_features(pass.input, 0..width, pass.cache, pass.dy, dw, db);
        if let Some(dx) = pass.dx {
            self.backward_rows(pass.input, pass.parameters, pass.cache, pass.dy, dx);
        }
    }

    /// dw += Σₙ dy[n,:] ⊙ u[n,:], db += Σₙ dy[n,:], for some of the features; `dw` and `db` are theirs.
    pub(super) fn backward_features<R: Real>(
        &self,
        input: &Shape,
        range: Range<usize>,
        cache: &[R],
        dy: &[R],
        dw: &mut [R],
        db: &mut [R],
    ) {
        let width = input.len();
        for ((j, dw), db) in range.zip(dw).zip(db) {
            let (mut of_weight, mut of_bias) = (OrderedSum::new(), OrderedSum::new());
            for (dy, cache) in dy.chunks_exact(width).zip(cache.chunks_exact(width + 1)) {
                let dy = dy[j].to_f64();
                of_weight.push(dy * cache[j].to_f64());
                of_bias.push(dy);
            }
            *dw += R::from_f64(of_weight.total());
            *db += R::from_f64(of_bias.total());
        }
    }

    /// dx = s·(g - Σⱼ g/J - u·Σⱼ(g·u)/J)
    pub(super) fn backward_rows<R: Real>(
        &self,
        input: &Shape,
        parameters: &[R],
        cache: &[R],
        dy: &[R],
        dx: &mut [R],
    ) {
        let width = input.len();
        let w = &parameters[..width];
        let rows = dy.chunks_exact(width).zip(dx.chunks_exact_mut(width));
        for ((dy, dx), cache) in rows.zip(cache.chunks_exact(width + 1)) {
            let (u, s) = cache.split_at(width);
            layer_norm::denormalise(w, s[0], u, dy, dx);
        }
    }
}
