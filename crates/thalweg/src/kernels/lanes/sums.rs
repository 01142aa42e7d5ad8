//! Gradients of narrow layers: sums over the rows in 64 lanes, joined by halves (NUMERICS rule 4).
//!
//! A sum comes in two parts. [`partial_sums`] adds up the lanes and joins them down to one register; [`join`] joins the
//! registers of many sums at once, which costs little more than one.
#![allow(
    unsafe_code,
    reason = "registers are loaded and stored through pointers into slices checked at entry"
)]

use super::LaneSizes;
use crate::kernels::panels::panel_width;
use crate::kernels::sums::{LANES, ROWS};
use crate::kernels::vector::Vector;
use crate::real::Real;

/// How many values a sum takes before it is joined: at least a register.
pub const PARTIAL: usize = 16;

vectorised! {
    /// The parts of dw(k,j) = Σₙ x(n,k)·dz(n,j), `[out_features, in_features]` of them, and of db(j) = Σₙ dz(n,j). Both
    /// are overwritten; a part takes [`PARTIAL`] values. Without inputs, only db's.
    ///
    /// # Panics
    /// If a slice is shorter than the sizes say, or there are more rows than a block has.
    pub fn partial_sums<R>(sizes: LaneSizes, x: &[R], dz: &[R], dw: &mut [R], db: &mut [R]) = partial_sums_body, if has_portable_plans;
}

#[inline(always)]
pub(super) unsafe fn partial_sums_body<R: Real, V: Vector<R>>(
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
    // Registers that have rows; lanes without rows stay 0.
    let present = rows.div_ceil(V::WIDTH);
    let present = if present < LANES / V::WIDTH { present } else { LANES / V::WIDTH };
    let most = most_inputs::<R, V>(present);
    for j in 0..out_features {
        // SAFETY: the asserts above cover all panels, features and parts; `most` is what `sums` takes.
        unsafe {
            let mut k = 0;
            while k == 0 || k < in_features {
                let count = if in_features - k < most { in_features - k } else { most };
                let work = Sums {
                    rows,
                    present,
                    x: x.as_ptr().wrapping_add(k * width),
                    x_panel: in_features * width,
                    dz: dz.as_ptr().add(j * width),
                    dz_panel: out_features * width,
                    dw: dw.as_mut_ptr().wrapping_add((j * in_features + k) * PARTIAL),
                    db: db.as_mut_ptr().add(j * PARTIAL),
                };
                // The bias goes with the first inputs.
                match (count, k == 0) {
                    (0, _) => sums::<R, V, 0, true>(work),
                    (1, true) => sums::<R, V, 1, true>(work),
                    (2, true) => sums::<R, V, 2, true>(work),
                    (3, true) => sums::<R, V, 3, true>(work),
                    (4, true) => sums::<R, V, 4, true>(work),
                    (5, true) => sums::<R, V, 5, true>(work),
                    (1, false) => sums::<R, V, 1, false>(work),
                    (2, false) => sums::<R, V, 2, false>(work),
                    (3, false) => sums::<R, V, 3, false>(work),
                    (4, false) => sums::<R, V, 4, false>(work),
                    (5, false) => sums::<R, V, 5, false>(work),
                    _ => unreachable!("at most 5 inputs at once"),
                }
                k += most;
            }
        }
    }
}

/// Some inputs of one output.
#[derive(Clone, Copy)]
struct Sums<R> {
    rows: usize,
    /// How many registers of the 64 lanes have rows.
    present: usize,
    x: *const R,
    x_panel: usize,
    dz: *const R,
    dz_panel: usize,
    dw: *mut R,
    db: *mut R,
}

/// Whether the lanes of a sum stay in registers: where there are many registers and a sum takes few of them.
#[inline(always)]
fn fits_registers<R: Real, V: Vector<R>>(present: usize) -> bool {
    V::WIDTH * size_of::<R>() >= 32 && present <= 8
}

/// How many inputs are summed at once: with the bias, all their lanes take at most 24 of 32 registers, or 12 of 16.
#[inline(always)]
fn most_inputs<R: Real, V: Vector<R>>(present: usize) -> usize {
    match (V::REGISTERS, present) {
        _ if !fits_registers::<R, V>(present) => 1,
        (32, 0..=4) | (_, 0..=2) => 5,
        (32, _) | (_, 3..=4) => 2,
        _ => 1,
    }
}

#[inline(always)]
unsafe fn sums<R: Real, V: Vector<R>, const K: usize, const BIAS: bool>(work: Sums<R>) {
    // SAFETY: the caller's; each arm has as many registers as have rows.
    unsafe {
        if !fits_registers::<R, V>(work.present) {
            return sums_in_memory::<R, V, K, BIAS>(work);
        }
        match work.present {
            1 | 2 => sums_of::<R, V, K, BIAS, 2>(work),
            3 | 4 if K <= 2 || V::REGISTERS == 32 => sums_of::<R, V, K, BIAS, 4>(work),
            _ if K <= 2 => sums_of::<R, V, K, BIAS, 8>(work),
            _ => unreachable!("fewer inputs where the lanes take many registers"),
        }
    }
}

