//! Reports: what the loop says of itself, and what it finds wrong then.

use super::super::observer::Observer;
use super::super::report::{Part, PartReport, Report};
use super::Session;
use super::exact::named;
use super::watching::View;
use crate::error::{Error, Result};
use crate::losses::{Reduction, Weights};
use crate::real::Real;

impl<R: Real> Session<'_, R> {
    /// A report at the end, where none was made for these parameters yet: a full-batch run needs one more forward pass,
    /// as the network predicts.
    pub(super) fn report_now(&mut self, observers: &mut [Box<dyn Observer + '_>]) -> Result<()> {
        if self.is_full_batch {
            self.read_parameters();
            self.evaluator.set_parameters(self.network.parameters());
            self.clear_epoch();
            let metrics = &mut self.counters.epoch_metrics;
            self.last_loss = self.evaluator.data_loss(self.parts.train, metrics);
            if !self.last_loss.is_finite() {
                return self.forward_exactly(false);
            }
            let train = self.parts.train;
            let weight = train.weights().map(|weights| Weights::Each(weights).total());
            self.add_loss_to_epoch(train.rows(), weight);
        } else if self.counters.epoch_rows == 0 {
            return Ok(());
        }
        self.report(observers)?;
        if self.is_full_batch {
            self.clear_epoch();
        }
        Ok(())
    }

    /// Makes a report, keeps the best weights, tells the observers. True: stop.
    pub(super) fn report(&mut self, observers: &mut [Box<dyn Observer + '_>]) -> Result<bool> {
        self.read_parameters();
        let parameters = self.network.parameters();
        let penalty = self.rules.penalty(self.network.layers(), parameters);
        let data_loss = match self.rules.loss.reduction() {
            Reduction::Sum => self.counters.epoch_loss,
            Reduction::Mean => {
                let weight = self.counters.epoch_weight.unwrap_or(self.counters.epoch_rows as f64);
                // An epoch of rows that weigh nothing has no loss.
                if weight == 0.0 { self.counters.epoch_loss } else { self.counters.epoch_loss / weight }
            }
        };
        let mut parts = vec![PartReport {
            part: Part::Train,
            loss: data_loss + penalty,
            data_loss,
            metrics: self.counters.epoch_metrics.values(),
            custom: Vec::new(),
        }];
        let judged = self.judged().to_vec();
        self.evaluator.set_parameters(&judged);
        let judged_penalty = self.rules.penalty(self.network.layers(), &judged);
        for (part, data) in [(Part::Validation, self.parts.validation), (Part::Test, self.parts.test)] {
            if let Some(data) = data {
                parts.push(self.evaluator.evaluate(data, part, judged_penalty, self.custom));
                self.check_finite(&parts)?;
            }
        }
        self.counters.checksum = checksum(self.counters.checksum, data_loss, self.network.parameters());
        self.counters.last_report = Some(self.counters.step);
        let mut report = Report {
            epoch: self.counters.epoch,
            step: self.counters.step,
            learning_rate: self.learning_rate(),
            seconds: self.seconds(),
            parts,
            checksum: self.counters.checksum,
        };
        let mut stop = self.keep_best(&report);
        self.watch_plateau(&report);
        report.learning_rate = self.learning_rate();
        for observer in observers.iter_mut() {
            let command = observer.on_report(&report, &mut View { session: self })?;
            stop |= self.obey(command);
        }
        self.history.reports.push(report);
        Ok(stop)
    }

    /// Ends the run where the part that was evaluated last has a loss that is not finite (NUMERICS rule 17).
    pub(super) fn check_finite(&self, parts: &[PartReport]) -> Result<()> {
        match parts.last() {
            Some(report) if !report.data_loss.is_finite() => Err(Error::Diverged {
                epoch: self.counters.epoch,
                step: self.counters.step,
                loss: report.data_loss,
                learning_rate: self.learning_rate(),
                first: named(self.evaluator.first_not_finite(&self.network), self.network.layers()),
            }),
            _ => Ok(()),
        }
    }
}

/// The next value of a run's running hash: FNV-1a over the one before, the loss and every parameter's bits.
fn checksum<R: Real>(before: u64, loss: f64, parameters: &[R]) -> u64 {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let mut hash = (OFFSET ^ before).wrapping_mul(PRIME);
    hash = (hash ^ loss.to_bits()).wrapping_mul(PRIME);
    for value in parameters {
        hash = (hash ^ value.bits()).wrapping_mul(PRIME);
        hash ^= hash >> 29;
    }
    hash
}
