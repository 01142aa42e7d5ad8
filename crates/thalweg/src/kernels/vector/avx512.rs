//! The registers of AVX-512.
#![allow(unsafe_code, reason = "the instructions of one instruction set, behind the conditions of `Vector`")]

use super::Vector;
use std::arch::x86_64::*;

/// The smallest `f32` above 1/255.
const INVERSE_OF_255_ROUNDED_UP: f32 = f32::from_bits(0x3b80_8081);

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
    unsafe fn store_first(self, count: usize, to: *mut f32) {
        // SAFETY: the trait's conditions.
        unsafe { _mm512_mask_storeu_ps(to, ((1_u32 << count) - 1) as __mmask16, self.0) }
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
    unsafe fn turn(
        rows: usize,
        columns: usize,
        from: *const f32,
        from_row: usize,
        to: *mut f32,
        to_row: usize,
    ) {
        const INDICES: [[[i32; 16]; 2]; 4] = halves_32::<16, 4>();
        // SAFETY: the trait's conditions.
        unsafe {
            let wanted = (u16::MAX as u32 >> (16 - rows)) as u16;
            let mut square = [_mm512_set1_ps(0.0); 16];
            for k in 0..16 {
                // In place of a row that there is not, the first one, whose lanes are not stored.
                let row = if k < rows { k } else { 0 };
                square[k] = _mm512_loadu_ps(from.add(row * from_row));
            }
            for step in 0..4 {
                let distance = 1 << step;
                let low = _mm512_loadu_si512(INDICES[step][0].as_ptr().cast());
                let high = _mm512_loadu_si512(INDICES[step][1].as_ptr().cast());
                for k in 0..16 {
                    if k & distance == 0 {
                        let (a, b) = (square[k], square[k + distance]);
                        square[k] = _mm512_permutex2var_ps(a, low, b);
                        square[k + distance] = _mm512_permutex2var_ps(a, high, b);
                    }
                }
            }
            for k in 0..16 {
                if k < columns {
                    _mm512_mask_storeu_ps(to.add(k * to_row), wanted, square[k]);
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        // SAFETY: the trait's conditions.
        unsafe { F32x16(_mm512_mul_ps(self.0, other.0)) }
    }

    #[inline(always)]
    unsafe fn load_bytes(from: *const u8) -> Self {
        // SAFETY: the trait's conditions.
        unsafe {
            let bytes = _mm_loadu_si128(from.cast());
            F32x16(_mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes)))
        }
    }

    /// v/255 is the byte v written over and over behind the binary point. The first three make p = v·(2⁻⁸ + 2⁻¹⁶ +
    /// 2⁻²⁴), an `f32`; the rest is at least half a unit of p's last place, so that the quotient is rounded to p plus one
    /// unit. The constant is 1/255 rounded up, 2⁻⁸ + 2⁻¹⁶ + 2⁻²⁴ + 2⁻³¹: v times it is p plus at least one unit
    /// and less than two, and is rounded down.
    #[inline(always)]
    unsafe fn load_bytes_over_255(from: *const u8, _high: Self, _low: Self) -> Self {
        // SAFETY: the trait's conditions.
        unsafe {
            let v = Self::load_bytes(from);
            let factor = _mm512_set1_ps(INVERSE_OF_255_ROUNDED_UP);
            F32x16(_mm512_mul_round_ps::<{ _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC }>(v.0, factor))
        }
    }

    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        // SAFETY: the trait's conditions.
        unsafe { F32x16(_mm512_sub_ps(self.0, other.0)) }
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
    unsafe fn unless_zero(self, of: Self, other: Self) -> Self {
        // SAFETY: the trait's conditions.
        unsafe {
            let is_own = _mm512_cmp_ps_mask::<_CMP_NEQ_UQ>(of.0, _mm512_setzero_ps());
            F32x16(_mm512_mask_blend_ps(is_own, other.0, self.0))
        }
    }

    #[inline(always)]
    unsafe fn first(self, count: usize) -> Self {
        // SAFETY: the trait's conditions.
        unsafe { F32x16(_mm512_maskz_mov_ps(((1_u32 << count) - 1) as __mmask16, self.0)) }
    }

    #[inline(always)]
    unsafe fn load_first(count: usize, from: *const f32) -> Self {
        // SAFETY: the trait's conditions; what the mask leaves out is not read.
        unsafe { F32x16(_mm512_maskz_loadu_ps(((1_u32 << count) - 1) as __mmask16, from)) }
    }

    #[inline(always)]
    unsafe fn load_halves(first: *const f32, second: *const f32) -> Self {
        // SAFETY: the trait's conditions, for half a register each.
        unsafe {
            let low = _mm512_castps256_ps512(_mm256_loadu_ps(first));
            F32x16(_mm512_insertf32x8::<1>(low, _mm256_loadu_ps(second)))
        }
    }

    #[inline(always)]
    unsafe fn unzip(self, next: Self) -> (Self, Self) {
        const INDICES: [[i32; 16]; 2] = unzipped_32::<16>();
        // SAFETY: the trait's conditions.
        unsafe {
            let even = _mm512_loadu_si512(INDICES[0].as_ptr().cast());
            let odd = _mm512_loadu_si512(INDICES[1].as_ptr().cast());
            let permute = _mm512_permutex2var_ps;
            (F32x16(permute(self.0, even, next.0)), F32x16(permute(self.0, odd, next.0)))
        }
    }

    #[inline(always)]
    unsafe fn zip(self, odd: Self) -> (Self, Self) {
        const INDICES: [[i32; 16]; 2] = zipped_32::<16>();
        // SAFETY: the trait's conditions.
        unsafe {
            let first = _mm512_loadu_si512(INDICES[0].as_ptr().cast());
            let second = _mm512_loadu_si512(INDICES[1].as_ptr().cast());
            let permute = _mm512_permutex2var_ps;
            (F32x16(permute(self.0, first, odd.0)), F32x16(permute(self.0, second, odd.0)))
        }
    }

    #[inline(always)]
    unsafe fn larger_with_place(self, place: Self, candidate: Self, its_place: Self) -> (Self, Self) {
        // SAFETY: the trait's conditions.
        unsafe {
            // Larger, or NaN, where `self` is a number.
            let is_number = _mm512_cmp_ps_mask::<_CMP_ORD_Q>(self.0, self.0);
            let is_next = _mm512_mask_cmp_ps_mask::<_CMP_NLE_UQ>(is_number, candidate.0, self.0);
            let largest = F32x16(_mm512_mask_blend_ps(is_next, self.0, candidate.0));
            (largest, F32x16(_mm512_mask_blend_ps(is_next, place.0, its_place.0)))
        }
    }

    #[inline(always)]
    unsafe fn where_equal(self, place: Self, wanted: Self) -> Self {
        // SAFETY: the trait's conditions.
        unsafe {
            let is_there = _mm512_cmp_ps_mask::<_CMP_EQ_OQ>(place.0, wanted.0);
            F32x16(_mm512_maskz_mov_ps(is_there, self.0))
        }
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
    unsafe fn load_first(count: usize, from: *const f64) -> Self {
        // SAFETY: the trait's conditions; what the mask leaves out is not read.
        unsafe { F64x8(_mm512_maskz_loadu_pd(((1_u32 << count) - 1) as __mmask8, from)) }
    }

    #[inline(always)]
    unsafe fn load_halves(first: *const f64, second: *const f64) -> Self {
        // SAFETY: the trait's conditions, for half a register each.
        unsafe {
            let low = _mm512_castpd256_pd512(_mm256_loadu_pd(first));
            F64x8(_mm512_insertf64x4::<1>(low, _mm256_loadu_pd(second)))
        }
    }

    #[inline(always)]
    unsafe fn unzip(self, next: Self) -> (Self, Self) {
        const INDICES: [[i64; 8]; 2] = unzipped_64::<8>();
        // SAFETY: the trait's conditions.
        unsafe {
            let even = _mm512_loadu_si512(INDICES[0].as_ptr().cast());
            let odd = _mm512_loadu_si512(INDICES[1].as_ptr().cast());
            let permute = _mm512_permutex2var_pd;
            (F64x8(permute(self.0, even, next.0)), F64x8(permute(self.0, odd, next.0)))
        }
    }

    #[inline(always)]
    unsafe fn zip(self, odd: Self) -> (Self, Self) {
        const INDICES: [[i64; 8]; 2] = zipped_64::<8>();
        // SAFETY: the trait's conditions.
        unsafe {
            let first = _mm512_loadu_si512(INDICES[0].as_ptr().cast());
            let second = _mm512_loadu_si512(INDICES[1].as_ptr().cast());
            let permute = _mm512_permutex2var_pd;
            (F64x8(permute(self.0, first, odd.0)), F64x8(permute(self.0, second, odd.0)))
        }
    }

    #[inline(always)]
    unsafe fn larger_with_place(self, place: Self, candidate: Self, its_place: Self) -> (Self, Self) {
        // SAFETY: the trait's conditions.
        unsafe {
            // Larger, or NaN, where `self` is a number.
            let is_number = _mm512_cmp_pd_mask::<_CMP_ORD_Q>(self.0, self.0);
            let is_next = _mm512_mask_cmp_pd_mask::<_CMP_NLE_UQ>(is_number, candidate.0, self.0);
            let largest = F64x8(_mm512_mask_blend_pd(is_next, self.0, candidate.0));
            (largest, F64x8(_mm512_mask_blend_pd(is_next, place.0, its_place.0)))
        }
    }

    #[inline(always)]
    unsafe fn where_equal(self, place: Self, wanted: Self) -> Self {
        // SAFETY: the trait's conditions.
        unsafe {
            let is_there = _mm512_cmp_pd_mask::<_CMP_EQ_OQ>(place.0, wanted.0);
            F64x8(_mm512_maskz_mov_pd(is_there, self.0))
        }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f64) {
        // SAFETY: the trait's conditions.
        unsafe { _mm512_storeu_pd(to, self.0) }
    }

    #[inline(always)]
    unsafe fn store_first(self, count: usize, to: *mut f64) {
        // SAFETY: the trait's conditions.
        unsafe { _mm512_mask_storeu_pd(to, ((1_u32 << count) - 1) as __mmask8, self.0) }
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
            let wanted = (u8::MAX as u32 >> (8 - rows)) as u8;
            let mut s = [_mm512_set1_pd(0.0); 8];
            for k in 0..8 {
                // In place of a row that there is not, the first one, whose lanes are not stored.
                let row = if k < rows { k } else { 0 };
                s[k] = _mm512_loadu_pd(from.add(row * from_row));
            }
            // Pairs of rows: a pair of lanes holds one column of both, first the even columns, then the odd ones.
            let mut pairs = s;
            for k in 0..4 {
                pairs[k] = _mm512_unpacklo_pd(s[2 * k], s[2 * k + 1]);
                pairs[4 + k] = _mm512_unpackhi_pd(s[2 * k], s[2 * k + 1]);
            }
            for odd in 0..2 {
                let [a, b, c, d] =
                    [pairs[4 * odd], pairs[4 * odd + 1], pairs[4 * odd + 2], pairs[4 * odd + 3]];
                // Of the four columns the first and the third, then the others.
                let (low, high) = (_mm512_shuffle_f64x2::<0x88>(a, b), _mm512_shuffle_f64x2::<0x88>(c, d));
                s[odd] = _mm512_shuffle_f64x2::<0x88>(low, high);
                s[4 + odd] = _mm512_shuffle_f64x2::<0xdd>(low, high);
                let (low, high) = (_mm512_shuffle_f64x2::<0xdd>(a, b), _mm512_shuffle_f64x2::<0xdd>(c, d));
                s[2 + odd] = _mm512_shuffle_f64x2::<0x88>(low, high);
                s[6 + odd] = _mm512_shuffle_f64x2::<0xdd>(low, high);
            }
            for k in 0..8 {
                if k < columns {
                    _mm512_mask_storeu_pd(to.add(k * to_row), wanted, s[k]);
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        // SAFETY: the trait's conditions.
        unsafe { F64x8(_mm512_mul_pd(self.0, other.0)) }
    }

    #[inline(always)]
    unsafe fn load_bytes(from: *const u8) -> Self {
        // SAFETY: the trait's conditions.
        unsafe {
            let bytes = _mm_loadl_epi64(from.cast());
            F64x8(_mm512_cvtepi32_pd(_mm256_cvtepu8_epi32(bytes)))
        }
    }

    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        // SAFETY: the trait's conditions.
        unsafe { F64x8(_mm512_sub_pd(self.0, other.0)) }
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
    unsafe fn unless_zero(self, of: Self, other: Self) -> Self {
        // SAFETY: the trait's conditions.
        unsafe {
            let is_own = _mm512_cmp_pd_mask::<_CMP_NEQ_UQ>(of.0, _mm512_setzero_pd());
            F64x8(_mm512_mask_blend_pd(is_own, other.0, self.0))
        }
    }

    #[inline(always)]
    unsafe fn first(self, count: usize) -> Self {
        // SAFETY: the trait's conditions.
        unsafe { F64x8(_mm512_maskz_mov_pd(((1_u32 << count) - 1) as __mmask8, self.0)) }
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

/// The lanes at even and at odd places of two registers one after the other, and the lanes that bring them back, where `permutex2var` numbers
/// the second register's lanes from `N` on.
macro_rules! zips {
    ($unzipped:ident, $zipped:ident, $index:ty) => {
        const fn $unzipped<const N: usize>() -> [[$index; N]; 2] {
            let mut indices = [[0; N]; 2];
            let mut lane = 0;
            while lane < N {
                indices[0][lane] = 2 * lane as $index;
                indices[1][lane] = 2 * lane as $index + 1;
                lane += 1;
            }
            indices
        }

        const fn $zipped<const N: usize>() -> [[$index; N]; 2] {
            let mut indices = [[0; N]; 2];
            let mut lane = 0;
            while lane < 2 * N {
                indices[lane / N][lane % N] = (lane / 2 + lane % 2 * N) as $index;
                lane += 1;
            }
            indices
        }
    };
}

zips!(unzipped_32, zipped_32, i32);
zips!(unzipped_64, zipped_64, i64);
