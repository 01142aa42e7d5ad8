//! Reports: what the loop says of itself, and what it finds wrong then.

use super::super::observer::Observer;
use super::super::report::{Part, PartReport, Report};
use super::{Session, View, checksum, named};
use crate::error::{Error, Result};
use crate::losses::Reduction;
use crate::real::Real;

impl<R: Real> Session<'_, R> {
    /// A report at the end, where none was made for these parameters yet: a full-batch run needs one more forward pass.
    pub(super) fn report_now(&mut self, observers: &mut [Box<dyn Observer + '_>]) -> Result<()> {
        if self.is_full_batch() {
            self.batches.next_batch();
            self.forward(false)?;
            self.clear_epoch();
            self.add_to_epoch(true);
        } else if self.counters.epoch_rows == 0 {
            return Ok(());
        }
        self.report(observers).map(|_| ())
    }

    /// Makes a report, keeps the best weights, tells the observers. True: stop.
    pub(super) fn report(&mut self, observers: &mut [Box<dyn Observer + '_>]) -> Result<bool> {
        let penalty = self.plan.penalty();
        let data_loss = match self.loss.reduction() {
            Reduction::Sum => self.counters.epoch_loss,
            Reduction::Mean => self.counters.epoch_loss / self.counters.epoch_rows as f64,
        };
        let mut parts = vec![PartReport {
            part: Part::Train,
            loss: data_loss + penalty,
            data_loss,
            metrics: self.counters.epoch_metrics.values(),
            custom: Vec::new(),
        }];
        self.evaluator.set_parameters(self.plan.parameters());
        for (part, data) in [(Part::Validation, self.parts.validation), (Part::Test, self.parts.test)] {
            if let Some(data) = data {
                parts.push(self.evaluator.evaluate(data, part, penalty, self.custom));
                self.check_finite(&parts)?;
            }
        }
        self.counters.checksum = checksum(self.counters.checksum, data_loss, self.plan.parameters());
        self.counters.last_report = Some(self.counters.step);
        let report = Report {
            epoch: self.counters.epoch,
            step: self.counters.step,
            learning_rate: self.learning_rate(),
            seconds: self.seconds(),
            parts,
            checksum: self.counters.checksum,
        };
        let mut stop = self.keep_best(&report);
        let mut commands = Vec::new();
        for observer in observers.iter_mut() {
            commands.push(observer.on_report(&report, &mut View { session: self })?);
        }
        self.history.reports.push(report);
        stop |= self.obey(commands, observers)?;
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
                first: named(self.evaluator.first_not_finite(), self.plan.layers()),
            }),
            _ => Ok(()),
        }
    }
}
