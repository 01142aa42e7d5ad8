//! Predicting and evaluating: forward passes without an update, in chunks of rows.

use std::sync::Arc;

use super::report::{Part, PartReport};
use super::wanted::{Subject, Wanted, undefined_on};
use crate::custom::CustomMetric;
use crate::data::{Dataset, DatasetTargets};
use crate::error::Result;
use crate::kernels::OrderedSum;
use crate::losses::{Loss, Target, Weights};
use crate::metrics::{ClassScores, ClassValues, Metric, Metrics, Task, Undefined};
use crate::network::Network;
use crate::plan::{ForwardPlan, OwnUnits, PlainForward, Rows, fit};
use crate::real::Real;

/// Rows worked at once: enough to use the kernels well, few enough to stay in cache.
pub(super) const CHUNK: usize = 256;

/// Runs a network forward over data that looks like what it was made for.
#[derive(Debug)]
pub(crate) struct Evaluator<R: Real> {
    plan: Box<dyn ForwardPlan<R>>,
    loss: Loss,
    /// How many rows the plan works at once.
    chunk: usize,
    /// The rows that are worked.
    rows: Vec<u32>,
    /// Their features, scaled.
    x: Vec<R>,
    own_units: OwnUnits<R>,
    activated: Vec<R>,
    outputs: usize,
    /// Which metrics make sense.
    subject: Subject,
}

impl<R: Real> Evaluator<R> {
    /// An evaluator for data with features and targets like `data`'s, on at most `threads` threads.
    pub(crate) fn new(network: &Network<R>, loss: &Loss, data: &Dataset, threads: usize) -> Result<Self> {
        fit::check(network, loss, data)?;
        let chunk = CHUNK.min(data.rows().max(1));
        let outputs = network.output_shape().len();
        Ok(Evaluator {
            plan: R::forward_plan(network, chunk, threads)?,
            loss: loss.clone(),
            chunk,
            rows: Vec::with_capacity(chunk),
            x: vec![R::ZERO; chunk * network.input_shape().len()],
            own_units: OwnUnits::new(loss, data, outputs, chunk),
            activated: vec![R::ZERO; chunk * outputs],
            outputs,
            subject: Subject::new(network.layers(), loss, data),
        })
    }

    /// Takes these parameters.
    pub(crate) fn set_parameters(&mut self, parameters: &[R]) {
        self.plan.set_parameters(parameters);
    }

    /// The loss (with and without penalties) and the metrics over all rows: those that are always there, and those wanted.
    pub(crate) fn evaluate(
        &mut self,
        data: &Dataset,
        part: Part,
        penalty: f64,
        wanted: Wanted<'_>,
        custom: &[Arc<dyn CustomMetric>],
    ) -> PartReport {
        let mut wanted_metrics = match wanted {
            Wanted::Only(metrics) => metrics.to_vec(),
            Wanted::All => self.subject.all(),
        };
        wanted_metrics.retain(|metric| !metric.is_always_there());
        let (metrics, undefined) = self.defined(wanted_metrics, data);
        let mut collected = metrics_for(&self.loss, data, self.outputs).with(&metrics);
        let mut scores = ClassScores::new(self.outputs, &metrics);
        let data_loss = self.pass(data, &mut collected, scores.as_mut());
        let scored = scores.map(|scores| scores.values()).unwrap_or_default();

        let mut values = collected.values();
        values.undefined = undefined;
        for metric in metrics {
            match collected.added_up(metric).or_else(|| scored.get(metric)) {
                Some(value) if value.is_finite() => values.more.push((metric, value)),
                _ => values.undefined.push((metric, Undefined::NotFinite)),
            }
        }
        if let (Wanted::All, Some(counts)) = (wanted, collected.by_class()) {
            values.classes = ClassValues::all(counts, data.label_names());
        }
        PartReport {
            part,
            loss: data_loss + penalty,
            data_loss,
            metrics: values,
            custom: self.custom_metrics(data, custom),
        }
    }

    /// Parts metrics into those that have a value on these rows and those that have none.
    fn defined(&self, metrics: Vec<Metric>, data: &Dataset) -> (Vec<Metric>, Vec<(Metric, Undefined)>) {
        let (mut defined, mut undefined) = (Vec::new(), Vec::new());
        for metric in metrics {
            match self.subject.refuses(metric).or_else(|| undefined_on(metric, data)) {
                None => defined.push(metric),
                Some(why) => undefined.push((metric, why)),
            }
        }
        (defined, undefined)
    }

    /// The loss without penalties over all rows, which are added to the metrics.
    pub(crate) fn data_loss(&mut self, data: &Dataset, metrics: &mut Metrics) -> f64 {
        self.pass(data, metrics, None)
    }

    /// One pass over all rows, which are added to the metrics, and as predictions to the scores; their loss without penalties.
    fn pass(&mut self, data: &Dataset, metrics: &mut Metrics, mut scores: Option<&mut ClassScores>) -> f64 {
        let mut sum = OrderedSum::new();
        let mut row = Vec::with_capacity(self.outputs);
        for start in (0..data.rows()).step_by(self.chunk) {
            self.forward_from(start, data);
            let count = self.rows.len();
            self.own_units.gather(Rows { data, rows: &self.rows, epoch: 0 });
            self.own_units.note(data, self.plan.outputs(count));
            let (predictions, targets) = self.own_units.pair(self.plan.outputs(count));
            let weights = self.own_units.weights(count);
            self.loss.add_values(self.outputs, predictions, targets, weights, &mut sum);
            let (said, targets) = self.own_units.said(self.plan.outputs(count));
            metrics.add(said, targets);
            if let (Some(scores), DatasetTargets::Classes { ids, .. }) = (&mut scores, data.targets()) {
                let outputs = self.outputs;
                for (values, &id) in self.activate().chunks_exact(outputs).zip(&ids[start..]) {
                    row.clear();
                    row.extend(values.iter().map(|value| value.to_f64()));
                    scores.add(&row, id);
                }
            }
        }
        self.loss.join::<R>(sum.total(), weights_of(data).total())
    }

