//! The gradients of the hidden layer's parameters from its values, which were kept: units in lanes, the values of a row
//! as broadcasts.
#![allow(
    unsafe_code,
    reason = "registers are loaded and stored through pointers into slices checked at entry"
)]

use super::{Piece, Room, Sizes, unit_width};
use crate::kernels::panels::panel_width;
use crate::kernels::sums::ROWS;
use crate::kernels::vector::Vector;
use crate::real::Real;

vectorised! {
    /// What [`gradients`](super::gradients) computes, for any numbers of inputs and outputs, and piece by piece: the
    /// gradients of the units from `first` on, as many as there are parameters for.
    ///
    /// # Panics
    /// If a slice is shorter than the sizes say, the units are not whole [`unit_width`]s, or the rows are more than a
    /// block.
    pub(crate) fn gradients_of_kept<R>(
        sizes: Sizes, piece: Piece<'_, R>, first: usize, weights: &[R], gradients: &mut [R],
    ) = gradients_body, if has_portable_plans;
}

/// The most columns of a product that are summed at once, with two registers of units each.
#[inline(always)]
const fn most_columns<R, V: Vector<R>>() -> usize {
    if V::REGISTERS == 32 { 14 } else { 6 }
}

/// How many hidden values there is room for: 16 KiB of the larger type.
const ROOM: usize = 2048;

#[inline(always)]
unsafe fn gradients_body<R: Real, V: Vector<R>>(
    sizes: Sizes,
    piece: Piece<'_, R>,
    first: usize,
    weights: &[R],
    gradients: &mut [R],
) {
    let (panel, width) = (panel_width::<R>(), unit_width::<R>());
    let all = piece.rows.next_multiple_of(panel);
    assert!(piece.rows <= ROWS, "the rows are one block");
    assert!(piece.x.len() >= all * sizes.inputs, "x is [rows, inputs]");
    assert!(piece.dz.len() >= all * sizes.outputs, "dz is [rows, outputs]");
    assert!(weights.len().is_multiple_of(sizes.planes() * width), "units fill registers");
    assert_eq!(weights.len(), gradients.len(), "a gradient for each parameter");
    let units = weights.len() / sizes.planes();
    assert!(first + units <= piece.units && first.is_multiple_of(width), "units of the layer");
    assert!(piece.hidden.len() >= all * piece.units, "hidden is [rows, units]");
    if piece.is_first {
        let mut at = 0;
        while at < gradients.len() {
            // SAFETY: the gradients are whole registers.
            unsafe { V::splat(R::ZERO).store(gradients.as_mut_ptr().add(at)) }
            at += V::WIDTH;
        }
    }
    let mut room = Room::<R, ROOM>::new();
    let work = Backward {
        sizes,
        rows: piece.rows,
        is_last: piece.is_last,
        units,
        x: piece.x.as_ptr(),
        dz: piece.dz.as_ptr(),
        hidden: piece.hidden.as_ptr().wrapping_add(first * panel),
        hidden_panel: piece.units * panel,
        weights: weights.as_ptr(),
        gradients: gradients.as_mut_ptr(),
        room: room.as_mut_ptr(),
    };
    let mut unit = 0;
    while unit < units {
        // SAFETY: the caller's instruction set; the asserts cover all rows and units.
        unsafe {
            if units - unit >= 2 * V::WIDTH {
                gradients_of_units::<R, V, 2>(work, unit);
                unit += 2 * V::WIDTH;
            } else {
                gradients_of_units::<R, V, 1>(work, unit);
                unit += V::WIDTH;
            }
        }
    }
}

#[derive(Clone, Copy)]
struct Backward<R> {
    sizes: Sizes,
    rows: usize,
    is_last: bool,
    units: usize,
    x: *const R,
    dz: *const R,
    hidden: *const R,
    hidden_panel: usize,
    weights: *const R,
    gradients: *mut R,
    room: *mut R,
}

