//! Gradients of narrow layers: sums over the rows in 64 lanes, joined by halves (NUMERICS rule 4).
//!
//! A sum comes in two parts. [`partial_sums`] adds up the lanes and joins them down to one register; [`join`] joins the
//! registers of many sums at once, which costs little more than one.
#![allow(
    unsafe_code,
    reason = "registers are loaded and stored through pointers into slices checked at entry"
)]

use std::mem::MaybeUninit;

use super::LaneSizes;
use crate::kernels::panels::panel_width;
use crate::kernels::sums::{LANES, ROWS};
use crate::kernels::vector::Vector;
use crate::real::Real;

/// How many values a sum takes before it is joined: at least a register.
pub const PARTIAL: usize = 16;

/// How many inputs are summed at once: with their output's bias and dz they take ten registers.
const INPUTS: usize = 8;

vectorised! {
    /// The parts of dw(k,j) = Σₙ x(n,k)·dz(n,j), `[out_features, in_features]` of them, and of db(j) = Σₙ dz(n,j). Both
    /// are overwritten; a part takes [`PARTIAL`] values. Without inputs, only db's.
    ///
    /// # Panics
    /// If a slice is shorter than the sizes say, or there are more rows than a block has.
    pub fn partial_sums<R>(sizes: LaneSizes, x: &[R], dz: &[R], dw: &mut [R], db: &mut [R]) = partial_sums_body;
}

#[inline(always)]
unsafe fn partial_sums_body<R: Real, V: Vector<R>>(
    sizes: LaneSizes,
    x: &[R],
    dz: &[R],
    dw: &mut [R],
    db: &mut [R],
) {
    let LaneSizes { rows, in_features, out_features } = sizes;
    assert!(rows <= ROWS, "the rows are one block");
    assert!(x.len() >= sizes.len::<R>(in_features), "x is [rows, in_features]");
    assert!(dz.len() >= sizes.len::<R>(out_features), "dz is [rows, out_features]");
    assert!(dw.len() >= in_features * out_features * PARTIAL, "a part for each weight");
    assert!(db.len() >= out_features * PARTIAL, "a part for each bias");
    let width = panel_width::<R>();
    for j in 0..out_features {
        // SAFETY: the asserts above cover all panels, features and parts.
        unsafe {
            let dz = dz.as_ptr().add(j * width);
            let db = db.as_mut_ptr().add(j * PARTIAL);
            let mut k = 0;
            while k == 0 || k < in_features {
                let count = if in_features - k < INPUTS { in_features - k } else { INPUTS };
                let work = Sums {
                    rows,
                    x: x.as_ptr().wrapping_add(k * width),
                    x_panel: in_features * width,
                    dz,
                    dz_panel: out_features * width,
                    dw: dw.as_mut_ptr().wrapping_add((j * in_features + k) * PARTIAL),
                    db,
                };
                // The bias goes with the first inputs.
                match (count, k == 0) {
                    (0, _) => sums::<R, V, 0, true>(work),
                    (1, true) => sums::<R, V, 1, true>(work),
                    (2, true) => sums::<R, V, 2, true>(work),
                    (3, true) => sums::<R, V, 3, true>(work),
                    (4, true) => sums::<R, V, 4, true>(work),
                    (5, true) => sums::<R, V, 5, true>(work),
                    (6, true) => sums::<R, V, 6, true>(work),
                    (7, true) => sums::<R, V, 7, true>(work),
                    (8, true) => sums::<R, V, 8, true>(work),
                    (1, false) => sums::<R, V, 1, false>(work),
                    (2, false) => sums::<R, V, 2, false>(work),
                    (3, false) => sums::<R, V, 3, false>(work),
                    (4, false) => sums::<R, V, 4, false>(work),
                    (5, false) => sums::<R, V, 5, false>(work),
                    (6, false) => sums::<R, V, 6, false>(work),
                    (7, false) => sums::<R, V, 7, false>(work),
                    (8, false) => sums::<R, V, 8, false>(work),
                    _ => unreachable!("at most 8 inputs at once"),
                }
                k += INPUTS;
            }
        }
    }
}

