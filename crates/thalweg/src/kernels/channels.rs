//! Sums over the channels of images, and what a normalisation makes of them, one example at a time.
//!
//! A sum over a channel is that of NUMERICS rule 5 (8 lanes, blocks of 4096 values) over the positions of one example after the other. It
//! is kept open between two examples, and each block's sum is stored by itself, so that members of a team may work whole
//! blocks.
#![allow(
    unsafe_code,
    reason = "the entries compiled for an instruction set are called after it was detected"
)]

use std::ops::Range;

use super::OrderedSum;
use crate::real::Real;

/// Chains in which a block is added, and how many values it has (NUMERICS rule 5).
pub(crate) const LANES: usize = OrderedSum::LANES;
pub(crate) const BLOCK: usize = OrderedSum::BLOCK;

/// Channels whose sums grow side by side, so that additions need not wait for each other.
const TOGETHER: usize = 4;

/// Where an example stands among its batch, and which of its channels are summed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// Channels of an example, and values of a channel.
    pub(crate) channels: usize,
    pub(crate) positions: usize,
    /// The example's number in the batch.
    pub(crate) example: usize,
    /// The block whose sum is the first that is given.
    pub(crate) first_block: usize,
    /// Whether it is the last of its batch, with which the last block ends.
    pub(crate) is_last: bool,
}

/// How many blocks the sums over a channel have in a batch of so many examples.
pub(crate) const fn blocks(examples: usize, positions: usize) -> usize {
    (examples * positions).div_ceil(BLOCK)
}

/// How many examples in a row end where a block ends.
pub(crate) fn examples_of_whole_blocks(positions: usize) -> usize {
    let mut common = (positions, BLOCK);
    while common.1 != 0 {
        common = (common.1, common.0 % common.1);
    }
    BLOCK / common.0
}

/// What is summed over a channel: `K` terms of each value.
trait Terms<R, const K: usize>: Copy {
    /// The terms of value `at` of an example, which is of channel `c`.
    fn of(self, c: usize, at: usize) -> [f64; K];

    /// Those of a whole round from `at` on.
    fn round(self, c: usize, at: usize) -> [[f64; LANES]; K];
}

/// x
#[derive(Clone, Copy)]
struct Values<'a, R>(&'a [R]);

impl<R: Real> Terms<R, 1> for Values<'_, R> {
    #[inline(always)]
    fn of(self, _c: usize, at: usize) -> [f64; 1] {
        [self.0[at].to_f64()]
    }

    #[inline(always)]
    fn round(self, _c: usize, at: usize) -> [[f64; LANES]; 1] {
        let x = eight(self.0, at);
        let mut terms = [0.0; LANES];
        for lane in 0..LANES {
            terms[lane] = x[lane].to_f64();
        }
        [terms]
    }
}

/// Eight values from `at` on.
#[inline(always)]
fn eight<R>(values: &[R], at: usize) -> &[R; LANES] {
    match values[at..].first_chunk() {
        Some(eight) => eight,
        None => unreachable!("a round lies within its channel"),
    }
}

/// (x - m)²
#[derive(Clone, Copy)]
struct Squares<'a, R>(&'a [R], &'a [f64]);

impl<R: Real> Terms<R, 1> for Squares<'_, R> {
    #[inline(always)]
    fn of(self, c: usize, at: usize) -> [f64; 1] {
        let d = self.0[at].to_f64() - self.1[c];
        [d * d]
    }

    #[inline(always)]
    fn round(self, c: usize, at: usize) -> [[f64; LANES]; 1] {
        let (x, mean) = (eight(self.0, at), self.1[c]);
        let mut terms = [0.0; LANES];
        for lane in 0..LANES {
            let d = x[lane].to_f64() - mean;
            terms[lane] = d * d;
        }
        [terms]
    }
}

/// dy and dy·u with u = (x - m)·s; where `RELU` says so, dy is that by max(0, y), and 0 where y is not above it.
#[derive(Clone, Copy)]
struct Products<'a, R, const RELU: bool> {
    x: &'a [R],
    dy: &'a [R],
    m: &'a [R],
    s: &'a [R],
    w: &'a [R],
    b: &'a [R],
}

