//! The products of a dense layer: z = x·w + b and its three gradients, in the orders of NUMERICS rules 1 to 4.
#![allow(
    unsafe_code,
    reason = "the entries compiled for an instruction set are called after it was detected"
)]

use std::ops::Range;

use super::product::{Ends, Strided, product};
use super::sums::{LANES, ROWS, SEGMENT, join_lanes};
use crate::real::Real;

/// The sizes of a dense layer at work: rows of the batch, inputs and outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DenseSizes {
    /// How many rows `x` and `y` have.
    pub rows: usize,
    /// How many values a row of `x` has.
    pub in_features: usize,
    /// How many values a row of `y` has.
    pub out_features: usize,
}

impl DenseSizes {
    /// Rule 2: one output and at least 64 inputs.
    fn sums_in_segments(self) -> bool {
        self.out_features == 1 && self.in_features >= LANES
    }

    /// Rule 4: dw of a layer narrow on both sides takes lanes over rows.
    fn weight_gradient_in_lanes(self) -> bool {
        self.in_features < 16 && self.out_features < 8
    }

    /// Rule 4: db of a narrow layer takes lanes over rows.
    fn bias_gradient_in_lanes(self) -> bool {
        self.out_features < 8
    }

    /// How many values of working memory `backward_input` and `backward_parameters` need at most.
    pub fn scratch_len(self) -> usize {
        self.in_features * self.out_features
    }

    fn check<R>(self, x: &[R], w: &[R], y: &[R]) {
        assert_eq!(x.len(), self.rows * self.in_features, "x is [rows, in_features]");
        assert_eq!(w.len(), self.in_features * self.out_features, "w is [in_features, out_features]");
        assert_eq!(y.len(), self.rows * self.out_features, "y is [rows, out_features]");
    }
}

dispatched! {
    /// `z[n,j] = b[j] + Σₖ x[n,k]·w[k,j]`.
    ///
    /// # Panics
    /// If a slice does not have the length that `sizes` gives it.
    pub fn forward<R>(sizes: DenseSizes, x: &[R], w: &[R], b: &[R], z: &mut [R]) = forward_portable;
}

#[inline(always)]
fn forward_portable<R: Real>(sizes: DenseSizes, x: &[R], w: &[R], b: &[R], z: &mut [R]) {
    sizes.check(x, w, z);
    assert_eq!(b.len(), sizes.out_features, "b is [out_features]");
    let DenseSizes { rows, in_features, out_features } = sizes;
    if sizes.sums_in_segments() {
        for n in 0..rows {
            z[n] = one_output(&x[n * in_features..(n + 1) * in_features], w) + b[0];
        }
    } else {
        let x = Strided { values: x, row_stride: in_features, depth_stride: 1 };
        product(rows, out_features, in_features, x, w, Ends::Bias(b), z);
    }
}

/// Σₖ `x[k]`·`w[k]` by segments of lanes (rule 2).
#[inline(always)]
fn one_output<R: Real>(x: &[R], w: &[R]) -> R {
    let mut total = R::ZERO;
    let mut start = 0;
    while start < x.len() {
        let end = if x.len() - start > SEGMENT { start + SEGMENT } else { x.len() };
        let mut lanes = [R::ZERO; LANES];
        let mut k = start;
        while end - k >= LANES {
            let x_lanes = &x[k..k + LANES];
            let w_lanes = &w[k..k + LANES];
            for l in 0..LANES {
                lanes[l] = x_lanes[l].mul_add(w_lanes[l], lanes[l]);
            }
            k += LANES;
        }
        for l in 0..end - k {
            lanes[l] = x[k + l].mul_add(w[k + l], lanes[l]);
        }
        let sum = join_lanes(&mut lanes);
        total = if start == 0 { sum } else { total + sum };
        start = end;
    }
    total
}

dispatched! {
    /// `dx[n,k] = Σⱼ dy[n,j]·w[k,j]`, overwriting `dx`. `scratch` holds `sizes.scratch_len()` values.
    ///
    /// # Panics
    /// If a slice does not have the length that `sizes` gives it.
    pub fn backward_input<R>(sizes: DenseSizes, dy: &[R], w: &[R], scratch: &mut [R], dx: &mut [R]) = backward_input_portable;
}

