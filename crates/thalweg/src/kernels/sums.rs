//! Sums in a fixed order: lanes joined by halves, blocks added in order.

use crate::real::Real;

/// Lanes of a sum over rows or over the inputs of one output (NUMERICS rules 2 and 4).
pub const LANES: usize = 64;
/// Rows whose gradients form one chain; blocks are added in order (NUMERICS rule 4).
pub const ROWS: usize = 4096;
/// Inputs of one output that share one set of lanes (NUMERICS rule 2).
pub const SEGMENT: usize = 6144;
/// Lanes of a whole-batch statistic, in f64 (NUMERICS rule 5).
const STATISTIC_LANES: usize = 8;
/// Values of a whole-batch statistic that share one set of lanes (NUMERICS rule 5).
const STATISTIC_BLOCK: usize = 4096;

/// s[l] + s[l+32], then 16, 8, 4, 2, 1.
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

/// A sum of many `f64` values that comes out the same however the values arrive: 8 lanes (lane = position mod 8) within
/// blocks of 4096 values, lanes joined by halves, blocks added in order.
///
/// # Example
/// ```
/// use thalweg::kernels::sums::OrderedSum;
/// let mut sum = OrderedSum::default();
/// for value in [1.0, 2.0, 4.0] {
///     sum.add(value);
/// }
/// assert_eq!(sum.total(), 7.0);
/// ```
#[derive(Clone, Debug, Default)]
pub struct OrderedSum {
    lanes: [f64; STATISTIC_LANES],
    in_block: usize,
    blocks: f64,
}

impl OrderedSum {
    /// Adds the next value.
    #[inline]
    pub fn add(&mut self, value: f64) {
        self.lanes[self.in_block % STATISTIC_LANES] += value;
        self.in_block += 1;
        if self.in_block == STATISTIC_BLOCK {
            self.blocks += joined(self.lanes);
            self.lanes = [0.0; STATISTIC_LANES];
            self.in_block = 0;
        }
    }

    /// The sum of all values so far.
    pub fn total(&self) -> f64 {
        if self.in_block == 0 { self.blocks } else { self.blocks + joined(self.lanes) }
    }
}

fn joined(lanes: [f64; STATISTIC_LANES]) -> f64 {
    let four = [lanes[0] + lanes[4], lanes[1] + lanes[5], lanes[2] + lanes[6], lanes[3] + lanes[7]];
    let two = [four[0] + four[2], four[1] + four[3]];
    two[0] + two[1]
}

/// Σ vᵢ², in f64 and in the order of [`OrderedSum`].
pub fn sum_of_squares<R: Real>(values: &[R]) -> f64 {
    let mut sum = OrderedSum::default();
    for &value in values {
        let value = value.to_f64();
        sum.add(value * value);
    }
    sum.total()
}

/// Σ |vᵢ|, in f64 and in the order of [`OrderedSum`].
pub fn sum_of_magnitudes<R: Real>(values: &[R]) -> f64 {
    let mut sum = OrderedSum::default();
    for &value in values {
        sum.add(value.to_f64().abs());
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
    fn blocks_are_added_in_order() {
        let mut sum = OrderedSum::default();
        for i in 0..10_000 {
            sum.add(f64::from(i));
        }
        assert_eq!(sum.total(), 49_995_000.0);
        assert_eq!(sum_of_squares(&[3.0f32, 4.0]), 25.0);
        assert_eq!(sum_of_magnitudes(&[3.0f32, -4.0]), 7.0);
    }
}
