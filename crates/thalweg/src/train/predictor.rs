//! Predicting again and again: everything laid out once, for programs that have rows in memory and little time.

use super::evaluate::CHUNK;
use crate::error::Result;
use crate::losses::Loss;
use crate::network::{Network, NetworkProblem, id_columns};
use crate::plan::{ForwardPlan, fit};
use crate::real::Real;

/// A network ready to predict from rows in memory, one or many at a time. A call allocates nothing and sets nothing up.
///
/// It has the parameters that the network had when it was made. A row's prediction is the same bits whatever rows come with
/// it, and those of [`Network::predict`].
///
/// # Example
/// ```
/// use thalweg::{Loss, Network};
/// let mut network = Network::<f32>::builder(2).dense(1).build(0)?;
/// network.set_parameter("0.weight", &[2.0, -1.0])?;
/// network.set_parameter("0.bias", &[0.5])?;
/// let mut predictor = network.predictor(&Loss::MeanSquaredError)?;
///
/// let mut predictions = [0.0; 2];
/// predictor.predict(&[1.0, 1.0, 3.0, 2.0], &mut predictions)?;
/// assert_eq!(predictions, [1.5, 4.5]); // 2·1 - 1 + 0.5 and 2·3 - 2 + 0.5
/// # Ok::<(), thalweg::Error>(())
/// ```
#[derive(Debug)]
pub struct Predictor<R: Real> {
    network: Network<R>,
    plan: Box<dyn ForwardPlan<R>>,
    /// What makes probabilities or rates of outputs.
    loss: Loss,
    inputs: usize,
    outputs: usize,
    /// The columns that must hold ids, and how many categories each has.
    ids: Vec<(usize, usize)>,
}

impl<R: Real> Network<R> {
    /// This network, laid out for predicting again and again on one thread. `loss` says whether its outputs are logits, or
    /// logarithms of rates.
    ///
    /// # Errors
    /// None so far; a plan that needs something of the system may fail to get it.
    pub fn predictor(&self, loss: &Loss) -> Result<Predictor<R>> {
        Ok(Predictor {
            plan: R::forward_plan(self, CHUNK, 1)?,
            loss: loss.clone(),
            inputs: self.input_shape().len(),
            outputs: self.output_shape().len(),
            ids: id_columns(self.layers()),
            network: self.clone(),
        })
    }
}

impl<R: Real> Predictor<R> {
    /// Works on at most so many threads, where there are enough rows to share. The predictions are the same bits.
    ///
    /// # Errors
    /// [`Error::Threads`](crate::Error::Threads).
    pub fn threads(mut self, threads: usize) -> Result<Self> {
        self.plan = R::forward_plan(&self.network, CHUNK, threads.max(1))?;
        Ok(self)
    }

    /// Predicts from any number of rows: probabilities or rates where the loss makes such, else the network's outputs.
    ///
    /// # Shapes
    /// `x`: `[rows, inputs]`, `predictions`: `[rows, outputs]`, both row-major.
    ///
    /// # Units and ranges
    /// Both are in the units that the network was trained in: scaled, where the data was scaled. Nothing is scaled here.
    ///
    /// # Errors
    /// [`NetworkProblem::InputLength`] and [`NetworkProblem::PredictionsLength`]; [`NetworkProblem::NotACategory`] for an id that is none.
    pub fn predict(&mut self, x: &[R], predictions: &mut [R]) -> Result<()> {
        if !x.len().is_multiple_of(self.inputs) {
            return Err(NetworkProblem::InputLength { inputs: self.inputs, given: x.len() }.into());
        }
        let rows = x.len() / self.inputs;
        if predictions.len() != rows * self.outputs {
            let (expected, given) = (rows * self.outputs, predictions.len());
            return Err(NetworkProblem::PredictionsLength { rows, expected, given }.into());
        }
        fit::check_ids(&self.ids, self.inputs, x)?;
        let chunks = x.chunks(CHUNK * self.inputs).zip(predictions.chunks_mut(CHUNK * self.outputs));
        for (x, predictions) in chunks {
            let rows = x.len() / self.inputs;
            self.plan.forward(rows, x);
            let outputs = self.plan.outputs(rows);
            self.loss.predictions(self.outputs, outputs, predictions);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Dataset, DatasetTargets, Features};
    use crate::shape::Shape;

    fn rows_one_by_one_and_all_at_once<R: Real>(loss: &Loss, outputs: usize) {
        let builder = Network::<R>::builder([2, 3]).flatten().dense(5).tanh().dropout(0.5);
        let network = builder.dense(outputs).build(3).unwrap();
        let count = 2 * CHUNK + 7;
        let values: Vec<f64> =
            (0..count * 6).map(|i| f64::from((i * 37 % 101) as u32) / 40.0 - 1.0).collect();
        let x: Vec<R> = values.iter().map(|&value| R::from_f64(value)).collect();
        let data = Dataset::new(Features::F64(values), Shape::from([2, 3]), DatasetTargets::None).unwrap();
        let expected = network.predict(loss, &data).unwrap();
        let to_f64 = |values: &[R]| values.iter().map(|value| value.to_f64()).collect::<Vec<_>>();

        let mut predictor = network.predictor(loss).unwrap();
        let mut all = vec![R::ZERO; count * outputs];
        predictor.predict(&x, &mut all).unwrap();
        assert_eq!(to_f64(&all), expected);
        all.fill(R::ZERO);
        let mut predictor = predictor.threads(3).unwrap();
        predictor.predict(&x, &mut all).unwrap();
        assert_eq!(to_f64(&all), expected);
        for batch in [1, 3, 64] {
            all.fill(R::ZERO);
            for (x, predictions) in x.chunks(batch * 6).zip(all.chunks_mut(batch * outputs)) {
                predictor.predict(x, predictions).unwrap();
            }
            assert_eq!(to_f64(&all), expected);
        }
    }

    #[test]
    fn the_batch_and_the_threads_do_not_matter() {
        rows_one_by_one_and_all_at_once::<f32>(&Loss::SoftmaxCrossEntropy, 4);
        rows_one_by_one_and_all_at_once::<f64>(&Loss::BinaryCrossEntropy, 1);
        rows_one_by_one_and_all_at_once::<f32>(&Loss::MeanSquaredError, 2);
        rows_one_by_one_and_all_at_once::<f32>(&Loss::Poisson, 2);
        rows_one_by_one_and_all_at_once::<f64>(&Loss::Hinge, 1);
    }

    #[test]
    fn lengths_that_do_not_fit_are_refused() {
        let network = Network::<f32>::builder(3).dense(2).build(0).unwrap();
        let mut predictor = network.predictor(&Loss::MeanSquaredError).unwrap();
        insta::assert_snapshot!(
            predictor.predict(&[0.0; 4], &mut [0.0; 2]).unwrap_err(),
            @"4 values are no whole rows of the 3 values that the network takes; give a multiple of 3"
        );
        insta::assert_snapshot!(
            predictor.predict(&[0.0; 6], &mut [0.0; 2]).unwrap_err(),
            @"predictions of 2 rows are 4 values, but there is room for 2; make it 4 long"
        );
        predictor.predict(&[], &mut []).unwrap();
    }
}
