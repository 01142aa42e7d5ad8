//! Schedules: one file each, the learning rate as a function of the step.
//!
//! Steps count from 0: the step's number is how many updates were made before it. Every schedule is proportional to the
//! base rate, so that layers with rates of their own follow the same curve. All is computed in `f64`.

mod constant;
mod cosine;
mod exponential;
mod step;
mod warm_up;

/// The learning rate as a function of the step, relative to the base rate.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Schedule {
    /// rate = base.
    Constant,
    /// rate = base·factor^⌊epoch / every⌋.
    Step {
        /// After how many epochs the rate falls; at least 1.
        every: u64,
        /// By what it is multiplied, 0.1 by default.
        factor: f64,
    },
    /// rate = base·decay^epoch.
    Exponential {
        /// By what the rate is multiplied each epoch, 0.95 by default.
        decay: f64,
    },
    /// rate = final + (base - final)·(1 + cos(π·step/total)) / 2.
    Cosine {
        /// The rate at the end, as a share of the base; 0 by default.
        final_share: f64,
    },
    /// rate = base·(step + 1)/steps at first, then another schedule, which counts from the end of the rise.
    WarmUp {
        /// How many steps the rise takes; at least 1.
        steps: u64,
        /// What follows.
        then: Box<Schedule>,
    },
}

