//! Numbers drawn in order from a stream: whole numbers below a bound, and permutations.

use super::stream::Stream;

/// A reader of a stream's words in order, from word 0.
#[derive(Clone, Debug)]
pub struct Draws {
    stream: Stream,
    next: u64,
    block: [u32; 4],
}

impl Draws {
    /// A reader that stands before word 0.
    pub fn new(stream: Stream) -> Self {
        Draws { stream, next: 0, block: [0; 4] }
    }

    /// The next 32 random bits.
    #[inline]
    pub fn word(&mut self) -> u32 {
        let place = (self.next % 4) as usize;
        if place == 0 {
            self.block = self.stream.block(self.next / 4);
        }
        self.next += 1;
        self.block[place]
    }

    /// A whole number from 0 to `bound` - 1, each equally likely.
    ///
    /// ```text
    /// p = word·bound, 64 bits;  result = p's high half
    /// draw again while p's low half < 2^32 mod bound
    /// ```
    ///
    /// # Panics
    /// If `bound` is 0.
    ///
    /// # Source
    /// D. Lemire, "Fast random integer generation in an interval", 2019, algorithm 5.
    #[inline]
    pub fn below(&mut self, bound: u32) -> u32 {
        assert!(bound > 0, "there is no number below 0");
        let mut product = u64::from(self.word()) * u64::from(bound);
        if (product as u32) < bound {
            let rejected = bound.wrapping_neg() % bound;
            while (product as u32) < rejected {
                product = u64::from(self.word()) * u64::from(bound);
            }
        }
        (product >> 32) as u32
    }
}

/// Puts `values` in random order.
///
/// ```text
/// for i = len - 1 down to 1:  j = below(i + 1);  swap values[i], values[j]
/// ```
///
/// # Panics
/// If there are 2^32 values or more.
///
/// # Source
/// R. A. Fisher, F. Yates, 1938; as algorithm P in D. E. Knuth, "The art of computer programming", volume 2, section 3.4.2.
pub fn shuffle<T>(stream: Stream, values: &mut [T]) {
    assert!(u32::try_from(values.len()).is_ok(), "2^32 values or more cannot be shuffled");
    let mut draws = Draws::new(stream);
    for i in (1..values.len()).rev() {
        let j = draws.below(i as u32 + 1) as usize;
        values.swap(i, j);
    }
}

/// Fills `order` with a random permutation of 0 … len - 1: [`shuffle`] of the numbers in order. Allocates nothing.
///
/// # Panics
/// If there are 2^32 values or more.
///
/// # Example
/// ```
/// use thalweg::random::{Purpose, Stream, permutation};
/// let mut order = [0; 5];
/// let stream = Stream::new(1, Purpose::Shuffle, 0, 3);
/// permutation(stream, &mut order);
/// let mut sorted = order;
/// sorted.sort();
/// assert_eq!(sorted, [0, 1, 2, 3, 4]);
/// ```
pub fn permutation(stream: Stream, order: &mut [u32]) {
    for (i, place) in order.iter_mut().enumerate() {
        *place = i as u32;
    }
    shuffle(stream, order);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Purpose;

    fn stream(epoch: u64) -> Stream {
        Stream::new(42, Purpose::Shuffle, 0, epoch)
    }

    #[test]
    fn words_come_in_the_streams_order() {
        let mut draws = Draws::new(stream(0));
        for i in 0..10 {
            assert_eq!(draws.word(), stream(0).word(i));
        }
    }

    #[test]
    fn numbers_below_a_bound_are_even() {
        // 70,000 draws of 7: each number 10,000 times, with a standard deviation of 93. Five of them are allowed.
        let mut counts = [0i32; 7];
        let mut draws = Draws::new(stream(1));
        for _ in 0..70_000 {
            counts[draws.below(7) as usize] += 1;
        }
        assert!(counts.iter().all(|count| (count - 10_000).abs() < 465), "{counts:?}");
        assert_eq!(draws.below(1), 0);
    }

    #[test]
    fn a_bound_that_rejects_half_the_words_is_even_too() {
        // 2^31 + 1 rejects nearly half of all words; the upper half of the range must not be favoured.
        let bound = (1 << 31) + 1;
        let mut draws = Draws::new(stream(2));
        let low = (0..20_000).filter(|_| draws.below(bound) < bound / 2).count();
        assert!((9_650..10_350).contains(&low), "{low}");
        assert!(draws.next > 30_000, "nothing was rejected");
    }

    #[test]
    fn every_permutation_of_three_is_as_likely() {
        // 6,000 shuffles: each of the 6 orders 1,000 times, with a standard deviation of 29. Five of them are allowed.
        let mut counts = std::collections::BTreeMap::new();
        for epoch in 0..6_000 {
            let mut order = [0; 3];
            permutation(stream(epoch), &mut order);
            *counts.entry(order).or_insert(0i32) += 1;
        }
        assert_eq!(counts.len(), 6);
        assert!(counts.values().all(|count| (count - 1_000).abs() < 145), "{counts:?}");
    }

    #[test]
    fn short_orders() {
        permutation(stream(0), &mut []);
        let mut one = [9];
        permutation(stream(0), &mut one);
        assert_eq!(one, [0]);
    }
}
