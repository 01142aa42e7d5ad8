//! The learning rate where nothing gets better.

use super::super::report::{Report, more_is_better};
use super::Session;
use crate::real::Real;
use crate::train::PlateauCounters;

impl<R: Real> Session<'_, R> {
    /// Counts a report; after too many without a gain the rate becomes smaller.
    pub(super) fn watch_plateau(&mut self, report: &Report) {
        let Some(plateau) = &self.settings.reduce_on_plateau else { return };
        let Some(value) = report.metric(&plateau.metric) else { return };
        let name = plateau.metric.split_once('.').map_or(plateau.metric.as_str(), |(_, name)| name);
        let counters = self.counters.plateau.get_or_insert(PlateauCounters::NEW);
        let is_gain = match counters.best {
            None => value.is_finite(),
            Some(best) if more_is_better(name) => value > best + plateau.min_delta,
            Some(best) => value < best - plateau.min_delta,
        };
        if is_gain {
            counters.best = Some(value);
            counters.waited = 0;
            return;
        }
        counters.waited += 1;
        if counters.waited >= plateau.patience.max(1) {
            counters.waited = 0;
            counters.share = (counters.share * plateau.factor).max(plateau.least_share.min(counters.share));
            self.rates_until = 0;
        }
    }

    /// What is left of every learning rate.
    pub(super) fn plateau_share(&self) -> f64 {
        match (&self.settings.reduce_on_plateau, self.counters.plateau) {
            (Some(_), Some(plateau)) => plateau.share,
            _ => 1.0,
        }
    }
}
