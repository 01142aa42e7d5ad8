//! Averages of the weights over the steps.

use super::Session;
use crate::real::Real;
use crate::train::WeightAverage;

impl<R: Real> Session<'_, R> {
    /// Adds the parameters to their average, if a step that was just made counts.
    pub(super) fn average_weights(&mut self) {
        let Some(average) = self.settings.average else { return };
        let share = match average {
            WeightAverage::Ema { decay } => {
                // The mean of all at first, until the newest would weigh less than the decay lets it.
                (1.0 - decay).max(1.0 / (self.counters.averaged as f64 + 1.0))
            }
            WeightAverage::Swa { start } => {
                let ends_epoch = self.is_full_batch || self.counters.batch == self.steps_per_epoch;
                if !ends_epoch || (self.counters.step as f64) < start * self.total_steps as f64 {
                    return;
                }
                1.0 / (self.counters.averaged as f64 + 1.0)
            }
        };
        self.plan.average(share, &mut self.average);
        self.counters.averaged += 1;
    }

    /// Brings the weights that a report judges into a vector: the average, where there is one, else the parameters that were last
    /// read.
    pub(super) fn judged(&mut self) -> &[R] {
        if self.counters.averaged == 0 {
            return self.network.parameters();
        }
        self.plan.read_average(&self.average, &mut self.judged);
        &self.judged
    }

    /// Takes an average from a state.
    pub(super) fn set_average(&mut self, average: &[R]) {
        self.plan.set_average(average, &mut self.average);
    }
}
