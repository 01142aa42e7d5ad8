//! The max-norm constraint on a panel of weights.
#![allow(
    unsafe_code,
    reason = "the entries compiled for an instruction set are called after it was detected"
)]

use super::panel_width;
use crate::real::Real;

/// Chains in which a column is added, and how many values are one block (NUMERICS rule 5).
const LANES: usize = 8;
const BLOCK: usize = 4096;
/// The most columns that a panel has.
const MOST_COLUMNS: usize = 32;

dispatched! {
    /// `w[:,j] ← w[:,j]·limit/‖w[:,j]‖` where the norm is larger.
    ///
    /// # Shapes
    /// `w`: `[inputs, W]`.
    ///
    /// # Panics
    /// Unless there are whole rows.
    pub fn limit_columns<R>(limit: f64, w: &mut [R]) = limit_columns_portable;
}

#[inline(always)]
fn limit_columns_portable<R: Real>(limit: f64, w: &mut [R]) {
    let width = panel_width::<R>();
    assert!(w.len().is_multiple_of(width), "whole rows");
    let mut squares = [0.0; MOST_COLUMNS];
    for block in w.chunks(BLOCK * width) {
        let mut lanes = [[0.0; MOST_COLUMNS]; LANES];
        for (k, w) in block.chunks_exact(width).enumerate() {
            let lane = &mut lanes[k % LANES];
            for c in 0..width {
                let w = w[c].to_f64();
                lane[c] += w * w;
            }
        }
        let (first, rest) = lanes.split_at_mut(1);
        for lane in rest {
            for c in 0..width {
                first[0][c] += lane[c];
            }
        }
        for c in 0..width {
            squares[c] += first[0][c];
        }
    }
    let mut factors = [R::ONE; MOST_COLUMNS];
    let mut is_over = false;
    for c in 0..width {
        let norm = squares[c].sqrt();
        if norm > limit {
            factors[c] = R::from_f64(limit / norm);
            is_over = true;
        }
    }
    if !is_over {
        return;
    }
    for w in w.chunks_exact_mut(width) {
        for c in 0..width {
            w[c] *= factors[c];
        }
    }
}
