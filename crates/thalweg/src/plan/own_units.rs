//! Targets and predictions in the target's own units: what losses and metrics are reported from.

use super::Rows;
use crate::data::{Dataset, DatasetTargets};
use crate::losses::{Loss, Targets, Weights};
use crate::real::Real;

/// The targets of a batch as they stand in the data, and a network's predictions for them in the same units.
#[derive(Clone, Debug)]
pub(crate) struct OwnUnits<R> {
    outputs: usize,
    /// Class numbers, where the targets are classes.
    classes: Vec<u32>,
    /// Targets, where they are values.
    values: Vec<R>,
    /// What the rows that were gathered last weigh; empty where each counts once.
    weights: Vec<f64>,
    /// Predictions; empty where the target is not scaled, since the network's outputs are in its units then.
    predictions: Vec<R>,
    /// The loss and the rates that it makes of outputs; `None` where the network says what goes into the loss.
    rates: Option<(Loss, Vec<R>)>,
}

impl<R: Real> OwnUnits<R> {
    /// For batches of up to `largest_batch` rows of data like `data`, and a network of so many outputs that is trained by `loss`.
    pub(crate) fn new(loss: &Loss, data: &Dataset, outputs: usize, largest_batch: usize) -> Self {
        let (classes, values) = match data.targets() {
            DatasetTargets::Values { .. } => (0, largest_batch * outputs),
            DatasetTargets::Classes { .. } | DatasetTargets::None => (largest_batch, 0),
        };
        let predictions = if data.target_scale().is_none() { 0 } else { largest_batch * outputs };
        OwnUnits {
            outputs,
            classes: vec![0; classes],
            values: vec![R::ZERO; values],
            // The rows of one part may weigh differently and those of another not.
            weights: Vec::with_capacity(largest_batch),
            predictions: vec![R::ZERO; predictions],
            rates: loss.from_log_rates().then(|| (loss.clone(), vec![R::ZERO; largest_batch * outputs])),
        }
    }

    /// Takes the targets of these rows, and their weights.
    pub(crate) fn gather(&mut self, batch: Rows<'_>) {
        let rows = batch.rows.len();
        self.weights.clear();
        if let Some(weights) = batch.data.weights() {
            self.weights.extend(batch.rows.iter().map(|&row| weights[row as usize]));
        }
        match batch.data.targets() {
            DatasetTargets::Classes { .. } => {
                batch.data.gather_classes(batch.rows, &mut self.classes[..rows]);
            }
            DatasetTargets::Values { values, outputs } => {
                for (&row, to) in batch.rows.iter().zip(self.values.chunks_exact_mut(*outputs)) {
                    let start = row as usize * outputs;
                    for (to, &value) in to.iter_mut().zip(&values[start..start + outputs]) {
                        *to = R::from_f64(value);
                    }
                }
            }
            DatasetTargets::None => {}
        }
    }

    /// Takes the outputs of a network, `[rows, outputs]`, in the units that it is trained in.
    pub(crate) fn note(&mut self, data: &Dataset, trained: &[R]) {
        if let Some((loss, rates)) = &mut self.rates {
            loss.predictions(self.outputs, trained, &mut rates[..trained.len()]);
        }
        if self.predictions.is_empty() {
            return;
        }
        let scale = data.target_scale();
        let rows = self.predictions.chunks_exact_mut(self.outputs).zip(trained.chunks_exact(self.outputs));
        for (own, trained) in rows {
            for (j, (own, trained)) in own.iter_mut().zip(trained).enumerate() {
                *own = R::from_f64(scale.to_own_units(j, trained.to_f64()));
            }
        }
    }

    /// The predictions that were noted last and the targets that were gathered last; `trained` are the outputs that
    /// were noted.
    pub(crate) fn pair<'a>(&'a self, trained: &'a [R]) -> (&'a [R], Targets<'a, R>) {
        let predictions =
            if self.predictions.is_empty() { trained } else { &self.predictions[..trained.len()] };
        (predictions, self.targets(trained.len() / self.outputs))
    }

    /// As [`pair`](Self::pair), but what a user is told: what metrics are computed from. They differ where the loss takes
    /// logarithms of rates.
    pub(crate) fn said<'a>(&'a self, trained: &'a [R]) -> (&'a [R], Targets<'a, R>) {
        match &self.rates {
            Some((_, rates)) => (&rates[..trained.len()], self.targets(trained.len() / self.outputs)),
            None => self.pair(trained),
        }
    }

    /// The weights of the first `rows` rows that were gathered.
    pub(crate) fn weights(&self, rows: usize) -> Weights<'_> {
        if self.weights.is_empty() { Weights::Equal(rows) } else { Weights::Each(&self.weights[..rows]) }
    }

    /// The targets of the first `rows` rows that were gathered.
    pub(crate) fn targets(&self, rows: usize) -> Targets<'_, R> {
        if self.values.is_empty() {
            Targets::Classes(&self.classes[..rows])
        } else {
            Targets::Values(&self.values[..rows * self.outputs])
        }
    }
}

