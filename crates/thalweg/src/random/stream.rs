//! A stream: the numbers that belong to one seed, one purpose and one place.

use super::philox::philox4x32;
use crate::functions::sin_cos_f64;
use crate::kernels::elementwise;
use crate::real::{Precision, Real};

/// What random numbers are for. Each purpose has streams of its own, so that a change in one never shifts another.
///
/// The numbers are part of the contract: a run of an earlier version draws the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(u32)]
pub enum Purpose {
    /// Initial weights, by layer number.
    InitialWeights = 1,
    /// Initial biases where an initialisation draws them, by layer number.
    InitialBiases = 2,
    /// The order of the rows, by epoch.
    Shuffle = 3,
    /// The split into train, validation and test.
    Split = 4,
    /// Dropout's masks, by layer number and epoch.
    Dropout = 5,
    /// Data generators: positions, by column.
    Generator = 6,
    /// Data generators and noise layers: the noise, by column or layer number.
    Noise = 7,
    /// Augmentation of images, by epoch.
    Augmentation = 8,
    /// The random directions of a gradient check, by layer number.
    GradientCheck = 9,
    /// The two directions of a slice of the loss surface, by layer number.
    LossSurface = 10,
    /// The settings that a sweep draws, by varied setting: random search (0) and the shift of Sobol's points (1).
    Sweep = 11,
    /// For a user's own layers, losses and data.
    Custom = 128,
}

/// All the random numbers of one seed, purpose and place: value i is a pure function of these and of i.
///
/// The [module](super) states the layout. Copying a stream costs nothing and forgets nothing: it holds no position.
///
/// # Units and ranges
/// i counts from 0 and may reach 2^45, the epoch or step 2^44; beyond, numbers would come again.
///
/// # Example
/// ```
/// use thalweg::random::{Purpose, Stream};
/// let stream = Stream::new(7, Purpose::Dropout, 2, 0);
/// let mut values = [0.0f32; 5];
/// stream.fill_uniform(0, &mut values);
/// assert_eq!(values[3], stream.uniform::<f32>(3));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stream {
    /// The experiment's seed.
    pub seed: u64,
    /// What the numbers are for.
    pub purpose: Purpose,
    /// The layer's number, or the data's column; 0 where there is neither.
    pub layer_or_column: u32,
    /// The epoch, or the step; 0 where there is neither.
    pub epoch_or_step: u64,
}

/// 2^-24 and 2^-53: a uniform number is this many of the top bits, as a whole number, times the unit.
const UNIT_F32: f64 = 1.0 / 16_777_216.0;
const UNIT_F64: f64 = 1.0 / 9_007_199_254_740_992.0;

/// The top bits of 64 as a number in [0, 1).
#[inline]
fn unit<T: Real>(bits: u64) -> T {
    match T::PRECISION {
        Precision::F32 => T::from_f64((bits >> 40) as f64 * UNIT_F32),
        Precision::F64 => T::from_f64((bits >> 11) as f64 * UNIT_F64),
    }
}

/// The two 64-bit words of a block.
#[inline]
fn halves(block: [u32; 4]) -> [u64; 2] {
    let [w0, w1, w2, w3] = block.map(u64::from);
    [w0 << 32 | w1, w2 << 32 | w3]
}

/// Blocks whose normal numbers are made together.
const TOGETHER: usize = 32;

impl Stream {
    /// The stream of this seed, purpose and place.
    pub const fn new(seed: u64, purpose: Purpose, layer_or_column: u32, epoch_or_step: u64) -> Self {
        Stream { seed, purpose, layer_or_column, epoch_or_step }
    }

    /// The four words of block `number`.
    #[inline]
    pub fn block(&self, number: u64) -> [u32; 4] {
        let key = [self.seed as u32, (self.seed >> 32) as u32];
        // The bits above 32 of step and block share the first word with the purpose, 12 bits each.
        let above = ((self.epoch_or_step >> 32) as u32) << 8 | ((number >> 32) as u32) << 20;
        let purpose = self.purpose as u32 | above;
        philox4x32([purpose, self.layer_or_column, self.epoch_or_step as u32, number as u32], key)
    }

    /// Word i: 32 random bits.
    #[inline]
    pub fn word(&self, i: u64) -> u32 {
        self.block(i / 4)[(i % 4) as usize]
    }

    /// Uniform number i, in [0, 1).
    #[inline]
    pub fn uniform<T: Real>(&self, i: u64) -> T {
        unit(halves(self.block(i / 2))[(i % 2) as usize])
    }