/// Some inputs of one output.
#[derive(Clone, Copy)]
struct Sums<R> {
    rows: usize,
    x: *const R,
    x_panel: usize,
    dz: *const R,
    dz_panel: usize,
    dw: *mut R,
    db: *mut R,
}

/// The 64 lanes of one sum after the other, on a cache line's border.
#[repr(align(64))]
struct Lanes<R>([[MaybeUninit<R>; LANES]; INPUTS + 1]);

#[inline(always)]
unsafe fn sums<R: Real, V: Vector<R>, const K: usize, const BIAS: bool>(work: Sums<R>) {
    let width = panel_width::<R>();
    // Registers that have rows; a lane without rows stays 0 and is not added.
    let present = work.rows.div_ceil(V::WIDTH);
    let present = if present < LANES / V::WIDTH { present } else { LANES / V::WIDTH };
    let mut lanes = MaybeUninit::<Lanes<R>>::uninit();
    let lanes = lanes.as_mut_ptr().cast::<R>();
    // SAFETY: the caller's pointers reach all panels; `lanes` has LANES values for each sum, and only registers below
    // `present`, which were written, are read.
    unsafe {
        for r in 0..present {
            let first = r * V::WIDTH;
            let mut weights = [V::splat(R::ZERO); K];
            let mut bias = V::splat(R::ZERO);
            let mut row = first;
            let mut x = work.x.wrapping_add(first / width * work.x_panel + first % width);
            let mut dz = work.dz.add(first / width * work.dz_panel + first % width);
            while row < work.rows {
                let d = V::load(dz);
                for k in 0..K {
                    weights[k] = V::load(x.add(k * width)).mul_add(d, weights[k]);
                }
                if BIAS {
                    bias = bias.add(d);
                }
                row += LANES;
                x = x.wrapping_add(LANES / width * work.x_panel);
                dz = dz.wrapping_add(LANES / width * work.dz_panel);
            }
            for k in 0..K {
                weights[k].store(lanes.add(k * LANES + first));
            }
            if BIAS {
                bias.store(lanes.add(INPUTS * LANES + first));
            }
        }
        for k in 0..K {
            join_registers::<R, V>(present, lanes.add(k * LANES)).store(work.dw.add(k * PARTIAL));
        }
        if BIAS {
            join_registers::<R, V>(present, lanes.add(INPUTS * LANES)).store(work.db);
        }
    }
}

/// The halves of 64 lanes joined down to one register, of which the first `present` registers hold anything.
#[inline(always)]
unsafe fn join_registers<R: Real, V: Vector<R>>(mut present: usize, lanes: *mut R) -> V {
    let mut half = LANES / V::WIDTH / 2;
    // SAFETY: the caller's lanes reach `present` registers.
    unsafe {
        while half > 0 {
            let mut r = 0;
            while r + half < present {
                let to = lanes.add(r * V::WIDTH);
                V::load(to).add(V::load(to.add(half * V::WIDTH))).store(to);
                r += 1;
            }
            if present > half {
                present = half;
            }
            half /= 2;
        }
        V::load(lanes)
    }
}

vectorised! {
    /// Every sum from its part, added to 0.
    ///
    /// # Panics
    /// If `parts` does not hold a part for each sum, or their number is no multiple of [`PARTIAL`].
    pub fn join<R>(parts: &[R], sums: &mut [R]) = join_body;
}

#[inline(always)]
unsafe fn join_body<R: Real, V: Vector<R>>(parts: &[R], sums: &mut [R]) {
    assert!(sums.len().is_multiple_of(PARTIAL), "sums come in whole registers");
    assert!(parts.len() >= sums.len() * PARTIAL, "a part for each sum");
    let mut s = 0;
    while s < sums.len() {
        // SAFETY: s + WIDTH sums and their parts are inside, since their number is a multiple of every WIDTH.
        unsafe { V::join_halves(parts.as_ptr().add(s * PARTIAL), PARTIAL, sums.as_mut_ptr().add(s)) }
        s += V::WIDTH;
    }
}
