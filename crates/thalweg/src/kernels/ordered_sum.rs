//! Sums over a whole batch, in an order that nothing can change.

use serde::{Deserialize, Serialize};

/// How many chains a block is added in.
const LANES: usize = OrderedSum::LANES;
/// How many values a block has; a multiple of `LANES`.
const BLOCK: usize = OrderedSum::BLOCK;

/// A running sum in `f64` whose result depends on the values and their order alone (NUMERICS rule 5): not on how many
/// come at a time.
///
/// ```text
/// lane[i mod 8] ← lane[i mod 8] + value[i]                 in blocks of 4096 values, each lane from 0
/// block         = ((lane[0] + lane[1]) + lane[2]) + …      lanes in order
/// total         = ((block 0 + block 1) + block 2) + …      blocks in order
/// ```
///
/// # Example
/// ```
/// use thalweg::kernels::OrderedSum;
///
/// let mut sum = OrderedSum::new();
/// sum.push(1.0);
/// sum.push_all(&[2.0_f32, 3.0]);
/// assert_eq!(sum.total(), 6.0);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OrderedSum {
    lanes: [f64; LANES],
    /// How many values of the block have come.
    filled: usize,
    /// The blocks before this one.
    blocks: f64,
}

impl OrderedSum {
    /// How many lanes there are.
    pub(super) const LANES: usize = 8;
    /// How many values are added up before the blocks are.
    pub(super) const BLOCK: usize = 4096;

    /// The sum of nothing: 0.
    pub fn new() -> Self {
        OrderedSum::default()
    }

    /// Adds the next value.
    #[inline]
    pub fn push(&mut self, value: f64) {
        self.lanes[self.filled % LANES] += value;
        self.filled += 1;
        if self.filled == BLOCK {
            self.close_block();
        }
    }

    /// Adds the next values, in order.
    pub fn push_all<R: crate::real::Real>(&mut self, values: &[R]) {
        let mut rest = values;
        while let Some((&value, after)) = rest.split_first() {
            if self.filled.is_multiple_of(LANES) && rest.len() >= LANES {
                rest = self.push_whole_rounds(rest);
            } else {
                self.push(value.to_f64());
                rest = after;
            }
        }
    }

    /// The sum of all that has come so far; more may come.
    pub fn total(&self) -> f64 {
        self.blocks + self.join_lanes()
    }

    /// Adds eight values at a time, each to its lane, up to the end of the block; returns what is left.
    fn push_whole_rounds<'a, R: crate::real::Real>(&mut self, values: &'a [R]) -> &'a [R] {
        let room = BLOCK - self.filled;
        let count = (values.len() - values.len() % LANES).min(room);
        let (now, rest) = values.split_at(count);
        let mut lanes = self.lanes;
        for round in now.chunks_exact(LANES) {
            for (lane, value) in lanes.iter_mut().zip(round) {
                *lane += value.to_f64();
            }
        }
        self.lanes = lanes;
        self.filled += count;
        if self.filled == BLOCK {
            self.close_block();
        }
        rest
    }

    /// The sum of a block, given its lanes.
    #[inline(always)]
    pub(super) fn joined(lanes: &[f64; LANES]) -> f64 {
        let mut block = lanes[0];
        for l in 1..LANES {
            block += lanes[l];
        }
        block
    }

    fn join_lanes(&self) -> f64 {
        OrderedSum::joined(&self.lanes)
    }

    fn close_block(&mut self) {
        self.blocks += self.join_lanes();
        self.lanes = [0.0; LANES];
        self.filled = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rule 5 as it reads, for whole data.
    fn by_the_rule(values: &[f64]) -> f64 {
        let mut total = 0.0;
        for block in values.chunks(BLOCK) {
            let mut lanes = [0.0; LANES];
            for (i, value) in block.iter().enumerate() {
                lanes[i % LANES] += value;
            }
            total += lanes[1..].iter().fold(lanes[0], |sum, lane| sum + lane);
        }
        total
    }

    #[test]
    fn the_pieces_do_not_matter() {
        let values: Vec<f64> = (0..10_007).map(|i| f64::from((i * 7919) % 1009) / 97.0 - 5.0).collect();
        for piece in [1, 3, 8, 100, 4096, 5000, 10_007] {
            let mut sum = OrderedSum::new();
            for part in values.chunks(piece) {
                sum.push_all(part);
            }
            assert_eq!(sum.total().to_bits(), by_the_rule(&values).to_bits(), "in pieces of {piece}");
        }
        let mut sum = OrderedSum::new();
        for (i, &value) in values.iter().enumerate() {
            sum.push(value);
            if i == 8191 || i == 8192 {
                assert_eq!(sum.total().to_bits(), by_the_rule(&values[..=i]).to_bits());
            }
        }
        assert_eq!(sum.total().to_bits(), by_the_rule(&values).to_bits());
    }

    #[test]
    fn lanes_take_turns() {
        // 1e16 swallows each 1 that is added to it, but only in its own lane.
        let mut values = [1.0; 16];
        values[0] = 1e16;
        let mut sum = OrderedSum::new();
        sum.push_all(&values);
        // Lane 0 stays 1e16; the others are 2 each and are added in order: 1e16 + 7·2.
        assert_eq!(sum.total(), 1e16 + 14.0);
    }
}
