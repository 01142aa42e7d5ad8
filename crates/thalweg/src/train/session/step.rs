//! One step of a run: its rates, its batch, its update, and what is known of it afterwards.

use super::super::observer::Observer;
use super::{Ending, Session, watching};
use crate::data::Batches;
use crate::data::augmentation::AugmentedBatch;
use crate::error::Result;
use crate::kernels::OrderedSum;
use crate::losses::Reduction;
use crate::plan::Rows;
use crate::real::Real;
use crate::train::evaluate::predictions;
use crate::train::{Counters, Parts};

impl<R: Real> Session<'_, R> {
    /// One update, and the reports and checkpoints that are due around it. An ending: the run is over.
    ///
    /// An observer is next called after `next_call` updates.
    pub(super) fn step(
        &mut self,
        observers: &mut [Box<dyn Observer + '_>],
        next_call: u64,
    ) -> Result<Option<Ending>> {
        self.set_rates();
        let ending = if self.is_full_batch {
            self.full_batch_step(observers, next_call)?
        } else {
            self.mini_batch_step(observers)?
        };
        if ending.is_none() && self.checkpoints.is_due(&self.counters, self.steps_per_epoch) {
            // While the one before is still being written, this one is left out.
            self.is_save_asked |= !watching::is_saving(observers);
        }
        if self.is_save_asked {
            self.save(observers)?;
        }
        Ok(ending)
    }

    /// A step of a full batch computes its loss only for somebody who wants to know it: a report before the update, or an
    /// observer after it.
    fn full_batch_step(
        &mut self,
        observers: &mut [Box<dyn Observer + '_>],
        next_call: u64,
    ) -> Result<Option<Ending>> {
        self.augment();
        if self.is_brief {
            return self.brief_full_batch_step(observers);
        }
        let is_report_due = self.is_report_due();
        let is_observed = next_call <= self.counters.step + 1;
        let is_left = self.plan.leaves_outputs();
        if (is_report_due || is_observed && !is_left) && !self.look()? {
            return Ok(Some(Ending::Interrupted));
        }
        if is_report_due {
            self.clear_epoch();
            self.add_to_epoch();
            let ending = self.report(observers)?;
            self.clear_epoch();
            if ending.is_some() {
                return Ok(ending);
            }
            if self.is_save_asked {
                self.save(observers)?;
            }
        }
        if !self.update()? {
            return Ok(Some(Ending::Interrupted));
        }
        if is_observed && is_left && !is_report_due {
            self.plan.recall();
            self.note_loss();
        }
        self.counters.step += 1;
        self.counters.epoch += 1;
        self.average_weights();
        Ok(None)
    }

    /// A step of a full batch as if it were the one batch of an epoch: reported afterwards, with the loss that it saw.
    fn brief_full_batch_step(&mut self, observers: &mut [Box<dyn Observer + '_>]) -> Result<Option<Ending>> {
        // The loss is that of the parameters before the update; the penalty beside it must be theirs too.
        let penalty = self.rules.has_penalty().then(|| {
            self.read_parameters();
            self.rules.penalty(self.network.layers(), self.network.parameters())
        });
        if !self.update()? {
            self.clear_epoch();
            return Ok(Some(Ending::Interrupted));
        }
        self.counters.step += 1;
        self.counters.epoch += 1;
        self.average_weights();
        let ending = if self.is_report_due() { self.report_with(observers, penalty)? } else { None };
        self.clear_epoch();
        Ok(ending)
    }

    fn mini_batch_step(&mut self, observers: &mut [Box<dyn Observer + '_>]) -> Result<Option<Ending>> {
        self.batches.next_batch();
        // Rows come in a random order, so that the processor does not foresee them: it is told while this step works.
        self.parts.train.prefetch(self.batches.upcoming_rows());
        self.augment();
        if !self.update()? {
            return Ok(Some(Ending::Interrupted));
        }
        self.counters.step += 1;
        self.counters.batch += 1;
        self.average_weights();
        let epoch_ends = self.counters.batch == self.steps_per_epoch;
        if epoch_ends {
            self.counters.epoch += 1;
        }
        let ending = if self.is_report_due() { self.report(observers) } else { Ok(None) };
        if epoch_ends {
            self.counters.batch = 0;
            self.clear_epoch();
            self.batches.seek(self.counters.epoch, 0);
        }
        ending
    }

    /// Changes the rows of the current batch, if rows are changed.
    pub(super) fn augment(&mut self) {
        if let Some(augmented) = &mut self.augmented {
            augmented.take(current(&self.batches, &self.parts, &self.counters));
        }
    }

    /// Takes the step of the current batch, and adds a batch to what is known of the epoch, but for a full one that is reported before
    /// its update. `false`: a part of a user's own failed, and nothing was changed.
    fn update(&mut self) -> Result<bool> {
        let mut is_noted = self.is_full_batch && !self.is_brief;
        if self.is_full_batch && self.is_brief && !self.plan.leaves_outputs() {
            if !self.look()? {
                return Ok(false);
            }
            self.add_to_epoch();
            is_noted = true;
        }
        let rows = seen(&self.augmented, &self.batches, &self.parts, &self.counters);
        if !self.plan.step(rows, &self.rates) {
            return if self.has_failed() { Ok(false) } else { self.step_exactly(is_noted) };
        }
        if is_noted {
            return Ok(true);
        }
        self.plan.recall();
        self.note_loss();
        if !self.last_loss.is_finite() {
            return Err(self.diverged()); // a plan says so beforehand: this is for one that does not
        }
        self.add_to_epoch();
        Ok(true)
    }

    /// Computes outputs and loss of the current batch as it is before its update. `false`: a part of a user's own failed.
    pub(super) fn look(&mut self) -> Result<bool> {
        self.plan.forward(seen(&self.augmented, &self.batches, &self.parts, &self.counters));
        self.note_loss();
        match self.has_failed() {
            true => Ok(false),
            false if self.last_loss.is_finite() => Ok(true),
            false => Err(self.diverged()),
        }
    }

    /// Computes the loss from the outputs of the current batch, in the target's own units.
    fn note_loss(&mut self) {
        let rows = current(&self.batches, &self.parts, &self.counters);
        let count = rows.rows.len();
        // A full batch has the same targets at every step.
        if !(self.is_full_batch && self.has_targets) {
            self.own_units.gather(rows);
            self.has_targets = true;
        }
        let outputs = self.plan.outputs(count);
        self.own_units.note(rows.data, outputs);
        let weights = self.own_units.weights(count);
        let mut sum = OrderedSum::new();
        match self.plan.row_losses(count) {
            Some(losses) => weights.add(losses, &mut sum),
            None => {
                let (predictions, targets) = self.own_units.pair(outputs);
                self.rules.loss.add_values(outputs.len() / count, predictions, targets, weights, &mut sum);
            }
        }
        self.last_loss = self.rules.loss.join::<R>(sum.total(), weights.total());
    }

    pub(super) fn clear_epoch(&mut self) {
        self.counters.epoch_loss = 0.0;
        self.counters.epoch_rows = 0;
        self.counters.epoch_weight = None;
        self.counters.epoch_metrics.clear();
        self.counters.epoch_seen.clear();
    }

    /// Adds the current batch, whose loss was noted, to what is known of the epoch.
    pub(super) fn add_to_epoch(&mut self) {
        let count = self.batches.last_rows().len();
        let weighted = (self.parts.train.weights().is_some()).then(|| self.own_units.weights(count).total());
        self.add_loss_to_epoch(count, weighted);
        let (said, targets) = self.own_units.said(self.plan.outputs(count));
        self.counters.epoch_metrics.add(said, targets);
        if !self.custom.is_empty() {
            let outputs = self.plan.outputs(count);
            let said = predictions(&self.rules.loss, outputs.len() / count, outputs, self.parts.train);
            self.counters.epoch_seen.add(self.batches.last_rows(), &said);
        }
    }

    /// Adds the last loss, of `rows` rows, to that of the epoch; `weight` is theirs, where they do not count once each.
    pub(super) fn add_loss_to_epoch(&mut self, rows: usize, weight: Option<f64>) {
        let sum = match self.rules.loss.reduction() {
            Reduction::Sum => self.last_loss,
            Reduction::Mean => self.last_loss * weight.unwrap_or(rows as f64),
        };
        self.counters.epoch_loss += sum;
        self.counters.epoch_rows += rows as u64;
        if let Some(weight) = weight {
            *self.counters.epoch_weight.get_or_insert(0.0) += weight;
        }
        if self.counters.first_loss.is_none() {
            self.counters.first_loss = Some(sum / rows as f64);
        }
    }

    /// The rates of the next step, computed anew only where they may have changed.
    pub(super) fn set_rates(&mut self) {
        let step = self.counters.step;
        self.rates.step = step + 1;
        if step < self.rates_until {
            return;
        }
        let (base, left) = (self.base_learning_rate(), self.plateau_share());
        let schedule = &self.settings.schedule;
        for (rate, own) in self.rates.learning_rates.iter_mut().zip(&self.layer_rates) {
            *rate = schedule.rate(left * own.unwrap_or(base), step, self.steps_per_epoch, self.total_steps);
        }
        self.rates_until = schedule.next_change(step, self.steps_per_epoch);
    }

    /// Changes the base learning rate from the next step on.
    pub(super) fn set_learning_rate(&mut self, rate: f64) {
        self.counters.learning_rate = Some(rate);
        self.rates_until = 0;
    }

    pub(super) fn base_learning_rate(&self) -> f64 {
        self.counters
            .learning_rate
            .or(self.settings.learning_rate)
            .unwrap_or_else(|| self.settings.optimizer.default_learning_rate())
    }

    /// The base learning rate of the next step, or of the last one at the end.
    pub(super) fn learning_rate(&self) -> f64 {
        let step = self.counters.step.min(self.total_steps.saturating_sub(1));
        let schedule = &self.settings.schedule;
        schedule.rate(
            self.plateau_share() * self.base_learning_rate(),
            step,
            self.steps_per_epoch,
            self.total_steps,
        )
    }

    fn is_report_due(&mut self) -> bool {
        self.reports.is_due(&self.counters, self.steps_per_epoch)
            && self.counters.last_report != Some(self.counters.step)
    }
}

/// The rows of the current batch as the network sees them: changed, if they are.
pub(super) fn seen<'r, R: Real>(
    augmented: &'r Option<AugmentedBatch<R>>,
    batches: &'r Batches,
    parts: &Parts<'r>,
    counters: &Counters,
) -> Rows<'r> {
    match augmented {
        Some(augmented) => augmented.batch(),
        None => current(batches, parts, counters),
    }
}

/// The rows of the current batch.
pub(super) fn current<'r>(batches: &'r Batches, parts: &Parts<'r>, counters: &Counters) -> Rows<'r> {
    Rows { data: parts.train, rows: batches.last_rows(), epoch: counters.epoch }
}