impl<R: Real, const RELU: bool> Terms<R, 2> for Products<'_, R, RELU> {
    #[inline(always)]
    fn of(self, c: usize, at: usize) -> [f64; 2] {
        let u = (self.x[at] - self.m[c]) * self.s[c];
        let is_on = !RELU || self.w[c].mul_add(u, self.b[c]) > R::ZERO;
        let dy = if is_on { self.dy[at].to_f64() } else { 0.0 };
        [dy, dy * u.to_f64()]
    }

    #[inline(always)]
    fn round(self, c: usize, at: usize) -> [[f64; LANES]; 2] {
        let (x, dy) = (eight(self.x, at), eight(self.dy, at));
        let (m, s, w, b) = (self.m[c], self.s[c], self.w[c], self.b[c]);
        let mut terms = [[0.0; LANES]; 2];
        for lane in 0..LANES {
            let u = (x[lane] - m) * s;
            let mut dy = dy[lane];
            if RELU {
                dy = if w.mul_add(u, b) > R::ZERO { dy } else { R::ZERO };
            }
            let dy = dy.to_f64();
            terms[0][lane] = dy;
            terms[1][lane] = dy * u.to_f64();
        }
        terms
    }
}

/// Adds an example's terms to the open sums of its channels `range`, and stores those of the blocks that end.
///
/// `lanes`: `[channels][K][LANES]`, but see [`add_row`]; `sums`: `[blocks][channels][K]`.
#[inline(always)]
fn add<R: Real, T: Terms<R, K>, const K: usize>(
    terms: T,
    place: Place,
    range: Range<usize>,
    lanes: &mut [f64],
    sums: &mut [f64],
) {
    if place.positions == 1 {
        return add_row::<R, T, K>(terms, place, range, lanes, sums);
    }
    let mut c = range.start;
    while c < range.end {
        if range.end - c >= TOGETHER {
            add_some::<R, T, K, TOGETHER>(terms, place, c, lanes, sums);
            c += TOGETHER;
        } else {
            add_some::<R, T, K, 1>(terms, place, c, lanes, sums);
            c += 1;
        }
    }
}

/// The same where every channel is one value: an example's values go to one lane, side by side.
///
/// `lanes`: `[LANES][K][channels]`.
#[inline(always)]
fn add_row<R: Real, T: Terms<R, K>, const K: usize>(
    terms: T,
    place: Place,
    range: Range<usize>,
    lanes: &mut [f64],
    sums: &mut [f64],
) {
    let Place { channels, example, first_block, is_last, .. } = place;
    let (filled, block) = (example % BLOCK, example / BLOCK - first_block);
    if filled == 0 {
        for row in 0..LANES * K {
            lanes[row * channels..][range.clone()].fill(0.0);
        }
    }
    let open = &mut lanes[filled % LANES * K * channels..][..K * channels];
    for c in range.clone() {
        let terms = terms.of(c, c);
        for k in 0..K {
            open[k * channels + c] += terms[k];
        }
    }
    if filled + 1 == BLOCK || is_last {
        for c in range {
            for k in 0..K {
                let mut sum = lanes[k * channels + c];
                for lane in 1..LANES {
                    sum += lanes[(lane * K + k) * channels + c];
                }
                sums[(block * channels + c) * K + k] = sum;
            }
        }
    }
}

/// The same for `C` channels from `first` on.
#[inline(always)]
fn add_some<R: Real, T: Terms<R, K>, const K: usize, const C: usize>(
    terms: T,
    place: Place,
    first: usize,
    lanes: &mut [f64],
    sums: &mut [f64],
) {
    let Place { channels, positions, example, first_block, is_last } = place;
    let before = example * positions;
    let (mut filled, mut block) = (before % BLOCK, before / BLOCK - first_block);
    let mut open = [[[0.0_f64; LANES]; K]; C];
    if filled > 0 {
        for c in 0..C {
            for k in 0..K {
                let from = ((first + c) * K + k) * LANES;
                open[c][k].copy_from_slice(&lanes[from..from + LANES]);
            }
        }
    }
    let mut at = 0;
    while at < positions {
        let room = BLOCK - filled;
        let end = if positions - at < room { positions } else { at + room };
        while at < end && filled % LANES != 0 {
            for c in 0..C {
                let terms = terms.of(first + c, (first + c) * positions + at);
                for k in 0..K {
                    open[c][k][filled % LANES] += terms[k];
                }
            }
            at += 1;
            filled += 1;
        }
        while at + LANES <= end {
            for c in 0..C {
                let terms = terms.round(first + c, (first + c) * positions + at);
                for k in 0..K {
                    for lane in 0..LANES {
                        open[c][k][lane] += terms[k][lane];
                    }
                }
            }
            at += LANES;
            filled += LANES;
        }
        while at < end {
            for c in 0..C {
                let terms = terms.of(first + c, (first + c) * positions + at);
                for k in 0..K {
                    open[c][k][filled % LANES] += terms[k];
                }
            }
            at += 1;
            filled += 1;
        }
        if filled == BLOCK || (is_last && at == positions) {
            for c in 0..C {
                for k in 0..K {
                    sums[(block * channels + first + c) * K + k] = join(&open[c][k]);
                    open[c][k] = [0.0; LANES];
                }
            }
            filled = 0;
            block += 1;
        }
    }
    for c in 0..C {
        for k in 0..K {
            let to = ((first + c) * K + k) * LANES;
            lanes[to..to + LANES].copy_from_slice(&open[c][k]);
        }
    }
}

