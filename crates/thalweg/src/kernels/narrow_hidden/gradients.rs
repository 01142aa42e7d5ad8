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
    /// The gradients of a part of the hidden layer, laid out as its parameters: chains down the rows from 0, added to
    /// 0. No hidden value of these rows may be NaN.
    ///
    /// # Panics
    /// If a slice is shorter than the sizes say, the part is not whole [`unit_width`]s, or the rows are more than a
    /// block.
    pub(crate) fn gradients<R>(
        sizes: Sizes, rows: usize, x: &[R], dz: &[R], weights: &[R], gradients: &mut [R],
    ) = gradients_body, if has_portable_plans;
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

/// One register of units at a time: the rows' sums follow each other closely enough to keep the multipliers busy.
#[inline(always)]
unsafe fn gradients_of_units<R: Real, V: Vector<R>, const I: usize, const O: usize>(work: Backward<R>) {
    let mut unit = 0;
    while unit < work.units {
        // SAFETY: the caller's; units are whole registers.
        unsafe { gradients_of_register::<R, V, I, O>(work, unit) }
        unit += V::WIDTH;
    }
}

#[inline(always)]
unsafe fn gradients_of_register<R: Real, V: Vector<R>, const I: usize, const O: usize>(
    work: Backward<R>,
    unit: usize,
) {
    let (panel, units) = (panel_width::<R>(), work.units);
    // SAFETY: the caller's rows and units lie in the slices.
    unsafe {
        let zero = V::splat(R::ZERO);
        let from = work.weights.add(unit);
        let (mut w1, mut w2) = ([zero; I], [zero; O]);
        for i in 0..I {
            w1[i] = V::load(from.add(i * units));
        }
        for o in 0..O {
            w2[o] = V::load(from.add((I + o) * units));
        }
        let bias = V::load(from.add((I + O) * units));
        let (mut dw1, mut dw2, mut dbias) = ([zero; I], [zero; O], zero);
        let mut row = 0;
        while row < work.rows {
            let mut x = work.x.add(row * I);
            let mut dz = work.dz.add(row * O);
            let present = if work.rows - row < panel { work.rows - row } else { panel };
            for _ in 0..present {
                let mut h = bias;
                for i in 0..I {
                    h = V::splat(*x.add(i * panel)).mul_add(w1[i], h);
                }
                let a = zero.larger(h);
                let mut da = zero;
                for o in 0..O {
                    da = V::splat(*dz.add(o * panel)).mul_add(w2[o], da);
                }
                // a is not 0 exactly where h is larger than 0, for h is not NaN.
                let dh = da.unless_zero(a, zero);
                for o in 0..O {
                    dw2[o] = a.mul_add(V::splat(*dz.add(o * panel)), dw2[o]);
                }
                for i in 0..I {
                    dw1[i] = dh.mul_add(V::splat(*x.add(i * panel)), dw1[i]);
                }
                dbias = dbias.add(dh);
                x = x.add(1);
                dz = dz.add(1);
            }
            row += panel;
        }
        let to = work.gradients.add(unit);
        for i in 0..I {
            zero.add(dw1[i]).store(to.add(i * units));
        }
        for o in 0..O {
            zero.add(dw2[o]).store(to.add((I + o) * units));
        }
        zero.add(dbias).store(to.add((I + O) * units));
    }
}
