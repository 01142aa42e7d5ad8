//! The gradients of the hidden layer's parameters: units in lanes, the values of a row as broadcasts.
#![allow(
    unsafe_code,
    reason = "registers are loaded and stored through pointers into slices checked at entry"
)]

use super::{Sizes, unit_width};
use crate::kernels::panels::panel_width;
use crate::kernels::sums::ROWS;
use crate::kernels::vector::Vector;
use crate::real::Real;

vectorised! {
    /// The gradients of a part of the hidden layer, laid out as its parameters: chains down the rows from 0, added to 0.
    /// No hidden value of these rows may be NaN.
    ///
    /// # Panics
    /// If a slice is shorter than the sizes say, the part is not whole [`unit_width`]s, or the rows are more than a block.
    pub(crate) fn gradients<R>(
        sizes: Sizes, rows: usize, x: &[R], dz: &[R], weights: &[R], gradients: &mut [R],
    ) = gradients_body;
}

#[inline(always)]
unsafe fn gradients_body<R: Real, V: Vector<R>>(
    sizes: Sizes,
    rows: usize,
    x: &[R],
    dz: &[R],
    weights: &[R],
    gradients: &mut [R],
) {
    let all = rows.next_multiple_of(panel_width::<R>());
    assert!(rows <= ROWS, "the rows are one block");
    assert!(x.len() >= all * sizes.inputs, "x is [rows, inputs]");
    assert!(dz.len() >= all * sizes.outputs, "dz is [rows, outputs]");
    assert!(weights.len().is_multiple_of(sizes.planes() * unit_width::<R>()), "units fill registers");
    assert_eq!(weights.len(), gradients.len(), "a gradient for each parameter");
    let work = Backward {
        units: weights.len() / sizes.planes(),
        rows,
        x: x.as_ptr(),
        dz: dz.as_ptr(),
        weights: weights.as_ptr(),
        gradients: gradients.as_mut_ptr(),
    };
    // SAFETY: the caller's instruction set; the asserts cover all rows and units.
    unsafe { with_sizes!(sizes, gradients_of_units::<R, V>(work)) }
}

#[derive(Clone, Copy)]
struct Backward<R> {
    units: usize,
    rows: usize,
    x: *const R,
    dz: *const R,
    weights: *const R,
    gradients: *mut R,
}

#[inline(always)]
unsafe fn gradients_of_units<R: Real, V: Vector<R>, const I: usize, const O: usize>(work: Backward<R>) {
    let mut unit = 0;
    // SAFETY: the caller's; units are whole registers.
    unsafe {
        // Two registers' parameters and chains fit where a unit has at most five of either beside its bias.
        if V::REGISTERS == 32 && I + O <= 5 {
            while work.units - unit >= 2 * V::WIDTH {
                gradient_tile::<R, V, I, O, 2>(work, unit);
                unit += 2 * V::WIDTH;
            }
        }
        while unit < work.units {
            gradient_tile::<R, V, I, O, 1>(work, unit);
            unit += V::WIDTH;
        }
    }
}

/// `N` registers of units, down all rows.
#[inline(always)]
unsafe fn gradient_tile<R: Real, V: Vector<R>, const I: usize, const O: usize, const N: usize>(
    work: Backward<R>,
    unit: usize,
) {
    let (panel, units) = (panel_width::<R>(), work.units);
    // SAFETY: the caller's rows and units lie in the slices.
    unsafe {
        let zero = V::splat(R::ZERO);
        let from = work.weights.add(unit);
        let (mut w1, mut w2, mut bias) = ([[zero; N]; I], [[zero; N]; O], [zero; N]);
        for n in 0..N {
            for i in 0..I {
                w1[i][n] = V::load(from.add(i * units + n * V::WIDTH));
            }
            for o in 0..O {
                w2[o][n] = V::load(from.add((I + o) * units + n * V::WIDTH));
            }
            bias[n] = V::load(from.add((I + O) * units + n * V::WIDTH));
        }
        let (mut dw1, mut dw2, mut dbias) = ([[zero; N]; I], [[zero; N]; O], [zero; N]);
        let mut row = 0;
        while row < work.rows {
            let mut x = work.x.add(row * I);
            let mut dz = work.dz.add(row * O);
            let present = if work.rows - row < panel { work.rows - row } else { panel };
            for _ in 0..present {
                for n in 0..N {
                    let mut h = bias[n];
                    for i in 0..I {
                        h = V::splat(*x.add(i * panel)).mul_add(w1[i][n], h);
                    }
                    let a = zero.larger(h);
                    let mut da = zero;
                    for o in 0..O {
                        da = V::splat(*dz.add(o * panel)).mul_add(w2[o][n], da);
                    }
                    // a is not 0 exactly where h is larger than 0, for h is not NaN.
                    let dh = da.unless_zero(a, zero);
                    for o in 0..O {
                        dw2[o][n] = a.mul_add(V::splat(*dz.add(o * panel)), dw2[o][n]);
                    }
                    for i in 0..I {
                        dw1[i][n] = dh.mul_add(V::splat(*x.add(i * panel)), dw1[i][n]);
                    }
                    dbias[n] = dbias[n].add(dh);
                }
                x = x.add(1);
                dz = dz.add(1);
            }
            row += panel;
        }
        let to = work.gradients.add(unit);
        for n in 0..N {
            for i in 0..I {
                zero.add(dw1[i][n]).store(to.add(i * units + n * V::WIDTH));
            }
            for o in 0..O {
                zero.add(dw2[o][n]).store(to.add((I + o) * units + n * V::WIDTH));
            }
            zero.add(dbias[n]).store(to.add((I + O) * units + n * V::WIDTH));
        }
    }
}
