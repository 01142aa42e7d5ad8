//! Polynomials by Horner's rule: one chain of fused multiply-adds from the highest coefficient down.

/// c₀ + c₁x + c₂x² + …
#[inline(always)]
pub(super) fn polynomial_f32<const N: usize>(coefficients: &[f32; N], x: f32) -> f32 {
    let mut value = coefficients[N - 1];
    let mut k = N - 1;
    while k > 0 {
        k -= 1;
        value = value.mul_add(x, coefficients[k]);
    }
    value
}

/// c₀ + c₁x + c₂x² + …
#[inline(always)]
pub(super) fn polynomial_f64<const N: usize>(coefficients: &[f64; N], x: f64) -> f64 {
    let mut value = coefficients[N - 1];
    let mut k = N - 1;
    while k > 0 {
        k -= 1;
        value = value.mul_add(x, coefficients[k]);
    }
    value
}
