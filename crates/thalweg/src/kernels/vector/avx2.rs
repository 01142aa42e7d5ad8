//! The registers of AVX2 with FMA.
#![allow(unsafe_code, reason = "the instructions of one instruction set, behind the conditions of `Vector`")]

use super::Vector;
use std::arch::x86_64::*;

/// 8 lanes of `f32`.
#[derive(Clone, Copy)]
pub struct F32x8(__m256);

impl Vector<f32> for F32x8 {
    const WIDTH: usize = 8;
    const REGISTERS: usize = 16;

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the trait's conditions.
        unsafe { F32x8(_mm256_loadu_ps(from)) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the trait's conditions.
        unsafe { _mm256_storeu_ps(to, self.0) }
    }

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        // SAFETY: the trait's conditions.
        unsafe { F32x8(_mm256_set1_ps(value)) }
    }

    #[inline(always)]
    unsafe fn mul_add(self, factor: Self, addend: Self) -> Self {
        // SAFETY: the trait's conditions.
        unsafe { F32x8(_mm256_fmadd_ps(self.0, factor.0, addend.0)) }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: the trait's conditions.
        unsafe { F32x8(_mm256_add_ps(self.0, other.0)) }
    }

    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        // SAFETY: the trait's conditions.
        unsafe { F32x8(_mm256_mul_ps(self.0, other.0)) }
    }

    #[inline(always)]
    unsafe fn load_bytes(from: *const u8) -> Self {
        // SAFETY: the trait's conditions.
        unsafe {
            let bytes = _mm_loadl_epi64(from.cast());
            F32x8(_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes)))
        }
    }
}

/// 4 lanes of `f64`.
#[derive(Clone, Copy)]
pub struct F64x4(__m256d);

impl Vector<f64> for F64x4 {
    const WIDTH: usize = 4;
    const REGISTERS: usize = 16;

    #[inline(always)]
    unsafe fn load(from: *const f64) -> Self {
        // SAFETY: the trait's conditions.
        unsafe { F64x4(_mm256_loadu_pd(from)) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f64) {
        // SAFETY: the trait's conditions.
        unsafe { _mm256_storeu_pd(to, self.0) }
    }

    #[inline(always)]
    unsafe fn splat(value: f64) -> Self {
        // SAFETY: the trait's conditions.
        unsafe { F64x4(_mm256_set1_pd(value)) }
    }

    #[inline(always)]
    unsafe fn mul_add(self, factor: Self, addend: Self) -> Self {
        // SAFETY: the trait's conditions.
        unsafe { F64x4(_mm256_fmadd_pd(self.0, factor.0, addend.0)) }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: the trait's conditions.
        unsafe { F64x4(_mm256_add_pd(self.0, other.0)) }
    }

    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        // SAFETY: the trait's conditions.
        unsafe { F64x4(_mm256_mul_pd(self.0, other.0)) }
    }

    #[inline(always)]
    unsafe fn load_bytes(from: *const u8) -> Self {
        // SAFETY: the trait's conditions.
        unsafe {
            let bytes = _mm_cvtsi32_si128(from.cast::<i32>().read_unaligned());
            F64x4(_mm256_cvtepi32_pd(_mm_cvtepu8_epi32(bytes)))
        }
    }
}