#[inline(always)]
fn backward_input_portable<R: Real>(sizes: DenseSizes, dy: &[R], w: &[R], scratch: &mut [R], dx: &mut [R]) {
    sizes.check(dx, w, dy);
    let DenseSizes { rows, in_features, out_features } = sizes;
    // The chain runs over the outputs; with w transposed, the inputs lie side by side.
    let w_transposed = &mut scratch[..in_features * out_features];
    for k in 0..in_features {
        for j in 0..out_features {
            w_transposed[j * in_features + k] = w[k * out_features + j];
        }
    }
    let dy = Strided { values: dy, row_stride: out_features, depth_stride: 1 };
    product(rows, in_features, out_features, dy, w_transposed, Ends::Overwrite, dx);
}

dispatched! {
    /// [`backward_input`] where wᵀ, `[out_features, in_features]`, is at hand.
    ///
    /// # Panics
    /// If a slice does not have the length that `sizes` gives it.
    pub(crate) fn backward_input_transposed<R>(sizes: DenseSizes, dy: &[R], w_transposed: &[R], dx: &mut [R]) = backward_input_transposed_portable;
}

#[inline(always)]
fn backward_input_transposed_portable<R: Real>(
    sizes: DenseSizes,
    dy: &[R],
    w_transposed: &[R],
    dx: &mut [R],
) {
    sizes.check(dx, w_transposed, dy);
    let DenseSizes { rows, in_features, out_features } = sizes;
    let dy = Strided { values: dy, row_stride: out_features, depth_stride: 1 };
    product(rows, in_features, out_features, dy, w_transposed, Ends::Overwrite, dx);
}

dispatched! {
    /// `dw[k,j] += Σₙ x[n,k]·dy[n,j]` and `db[j] += Σₙ dy[n,j]`. `scratch` holds `sizes.scratch_len()` values.
    ///
    /// # Panics
    /// If a slice does not have the length that `sizes` gives it.
    pub fn backward_parameters<R>(
        sizes: DenseSizes, x: &[R], dy: &[R], dw: &mut [R], db: &mut [R], scratch: &mut [R],
    ) = backward_parameters_portable;
}

#[inline(always)]
fn backward_parameters_portable<R: Real>(
    sizes: DenseSizes,
    x: &[R],
    dy: &[R],
    dw: &mut [R],
    db: &mut [R],
    scratch: &mut [R],
) {
    sizes.check(x, dw, dy);
    assert_eq!(db.len(), sizes.out_features, "db is [out_features]");
    weight_gradient_portable(sizes, 0..sizes.in_features, x, dy, dw, scratch);
    bias_gradient_portable(sizes, dy, db);
}

dispatched! {
    /// `dw[k,j] += Σₙ x[n,k]·dy[n,j]` for the inputs k of a range: a member's share of [`backward_parameters`]. `dw` has the rows
    /// of these inputs, and `scratch` room for as much.
    ///
    /// # Panics
    /// If a slice does not have the length that `sizes` and the range give it.
    pub(crate) fn weight_gradient<R>(
        sizes: DenseSizes, inputs: Range<usize>, x: &[R], dy: &[R], dw: &mut [R], scratch: &mut [R],
    ) = weight_gradient_portable;
}

#[inline(always)]
fn weight_gradient_portable<R: Real>(
    sizes: DenseSizes,
    inputs: Range<usize>,
    x: &[R],
    dy: &[R],
    dw: &mut [R],
    scratch: &mut [R],
) {
    let DenseSizes { rows, in_features, out_features } = sizes;
    assert!(inputs.start <= inputs.end && inputs.end <= in_features, "some of the inputs");
    assert_eq!(x.len(), rows * in_features, "x is [rows, in_features]");
    assert_eq!(dy.len(), rows * out_features, "dy is [rows, out_features]");
    assert_eq!(dw.len(), (inputs.end - inputs.start) * out_features, "a row of dw for each of these inputs");
    let mut start = 0;
    while start < rows {
        let end = if rows - start > ROWS { start + ROWS } else { rows };
        let block = DenseSizes { rows: end - start, ..sizes };
        let x = &x[start * in_features..end * in_features];
        let dy = &dy[start * out_features..end * out_features];
        if sizes.weight_gradient_in_lanes() {
            weight_gradient_lanes(block, inputs.start, inputs.end, x, dy, dw);
        } else if out_features < 8 {
            weight_gradient_narrow(block, inputs.start, inputs.end, x, dy, dw, scratch);
        } else if inputs.start < inputs.end {
            let x = Strided { values: &x[inputs.start..], row_stride: 1, depth_stride: in_features };
            product(inputs.end - inputs.start, out_features, block.rows, x, dy, Ends::Add, dw);
        }
        start = end;
    }
}

