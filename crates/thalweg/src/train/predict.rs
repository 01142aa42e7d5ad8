//! What a network says about rows, and how right it is, without a trainer.

use super::evaluate::Evaluator;
use super::report::{Part, PartReport};
use super::wanted::Wanted;
use crate::data::{Dataset, DatasetTargets};
use crate::error::Result;
use crate::losses::Loss;
use crate::network::{Network, NetworkProblem};
use crate::real::Real;
use crate::team::default_threads;

impl<R: Real> Network<R> {
    /// What the network says about these rows: probabilities where `loss` takes logits, rates where it takes their logarithms,
    /// scores with a hinge loss, else numbers in the target's own units.
    ///
    /// # Shapes
    /// The result is `[rows, outputs]`, row-major.
    ///
    /// For rows that come one by one or must be answered quickly, see [`predictor`](Network::predictor).
    ///
    /// # Errors
    /// [`NetworkProblem::InputShape`] when the rows do not fit the network.
    ///
    /// # Example
    /// ```
    /// use thalweg::data::{Dataset, DatasetTargets, Features};
    /// use thalweg::{Loss, Network, Shape};
    /// let mut line = Network::<f64>::builder(1).dense(1).build(0)?;
    /// line.set_parameter("0.weight", &[2.0])?;
    /// let data = Dataset::new(Features::F64(vec![1.0, 3.0]), Shape::from(1), DatasetTargets::None)?;
    /// assert_eq!(line.predict(&Loss::MeanSquaredError, &data)?, [2.0, 6.0]);
    /// # Ok::<(), thalweg::Error>(())
    /// ```
    pub fn predict(&self, loss: &Loss, data: &Dataset) -> Result<Vec<f64>> {
        Ok(Evaluator::new(self, loss, data, default_threads())?.predict(data))
    }

    /// The loss and all metrics of these rows; `part` is what they are called in the report. No penalty is added.
    ///
    /// # Errors
    /// As [`Network::predict`], and when the outputs do not fit the targets or there are none.
    pub fn evaluate(&self, loss: &Loss, data: &Dataset, part: Part) -> Result<PartReport> {
        if let DatasetTargets::None = data.targets() {
            return Err(NetworkProblem::NoTargets.into());
        }
        let mut evaluator = Evaluator::new(self, loss, data, default_threads())?;
        Ok(evaluator.evaluate(data, part, 0.0, Wanted::All, &[]))
    }
}
