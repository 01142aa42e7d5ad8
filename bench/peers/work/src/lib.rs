//! What the peers in Rust share: the definition of a work (from `works.py`, as `key=value` arguments), its data (files
//! that `data.py` wrote), the order of the rows, the clock, and the row that is printed.

mod clock;
mod definition;
mod random;

pub use clock::{of_calls, of_steps, report};
pub use definition::{Hidden, Loss, Optimizer, Output, Start, Work};
pub use random::Random;