/// `U` registers of units: as many rows at a time as their values stay in the first cache, turned so that units lie in
/// lanes. The gradients by them take their places.
#[inline(always)]
unsafe fn gradients_of_units<R: Real, V: Vector<R>, const U: usize>(work: Backward<R>, unit: usize) {
    let panel = panel_width::<R>();
    let Sizes { inputs, outputs, .. } = work.sizes;
    let block = ROOM / (U * V::WIDTH) / panel * panel;
    let mut row = 0;
    while row < work.rows {
        let rows = if work.rows - row < block { work.rows - row } else { block };
        let is_last = work.is_last && row + rows == work.rows;
        // SAFETY: the caller's rows and units lie in the slices, and the block's in its room.
        unsafe {
            let (x, dz) = (work.x.add(row * inputs), work.dz.add(row * outputs));
            let hidden = work.hidden.add(row / panel * work.hidden_panel + unit * panel);
            let to = work.gradients.add(unit);
            let outer = Outer {
                outputs,
                rows,
                units: work.units,
                dz,
                weights: work.weights.add(inputs * work.units + unit),
                to: to.add(inputs * work.units),
                hidden,
                hidden_panel: work.hidden_panel,
                values: work.room,
                is_last,
            };
            // The weights out of the units, from their values; then those into them, from the gradients by their values.
            // The products stand in a loop, so that their code is there once.
            for is_inner in [false, true] {
                let sums = match (is_inner, outputs) {
                    (true, _) => Sums { rows, columns: inputs, left: x, to, to_row: work.units, is_last },
                    (false, 2) => {
                        few_outputs::<R, V, U, 2>(outer);
                        continue;
                    }
                    (false, 3) => {
                        few_outputs::<R, V, U, 3>(outer);
                        continue;
                    }
                    (false, 4) if V::REGISTERS == 32 => {
                        few_outputs::<R, V, U, 4>(outer);
                        continue;
                    }
                    (false, _) => {
                        turn_rows::<R, V, U>(outer);
                        Sums { rows, columns: outputs, left: dz, to: outer.to, to_row: work.units, is_last }
                    }
                };
                products::<R, V, U>(sums, work.room);
                if !is_inner {
                    many_outputs::<R, V, U>(outer);
                }
            }
        }
        row += rows;
    }
}

/// The second layer of some units: its gradients by the outputs and its weights.
#[derive(Clone, Copy)]
struct Outer<R> {
    outputs: usize,
    rows: usize,
    /// How far apart the rows of weights and of gradients are.
    units: usize,
    /// Rows in lanes.
    dz: *const R,
    weights: *const R,
    /// The gradients of the weights, then those of the units' biases.
    to: *mut R,
    /// The units' values, with rows in lanes.
    hidden: *const R,
    hidden_panel: usize,
    /// The values with units in lanes, then the gradients by them: `[rows, U registers]`.
    values: *mut R,
    is_last: bool,
}

/// Brings the values of a register of rows from rows in lanes to units in lanes.
#[inline(always)]
unsafe fn turn<R: Real, V: Vector<R>, const U: usize>(outer: Outer<R>, row: usize) {
    let panel = panel_width::<R>();
    let from = outer.hidden.wrapping_add(row / panel * outer.hidden_panel + row % panel);
    for u in 0..U {
        // SAFETY: the caller's: a panel is whole registers of rows, and so is the room.
        unsafe {
            V::turn(
                V::WIDTH,
                V::WIDTH,
                from.add(u * V::WIDTH * panel),
                panel,
                outer.values.add((row * U + u) * V::WIDTH),
                U * V::WIDTH,
            );
        }
    }
}

/// The same for all rows, and those after them that [`many_outputs`] takes along.
#[inline(always)]
unsafe fn turn_rows<R: Real, V: Vector<R>, const U: usize>(outer: Outer<R>) {
    let mut row = 0;
    while row < outer.rows.next_multiple_of(CHAINS) {
        // SAFETY: the caller's: a panel holds whole chains.
        unsafe { turn::<R, V, U>(outer, row) }
        row += V::WIDTH;
    }
}

