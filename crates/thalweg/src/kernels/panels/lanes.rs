//! Sums over rows: a chain for each column, and 64 lanes, for layers too narrow for a chain to be quick (NUMERICS rule 4).
//!
//! A lane keeps eight columns side by side, so that a row is added with one register. Lanes are kept between calls: a
//! batch may come in pieces.
#![allow(
    unsafe_code,
    reason = "registers are loaded and stored through pointers into slices checked at entry"
)]

use super::panel_width;
use crate::kernels::sums::LANES;
use crate::kernels::vector::Vector;
use crate::real::Real;

/// Columns that a lane keeps: narrow layers have fewer than eight outputs.
pub const LANE_COLUMNS: usize = 8;

vectorised! {
    /// `sums[j]` = Σₙ `y[n,j]`, one chain for each column of a panel, n ascending: from 0, or going on from what is there.
    ///
    /// # Shapes
    /// `y`: `[rows, W]`; `sums`: `[W]`.
    ///
    /// # Panics
    /// If `sums` has another length.
    pub fn add_rows<R>(y: &[R], goes_on: bool, sums: &mut [R]) = add_rows_body;
}

#[inline(always)]
unsafe fn add_rows_body<R: Real, V: Vector<R>>(y: &[R], goes_on: bool, sums: &mut [R]) {
    let width = panel_width::<R>();
    assert_eq!(sums.len(), width, "sums are [W]");
    let rows = y.len() / width;
    let mut j = 0;
    while j < width {
        // SAFETY: a panel's width is a multiple of two registers of every instruction set, and y has whole rows of it.
        unsafe {
            let to = sums.as_mut_ptr().add(j);
            let zero = V::splat(R::ZERO);
            let mut chains = if goes_on { [V::load(to), V::load(to.add(V::WIDTH))] } else { [zero; 2] };
            let mut row = y.as_ptr().add(j);
            for _ in 0..rows {
                chains = [chains[0].add(V::load(row)), chains[1].add(V::load(row.add(V::WIDTH)))];
                row = row.wrapping_add(width);
            }
            chains[0].store(to);
            chains[1].store(to.add(V::WIDTH));
        }
        j += 2 * V::WIDTH;
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
