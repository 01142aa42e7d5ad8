//! Which weights are kept, and when to stop because nothing gets better.

use super::super::report::{Report, more_is_better};
use super::{Ending, Session};
use crate::real::Real;

impl<R: Real> Session<'_, R> {
    /// The metric that decides which weights are kept: early stopping's, else the validation loss.
    pub(super) fn deciding_metric(&self) -> Option<&str> {
        match &self.settings.early_stopping {
            Some(stopping) => Some(&stopping.metric),
            None => self.parts.validation.map(|_| "validation.loss"),
        }
    }

    /// Copies the parameters when the deciding metric got better; the end when patience has run out.
    pub(super) fn keep_best(&mut self, report: &Report) -> Option<Ending> {
        let metric = self.deciding_metric().map(str::to_owned)?;
        let value = report.metric(&metric)?;
        let name = metric.split_once('.').map_or(metric.as_str(), |(_, name)| name);
        let min_delta = self.settings.early_stopping.as_ref().map_or(0.0, |stopping| stopping.min_delta);
        let is_gain = match self.counters.best_value {
            None => value.is_finite(),
            Some(best) if more_is_better(name) => value > best + min_delta,
            Some(best) => value < best - min_delta,
        };
        if is_gain {
            self.counters.best_value = Some(value);
            self.counters.best_epoch = Some(report.epoch);
            self.counters.reports_without_gain = 0;
            let mut best = self.best.take().unwrap_or_default();
            best.clear();
            best.extend_from_slice(self.judged());
            self.best = Some(best);
        } else {
            self.counters.reports_without_gain += 1;
        }
        let stopping = self.settings.early_stopping.as_ref()?;
        (self.counters.reports_without_gain >= stopping.patience.max(1)).then_some(Ending::Stopped)
    }
}
