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
    unsafe fn store_first(self, count: usize, to: *mut f32) {
        // SAFETY: the trait's conditions.
        unsafe {
            let numbers = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
            let kept = _mm256_cmpgt_epi32(_mm256_set1_epi32(count as i32), numbers);
            _mm256_maskstore_ps(to, kept, self.0);
        }
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
    unsafe fn turn(
        rows: usize,
        columns: usize,
        from: *const f32,
        from_row: usize,
        to: *mut f32,
        to_row: usize,
    ) {
        // SAFETY: the trait's conditions.
        unsafe {
            if rows < Self::WIDTH {
                for j in 0..columns {
                    for k in 0..rows {
                        *to.add(j * to_row + k) = *from.add(k * from_row + j);
                    }
                }
                return;
            }
            let mut s = [_mm256_setzero_ps(); 8];
            for k in 0..8 {
                s[k] = _mm256_loadu_ps(from.add(k * from_row));
            }
            // Pairs of rows, then four of them, whose quarters of 128 bits belong together.
            let mut pairs = s;
            for k in 0..4 {
                pairs[2 * k] = _mm256_unpacklo_ps(s[2 * k], s[2 * k + 1]);
                pairs[2 * k + 1] = _mm256_unpackhi_ps(s[2 * k], s[2 * k + 1]);
            }
            for k in 0..2 {
                for half in 0..2 {
                    let (a, b) = (pairs[4 * k + half], pairs[4 * k + 2 + half]);
                    s[4 * k + 2 * half] = _mm256_shuffle_ps::<0x44>(a, b);
                    s[4 * k + 2 * half + 1] = _mm256_shuffle_ps::<0xee>(a, b);
                }
            }
            for j in 0..4 {
                if j < columns {
                    _mm256_storeu_ps(to.add(j * to_row), _mm256_permute2f128_ps::<0x20>(s[j], s[4 + j]));
                }
                if 4 + j < columns {
                    _mm256_storeu_ps(
                        to.add((4 + j) * to_row),
                        _mm256_permute2f128_ps::<0x31>(s[j], s[4 + j]),
                    );
                }
            }
        }
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

    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        // SAFETY: the trait's conditions.
        unsafe { F32x8(_mm256_sub_ps(self.0, other.0)) }
    }

    #[inline(always)]
    unsafe fn div(self, other: Self) -> Self {
        // SAFETY: the trait's conditions.
        unsafe { F32x8(_mm256_div_ps(self.0, other.0)) }
    }

    #[inline(always)]
    unsafe fn larger(self, other: Self) -> Self {
        // The second operand comes out where the first is NaN, or both are zero.
        // SAFETY: the trait's conditions.
        unsafe { F32x8(_mm256_max_ps(self.0, other.0)) }
    }

    #[inline(always)]
    unsafe fn unless_zero(self, of: Self, other: Self) -> Self {
        // SAFETY: the trait's conditions.
        unsafe {
            let is_own = _mm256_cmp_ps::<_CMP_NEQ_UQ>(of.0, _mm256_setzero_ps());
            F32x8(_mm256_blendv_ps(other.0, self.0, is_own))
        }
    }

    #[inline(always)]
    unsafe fn first(self, count: usize) -> Self {
        // SAFETY: the trait's conditions.
        unsafe {
            let numbers = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
            let kept = _mm256_cmpgt_epi32(_mm256_set1_epi32(count as i32), numbers);
            F32x8(_mm256_and_ps(self.0, _mm256_castsi256_ps(kept)))
        }
    }

    #[inline(always)]
    unsafe fn load_first(count: usize, from: *const f32) -> Self {
        // SAFETY: the trait's conditions; what the mask leaves out is not read.
        unsafe {
            let numbers = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
            let wanted = _mm256_cmpgt_epi32(_mm256_set1_epi32(count as i32), numbers);
            F32x8(_mm256_maskload_ps(from, wanted))
        }
    }

    #[inline(always)]
    unsafe fn load_halves(first: *const f32, second: *const f32) -> Self {
        // SAFETY: the trait's conditions, for half a register each.
        unsafe {
            let low = _mm256_castps128_ps256(_mm_loadu_ps(first));
            F32x8(_mm256_insertf128_ps::<1>(low, _mm_loadu_ps(second)))
        }
    }

    #[inline(always)]
    unsafe fn unzip(self, next: Self) -> (Self, Self) {
        // SAFETY: the trait's conditions.
        unsafe {
            // Within halves first, whose pairs then lie crosswise.
            let even = _mm256_castps_pd(_mm256_shuffle_ps::<0x88>(self.0, next.0));
            let odd = _mm256_castps_pd(_mm256_shuffle_ps::<0xdd>(self.0, next.0));
            let even = _mm256_castpd_ps(_mm256_permute4x64_pd::<0xd8>(even));
            (F32x8(even), F32x8(_mm256_castpd_ps(_mm256_permute4x64_pd::<0xd8>(odd))))
        }
    }

    #[inline(always)]
    unsafe fn zip(self, odd: Self) -> (Self, Self) {
        // SAFETY: the trait's conditions.
        unsafe {
            let low = _mm256_unpacklo_ps(self.0, odd.0);
            let high = _mm256_unpackhi_ps(self.0, odd.0);
            let first = _mm256_permute2f128_ps::<0x20>(low, high);
            (F32x8(first), F32x8(_mm256_permute2f128_ps::<0x31>(low, high)))
        }
    }

    #[inline(always)]
    unsafe fn larger_with_place(self, place: Self, candidate: Self, its_place: Self) -> (Self, Self) {
        // SAFETY: the trait's conditions.
        unsafe {
            // Larger, or NaN, where `self` is a number.
            let is_number = _mm256_cmp_ps::<_CMP_ORD_Q>(self.0, self.0);
            let is_next = _mm256_and_ps(is_number, _mm256_cmp_ps::<_CMP_NLE_UQ>(candidate.0, self.0));
            let largest = F32x8(_mm256_blendv_ps(self.0, candidate.0, is_next));
            (largest, F32x8(_mm256_blendv_ps(place.0, its_place.0, is_next)))
        }
    }

    #[inline(always)]
    unsafe fn where_equal(self, place: Self, wanted: Self) -> Self {
        // SAFETY: the trait's conditions.
        unsafe { F32x8(_mm256_and_ps(self.0, _mm256_cmp_ps::<_CMP_EQ_OQ>(place.0, wanted.0))) }
    }

    #[inline(always)]
    unsafe fn join_halves(from: *const f32, stride: usize, to: *mut f32) {
        // Two runs are joined in one register: first the halves of 128 bits, then inside of those. Run i ends at a permuted
        // place, so that the runs are taken in the inverse order.
        // SAFETY: the trait's conditions; `from` reaches 8 runs, `to` 8 sums.
        unsafe {
            let mut s = [_mm256_setzero_ps(); 8];
            for i in 0..8 {
                s[i] = _mm256_loadu_ps(from.add((4 * (i % 2) + i / 2) * stride));
            }
            for i in 0..4 {
                let (a, b) = (s[2 * i], s[2 * i + 1]);
                s[i] =
                    _mm256_add_ps(_mm256_permute2f128_ps::<0x20>(a, b), _mm256_permute2f128_ps::<0x31>(a, b));
            }
            for i in 0..2 {
                let (a, b) = (s[2 * i], s[2 * i + 1]);
                let (a, b) = (_mm256_castps_pd(a), _mm256_castps_pd(b));
                let low = _mm256_castpd_ps(_mm256_unpacklo_pd(a, b));
                let high = _mm256_castpd_ps(_mm256_unpackhi_pd(a, b));
                s[i] = _mm256_add_ps(low, high);
            }
            let sums =
                _mm256_add_ps(_mm256_shuffle_ps::<0x88>(s[0], s[1]), _mm256_shuffle_ps::<0xdd>(s[0], s[1]));
            _mm256_storeu_ps(to, _mm256_add_ps(_mm256_setzero_ps(), sums));
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
    unsafe fn store_first(self, count: usize, to: *mut f64) {
        // SAFETY: the trait's conditions.
        unsafe {
            let numbers = _mm256_setr_epi64x(0, 1, 2, 3);
            let kept = _mm256_cmpgt_epi64(_mm256_set1_epi64x(count as i64), numbers);
            _mm256_maskstore_pd(to, kept, self.0);
        }
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
    unsafe fn turn(
        rows: usize,
        columns: usize,
        from: *const f64,
        from_row: usize,
        to: *mut f64,
        to_row: usize,
    ) {
        // SAFETY: the trait's conditions.
        unsafe {
            if rows < Self::WIDTH {
                for j in 0..columns {
                    for k in 0..rows {
                        *to.add(j * to_row + k) = *from.add(k * from_row + j);
                    }
                }
                return;
            }
            let (a, b) = (_mm256_loadu_pd(from), _mm256_loadu_pd(from.add(from_row)));
            let (c, d) = (_mm256_loadu_pd(from.add(2 * from_row)), _mm256_loadu_pd(from.add(3 * from_row)));
            let (ab, cd) = (_mm256_unpacklo_pd(a, b), _mm256_unpacklo_pd(c, d));
            let (ab_odd, cd_odd) = (_mm256_unpackhi_pd(a, b), _mm256_unpackhi_pd(c, d));
            let turned = [
                _mm256_permute2f128_pd::<0x20>(ab, cd),
                _mm256_permute2f128_pd::<0x20>(ab_odd, cd_odd),
                _mm256_permute2f128_pd::<0x31>(ab, cd),
                _mm256_permute2f128_pd::<0x31>(ab_odd, cd_odd),
            ];
            for j in 0..4 {
                if j < columns {
                    _mm256_storeu_pd(to.add(j * to_row), turned[j]);
                }
            }
        }
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

    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        // SAFETY: the trait's conditions.
        unsafe { F64x4(_mm256_sub_pd(self.0, other.0)) }
    }

    #[inline(always)]
    unsafe fn div(self, other: Self) -> Self {
        // SAFETY: the trait's conditions.
        unsafe { F64x4(_mm256_div_pd(self.0, other.0)) }
    }

    #[inline(always)]
    unsafe fn larger(self, other: Self) -> Self {
        // The second operand comes out where the first is NaN, or both are zero.
        // SAFETY: the trait's conditions.
        unsafe { F64x4(_mm256_max_pd(self.0, other.0)) }
    }

    #[inline(always)]
    unsafe fn unless_zero(self, of: Self, other: Self) -> Self {
        // SAFETY: the trait's conditions.
        unsafe {
            let is_own = _mm256_cmp_pd::<_CMP_NEQ_UQ>(of.0, _mm256_setzero_pd());
            F64x4(_mm256_blendv_pd(other.0, self.0, is_own))
        }
    }

    #[inline(always)]
    unsafe fn first(self, count: usize) -> Self {
        // SAFETY: the trait's conditions.
        unsafe {
            let numbers = _mm256_setr_epi64x(0, 1, 2, 3);
            let kept = _mm256_cmpgt_epi64(_mm256_set1_epi64x(count as i64), numbers);
            F64x4(_mm256_and_pd(self.0, _mm256_castsi256_pd(kept)))
        }
    }

    #[inline(always)]
    unsafe fn load_first(count: usize, from: *const f64) -> Self {
        // SAFETY: the trait's conditions; what the mask leaves out is not read.
        unsafe {
            let numbers = _mm256_setr_epi64x(0, 1, 2, 3);
            let wanted = _mm256_cmpgt_epi64(_mm256_set1_epi64x(count as i64), numbers);
            F64x4(_mm256_maskload_pd(from, wanted))
        }
    }

    #[inline(always)]
    unsafe fn load_halves(first: *const f64, second: *const f64) -> Self {
        // SAFETY: the trait's conditions, for half a register each.
        unsafe {
            let low = _mm256_castpd128_pd256(_mm_loadu_pd(first));
            F64x4(_mm256_insertf128_pd::<1>(low, _mm_loadu_pd(second)))
        }
    }

    #[inline(always)]
    unsafe fn unzip(self, next: Self) -> (Self, Self) {
        // SAFETY: the trait's conditions.
        unsafe {
            let even = _mm256_unpacklo_pd(self.0, next.0);
            let odd = _mm256_unpackhi_pd(self.0, next.0);
            let even = _mm256_permute4x64_pd::<0xd8>(even);
            (F64x4(even), F64x4(_mm256_permute4x64_pd::<0xd8>(odd)))
        }
    }

    #[inline(always)]
    unsafe fn zip(self, odd: Self) -> (Self, Self) {
        // SAFETY: the trait's conditions.
        unsafe {
            let low = _mm256_unpacklo_pd(self.0, odd.0);
            let high = _mm256_unpackhi_pd(self.0, odd.0);
            let first = _mm256_permute2f128_pd::<0x20>(low, high);
            (F64x4(first), F64x4(_mm256_permute2f128_pd::<0x31>(low, high)))
        }
    }

    #[inline(always)]
    unsafe fn larger_with_place(self, place: Self, candidate: Self, its_place: Self) -> (Self, Self) {
        // SAFETY: the trait's conditions.
        unsafe {
            // Larger, or NaN, where `self` is a number.
            let is_number = _mm256_cmp_pd::<_CMP_ORD_Q>(self.0, self.0);
            let is_next = _mm256_and_pd(is_number, _mm256_cmp_pd::<_CMP_NLE_UQ>(candidate.0, self.0));
            let largest = F64x4(_mm256_blendv_pd(self.0, candidate.0, is_next));
            (largest, F64x4(_mm256_blendv_pd(place.0, its_place.0, is_next)))
        }
    }

    #[inline(always)]
    unsafe fn where_equal(self, place: Self, wanted: Self) -> Self {
        // SAFETY: the trait's conditions.
        unsafe { F64x4(_mm256_and_pd(self.0, _mm256_cmp_pd::<_CMP_EQ_OQ>(place.0, wanted.0))) }
    }

    #[inline(always)]
    unsafe fn join_halves(from: *const f64, stride: usize, to: *mut f64) {
        // Two runs are joined in one register: first the halves of 128 bits, then inside of those. Run i ends at a permuted
        // place, so that the runs are taken in the inverse order.
        // SAFETY: the trait's conditions; `from` reaches 4 runs, `to` 4 sums.
        unsafe {
            let mut s = [_mm256_setzero_pd(); 4];
            for i in 0..4 {
                s[i] = _mm256_loadu_pd(from.add((2 * (i % 2) + i / 2) * stride));
            }
            for i in 0..2 {
                let (a, b) = (s[2 * i], s[2 * i + 1]);
                s[i] =
                    _mm256_add_pd(_mm256_permute2f128_pd::<0x20>(a, b), _mm256_permute2f128_pd::<0x31>(a, b));
            }
            let sums = _mm256_add_pd(_mm256_unpacklo_pd(s[0], s[1]), _mm256_unpackhi_pd(s[0], s[1]));
            _mm256_storeu_pd(to, _mm256_add_pd(_mm256_setzero_pd(), sums));
        }
    }
}
