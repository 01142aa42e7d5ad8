//! The outputs, and the hidden layer kept for the gradients: with rows in lanes.
#![allow(
    unsafe_code,
    reason = "registers are loaded and stored through pointers into slices checked at entry"
)]

use std::ptr;

use super::{Parameters, Sizes};
use crate::kernels::panels::panel_width;
use crate::kernels::vector::Vector;
use crate::real::Real;

vectorised! {
    /// What [`forward`](super::forward) computes, for any numbers of inputs and outputs; `hidden`, where it is wanted, gets
    /// the values of the hidden layer, `[rows, units]` with the padding of the parts. What belongs to registers without a
    /// row, or to padding, is left as it is.
    ///
    /// # Panics
    /// If a slice is shorter than the sizes say.
    pub(crate) fn forward_keeping<R>(
        net: Parameters<'_, R>, rows: usize, x: &[R], z: &mut [R], hidden: Option<&mut [R]>,
    ) = forward_body, if has_portable_plans;
}

#[inline(always)]
unsafe fn forward_body<R: Real, V: Vector<R>>(
    net: Parameters<'_, R>,
    rows: usize,
    x: &[R],
    z: &mut [R],
    hidden: Option<&mut [R]>,
) {
    let panel = panel_width::<R>();
    let Sizes { inputs, outputs, .. } = net.sizes;
    let all = rows.next_multiple_of(panel);
    assert!(x.len() >= all * inputs, "x is [rows, inputs]");
    assert!(z.len() >= all * outputs, "z is [rows, outputs]");
    assert!(net.bias.len() >= outputs, "a bias for each output");
    let mut units = 0;
    for part in net.parts {
        assert!(part.start == units && part.end >= units, "units follow each other");
        units = part.end;
    }
    assert!(net.weights.len() >= units * net.sizes.planes(), "parameters for each unit");
    let hidden = match hidden {
        Some(hidden) => {
            assert!(hidden.len() >= all * units, "hidden is [rows, units]");
            hidden.as_mut_ptr()
        }
        None => ptr::null_mut(),
    };
    let mut first = 0;
    while first < rows {
        let present = if rows - first < panel { rows - first } else { panel };
        let mut lane = 0;
        while lane < present {
            let work = Rows {
                net,
                x: x.as_ptr().wrapping_add(first * inputs + lane),
                z: z.as_mut_ptr().wrapping_add(first * outputs + lane),
                keeps: !hidden.is_null(),
                hidden: hidden.wrapping_add(first * units + lane),
            };
            // SAFETY: the caller's instruction set; the asserts cover all rows and units, and a panel is whole pairs of
            // registers.
            unsafe {
                if present - lane > V::WIDTH {
                    work_rows::<R, V, 2>(work);
                } else {
                    work_rows::<R, V, 1>(work);
                }
            }
            lane += 2 * V::WIDTH;
        }
        first += panel;
    }
}

/// Some rows of one panel: where their first values lie.
#[derive(Clone, Copy)]
struct Rows<'a, R> {
    net: Parameters<'a, R>,
    x: *const R,
    z: *mut R,
    keeps: bool,
    hidden: *mut R,
}

/// `M` registers of rows.
#[inline(always)]
unsafe fn work_rows<R: Real, V: Vector<R>, const M: usize>(work: Rows<'_, R>) {
    let panel = panel_width::<R>();
    // SAFETY: the caller's rows and units lie in the slices.
    unsafe {
        for o in 0..work.net.sizes.outputs {
            let bias = V::splat(*work.net.bias.as_ptr().add(o));
            for m in 0..M {
                bias.store(work.z.add(o * panel + m * V::WIDTH));
            }
        }
        for part in work.net.parts {
            let real = if part.end < work.net.sizes.hidden { part.end } else { work.net.sizes.hidden };
            let from = work.net.weights.as_ptr().add(part.start * work.net.sizes.planes());
            let mut unit = part.start;
            // A unit of zeros would turn -0 of an output into +0.
            while unit < real {
                let units = Units {
                    weights: from.add(unit - part.start),
                    len: part.end - part.start,
                    hidden: work.hidden.wrapping_add(unit * panel),
                };
                let left = real - unit;
                if V::REGISTERS == 32 && left >= 8 {
                    tile::<R, V, M, 8>(work, units);
                    unit += 8;
                } else if left >= 4 {
                    tile::<R, V, M, 4>(work, units);
                    unit += 4;
                } else {
                    tile::<R, V, M, 1>(work, units);
                    unit += 1;
                }
            }
        }
    }
}

/// Some units of a part: the first weight into them, how far apart the rows of parameters are, and where they are kept.
#[derive(Clone, Copy)]
struct Units<R> {
    weights: *const R,
    len: usize,
    hidden: *mut R,
}

/// `M` registers of rows by `U` units, whose values stay in registers until they are in the outputs.
#[inline(always)]
unsafe fn tile<R: Real, V: Vector<R>, const M: usize, const U: usize>(work: Rows<'_, R>, units: Units<R>) {
    let panel = panel_width::<R>();
    let Sizes { inputs, outputs, .. } = work.net.sizes;
    // SAFETY: the caller's.
    unsafe {
        let zero = V::splat(R::ZERO);
        let mut h = [[zero; M]; U];
        for u in 0..U {
            let bias = V::splat(*units.weights.add((inputs + outputs) * units.len + u));
            for m in 0..M {
                h[u][m] = bias;
            }
        }
        for i in 0..inputs {
            let mut x = [zero; M];
            for m in 0..M {
                x[m] = V::load(work.x.add(i * panel + m * V::WIDTH));
            }
            for u in 0..U {
                let w = V::splat(*units.weights.add(i * units.len + u));
                for m in 0..M {
                    h[u][m] = x[m].mul_add(w, h[u][m]);
                }
            }
        }
        for u in 0..U {
            for m in 0..M {
                // What is not larger than 0 stays behind: NaN passes, and -0.
                h[u][m] = zero.larger(h[u][m]);
            }
        }
        if work.keeps {
            for u in 0..U {
                for m in 0..M {
                    h[u][m].store(units.hidden.add(u * panel + m * V::WIDTH));
                }
            }
        }
        for o in 0..outputs {
            let to = work.z.add(o * panel);
            let weights = units.weights.add((inputs + o) * units.len);
            let mut z = [zero; M];
            for m in 0..M {
                z[m] = V::load(to.add(m * V::WIDTH));
            }
            for u in 0..U {
                let w = V::splat(*weights.add(u));
                for m in 0..M {
                    z[m] = h[u][m].mul_add(w, z[m]);
                }
            }
            for m in 0..M {
                z[m].store(to.add(m * V::WIDTH));
            }
        }
    }
}
