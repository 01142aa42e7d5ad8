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
    pub fn sum_of_squares<R>(values: &[R]) -> f64 = ordered::<R, true>;
}

dispatched! {
    /// Σ |vᵢ|, in f64 and in the order of [`OrderedSum`].
    pub fn sum_of_magnitudes<R>(values: &[R]) -> f64 = ordered::<R, false>;
}

/// The sum of squares, or of magnitudes. Blocks know nothing of each other: several at a time keep more additions going.
#[inline(always)]
fn ordered<R: Real, const SQUARES: bool>(values: &[R]) -> f64 {
    const TOGETHER: usize = 4;
    let mut blocks = 0.0;
    let mut first = 0;
    while values.len() - first >= TOGETHER * OrderedSum::BLOCK {
        let mut lanes = [[0.0; OrderedSum::LANES]; TOGETHER];
        for i in (0..OrderedSum::BLOCK).step_by(OrderedSum::LANES) {
            for b in 0..TOGETHER {
                add_round::<R, SQUARES>(&values[first + b * OrderedSum::BLOCK + i..], &mut lanes[b]);
            }
        }
        for b in 0..TOGETHER {
            blocks += OrderedSum::joined(&lanes[b]);
        }
        first += TOGETHER * OrderedSum::BLOCK;
    }
    while first < values.len() {
        let left = values.len() - first;
        let end = first + if left < OrderedSum::BLOCK { left } else { OrderedSum::BLOCK };
        let mut lanes = [0.0; OrderedSum::LANES];
        while end - first >= OrderedSum::LANES {
            add_round::<R, SQUARES>(&values[first..], &mut lanes);
            first += OrderedSum::LANES;
        }
        for l in 0..end - first {
            let value = values[first + l].to_f64();
            lanes[l] += if SQUARES { value * value } else { value.abs() };
        }
        first = end;
        blocks += OrderedSum::joined(&lanes);
    }
    blocks
}

/// Adds a value, or rather its square or magnitude, to each lane.
#[inline(always)]
fn add_round<R: Real, const SQUARES: bool>(values: &[R], lanes: &mut [f64; OrderedSum::LANES]) {
    let values = &values[..OrderedSum::LANES];
    for l in 0..OrderedSum::LANES {
        let value = values[l].to_f64();
        lanes[l] += if SQUARES { value * value } else { value.abs() };
    }
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
        for len in [0, 1, 7, 8, 9, 4095, 4096, 4097, 9001, 16_384, 40_003] {
            // Blocks of different sums, all of whose bits are used, so that another order shows.
            let value = |i: usize| (1 + i / 4096) as f64 / (1 + i * 7919 % 1009) as f64;
            let values: Vec<f64> = (0..len).map(|i| if i % 2 == 0 { value(i) } else { -value(i) }).collect();
            let (mut squares, mut magnitudes) = (OrderedSum::new(), OrderedSum::new());
            for &value in &values {
                squares.push(value * value);
                magnitudes.push(value.abs());
            }
            assert_eq!(sum_of_squares(&values).to_bits(), squares.total().to_bits(), "{len} values");
            assert_eq!(sum_of_magnitudes(&values).to_bits(), magnitudes.total().to_bits(), "{len} values");
        }
    }
}
