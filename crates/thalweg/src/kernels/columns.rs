//! What a layer does to one column of a table: a small linear layer of its own, sines and cosines, and the rows of a table of
//! categories. Each is written for a column whose values lie `stride` apart, one row after another.
#![allow(
    unsafe_code,
    reason = "the entries compiled for an instruction set are called after it was detected"
)]

use super::sums::ROWS;
use crate::real::Real;

/// Where a column's values lie in a matrix: those of row n from `first + n·stride` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) first: usize,
    pub(crate) stride: usize,
}

impl Place {
    #[inline(always)]
    fn of<R>(self, values: &[R], n: usize, len: usize) -> &[R] {
        let start = self.first + n * self.stride;
        &values[start..start + len]
    }

    #[inline(always)]
    fn of_mut<R>(self, values: &mut [R], n: usize, len: usize) -> &mut [R] {
        let start = self.first + n * self.stride;
        &mut values[start..start + len]
    }
}

/// The sizes of one column's linear layer at work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ColumnSizes {
    pub(crate) rows: usize,
    /// How many values the column has become: e.
    pub(crate) inputs: usize,
    /// How many it becomes.
    pub(crate) outputs: usize,
    pub(crate) e: Place,
    pub(crate) y: Place,
}

dispatched! {
    /// `y[n,j] = b[j] + Σₖ e[n,k]·w[k,j]`, one chain over k ascending from the bias; max(0, y) where `relu` says so.
    ///
    /// # Panics
    /// If a slice is shorter than `sizes` says.
    pub(crate) fn linear<R>(sizes: ColumnSizes, relu: bool, e: &[R], w: &[R], b: &[R], y: &mut [R]) = linear_portable;
}

#[inline(always)]
fn linear_portable<R: Real>(sizes: ColumnSizes, relu: bool, e: &[R], w: &[R], b: &[R], y: &mut [R]) {
    let ColumnSizes { rows, inputs, outputs, .. } = sizes;
    assert!(w.len() == inputs * outputs && b.len() == outputs, "w is [inputs, outputs], b [outputs]");
    for n in 0..rows {
        let e = sizes.e.of(e, n, inputs);
        let y = sizes.y.of_mut(y, n, outputs);
        y.copy_from_slice(b);
        for k in 0..inputs {
            let w = &w[k * outputs..(k + 1) * outputs];
            for j in 0..outputs {
                y[j] = e[k].mul_add(w[j], y[j]);
            }
        }
        if relu {
            for y in y {
                *y = if *y < R::ZERO { R::ZERO } else { *y };
            }
        }
    }
}

dispatched! {
    /// `de[n,k] = Σⱼ dy[n,j]·w[k,j]`, one chain over j ascending from 0.
    ///
    /// # Panics
    /// If a slice is shorter than `sizes` says.
    pub(crate) fn linear_input<R>(sizes: ColumnSizes, dy: &[R], w: &[R], de: &mut [R]) = linear_input_portable;
}

#[inline(always)]
fn linear_input_portable<R: Real>(sizes: ColumnSizes, dy: &[R], w: &[R], de: &mut [R]) {
    let ColumnSizes { rows, inputs, outputs, .. } = sizes;
    assert_eq!(w.len(), inputs * outputs, "w is [inputs, outputs]");
    for n in 0..rows {
        let dy = sizes.y.of(dy, n, outputs);
        let de = sizes.e.of_mut(de, n, inputs);
        for k in 0..inputs {
            let w = &w[k * outputs..(k + 1) * outputs];
            let mut chain = R::ZERO;
            for j in 0..outputs {
                chain = dy[j].mul_add(w[j], chain);
            }
            de[k] = chain;
        }
    }
}

dispatched! {
    /// `dw[k,j] += Σₙ e[n,k]·dy[n,j]` and `db[j] += Σₙ dy[n,j]`, by blocks of rows (NUMERICS rule 4). `scratch` has room for both.
    ///
    /// # Panics
    /// If a slice is shorter than `sizes` says.
    pub(crate) fn linear_parameters<R>(
        sizes: ColumnSizes,
        e: &[R],
        dy: &[R],
        dw: &mut [R],
        db: &mut [R],
        scratch: &mut [R],
    ) = linear_parameters_portable;
}

#[inline(always)]
fn linear_parameters_portable<R: Real>(
    sizes: ColumnSizes,
    e: &[R],
    dy: &[R],
    dw: &mut [R],
    db: &mut [R],
    scratch: &mut [R],
) {
    let ColumnSizes { rows, inputs, outputs, .. } = sizes;
    assert!(dw.len() == inputs * outputs && db.len() == outputs, "dw is [inputs, outputs], db [outputs]");
    let (block_w, rest) = scratch.split_at_mut(inputs * outputs);
    let block_b = &mut rest[..outputs];
    let mut start = 0;
    while start < rows {
        let end = if rows - start > ROWS { start + ROWS } else { rows };
        block_w.fill(R::ZERO);
        block_b.fill(R::ZERO);
        for n in start..end {
            let e = sizes.e.of(e, n, inputs);
            let dy = sizes.y.of(dy, n, outputs);
            for k in 0..inputs {
                let w = &mut block_w[k * outputs..(k + 1) * outputs];
                for j in 0..outputs {
                    w[j] = e[k].mul_add(dy[j], w[j]);
                }
            }
            for j in 0..outputs {
                block_b[j] += dy[j];
            }
        }
        add(block_w, dw);
        add(block_b, db);
        start = end;
    }
}

