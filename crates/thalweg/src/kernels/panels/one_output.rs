//! The forward pass of a layer with one output and a long input in panels (NUMERICS rule 2).
#![allow(
    unsafe_code,
    reason = "registers are loaded and stored through pointers into slices checked at entry"
)]

use super::{panel_count, panel_width};
use crate::kernels::sums::{LANES, SEGMENT, join_lanes};
use crate::kernels::vector::Vector;
use crate::real::Real;

vectorised! {
    /// `z[n]` = Σₖ `x[n,k]`·`w[k]` + b, in segments of 6,144 inputs with 64 lanes each; `z[n]` is written to `z[n·W]`, the first
    /// column of a panel.
    ///
    /// # Shapes
    /// `x`: panels from the first row on, `panel` values apart; `w`: `[inputs]`; `z`: `[rows, W]`.
    ///
    /// # Panics
    /// If a slice is shorter than the sizes say.
    pub fn forward<R>(rows: usize, inputs: usize, x: &[R], panel: usize, w: &[R], b: R, z: &mut [R]) = forward_body;
}

#[inline(always)]
unsafe fn forward_body<R: Real, V: Vector<R>>(
    rows: usize,
    inputs: usize,
    x: &[R],
    panel: usize,
    w: &[R],
    b: R,
    z: &mut [R],
) {
    let width = panel_width::<R>();
    assert!(w.len() >= inputs, "w is [inputs]");
    assert!(z.len() >= rows * width, "z is [rows, W]");
    if rows == 0 {
        return;
    }
    let last = panel_count::<R>(inputs) - 1;
    assert!(x.len() >= last * panel + (rows - 1) * width + (inputs - last * width), "x holds all rows");
    for n in 0..rows {
        let mut total = R::ZERO;
        let mut start = 0;
        while start < inputs {
            let end = if inputs - start > SEGMENT { start + SEGMENT } else { inputs };
            // SAFETY: columns start..end of row n, which the assert above covers; a segment begins with a panel.
            let sum = unsafe { segment::<R, V>(x, panel, n, start, end, w) };
            total = if start == 0 { sum } else { total + sum };
            start = end;
        }
        z[n * width] = total + b;
    }
}

/// The products of columns start..end of one row, in lanes.
#[inline(always)]
unsafe fn segment<R: Real, V: Vector<R>>(
    x: &[R],
    panel: usize,
    n: usize,
    start: usize,
    end: usize,
    w: &[R],
) -> R {
    let width = panel_width::<R>();
    let mut lanes = [R::ZERO; LANES];
    let mut k = start;
    // SAFETY: the caller's columns lie in x and w; `lanes` has 64 values, and a panel's lanes begin at a multiple of W.
    unsafe {
        while end - k >= width {
            let x = x.as_ptr().add(k / width * panel + n * width);
            let to = lanes.as_mut_ptr().add(k % LANES);
            let mut v = 0;
            while v < width {
                let lane = V::load(x.add(v)).mul_add(V::load(w.as_ptr().add(k + v)), V::load(to.add(v)));
                lane.store(to.add(v));
                v += V::WIDTH;
            }
            k += width;
        }
    }
    while k < end {
        let lane = &mut lanes[k % LANES];
        *lane = x[k / width * panel + n * width + k % width].mul_add(w[k], *lane);
        k += 1;
    }
    join_lanes(&mut lanes)
}
