//! Sweeps: many runs of one experiment with other settings, planned here and trained by whoever holds the threads.
//!
//! - What is varied: [`Space`]. Which settings are tried: [`grid`], [`random_point`], [`Sobol`], by way of [`Wanted`].
//! - How long each is trained: to its end, or by successive halving ([`Halving`]).
//! - How often each is trained: once, for several seeds, for each fold of a cross-validation.
//! - The [`Plan`] holds all of that and what every run came to. It says which runs can be made next ([`Plan::ready`]) and what they came
//!   to together ([`Plan::rows`]). [`SweepFolder`] keeps it on disk, [`go_on`] makes one run of it.
//!
//! A plan and the results of its runs decide what comes next; how long a run took, and on which thread, does not. So a sweep that was
//! stopped, or worked on other threads, ends with the same table.

mod folder;
mod grid;
mod halving;
mod plan;
mod problem;
mod random;
mod rows;
mod running;
mod search;
mod sobol;
mod space;
mod spread;
#[cfg(test)]
mod tests;

pub use folder::{SweepFolder, SweepLock};
pub use grid::grid;
pub use halving::{Halving, promoted};
pub use plan::{Job, Plan, PlannedRun, RunState, label};
pub use problem::SweepProblem;
pub use random::random_point;
pub use rows::{Row, figures, known_metrics};
pub use running::{Reached, Trained, go_on};
pub use search::{HalvingWanted, Search, Wanted};
pub use sobol::{MOST_DIMENSIONS, Sobol};
pub use space::{Axis, Range, Setting, Space, Values};
pub use spread::Spread;

/// More runs than anybody waits for; a grid of many keys grows quickly.
pub const MOST_RUNS: usize = 10_000;
