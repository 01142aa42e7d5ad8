//! Predicting and evaluating: forward passes without an update, in chunks of rows.

use std::sync::Arc;

use super::report::{Part, PartReport};
use crate::custom::CustomMetric;
use crate::data::{Dataset, DatasetTargets};
use crate::error::Result;
use crate::kernels::sums::OrderedSum;
use crate::losses::{Loss, Reduction, Target};
use crate::metrics::Metrics;
use crate::network::Network;
use crate::plan::{Batch, Plan, Rules, fit};
use crate::real::Real;

/// Rows worked at once: enough to use the kernels well, few enough to stay in cache.
const CHUNK: usize = 256;

/// Runs a network forward over data that looks like what it was made for.
#[derive(Clone, Debug)]
pub(crate) struct Evaluator<R: Real> {
    plan: Plan<R>,
    loss: Loss,
    rows: Vec<u32>,
}

impl<R: Real> Evaluator<R> {
    /// An evaluator for data with targets like `data`'s.
    pub(crate) fn new(network: &Network<R>, loss: &Loss, data: &Dataset) -> Result<Self> {
        let plan = Plan::new(network, Rules::forward_only(loss.clone()), data, CHUNK.min(data.rows().max(1)))?;
        Ok(Evaluator { rows: Vec::with_capacity(plan.largest_batch()), plan, loss: loss.clone() })
    }

    /// Takes these parameters.
    pub(crate) fn set_parameters(&mut self, parameters: &[R]) {
        self.plan.parameters_mut().copy_from_slice(parameters);
    }

    /// The loss (without penalties) and the metrics over all rows.
    pub(crate) fn evaluate(&mut self, data: &Dataset, part: Part, penalty: f64, custom: &[Arc<dyn CustomMetric>]) -> PartReport {
        let outputs = data.outputs_of(&self.plan);
        let mut sum = OrderedSum::default();
        let mut metrics = Metrics::for_data(data);
        let mut predictions = Vec::new();
        for start in (0..data.rows()).step_by(self.plan.largest_batch()) {
            self.take_rows(start, data);
            let batch = Batch { data, rows: &self.rows, epoch: 0 };
            self.plan.forward(batch, false);
            self.plan.add_row_losses(batch, &mut sum);
            metrics.add(data, &self.rows, self.plan.outputs(self.rows.len()), &self.loss);
            if !custom.is_empty() {
                append_predictions(&self.loss, data, self.plan.outputs(self.rows.len()), outputs, &mut predictions);
            }
        }
        let data_loss = match self.loss.reduction() {
            Reduction::Sum => sum.total(),
            Reduction::Mean => sum.total() / data.rows() as f64,
        };
        let targets = if custom.is_empty() { Vec::new() } else { all_targets(data) };
        PartReport {
            part,
            loss: data_loss + penalty,
            data_loss,
            measured: metrics.measured(),
            custom: custom
                .iter()
                .map(|metric| (metric.name().to_owned(), metric.value(&predictions, outputs, &targets)))
                .collect(),
        }
    }

    /// Probabilities, or numbers in the target's own units, of all rows: `[rows, outputs]`.
    pub(crate) fn predict(&mut self, data: &Dataset) -> Vec<f64> {
        let outputs = data.outputs_of(&self.plan);
        let mut predictions = Vec::with_capacity(data.rows() * outputs);
        for start in (0..data.rows()).step_by(self.plan.largest_batch()) {
            self.take_rows(start, data);
            self.plan.forward(Batch { data, rows: &self.rows, epoch: 0 }, false);
            append_predictions(&self.loss, data, self.plan.outputs(self.rows.len()), outputs, &mut predictions);
        }
        predictions
    }

    fn take_rows(&mut self, start: usize, data: &Dataset) {
        let end = data.rows().min(start + self.plan.largest_batch());
        self.rows.clear();
        self.rows.extend(start as u32..end as u32);
    }
}
