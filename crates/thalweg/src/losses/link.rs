//! From a network's outputs to what it says to a user: probabilities, rates, scores or numbers.

use super::Loss;
use crate::activations::Activation;
use crate::kernels::elementwise;
use crate::real::Real;

impl Loss {
    /// Whether the network's outputs are logits: unnormalised scores, which the loss itself turns into probabilities.
    pub const fn from_logits(&self) -> bool {
        self.is_from_sigmoid() || self.is_from_softmax()
    }

    /// Whether each output is the logit of a yes or no.
    pub(crate) const fn is_from_sigmoid(&self) -> bool {
        matches!(
            self,
            Loss::BinaryCrossEntropy | Loss::SmoothedBinaryCrossEntropy { .. } | Loss::Focal { .. }
        )
    }

    /// Whether the outputs together are the logits of one class out of several.
    pub(crate) const fn is_from_softmax(&self) -> bool {
        matches!(self, Loss::SoftmaxCrossEntropy | Loss::SmoothedSoftmaxCrossEntropy { .. })
    }

    /// Whether the outputs are logarithms of rates.
    pub const fn from_log_rates(&self) -> bool {
        matches!(self, Loss::Poisson)
    }

    /// Whether the outputs are scores: their sign or order says which class, and their size is no probability.
    pub const fn gives_scores(&self) -> bool {
        matches!(self, Loss::Hinge | Loss::SquaredHinge)
    }

    /// Whether one output alone, as it is, means class 1 above 0; with all other losses it does above 0.5.
    pub const fn decides_at_zero(&self) -> bool {
        self.from_logits() || self.gives_scores()
    }

    /// What turns the network's outputs into probabilities, where the loss takes logits.
    pub const fn prediction_activation(&self) -> Option<Activation> {
        if self.is_from_sigmoid() {
            Some(Activation::Sigmoid)
        } else if self.is_from_softmax() {
            Some(Activation::Softmax)
        } else {
            None
        }
    }

    /// What a user asked to predict: probabilities from logits, rates from their logarithms, and else the outputs as they are.
    ///
    /// # Shapes
    /// `outputs`, `predictions`: `[rows, width]`, row-major; `predictions` is overwritten.
    ///
    /// # Panics
    /// If the lengths differ or are not a multiple of `width`.
    ///
    /// # Example
    /// ```
    /// use thalweg::Loss;
    /// let mut rates = [0.0; 2];
    /// Loss::Poisson.predictions(1, &[0.0, -f64::INFINITY], &mut rates);
    /// assert_eq!(rates, [1.0, 0.0]);
    /// ```
    pub fn predictions<R: Real>(&self, width: usize, outputs: &[R], predictions: &mut [R]) {
        match self.prediction_activation() {
            Some(activation) => elementwise::activate(&activation, width, outputs, predictions),
            None if self.from_log_rates() => elementwise::exponentials(outputs, predictions),
            None => predictions.copy_from_slice(outputs),
        }
    }
}
