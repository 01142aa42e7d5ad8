//! Registers without an instruction set: arrays, whose loops the compiler turns into whatever the target has.
#![allow(unsafe_code, reason = "the instructions of one instruction set, behind the conditions of `Vector`")]

use super::{FEW, Vector};
use crate::real::Real;

/// `N` lanes in an array.
#[derive(Clone, Copy)]
pub struct Lanes<R, const N: usize>([R; N]);

impl<R: Real, const N: usize> Vector<R> for Lanes<R, N> {
    const WIDTH: usize = N;
    // Without a fused multiply-add each product is a call here, so that large tiles gain nothing and fill pages with calls.
    const REGISTERS: usize = if cfg!(target_arch = "x86_64") { FEW } else { 16 };

    #[inline(always)]
    unsafe fn load(from: *const R) -> Self {
        // SAFETY: the caller's pointer reaches N values; an array of R is aligned as R.
        unsafe { Lanes(from.cast::<[R; N]>().read()) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut R) {
        // SAFETY: as in `load`.
        unsafe { to.cast::<[R; N]>().write(self.0) }
    }

    #[inline(always)]
    unsafe fn store_first(self, count: usize, to: *mut R) {
        for l in 0..N {
            if l < count {
                // SAFETY: the caller's pointer reaches `count` values.
                unsafe { *to.add(l) = self.0[l] };
            }
        }
    }

    #[inline(always)]
    unsafe fn splat(value: R) -> Self {
        Lanes([value; N])
    }

    #[inline(always)]
    unsafe fn mul_add(mut self, factor: Self, addend: Self) -> Self {
        for l in 0..N {
            self.0[l] = self.0[l].mul_add(factor.0[l], addend.0[l]);
        }
        self
    }

    #[inline(always)]
    unsafe fn add(mut self, other: Self) -> Self {
        for l in 0..N {
            self.0[l] += other.0[l];
        }
        self
    }
    #[inline(always)]
    unsafe fn mul(mut self, other: Self) -> Self {
        for l in 0..N {
            self.0[l] *= other.0[l];
        }
        self
    }

    #[inline(always)]
    unsafe fn load_bytes(from: *const u8) -> Self {
        // SAFETY: the caller's pointer reaches N bytes.
        let bytes = unsafe { from.cast::<[u8; N]>().read() };
        let mut values = [R::ZERO; N];
        for l in 0..N {
            values[l] = R::from_f64(f64::from(bytes[l]));
        }
        Lanes(values)
    }

    #[inline(always)]
    unsafe fn sub(mut self, other: Self) -> Self {
        for l in 0..N {
            self.0[l] -= other.0[l];
        }
        self
    }

    #[inline(always)]
    unsafe fn div(mut self, other: Self) -> Self {
        for l in 0..N {
            self.0[l] /= other.0[l];
        }
        self
    }

    #[inline(always)]
    unsafe fn larger(mut self, other: Self) -> Self {
        for l in 0..N {
            self.0[l] = if self.0[l] > other.0[l] { self.0[l] } else { other.0[l] };
        }
        self
    }

    #[inline(always)]
    unsafe fn unless_zero(mut self, of: Self, other: Self) -> Self {
        for l in 0..N {
            self.0[l] = if of.0[l] == R::ZERO { other.0[l] } else { self.0[l] };
        }
        self
    }

    #[inline(always)]
    unsafe fn first(mut self, count: usize) -> Self {
        for l in 0..N {
            self.0[l] = if l < count { self.0[l] } else { R::ZERO };
        }
        self
    }

    #[inline(always)]
    unsafe fn load_first(count: usize, from: *const R) -> Self {
        let mut values = [R::ZERO; N];
        for l in 0..N {
            if l < count {
                // SAFETY: the caller's pointer reaches `count` values.
                values[l] = unsafe { *from.add(l) };
            }
        }
        Lanes(values)
    }

    #[inline(always)]
    unsafe fn load_halves(first: *const R, second: *const R) -> Self {
        let mut values = [R::ZERO; N];
        for l in 0..N / 2 {
            // SAFETY: the caller's pointers reach half as many values.
            (values[l], values[N / 2 + l]) = unsafe { (*first.add(l), *second.add(l)) };
        }
        Lanes(values)
    }

    #[inline(always)]
    unsafe fn unzip(self, next: Self) -> (Self, Self) {
        let (mut even, mut odd) = (self, self);
        for l in 0..N / 2 {
            (even.0[l], odd.0[l]) = (self.0[2 * l], self.0[2 * l + 1]);
            (even.0[N / 2 + l], odd.0[N / 2 + l]) = (next.0[2 * l], next.0[2 * l + 1]);
        }
        (even, odd)
    }

    #[inline(always)]
    unsafe fn zip(self, odd: Self) -> (Self, Self) {
        let (mut first, mut second) = (self, self);
        for l in 0..N / 2 {
            (first.0[2 * l], first.0[2 * l + 1]) = (self.0[l], odd.0[l]);
            (second.0[2 * l], second.0[2 * l + 1]) = (self.0[N / 2 + l], odd.0[N / 2 + l]);
        }
        (first, second)
    }

    #[inline(always)]
    #[expect(
        clippy::eq_op,
        clippy::neg_cmp_op_on_partial_ord,
        reason = "NaN is neither larger nor equal, not even to itself"
    )]
    unsafe fn larger_with_place(mut self, mut place: Self, candidate: Self, its_place: Self) -> (Self, Self) {
        for l in 0..N {
            if !(candidate.0[l] <= self.0[l]) & (self.0[l] == self.0[l]) {
                (self.0[l], place.0[l]) = (candidate.0[l], its_place.0[l]);
            }
        }
        (self, place)
    }

    #[inline(always)]
    unsafe fn where_equal(mut self, place: Self, wanted: Self) -> Self {
        for l in 0..N {
            self.0[l] = if place.0[l] == wanted.0[l] { self.0[l] } else { R::ZERO };
        }
        self
    }

    #[inline(always)]
    unsafe fn join_halves(from: *const R, stride: usize, to: *mut R) {
        for r in 0..N {
            // SAFETY: the caller's pointers reach N runs and N sums.
            unsafe {
                let mut lanes = Self::load(from.add(r * stride)).0;
                let mut half = N / 2;
                while half > 0 {
                    for l in 0..half {
                        lanes[l] += lanes[l + half];
                    }
                    half /= 2;
                }
                *to.add(r) = R::ZERO + lanes[0];
            }
        }
    }
}
