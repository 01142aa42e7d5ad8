//! Convolution and pooling over images `[rows, channels, height, width]`: the orders of their sums, and kernels at the speed of the machine.
//!
//! `naive.rs` is the number contract in code: every output one chain, in the order that `docs/numerics.md` states. The fast kernels
//! take one example at a time, in [`Planes`], and give the same bits: `correlate` forward and to the input, `add_example` to the
//! parameters. `batches.rs` puts them together for whole batches on one thread. Other crates reach them through [`ConvolutionKernels`].

mod batches;
mod compiled;
mod correlation;
mod depthwise;
#[cfg(test)]
mod fast_tests;
mod gradients;
mod naive;
mod planes;
mod pooling;
mod sizes;
#[cfg(test)]
mod tests;

pub(crate) use batches::{forward, input_gradient, parameter_gradients};
pub use compiled::ConvolutionKernels;
pub use correlation::Correlation;
pub(crate) use correlation::correlate;
pub use gradients::ParameterPanels;
pub(crate) use gradients::{add_example, to_panels};
pub use planes::Planes;
pub(crate) use pooling::{average_pool, average_pool_gradient, max_pool, max_pool_gradient};
pub use sizes::{ConvolutionSizes, PoolSizes, Windows};
