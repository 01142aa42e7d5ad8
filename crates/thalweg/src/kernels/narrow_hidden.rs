//! A net of two dense layers, few inputs and few outputs, with rectified units between: the hidden values are computed
//! twice and never stored.
//!
//! Forward, rows lie in lanes; backward, units do, so that the chains down the rows (NUMERICS rule 4) stay in registers
//! from the first row to the last. Matrices with rows in lanes lie as [`lanes`](super::lanes) says. Parameters and
//! gradients of a part of the hidden layer are one run, padded with units of zeros:
//!
//! ```text
//! [inputs][units] weights into the units, [outputs][units] weights out of them, [units] biases
//! ```
#![allow(
    unsafe_code,
    reason = "the entries compiled for an instruction set are called after it was detected"
)]

use super::losses::{OutputLimits, within_limits};

/// The most inputs, and the most outputs.
pub(crate) const MOST: usize = 4;

/// Units come in multiples of this: 64 bytes, a whole number of registers.
pub(crate) const fn unit_width<R>() -> usize {
    64 / size_of::<R>()
}

/// The sizes of the net.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    /// From 1 to [`MOST`].
    pub(crate) inputs: usize,
    /// The units of the hidden layer.
    pub(crate) hidden: usize,
    /// From 2 to [`MOST`].
    pub(crate) outputs: usize,
}

impl Sizes {
    /// How many parameters belong to a unit.
    pub(crate) fn planes(self) -> usize {
        self.inputs + self.outputs + 1
    }
}

/// Runs `$body::<R, V, inputs, outputs>`, the numbers known to the compiler.
macro_rules! with_sizes {
    ($sizes:expr, $body:ident::<$r:ty, $v:ty>($($arg:expr),*)) => {
        match ($sizes.inputs, $sizes.outputs) {
            (1, 2) => $body::<$r, $v, 1, 2>($($arg),*),
            (1, 3) => $body::<$r, $v, 1, 3>($($arg),*),
            (1, 4) => $body::<$r, $v, 1, 4>($($arg),*),
            (2, 2) => $body::<$r, $v, 2, 2>($($arg),*),
            (2, 3) => $body::<$r, $v, 2, 3>($($arg),*),
            (2, 4) => $body::<$r, $v, 2, 4>($($arg),*),
            (3, 2) => $body::<$r, $v, 3, 2>($($arg),*),
            (3, 3) => $body::<$r, $v, 3, 3>($($arg),*),
            (3, 4) => $body::<$r, $v, 3, 4>($($arg),*),
            (4, 2) => $body::<$r, $v, 4, 2>($($arg),*),
            (4, 3) => $body::<$r, $v, 4, 3>($($arg),*),
            (4, 4) => $body::<$r, $v, 4, 4>($($arg),*),
            _ => panic!("1 to 4 inputs and 2 to 4 outputs"),
        }
    };
}

mod forward;
mod gradients;

pub(crate) use forward::forward;
pub(crate) use gradients::gradients;

vectorised! {
    /// Whether these values are within the limits: false for NaN.
    ///
    /// # Panics
    /// If the values are not whole panels.
    pub(crate) fn are_within<R>(values: &[R], limits: OutputLimits<R>) -> bool = within_limits;
}
