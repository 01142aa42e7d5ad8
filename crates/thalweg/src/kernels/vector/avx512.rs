//! The registers of AVX-512.
#![allow(unsafe_code, reason = "the instructions of one instruction set, behind the conditions of `Vector`")]

use super::Vector;
use std::arch::x86_64::*;

/// 16 lanes of `f32`.
#[derive(Clone, Copy)]
pub struct F32x16(__m512);

impl Vector<f32> for F32x16 {
    const WIDTH: usize = 16;
    const REGISTERS: usize = 32;

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the trait's conditions.
        unsafe { F32x16(_mm512_loadu_ps(from)) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the trait's conditions.
        unsafe { _mm512_storeu_ps(to, self.0) }
    }

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        // SAFETY: the trait's conditions.
        unsafe { F32x16(_mm512_set1_ps(value)) }
    }

    #[inline(always)]
    unsafe fn mul_add(self, factor: Self, addend: Self) -> Self {
        // SAFETY: the trait's conditions.
        unsafe { F32x16(_mm512_fmadd_ps(self.0, factor.0, addend.0)) }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: the trait's conditions.
        unsafe { F32x16(_mm512_add_ps(self.0, other.0)) }
    }

    #[inline(always)]
    unsafe fn turn(from: *const f32, from_row: usize, to: *mut f32, to_row: usize) {
        const INDICES: [[[i32; 16]; 2]; 4] = halves_32::<16, 4>();
        // SAFETY: the trait's conditions.
        unsafe {
            let mut rows = [_mm512_set1_ps(0.0); 16];
            for k in 0..16 {
                rows[k] = _mm512_loadu_ps(from.add(k * from_row));
            }
            for step in 0..4 {
                let distance = 1 << step;
                let low = _mm512_loadu_si512(INDICES[step][0].as_ptr().cast());
                let high = _mm512_loadu_si512(INDICES[step][1].as_ptr().cast());
                for k in 0..16 {
                    if k & distance == 0 {
                        let (a, b) = (rows[k], rows[k + distance]);
                        rows[k] = _mm512_permutex2var_ps(a, low, b);
                        rows[k + distance] = _mm512_permutex2var_ps(a, high, b);
                    }
                }
            }
            for k in 0..16 {
                _mm512_storeu_ps(to.add(k * to_row), rows[k]);
            }
        }
    }
}

/// 8 lanes of `f64`.
#[derive(Clone, Copy)]
pub struct F64x8(__m512d);

impl Vector<f64> for F64x8 {
    const WIDTH: usize = 8;
    const REGISTERS: usize = 32;

    #[inline(always)]
    unsafe fn load(from: *const f64) -> Self {
        // SAFETY: the trait's conditions.
        unsafe { F64x8(_mm512_loadu_pd(from)) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f64) {
        // SAFETY: the trait's conditions.
        unsafe { _mm512_storeu_pd(to, self.0) }
    }

    #[inline(always)]
    unsafe fn splat(value: f64) -> Self {
        // SAFETY: the trait's conditions.
        unsafe { F64x8(_mm512_set1_pd(value)) }
    }

    #[inline(always)]
    unsafe fn mul_add(self, factor: Self, addend: Self) -> Self {
        // SAFETY: the trait's conditions.
        unsafe { F64x8(_mm512_fmadd_pd(self.0, factor.0, addend.0)) }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: the trait's conditions.
        unsafe { F64x8(_mm512_add_pd(self.0, other.0)) }
    }

    #[inline(always)]
    unsafe fn turn(from: *const f64, from_row: usize, to: *mut f64, to_row: usize) {
        const INDICES: [[[i64; 8]; 2]; 3] = halves_64::<8, 3>();
        // SAFETY: the trait's conditions.
        unsafe {
            let mut rows = [_mm512_set1_pd(0.0); 8];
            for k in 0..8 {
                rows[k] = _mm512_loadu_pd(from.add(k * from_row));
            }
            for step in 0..3 {
                let distance = 1 << step;
                let low = _mm512_loadu_si512(INDICES[step][0].as_ptr().cast());
                let high = _mm512_loadu_si512(INDICES[step][1].as_ptr().cast());
                for k in 0..8 {
                    if k & distance == 0 {
                        let (a, b) = (rows[k], rows[k + distance]);
                        rows[k] = _mm512_permutex2var_pd(a, low, b);
                        rows[k + distance] = _mm512_permutex2var_pd(a, high, b);
                    }
                }
            }
            for k in 0..8 {
                _mm512_storeu_pd(to.add(k * to_row), rows[k]);
            }
        }
    }
}

/// Two rows exchange the halves off their diagonal: which lanes of both (the second's from the width on) the first and
/// the second hold afterwards, for distances 1, 2, 4 ... After all distances a square is turned.
macro_rules! halves {
    ($name:ident, $index:ty) => {
        const fn $name<const N: usize, const STEPS: usize>() -> [[[$index; N]; 2]; STEPS] {
            let mut indices = [[[0; N]; 2]; STEPS];
            let mut step = 0;
            while step < STEPS {
                let distance = 1 << step;
                let mut lane = 0;
                while lane < N {
                    let is_first = lane & distance == 0;
                    indices[step][0][lane] = (if is_first { lane } else { N + lane - distance }) as $index;
                    indices[step][1][lane] = (if is_first { lane + distance } else { N + lane }) as $index;
                    lane += 1;
                }
                step += 1;
            }
            indices
        }
    };
}

halves!(halves_32, i32);
halves!(halves_64, i64);
