//! Predicting and evaluating: forward passes without an update, in chunks of rows.

use std::sync::Arc;

use super::report::{Part, PartReport};
use crate::custom::CustomMetric;
use crate::data::{Dataset, DatasetTargets};
use crate::error::Result;
use crate::kernels::{OrderedSum, elementwise};
use crate::losses::{Loss, Target};
use crate::metrics::{Metrics, Task};
use crate::network::Network;
use crate::plan::{Plan, Rows, Rules};
use crate::real::Real;

/// Rows worked at once: enough to use the kernels well, few enough to stay in cache.
const CHUNK: usize = 256;

/// Runs a network forward over data that looks like what it was made for.
#[derive(Clone, Debug)]
pub(crate) struct Evaluator<R: Real> {
    plan: Plan<R>,
    loss: Loss,
    rows: Vec<u32>,
    activated: Vec<R>,
    outputs: usize,
}

impl<R: Real> Evaluator<R> {
    /// An evaluator for data with targets like `data`'s.
    pub(crate) fn new(network: &Network<R>, loss: &Loss, data: &Dataset) -> Result<Self> {
        let plan =
            Plan::new(network, Rules::forward_only(loss.clone()), data, CHUNK.min(data.rows().max(1)))?;
        Ok(Evaluator {
            rows: Vec::with_capacity(plan.largest_batch()),
            plan,
            loss: loss.clone(),
            activated: Vec::new(),
            outputs: network.output_shape().len(),
        })
    }

    /// Takes these parameters.
    pub(crate) fn set_parameters(&mut self, parameters: &[R]) {
        self.plan.parameters_mut().copy_from_slice(parameters);
    }

    /// The loss (with and without penalties) and the metrics over all rows.
    pub(crate) fn evaluate(
        &mut self,
        data: &Dataset,
        part: Part,
        penalty: f64,
        custom: &[Arc<dyn CustomMetric>],
    ) -> PartReport {
        let mut sum = OrderedSum::new();
        let mut metrics = metrics_for(&self.loss, data, self.outputs);
        for start in (0..data.rows()).step_by(self.plan.largest_batch()) {
            self.take_rows(start, data);
            let rows = Rows { data, rows: &self.rows, epoch: 0 };
            self.plan.gather(rows);
            self.plan.forward(rows, false);
            self.plan.add_losses(data, self.rows.len(), &mut sum);
            let (predictions, targets) = self.plan.in_own_units(data, self.rows.len());
            metrics.add(predictions, targets);
        }
        let data_loss = self.loss.join::<R>(sum.total(), data.rows());
        PartReport {
            part,
            loss: data_loss + penalty,
            data_loss,
            metrics: metrics.values(),
            custom: self.custom_metrics(data, custom),
        }
    }

    fn custom_metrics(&mut self, data: &Dataset, custom: &[Arc<dyn CustomMetric>]) -> Vec<(String, f64)> {
        if custom.is_empty() {
            return Vec::new();
        }
        let predictions = self.predict(data);
        let outputs = predictions.len() / data.rows();
        let targets: Vec<Target<'_, f64>> = match data.targets() {
            DatasetTargets::Classes { ids, .. } => ids.iter().map(|&id| Target::Class(id as usize)).collect(),
            DatasetTargets::Values { values, .. } => {
                values.chunks_exact(outputs).map(Target::Values).collect()
            }
            DatasetTargets::None => return Vec::new(),
        };
        let value = |metric: &Arc<dyn CustomMetric>| metric.value(&predictions, outputs, &targets);
        custom.iter().map(|metric| (metric.name().to_owned(), value(metric))).collect()
    }

    /// Probabilities, or numbers in the target's own units, of all rows: `[rows, outputs]`.
    pub(crate) fn predict(&mut self, data: &Dataset) -> Vec<f64> {
        let mut predictions = Vec::new();
        for start in (0..data.rows()).step_by(self.plan.largest_batch()) {
            self.take_rows(start, data);
            let rows = Rows { data, rows: &self.rows, epoch: 0 };
            self.plan.gather(rows);
            self.plan.forward(rows, false);
            let outputs = self.plan.outputs(self.rows.len());
            let width = outputs.len() / self.rows.len();
            self.activated.resize(outputs.len(), R::ZERO);
            match self.loss.prediction_activation() {
                Some(activation) => elementwise::activate(&activation, width, outputs, &mut self.activated),
                None => self.activated.copy_from_slice(outputs),
            }
            let scale = data.target_scale();
            for row in self.activated.chunks_exact(width) {
                let own = row.iter().enumerate().map(|(j, value)| scale.to_own_units(j, value.to_f64()));
                predictions.extend(own);
            }
        }
        predictions
    }

    /// The first layer whose output is not finite on the rows that were worked last.
    pub(crate) fn first_not_finite(&self) -> Option<(usize, &'static str)> {
        self.plan.first_not_finite(self.rows.len()).filter(|(_, what)| *what == "output")
    }

    fn take_rows(&mut self, start: usize, data: &Dataset) {
        let end = data.rows().min(start + self.plan.largest_batch());
        self.rows.clear();
        self.rows.extend(start as u32..end as u32);
    }
}

/// Nothing seen yet, with the metrics that go with these targets.
pub(crate) fn metrics_for(loss: &Loss, data: &Dataset, outputs: usize) -> Metrics {
    let task = match data.targets() {
        DatasetTargets::Classes { .. } => Task::Classes { from_logits: loss.from_logits() },
        DatasetTargets::Values { .. } | DatasetTargets::None => Task::Values,
    };
    Metrics::new(task, outputs)
}
