//! A net of two dense layers, few inputs and few outputs, with rectified units between.
//!
//! Hidden values are computed twice and never stored ([`forward`], [`gradients`]), or, where that costs too many products,
//! kept ([`forward_keeping`], [`gradients_of_kept`]).
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

use std::mem::MaybeUninit;
use std::ops::Range;

use super::losses::{OutputLimits, within_limits};

/// The most inputs, and the most outputs, with which hidden values are computed twice.
pub(crate) const MOST: usize = 4;

/// Units come in multiples of this: 64 bytes, a whole number of registers.
#[inline(always)]
pub(crate) const fn unit_width<R>() -> usize {
    64 / size_of::<R>()
}

/// The sizes of the net.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    /// At least 1; up to [`MOST`] where hidden values are computed twice.
    pub(crate) inputs: usize,
    /// The units of the hidden layer.
    pub(crate) hidden: usize,
    /// At least 2; up to [`MOST`] where hidden values are computed twice.
    pub(crate) outputs: usize,
}

/// The net with its parameters. The parts of the hidden layer follow each other, padding only at the end of the last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parameters<'a, R> {
    pub(crate) sizes: Sizes,
    pub(crate) parts: &'a [Range<usize>],
    pub(crate) weights: &'a [R],
    /// Of the outputs.
    pub(crate) bias: &'a [R],
}

/// Some rows, whole panels but for the last, of which the hidden layer was kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece<'a, R> {
    pub(crate) rows: usize,
    pub(crate) x: &'a [R],
    pub(crate) dz: &'a [R],
    pub(crate) hidden: &'a [R],
    /// How many units the layer has, padding included.
    pub(crate) units: usize,
    /// Whether rows came before these, so that the chains go on; and whether rows follow.
    pub(crate) is_first: bool,
    pub(crate) is_last: bool,
}

impl Sizes {
    /// How many parameters belong to a unit.
    #[inline(always)]
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

/// Room that a kernel writes before it reads, from a cache line on.
#[repr(align(64))]
struct Room<R, const LEN: usize>(MaybeUninit<[R; LEN]>);

impl<R, const LEN: usize> Room<R, LEN> {
    #[inline(always)]
    fn new() -> Self {
        Room(MaybeUninit::uninit())
    }

    #[inline(always)]
    fn as_mut_ptr(&mut self) -> *mut R {
        self.0.as_mut_ptr().cast()
    }
}

mod forward;
mod gradients;
mod keep;
mod kept;

pub(crate) use forward::forward;
pub(crate) use gradients::gradients;
pub(crate) use keep::forward_keeping;
pub(crate) use kept::gradients_of_kept;

vectorised! {
    /// Whether these values are within the limits: false for NaN.
    ///
    /// # Panics
    /// If the values are not whole panels.
    pub(crate) fn are_within<R>(values: &[R], limits: OutputLimits<R>) -> bool = within_limits;
}
