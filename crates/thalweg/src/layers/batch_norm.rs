//! Batch normalisation: every feature is brought to mean 0 and variance 1 over the batch.

use super::{Backward, Forward, Layer, LayerProblem, Mode, ParameterRole, ParameterShape};
use crate::kernels::OrderedSum;
use crate::real::Real;
use crate::shape::Shape;

/// Each feature, or channel, is brought to mean 0 and variance 1 over the batch, then scaled and shifted; in inference
/// by averages that training kept.
///
/// ```text
/// m = Σ x/N,  v = Σ (x - m)²/N,  s = 1/√(v + epsilon)      over the N values of one feature in the batch
/// forward   u = (x - m)·s      y = w·u + b
/// backward  dw = Σ dy·u        db = Σ dy        dx = w·s·(dy - Σ dy/N - u·Σ(dy·u)/N)
/// update    running_mean     ← momentum·running_mean     + (1 - momentum)·m
///           running_variance ← momentum·running_variance + (1 - momentum)·v·N/(N - 1)
/// inference y = w·(x - running_mean)/√(running_variance + epsilon) + b
/// ```
///
/// Only a step moves the averages, not a look at the outputs. A batch of one value shows no variance: it gives y = b, and
/// the variance 0 to the average.
///
/// # Shapes
/// `x`, `y` `[batch, features]` or `[batch, channels, ...]`, a channel's values over the whole batch being one feature. `weight`,
/// `bias`, `running_mean`, `running_variance` `[features]`. They start at 1, 0, 0 and 1; penalties touch none of them.
///
/// # Units and ranges
/// `momentum` weighs the **old** value of an average, 0 or more and less than 1; 0.9 by default (PyTorch calls this 0.1).
///
/// # Memory
/// u: as many values per row as the input has; and m, v and s.
///
/// # Source
/// Ioffe, Szegedy, "Batch normalization" (2015), algorithms 1 and 2. There the variances of the batches are averaged afterwards; here, as
/// in all libraries, while training goes on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchNorm {
    /// What an average keeps of its old value.
    pub momentum: f64,
    /// Added to the variance, above 0; 1e-5 by default.
    pub epsilon: f64,
}

impl Default for BatchNorm {
    fn default() -> Self {
        BatchNorm { momentum: 0.9, epsilon: 1e-5 }
    }
}

/// How a batch's values lie by feature.
#[derive(Clone, Copy)]
struct Sizes {
    rows: usize,
    features: usize,
    /// Values of one feature in one example.
    positions: usize,
}

impl Sizes {
    fn new(rows: usize, input: &Shape) -> Self {
        let features = features(input);
        Sizes { rows, features, positions: input.len() / features }
    }

    fn count(self) -> f64 {
        (self.rows * self.positions) as f64
    }

    /// Where the values of feature `c` lie, over the rows, then over the positions.
    fn of_feature(self, c: usize) -> impl Iterator<Item = usize> + Clone {
        let width = self.features * self.positions;
        (0..self.rows).flat_map(move |n| {
            let start = n * width + c * self.positions;
            start..start + self.positions
        })
    }

    /// The part of the cache that holds u, and for each feature m, the variance for the average, and s.
    fn split<R>(self, cache: &[R]) -> (&[R], &[R]) {
        cache.split_at(self.rows * self.features * self.positions)
    }
}

/// The first axis of several, else all values.
fn features(input: &Shape) -> usize {
    input.axes().first().copied().unwrap_or(1)
}

impl From<BatchNorm> for Layer {
    fn from(norm: BatchNorm) -> Self {
        Layer::BatchNorm(norm)
    }
}

impl BatchNorm {
    pub(super) fn check(&self) -> Result<(), LayerProblem> {
        if !(0.0..1.0).contains(&self.momentum) {
            return Err(LayerProblem::MomentumOutOfRange { momentum: self.momentum });
        }
        super::check_epsilon(self.epsilon)
    }

    pub(super) fn parameters(&self, input: &Shape) -> Vec<ParameterShape> {
        let average = ParameterRole::Average { momentum: self.momentum };
        let all = [
            ("weight", ParameterRole::Free),
            ("bias", ParameterRole::Free),
            ("running_mean", average),
            ("running_variance", average),
        ];
        let shape = Shape::from(features(input));
        all.map(|(name, role)| ParameterShape { name: name.into(), shape: shape.clone(), role }).into()
    }

