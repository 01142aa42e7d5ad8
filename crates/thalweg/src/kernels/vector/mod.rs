//! A register of scalars: what a kernel needs of an instruction set, so that it is written once.
//!
//! A kernel is an always-inlined function over [`Vector`], entered through one thin function for each instruction set
//! that carries its `target_feature` (`vectorised!`). Inside, plain loops only: a closure would be compiled without the
//! features and turn every operation here into a call.
#![allow(unsafe_code, reason = "the trait states the conditions of the instructions behind it")]

#[cfg(target_arch = "x86_64")]
pub(super) mod avx2;
#[cfg(target_arch = "x86_64")]
pub(super) mod avx512;
pub(super) mod portable;

/// Registers of a processor whose own are not made use of.
pub(super) const FEW: usize = 4;

/// A register of [`WIDTH`](Vector::WIDTH) scalars, worked lane by lane with the roundings of the scalar operations.
///
/// # Safety
/// All functions: the processor has the instruction set that the type stands for. Pointers reach `WIDTH` values; they
/// need no alignment.
#[allow(clippy::missing_safety_doc, reason = "the conditions are those of the trait, stated once")]
pub trait Vector<R>: Copy {
    /// How many scalars a register holds.
    const WIDTH: usize;
    /// How many registers there are to work with: 32, 16, or fewer where tiles are kept small for their code's sake.
    const REGISTERS: usize;

    /// Reads `WIDTH` values.
    unsafe fn load(from: *const R) -> Self;
    /// Writes `WIDTH` values.
    unsafe fn store(self, to: *mut R);
    /// Writes the first `count` values, at most `WIDTH`; `to` need not reach further.
    unsafe fn store_first(self, count: usize, to: *mut R);
    /// The same value in every lane.
    unsafe fn splat(value: R) -> Self;
    /// `self * factor + addend`, rounded once.
    unsafe fn mul_add(self, factor: Self, addend: Self) -> Self;
    /// The sum.
    unsafe fn add(self, other: Self) -> Self;
    /// The difference.
    unsafe fn sub(self, other: Self) -> Self;
    /// The product.
    unsafe fn mul(self, other: Self) -> Self;
    /// The quotient.
    unsafe fn div(self, other: Self) -> Self;
    /// `self` where it is larger than `other`, else `other`: NaN is never larger.
    unsafe fn larger(self, other: Self) -> Self;
    /// `self` where `of` is not 0, else `other`.
    unsafe fn unless_zero(self, of: Self, other: Self) -> Self;
    /// The first `count` lanes, and 0 in those after them.
    unsafe fn first(self, count: usize) -> Self;
    /// Reads the first `count` values, at most `WIDTH`, and 0 for those after them; `from` need not reach further.
    unsafe fn load_first(count: usize, from: *const R) -> Self;
    /// Reads half a register from each of two places.
    unsafe fn load_halves(first: *const R, second: *const R) -> Self;
    /// The values at even and at odd places of `self`, then of `next`.
    unsafe fn unzip(self, next: Self) -> (Self, Self);
    /// What [`unzip`](Vector::unzip) makes `self` and `odd` of.
    unsafe fn zip(self, odd: Self) -> (Self, Self);
    /// Reads `count` pairs of values, at most `WIDTH`: the first ones, and the second ones.
    #[inline(always)]
    unsafe fn load_pairs(count: usize, from: *const R) -> (Self, Self) {
        // SAFETY: the caller's pointer reaches the pairs; beyond them nothing is read.
        unsafe {
            if count == Self::WIDTH {
                return Self::load(from).unzip(Self::load(from.add(Self::WIDTH)));
            }
            let values = 2 * count;
            let in_first = if values < Self::WIDTH { values } else { Self::WIDTH };
            let next = Self::load_first(values - in_first, from.wrapping_add(Self::WIDTH));
            Self::load_first(in_first, from).unzip(next)
        }
    }
    /// Writes `count` pairs.
    #[inline(always)]
    unsafe fn store_pairs(count: usize, first: Self, second: Self, to: *mut R) {
        // SAFETY: the caller's pointer reaches the pairs; beyond them nothing is written.
        unsafe {
            let (from_start, next) = first.zip(second);
            let values = 2 * count;
            let in_first = if values < Self::WIDTH { values } else { Self::WIDTH };
            from_start.store_first(in_first, to);
            next.store_first(values - in_first, to.wrapping_add(Self::WIDTH));
        }
    }
    /// Copies `count` values.
    #[inline(always)]
    unsafe fn copy(count: usize, from: *const R, to: *mut R) {
        // SAFETY: the caller's pointers reach the values; the last register overlaps the one before it where there is one.
        unsafe {
            if count < Self::WIDTH {
                return Self::load_first(count, from).store_first(count, to);
            }
            let mut start = 0;
            while start + Self::WIDTH < count {
                Self::load(from.add(start)).store(to.add(start));
                start += Self::WIDTH;
            }
            let last = count - Self::WIDTH;
            Self::load(from.add(last)).store(to.add(last));
        }
    }
    /// Of `self` and a candidate, the larger, `self` where they are equal, and NaN where either is, the first one; beside it the
    /// place of the one that was taken.
    unsafe fn larger_with_place(self, place: Self, candidate: Self, its_place: Self) -> (Self, Self);
    /// `self` where `place` is `wanted`, else 0.
    unsafe fn where_equal(self, place: Self, wanted: Self) -> Self;

