//! What pictures ask of a trained network.

use thalweg::Result;
use thalweg::data::Dataset;

/// A trained network, as far as pictures ask it.
pub(crate) trait Trained {
    /// Probabilities, scores, or numbers in the target's own units: `[rows, outputs]`.
    fn predict(&mut self, data: &Dataset) -> Result<Vec<f64>>;

    /// The loss without penalties over these rows, if the parameters were these. It may be infinite or not a number.
    fn data_loss(&mut self, parameters: &[f64], data: &Dataset) -> Result<f64>;

    /// All parameters, row-major, in layer order.
    fn parameters(&self) -> Vec<f64>;
}
