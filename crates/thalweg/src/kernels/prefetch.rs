//! Asking for memory before it is needed. Nothing else happens.
#![allow(unsafe_code, reason = "the instruction takes an address")]

/// Bytes that are fetched at once.
pub(crate) const LINE: usize = 64;

/// Asks for these values to be brought into the second cache.
#[inline]
pub(crate) fn prefetch<T>(values: &[T]) {
    for offset in (0..size_of_val(values)).step_by(LINE) {
        prefetch_line(values.as_ptr().wrapping_byte_add(offset));
    }
}

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
