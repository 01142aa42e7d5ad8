//! Rows that lie one after the other, brought into a panel.
#![allow(
    unsafe_code,
    reason = "registers are loaded and stored through pointers into slices checked at entry"
)]

use super::panel_width;
use crate::kernels::vector::Vector;
use crate::real::Real;

vectorised! {
    /// `to[n,j]` = `x[n·stride + j]` for j < columns ≤ W: some columns of row-major values as the rows of a panel.
    ///
    /// # Shapes
    /// `x`: from the first value of the first row on, rows `stride` values apart; `to`: `[rows, W]`, whose columns from
    /// `columns` on stay as they are.
    ///
    /// # Panics
    /// If a slice is shorter than the sizes say.
    pub fn copy_columns<R>(columns: usize, x: &[R], stride: usize, to: &mut [R]) = copy_columns_body;
}

#[inline(always)]
unsafe fn copy_columns_body<R: Real, V: Vector<R>>(columns: usize, x: &[R], stride: usize, to: &mut [R]) {
    let width = panel_width::<R>();
    let rows = to.len() / width;
    assert!(columns <= width, "the columns lie in one panel");
    assert!(to.len() == rows * width, "the panel has whole rows");
    assert!(rows == 0 || x.len() >= (rows - 1) * stride + columns, "x holds all rows");
    for n in 0..rows {
        let mut j = 0;
        // SAFETY: columns j..j+WIDTH of row n lie in both slices, which the asserts above cover.
        unsafe {
            let (from, to) = (x.as_ptr().add(n * stride), to.as_mut_ptr().add(n * width));
            while columns - j >= V::WIDTH {
                V::load(from.add(j)).store(to.add(j));
                j += V::WIDTH;
            }
        }
        while j < columns {
            to[n * width + j] = x[n * stride + j];
            j += 1;
        }
    }
}
