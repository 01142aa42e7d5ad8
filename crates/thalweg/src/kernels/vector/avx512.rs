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
    unsafe fn sub(self, other: Self) -> Self {
        // SAFETY: the trait's conditions.
        unsafe { F32x16(_mm512_sub_ps(self.0, other.0)) }
    }

    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        // SAFETY: the trait's conditions.
        unsafe { F32x16(_mm512_mul_ps(self.0, other.0)) }
    }

    #[inline(always)]
    unsafe fn div(self, other: Self) -> Self {
        // SAFETY: the trait's conditions.
        unsafe { F32x16(_mm512_div_ps(self.0, other.0)) }
    }

    #[inline(always)]
    unsafe fn larger(self, other: Self) -> Self {
        // The second operand comes out where the first is NaN, or both are zero.
        // SAFETY: the trait's conditions.
        unsafe { F32x16(_mm512_max_ps(self.0, other.0)) }
    }

    #[inline(always)]
    unsafe fn join_halves(from: *const f32, stride: usize, to: *mut f32) {
        // Two runs are joined in one register: first the halves of 256 bits, then of 128, then inside of those. Run i ends
        // at a permuted place, so that the runs are taken in the inverse order.
        // SAFETY: the trait's conditions; `from` reaches 16 runs, `to` 16 sums.
        unsafe {
            let mut s = [_mm512_setzero_ps(); 16];
            for i in 0..16 {
                s[i] = _mm512_loadu_ps(from.add((4 * (i % 4) + i / 4) * stride));
            }
            for i in 0..8 {
                let (a, b) = (s[2 * i], s[2 * i + 1]);
                s[i] = _mm512_add_ps(_mm512_shuffle_f32x4::<0x44>(a, b), _mm512_shuffle_f32x4::<0xee>(a, b));
            }
            for i in 0..4 {
                let (a, b) = (s[2 * i], s[2 * i + 1]);
                s[i] = _mm512_add_ps(_mm512_shuffle_f32x4::<0x88>(a, b), _mm512_shuffle_f32x4::<0xdd>(a, b));
            }
            for i in 0..2 {
                let (a, b) = (s[2 * i], s[2 * i + 1]);
                let (a, b) = (_mm512_castps_pd(a), _mm512_castps_pd(b));
                let low = _mm512_castpd_ps(_mm512_unpacklo_pd(a, b));
                let high = _mm512_castpd_ps(_mm512_unpackhi_pd(a, b));
                s[i] = _mm512_add_ps(low, high);
            }
            let sums =
                _mm512_add_ps(_mm512_shuffle_ps::<0x88>(s[0], s[1]), _mm512_shuffle_ps::<0xdd>(s[0], s[1]));
            _mm512_storeu_ps(to, _mm512_add_ps(_mm512_setzero_ps(), sums));
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
    unsafe fn sub(self, other: Self) -> Self {
        // SAFETY: the trait's conditions.
        unsafe { F64x8(_mm512_sub_pd(self.0, other.0)) }
    }

    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        // SAFETY: the trait's conditions.
        unsafe { F64x8(_mm512_mul_pd(self.0, other.0)) }
    }

    #[inline(always)]
    unsafe fn div(self, other: Self) -> Self {
        // SAFETY: the trait's conditions.
        unsafe { F64x8(_mm512_div_pd(self.0, other.0)) }
    }

    #[inline(always)]
    unsafe fn larger(self, other: Self) -> Self {
        // The second operand comes out where the first is NaN, or both are zero.
        // SAFETY: the trait's conditions.
        unsafe { F64x8(_mm512_max_pd(self.0, other.0)) }
    }

    #[inline(always)]
    unsafe fn join_halves(from: *const f64, stride: usize, to: *mut f64) {
        // Two runs are joined in one register: first the halves of 256 bits, then of 128, then inside of those. Run i ends
        // at a permuted place, so that the runs are taken in the inverse order.
        // SAFETY: the trait's conditions; `from` reaches 8 runs, `to` 8 sums.
        unsafe {
            let mut s = [_mm512_setzero_pd(); 8];
            for i in 0..8 {
                s[i] = _mm512_loadu_pd(from.add((2 * (i % 4) + i / 4) * stride));
            }
            for i in 0..4 {
                let (a, b) = (s[2 * i], s[2 * i + 1]);
                s[i] = _mm512_add_pd(_mm512_shuffle_f64x2::<0x44>(a, b), _mm512_shuffle_f64x2::<0xee>(a, b));
            }
            for i in 0..2 {
                let (a, b) = (s[2 * i], s[2 * i + 1]);
                s[i] = _mm512_add_pd(_mm512_shuffle_f64x2::<0x88>(a, b), _mm512_shuffle_f64x2::<0xdd>(a, b));
            }
            let sums = _mm512_add_pd(_mm512_unpacklo_pd(s[0], s[1]), _mm512_unpackhi_pd(s[0], s[1]));
            _mm512_storeu_pd(to, _mm512_add_pd(_mm512_setzero_pd(), sums));
        }
    }
}
