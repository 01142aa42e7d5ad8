//! One channel seen through a kernel of 3 by 3: what depthwise convolutions are made of. With so few terms loads count for more than
//! products, so that a row of positions is read once for all three rows of the kernel.
#![allow(
    unsafe_code,
    reason = "registers are loaded and stored through pointers into slices checked at entry"
)]

use crate::kernels::vector::Vector;
use crate::real::Real;

/// Rows and columns of the kernel.
pub(super) const SIDE: usize = 3;

/// Rows of a tile: with nine weights and two registers of positions they fill the registers there are.
const ROWS: usize = 8;
const FEW_ROWS: usize = 4;

/// One channel of positions.
#[derive(Clone, Copy)]
pub(super) struct Channel<R> {
    pub(super) x: *const R,
    pub(super) pitch: usize,
    /// Nine weights, row by row.
    pub(super) w: *const R,
    pub(super) start: R,
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) y: *mut R,
    /// From one row of y to the next.
    pub(super) row: usize,
}

/// Whether terms lie as a kernel of 3 by 3 on rows `pitch` values apart.
pub(super) fn is_square(offsets: &[usize], pitch: usize) -> bool {
    let Some(&first) = offsets.first() else { return false };
    let is_next = |(k, &offset): (usize, &usize)| offset == first + k / SIDE * pitch + k % SIDE;
    offsets.len() == SIDE * SIDE && offsets.iter().enumerate().all(is_next)
}

/// All positions of a channel, every value a chain over the nine terms.
///
/// # Safety
/// `x` reaches the first term of all positions, the rows and columns of the kernel beyond, and a register behind; `y` reaches all rows.
#[inline(always)]
pub(super) unsafe fn channel<R: Real, V: Vector<R>>(work: Channel<R>) {
    // SAFETY: the caller's.
    unsafe {
        let mut weights = [V::splat(R::ZERO); SIDE * SIDE];
        for k in 0..SIDE * SIDE {
            weights[k] = V::splat(*work.w.add(k));
        }
        let mut c = 0;
        while c < work.columns {
            // The last register overlaps the one before it where there is one.
            let is_part = c + V::WIDTH > work.columns;
            let column = if is_part && work.columns >= V::WIDTH { work.columns - V::WIDTH } else { c };
            let left = work.columns - column;
            let lanes = if left < V::WIDTH { left } else { V::WIDTH };
            let mut r = 0;
            while r < work.rows {
                let left = work.rows - r;
                if V::REGISTERS == 32 && left >= ROWS {
                    tile::<R, V, ROWS>(work, &weights, r, column, lanes);
                    r += ROWS;
                } else if left >= FEW_ROWS {
                    tile::<R, V, FEW_ROWS>(work, &weights, r, column, lanes);
                    r += FEW_ROWS;
                } else {
                    tile::<R, V, 1>(work, &weights, r, column, lanes);
                    r += 1;
                }
            }
            c += V::WIDTH;
        }
    }
}

/// `M` rows of one register of positions.
#[inline(always)]
unsafe fn tile<R: Real, V: Vector<R>, const M: usize>(
    work: Channel<R>,
    weights: &[V; SIDE * SIDE],
    r: usize,
    column: usize,
    lanes: usize,
) {
    // SAFETY: the caller's.
    unsafe {
        let mut chains = [V::splat(work.start); M];
        let x = work.x.add(r * work.pitch + column);
        for h in 0..M + SIDE - 1 {
            for q in 0..SIDE {
                let value = V::load(x.add(h * work.pitch + q));
                for p in 0..SIDE {
                    if h >= p && h - p < M {
                        chains[h - p] = value.mul_add(weights[p * SIDE + q], chains[h - p]);
                    }
                }
            }
        }
        for m in 0..M {
            let y = work.y.add((r + m) * work.row + column);
            if lanes == V::WIDTH {
                chains[m].store(y);
            } else {
                chains[m].store_first(lanes, y);
            }
        }
    }
}
