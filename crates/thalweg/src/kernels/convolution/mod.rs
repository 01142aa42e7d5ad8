//! Convolution and pooling over images `[rows, channels, height, width]`: the orders of their sums, and kernels at the speed of the machine.
//!
//! `naive.rs` is the number contract in code: every output one chain, in the order that `docs/numerics.md` states.

mod naive;
mod pooling;
mod sizes;
#[cfg(test)]
mod tests;

pub use naive::{forward, input_gradient, parameter_gradients};
pub use pooling::{average_pool, average_pool_gradient, max_pool, max_pool_gradient};
pub use sizes::{ConvolutionSizes, PoolSizes, Windows};
