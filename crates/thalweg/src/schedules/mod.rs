//! Schedules: one file each, the learning rate as a function of the step.

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
    /// rate = base·(step + 1)/steps at first, then another schedule.
    WarmUp {
        /// How many steps the rise takes; at least 1.
        steps: u64,
        /// What follows.
        then: Box<Schedule>,
    },
}
