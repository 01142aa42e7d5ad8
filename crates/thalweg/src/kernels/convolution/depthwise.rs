//! One channel seen through a kernel of 3 by 3: what depthwise convolutions are made of. With so few terms loads count for more than
//! products, so that a row of positions is read once for all three rows of the kernel.
#![allow(
    unsafe_code,
    reason = "registers are loaded and stored through pointers into slices checked at entry"
)]

use std::mem::MaybeUninit;

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

/// Values of rows of x that lie turned, positions by channels, while the kernel passes over them: 32 KB in `f32`.
pub(super) const TURNED: usize = 8192;

/// Channels that lie side by side in one register at most.
pub(super) const MOST_LANES: usize = 16;

/// Some terms of the gradient of as many channels as a register has lanes; `dy` and `chains` lie in panels.
#[derive(Clone, Copy)]
pub(super) struct Gradient<R> {
    /// The first channel's plane, and how far the next one's lies.
    pub(super) x: *const R,
    pub(super) plane: usize,
    pub(super) channels: usize,
    pub(super) pitch: usize,
    /// Rows of the plane that the kernel covers.
    pub(super) span: usize,
    pub(super) offsets: *const usize,
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) dy: *const R,
    pub(super) lanes: usize,
    pub(super) chains: *mut R,
}

/// The chains of `m` terms over all positions of an example: nine at a time, which a kernel of 3 by 3 has, then what is left.
///
/// # Safety
/// `x` reaches all planes and a register behind, `dy` all positions, `chains` all terms; `span` rows of a register each fit [`TURNED`].
#[inline(always)]
pub(super) unsafe fn gradient<R: Real, V: Vector<R>>(m: usize, work: Gradient<R>) {
    let mut first = 0;
    while first < m {
        let left = m - first;
        // SAFETY: the caller's.
        unsafe {
            let chains = work.chains.add(first * work.lanes);
            let part = Gradient { offsets: work.offsets.add(first), chains, ..work };
            first += match left {
                9.. => terms::<R, V, 9>(part),
                4..9 => terms::<R, V, 4>(part),
                _ => terms::<R, V, 1>(part),
            };
        }
    }
}

/// So many of them.
#[inline(always)]
unsafe fn terms<R: Real, V: Vector<R>, const M: usize>(work: Gradient<R>) -> usize {
    let row = work.pitch * V::WIDTH;
    let mut turned = [const { MaybeUninit::<R>::uninit() }; TURNED];
    if work.channels < V::WIDTH {
        turned[..work.span * row].fill(MaybeUninit::new(R::ZERO)); // lanes that no row fills
    }
    let turned = turned.as_mut_ptr().cast::<R>();
    // SAFETY: the caller's; rows are written before they are read, to the last of their values.
    unsafe {
        let mut chains = [V::splat(R::ZERO); M];
        for m in 0..M {
            chains[m] = V::load(work.chains.add(m * work.lanes));
        }
        let mut dy = work.dy;
        let mut next = 0;
        for r in 0..work.rows {
            while next < r + work.span {
                turn_row::<R, V>(work, next, turned.add(next % work.span * row));
                next += 1;
            }
            let mut x = [turned.cast_const(); M];
            for m in 0..M {
                let offset = *work.offsets.add(m);
                let place = (r + offset / work.pitch) % work.span;
                x[m] = turned.cast_const().add(place * row + offset % work.pitch * V::WIDTH);
            }
            for c in 0..work.columns {
                let value = V::load(dy);
                for m in 0..M {
                    chains[m] = V::load(x[m].add(c * V::WIDTH)).mul_add(value, chains[m]);
                }
                dy = dy.add(work.lanes);
            }
        }
        for m in 0..M {
            chains[m].store(work.chains.add(m * work.lanes));
        }
    }
    M
}

/// Row `h` of all channels, position by position.
#[inline(always)]
unsafe fn turn_row<R: Real, V: Vector<R>>(work: Gradient<R>, h: usize, to: *mut R) {
    let mut c = 0;
    while c < work.pitch {
        let left = work.pitch - c;
        let columns = if left < V::WIDTH { left } else { V::WIDTH };
        // SAFETY: the caller's; a row is read to the end of its last register.
        unsafe {
            let from = work.x.add(h * work.pitch + c);
            V::turn(work.channels, columns, from, work.plane, to.add(c * V::WIDTH), V::WIDTH);
        }
        c += V::WIDTH;
    }
}
