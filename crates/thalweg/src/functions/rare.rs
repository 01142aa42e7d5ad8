//! The functions a training step seldom needs, from the pure-Rust `libm`: the same bits on every machine, one call each.

/// The error function, 2/√π · ∫₀ˣ e^(-t²) dt.
#[inline(always)]
pub fn erf_f32(x: f32) -> f32 {
    libm::erff(x)
}

/// The error function, 2/√π · ∫₀ˣ e^(-t²) dt.
#[inline(always)]
pub fn erf_f64(x: f64) -> f64 {
    libm::erf(x)
}

/// The sine of an angle in radians.
#[inline(always)]
pub fn sin_f32(x: f32) -> f32 {
    libm::sinf(x)
}

/// The sine of an angle in radians.
#[inline(always)]
pub fn sin_f64(x: f64) -> f64 {
    libm::sin(x)
}

/// The cosine of an angle in radians.
#[inline(always)]
pub fn cos_f32(x: f32) -> f32 {
    libm::cosf(x)
}

/// The cosine of an angle in radians.
#[inline(always)]
pub fn cos_f64(x: f64) -> f64 {
    libm::cos(x)
}

/// x to the power of `exponent`.
#[inline(always)]
pub fn pow_f32(x: f32, exponent: f32) -> f32 {
    libm::powf(x, exponent)
}

/// x to the power of `exponent`.
#[inline(always)]
pub fn pow_f64(x: f64, exponent: f64) -> f64 {
    libm::pow(x, exponent)
}
