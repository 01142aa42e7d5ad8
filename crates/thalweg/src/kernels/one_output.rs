//! The products of a dense layer with one output over a long input: the orders of NUMERICS rules 2 and 4, a few rows at
//! a time, from scalars or straight from bytes.
#![allow(
    unsafe_code,
    reason = "registers are loaded and stored through pointers into slices checked at entry"
)]

use std::ops::Range;

use super::bytes::{ByteScale, Formula};
use super::source::{AS_IT_IS, Bytes, OVER_255, QUOTIENT, Source, Values};
use super::sums::{LANES, SEGMENT, join_lanes};
use super::vector::Vector;
use crate::losses::Loss;
use crate::real::Real;

/// The input matrix `[rows, columns]`, row-major.
#[derive(Clone, Copy, Debug)]
pub enum Inputs<'a, R> {
    /// Scalars.
    Values(&'a [R]),
    /// Bytes under a scale that has a formula.
    Bytes(&'a [u8], &'a ByteScale<R>),
}

impl<R: Real> Inputs<'_, R> {
    fn len(self) -> usize {
        match self {
            Inputs::Values(values) => values.len(),
            Inputs::Bytes(bytes, _) => bytes.len(),
        }
    }
}

/// A rectangle of the input matrix.
#[derive(Clone, Debug)]
pub struct Part<'a, R> {
    /// The matrix.
    pub x: Inputs<'a, R>,
    /// How many columns the matrix has.
    pub width: usize,
    /// Which rows.
    pub rows: Range<usize>,
    /// Which columns.
    pub columns: Range<usize>,
}

impl<R: Real> Part<'_, R> {
    fn check(&self) {
        assert!(self.rows.start <= self.rows.end, "rows ascend");
        assert!(self.columns.start <= self.columns.end, "columns ascend");
        assert!(self.columns.end <= self.width, "the columns lie in the matrix");
        let needed = self.rows.end.checked_mul(self.width);
        assert!(needed.is_some_and(|needed| needed <= self.x.len()), "the rows lie in the matrix");
    }
}

/// Runs `$body` with the type of source that `$x` has, its values counted from the matrix's first.
macro_rules! with_source {
    ($x:expr, $r:ty, $source:ident => $body:expr) => {
        match $x {
            Inputs::Values(values) => {
                let $source = Values(values.as_ptr());
                $body
            }
            Inputs::Bytes(bytes, scale) => match scale.formula() {
                Formula::AsItIs => {
                    let $source = Bytes::<$r, AS_IT_IS>::new(bytes.as_ptr(), scale);
                    $body
                }
                Formula::Over255 { .. } => {
                    let $source = Bytes::<$r, OVER_255>::new(bytes.as_ptr(), scale);
                    $body
                }
                Formula::Quotient { .. } => {
                    let $source = Bytes::<$r, QUOTIENT>::new(bytes.as_ptr(), scale);
                    $body
                }
                Formula::Table => panic!("bytes without a formula are converted beforehand"),
            },
        }
    };
}

