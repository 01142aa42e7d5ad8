//! Pooling: the largest value or the mean of each window, and their gradients.
//!
//! ```text
//! max:      y = x[k], k the first place in the window (row by row) with the largest value     dx[k] += dy
//! average:  y = (Σ x) / m over the m values of the window inside of the image                 dx[l] += dy / m for all l in it
//! ```
//!
//! Sums start at 0 and go row by row through the window; an element's gradient is a chain over its windows, row by row.
#![allow(
    unsafe_code,
    reason = "the entries compiled for an instruction set are called after it was detected"
)]

use super::{PoolSizes, Windows};
use crate::real::Real;

dispatched! {
    /// The first largest value of each window, NaN counting as larger than all; `places` keeps where it stands in its channel
    /// of the image: row · width + column.
    ///
    /// # Shapes
    /// `x`: `[rows, channels, height, width]`; `y`, `places`: `[rows, channels, windows down, windows across]`, overwritten. A
    /// place is exact in `f32` as far as 16,777,216.
    ///
    /// # Panics
    /// If a slice does not have the length that `sizes` gives it.
    pub fn max_pool<R>(sizes: PoolSizes, rows: usize, x: &[R], y: &mut [R], places: &mut [R]) = max_pool_portable;
}

#[inline(always)]
#[expect(clippy::eq_op, reason = "only NaN differs from itself")]
fn max_pool_portable<R: Real>(sizes: PoolSizes, rows: usize, x: &[R], y: &mut [R], places: &mut [R]) {
    check(sizes, rows, x, y);
    assert_eq!(places.len(), y.len(), "a place for each value");
    let [down, across] = sizes.checked_output();
    let (height, width) = (sizes.height, sizes.width);
    let is_in_pairs = sizes.windows == [PAIRS; 2];
    for channel in 0..rows * sizes.channels {
        let x = &x[channel * height * width..(channel + 1) * height * width];
        for r in 0..down {
            if is_in_pairs {
                let at = (channel * down + r) * across;
                let (y, places) = (&mut y[at..at + across], &mut places[at..at + across]);
                max_of_pairs(2 * r * width, width, &x[2 * r * width..(2 * r + 2) * width], y, places);
                continue;
            }
            let window_rows = sizes.windows[0].window(r, height);
            for c in 0..across {
                let columns = sizes.windows[1].window(c, width);
                let mut place = window_rows.start * width + columns.start;
                let mut largest = x[place];
                for h in window_rows.clone() {
                    for l in columns.clone() {
                        let value = x[h * width + l];
                        if value > largest || (value != value && largest == largest) {
                            largest = value;
                            place = h * width + l;
                        }
                    }
                }
                let at = (channel * down + r) * across + c;
                y[at] = largest;
                places[at] = R::from_f64(place as f64);
            }
        }
    }
}

/// Windows of two by two that do not overlap: what most networks have.
const PAIRS: Windows = Windows::Regular { size: 2, stride: 2, before: 0, after: 0 };

/// Windows that are worked side by side.
const SIDE_BY_SIDE: usize = 16;

/// One row of such windows, over two rows of the image whose first value has the place `first`. Without branches, since nobody can
/// foresee which value is the largest, and in arrays of one length, which become registers.
#[inline(always)]
#[expect(
    clippy::eq_op,
    clippy::neg_cmp_op_on_partial_ord,
    reason = "NaN is neither larger nor equal, not even to itself"
)]
fn max_of_pairs<R: Real>(first: usize, width: usize, x: &[R], y: &mut [R], places: &mut [R]) {
    let (upper, lower) = x.split_at(width);
    let offsets = [R::ZERO, R::ONE, R::from_f64(width as f64), R::from_f64((width + 1) as f64)];
    let mut start = 0;
    while start < y.len() {
        let left = y.len() - start;
        let count = if left < SIDE_BY_SIDE { left } else { SIDE_BY_SIDE };
        let mut rows = [[R::ZERO; 2 * SIDE_BY_SIDE]; 2];
        rows[0][..2 * count].copy_from_slice(&upper[2 * start..2 * (start + count)]);
        rows[1][..2 * count].copy_from_slice(&lower[2 * start..2 * (start + count)]);
        let mut largest = [R::ZERO; SIDE_BY_SIDE];
        let mut place = [R::ZERO; SIDE_BY_SIDE];
        for l in 0..SIDE_BY_SIDE {
            largest[l] = rows[0][2 * l];
            place[l] = offsets[0];
        }
        for k in 1..4 {
            for l in 0..SIDE_BY_SIDE {
                let value = rows[k / 2][2 * l + k % 2];
                // Larger, or not a number where the largest so far is one.
                let is_next = !(value <= largest[l]) & (largest[l] == largest[l]);
                largest[l] = if is_next { value } else { largest[l] };
                place[l] = if is_next { offsets[k] } else { place[l] };
            }
        }
        for l in 0..SIDE_BY_SIDE {
            place[l] += R::from_f64((first + 2 * (start + l)) as f64);
        }
        y[start..start + count].copy_from_slice(&largest[..count]);
        places[start..start + count].copy_from_slice(&place[..count]);
        start += count;
    }
}