    /// u, and for each feature m, v·N/(N - 1) and s: these at the end of the whole batch's cache, which has room for
    /// them with every row.
    pub(super) fn cache_len(&self, input: &Shape) -> usize {
        input.len() + 3 * features(input)
    }

    /// y = w·u + b
    pub(super) fn forward<R: Real>(&self, pass: Forward<'_, R>) {
        let sizes = Sizes::new(pass.rows, pass.input);
        let each = sizes.features;
        let [w, b, running_mean, running_variance] = of_parameters(pass.parameters, each);
        if let Mode::Inference = pass.mode {
            for c in 0..each {
                let s = R::from_f64(1.0 / (running_variance[c].to_f64() + self.epsilon).sqrt());
                for i in sizes.of_feature(c) {
                    pass.y[i] = w[c].mul_add((pass.x[i] - running_mean[c]) * s, b[c]);
                }
            }
            return;
        }
        let (u, kept) = pass.cache.split_at_mut(pass.x.len());
        for c in 0..each {
            let moments = Moments::of(sizes.of_feature(c).map(|i| pass.x[i].to_f64()), sizes.count());
            let m = R::from_f64(moments.mean);
            let s = R::from_f64(1.0 / (moments.variance + self.epsilon).sqrt());
            kept[3 * c..3 * c + 3].copy_from_slice(&[m, R::from_f64(moments.unbiased()), s]);
            for i in sizes.of_feature(c) {
                u[i] = (pass.x[i] - m) * s;
                pass.y[i] = w[c].mul_add(u[i], b[c]);
            }
        }
    }

    pub(super) fn backward<R: Real>(&self, pass: Backward<'_, R>) {
        let sizes = Sizes::new(pass.rows, pass.input);
        let each = sizes.features;
        let (u, kept) = sizes.split(pass.cache);
        let mut dx = pass.dx;
        for c in 0..each {
            let (mut sum, mut along) = (OrderedSum::new(), OrderedSum::new());
            for i in sizes.of_feature(c) {
                let dy = pass.dy[i].to_f64();
                sum.push(dy);
                along.push(dy * u[i].to_f64());
            }
            let [m, variance, s] = [kept[3 * c], kept[3 * c + 1], kept[3 * c + 2]];
            // dw += Σ dy·u, db += Σ dy, and the batch's own mean and variance for the averages
            pass.dparameters[c] += R::from_f64(along.total());
            pass.dparameters[each + c] += R::from_f64(sum.total());
            pass.dparameters[2 * each + c] += m;
            pass.dparameters[3 * each + c] += variance;
            let Some(dx) = &mut dx else { continue };
            // dx = w·s·(dy - Σ dy/N - u·Σ(dy·u)/N)
            let count = sizes.count();
            let (mean, along) = (R::from_f64(sum.total() / count), R::from_f64(along.total() / count));
            let factor = pass.parameters[c] * s;
            for i in sizes.of_feature(c) {
                dx[i] = factor * (pass.dy[i] - mean - u[i] * along);
            }
        }
    }
}

/// weight, bias, running_mean and running_variance.
fn of_parameters<R>(parameters: &[R], each: usize) -> [&[R]; 4] {
    [0, 1, 2, 3].map(|k| &parameters[k * each..(k + 1) * each])
}

/// Mean and variance of some values, in f64 (NUMERICS rule 5).
struct Moments {
    mean: f64,
    variance: f64,
    count: f64,
}

impl Moments {
    fn of(values: impl Iterator<Item = f64> + Clone, count: f64) -> Self {
        let mut sum = OrderedSum::new();
        values.clone().for_each(|value| sum.push(value));
        let mean = sum.total() / count;
        let mut squares = OrderedSum::new();
        values.for_each(|value| squares.push((value - mean) * (value - mean)));
        Moments { mean, variance: squares.total() / count, count }
    }

    /// v·N/(N - 1)
    fn unbiased(&self) -> f64 {
        self.variance * self.count / (self.count - 1.0).max(1.0)
    }
}
