//! Dropout: in training, values are left out at random.

use super::{Backward, Forward, Layer, LayerProblem, Mode};
use crate::random::{Purpose, Stream};
use crate::real::Real;

/// In training, each value is dropped with a chance and the rest are scaled up, so that the expected sum stays; in
/// inference nothing happens ("inverted" dropout).
///
/// ```text
/// mask = 0 with chance dropout, else 1 / (1 - dropout)
/// forward   y  = mask·x
/// backward  dx = mask·dy
/// ```
///
/// The mask of a row depends on the seed, the layer, the epoch and the row's number in the data, not on where the row
/// lies in a batch.
///
/// # Memory
/// The mask: as many values per row as the input has.
///
/// # Source
/// Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, "Dropout" (2014), section 4; the scaling at training time
/// instead of at test time is its section 10.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    /// The chance that a value is dropped, 0 or more and less than 1.
    pub dropout: f64,
}

impl From<Dropout> for Layer {
    fn from(dropout: Dropout) -> Self {
        Layer::Dropout(dropout)
    }
}

impl Dropout {
    pub(super) fn check(&self) -> Result<(), LayerProblem> {
        if (0.0..1.0).contains(&self.dropout) {
            Ok(())
        } else {
            Err(LayerProblem::DropoutOutOfRange { dropout: self.dropout })
        }
    }

    /// y = mask·x
    pub(super) fn forward<R: Real>(&self, pass: Forward<'_, R>) {
        let Mode::Training { seed, layer, epoch, row_numbers } = pass.mode else {
            pass.y.copy_from_slice(pass.x);
            return;
        };
        let width = pass.input.len();
        let stream = Stream::new(seed, Purpose::Dropout, layer, epoch);
        let kept = R::from_f64(1.0 / (1.0 - self.dropout));
        let chance = R::from_f64(self.dropout);
        for (n, &row_number) in row_numbers.iter().enumerate() {
            let first = u64::from(row_number) * width as u64;
            stream.fill_uniform(first, &mut pass.cache[n * width..(n + 1) * width]);
            for i in 0..width {
                let at = n * width + i;
                let mask = if pass.cache[at] < chance { R::ZERO } else { kept };
                pass.cache[at] = mask;
                pass.y[at] = mask * pass.x[at];
            }
        }
    }

    /// dx = mask·dy
    pub(super) fn backward<R: Real>(&self, pass: Backward<'_, R>) {
        let Some(dx) = pass.dx else { return };
        match pass.mode {
            Mode::Inference => dx.copy_from_slice(pass.dy),
            Mode::Training { .. } => {
                for i in 0..dx.len() {
                    dx[i] = pass.cache[i] * pass.dy[i];
                }
            }
        }
    }
}
