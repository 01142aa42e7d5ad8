//! A block's transpose, by squares that are turned in registers.
#![allow(
    unsafe_code,
    reason = "registers are loaded and stored through pointers into slices checked at entry"
)]

use super::panel_width;
use crate::kernels::vector::Vector;
use crate::real::Real;

vectorised! {
    /// `to[j,k]` = `from[k,j]` for k < rows ≤ W and j < columns ≤ W.
    ///
    /// # Shapes
    /// `from`: `[rows, W]`; `to`: `[columns, W]`, whose columns from `rows` on stay as they are.
    ///
    /// # Panics
    /// If a slice is shorter than the sizes say.
    pub fn transpose<R>(rows: usize, columns: usize, from: &[R], to: &mut [R]) = transpose_body;
}

#[inline(always)]
unsafe fn transpose_body<R: Real, V: Vector<R>>(rows: usize, columns: usize, from: &[R], to: &mut [R]) {
    let width = panel_width::<R>();
    assert!(rows <= width && columns <= width, "a block lies in one panel");
    assert!(
        from.len() >= rows * width && to.len() >= columns * width,
        "blocks are [rows, W] and [columns, W]"
    );
    let mut k = 0;
    while k < rows {
        let mut j = 0;
        while j < columns {
            // SAFETY: the square's rows and columns lie within both blocks, which the asserts above cover; W is a
            // multiple of a register, so that whole registers do too.
            unsafe {
                let (from, to) = (from.as_ptr().add(k * width + j), to.as_mut_ptr().add(j * width + k));
                let (rows, columns) = (rows - k, columns - j);
                V::turn(
                    if rows < V::WIDTH { rows } else { V::WIDTH },
                    if columns < V::WIDTH { columns } else { V::WIDTH },
                    from,
                    width,
                    to,
                    width,
                );
            }
            j += V::WIDTH;
        }
        k += V::WIDTH;
    }
}