    /// Uniform number i in `f32`, from the top 24 of its 64 bits.
    #[inline]
    pub fn uniform_f32(&self, i: u64) -> f32 {
        self.uniform(i)
    }

    /// Uniform number i in `f64`, from the top 53 of its 64 bits.
    #[inline]
    pub fn uniform_f64(&self, i: u64) -> f64 {
        self.uniform(i)
    }

    /// Normal number i, with mean 0 and standard deviation 1.
    ///
    /// # Units and ranges
    /// At most 8.6 in magnitude: the largest that 53 bits can make.
    ///
    /// # Source
    /// G. E. P. Box, M. E. Muller, "A note on the generation of random normal deviates", 1958.
    #[inline]
    pub fn normal<T: Real>(&self, i: u64) -> T {
        let mut pair = [[0.0; 2]];
        self.normals(i / 2, &mut pair);
        T::from_f64(pair[0][(i % 2) as usize])
    }

    /// Words `first`, `first + 1` … into `out`.
    pub fn fill_words(&self, first: u64, out: &mut [u32]) {
        fill(first, out, |number| self.block(number));
    }

    /// Uniform numbers `first`, `first + 1` … into `out`.
    pub fn fill_uniform<T: Real>(&self, first: u64, out: &mut [T]) {
        fill(first, out, |number| halves(self.block(number)).map(unit));
    }

    /// Normal numbers `first`, `first + 1` … into `out`.
    pub fn fill_normal<T: Real>(&self, first: u64, out: &mut [T]) {
        let mut pairs = [[0.0; 2]; TOGETHER];
        let (mut next, mut rest) = (first, out);
        while !rest.is_empty() {
            let skipped = (next % 2) as usize;
            let count = rest.len().min(2 * TOGETHER - skipped);
            let (now, later) = rest.split_at_mut(count);
            self.normals(next / 2, &mut pairs[..(skipped + count).div_ceil(2)]);
            for (to, &value) in now.iter_mut().zip(&pairs.as_flattened()[skipped..]) {
                *to = T::from_f64(value);
            }
            (next, rest) = (next + count as u64, later);
        }
    }

    /// Two independent normal numbers from each of at most [`TOGETHER`] blocks, by the method of Box and Muller.
    fn normals(&self, first: u64, pairs: &mut [[f64; 2]]) {
        let (mut u, mut v, mut radii) = ([0.0; TOGETHER], [0.0; TOGETHER], [0.0; TOGETHER]);
        for i in 0..pairs.len() {
            [u[i], v[i]] = halves(self.block(first + i as u64)).map(unit::<f64>);
        }
        elementwise::normal_radii(&u[..pairs.len()], &mut radii[..pairs.len()]);
        for (i, pair) in pairs.iter_mut().enumerate() {
            let (sin, cos) = sin_cos_f64(std::f64::consts::TAU * v[i]);
            *pair = [radii[i] * cos, radii[i] * sin];
        }
    }
}

