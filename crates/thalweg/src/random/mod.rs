//! Random numbers: pure functions of seed, purpose and place, so that nothing has to be stored (NUMERICS rule 15).
//!
//! # The layout, exactly
//! Philox4x32-10 turns a key of two 32-bit words and a counter of four into four random words: a **block**.
//!
//! ```text
//! key     = (low 32 bits of the seed, high 32 bits of the seed)
//! counter = (purpose + 2^8·(step >> 32) + 2^20·(block >> 32), layer or column, step's low 32 bits, block's low 32 bits)
//!           with the epoch where there is no step; both shifted parts have 12 bits
//! ```
//!
//! A [`Stream`] is all but the block number. Block b, of words w₀ w₁ w₂ w₃, can be read in three ways; a stream is read in
//! one of them only, since they show the same bits:
//!
//! | view | values in a block | value |
//! |---|---|---|
//! | [`Stream::word`] | 4 | word i mod 4 of block i / 4 |
//! | [`Stream::uniform`] | 2 | bits = w₀·2³² + w₁ for even i, w₂·2³² + w₃ for odd i, of block i / 2; `f32` takes the top 24 of the 64 bits, `f64` the top 53, times 2^-24 or 2^-53 |
//! | [`Stream::normal`] | 2 | with u, v the two uniforms (`f64`) of block i / 2: √(-2 log(1 - u)) times cos 2πv for even i, sin 2πv for odd i; `f32` is that number rounded |
//!
//! So a network in `f32` and its twin in `f64` draw the same numbers, up to rounding.
//!
//! Whole numbers below a bound and permutations read words in order through [`Draws`]; how is stated there.
//!
//! [`numpy`] has NumPy's own legacy streams, for experiments that must start from a published script's numbers.

mod draws;
pub mod numpy;
mod philox;
mod stream;

pub use draws::{Draws, permutation, shuffle};
pub use philox::philox4x32;
pub use stream::{Purpose, Stream};
