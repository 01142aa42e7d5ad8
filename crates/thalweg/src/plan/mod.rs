//! The plan: a network and the largest batch become offsets in one arena, computed once, so that a step allocates
//! nothing.
//!
//! The plan owns the parameters, their gradients and the optimizer's state while training runs, in its own layout; a
//! network hands its parameters over at the start and takes them back row-major. The plain plan keeps every
//! intermediate matrix, and so can show each of them.

mod arena;
pub(crate) mod fit;
#[allow(dead_code, reason = "the session is to choose it")]
mod one_output;
mod plain;
#[allow(dead_code, reason = "the session is to call it")]
mod step;

pub use arena::{Arena, Layout};
pub use plain::{Plan, Rates, Rows, Rules};
pub(crate) use step::StepPlan;