vectorised! {
    /// The sum of one segment (NUMERICS rule 2) for each row: `sums[n] = Σₖ x[n,k]·w[k]` over the columns of the part, in
    /// 64 lanes that are joined by halves. `w` holds the weights of these columns.
    ///
    /// # Panics
    /// If the part does not lie in the matrix or is wider than a segment, or a slice has another length.
    pub fn segment_sums<R>(part: &Part<'_, R>, w: &[R], sums: &mut [R]) = segment_sums_body, if has_portable_plans;
}

#[inline(always)]
unsafe fn segment_sums_body<R: Real, V: Vector<R>>(part: &Part<'_, R>, w: &[R], sums: &mut [R]) {
    part.check();
    assert!(part.columns.len() <= SEGMENT, "the columns are one segment");
    assert_eq!(w.len(), part.columns.len(), "a weight for each column");
    assert_eq!(sums.len(), part.rows.len(), "a sum for each row");
    // SAFETY: the part lies in the matrix, and weights and sums are as long as it.
    unsafe {
        with_source!(part.x, R, source => sums_of::<R, V, _>(source, part, w, sums));
    }
}

#[inline(always)]
unsafe fn sums_of<R: Real, V: Vector<R>, S: Source<R>>(
    source: S,
    part: &Part<'_, R>,
    w: &[R],
    sums: &mut [R],
) {
    let mut n = 0;
    // SAFETY: the caller's; rows n..n+M are rows of the part.
    unsafe {
        // Four rows of four registers leave enough for weights and conversion in 32; eight lanes' registers fit 16.
        if V::REGISTERS == 32 && V::WIDTH * 4 == LANES {
            while sums.len() - n >= 4 {
                rows_of_sums::<R, V, S, 4, 4>(source, part, n, w, sums);
                n += 4;
            }
        } else if V::REGISTERS == 32 {
            while sums.len() - n >= 2 {
                rows_of_sums::<R, V, S, 2, 8>(source, part, n, w, sums);
                n += 2;
            }
        }
        while n < sums.len() {
            if V::WIDTH * 4 == LANES {
                rows_of_sums::<R, V, S, 1, 4>(source, part, n, w, sums);
            } else {
                rows_of_sums::<R, V, S, 1, 8>(source, part, n, w, sums);
            }
            n += 1;
        }
    }
}

/// The sums of `M` rows from row n of the part on, `N` registers of lanes at a time.
#[inline(always)]
unsafe fn rows_of_sums<R: Real, V: Vector<R>, S: Source<R>, const M: usize, const N: usize>(
    source: S,
    part: &Part<'_, R>,
    n: usize,
    w: &[R],
    sums: &mut [R],
) {
    let columns = w.len();
    let whole = columns - columns % LANES;
    // From here on, columns fill no register.
    let ragged = columns - columns % V::WIDTH;
    let w = w.as_ptr();
    let first = (part.rows.start + n) * part.width + part.columns.start;
    let mut lanes = [[R::ZERO; LANES]; M];
    // SAFETY: row n+m of the part has `columns` values from `first + m·width` on; lanes are N registers at a time, and N
    // registers divide 64 lanes.
    unsafe {
        let mut lane = 0;
        while lane < LANES {
            let mut chains = [[V::splat(R::ZERO); N]; M];
            let mut k = lane;
            while k < whole {
                for i in 0..N {
                    let at = k + i * V::WIDTH;
                    let weights = V::load(w.add(at));
                    for m in 0..M {
                        let x: V = source.load(first + m * part.width + at);
                        chains[m][i] = x.mul_add(weights, chains[m][i]);
                    }
                }
                k += LANES;
            }
            for i in 0..N {
                let at = whole + lane + i * V::WIDTH;
                if at + V::WIDTH <= columns {
                    let weights = V::load(w.add(at));
                    for m in 0..M {
                        let x: V = source.load(first + m * part.width + at);
                        chains[m][i] = x.mul_add(weights, chains[m][i]);
                    }
                }
            }
            for m in 0..M {
                for i in 0..N {
                    chains[m][i].store(lanes[m].as_mut_ptr().add(lane + i * V::WIDTH));
                }
            }
            lane += N * V::WIDTH;
        }
        for m in 0..M {
            for l in ragged - whole..columns - whole {
                let x = source.one(first + m * part.width + whole + l);
                lanes[m][l] = x.mul_add(*w.add(whole + l), lanes[m][l]);
            }
        }
    }
    for m in 0..M {
        sums[n + m] = join_lanes(&mut lanes[m]);
    }
}

vectorised! {
    /// Goes on with the chains of dw (NUMERICS rule 4) over the rows of the part: `dw[k] ← dw[k] + Σₙ x[n,k]·dz[n]`, one
    /// fma after the other, n ascending; from 0 where the part `begins` a block of rows. `dw` holds the columns of the
    /// part.
    ///
    /// # Panics
    /// If the part does not lie in the matrix, or a slice has another length.
    pub fn add_products<R>(part: &Part<'_, R>, dz: &[R], begins: bool, dw: &mut [R]) = add_products_body, if has_portable_plans;
}

#[inline(always)]
unsafe fn add_products_body<R: Real, V: Vector<R>>(part: &Part<'_, R>, dz: &[R], begins: bool, dw: &mut [R]) {
    part.check();
    assert_eq!(dz.len(), part.rows.len(), "a gradient for each row");
    assert_eq!(dw.len(), part.columns.len(), "a gradient for each column");
    if begins {
        dw.fill(R::ZERO);
    }
    // SAFETY: the part lies in the matrix, and the gradients are as long as it.
    unsafe {
        with_source!(part.x, R, source => products_of::<R, V, _>(source, part, dz, dw));
    }
}

#[inline(always)]
unsafe fn products_of<R: Real, V: Vector<R>, S: Source<R>>(
    source: S,
    part: &Part<'_, R>,
    dz: &[R],
    dw: &mut [R],
) {
    let first = part.rows.start * part.width + part.columns.start;
    let columns = dw.len();
    let ragged = columns % V::WIDTH;
    let mut last = [R::ZERO; LANES];
    let mut k = 0;
    // SAFETY: columns k..k+N·WIDTH are columns of the part, and a register is no longer than 64 lanes.
    unsafe {
        if columns < V::WIDTH {
            for n in 0..dz.len() {
                for k in 0..columns {
                    dw[k] = dz[n].mul_add(source.one(first + n * part.width + k), dw[k]);
                }
            }
            return;
        }
        // What fills no register is computed with its neighbours, from the same beginnings, and stored at the end.
        if ragged > 0 {
            let k = columns - V::WIDTH;
            V::load(dw.as_ptr().add(k)).store(last.as_mut_ptr());
            columns_of_products::<R, V, S, 1>(source, first + k, part.width, dz, last.as_mut_ptr());
        }
        while columns - k >= 8 * V::WIDTH {
            columns_of_products::<R, V, S, 8>(source, first + k, part.width, dz, dw.as_mut_ptr().add(k));
            k += 8 * V::WIDTH;
        }
        while columns - k >= V::WIDTH {
            columns_of_products::<R, V, S, 1>(source, first + k, part.width, dz, dw.as_mut_ptr().add(k));
            k += V::WIDTH;
        }
    }
    for i in 0..ragged {
        dw[k + i] = last[V::WIDTH - ragged + i];
    }
}

/// `N` registers of chains down all rows; the first value lies at `first`.
#[inline(always)]
unsafe fn columns_of_products<R: Real, V: Vector<R>, S: Source<R>, const N: usize>(
    source: S,
    first: usize,
    width: usize,
    dz: &[R],
    dw: *mut R,
) {
    // SAFETY: the caller's rows have N registers of columns from `first` on, and `dw` has as many.
    unsafe {
        let mut chains = [V::splat(R::ZERO); N];
        for i in 0..N {
            chains[i] = V::load(dw.add(i * V::WIDTH));
        }
        let mut at = first;
        for &factor in dz {
            let factor = V::splat(factor);
            for i in 0..N {
                let x: V = source.load(at + i * V::WIDTH);
                chains[i] = factor.mul_add(x, chains[i]);
            }
            at += width;
        }
        for i in 0..N {
            chains[i].store(dw.add(i * V::WIDTH));
        }
    }
}

dispatched! {
    /// The end of a block of rows (NUMERICS rule 4): dw ← before + dw, or 0 + dw after the first block.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn end_block<R>(before: Option<&[R]>, dw: &mut [R]) = end_block_portable;
}

#[inline(always)]
fn end_block_portable<R: Real>(before: Option<&[R]>, dw: &mut [R]) {
    if let Some(before) = before {
        assert_eq!(before.len(), dw.len(), "a sum for each column");
        for k in 0..dw.len() {
            dw[k] += before[k];
        }
    } else {
        // A gradient begins at +0: a chain that came out as -0 must not show it.
        for dw in dw {
            *dw += R::ZERO;
        }
    }
}

dispatched! {
    /// The gradient of a loss by the single output of each row, times `factor`, to the bits of
    /// [`Loss::gradient_of_piece`].
    ///
    /// # Panics
    /// If the lengths differ, or for a loss that has no formula for single outputs.
    pub(crate) fn loss_gradient<R>(loss: &Loss, factor: R, predictions: &[R], targets: &[R], d: &mut [R]) = loss_gradient_portable;
}

#[inline(always)]
fn loss_gradient_portable<R: Real>(loss: &Loss, factor: R, predictions: &[R], targets: &[R], d: &mut [R]) {
    loss.gradient_of_one_output(factor, predictions, targets, d);
}

#[cfg(test)]
mod tests;
