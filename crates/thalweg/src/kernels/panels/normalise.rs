//! Normalisation of the columns of a panel over its rows: what batch normalisation does, to the bits of its layer.
#![allow(
    unsafe_code,
    reason = "the entries compiled for an instruction set are called after it was detected"
)]

use super::panel_width;
use crate::real::Real;

/// Chains in which a column is added (NUMERICS rule 5).
const LANES: usize = 8;
/// The most columns that a panel has.
const MOST_COLUMNS: usize = 32;
/// Rows of one block of the rule.
const BLOCK: usize = 4096;

/// A number for each column.
type Columns = [f64; MOST_COLUMNS];

dispatched! {
    /// u = (x - m)·s and x ← w·u + b for each column, with its mean m and s = 1/√(variance + epsilon) over the rows.
    /// `statistics` takes three rows: m, the variance by rows - 1, and s.
    ///
    /// # Shapes
    /// `x`, `u`: `[rows, W]`; `w`, `b`: `[W]`; `statistics`: `[3, W]`.
    ///
    /// # Panics
    /// If the lengths do not fit.
    pub fn normalise_columns<R>(epsilon: f64, w: &[R], b: &[R], x: &mut [R], u: &mut [R], statistics: &mut [R]) = normalise_columns_portable;
}

#[inline(always)]
fn normalise_columns_portable<R: Real>(
    epsilon: f64,
    w: &[R],
    b: &[R],
    x: &mut [R],
    u: &mut [R],
    statistics: &mut [R],
) {
    let width = panel_width::<R>();
    let rows = x.len() / width;
    assert!(x.len() == rows * width && u.len() == x.len(), "whole rows");
    assert!(w.len() == width && b.len() == width && statistics.len() == 3 * width, "a value for each column");
    let count = rows as f64;
    let mut mean = [0.0; MOST_COLUMNS];
    for block in x.chunks(BLOCK * width) {
        let mut lanes = [[0.0; MOST_COLUMNS]; LANES];
        for (n, x) in block.chunks_exact(width).enumerate() {
            let lane = &mut lanes[n % LANES];
            for c in 0..width {
                lane[c] += x[c].to_f64();
            }
        }
        join(&lanes, &mut mean);
    }
    for mean in &mut mean {
        *mean /= count;
    }
    let mut squares = [0.0; MOST_COLUMNS];
    for block in x.chunks(BLOCK * width) {
        let mut lanes = [[0.0; MOST_COLUMNS]; LANES];
        for (n, x) in block.chunks_exact(width).enumerate() {
            let lane = &mut lanes[n % LANES];
            for c in 0..width {
                let d = x[c].to_f64() - mean[c];
                lane[c] += d * d;
            }
        }
        join(&lanes, &mut squares);
    }
    let (m, rest) = statistics.split_at_mut(width);
    let (unbiased, s) = rest.split_at_mut(width);
    for c in 0..width {
        let variance = squares[c] / count;
        m[c] = R::from_f64(mean[c]);
        unbiased[c] = R::from_f64(variance * count / (count - 1.0).max(1.0));
        s[c] = R::from_f64(1.0 / (variance + epsilon).sqrt());
    }
    for (x, u) in x.chunks_exact_mut(width).zip(u.chunks_exact_mut(width)) {
        for c in 0..width {
            u[c] = (x[c] - m[c]) * s[c];
            x[c] = w[c].mul_add(u[c], b[c]);
        }
    }
}

dispatched! {
    /// dw = Σ d·u and db = Σ d over the rows, for each column.
    ///
    /// # Shapes
    /// `d`, `u`: `[rows, W]`; `dw`, `db`: `[W]`, overwritten.
    ///
    /// # Panics
    /// If the lengths do not fit.
    pub fn column_sums<R>(d: &[R], u: &[R], dw: &mut [R], db: &mut [R]) = column_sums_portable;
}

#[inline(always)]
fn column_sums_portable<R: Real>(d: &[R], u: &[R], dw: &mut [R], db: &mut [R]) {
    let width = panel_width::<R>();
    assert!(dw.len() == width && db.len() == width, "a value for each column");
    let (sum, along) = sums_and_products(d, u);
    for c in 0..width {
        dw[c] = R::ZERO + R::from_f64(along[c]);
        db[c] = R::ZERO + R::from_f64(sum[c]);
    }
}

