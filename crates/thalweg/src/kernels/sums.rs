//! Sums in a fixed order: lanes joined by halves, blocks added in order.
#![allow(
    unsafe_code,
    reason = "the entries compiled for an instruction set are called after it was detected"
)]

use super::OrderedSum;
use crate::real::Real;

/// Lanes of a sum over rows or over the inputs of one output (NUMERICS rules 2 and 4).
pub const LANES: usize = 64;
/// Rows whose gradients form one chain; blocks are added in order (NUMERICS rule 4).
pub const ROWS: usize = 4096;
/// Inputs of one output that share one set of lanes (NUMERICS rule 2).
pub const SEGMENT: usize = 6144;

/// `s[l]` + `s[l+32]`, then 16, 8, 4, 2, 1.
#[inline(always)]
pub(super) fn join_lanes<R: Real>(lanes: &mut [R; LANES]) -> R {
    let mut half = LANES / 2;
    while half > 0 {
        for l in 0..half {
            lanes[l] += lanes[l + half];
        }
        half /= 2;
    }
    lanes[0]
}

dispatched! {
    /// Σ vᵢ², in f64 and in the order of [`OrderedSum`].
    pub fn sum_of_squares<R>(values: &[R]) -> f64 = sum_of_squares_portable;
}

#[inline(always)]
fn sum_of_squares_portable<R: Real>(values: &[R]) -> f64 {
    let mut sum = OrderedSum::new();
    let mut rounds = values.chunks_exact(OrderedSum::LANES);
    for round in &mut rounds {
        let mut squares = [0.0; OrderedSum::LANES];
        for (square, value) in squares.iter_mut().zip(round) {
            *square = value.to_f64() * value.to_f64();
        }
        sum.push_round(&squares);
    }
    for value in rounds.remainder() {
        sum.push(value.to_f64() * value.to_f64());
    }
    sum.total()
}

dispatched! {
    /// Σ |vᵢ|, in f64 and in the order of [`OrderedSum`].
    pub fn sum_of_magnitudes<R>(values: &[R]) -> f64 = sum_of_magnitudes_portable;
}

#[inline(always)]
fn sum_of_magnitudes_portable<R: Real>(values: &[R]) -> f64 {
    let mut sum = OrderedSum::new();
    let mut rounds = values.chunks_exact(OrderedSum::LANES);
    for round in &mut rounds {
        let mut magnitudes = [0.0; OrderedSum::LANES];
        for (magnitude, value) in magnitudes.iter_mut().zip(round) {
            *magnitude = value.to_f64().abs();
        }
        sum.push_round(&magnitudes);
    }
    for value in rounds.remainder() {
        sum.push(value.to_f64().abs());
    }
    sum.total()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_are_joined_by_halves() {
        let mut lanes = [0.0f32; LANES];
        // 1e8 + 1 loses the 1 in f32; joined first with -1e8 (lane 32) it leaves exactly the ones.
        lanes[0] = 1e8;
        lanes[32] = -1e8;
        lanes[1] = 1.0;
        lanes[63] = 2.0;
        assert_eq!(join_lanes(&mut lanes), 3.0);
    }

    #[test]
    fn norms_of_a_few_values() {
        assert_eq!(sum_of_squares(&[3.0f32, 4.0]), 25.0);
        assert_eq!(sum_of_magnitudes(&[3.0f32, -4.0]), 7.0);
    }

    #[test]
    fn norms_of_many_values_are_ordered_sums() {
        for len in [1, 7, 8, 9, 4095, 4096, 4097, 9001] {
            let values: Vec<f32> = (0..len).map(|i| ((i * 7919 % 1009) as f32 - 500.0) / 97.0).collect();
            let (mut squares, mut magnitudes) = (OrderedSum::new(), OrderedSum::new());
            for &value in &values {
                squares.push(f64::from(value) * f64::from(value));
                magnitudes.push(f64::from(value.abs()));
            }
            assert_eq!(sum_of_squares(&values).to_bits(), squares.total().to_bits(), "{len} values");
            assert_eq!(sum_of_magnitudes(&values).to_bits(), magnitudes.total().to_bits(), "{len} values");
        }
    }
}