/// dh = Σₒ dz·w₂ where a unit is on, its sums, and the gradients of the weights out of the units. A register's rows are
/// turned just before, beside the products of the last ones.
#[inline(always)]
unsafe fn few_outputs<R: Real, V: Vector<R>, const U: usize, const O: usize>(outer: Outer<R>) {
    let panel = panel_width::<R>();
    // SAFETY: the caller's.
    unsafe {
        let zero = V::splat(R::ZERO);
        let (mut dw, mut db) = ([[zero; U]; O], [zero; U]);
        for u in 0..U {
            for o in 0..O {
                dw[o][u] = V::load(outer.to.add(o * outer.units + u * V::WIDTH));
            }
            db[u] = V::load(outer.to.add(O * outer.units + u * V::WIDTH));
        }
        let mut at = outer.values;
        let mut row = 0;
        while row < outer.rows {
            turn::<R, V, U>(outer, row);
            let present = if outer.rows - row < V::WIDTH { outer.rows - row } else { V::WIDTH };
            let mut dz = outer.dz.add(row / panel * panel * O + row % panel);
            for _ in 0..present {
                let (mut a, mut da, mut d) = ([zero; U], [zero; U], [zero; O]);
                for u in 0..U {
                    a[u] = V::load(at.add(u * V::WIDTH));
                }
                for o in 0..O {
                    d[o] = V::splat(*dz.add(o * panel));
                    for u in 0..U {
                        let w = V::load(outer.weights.add(o * outer.units + u * V::WIDTH));
                        da[u] = d[o].mul_add(w, da[u]);
                    }
                }
                for u in 0..U {
                    // a is not 0 exactly where h is larger than 0, for h is not NaN.
                    let dh = da[u].unless_zero(a[u], zero);
                    dh.store(at.add(u * V::WIDTH));
                    db[u] = db[u].add(dh);
                    for o in 0..O {
                        dw[o][u] = a[u].mul_add(d[o], dw[o][u]);
                    }
                }
                dz = dz.add(1);
                at = at.add(U * V::WIDTH);
            }
            row += V::WIDTH;
        }
        let end = end::<R, V>(outer.is_last);
        for u in 0..U {
            for o in 0..O {
                dw[o][u].add(end).store(outer.to.add(o * outer.units + u * V::WIDTH));
            }
            db[u].add(end).store(outer.to.add(O * outer.units + u * V::WIDTH));
        }
    }
}

/// What is added to a chain: 0 at its end, and -0 before it, which leaves any sum as it is.
#[inline(always)]
unsafe fn end<R: Real, V: Vector<R>>(is_last: bool) -> V {
    // SAFETY: the caller's instruction set.
    unsafe { V::splat(if is_last { R::ZERO } else { -R::ZERO }) }
}

/// Rows at a time, each with a chain of its own.
const CHAINS: usize = 4;

/// dh = Σₒ dz·w₂ where a unit is on, and its sums.
#[inline(always)]
unsafe fn many_outputs<R: Real, V: Vector<R>, const U: usize>(outer: Outer<R>) {
    let panel = panel_width::<R>();
    let Outer { outputs, rows, units, weights, .. } = outer;
    // SAFETY: the caller's.
    unsafe {
        let zero = V::splat(R::ZERO);
        let bias = outer.to.add(outputs * units);
        let mut db = [zero; U];
        for u in 0..U {
            db[u] = V::load(bias.add(u * V::WIDTH));
        }
        let (mut dz, mut at) = (outer.dz, outer.values);
        let mut row = 0;
        while row < rows {
            let present = if rows - row < panel { rows - row } else { panel };
            let mut lane = 0;
            while lane < present {
                let mut d = [[zero; U]; CHAINS];
                for o in 0..outputs {
                    for u in 0..U {
                        let w = V::load(weights.add(o * units + u * V::WIDTH));
                        for c in 0..CHAINS {
                            d[c][u] = V::splat(*dz.add(o * panel + lane + c)).mul_add(w, d[c][u]);
                        }
                    }
                }
                for c in 0..CHAINS {
                    for u in 0..U {
                        let at = at.add((c * U + u) * V::WIDTH);
                        // Beyond the last row all gradients are 0, and a sum is never -0.
                        let dh = d[c][u].unless_zero(V::load(at), zero);
                        dh.store(at);
                        db[u] = db[u].add(dh);
                    }
                }
                at = at.wrapping_add(CHAINS * U * V::WIDTH);
                lane += CHAINS;
            }
            dz = dz.wrapping_add(outputs * panel);
            row += panel;
        }
        for u in 0..U {
            db[u].add(end::<R, V>(outer.is_last)).store(bias.add(u * V::WIDTH));
        }
    }
}