impl Schedule {
    /// The names of the schedules in experiment files.
    pub const NAMES: [&'static str; 5] = ["constant", "step", "exponential", "cosine", "warm_up"];

    /// The schedule of this name with its default options: `step` falls to a tenth every 10 epochs, `exponential` by 0.95
    /// each epoch, `cosine` ends at 0, `warm_up` takes 100 steps and stays.
    ///
    /// # Example
    /// ```
    /// use thalweg::schedules::Schedule;
    ///
    /// let step = Schedule::Step { every: 2, factor: 0.5 };
    /// // Four steps make an epoch, so steps 0 to 7 are the first two epochs.
    /// assert_eq!(step.rate(8.0, 7, 4, 100), 8.0);
    /// assert_eq!(step.rate(8.0, 8, 4, 100), 4.0);
    /// ```
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "constant" => Schedule::Constant,
            "step" => Schedule::Step { every: step::DEFAULT_EVERY, factor: step::DEFAULT_FACTOR },
            "exponential" => Schedule::Exponential { decay: exponential::DEFAULT_DECAY },
            "cosine" => Schedule::Cosine { final_share: cosine::DEFAULT_FINAL_SHARE },
            "warm_up" => {
                Schedule::WarmUp { steps: warm_up::DEFAULT_STEPS, then: Box::new(Schedule::Constant) }
            }
            _ => return None,
        })
    }

    /// The name in experiment files.
    pub const fn name(&self) -> &'static str {
        match self {
            Schedule::Constant => "constant",
            Schedule::Step { .. } => "step",
            Schedule::Exponential { .. } => "exponential",
            Schedule::Cosine { .. } => "cosine",
            Schedule::WarmUp { .. } => "warm_up",
        }
    }

    /// The learning rate of the update that comes after `step` others.
    ///
    /// # Units and ranges
    /// `step` from 0; `steps_per_epoch` at least 1 (0 is taken as 1); `total_steps` is the length of the whole run, of
    /// use to `cosine` alone, which stays at its end from there on.
    pub fn rate(&self, base: f64, step: u64, steps_per_epoch: u64, total_steps: u64) -> f64 {
        let epoch = step / steps_per_epoch.max(1);
        match self {
            Schedule::Constant => constant::rate(base),
            Schedule::Step { every, factor } => step::rate(*every, *factor, base, epoch),
            Schedule::Exponential { decay } => exponential::rate(*decay, base, epoch),
            Schedule::Cosine { final_share } => cosine::rate(*final_share, base, step, total_steps),
            Schedule::WarmUp { steps, then } => match step.checked_sub(*steps) {
                None => warm_up::rate(*steps, base, step),
                Some(after) => then.rate(base, after, steps_per_epoch, total_steps.saturating_sub(*steps)),
            },
        }
    }

    /// The first step after `step` at which [`rate`](Schedule::rate) may be another.
    pub(crate) fn next_change(&self, step: u64, steps_per_epoch: u64) -> u64 {
        let per_epoch = steps_per_epoch.max(1);
        match self {
            Schedule::Constant => u64::MAX,
            Schedule::Step { .. } | Schedule::Exponential { .. } => {
                (step - step % per_epoch).saturating_add(per_epoch)
            }
            Schedule::Cosine { .. } => step + 1,
            Schedule::WarmUp { steps, then } => match step.checked_sub(*steps) {
                None => step + 1,
                Some(after) => then.next_change(after, steps_per_epoch).saturating_add(*steps),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_to_their_schedule_and_back() {
        for name in Schedule::NAMES {
            assert_eq!(Schedule::from_name(name).expect(name).name(), name);
        }
        assert_eq!(Schedule::from_name("linear"), None);
    }

    #[test]
    fn rates_worked_by_hand() {
        assert_eq!(Schedule::Constant.rate(0.5, 1000, 1, 10), 0.5);
        let exponential = Schedule::Exponential { decay: 0.5 };
        assert_eq!([0, 9, 10, 35].map(|step| exponential.rate(8.0, step, 10, 0)), [8.0, 8.0, 4.0, 1.0]);
        let step = Schedule::Step { every: 3, factor: 0.25 };
        assert_eq!([0, 2, 3, 6].map(|epoch| step.rate(16.0, epoch, 1, 0)), [16.0, 16.0, 4.0, 1.0]);
        // The cosine is 1, 0 and -1 at the start, in the middle and at the end.
        let cosine = Schedule::Cosine { final_share: 0.25 };
        let rates = [0, 4, 8, 100].map(|step| cosine.rate(8.0, step, 1, 8));
        assert_eq!((rates[0], rates[2], rates[3]), (8.0, 2.0, 2.0));
        assert!((rates[1] - 5.0).abs() < 1e-15);
    }

    #[test]
    fn after_the_warm_up_the_next_schedule_counts_from_its_end() {
        let warm_up = Schedule::WarmUp { steps: 4, then: Box::new(Schedule::Cosine { final_share: 0.0 }) };
        assert_eq!([0, 1, 2, 3].map(|step| warm_up.rate(8.0, step, 1, 12)), [2.0, 4.0, 6.0, 8.0]);
        assert_eq!(warm_up.rate(8.0, 4, 1, 12), 8.0);
        assert!((warm_up.rate(8.0, 8, 1, 12) - 4.0).abs() < 1e-15);
        assert_eq!(warm_up.rate(8.0, 12, 1, 12), 0.0);
    }

    #[test]
    fn a_rate_stays_until_its_next_change() {
        let mut schedules: Vec<Schedule> =
            Schedule::NAMES.iter().filter_map(|name| Schedule::from_name(name)).collect();
        schedules.push(Schedule::Step { every: 2, factor: 0.5 });
        schedules.push(Schedule::WarmUp { steps: 5, then: Box::new(Schedule::Exponential { decay: 0.5 }) });
        for schedule in schedules {
            let rate = |step| schedule.rate(1.0, step, 3, 40);
            let (mut known, mut until) = (f64::NAN, 0);
            for step in 0..40 {
                if step >= until {
                    known = rate(step);
                    until = schedule.next_change(step, 3);
                    assert!(until > step);
                }
                assert_eq!(known, rate(step), "{schedule:?} at {step}");
            }
        }
    }

    #[test]
    fn odd_lengths_do_no_harm() {
        for name in Schedule::NAMES {
            let schedule = Schedule::from_name(name).expect(name);
            for (step, steps_per_epoch, total_steps) in
                [(0, 0, 0), (5, 0, 0), (u64::MAX, 1, 1), (3, u64::MAX, 2)]
            {
                let rate = schedule.rate(1.0, step, steps_per_epoch, total_steps);
                assert!((0.0..=1.0).contains(&rate), "{name}: {rate}");
            }
        }
    }

    #[test]
    fn every_schedule_is_proportional_to_the_base_rate() {
        for name in Schedule::NAMES {
            let schedule = Schedule::from_name(name).expect(name);
            for step in [0, 7, 50, 199] {
                assert_eq!(
                    2.0 * schedule.rate(1.0, step, 10, 200),
                    schedule.rate(2.0, step, 10, 200),
                    "{name}"
                );
            }
        }
    }
}
