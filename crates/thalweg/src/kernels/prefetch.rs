//! Asking for memory before it is needed. Nothing else happens.
#![allow(unsafe_code, reason = "the instruction takes an address")]

/// Bytes that are fetched at once: a cache line. Matrices begin at multiples of it, and kernels may read as many bytes behind one.
pub(crate) const LINE: usize = 64;

/// Asks for these values to be brought into the second cache.
#[inline]
pub(crate) fn prefetch<T>(values: &[T]) {
    for offset in (0..size_of_val(values)).step_by(LINE) {
        prefetch_line(values.as_ptr().wrapping_byte_add(offset));
    }
}

/// A run of values by its address alone: to be asked for, never looked at, so that anybody may be writing it.
#[derive(Debug)]
pub struct Run<T> {
    pub(crate) start: *const T,
    pub(crate) len: usize,
}

impl<T> Run<T> {
    /// No values.
    pub const NONE: Run<T> = Run { start: std::ptr::null(), len: 0 };

    /// The run of these values.
    pub const fn of(values: &[T]) -> Run<T> {
        Run { start: values.as_ptr(), len: values.len() }
    }
}

impl<T> Clone for Run<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Run<T> {}

/// Asks for the line at an address, which need not be one, to be brought into the second cache.
#[inline(always)]
pub(crate) fn prefetch_line<T>(at: *const T) {
    // SAFETY: the instruction neither reads nor writes for the program, and ignores an address that is none.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T1>(at.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}