/// A bound for the losses of `rows` rows in the units that the network is trained in: if none is larger, their sum is
/// finite in the target's own units too. A plan that sees a larger one is not certain of the loss.
///
/// Own units are z·width + shift, so a loss grows by at most the square of the larger of both, and a sum over rows by the largest
/// weight; the factor 8 is for rounding and for Huber's line.
pub(crate) fn loss_bound<R: Real>(data: &Dataset, rows: usize) -> R {
    let scale = data.target_scale();
    let largest = match data.targets() {
        DatasetTargets::Values { outputs, .. } if !scale.is_none() => (0..*outputs)
            .map(|j| scale.width(j).abs().max(scale.to_own_units(j, 0.0).abs()))
            .fold(1.0, f64::max),
        _ => 1.0,
    };
    let weight = data.largest_weight().max(1.0);
    R::from_f64(R::LARGEST.to_f64() / (8.0 * rows as f64 * weight * largest * largest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Features, Scaling, TargetScale};
    use crate::shape::Shape;

    #[test]
    fn a_scaled_target_is_compared_in_its_own_units() {
        let values = vec![1.0, 3.0, 5.0];
        let scale = TargetScale::fit(Scaling::MinMax, &values, 1, &[0, 1, 2]); // 1 to 5 becomes 0 to 1
        let targets = DatasetTargets::Values { values, outputs: 1 };
        let data = Dataset::new(Features::F64(vec![0.0; 3]), Shape::from(1), targets).unwrap();
        let data = data.with_target_scale(scale);
        let mut own = OwnUnits::<f64>::new(&Loss::MeanSquaredError, &data, 1, 2);
        own.gather(Rows { data: &data, rows: &[2, 0], epoch: 0 });
        own.note(&data, &[0.5, 0.25]);
        assert_eq!(own.pair(&[0.5, 0.25]), (&[3.0, 2.0][..], Targets::Values(&[5.0, 1.0])));
    }

    #[test]
    fn rates_are_told_and_their_logarithms_go_into_the_loss() {
        let targets = DatasetTargets::Values { values: vec![2.0], outputs: 1 };
        let data = Dataset::new(Features::F64(vec![0.0]), Shape::from(1), targets).unwrap();
        let mut own = OwnUnits::<f64>::new(&Loss::Poisson, &data, 1, 1);
        own.gather(Rows { data: &data, rows: &[0], epoch: 0 });
        own.note(&data, &[0.0]);
        assert_eq!(own.pair(&[0.0]).0, [0.0]);
        assert_eq!(own.said(&[0.0]), (&[1.0][..], Targets::Values(&[2.0])));
    }

    #[test]
    fn wide_units_leave_less_room_for_a_loss() {
        let values = vec![0.0, 1e10];
        let scale = TargetScale::fit(Scaling::MinMax, &values, 1, &[0, 1]);
        let targets = DatasetTargets::Values { values, outputs: 1 };
        let data = Dataset::new(Features::F64(vec![0.0; 2]), Shape::from(1), targets).unwrap();
        let plain = loss_bound::<f32>(&data, 2);
        assert!(plain > 1e37 && plain < f32::MAX / 2.0);
        let scaled = loss_bound::<f32>(&data.with_target_scale(scale), 2);
        assert!(scaled > 0.9e-20 * plain && scaled < 1.1e-20 * plain);
    }

    #[test]
    fn classes_have_no_units() {
        let targets = DatasetTargets::Classes { ids: vec![0, 2, 1], count: 3 };
        let data = Dataset::new(Features::F64(vec![0.0; 3]), Shape::from(1), targets).unwrap();
        let mut own = OwnUnits::<f32>::new(&Loss::SoftmaxCrossEntropy, &data, 3, 3);
        own.gather(Rows { data: &data, rows: &[1], epoch: 0 });
        let outputs = [1.0, 2.0, 3.0];
        own.note(&data, &outputs);
        assert_eq!(own.pair(&outputs), (&outputs[..], Targets::Classes(&[2])));
    }
}
