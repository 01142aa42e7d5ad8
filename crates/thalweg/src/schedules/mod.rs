//! Schedules: one file each, the learning rate as a function of the step.
//!
//! Steps count from 0: the step's number is how many updates were made before it. Every schedule is proportional to the
//! base rate, so that layers with rates of their own follow the same curve. All is computed in `f64`.

mod constant;
mod cosine;
mod exponential;
mod one_cycle;
mod polynomial;
mod step;
mod warm_restarts;
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
    /// rate = final + (base - final)·(1 - step/total)^power.
    Polynomial {
        /// The power, above 0; 1 by default, a straight line.
        power: f64,
        /// The rate at the end, as a share of the base; 0 by default.
        final_share: f64,
    },
    /// Along half a wave up to the base, then along another one down.
    OneCycle {
        /// Which share of the run the rise takes, above 0 and below 1; 0.3 by default.
        rise: f64,
        /// The rate at the start, as a share of the base; 0.04 by default.
        start_share: f64,
        /// The rate at the end, as a share of the base; 4e-6 by default.
        final_share: f64,
    },
    /// The cosine's fall, begun anew each time it ends.
    WarmRestarts {
        /// How many epochs the first fall takes; at least 1.
        first: u64,
        /// How many times as long each fall is as the one before it, 1 or more; 2 by default.
        longer: u64,
        /// The rate at the end of a fall, as a share of the base; 0 by default.
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
    pub const NAMES: [&'static str; 8] =
        ["constant", "step", "exponential", "cosine", "polynomial", "one_cycle", "warm_restarts", "warm_up"];

    /// The schedule of this name with its default options: `step` falls to a tenth every 10 epochs, `exponential` by 0.95
    /// each epoch, `cosine` and `polynomial`, a straight line, end at 0, `one_cycle` rises for 0.3 of the run,
    /// `warm_restarts` falls for 10 epochs, then for twice as many, `warm_up` takes 100 steps and stays.
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
            "polynomial" => Schedule::Polynomial {
                power: polynomial::DEFAULT_POWER,
                final_share: polynomial::DEFAULT_FINAL_SHARE,
            },
            "one_cycle" => Schedule::OneCycle {
                rise: one_cycle::DEFAULT_RISE,
                start_share: one_cycle::DEFAULT_START_SHARE,
                final_share: one_cycle::DEFAULT_FINAL_SHARE,
            },
            "warm_restarts" => Schedule::WarmRestarts {
                first: warm_restarts::DEFAULT_FIRST,
                longer: warm_restarts::DEFAULT_LONGER,
                final_share: warm_restarts::DEFAULT_FINAL_SHARE,
            },
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
            Schedule::Polynomial { .. } => "polynomial",
            Schedule::OneCycle { .. } => "one_cycle",
            Schedule::WarmRestarts { .. } => "warm_restarts",
            Schedule::WarmUp { .. } => "warm_up",
        }
    }

    /// The learning rate of the update that comes after `step` others.
    ///
    /// # Units and ranges
    /// `step` from 0; `steps_per_epoch` at least 1 (0 is taken as 1); `total_steps` is the length of the whole run, of
    /// use to `cosine`, `polynomial` and `one_cycle`, which stay at their ends from there on.
    pub fn rate(&self, base: f64, step: u64, steps_per_epoch: u64, total_steps: u64) -> f64 {
        let epoch = step / steps_per_epoch.max(1);
        match self {
            Schedule::Constant => constant::rate(base),
            Schedule::Step { every, factor } => step::rate(*every, *factor, base, epoch),
            Schedule::Exponential { decay } => exponential::rate(*decay, base, epoch),
            Schedule::Cosine { final_share } => cosine::rate(*final_share, base, step, total_steps),
            Schedule::Polynomial { power, final_share } => {
                polynomial::rate(*power, *final_share, base, step, total_steps)
            }
            Schedule::OneCycle { rise, start_share, final_share } => {
                one_cycle::rate(*rise, *start_share, *final_share, base, step, total_steps)
            }
            Schedule::WarmRestarts { first, longer, final_share } => {
                warm_restarts::rate(*first, *longer, *final_share, base, step, steps_per_epoch)
            }
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
            Schedule::Cosine { .. }
            | Schedule::Polynomial { .. }
            | Schedule::OneCycle { .. }
            | Schedule::WarmRestarts { .. } => step.saturating_add(1),
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

    /// Equal to some roundings of numbers up to 8.
    fn near(rates: &[f64], expected: &[f64]) {
        for (rate, expected) in rates.iter().zip(expected) {
            assert!((rate - expected).abs() < 1e-14, "{rates:?}");
        }
    }

    #[test]
    fn falls_and_cycles_worked_by_hand() {
        let line = Schedule::Polynomial { power: 1.0, final_share: 0.25 };
        near(&[0, 2, 4, 9].map(|step| line.rate(8.0, step, 1, 8)), &[8.0, 6.5, 5.0, 2.0]);
        let square = Schedule::Polynomial { power: 2.0, final_share: 0.0 };
        near(&[0, 4, 8].map(|step| square.rate(8.0, step, 1, 8)), &[8.0, 2.0, 0.0]);
        // Up from 1 to 8 within a quarter of 16 steps, half of the way after 2; down to 4 within the rest, half of the way after 10.
        let cycle = Schedule::OneCycle { rise: 0.25, start_share: 0.125, final_share: 0.5 };
        let rates = [0, 2, 4, 10, 16, 40].map(|step| cycle.rate(8.0, step, 1, 16));
        near(&rates, &[1.0, 4.5, 8.0, 6.0, 4.0, 4.0]);
        // Falls of 2 and of 4 epochs, of 4 steps each.
        let restarts = Schedule::WarmRestarts { first: 2, longer: 2, final_share: 0.0 };
        near(&[0, 4, 8, 16, 24].map(|step| restarts.rate(8.0, step, 4, 0)), &[8.0, 4.0, 8.0, 4.0, 8.0]);
        let even = Schedule::WarmRestarts { first: 2, longer: 1, final_share: 0.0 };
        near(&[80, 84].map(|step| even.rate(8.0, step, 4, 0)), &[8.0, 4.0]);
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