/// ((lane 0 + lane 1) + lane 2) + …
#[inline(always)]
fn join(lanes: &[f64; LANES]) -> f64 {
    let mut sum = lanes[0];
    for lane in 1..LANES {
        sum += lanes[lane];
    }
    sum
}

/// The total of a channel's term `k` of `K`, its blocks in order.
pub(crate) fn total<const K: usize>(sums: &[f64], blocks: usize, channels: usize, c: usize, k: usize) -> f64 {
    let mut total = 0.0;
    for block in 0..blocks {
        total += sums[(block * channels + c) * K + k];
    }
    total
}

dispatched! {
    /// Adds an example's values to the sums of its channels.
    ///
    /// # Shapes
    /// `x`: `[channels, positions]`; `lanes`: `[channels, LANES]`; `sums`: `[blocks, channels]`.
    ///
    /// # Panics
    /// If a slice is shorter than the sizes say.
    pub(crate) fn add_values<R>(place: Place, range: Range<usize>, x: &[R], lanes: &mut [f64], sums: &mut [f64]) = add_values_portable;
}

#[inline(always)]
fn add_values_portable<R: Real>(
    place: Place,
    range: Range<usize>,
    x: &[R],
    lanes: &mut [f64],
    sums: &mut [f64],
) {
    let x = &x[..place.channels * place.positions];
    add::<R, _, 1>(Values(x), place, range, lanes, sums);
}

dispatched! {
    /// Adds the squares of an example's distances from the channels' means to the sums of its channels.
    ///
    /// # Shapes
    /// As for [`add_values`]; `means`: `[channels]`.
    ///
    /// # Panics
    /// If a slice is shorter than the sizes say.
    pub(crate) fn add_squares<R>(
        place: Place, range: Range<usize>, x: &[R], means: &[f64], lanes: &mut [f64], sums: &mut [f64],
    ) = add_squares_portable;
}

#[inline(always)]
fn add_squares_portable<R: Real>(
    place: Place,
    range: Range<usize>,
    x: &[R],
    means: &[f64],
    lanes: &mut [f64],
    sums: &mut [f64],
) {
    let x = &x[..place.channels * place.positions];
    let means = &means[..place.channels];
    add::<R, _, 1>(Squares(x, means), place, range, lanes, sums);
}

/// A channel's numbers for a normalisation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moments<'a, R> {
    /// The means, and 1/√(variance + epsilon).
    pub(crate) m: &'a [R],
    pub(crate) s: &'a [R],
    /// What u is multiplied by, and what is added.
    pub(crate) w: &'a [R],
    pub(crate) b: &'a [R],
    /// Whether max(0, y) follows.
    pub(crate) relu: bool,
}

impl<R> Moments<'_, R> {
    #[inline(always)]
    fn check(&self) -> usize {
        let Moments { m, s, w, b, .. } = self;
        let channels = w.len();
        assert!(
            m.len() == channels && s.len() == channels && b.len() == channels,
            "a value for each channel"
        );
        channels
    }
}

dispatched! {
    /// Adds an example's dy and dy·u, with u = (x - m)·s, to the sums of its channels.
    ///
    /// # Shapes
    /// As for [`add_values`], with two sums for a channel: `lanes` `[channels, 2, LANES]`, `sums` `[blocks, channels, 2]`.
    ///
    /// # Panics
    /// If a slice is shorter than the sizes say.
    pub(crate) fn add_products<R>(
        place: Place,
        range: Range<usize>,
        x: &[R],
        dy: &[R],
        moments: Moments<'_, R>,
        lanes: &mut [f64],
        sums: &mut [f64],
    ) = add_products_portable;
}

