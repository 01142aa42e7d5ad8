//! Sums over rows: a chain for each column, and 64 lanes, for layers too narrow for a chain to be quick (NUMERICS rule 4).
//!
//! A lane keeps eight columns side by side, so that a row is added with one register. Lanes are kept between calls: a
//! batch may come in pieces.
#![allow(
    unsafe_code,
    reason = "the entries compiled for an instruction set are called after it was detected"
)]

use super::panel_width;
use crate::kernels::sums::LANES;
use crate::real::Real;

/// Columns that a lane keeps: narrow layers have fewer than eight outputs.
pub const LANE_COLUMNS: usize = 8;

dispatched! {
    /// `sums[j]` = Σₙ `y[n,j]`, one chain for each column of a panel, n ascending: from 0, or going on from what is there.
    ///
    /// # Shapes
    /// `y`: `[rows, W]`; `sums`: `[W]`.
    ///
    /// # Panics
    /// If `sums` has another length.
    pub fn add_rows<R>(y: &[R], goes_on: bool, sums: &mut [R]) = add_rows_portable;
}

#[inline(always)]
fn add_rows_portable<R: Real>(y: &[R], goes_on: bool, sums: &mut [R]) {
    let width = panel_width::<R>();
    assert_eq!(sums.len(), width, "sums are [W]");
    if !goes_on {
        sums.fill(R::ZERO);
    }
    for row in y.chunks_exact(width) {
        for j in 0..width {
            sums[j] += row[j];
        }
    }
}

dispatched! {
    /// `lanes[n mod 64]` += `y[n]` for the rows of `y`, whose first has the number `first` in its block.
    ///
    /// # Shapes
    /// `y`: `[rows, W]`, a panel; `lanes`: `[64, 8]`.
    ///
    /// # Panics
    /// If a slice does not have whole rows, or `lanes` another length.
    pub fn add_in_lanes<R>(first: usize, y: &[R], lanes: &mut [R]) = add_in_lanes_portable;
}

#[inline(always)]
fn add_in_lanes_portable<R: Real>(first: usize, y: &[R], lanes: &mut [R]) {
    assert_eq!(lanes.len(), LANES * LANE_COLUMNS, "lanes are [64, 8]");
    for (n, row) in y.chunks_exact(panel_width::<R>()).enumerate() {
        let lane = (first + n) % LANES;
        let lane = &mut lanes[lane * LANE_COLUMNS..(lane + 1) * LANE_COLUMNS];
        for j in 0..LANE_COLUMNS {
            lane[j] += row[j];
        }
    }
}

dispatched! {
    /// `lanes[k, n mod 64]` += `x[n,k]`·`y[n]` for every input k, in fused multiply-adds.
    ///
    /// # Shapes
    /// `x`, `y`: `[rows, W]`, one panel each; `lanes`: `[inputs, 64, 8]`.
    ///
    /// # Panics
    /// If the slices do not have the same whole rows, or `lanes` has more inputs than a panel.
    pub fn add_products_in_lanes<R>(first: usize, x: &[R], y: &[R], lanes: &mut [R]) = add_products_in_lanes_portable;
}

#[inline(always)]
fn add_products_in_lanes_portable<R: Real>(first: usize, x: &[R], y: &[R], lanes: &mut [R]) {
    let width = panel_width::<R>();
    let inputs = lanes.len() / (LANES * LANE_COLUMNS);
    assert!(inputs <= width && lanes.len() == inputs * LANES * LANE_COLUMNS, "lanes are [inputs, 64, 8]");
    assert_eq!(x.len(), y.len(), "x and y have the same rows");
    for (n, (x, y)) in x.chunks_exact(width).zip(y.chunks_exact(width)).enumerate() {
        let lane = (first + n) % LANES;
        for k in 0..inputs {
            let at = (k * LANES + lane) * LANE_COLUMNS;
            let lane = &mut lanes[at..at + LANE_COLUMNS];
            for j in 0..LANE_COLUMNS {
                lane[j] = x[k].mul_add(y[j], lane[j]);
            }
        }
    }
}

/// The sums of eight columns: lanes joined by halves, l with l + 32, then 16, 8, 4, 2, 1.
///
/// # Panics
/// If `lanes` is not `[64, 8]`.
pub fn joined<R: Real>(lanes: &[R]) -> [R; LANE_COLUMNS] {
    assert_eq!(lanes.len(), LANES * LANE_COLUMNS, "lanes are [64, 8]");
    let mut sums = [R::ZERO; LANE_COLUMNS];
    for j in 0..LANE_COLUMNS {
        let mut column = [R::ZERO; LANES];
        for l in 0..LANES {
            column[l] = lanes[l * LANE_COLUMNS + j];
        }
        sums[j] = crate::kernels::sums::join_lanes(&mut column);
    }
    sums
}