dispatched! {
    /// `db[j] += Σₙ dy[n,j]`.
    ///
    /// # Panics
    /// If a slice does not have the length that `sizes` gives it.
    pub(crate) fn bias_gradient<R>(sizes: DenseSizes, dy: &[R], db: &mut [R]) = bias_gradient_portable;
}

#[inline(always)]
fn bias_gradient_portable<R: Real>(sizes: DenseSizes, dy: &[R], db: &mut [R]) {
    let DenseSizes { rows, out_features, .. } = sizes;
    assert_eq!(dy.len(), rows * out_features, "dy is [rows, out_features]");
    assert_eq!(db.len(), out_features, "db is [out_features]");
    let mut start = 0;
    while start < rows {
        let end = if rows - start > ROWS { start + ROWS } else { rows };
        let block = DenseSizes { rows: end - start, ..sizes };
        bias_gradient_of_block(block, &dy[start * out_features..end * out_features], db);
        start = end;
    }
}

/// dw of few inputs and few outputs: 64 lanes over the rows of a block.
#[inline(always)]
fn weight_gradient_lanes<R: Real>(
    sizes: DenseSizes,
    first: usize,
    end: usize,
    x: &[R],
    dy: &[R],
    dw: &mut [R],
) {
    let DenseSizes { rows, in_features, out_features } = sizes;
    for k in first..end {
        for j in 0..out_features {
            let mut lanes = [R::ZERO; LANES];
            for n in 0..rows {
                let lane = &mut lanes[n % LANES];
                *lane = x[n * in_features + k].mul_add(dy[n * out_features + j], *lane);
            }
            dw[(k - first) * out_features + j] += join_lanes(&mut lanes);
        }
    }
}

/// dw of many inputs and few outputs: its transpose, whose rows are long, then added in place. The rows of `x` are read
/// once, in order, while the transpose stays in cache.
#[inline(always)]
fn weight_gradient_narrow<R: Real>(
    sizes: DenseSizes,
    first: usize,
    end: usize,
    x: &[R],
    dy: &[R],
    dw: &mut [R],
    scratch: &mut [R],
) {
    let DenseSizes { rows, in_features, out_features } = sizes;
    let inputs = end - first;
    let dw_transposed = &mut scratch[..inputs * out_features];
    dw_transposed.fill(R::ZERO);
    for n in 0..rows {
        let x_row = &x[n * in_features + first..n * in_features + end];
        for j in 0..out_features {
            let factor = dy[n * out_features + j];
            let chains = &mut dw_transposed[j * inputs..(j + 1) * inputs];
            for k in 0..inputs {
                chains[k] = factor.mul_add(x_row[k], chains[k]);
            }
        }
    }
    for k in 0..inputs {
        for j in 0..out_features {
            dw[k * out_features + j] += dw_transposed[j * inputs + k];
        }
    }
}

/// db: column sums, a chain per output or lanes over rows.
#[inline(always)]
fn bias_gradient_of_block<R: Real>(sizes: DenseSizes, dy: &[R], db: &mut [R]) {
    let DenseSizes { rows, out_features, .. } = sizes;
    if sizes.bias_gradient_in_lanes() {
        for j in 0..out_features {
            let mut lanes = [R::ZERO; LANES];
            for n in 0..rows {
                lanes[n % LANES] += dy[n * out_features + j];
            }
            db[j] += join_lanes(&mut lanes);
        }
    } else {
        let ones = Strided { values: &[R::ONE], row_stride: 0, depth_stride: 0 };
        product(1, out_features, rows, ones, dy, Ends::Add, db);
    }
}

#[cfg(test)]
mod tests;