#[inline(always)]
fn add<R: Real>(block: &[R], total: &mut [R]) {
    for i in 0..total.len() {
        total[i] += block[i];
    }
}

/// One column's waves at work: x lies at `x`, its sines and then its cosines at `e`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WaveSizes {
    pub(crate) rows: usize,
    pub(crate) frequencies: usize,
    pub(crate) x: Place,
    pub(crate) e: Place,
}

dispatched! {
    /// v = (2π·c)·x, `e[n,k]` = sin v and `e[n,K+k]` = cos v.
    ///
    /// # Panics
    /// If a slice is shorter than `sizes` says.
    pub(crate) fn waves<R>(sizes: WaveSizes, x: &[R], c: &[R], e: &mut [R]) = waves_portable;
}

#[inline(always)]
fn waves_portable<R: Real>(sizes: WaveSizes, x: &[R], c: &[R], e: &mut [R]) {
    let WaveSizes { rows, frequencies, .. } = sizes;
    assert_eq!(c.len(), frequencies, "a frequency for each pair of waves");
    let turn = R::from_f64(std::f64::consts::TAU);
    for n in 0..rows {
        let x = sizes.x.of(x, n, 1)[0];
        let e = sizes.e.of_mut(e, n, 2 * frequencies);
        for k in 0..frequencies {
            let v = turn * c[k] * x;
            e[k] = v.sin();
            e[frequencies + k] = v.cos();
        }
    }
}

dispatched! {
    /// dv = de·cos v - de'·sin v; `dc[k] += Σₙ dv·2πx` by blocks of rows (NUMERICS rule 4), which `scratch` has room for. Writes
    /// dv over the first half of each row of `de`.
    ///
    /// # Panics
    /// If a slice is shorter than `sizes` says.
    pub(crate) fn waves_parameters<R>(
        sizes: WaveSizes,
        x: &[R],
        e: &[R],
        de: &mut [R],
        dc: &mut [R],
        scratch: &mut [R],
    ) = waves_parameters_portable;
}

#[inline(always)]
fn waves_parameters_portable<R: Real>(
    sizes: WaveSizes,
    x: &[R],
    e: &[R],
    de: &mut [R],
    dc: &mut [R],
    scratch: &mut [R],
) {
    let WaveSizes { rows, frequencies, .. } = sizes;
    assert_eq!(dc.len(), frequencies, "a gradient for each frequency");
    let block = &mut scratch[..frequencies];
    let turn = R::from_f64(std::f64::consts::TAU);
    let mut start = 0;
    while start < rows {
        let end = if rows - start > ROWS { start + ROWS } else { rows };
        block.fill(R::ZERO);
        for n in start..end {
            let x = turn * sizes.x.of(x, n, 1)[0];
            let e = sizes.e.of(e, n, 2 * frequencies);
            let (by_sine, by_cosine) = sizes.e.of_mut(de, n, 2 * frequencies).split_at_mut(frequencies);
            for k in 0..frequencies {
                let dv = by_sine[k] * e[frequencies + k] - by_cosine[k] * e[k];
                by_sine[k] = dv;
                block[k] = dv.mul_add(x, block[k]);
            }
        }
        add(block, dc);
        start = end;
    }
}

dispatched! {
    /// `dx[n] = Σₖ dv[n,k]·2πc[k]`, one chain over k ascending from 0; dv as [`waves_parameters`] left it.
    ///
    /// # Panics
    /// If a slice is shorter than `sizes` says.
    pub(crate) fn waves_input<R>(sizes: WaveSizes, dv: &[R], c: &[R], dx: &mut [R]) = waves_input_portable;
}

#[inline(always)]
fn waves_input_portable<R: Real>(sizes: WaveSizes, dv: &[R], c: &[R], dx: &mut [R]) {
    let WaveSizes { rows, frequencies, .. } = sizes;
    assert_eq!(c.len(), frequencies, "a frequency for each pair of waves");
    let turn = R::from_f64(std::f64::consts::TAU);
    for n in 0..rows {
        let dv = sizes.e.of(dv, n, frequencies);
        let mut chain = R::ZERO;
        for k in 0..frequencies {
            chain = dv[k].mul_add(turn * c[k], chain);
        }
        sizes.x.of_mut(dx, n, 1)[0] = chain;
    }
}

