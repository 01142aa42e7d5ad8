//! Gaussian noise: in training, every value is disturbed a little.

use super::{Backward, Forward, Layer, LayerProblem, Mode};
use crate::random::{Purpose, Stream};
use crate::real::Real;

/// In training, a normal number is added to each value; in inference nothing happens.
///
/// ```text
/// forward   y  = x + noise·ε      ε normal with mean 0 and standard deviation 1
/// backward  dx = dy
/// ```
///
/// The noise of a row depends on the seed, the layer, the epoch and the row's number in the data, not on where the row
/// lies in a batch.
///
/// # Source
/// Bishop, "Training with noise is equivalent to Tikhonov regularization" (1995).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Noise {
    /// The standard deviation of what is added, in the units of the values; 0 or more.
    pub noise: f64,
}

impl From<Noise> for Layer {
    fn from(noise: Noise) -> Self {
        Layer::Noise(noise)
    }
}

/// Normal numbers drawn at once.
const TOGETHER: usize = 64;

impl Noise {
    pub(super) fn check(&self) -> Result<(), LayerProblem> {
        if self.noise.is_finite() && self.noise >= 0.0 {
            Ok(())
        } else {
            Err(LayerProblem::NoiseOutOfRange { noise: self.noise })
        }
    }

    /// y = x + noise·ε
    pub(super) fn forward<R: Real>(&self, pass: Forward<'_, R>) {
        pass.y.copy_from_slice(pass.x);
        let Mode::Training { seed, layer, epoch, row_numbers } = pass.mode else { return };
        let width = pass.input.len();
        for (&row_number, y) in row_numbers.iter().zip(pass.y.chunks_exact_mut(width)) {
            let first = u64::from(row_number) * width as u64;
            self.disturb(Stream::new(seed, Purpose::Noise, layer, epoch), first, y);
        }
    }

    /// Adds the noise of values `first` and following of a layer's stream: number `row·width + column`.
    pub(crate) fn disturb<R: Real>(&self, stream: Stream, first: u64, values: &mut [R]) {
        let noise = R::from_f64(self.noise);
        let mut normals = [R::ZERO; TOGETHER];
        for (first, values) in (first..).step_by(TOGETHER).zip(values.chunks_mut(TOGETHER)) {
            let normals = &mut normals[..values.len()];
            stream.fill_normal(first, normals);
            for (value, &normal) in values.iter_mut().zip(&*normals) {
                *value = noise.mul_add(normal, *value);
            }
        }
    }

    /// dx = dy
    pub(super) fn backward<R: Real>(&self, pass: Backward<'_, R>) {
        if let Some(dx) = pass.dx {
            dx.copy_from_slice(pass.dy);
        }
    }
}
