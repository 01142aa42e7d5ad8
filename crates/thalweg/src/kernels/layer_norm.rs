//! Layer normalisation of one example, there and back.
#![allow(
    unsafe_code,
    reason = "the entries compiled for an instruction set are called after it was detected"
)]

use crate::real::Real;

/// Chains in which values are added, and how many values are one block (NUMERICS rule 5).
const LANES: usize = 8;
const BLOCK: usize = 4096;

/// Σᵢ term(i) in f64 by NUMERICS rule 5, as [`OrderedSum`](super::OrderedSum) adds. A macro, since a closure would not be compiled for the
/// instruction set of the function that it stands in.
macro_rules! ordered_sum {
    ($len:expr, $i:ident => $term:expr) => {{
        let mut total = 0.0;
        let mut start = 0;
        while start < $len {
            let end = ($len).min(start + BLOCK);
            let mut lanes = [0.0_f64; LANES];
            let mut first = start;
            while first + LANES <= end {
                for lane in 0..LANES {
                    let $i = first + lane;
                    lanes[lane] += $term;
                }
                first += LANES;
            }
            for lane in 0..end - first {
                let $i = first + lane;
                lanes[lane] += $term;
            }
            let mut block = lanes[0];
            for lane in 1..LANES {
                block += lanes[lane];
            }
            total += block;
            start = end;
        }
        total
    }};
}

dispatched! {
    /// u = (x - m)·s and y = w ⊙ u + b over one example, with its mean m and s = 1/√(variance + epsilon), which is returned.
    ///
    /// # Panics
    /// Unless all are as long as `x`.
    pub(crate) fn normalise<R>(epsilon: f64, x: &[R], w: &[R], b: &[R], u: &mut [R], y: &mut [R]) -> R = normalise_portable;
}

#[inline(always)]
fn normalise_portable<R: Real>(epsilon: f64, x: &[R], w: &[R], b: &[R], u: &mut [R], y: &mut [R]) -> R {
    let len = x.len();
    assert!(w.len() == len && b.len() == len && u.len() == len && y.len() == len, "one value each");
    let count = len as f64;
    let mean = ordered_sum!(len, i => x[i].to_f64()) / count;
    let squares = ordered_sum!(len, i => {
        let d = x[i].to_f64() - mean;
        d * d
    });
    let (m, s) = (R::from_f64(mean), R::from_f64(1.0 / (squares / count + epsilon).sqrt()));
    for i in 0..len {
        u[i] = (x[i] - m) * s;
        y[i] = w[i].mul_add(u[i], b[i]);
    }
    s
}

dispatched! {
    /// dx = s·(g - Σ g/J - u·Σ(g·u)/J) with g = w ⊙ dy, over the J values of one example.
    ///
    /// # Panics
    /// Unless all are as long as `dx`.
    pub(crate) fn denormalise<R>(w: &[R], s: R, u: &[R], dy: &[R], dx: &mut [R]) = denormalise_portable;
}

#[inline(always)]
fn denormalise_portable<R: Real>(w: &[R], s: R, u: &[R], dy: &[R], dx: &mut [R]) {
    let len = dx.len();
    assert!(w.len() == len && u.len() == len && dy.len() == len, "one value each");
    let count = len as f64;
    for i in 0..len {
        dx[i] = w[i] * dy[i];
    }
    let sum = ordered_sum!(len, i => dx[i].to_f64());
    let along = ordered_sum!(len, i => dx[i].to_f64() * u[i].to_f64());
    let (mean, along) = (R::from_f64(sum / count), R::from_f64(along / count));
    for i in 0..len {
        dx[i] = s * (dx[i] - mean - u[i] * along);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::OrderedSum;

    #[test]
    fn sums_are_those_of_the_rule() {
        for len in [1, 7, 8, 9, 4095, 4096, 4097, 9000] {
            let x: Vec<f32> = (0..len).map(|i| (i * 7919 % 1009) as f32 / 97.0 - 5.0).collect();
            let mut sum = OrderedSum::new();
            sum.push_all(&x);
            let ours: f64 = ordered_sum!(len, i => x[i].to_f64());
            assert_eq!(ours.to_bits(), sum.total().to_bits(), "{len} values");
        }
    }
}