/// Values `first` … of a sequence that comes in blocks of N, each block made once.
fn fill<T: Copy, const N: usize>(first: u64, out: &mut [T], block: impl Fn(u64) -> [T; N]) {
    let mut number = first / N as u64;
    let skipped = (first % N as u64) as usize;
    let mut rest = out;
    if skipped > 0 {
        let count = rest.len().min(N - skipped);
        let (head, tail) = rest.split_at_mut(count);
        head.copy_from_slice(&block(number)[skipped..skipped + count]);
        rest = tail;
        number += 1;
    }
    for chunk in rest.chunks_mut(N) {
        chunk.copy_from_slice(&block(number)[..chunk.len()]);
        number += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The method as it is written, a block at a time.
    fn by_the_formula(block: [u32; 4]) -> [f64; 2] {
        let [u, v] = halves(block).map(unit::<f64>);
        let radius = (-2.0 * crate::functions::log_f64(1.0 - u)).sqrt();
        let angle = std::f64::consts::TAU * v;
        [radius * crate::functions::cos_f64(angle), radius * crate::functions::sin_f64(angle)]
    }

    #[test]
    fn normal_numbers_made_together_are_those_of_the_formula() {
        let mut many = vec![0.0f64; 200_001];
        STREAM.fill_normal(7, &mut many);
        for (i, value) in (7..).zip(&many) {
            let expected = by_the_formula(STREAM.block(i / 2))[(i % 2) as usize];
            assert_eq!(value.to_bits(), expected.to_bits(), "number {i}");
        }
        assert_eq!(STREAM.normal::<f64>(11).to_bits(), many[4].to_bits());
    }

    const STREAM: Stream = Stream::new(0x0123_4567_89ab_cdef, Purpose::Noise, 3, 9);

    #[test]
    fn the_counter_is_laid_out_as_the_module_says() {
        let key = [0x89ab_cdef, 0x0123_4567];
        assert_eq!(STREAM.block(5), philox4x32([7, 3, 9, 5], key));
        // Block 2^32 + 5 and step 3·2^32 + 9 have bits above 32.
        assert_eq!(STREAM.block((1 << 32) + 5), philox4x32([7 + (1 << 20), 3, 9, 5], key));
        let late = Stream { epoch_or_step: (3 << 32) + 9, ..STREAM };
        assert_eq!(late.block(5), philox4x32([7 + 3 * 256, 3, 9, 5], key));
        let [w0, w1, w2, w3] = STREAM.block(1);
        assert_eq!([STREAM.word(4), STREAM.word(5), STREAM.word(6), STREAM.word(7)], [w0, w1, w2, w3]);
        let second = (u64::from(w2) << 32 | u64::from(w3)) >> 11;
        assert_eq!(STREAM.uniform::<f64>(3), second as f64 / 9_007_199_254_740_992.0);
        assert_eq!(STREAM.uniform::<f32>(3), (w2 >> 8) as f32 / 16_777_216.0);
    }

    #[test]
    fn uniform_numbers_stay_below_one() {
        assert_eq!(unit::<f32>(u64::MAX), 1.0 - f32::EPSILON / 2.0);
        assert_eq!(unit::<f64>(u64::MAX), 1.0 - f64::EPSILON / 2.0);
        assert_eq!([unit::<f64>(0), unit::<f64>(1 << 63)], [0.0, 0.5]);
    }

    #[test]
    fn filling_from_anywhere_equals_asking_one_by_one() {
        for first in 0..9 {
            for len in 0..11 {
                let mut words = vec![0; len];
                let mut uniforms = vec![0.0f32; len];
                let mut normals = vec![0.0f64; len];
                STREAM.fill_words(first, &mut words);
                STREAM.fill_uniform(first, &mut uniforms);
                STREAM.fill_normal(first, &mut normals);
                for k in 0..len {
                    let i = first + k as u64;
                    assert_eq!(words[k], STREAM.word(i));
                    assert_eq!(uniforms[k], STREAM.uniform::<f32>(i));
                    assert_eq!(normals[k], STREAM.normal::<f64>(i));
                }
            }
        }
    }

    #[test]
    fn moments_are_those_of_the_distributions() {
        // 200,000 values: the standard error of a mean is about 0.0022, of the uniform's 0.00065. Five of them are allowed.
        let count = 200_000;
        let mut values = vec![0.0f64; count];
        STREAM.fill_normal(0, &mut values);
        let moment = |power: i32| {
            values.iter().map(|x| (0..power).fold(1.0, |p, _| p * x)).sum::<f64>() / count as f64
        };
        assert!(moment(1).abs() < 0.011, "{}", moment(1));
        assert!((moment(2) - 1.0).abs() < 0.016, "{}", moment(2));
        assert!(moment(3).abs() < 0.044, "{}", moment(3));
        assert!((moment(4) - 3.0).abs() < 0.11, "{}", moment(4));
        STREAM.fill_uniform(0, &mut values);
        assert!((values.iter().sum::<f64>() / count as f64 - 0.5).abs() < 0.0033);
        assert!(values.iter().all(|x| (0.0..1.0).contains(x)));
    }

    #[test]
    fn f32_and_f64_draw_the_same_numbers() {
        for i in 0..1000 {
            assert_eq!(STREAM.normal::<f32>(i), STREAM.normal::<f64>(i) as f32);
            assert!((f64::from(STREAM.uniform::<f32>(i)) - STREAM.uniform::<f64>(i)).abs() <= UNIT_F32);
        }
    }

    /// Guards the layout: these bits may never change.
    #[test]
    fn golden_values() {
        let stream =
            Stream { seed: 0, purpose: Purpose::InitialWeights, layer_or_column: 0, epoch_or_step: 0 };
        assert_eq!(stream.word(0), philox4x32([1, 0, 0, 0], [0, 0])[0]);
        assert_eq!(stream.normal::<f64>(0), -0.9238335510946979);
        assert_eq!(stream.normal::<f64>(1), -2.51295372489041);
    }
}
