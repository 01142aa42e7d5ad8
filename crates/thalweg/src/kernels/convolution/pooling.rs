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
    reason = "registers are loaded and stored through pointers into slices checked at entry"
)]

use super::{PoolSizes, Windows};
use crate::kernels::vector::Vector;
use crate::real::Real;

vectorised! {
    /// The first largest value of each window, NaN counting as larger than all; `places` keeps where it stands in its channel
    /// of the image: row · width + column.
    ///
    /// # Shapes
    /// `x`: `[rows, channels, height, width]`; `y`, `places`: `[rows, channels, windows down, windows across]`, overwritten. A
    /// place is exact in `f32` as far as 16,777,216.
    ///
    /// # Panics
    /// If a slice does not have the length that `sizes` gives it.
    pub(crate) fn max_pool<R>(sizes: PoolSizes, rows: usize, x: &[R], y: &mut [R], places: &mut [R]) = max_pool_body;
}

#[inline(always)]
#[expect(clippy::eq_op, reason = "only NaN differs from itself")]
unsafe fn max_pool_body<R: Real, V: Vector<R>>(
    sizes: PoolSizes,
    rows: usize,
    x: &[R],
    y: &mut [R],
    places: &mut [R],
) {
    check(sizes, rows, x, y);
    assert_eq!(places.len(), y.len(), "a place for each value");
    let [down, across] = sizes.checked_output();
    let (height, width) = (sizes.height, sizes.width);
    if sizes.windows == [PAIRS; 2] {
        // SAFETY: this instruction set's registers.
        let pairs = unsafe { Pairs::<V>::new::<R>(width, across) };
        for row in 0..rows * sizes.channels * down {
            let (channel, r) = (row / down, row % down);
            let at = (channel * height + 2 * r) * width;
            let (x, y) = (&x[at..at + 2 * width], &mut y[row * across..(row + 1) * across]);
            // SAFETY: as above.
            unsafe { pairs.largest(2 * r * width, x, y, &mut places[row * across..(row + 1) * across]) };
        }
        return;
    }
    for channel in 0..rows * sizes.channels {
        let x = &x[channel * height * width..(channel + 1) * height * width];
        for r in 0..down {
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

vectorised! {
    /// `dx[place]` = Σ dy over the windows whose largest value stands there, in order, from 0.
    ///
    /// # Shapes
    /// As for [`max_pool`]; `dx` is overwritten.
    ///
    /// # Panics
    /// As [`max_pool`].
    pub(crate) fn max_pool_gradient<R>(
        sizes: PoolSizes, rows: usize, places: &[R], dy: &[R], dx: &mut [R],
    ) = max_pool_gradient_body;
}

#[inline(always)]
unsafe fn max_pool_gradient_body<R: Real, V: Vector<R>>(
    sizes: PoolSizes,
    rows: usize,
    places: &[R],
    dy: &[R],
    dx: &mut [R],
) {
    check(sizes, rows, dx, dy);
    assert_eq!(places.len(), dy.len(), "a place for each value");
    let [down, across] = sizes.checked_output();
    let (height, width) = (sizes.height, sizes.width);
    if sizes.windows == [PAIRS; 2] {
        // SAFETY: this instruction set's registers.
        let pairs = unsafe { Pairs::<V>::new::<R>(width, across) };
        for row in 0..rows * sizes.channels * down {
            let (channel, r) = (row / down, row % down);
            let at = (channel * height + 2 * r) * width;
            let end = if r + 1 < down { at + 2 * width } else { (channel + 1) * height * width };
            let dx = &mut dx[at..end];
            dx[2 * width..].fill(R::ZERO);
            let of_row = row * across..(row + 1) * across;
            // SAFETY: as above.
            unsafe { pairs.gradient(2 * r * width, &places[of_row.clone()], &dy[of_row], dx) };
        }
        return;
    }
    dx.fill(R::ZERO);
    let (image, windows) = (height * width, down * across);
    for channel in 0..rows * sizes.channels {
        let dx = &mut dx[channel * image..(channel + 1) * image];
        for at in channel * windows..(channel + 1) * windows {
            dx[places[at].to_f64() as usize] += dy[at];
        }
    }
}

/// Windows of two by two that do not overlap: what most networks have.
const PAIRS: Windows = Windows::Regular { size: 2, stride: 2, before: 0, after: 0 };

/// Lanes of a register at most.
const MOST_LANES: usize = 16;

/// A row of such windows, worked a register of them at a time: nobody can foresee which value is the largest, so there are no branches.
struct Pairs<V> {
    width: usize,
    /// How many windows there are.
    across: usize,
    /// How far each window's first place lies behind that of the register's first window.
    steps: V,
    one: V,
    down: V,
}

impl<V: Copy> Pairs<V> {
    #[inline(always)]
    unsafe fn new<R: Real>(width: usize, across: usize) -> Self
    where
        V: Vector<R>,
    {
        let mut steps = [R::ZERO; MOST_LANES];
        for l in 0..V::WIDTH {
            steps[l] = R::from_f64((2 * l) as f64);
        }
        // SAFETY: a register has at most so many lanes.
        unsafe {
            Pairs {
                width,
                across,
                steps: V::load(steps.as_ptr()),
                one: V::splat(R::ONE),
                down: V::splat(R::from_f64(width as f64)),
            }
        }
    }

    /// The places of the four values of each window, of which the register's first begins at `first`. They are whole numbers, whose
    /// sums are exact.
    #[inline(always)]
    unsafe fn places<R: Real>(&self, first: usize) -> [V; 4]
    where
        V: Vector<R>,
    {
        // SAFETY: the caller's.
        unsafe {
            let first = V::splat(R::from_f64(first as f64)).add(self.steps);
            let below = first.add(self.down);
            [first, first.add(self.one), below, below.add(self.one)]
        }
    }

    /// The largest values over two rows of the image, the first of which begins at place `first`.
    #[inline(always)]
    unsafe fn largest<R: Real>(&self, first: usize, x: &[R], y: &mut [R], places: &mut [R])
    where
        V: Vector<R>,
    {
        assert!(x.len() >= 2 * self.width && self.width >= 2 * self.across, "two rows of the image");
        assert!(y.len() == self.across && places.len() == self.across, "a row of windows");
        let mut start = 0;
        while start < self.across {
            let left = self.across - start;
            let count = if left < V::WIDTH { left } else { V::WIDTH };
            // SAFETY: `count` windows from `start` on lie in both rows, and as many values in `y` and `places`.
            unsafe {
                let at = self.places(first + 2 * start);
                let (upper, beside) = V::load_pairs(count, x.as_ptr().add(2 * start));
                let (lower, last) = V::load_pairs(count, x.as_ptr().add(self.width + 2 * start));
                let (largest, place) = upper.larger_with_place(at[0], beside, at[1]);
                let (largest, place) = largest.larger_with_place(place, lower, at[2]);
                let (largest, place) = largest.larger_with_place(place, last, at[3]);
                largest.store_first(count, y.as_mut_ptr().add(start));
                place.store_first(count, places.as_mut_ptr().add(start));
            }
            start += V::WIDTH;
        }
    }

    /// Their gradients: 0 + dy where the largest value stands, else 0.
    #[inline(always)]
    unsafe fn gradient<R: Real>(&self, first: usize, places: &[R], dy: &[R], dx: &mut [R])
    where
        V: Vector<R>,
    {
        assert!(dx.len() >= 2 * self.width && self.width >= 2 * self.across, "two rows of the image");
        assert!(dy.len() == self.across && places.len() == self.across, "a row of windows");
        for row in 0..2 {
            dx[row * self.width + 2 * self.across..(row + 1) * self.width].fill(R::ZERO);
        }
        let mut start = 0;
        while start < self.across {
            let left = self.across - start;
            let count = if left < V::WIDTH { left } else { V::WIDTH };
            // SAFETY: as in `largest`.
            unsafe {
                let at = self.places(first + 2 * start);
                let place = V::load_first(count, places.as_ptr().add(start));
                let dy = V::splat(R::ZERO).add(V::load_first(count, dy.as_ptr().add(start)));
                for row in 0..2 {
                    let (even, odd) =
                        (dy.where_equal(place, at[2 * row]), dy.where_equal(place, at[2 * row + 1]));
                    let to = dx.as_mut_ptr().add(row * self.width + 2 * start);
                    V::store_pairs(count, even, odd, to);
                }
            }
            start += V::WIDTH;
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
    pub(crate) fn average_pool<R>(sizes: PoolSizes, rows: usize, x: &[R], y: &mut [R]) = average_pool_portable;
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
    pub(crate) fn average_pool_gradient<R>(sizes: PoolSizes, rows: usize, dy: &[R], dx: &mut [R]) = average_pool_gradient_portable;
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