#[inline(always)]
fn add_products_portable<R: Real>(
    place: Place,
    range: Range<usize>,
    x: &[R],
    dy: &[R],
    moments: Moments<'_, R>,
    lanes: &mut [f64],
    sums: &mut [f64],
) {
    let len = place.channels * place.positions;
    let Moments { m, s, w, b, relu } = moments;
    assert_eq!(moments.check(), place.channels, "a value for each channel");
    let (x, dy) = (&x[..len], &dy[..len]);
    if relu {
        add::<R, _, 2>(Products::<_, true> { x, dy, m, s, w, b }, place, range, lanes, sums);
    } else {
        add::<R, _, 2>(Products::<_, false> { x, dy, m, s, w, b }, place, range, lanes, sums);
    }
}

dispatched! {
    /// y = w·u + b with u = (x - m)·s, channel by channel; `added` to it, if it is not empty; and max(0, y) where `relu` says so.
    ///
    /// # Shapes
    /// `x`, `added`, `y`: `[channels, positions]` of one example.
    ///
    /// # Panics
    /// If the lengths do not fit.
    pub(crate) fn normalise<R>(moments: Moments<'_, R>, x: &[R], added: &[R], y: &mut [R]) = normalise_portable;
}

#[inline(always)]
fn normalise_portable<R: Real>(moments: Moments<'_, R>, x: &[R], added: &[R], y: &mut [R]) {
    let channels = moments.check();
    let Moments { m, s, w, b, relu } = moments;
    assert!(x.len() == y.len() && x.len().is_multiple_of(channels), "whole channels");
    assert!(added.is_empty() || added.len() == y.len(), "as many values");
    let positions = x.len() / channels;
    if positions == 1 {
        for c in 0..channels {
            y[c] = w[c].mul_add((x[c] - m[c]) * s[c], b[c]);
        }
        follow(added, relu, y);
        return;
    }
    for c in 0..channels {
        let own = c * positions..(c + 1) * positions;
        let (x, y) = (&x[own.clone()], &mut y[own.clone()]);
        let (w, b, m, s) = (w[c], b[c], m[c], s[c]);
        if added.is_empty() && relu {
            for i in 0..positions {
                let z = w.mul_add((x[i] - m) * s, b);
                y[i] = if z < R::ZERO { R::ZERO } else { z };
            }
        } else if added.is_empty() {
            for i in 0..positions {
                y[i] = w.mul_add((x[i] - m) * s, b);
            }
        } else {
            let added = &added[own];
            for i in 0..positions {
                let z = added[i] + w.mul_add((x[i] - m) * s, b);
                y[i] = if relu && z < R::ZERO { R::ZERO } else { z };
            }
        }
    }
}

/// y ← added + y, then max(0, y).
#[inline(always)]
fn follow<R: Real>(added: &[R], relu: bool, y: &mut [R]) {
    for (y, added) in y.iter_mut().zip(added) {
        *y = *added + *y;
    }
    if relu {
        for y in y {
            *y = if *y < R::ZERO { R::ZERO } else { *y };
        }
    }
}

dispatched! {
    /// dx = w·s·(dy - mean - u·along) with u = (x - m)·s, channel by channel; dy as for [`add_products`].
    ///
    /// # Shapes
    /// `x`, `dy`, `dx`: `[channels, positions]` of one example; `means`: those of dy and of dy·u, `[channels]`.
    ///
    /// # Panics
    /// If the lengths do not fit.
    pub(crate) fn denormalise<R>(
        moments: Moments<'_, R>, means: [&[R]; 2], x: &[R], dy: &[R], dx: &mut [R],
    ) = denormalise_portable;
}

#[inline(always)]
fn denormalise_portable<R: Real>(moments: Moments<'_, R>, means: [&[R]; 2], x: &[R], dy: &[R], dx: &mut [R]) {
    let channels = moments.check();
    let Moments { m, s, w, b, relu } = moments;
    let [mean, along] = means;
    assert!(mean.len() == channels && along.len() == channels, "a value for each channel");
    assert!(x.len() == dx.len() && dy.len() == dx.len(), "as many values");
    assert!(dx.len().is_multiple_of(channels), "whole channels");
    let positions = dx.len() / channels;
    if positions == 1 {
        for c in 0..channels {
            let u = (x[c] - m[c]) * s[c];
            let is_on = !relu || w[c].mul_add(u, b[c]) > R::ZERO;
            let dy = if is_on { dy[c] } else { R::ZERO };
            dx[c] = w[c] * s[c] * (dy - mean[c] - u * along[c]);
        }
        return;
    }
    for c in 0..channels {
        let own = c * positions..(c + 1) * positions;
        let (x, dy, dx) = (&x[own.clone()], &dy[own.clone()], &mut dx[own]);
        let (m, s, w, b, mean, along) = (m[c], s[c], w[c], b[c], mean[c], along[c]);
        let factor = w * s;
        if relu {
            for i in 0..positions {
                let u = (x[i] - m) * s;
                let dy = if w.mul_add(u, b) > R::ZERO { dy[i] } else { R::ZERO };
                dx[i] = factor * (dy - mean - u * along);
            }
        } else {
            for i in 0..positions {
                let u = (x[i] - m) * s;
                dx[i] = factor * (dy[i] - mean - u * along);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::OrderedSum;

    fn numbers(count: usize, factor: usize) -> Vec<f32> {
        (0..count).map(|i| (i * factor % 1009) as f32 / 97.0 - 5.0).collect()
    }

    #[test]
    fn sums_are_those_of_the_rule() {
        for (examples, channels, positions) in
            [(9, 5, 1024), (130, 6, 49), (7, 4, 784), (4100, 3, 1), (2, 1, 9000)]
        {
            let len = channels * positions;
            let (x, dy) = (numbers(examples * len, 7919), numbers(examples * len, 6007));
            let means: Vec<f64> = (0..channels).map(|c| c as f64 / 3.0).collect();
            let (m, s) = (numbers(channels, 11), numbers(channels, 13));
            let moments = Moments { m: &m, s: &s, w: &m, b: &s, relu: positions == 784 };
            let count = blocks(examples, positions);
            let mut lanes = [vec![9.0; 8 * channels], vec![9.0; 8 * channels], vec![9.0; 16 * channels]];
            let mut sums =
                [vec![9.0; channels * count], vec![9.0; channels * count], vec![9.0; 2 * channels * count]];
            for example in 0..examples {
                let is_last = example + 1 == examples;
                let place = Place { channels, positions, example, first_block: 0, is_last };
                let own = example * len..(example + 1) * len;
                let (x, dy) = (&x[own.clone()], &dy[own]);
                for range in [0..channels / 2, channels / 2..channels] {
                    add_values(place, range.clone(), x, &mut lanes[0], &mut sums[0]);
                    add_squares(place, range.clone(), x, &means, &mut lanes[1], &mut sums[1]);
                    add_products(place, range, x, dy, moments, &mut lanes[2], &mut sums[2]);
                }
            }
            for c in 0..channels {
                let mut expected = [const { None }; 4].map(|_: Option<()>| OrderedSum::new());
                for example in 0..examples {
                    for i in 0..positions {
                        let at = example * len + c * positions + i;
                        let d = f64::from(x[at]) - means[c];
                        let u = f64::from((x[at] - m[c]) * s[c]);
                        let is_off = positions == 784 && m[c].mul_add(u as f32, s[c]) <= 0.0;
                        let dy = if is_off { 0.0 } else { f64::from(dy[at]) };
                        let terms = [f64::from(x[at]), d * d, dy, dy * u];
                        expected.iter_mut().zip(terms).for_each(|(sum, term)| sum.push(term));
                    }
                }
                let ours = [
                    total::<1>(&sums[0], count, channels, c, 0),
                    total::<1>(&sums[1], count, channels, c, 0),
                    total::<2>(&sums[2], count, channels, c, 0),
                    total::<2>(&sums[2], count, channels, c, 1),
                ];
                for (ours, expected) in ours.iter().zip(&expected) {
                    assert_eq!(ours.to_bits(), expected.total().to_bits(), "{examples} x {positions}");
                }
            }
        }
    }

    #[test]
    fn blocks_end_with_examples() {
        assert_eq!([1024, 64, 784, 49, 5000].map(examples_of_whole_blocks), [4, 64, 256, 4096, 512]);
    }
}