/// One column of ids at work, and where their rows of the table go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TableSizes {
    pub(crate) rows: usize,
    pub(crate) categories: usize,
    pub(crate) dimension: usize,
    pub(crate) x: Place,
    pub(crate) y: Place,
}

/// What an id that stands for no category says.
const NONE: f64 = -1.0;

/// The category of an id: `Some(None)` for none, `None` for a number that is no id.
#[inline(always)]
pub(crate) fn category<R: Real>(id: R, categories: usize) -> Option<Option<usize>> {
    let id = id.to_f64();
    let category = id as usize; // a negative number becomes 0, one too large the largest
    if id == NONE {
        Some(None)
    } else if category < categories && category as f64 == id {
        Some(Some(category))
    } else {
        None
    }
}

dispatched! {
    /// `y[n,:]` = the table's row of the id `x[n]`; 0 for -1, NaN for a number that is no id.
    ///
    /// # Panics
    /// If a slice is shorter than `sizes` says.
    pub(crate) fn look_up<R>(sizes: TableSizes, x: &[R], table: &[R], y: &mut [R]) = look_up_portable;
}

#[inline(always)]
fn look_up_portable<R: Real>(sizes: TableSizes, x: &[R], table: &[R], y: &mut [R]) {
    let TableSizes { rows, categories, dimension, .. } = sizes;
    for n in 0..rows {
        let y = sizes.y.of_mut(y, n, dimension);
        match category(sizes.x.of(x, n, 1)[0], categories) {
            Some(Some(c)) => y.copy_from_slice(&table[c * dimension..(c + 1) * dimension]),
            Some(None) => y.fill(R::ZERO),
            None => y.fill(R::from_f64(f64::NAN)),
        }
    }
}

dispatched! {
    /// `dtable[x[n],:] += dy[n,:]`: for each category one chain over its rows ascending in each block of rows, blocks added in
    /// order (NUMERICS rule 4). `block` is as long as `dtable`.
    ///
    /// # Panics
    /// If a slice is shorter than `sizes` says.
    pub(crate) fn add_to_table<R>(sizes: TableSizes, x: &[R], dy: &[R], dtable: &mut [R], block: &mut [R]) = add_to_table_portable;
}

#[inline(always)]
fn add_to_table_portable<R: Real>(sizes: TableSizes, x: &[R], dy: &[R], dtable: &mut [R], block: &mut [R]) {
    let TableSizes { rows, categories, dimension, .. } = sizes;
    let block = &mut block[..categories * dimension];
    let mut start = 0;
    while start < rows {
        let end = if rows - start > ROWS { start + ROWS } else { rows };
        // Only the rows of the table that occur are cleared, added to and taken over: the table may be long.
        for n in start..end {
            if let Some(Some(c)) = category(sizes.x.of(x, n, 1)[0], categories) {
                block[c * dimension..(c + 1) * dimension].fill(R::ZERO);
            }
        }
        for n in start..end {
            if let Some(Some(c)) = category(sizes.x.of(x, n, 1)[0], categories) {
                add(sizes.y.of(dy, n, dimension), &mut block[c * dimension..(c + 1) * dimension]);
            }
        }
        for n in start..end {
            if let Some(Some(c)) = category(sizes.x.of(x, n, 1)[0], categories) {
                let block = &mut block[c * dimension..(c + 1) * dimension];
                add(block, &mut dtable[c * dimension..(c + 1) * dimension]);
                block.fill(R::ZERO); // taken over at its first occurrence
            }
        }
        start = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_whole_numbers_below_the_count_or_minus_one() {
        assert_eq!(category(0.0_f32, 3), Some(Some(0)));
        assert_eq!(category(2.0_f32, 3), Some(Some(2)));
        assert_eq!(category(-1.0_f64, 3), Some(None));
        for wrong in [3.0, 0.5, -2.0, -0.5, f64::NAN, f64::INFINITY, 1e300] {
            assert_eq!(category(wrong, 3), None, "{wrong}");
        }
    }

    #[test]
    fn a_tables_gradient_is_a_chain_in_each_block() {
        // Rows 0 and 1 lie in one block, 4096 and 4097 in the next: 3 + 1e8 - 1e8 keeps the 3 only across blocks.
        let rows = ROWS + 2;
        let x: Vec<f32> = (0..rows).map(|n| if (2..ROWS).contains(&n) { 1.0 } else { 0.0 }).collect();
        let mut dy = vec![0.0_f32; rows];
        (dy[0], dy[1], dy[ROWS], dy[ROWS + 1]) = (1.0, 2.0, 1e8, -1e8);
        let place = Place { first: 0, stride: 1 };
        let sizes = TableSizes { rows, categories: 2, dimension: 1, x: place, y: place };
        let (mut dtable, mut block) = (vec![0.5_f32, 0.0], vec![9.0; 2]);
        add_to_table(sizes, &x, &dy, &mut dtable, &mut block);
        assert_eq!(dtable, [3.5, 0.0]);
    }
}
