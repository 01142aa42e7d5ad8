//! The random numbers that generators draw, in order: from Philox, or from NumPy's stream.

use crate::random::numpy::NumpyRandom;
use crate::random::{Purpose, Stream};

/// The "column" of numbers that all parts of one seed share.
const SHARED: u32 = u32::MAX;

/// Random numbers in order, for generators.
///
/// With Philox, uniform numbers are those of purpose `Generator` and normal ones those of purpose `Noise`, each counted
/// from 0; the part (0 train, 1 validation, 2 test) stands where streams have a column, so that parts made by the same
/// generator differ. With NumPy, all are drawn from one stream in the order of the calls.
#[derive(Debug)]
pub struct Draws<'a> {
    source: DrawSource<'a>,
}

#[derive(Debug)]
enum DrawSource<'a> {
    Philox { seed: u64, part: u32, uniforms: u64, normals: u64 },
    Numpy(&'a mut NumpyRandom),
}

impl<'a> Draws<'a> {
    /// Draws from Philox.
    pub fn philox(seed: u64, part: u32) -> Draws<'a> {
        Draws { source: DrawSource::Philox { seed, part, uniforms: 0, normals: 0 } }
    }

    /// Draws from NumPy's stream, which goes on.
    pub fn numpy(random: &'a mut NumpyRandom) -> Draws<'a> {
        Draws { source: DrawSource::Numpy(random) }
    }

    /// Whether the numbers are NumPy's.
    pub fn is_numpy(&self) -> bool {
        matches!(self.source, DrawSource::Numpy(_))
    }

    /// The next uniform number in [0, 1).
    pub fn uniform(&mut self) -> f64 {
        match &mut self.source {
            DrawSource::Philox { seed, part, uniforms, .. } => {
                *uniforms += 1;
                stream(*seed, Purpose::Generator, *part).uniform(*uniforms - 1)
            }
            DrawSource::Numpy(random) => random.random(),
        }
    }

    /// The next normal number, of mean 0 and deviation 1.
    pub fn normal(&mut self) -> f64 {
        match &mut self.source {
            DrawSource::Philox { seed, part, normals, .. } => {
                *normals += 1;
                stream(*seed, Purpose::Noise, *part).normal(*normals - 1)
            }
            DrawSource::Numpy(random) => random.randn(),
        }
    }

    /// Draws what all parts of a seed have in common; from NumPy's one stream it is drawn like everything else.
    pub fn shared<T>(&mut self, draw: impl FnOnce(&mut Draws<'_>) -> T) -> T {
        match &mut self.source {
            DrawSource::Philox { seed, .. } => draw(&mut Draws::philox(*seed, SHARED)),
            DrawSource::Numpy(random) => draw(&mut Draws::numpy(random)),
        }
    }
}

fn stream(seed: u64, purpose: Purpose, part: u32) -> Stream {
    Stream::new(seed, purpose, part, 0)
}
