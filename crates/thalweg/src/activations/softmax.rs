//! Softmax: scores of a row to probabilities.

use crate::real::Real;

/// Values that are worked together, in whole rows.
const BLOCK: usize = 1024;

/// Turns every row into positive numbers that add up to 1.
///
/// ```text
/// m  = maxₖ zₖ
/// aⱼ = e^{zⱼ-m} / Σₖ e^{zₖ-m}        one chain of additions, k ascending
/// ```
///
/// # Shapes
/// `z`, `a`: `[rows, width]`.
///
/// # Units and ranges
/// Subtracting the row's maximum changes nothing but keeps every exponent at or below 0, so that nothing overflows. A
/// NaN in a row makes the whole row NaN.
///
/// # Panics
/// If a length is not a multiple of `width`.
///
/// # Source
/// Bridle, "Probabilistic interpretation of feedforward classification network outputs", 1990, section 2.
#[inline(always)]
pub(super) fn forward<R: Real>(width: usize, z: &[R], a: &mut [R]) {
    assert!(width > 0 && z.len().is_multiple_of(width), "z has whole rows");
    assert_eq!(z.len(), a.len(), "z and a have the same shape");
    // A block of rows at a time: its exponentials are one long loop, and it stays in the first cache.
    let block = BLOCK.div_ceil(width) * width;
    for (z, a) in z.chunks(block).zip(a.chunks_mut(block)) {
        for (z, a) in z.chunks_exact(width).zip(a.chunks_exact_mut(width)) {
            let m = largest(z);
            for (a, &z) in a.iter_mut().zip(z) {
                *a = z - m;
            }
        }
        for a in a.iter_mut() {
            *a = a.exp();
        }
        for a in a.chunks_exact_mut(width) {
            let mut sum = R::ZERO;
            for &a in a.iter() {
                sum += a;
            }
            for a in a {
                *a /= sum;
            }
        }
    }
}

/// Multiplies by the Jacobian of softmax.
///
/// ```text
/// dzⱼ = aⱼ·(daⱼ - Σₖ daₖ·aₖ)         one chain of fma from 0, k ascending
/// ```
///
/// # Shapes
/// `a`, `da`, `dz`: `[rows, width]`; `dz` is overwritten.
///
/// # Panics
/// If a length is not a multiple of `width`.
pub(super) fn backward<R: Real>(width: usize, a: &[R], da: &[R], dz: &mut [R]) {
    assert!(width > 0 && a.len().is_multiple_of(width), "a has whole rows");
    let rows = a.chunks_exact(width).zip(da.chunks_exact(width));
    for ((a, da), dz) in rows.zip(dz.chunks_exact_mut(width)) {
        let mut mean = R::ZERO;
        for (&a, &da) in a.iter().zip(da) {
            mean = da.mul_add(a, mean);
        }
        for ((dz, &a), &da) in dz.iter_mut().zip(a).zip(da) {
            *dz = a * (da - mean);
        }
    }
}

/// The largest value of a row; NaN is never larger.
#[inline(always)]
pub(crate) fn largest<R: Real>(row: &[R]) -> R {
    let mut largest = R::NEG_INFINITY;
    for &value in row {
        if value > largest {
            largest = value;
        }
    }
    largest
}

/// Writes e^{zⱼ - m} and returns their sum.
#[inline(always)]
pub(crate) fn exponentials<R: Real>(z: &[R], m: R, e: &mut [R]) -> R {
    for (e, &z) in e.iter_mut().zip(z) {
        *e = (z - m).exp();
    }
    let mut sum = R::ZERO;
    for &e in e.iter() {
        sum += e;
    }
    sum
}