    /// Turns a part of a square, 1 to `WIDTH` rows and columns that lie `from_row` and `to_row` values apart: `to[j,k]` =
    /// `from[k,j]` for `k` < `rows` and `j` < `columns`. Rows of `from` are read whole, `WIDTH` values.
    #[inline(always)]
    unsafe fn turn(rows: usize, columns: usize, from: *const R, from_row: usize, to: *mut R, to_row: usize)
    where
        R: Copy,
    {
        for j in 0..columns {
            for k in 0..rows {
                // SAFETY: the caller's pointers reach the rows and columns.
                unsafe { *to.add(j * to_row + k) = *from.add(k * from_row + j) };
            }
        }
    }

    /// Reads `WIDTH` bytes as the numbers that they are.
    unsafe fn load_bytes(from: *const u8) -> Self;

    /// Reads `WIDTH` bytes v and gives v·(high + low), v·low rounded and the whole rounded once: where high + low is
    /// 1/255 to twice the precision, that is v/255, correctly rounded. An instruction set may have a shorter way to it.
    #[inline(always)]
    unsafe fn load_bytes_over_255(from: *const u8, high: Self, low: Self) -> Self {
        // SAFETY: the caller's.
        unsafe {
            let v = Self::load_bytes(from);
            v.mul_add(high, v.mul(low))
        }
    }

    /// Sums of lanes: `WIDTH` runs of `WIDTH` values, `stride` apart from `from` on, each joined by halves
    /// (`s[l]` + `s[l + WIDTH/2]`, then a quarter, and so on) and added to 0. The sums go side by side to `to`.
    unsafe fn join_halves(from: *const R, stride: usize, to: *mut R);
}

/// The registers of a scalar type, by instruction set.
pub trait Registers: Sized {
    /// AVX-512's.
    #[cfg(target_arch = "x86_64")]
    type Avx512: Vector<Self>;
    /// AVX2's.
    #[cfg(target_arch = "x86_64")]
    type Avx2: Vector<Self>;
    /// 16 bytes of whatever the compiler's baseline offers.
    type Portable: Vector<Self>;
}

impl Registers for f32 {
    #[cfg(target_arch = "x86_64")]
    type Avx512 = avx512::F32x16;
    #[cfg(target_arch = "x86_64")]
    type Avx2 = avx2::F32x8;
    type Portable = portable::Lanes<f32, 4>;
}

impl Registers for f64 {
    #[cfg(target_arch = "x86_64")]
    type Avx512 = avx512::F64x8;
    #[cfg(target_arch = "x86_64")]
    type Avx2 = avx2::F64x4;
    type Portable = portable::Lanes<f64, 2>;
}
