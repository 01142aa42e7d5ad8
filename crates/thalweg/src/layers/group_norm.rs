//! Group normalisation: the channels of every example are brought to mean 0 and variance 1 in groups.

use std::ops::Range;

use super::{Backward, Forward, Layer, LayerProblem, ParameterRole, ParameterShape};
use crate::kernels::OrderedSum;
use crate::real::Real;
use crate::shape::Shape;

/// Each example's channels, in groups of neighbours, are brought to mean 0 and variance 1, then scaled and shifted channel by
/// channel.
///
/// ```text
/// m = Σ x/J,  v = Σ (x - m)²/J,  s = 1/√(v + epsilon)      over the J values of a group's channels in one example
/// forward   u = (x - m)·s           y = w[c]·u + b[c]
/// backward  g = w[c]·dy             dx = s·(g - Σ g/J - u·Σ(g·u)/J)
///           dw[c] = Σ dy·u          db[c] = Σ dy           over rows and positions
/// ```
///
/// It does the same in training and inference, whatever the batch. One group is layer normalisation with a weight for each
/// channel; as many groups as channels is instance normalisation.
///
/// # Shapes
/// `x`, `y` `[batch, channels, ...]`; `weight` and `bias` `[channels]`. They start at 1 and 0; penalties touch neither.
///
/// # Memory
/// u, and s for each group: `groups` values more per row than the input has.
///
/// # Source
/// Wu, He, "Group normalization" (2018), equations 1 to 7.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GroupNorm {
    /// Into how many groups the channels are cut; a divisor of their number.
    pub groups: usize,
    /// Added to the variance, above 0; 1e-5 by default.
    pub epsilon: f64,
}

impl From<GroupNorm> for Layer {
    fn from(norm: GroupNorm) -> Self {
        Layer::GroupNorm(norm)
    }
}

impl GroupNorm {
    /// So many groups, with the usual epsilon.
    pub const fn new(groups: usize) -> Self {
        GroupNorm { groups, epsilon: 1e-5 }
    }

    pub(super) fn check(&self, input: &Shape) -> Result<(), LayerProblem> {
        super::check_epsilon(self.epsilon)?;
        let channels = channels(input);
        if self.groups == 0 || !channels.is_multiple_of(self.groups) {
            return Err(LayerProblem::Groups { groups: self.groups, what: "channels", channels });
        }
        Ok(())
    }

    pub(super) fn parameters(&self, input: &Shape) -> Vec<ParameterShape> {
        let free = |name: &str| ParameterShape {
            name: name.into(),
            shape: Shape::from(channels(input)),
            role: ParameterRole::Free,
        };
        vec![free("weight"), free("bias")]
    }

    pub(super) fn cache_len(&self, input: &Shape) -> usize {
        input.len() + self.groups
    }

    /// y = w[c]·(x - m)·s + b[c]
    pub(super) fn forward<R: Real>(&self, pass: Forward<'_, R>) {
        let (width, channels) = (pass.input.len(), channels(pass.input));
        let (positions, each) = (width / channels, width / self.groups);
        let (w, b) = pass.parameters.split_at(channels);
        let rows = pass.x.chunks_exact(width).zip(pass.y.chunks_exact_mut(width));
        for ((x, y), cache) in rows.zip(pass.cache.chunks_exact_mut(self.cache_len(pass.input))) {
            let (u, scales) = cache.split_at_mut(width);
            for (group, scale) in scales.iter_mut().enumerate() {
                let values = group * each..(group + 1) * each;
                let (m, s) = self.moments(&x[values.clone()]);
                *scale = s;
                for i in values {
                    let c = i / positions;
                    u[i] = (x[i] - m) * s;
                    y[i] = w[c].mul_add(u[i], b[c]);
                }
            }
        }
    }

    /// m and s of some values (NUMERICS rule 5).
    fn moments<R: Real>(&self, values: &[R]) -> (R, R) {
        let count = values.len() as f64;
        let mut sum = OrderedSum::new();
        sum.push_all(values);
        let mean = sum.total() / count;
        let mut squares = OrderedSum::new();
        for value in values {
            let d = value.to_f64() - mean;
            squares.push(d * d);
        }
        (R::from_f64(mean), R::from_f64(1.0 / (squares.total() / count + self.epsilon).sqrt()))
    }

    pub(super) fn backward<R: Real>(&self, pass: Backward<'_, R>) {
        let channels = channels(pass.input);
        let (dw, db) = pass.dparameters.split_at_mut(channels);
        self.backward_channels(pass.input, 0..channels, pass.cache, pass.dy, dw, db);
        if let Some(dx) = pass.dx {
            self.backward_rows(pass.input, pass.parameters, pass.cache, pass.dy, dx);
        }
    }

    /// dw[c] += Σ dy·u, db[c] += Σ dy, for some channels; `dw` and `db` are theirs.
    pub(super) fn backward_channels<R: Real>(
        &self,
        input: &Shape,
        range: Range<usize>,
        cache: &[R],
        dy: &[R],
        dw: &mut [R],
        db: &mut [R],
    ) {
        let (width, channels) = (input.len(), channels(input));
        let (positions, cached) = (width / channels, self.cache_len(input));
        for ((c, dw), db) in range.zip(dw).zip(db) {
            let (mut of_weight, mut of_bias) = (OrderedSum::new(), OrderedSum::new());
            for (dy, cache) in dy.chunks_exact(width).zip(cache.chunks_exact(cached)) {
                for i in c * positions..(c + 1) * positions {
                    let dy = dy[i].to_f64();
                    of_weight.push(dy * cache[i].to_f64());
                    of_bias.push(dy);
                }
            }
            *dw += R::from_f64(of_weight.total());
            *db += R::from_f64(of_bias.total());
        }
    }

    /// dx = s·(g - Σ g/J - u·Σ(g·u)/J)
    pub(super) fn backward_rows<R: Real>(
        &self,
        input: &Shape,
        parameters: &[R],
        cache: &[R],
        dy: &[R],
        dx: &mut [R],
    ) {
        let (width, channels) = (input.len(), channels(input));
        let (positions, each) = (width / channels, width / self.groups);
        let w = &parameters[..channels];
        let rows = dy.chunks_exact(width).zip(dx.chunks_exact_mut(width));
        for ((dy, dx), cache) in rows.zip(cache.chunks_exact(self.cache_len(input))) {
            let (u, scales) = cache.split_at(width);
            for (group, &s) in scales.iter().enumerate() {
                let values = group * each..(group + 1) * each;
                let (mut sum, mut along) = (OrderedSum::new(), OrderedSum::new());
                for i in values.clone() {
                    // g = w[c]·dy
                    dx[i] = w[i / positions] * dy[i];
                    sum.push(dx[i].to_f64());
                    along.push(dx[i].to_f64() * u[i].to_f64());
                }
                let count = each as f64;
                let (mean, along) = (R::from_f64(sum.total() / count), R::from_f64(along.total() / count));
                for i in values {
                    dx[i] = s * (dx[i] - mean - u[i] * along);
                }
            }
        }
    }
}

/// The first axis.
fn channels(input: &Shape) -> usize {
    input.axes().first().copied().unwrap_or(1)
}