dispatched! {
    /// `dx[place]` = Σ dy over the windows whose largest value stands there, in order, from 0.
    ///
    /// # Shapes
    /// As for [`max_pool`]; `dx` is overwritten.
    ///
    /// # Panics
    /// As [`max_pool`].
    pub fn max_pool_gradient<R>(
        sizes: PoolSizes, rows: usize, places: &[R], dy: &[R], dx: &mut [R],
    ) = max_pool_gradient_portable;
}

#[inline(always)]
fn max_pool_gradient_portable<R: Real>(sizes: PoolSizes, rows: usize, places: &[R], dy: &[R], dx: &mut [R]) {
    check(sizes, rows, dx, dy);
    assert_eq!(places.len(), dy.len(), "a place for each value");
    dx.fill(R::ZERO);
    let (image, windows) = (sizes.height * sizes.width, dy.len() / (rows * sizes.channels).max(1));
    for channel in 0..rows * sizes.channels {
        let dx = &mut dx[channel * image..(channel + 1) * image];
        for at in channel * windows..(channel + 1) * windows {
            dx[places[at].to_f64() as usize] += dy[at];
        }
    }
}

dispatched! {
    /// The mean of each window.
    ///
    /// # Shapes
    /// `x`: `[rows, channels, height, width]`; `y`: `[rows, channels, windows down, windows across]`, overwritten.
    ///
    /// # Panics
    /// If a slice does not have the length that `sizes` gives it.
    pub fn average_pool<R>(sizes: PoolSizes, rows: usize, x: &[R], y: &mut [R]) = average_pool_portable;
}

#[inline(always)]
fn average_pool_portable<R: Real>(sizes: PoolSizes, rows: usize, x: &[R], y: &mut [R]) {
    check(sizes, rows, x, y);
    let [down, across] = sizes.checked_output();
    let (height, width) = (sizes.height, sizes.width);
    for channel in 0..rows * sizes.channels {
        let x = &x[channel * height * width..(channel + 1) * height * width];
        for r in 0..down {
            let window_rows = sizes.windows[0].window(r, height);
            for c in 0..across {
                let columns = sizes.windows[1].window(c, width);
                let mut sum = R::ZERO;
                for h in window_rows.clone() {
                    for l in columns.clone() {
                        sum += x[h * width + l];
                    }
                }
                let count = window_rows.len() * columns.len();
                y[(channel * down + r) * across + c] = sum / R::from_f64(count as f64);
            }
        }
    }
}

dispatched! {
    /// `dx[l]` = Σ dy / m over the windows that l belongs to, in order, from 0.
    ///
    /// # Shapes
    /// As for [`average_pool`]; `dx` is overwritten.
    ///
    /// # Panics
    /// As [`average_pool`].
    pub fn average_pool_gradient<R>(sizes: PoolSizes, rows: usize, dy: &[R], dx: &mut [R]) = average_pool_gradient_portable;
}

#[inline(always)]
fn average_pool_gradient_portable<R: Real>(sizes: PoolSizes, rows: usize, dy: &[R], dx: &mut [R]) {
    check(sizes, rows, dx, dy);
    let [down, across] = sizes.checked_output();
    let (height, width) = (sizes.height, sizes.width);
    dx.fill(R::ZERO);
    for channel in 0..rows * sizes.channels {
        let dx = &mut dx[channel * height * width..(channel + 1) * height * width];
        for r in 0..down {
            let window_rows = sizes.windows[0].window(r, height);
            for c in 0..across {
                let columns = sizes.windows[1].window(c, width);
                let count = window_rows.len() * columns.len();
                let share = dy[(channel * down + r) * across + c] / R::from_f64(count as f64);
                for h in window_rows.clone() {
                    for l in columns.clone() {
                        dx[h * width + l] += share;
                    }
                }
            }
        }
    }
}

fn check<R>(sizes: PoolSizes, rows: usize, x: &[R], y: &[R]) {
    assert_eq!(x.len(), rows * sizes.x_len(), "x is [rows, channels, height, width]");
    assert_eq!(y.len(), rows * sizes.y_len(), "y is [rows, channels, windows down, windows across]");
}
