//! The outputs: rows in lanes, the parameters of a unit as broadcasts.
#![allow(
    unsafe_code,
    reason = "registers are loaded and stored through pointers into slices checked at entry"
)]

use std::ops::Range;

use super::Sizes;
use crate::kernels::panels::panel_width;
use crate::kernels::vector::Vector;
use crate::real::Real;

vectorised! {
    /// The outputs of whole panels of rows: `z[n,o] = b₂[o] + Σₖ relu(b₁[k] + Σᵢ x[n,i]·w₁[i,k])·w₂[k,o]`, each sum one
    /// chain. The parts of the hidden layer follow each other, padding only at the end of the last.
    ///
    /// # Panics
    /// If a slice is shorter than the sizes say, or `z` is not whole panels.
    pub(crate) fn forward<R>(
        sizes: Sizes, parts: &[Range<usize>], weights: &[R], bias: &[R], x: &[R], z: &mut [R],
    ) = forward_body, if has_portable_plans;
}

#[inline(always)]
unsafe fn forward_body<R: Real, V: Vector<R>>(
    sizes: Sizes,
    parts: &[Range<usize>],
    weights: &[R],
    bias: &[R],
    x: &[R],
    z: &mut [R],
) {
    let panel = panel_width::<R>();
    assert!(z.len().is_multiple_of(sizes.outputs * panel), "z is whole panels");
    let rows = z.len() / sizes.outputs;
    assert!(x.len() >= rows * sizes.inputs, "x is [rows, inputs]");
    assert!(bias.len() >= sizes.outputs, "a bias for each output");
    for part in parts {
        assert!(part.start <= part.end, "units ascend");
        assert!(weights.len() >= part.end * sizes.planes(), "parameters for each unit");
    }
    let work = Forward {
        hidden: sizes.hidden,
        parts,
        weights: weights.as_ptr(),
        bias: bias.as_ptr(),
        x: x.as_ptr(),
        z: z.as_mut_ptr(),
        rows,
    };
    // SAFETY: the caller's instruction set; the asserts cover all rows and units.
    unsafe { with_sizes!(sizes, forward_rows::<R, V>(work)) }
}

#[derive(Clone, Copy)]
struct Forward<'a, R> {
    hidden: usize,
    parts: &'a [Range<usize>],
    weights: *const R,
    bias: *const R,
    x: *const R,
    z: *mut R,
    rows: usize,
}

/// Whether registers have an instruction set: portable ones are too short to be worth many.
#[inline(always)]
const fn is_wide<R, V: Vector<R>>() -> bool {
    V::WIDTH * size_of::<R>() >= 32
}

#[inline(always)]
unsafe fn forward_rows<R: Real, V: Vector<R>, const I: usize, const O: usize>(work: Forward<'_, R>) {
    let mut row = 0;
    // SAFETY: the caller's; a panel is whole registers, and as many rows are left as are taken.
    unsafe {
        // Three registers' rows, sums and hidden values fit in 32; two in 16 where a row has few of them.
        if V::REGISTERS == 32 && I + O <= 6 {
            while work.rows - row >= 3 * V::WIDTH {
                forward_tile::<R, V, I, O, 3>(work, row);
                row += 3 * V::WIDTH;
            }
        }
        if is_wide::<R, V>() && (V::REGISTERS == 32 || I + O <= 5) {
            while work.rows - row >= 2 * V::WIDTH {
                forward_tile::<R, V, I, O, 2>(work, row);
                row += 2 * V::WIDTH;
            }
        }
        while row < work.rows {
            forward_tile::<R, V, I, O, 1>(work, row);
            row += V::WIDTH;
        }
    }
}

/// `M` registers of rows.
#[inline(always)]
unsafe fn forward_tile<R: Real, V: Vector<R>, const I: usize, const O: usize, const M: usize>(
    work: Forward<'_, R>,
    row: usize,
) {
    let panel = panel_width::<R>();
    // SAFETY: the caller's rows and units lie in the slices.
    unsafe {
        let zero = V::splat(R::ZERO);
        let mut x = [[zero; M]; I];
        let mut z = [[zero; M]; O];
        for m in 0..M {
            let (first, lane) = ((row + m * V::WIDTH) / panel * panel, (row + m * V::WIDTH) % panel);
            for i in 0..I {
                x[i][m] = V::load(work.x.add(first * I + i * panel + lane));
            }
            for o in 0..O {
                z[o][m] = V::splat(*work.bias.add(o));
            }
        }
        for part in work.parts {
            let len = part.end - part.start;
            let real = if part.end < work.hidden { part.end } else { work.hidden };
            let mut at = work.weights.add(part.start * (I + O + 1));
            // A unit of zeros would turn -0 into +0.
            for _ in part.start..real {
                let bias = V::splat(*at.add((I + O) * len));
                for m in 0..M {
                    let mut h = bias;
                    for i in 0..I {
                        h = x[i][m].mul_add(V::splat(*at.add(i * len)), h);
                    }
                    // What is not larger than 0 stays behind: NaN passes, and -0.
                    h = zero.larger(h);
                    for o in 0..O {
                        z[o][m] = h.mul_add(V::splat(*at.add((I + o) * len)), z[o][m]);
                    }
                }
                at = at.add(1);
            }
        }
        for m in 0..M {
            let (first, lane) = ((row + m * V::WIDTH) / panel * panel, (row + m * V::WIDTH) % panel);
            for o in 0..O {
                z[o][m].store(work.z.add(first * O + o * panel + lane));
            }
        }
    }
}
