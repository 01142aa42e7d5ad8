//! Dropout by channel: in training, whole channels are left out at random.

use super::{Backward, Forward, Layer, LayerProblem, Mode};
use crate::random::{Purpose, Stream};
use crate::real::Real;
use crate::shape::Shape;

/// In training, each channel of an example is dropped whole with a chance and the rest are scaled up; in inference nothing
/// happens. Neighbouring pixels say much the same, so that dropping single ones leaves little out.
///
/// ```text
/// mask[c] = 0 with chance dropout, else 1 / (1 - dropout)
/// forward   y[c,:]  = mask[c]·x[c,:]
/// backward  dx[c,:] = mask[c]·dy[c,:]
/// ```
///
/// The mask of a row depends on the seed, the layer, the epoch and the row's number in the data, not on where the row lies
/// in a batch.
///
/// # Shapes
/// `x`, `y` `[batch, channels, ...]`; of a row of values each is a channel.
///
/// # Memory
/// The mask: a value per channel.
///
/// # Source
/// Tompson, Goroshin, Jain, LeCun, Bregler, "Efficient object localization using convolutional networks" (2015), section 3.2.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChannelDropout {
    /// The chance that a channel is dropped, 0 or more and less than 1.
    pub dropout: f64,
}

impl From<ChannelDropout> for Layer {
    fn from(dropout: ChannelDropout) -> Self {
        Layer::ChannelDropout(dropout)
    }
}

impl ChannelDropout {
    pub(super) fn check(&self) -> Result<(), LayerProblem> {
        if (0.0..1.0).contains(&self.dropout) {
            Ok(())
        } else {
            Err(LayerProblem::DropoutOutOfRange { dropout: self.dropout })
        }
    }

    pub(super) fn cache_len(&self, input: &Shape) -> usize {
        input.axes().first().copied().unwrap_or(1)
    }

    /// y[c,:] = mask[c]·x[c,:]
    pub(super) fn forward<R: Real>(&self, pass: Forward<'_, R>) {
        let Mode::Training { seed, layer, epoch, row_numbers } = pass.mode else {
            pass.y.copy_from_slice(pass.x);
            return;
        };
        let channels = self.cache_len(pass.input);
        let stream = Stream::new(seed, Purpose::Dropout, layer, epoch);
        let (kept, chance) = (R::from_f64(1.0 / (1.0 - self.dropout)), R::from_f64(self.dropout));
        for (&row_number, mask) in row_numbers.iter().zip(pass.cache.chunks_exact_mut(channels)) {
            stream.fill_uniform(u64::from(row_number) * channels as u64, mask);
            for mask in mask {
                *mask = if *mask < chance { R::ZERO } else { kept };
            }
        }
        multiply(pass.input.len() / channels, pass.cache, pass.x, pass.y);
    }

    /// dx[c,:] = mask[c]·dy[c,:]
    pub(super) fn backward<R: Real>(&self, pass: Backward<'_, R>) {
        let Some(dx) = pass.dx else { return };
        match pass.mode {
            Mode::Inference => dx.copy_from_slice(pass.dy),
            Mode::Training { .. } => {
                let channels = self.cache_len(pass.input);
                multiply(pass.input.len() / channels, pass.cache, pass.dy, dx);
            }
        }
    }
}

/// Every channel of every row by its factor.
fn multiply<R: Real>(positions: usize, factors: &[R], x: &[R], y: &mut [R]) {
    let channels = x.chunks_exact(positions).zip(y.chunks_exact_mut(positions));
    for ((x, y), &factor) in channels.zip(factors) {
        for (x, y) in x.iter().zip(y) {
            *y = factor * *x;
        }
    }
}
