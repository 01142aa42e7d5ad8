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

/// Sine and cosine of an angle in radians: [`sin_f64`] and [`cos_f64`], whose common part is computed once.
#[inline(always)]
pub fn sin_cos_f64(x: f64) -> (f64, f64) {
    libm::sincos(x)
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
