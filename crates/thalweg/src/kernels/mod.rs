//! The kernels: the arithmetic of the layers over plain slices, and, beside the team of threads, the only place in the
//! library with `unsafe` code.
//!
//! What stands here is the portable definition of every sum in the number contract: each output element is one chain
//! of fused multiply-adds in a stated order, so that any other kernel can be held against it bit by bit. The same code
//! is compiled several times, for the instruction sets that [`Path`] names, and the choice is made once at start.
//! A compiler may not reorder or contract floating-point operations, so the copies agree in every bit.
//!
//! Public functions are safe: they assert every length at entry.

#[macro_use]
mod dispatch;

pub mod bytes;
pub(crate) mod channels;
pub(crate) mod columns;
pub mod convolution;
pub mod dense;
pub mod elementwise;
pub(crate) mod gather;
pub mod lanes;
pub(crate) mod layer_norm;
pub mod limits;
pub(crate) mod losses;
pub(crate) mod narrow_hidden;
pub mod one_output;
pub mod one_row;
mod ordered_sum;
pub mod panels;
pub(crate) mod prefetch;
mod product;
mod source;
pub mod sums;
pub(crate) mod vector;

pub use dispatch::{Path, path};
pub(crate) use dispatch::{has_plans_for_registers, has_portable_plans};
pub use ordered_sum::OrderedSum;
pub(crate) use prefetch::LINE;
pub use vector::{Registers, Vector};