/// The sums of at most one input whose lanes lie in memory.
#[inline(always)]
unsafe fn sums_in_memory<R: Real, V: Vector<R>, const K: usize, const BIAS: bool>(work: Sums<R>) {
    let mut weights = [R::ZERO; LANES];
    let mut bias = [R::ZERO; LANES];
    let width = panel_width::<R>();
    let mut row = 0;
    while row < work.rows {
        let (panel, lane) = (row / width, row % LANES);
        // SAFETY: the caller's pointers reach all panels of the rows, and 64 lanes are whole registers.
        unsafe {
            let d = V::load(work.dz.add(panel * work.dz_panel + row % width));
            if K > 0 {
                let x = V::load(work.x.add(panel * work.x_panel + row % width));
                let to = weights.as_mut_ptr().add(lane);
                x.mul_add(d, V::load(to)).store(to);
            }
            if BIAS {
                let to = bias.as_mut_ptr().add(lane);
                V::load(to).add(d).store(to);
            }
        }
        row += V::WIDTH;
    }
    // SAFETY: 64 lanes are whole registers, and a part holds one.
    unsafe {
        if K > 0 {
            joined_in_memory::<R, V>(&mut weights).store(work.dw);
        }
        if BIAS {
            joined_in_memory::<R, V>(&mut bias).store(work.db);
        }
    }
}

/// The halves of 64 lanes joined down to one register.
#[inline(always)]
unsafe fn joined_in_memory<R: Real, V: Vector<R>>(lanes: &mut [R; LANES]) -> V {
    let mut half = LANES / 2;
    while half >= V::WIDTH {
        for l in 0..half {
            lanes[l] += lanes[l + half];
        }
        half /= 2;
    }
    // SAFETY: 64 lanes hold a register.
    unsafe { V::load(lanes.as_ptr()) }
}

/// The sums whose lanes take `N` registers each.
#[inline(always)]
unsafe fn sums_of<R: Real, V: Vector<R>, const K: usize, const BIAS: bool, const N: usize>(work: Sums<R>) {
    // SAFETY: the caller's pointers reach all panels of the rows, and a part for each sum.
    unsafe {
        let mut lanes = Lanes { weights: [[V::splat(R::ZERO); N]; K], bias: [V::splat(R::ZERO); N] };
        let panels = LANES / panel_width::<R>();
        let (mut x, mut dz) = (work.x, work.dz);
        let mut left = work.rows;
        while left >= LANES {
            add_block::<R, V, K, BIAS, N>(&mut lanes, LANES, x, dz, work);
            x = x.wrapping_add(panels * work.x_panel);
            dz = dz.wrapping_add(panels * work.dz_panel);
            left -= LANES;
        }
        if left > 0 {
            add_block::<R, V, K, BIAS, N>(&mut lanes, left, x, dz, work);
        }
        for k in 0..K {
            joined::<R, V, N>(lanes.weights[k]).store(work.dw.add(k * PARTIAL));
        }
        if BIAS {
            joined::<R, V, N>(lanes.bias).store(work.db);
        }
    }
}

/// The lanes of the sums of one output.
struct Lanes<V, const K: usize, const N: usize> {
    weights: [[V; N]; K],
    bias: [V; N],
}

/// Adds `rows` rows, at most 64, to their lanes.
#[inline(always)]
unsafe fn add_block<R: Real, V: Vector<R>, const K: usize, const BIAS: bool, const N: usize>(
    lanes: &mut Lanes<V, K, N>,
    rows: usize,
    x: *const R,
    dz: *const R,
    work: Sums<R>,
) {
    let width = panel_width::<R>();
    for r in 0..N {
        let lane = r * V::WIDTH;
        if lane < rows {
            // SAFETY: the lanes of this register have rows, so that their panel is inside.
            unsafe {
                let d = V::load(dz.add(lane / width * work.dz_panel + lane % width));
                let x = x.wrapping_add(lane / width * work.x_panel + lane % width);
                for k in 0..K {
                    lanes.weights[k][r] = V::load(x.add(k * width)).mul_add(d, lanes.weights[k][r]);
                }
                if BIAS {
                    lanes.bias[r] = lanes.bias[r].add(d);
                }
            }
        }
    }
}

/// The halves of `N` registers of lanes joined down to one.
#[inline(always)]
unsafe fn joined<R: Real, V: Vector<R>, const N: usize>(mut lanes: [V; N]) -> V {
    let mut half = N / 2;
    while half > 0 {
        for r in 0..half {
            // SAFETY: the caller's instruction set.
            lanes[r] = unsafe { lanes[r].add(lanes[r + half]) };
        }
        half /= 2;
    }
    lanes[0]
}

vectorised! {
    /// Every sum from its part, added to 0.
    ///
    /// # Panics
    /// If `parts` does not hold a part for each sum, or their number is no multiple of [`PARTIAL`].
    pub fn join<R>(parts: &[R], sums: &mut [R]) = join_body, if has_portable_plans;
}

#[inline(always)]
pub(super) unsafe fn join_body<R: Real, V: Vector<R>>(parts: &[R], sums: &mut [R]) {
    assert!(sums.len().is_multiple_of(PARTIAL), "sums come in whole registers");
    assert!(parts.len() >= sums.len() * PARTIAL, "a part for each sum");
    let mut s = 0;
    while s < sums.len() {
        // SAFETY: s + WIDTH sums and their parts are inside, since their number is a multiple of every WIDTH.
        unsafe { V::join_halves(parts.as_ptr().add(s * PARTIAL), PARTIAL, sums.as_mut_ptr().add(s)) }
        s += V::WIDTH;
    }
}
