//! The plan: a network and the largest batch become offsets in one arena, computed once, so that a step allocates
//! nothing.
//!
//! The plan owns the parameters, their gradients and the optimizer's state while training runs, in its own layout; a
//! network hands its parameters over at the start and takes them back row-major. The plain plan keeps every
//! intermediate matrix, and so can show each of them.

mod arena;
mod choose;
pub(crate) mod fit;
mod forward;
mod lanes;
mod layers;
mod lbfgs;
mod limit;
mod narrow_hidden;
mod one_output;
mod own_units;
mod panels;
mod plain;
mod plain_steps;
mod rules;
mod step;

pub use arena::{Arena, Layout};
pub use choose::Wanted;
pub(crate) use choose::{choose, choose_forward};
pub use forward::ForwardPlan;
pub(crate) use forward::PlainForward;
pub(crate) use lbfgs::check as check_lbfgs;
pub(crate) use own_units::{OwnUnits, loss_bound};
pub use plain::Plan;
pub(crate) use plain_steps::PlainSteps;
pub use rules::{Rates, Rows, Rules};
pub use step::{GradientPlan, StepPlan};

/// Multiplications of a pass below which a second thread is not even tried: about 1 µs of them. Above it,
/// [`Pace`](crate::team::Pace) measures.
const WORTH_SHARING: usize = 100_000;
