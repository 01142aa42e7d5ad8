//! Small nets on a full batch: the rows of the batch lie in lanes.
//!
//! A matrix `[rows, features]` is cut into panels of `W` = [`panel_width`] rows, and each
//! panel is transposed:
//!
//! ```text
//! (row, feature) lies at (row / W)·features·W + feature·W + row % W
//! ```
//!
//! So a layer of three outputs still fills its registers, the weights enter as broadcasts, and functions of single values
//! run over one contiguous matrix. The rows beyond the last of the batch are copies of a real row whose gradient is zero:
//! they overflow only where a real row does, and they change no sum. (A product of zero may turn a lane of -0 into +0;
//! no sum shows it, because every gradient begins at +0.)

mod dense;
mod narrow;
mod step;
mod sums;

pub(crate) use dense::{DenseStage, Form};
pub use narrow::{backward_input, forward};
pub(crate) use step::{Memory, Runs, Stage, Step, forward_pass, step};
pub use sums::{PARTIAL, join, partial_sums};

use super::panels::panel_width;

/// The sizes of a dense layer whose rows lie in lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaneSizes {
    /// How many rows the batch has.
    pub rows: usize,
    /// How many values a row of `x` has.
    pub in_features: usize,
    /// How many values a row of `z` has.
    pub out_features: usize,
}

impl LaneSizes {
    /// How many panels of rows there are.
    fn panels<R>(self) -> usize {
        self.rows.div_ceil(panel_width::<R>())
    }

    /// How many values `[rows, features]` takes.
    fn len<R>(self, features: usize) -> usize {
        self.panels::<R>() * features * panel_width::<R>()
    }
}

#[cfg(test)]
mod tests;
