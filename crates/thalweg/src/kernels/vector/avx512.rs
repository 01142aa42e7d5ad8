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
}
