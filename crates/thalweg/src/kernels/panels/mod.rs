//! Matrices in panels of columns, and the kernels over them.
//!
//! A panel holds 128 bytes of each row: 32 columns in `f32`, 16 in `f64`. A matrix of many columns is one panel after
//! the other:
//!
//! ```text
//! (row, column) lies at (column / W)·panel + row·W + column % W       W = panel_width, panel = capacity·W
//! ```
//!
//! So a tile of rows and columns lies close together whatever the width of the matrix, rows never collide in the cache
//! at a power of two, and each thread can own whole panels. The columns beyond the last are padding: they hold
//! numbers that nobody reads.

mod columns;
mod lanes;
mod limit_columns;
mod normalise;
mod one_output;
mod strip;
#[cfg(test)]
mod tests;
mod transpose;

pub use crate::kernels::prefetch::Run;
pub use columns::copy_columns;
pub use lanes::{LANE_COLUMNS, add_in_lanes, add_products_in_lanes, add_rows, joined};
pub use limit_columns::limit_columns;
pub use normalise::{column_sums, denormalise_columns, normalise_by_averages, normalise_columns};
pub use one_output::forward as forward_one_output;
pub use strip::{End, Left, Start, Strip, strip};
pub use transpose::transpose;

/// How many columns a panel has: 128 bytes of scalars.
#[inline(always)]
pub const fn panel_width<R>() -> usize {
    128 / size_of::<R>()
}

/// How many panels hold `columns` columns.
#[inline(always)]
pub const fn panel_count<R>(columns: usize) -> usize {
    columns.div_ceil(panel_width::<R>())
}
