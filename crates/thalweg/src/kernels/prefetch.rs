//! Asking for memory before it is needed.
#![allow(unsafe_code, reason = "the instruction takes an address")]

/// Bytes that are fetched at once.
const LINE: usize = 64;

/// Asks for these values to be brought into the second cache. Nothing else happens.
#[inline]
pub(crate) fn prefetch<T>(values: &[T]) {
    let start = values.as_ptr().cast::<u8>();
    for offset in (0..size_of_val(values)).step_by(LINE) {
        // SAFETY: the address lies in the slice, and the instruction neither reads nor writes for the program.
        #[cfg(target_arch = "x86_64")]
        unsafe {
            use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
            _mm_prefetch::<_MM_HINT_T1>(start.wrapping_add(offset).cast());
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = (start, offset);
    }
}
