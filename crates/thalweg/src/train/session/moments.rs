//! When reports and checkpoints are due, asked once a step and answered by one comparison.

use std::time::{Duration, Instant};

use super::super::settings::Every;
use super::super::state::Counters;

/// The moments of something that happens every so often.
pub(super) struct Moments {
    /// `None`: never.
    every: Option<Every>,
    /// Not due before so many steps or epochs, whichever it goes by.
    not_before: u64,
    /// When it last happened, by the clock.
    last: Instant,
}

impl Moments {
    pub(super) fn new(every: Option<Every>) -> Self {
        Moments { every, not_before: 0, last: Instant::now() }
    }

    /// Whether it is due now; then it is not until the next moment. Steps, epochs and batches have been counted up to
    /// here, and an epoch has `steps_per_epoch` batches.
    pub(super) fn is_due(&mut self, counters: &Counters, steps_per_epoch: u64) -> bool {
        match self.every {
            None => false,
            Some(Every::Steps(steps)) => self.is_multiple(counters.step, steps),
            Some(Every::Epochs(epochs)) => {
                let is_between_epochs = counters.batch == 0 || counters.batch == steps_per_epoch;
                is_between_epochs && self.is_multiple(counters.epoch, epochs)
            }
            Some(Every::Minutes(minutes)) => {
                let wait = Duration::try_from_secs_f64(minutes.max(0.0) * 60.0).unwrap_or(Duration::MAX);
                let is_due = self.last.elapsed() >= wait;
                if is_due {
                    self.last = Instant::now();
                }
                is_due
            }
        }
    }

    fn is_multiple(&mut self, now: u64, every: u64) -> bool {
        if now < self.not_before {
            return false;
        }
        let every = every.max(1);
        self.not_before = (now - now % every).saturating_add(every);
        now.is_multiple_of(every)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{Metrics, Task};

    fn due(every: Every, from: u64, steps_per_epoch: u64) -> Vec<u64> {
        let mut moments = Moments::new(Some(every));
        let mut counters = Counters::new(Metrics::new(Task::Values, 1));
        (from..from + 13)
            .filter(|&step| {
                counters.step = step;
                (counters.epoch, counters.batch) = (step / steps_per_epoch, step % steps_per_epoch);
                moments.is_due(&counters, steps_per_epoch)
            })
            .collect()
    }

    #[test]
    fn steps_and_epochs_are_counted_from_the_start_of_the_run() {
        assert_eq!(due(Every::Steps(5), 0, 3), [0, 5, 10]);
        assert_eq!(due(Every::Steps(5), 4, 3), [5, 10, 15]);
        assert_eq!(due(Every::Steps(0), 7, 3), (7..20).collect::<Vec<_>>());
        assert_eq!(due(Every::Epochs(2), 1, 3), [6, 12]);
        assert_eq!(due(Every::Epochs(1), 0, 1), (0..13).collect::<Vec<_>>());
        assert_eq!(due(Every::Steps(u64::MAX), 1, 3), [0; 0]);
    }

    #[test]
    fn the_clock_is_asked_for_minutes() {
        assert_eq!(due(Every::Minutes(0.0), 0, 3).len(), 13);
        assert!(due(Every::Minutes(f64::INFINITY), 0, 3).is_empty());
    }
}
