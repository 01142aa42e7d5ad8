//! The elementary functions, ours: the same bits on every machine and at every vector width (NUMERICS rule 9).
//!
//! `exp`, `expm1`, `log`, `log1p`, `tanh` and `sigmoid` are polynomials evaluated with `mul_add`, one file each, `f32` and
//! `f64` side by side. They hold no branch, table or call: every case is computed and the right one selected, so a loop
//! over them compiles to vector instructions of whatever width the caller is compiled for, and one element at a time gives
//! the same bits. NaN passes, infinities and overflow come out as IEEE has them, subnormal results are kept.
//!
//! `erf`, `sin`, `cos` and `pow` are rare in a training step and come from the pure-Rust `libm`.
//!
//! # Units and ranges
//! The promise is at most 2 units of the last place in both types (a correctly rounded result has at most 0.5). Found:
//!
//! | | `exp` | `expm1` | `log` | `log1p` | `tanh` | `sigmoid` |
//! |---|---|---|---|---|---|---|
//! | `f32`, worst of all inputs | 0.99 | 1.44 | 0.87 | 1.43 | 1.34 | 1.69 |
//! | `f64`, worst of the stored values | 1.5 | 1.5 | 1.5 | 1.5 | 1.5 | 1.5 |
//!
//! The second line is a bound: each of the 1,985 results is the correctly rounded one (9 of 10 are) or its neighbour.
//!
//! The polynomials are minimax ones made by `reference/functions.py`, which tells how and prints their errors.
//!
//! # Example
//! ```
//! use thalweg::functions::{exp_f64, sigmoid_f32};
//! assert_eq!(exp_f64(0.0), 1.0);
//! assert_eq!(sigmoid_f32(0.0), 0.5);
//! ```

mod exp;
mod expm1;
mod log;
mod log1p;
mod nearest_log;
mod polynomial;
mod rare;
mod reduction;
mod sigmoid;
mod tanh;
#[cfg(test)]
mod tests;

pub use exp::{exp_f32, exp_f64};
pub use expm1::{expm1_f32, expm1_f64};
pub use log::{log_f32, log_f64};
pub use log1p::{log1p_f32, log1p_f64};
pub(crate) use nearest_log::nearest_log;
pub use rare::{cos_f32, cos_f64, erf_f32, erf_f64, pow_f32, pow_f64, sin_cos_f64, sin_f32, sin_f64};
pub use sigmoid::{sigmoid_f32, sigmoid_f64, sigmoid_near_f32, sigmoid_near_f64};
pub use tanh::{tanh_f32, tanh_f64};