/// Σ d and Σ d·u over the rows, for each column.
#[inline(always)]
fn sums_and_products<R: Real>(d: &[R], u: &[R]) -> (Columns, Columns) {
    let width = panel_width::<R>();
    let rows = d.len() / width;
    assert!(d.len() == rows * width && u.len() == d.len(), "whole rows");
    let (mut sum, mut along) = ([0.0; MOST_COLUMNS], [0.0; MOST_COLUMNS]);
    for (d, u) in d.chunks(BLOCK * width).zip(u.chunks(BLOCK * width)) {
        let mut sums = [[0.0; MOST_COLUMNS]; LANES];
        let mut products = [[0.0; MOST_COLUMNS]; LANES];
        for (n, (d, u)) in d.chunks_exact(width).zip(u.chunks_exact(width)).enumerate() {
            let (sum, product) = (&mut sums[n % LANES], &mut products[n % LANES]);
            for c in 0..width {
                let d = d[c].to_f64();
                sum[c] += d;
                product[c] += d * u[c].to_f64();
            }
        }
        join(&sums, &mut sum);
        join(&products, &mut along);
    }
    (sum, along)
}

dispatched! {
    /// The way back: dw = Σ d·u and db = Σ d over the rows, then d ← w·s·(d - Σ d/rows - u·Σ(d·u)/rows).
    ///
    /// # Shapes
    /// `d`, `u`: `[rows, W]`; `w`, `s`: `[W]`; `dparameters`: `[2, W]`, dw and db, overwritten.
    ///
    /// # Panics
    /// If the lengths do not fit.
    pub fn denormalise_columns<R>(w: &[R], s: &[R], u: &[R], d: &mut [R], dparameters: &mut [R]) = denormalise_columns_portable;
}

#[inline(always)]
fn denormalise_columns_portable<R: Real>(w: &[R], s: &[R], u: &[R], d: &mut [R], dparameters: &mut [R]) {
    let width = panel_width::<R>();
    let rows = d.len() / width;
    assert!(d.len() == rows * width && u.len() == d.len(), "whole rows");
    assert!(
        w.len() == width && s.len() == width && dparameters.len() == 2 * width,
        "a value for each column"
    );
    let count = rows as f64;
    let (sum, along) = sums_and_products(d, u);
    let (dw, db) = dparameters.split_at_mut(width);
    let mut means = [R::ZERO; MOST_COLUMNS];
    let mut alongs = [R::ZERO; MOST_COLUMNS];
    for c in 0..width {
        dw[c] = R::ZERO + R::from_f64(along[c]);
        db[c] = R::ZERO + R::from_f64(sum[c]);
        means[c] = R::from_f64(sum[c] / count);
        alongs[c] = R::from_f64(along[c] / count);
    }
    for (d, u) in d.chunks_exact_mut(width).zip(u.chunks_exact(width)) {
        for c in 0..width {
            d[c] = w[c] * s[c] * (d[c] - means[c] - u[c] * alongs[c]);
        }
    }
}

dispatched! {
    /// x ← w·(x - m)·s + b with s = 1/√(variance + epsilon), for each column, by averages.
    ///
    /// # Shapes
    /// `x`: `[rows, W]`; `parameters`: w, b, m and the variance, each `[W]`.
    ///
    /// # Panics
    /// If the lengths do not fit.
    pub fn normalise_by_averages<R>(epsilon: f64, parameters: [&[R]; 4], x: &mut [R]) = normalise_by_averages_portable;
}

#[inline(always)]
fn normalise_by_averages_portable<R: Real>(epsilon: f64, parameters: [&[R]; 4], x: &mut [R]) {
    let width = panel_width::<R>();
    let [w, b, m, variance] = parameters;
    assert!(w.len() == width && b.len() == width, "a value for each column");
    assert!(m.len() == width && variance.len() == width, "an average for each column");
    assert!(x.len().is_multiple_of(width), "whole rows");
    let mut s = [R::ZERO; MOST_COLUMNS];
    for c in 0..width {
        s[c] = R::from_f64(1.0 / (variance[c].to_f64() + epsilon).sqrt());
    }
    for x in x.chunks_exact_mut(width) {
        for c in 0..width {
            x[c] = w[c].mul_add((x[c] - m[c]) * s[c], b[c]);
        }
    }
}

/// Adds ((lane 0 + lane 1) + lane 2) + … to the blocks before.
#[inline(always)]
fn join(lanes: &[Columns; LANES], total: &mut Columns) {
    for c in 0..MOST_COLUMNS {
        let mut sum = lanes[0][c];
        for lane in &lanes[1..] {
            sum += lane[c];
        }
        total[c] += sum;
    }
}