    fn custom_metrics(&mut self, data: &Dataset, custom: &[Arc<dyn CustomMetric>]) -> Vec<(String, f64)> {
        if custom.is_empty() {
            return Vec::new();
        }
        let rows: Vec<u32> = (0..data.rows() as u32).collect();
        own_metrics(custom, data, &rows, &self.predict(data))
    }

    /// Probabilities, scores, or numbers in the target's own units, of all rows: `[rows, outputs]`.
    pub(crate) fn predict(&mut self, data: &Dataset) -> Vec<f64> {
        let mut predictions = Vec::with_capacity(data.rows() * self.outputs);
        for start in (0..data.rows()).step_by(self.chunk) {
            self.forward_from(start, data);
            let (outputs, scale) = (self.outputs, data.target_scale());
            for row in self.activate().chunks_exact(outputs) {
                let own = row.iter().enumerate().map(|(j, value)| scale.to_own_units(j, value.to_f64()));
                predictions.extend(own);
            }
        }
        predictions
    }

    /// What the network says of the rows that were worked last: probabilities or rates where the loss makes such.
    fn activate(&mut self) -> &[R] {
        let outputs = self.plan.outputs(self.rows.len());
        let activated = &mut self.activated[..outputs.len()];
        self.loss.predictions(self.outputs, outputs, activated);
        activated
    }

    /// The first layer whose output is not finite on the rows of `data` that were worked last, with the network's
    /// parameters.
    pub(crate) fn first_not_finite(&self, network: &Network<R>) -> Option<(usize, &'static str)> {
        let count = self.rows.len();
        let x = &self.x[..count * network.input_shape().len()];
        PlainForward::new(network, count).first_not_finite(count, x).map(|layer| (layer, "output"))
    }

    /// Computes the outputs of the chunk that begins at a row.
    fn forward_from(&mut self, start: usize, data: &Dataset) {
        let end = data.rows().min(start + self.chunk);
        self.rows.clear();
        self.rows.extend(start as u32..end as u32);
        let x = &mut self.x[..self.rows.len() * data.columns()];
        data.gather(&self.rows, x);
        self.plan.forward(self.rows.len(), x);
    }
}

/// An evaluator that is made when it is first needed: a short run may never be.
#[derive(Debug)]
pub(crate) struct LateEvaluator<R: Real> {
    made: Option<Evaluator<R>>,
    threads: usize,
}

impl<R: Real> LateEvaluator<R> {
    /// One on at most so many threads.
    pub(crate) fn new(threads: usize) -> Self {
        LateEvaluator { made: None, threads }
    }

    /// The evaluator of this run's network, loss and training part.
    ///
    /// # Errors
    /// As [`Evaluator::new`].
    pub(crate) fn get(
        &mut self,
        network: &Network<R>,
        loss: &Loss,
        train: &Dataset,
    ) -> Result<&mut Evaluator<R>> {
        match &mut self.made {
            Some(evaluator) => Ok(evaluator),
            made @ None => Ok(made.insert(Evaluator::new(network, loss, train, self.threads)?)),
        }
    }

    /// [`Evaluator::first_not_finite`] of the one that was made.
    pub(crate) fn first_not_finite(&self, network: &Network<R>) -> Option<(usize, &'static str)> {
        self.made.as_ref()?.first_not_finite(network)
    }
}

/// Metrics of a user's own on some rows of a data set, of which these predictions are.
pub(super) fn own_metrics(
    custom: &[Arc<dyn CustomMetric>],
    data: &Dataset,
    rows: &[u32],
    predictions: &[f64],
) -> Vec<(String, f64)> {
    let outputs = predictions.len() / rows.len();
    let target = |&row: &u32| match data.targets() {
        DatasetTargets::Classes { ids, .. } => Some(Target::Class(ids[row as usize] as usize)),
        DatasetTargets::Values { values, .. } => {
            Some(Target::Values(&values[row as usize * outputs..][..outputs]))
        }
        DatasetTargets::None => None,
    };
    let Some(targets) = rows.iter().map(target).collect::<Option<Vec<_>>>() else { return Vec::new() };
    let value = |metric: &Arc<dyn CustomMetric>| metric.value(predictions, outputs, &targets);
    custom.iter().map(|metric| (metric.name().to_owned(), value(metric))).collect()
}

/// Probabilities, scores, or numbers in the target's own units, of a network's outputs `[rows, width]`.
pub(super) fn predictions<R: Real>(loss: &Loss, width: usize, outputs: &[R], data: &Dataset) -> Vec<f64> {
    let mut activated = vec![R::ZERO; outputs.len()];
    loss.predictions(width, outputs, &mut activated);
    let scale = data.target_scale();
    let own = |(i, value): (usize, &R)| scale.to_own_units(i % width, value.to_f64());
    activated.iter().enumerate().map(own).collect()
}

/// What the rows of a data set weigh.
pub(super) fn weights_of(data: &Dataset) -> Weights<'_> {
    data.weights().map_or(Weights::Equal(data.rows()), Weights::Each)
}

/// Nothing seen yet, with the metrics that go with these targets.
pub(crate) fn metrics_for(loss: &Loss, data: &Dataset, outputs: usize) -> Metrics {
    let task = match data.targets() {
        DatasetTargets::Classes { .. } => Task::Classes { from_logits: loss.decides_at_zero() },
        DatasetTargets::Values { .. } | DatasetTargets::None => Task::Values,
    };
    Metrics::new(task, outputs)
}