/// Chains down the rows: `to[k, unit]` += Σₙ left(n, k)·right(n, unit).
#[derive(Clone, Copy)]
struct Sums<R> {
    rows: usize,
    columns: usize,
    /// Rows in lanes.
    left: *const R,
    to: *mut R,
    to_row: usize,
    /// Whether no rows follow: then the chains are added to 0.
    is_last: bool,
}

/// The columns shared out evenly among as few tiles as there can be.
#[inline(always)]
unsafe fn products<R: Real, V: Vector<R>, const U: usize>(sums: Sums<R>, right: *const R) {
    let tiles = sums.columns.div_ceil(most_columns::<R, V>());
    for t in 0..tiles {
        let start = sums.columns * t / tiles;
        let count = sums.columns * (t + 1) / tiles - start;
        // SAFETY: the caller's.
        unsafe {
            let left = sums.left.add(start * panel_width::<R>());
            let to = sums.to.add(start * sums.to_row);
            let is_wide = V::REGISTERS == 32;
            match count {
                1 => tile::<R, V, U, 1>(sums, left, right, to),
                2 => tile::<R, V, U, 2>(sums, left, right, to),
                3 => tile::<R, V, U, 3>(sums, left, right, to),
                4 => tile::<R, V, U, 4>(sums, left, right, to),
                5 => tile::<R, V, U, 5>(sums, left, right, to),
                6 => tile::<R, V, U, 6>(sums, left, right, to),
                7 if is_wide => tile::<R, V, U, 7>(sums, left, right, to),
                8 if is_wide => tile::<R, V, U, 8>(sums, left, right, to),
                9 if is_wide => tile::<R, V, U, 9>(sums, left, right, to),
                10 if is_wide => tile::<R, V, U, 10>(sums, left, right, to),
                11 if is_wide => tile::<R, V, U, 11>(sums, left, right, to),
                12 if is_wide => tile::<R, V, U, 12>(sums, left, right, to),
                13 if is_wide => tile::<R, V, U, 13>(sums, left, right, to),
                14 if is_wide => tile::<R, V, U, 14>(sums, left, right, to),
                _ => unreachable!("a tile has few columns"),
            }
        }
    }
}

#[inline(always)]
unsafe fn tile<R: Real, V: Vector<R>, const U: usize, const K: usize>(
    sums: Sums<R>,
    mut left: *const R,
    mut right: *const R,
    to: *mut R,
) {
    let panel = panel_width::<R>();
    // SAFETY: the caller's.
    unsafe {
        let zero = V::splat(R::ZERO);
        let mut s = [[zero; U]; K];
        for k in 0..K {
            for u in 0..U {
                s[k][u] = V::load(to.add(k * sums.to_row + u * V::WIDTH));
            }
        }
        let mut row = 0;
        while row < sums.rows {
            let present = if sums.rows - row < panel { sums.rows - row } else { panel };
            let mut x = left;
            for _ in 0..present {
                let mut values = [zero; U];
                for u in 0..U {
                    values[u] = V::load(right.add(u * V::WIDTH));
                }
                for k in 0..K {
                    let x = V::splat(*x.add(k * panel));
                    for u in 0..U {
                        s[k][u] = values[u].mul_add(x, s[k][u]);
                    }
                }
                x = x.add(1);
                right = right.add(U * V::WIDTH);
            }
            left = left.wrapping_add(sums.columns * panel);
            row += panel;
        }
        let end = end::<R, V>(sums.is_last);
        for k in 0..K {
            for u in 0..U {
                s[k][u].add(end).store(to.add(k * sums.to_row + u * V::WIDTH));
            }
        }
    }
}
