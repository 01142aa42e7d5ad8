//! What this machine can do at most: fused multiply-adds per second, and bytes per second read from a level of memory.
//!
//! They are measured with the widest instructions that the processor has, whatever `THALWEG_CPU` says: a limit is the
//! machine's, not the program's. Each thread works in rounds of a millisecond or more that all threads begin together; the
//! rates of the threads are added, and the best round counts, since whatever else runs on the machine only slows one.
#![allow(unsafe_code)]

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Barrier, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::Path;
use crate::real::{Precision, Real};

/// How long a round takes at least.
const ROUND: Duration = Duration::from_millis(1);

/// Multiply-adds per accumulator between two looks at the clock.
const CHAIN: u64 = 4_000;

/// Bytes read between two looks at the clock.
const STRETCH: usize = 1 << 20;

/// Floating-point operations per second of `threads` threads that do nothing but independent fused multiply-adds, each
/// of which counts as two.
///
/// # Units and ranges
/// Operations per second. It takes about `time`; 0.1 s is enough on an idle machine.
///
/// # Panics
/// When `threads` is 0.
///
/// # Example
/// ```
/// use std::time::Duration;
/// use thalweg::Precision;
/// use thalweg::kernels::limits;
/// assert!(limits::fma_rate(Precision::F32, 1, Duration::from_millis(5)) > 0.0);
/// ```
pub fn fma_rate(precision: Precision, threads: usize, time: Duration) -> f64 {
    best_rate(threads, time, || move || multiply_add(precision))
}

/// Bytes per second that `threads` threads read together, each again and again from a buffer of its own of `bytes` bytes:
/// from the level of memory that holds so many.
///
/// # Units and ranges
/// Bytes per second. `bytes` is rounded up to a multiple of 512. It takes about `time`, and what it takes to write the
/// buffers once.
///
/// # Memory
/// `threads` × `bytes`.
///
/// # Panics
/// When `threads` is 0.
///
/// # Example
/// ```
/// use std::time::Duration;
/// use thalweg::kernels::limits;
/// assert!(limits::read_rate(16 << 10, 1, Duration::from_millis(5)) > 0.0);
/// ```
pub fn read_rate(bytes: usize, threads: usize, time: Duration) -> f64 {
    let count = bytes.div_ceil(size_of::<[Line; GROUP]>()).max(1) * GROUP;
    best_rate(threads, time, || {
        // Written, not only asked for: pages that were never written are all the same one.
        let lines = vec![Line([1; 8]); count];
        let part = (STRETCH / size_of::<Line>()).min(count);
        let passes = (STRETCH / size_of_val(lines.as_slice())).max(1);
        let mut next = 0;
        // A short buffer is read several times, a long one part by part: a round stays short.
        move || {
            let lines = &lines[next..(next + part).min(count)];
            for _ in 0..passes {
                black_box(read(black_box(lines)));
            }
            next = (next + part) % count.next_multiple_of(part);
            (passes * size_of_val(lines)) as f64
        }
    })
}

/// The best sum of the threads' rates in any round. `prepare` makes each thread's work; calling that does some of it and
/// says how much.
fn best_rate<W: FnMut() -> f64>(threads: usize, time: Duration, prepare: impl Fn() -> W + Sync) -> f64 {
    assert!(threads > 0, "a rate is that of at least one thread");
    let barrier = Barrier::new(threads);
    let is_over = AtomicBool::new(false);
    let sum = Mutex::new(0.0);
    let best = Mutex::new(0.0_f64);
    let rounds = |leads: bool| {
        let mut work = prepare();
        let mut begun = None;
        loop {
            barrier.wait();
            if is_over.load(Ordering::Relaxed) {
                break;
            }
            let start = Instant::now();
            let mut done = 0.0;
            let elapsed = loop {
                done += work();
                let elapsed = start.elapsed();
                if elapsed >= ROUND {
                    break elapsed;
                }
            };
            *sum.lock().unwrap_or_else(PoisonError::into_inner) += done / elapsed.as_secs_f64();
            barrier.wait();
            // The others wait for the leader at the top of the loop.
            if leads {
                let rate = std::mem::take(&mut *sum.lock().unwrap_or_else(PoisonError::into_inner));
                let mut best = best.lock().unwrap_or_else(PoisonError::into_inner);
                *best = best.max(rate);
                let begun = *begun.get_or_insert(start);
                is_over.store(begun.elapsed() >= time, Ordering::Relaxed);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(|| rounds(false));
        }
        rounds(true);
    });
    best.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// The widest instructions of this processor.
fn widest() -> Path {
    let all = [Path::Avx512, Path::Avx2, Path::Portable];
    all.into_iter().find(|path| path.is_available()).unwrap_or(Path::Portable)
}

/// Some multiply-adds; how many operations they were.
fn multiply_add(precision: Precision) -> f64 {
    // Opaque, so that nothing is computed beforehand. a ← 0.999·a + 0.001 stays near 1.
    match precision {
        Precision::F32 => {
            let (factor, addend) = black_box((0.999_f32, 1e-3_f32));
            #[cfg(target_arch = "x86_64")]
            match widest() {
                // SAFETY: `widest` returns only what `is_available` found, here AVX-512F.
                Path::Avx512 => return black_box(unsafe { x86::chains_512_f32(CHAIN, factor, addend) }).1,
                // SAFETY: as above, AVX2 and FMA.
                Path::Avx2 => return black_box(unsafe { x86::chains_256_f32(CHAIN, factor, addend) }).1,
                Path::Portable => {}
            }
            black_box(portable_chains(CHAIN, factor, addend)).1
        }
        Precision::F64 => {
            let (factor, addend) = black_box((0.999_f64, 1e-3_f64));
            #[cfg(target_arch = "x86_64")]
            match widest() {
                // SAFETY: `widest` returns only what `is_available` found, here AVX-512F.
                Path::Avx512 => return black_box(unsafe { x86::chains_512_f64(CHAIN, factor, addend) }).1,
                // SAFETY: as above, AVX2 and FMA.
                Path::Avx2 => return black_box(unsafe { x86::chains_256_f64(CHAIN, factor, addend) }).1,
                Path::Portable => {}
            }
            black_box(portable_chains(CHAIN, factor, addend)).1
        }
    }
}

/// Whether the compiler's baseline multiplies and adds in one instruction; else `mul_add` would be a call.
const HAS_FMA: bool = cfg!(any(target_feature = "fma", target_arch = "aarch64"));

/// Independent chains in vectors of the compiler's choice; their end, and how many operations they took.
fn portable_chains<R: Real>(length: u64, factor: R, addend: R) -> (R, f64) {
    const CHAINS: usize = 32;
    let mut a = [R::ZERO; CHAINS];
    for i in 0..CHAINS {
        a[i] = R::from_f64(i as f64);
    }
    for _ in 0..length {
        for i in 0..CHAINS {
            a[i] = if HAS_FMA { a[i].mul_add(factor, addend) } else { a[i] * factor + addend };
        }
    }
    (a.into_iter().sum(), 2.0 * CHAINS as f64 * length as f64)
}

/// A cache line. Buffers of lines are aligned, so that no load touches two.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Line([u64; 8]);

/// Lines that are read at once, each into an accumulator of its own.
const GROUP: usize = 8;

/// Reads all of the lines; what comes back depends on each of them.
fn read(lines: &[Line]) -> u64 {
    let (groups, _) = lines.as_chunks::<GROUP>();
    #[cfg(target_arch = "x86_64")]
    match widest() {
        // SAFETY: `widest` returns only what `is_available` found, here AVX-512F.
        Path::Avx512 => return unsafe { x86::read_512(groups) },
        // SAFETY: as above, AVX2.
        Path::Avx2 => return unsafe { x86::read_256(groups) },
        Path::Portable => {}
    }
    let mut a = [[0; 8]; GROUP];
    for group in groups {
        for i in 0..GROUP {
            for lane in 0..8 {
                a[i][lane] ^= group[i].0[lane];
            }
        }
    }
    a.as_flattened().iter().fold(0, |sum, word| sum ^ word)
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;
    use std::hint::black_box;

    use super::{GROUP, Line};

    /// Defines a function that runs independent chains of multiply-adds, each in a register of its own. Two units of
    /// four or five cycles need ten chains; 12 fit 16 registers with factor and addend. Of AVX-512's 32 the compiler does not use all for it:
    /// of 16 chains it kept two in memory, which halved the rate.
    macro_rules! chains {
        ($name:ident, $real:ty, $features:literal, $chains:literal, $lanes:literal, $set:ident, $fma:ident, $store:ident) => {
            #[target_feature(enable = $features)]
            pub(super) fn $name(length: u64, factor: $real, addend: $real) -> ($real, f64) {
                let (factor, addend) = ($set(factor), $set(addend));
                let mut a = [$set(0.0); $chains];
                // Each starts elsewhere, or the compiler would run one chain for all.
                for i in 0..$chains {
                    a[i] = $set(black_box(i as $real));
                }
                for _ in 0..length {
                    for i in 0..$chains {
                        a[i] = $fma(a[i], factor, addend);
                    }
                }
                let mut sum = 0.0;
                for i in 0..$chains {
                    let mut lanes = [0.0; $lanes];
                    // SAFETY: the array has as many elements as the vector has lanes, and the store takes any alignment.
                    unsafe { $store(lanes.as_mut_ptr(), a[i]) };
                    sum += lanes[0] + lanes[$lanes - 1];
                }
                (sum, 2.0 * ($chains * $lanes) as f64 * length as f64)
            }
        };
    }
    chains!(chains_512_f32, f32, "avx512f", 12, 16, _mm512_set1_ps, _mm512_fmadd_ps, _mm512_storeu_ps);
    chains!(chains_512_f64, f64, "avx512f", 12, 8, _mm512_set1_pd, _mm512_fmadd_pd, _mm512_storeu_pd);
    chains!(chains_256_f32, f32, "avx2,fma", 12, 8, _mm256_set1_ps, _mm256_fmadd_ps, _mm256_storeu_ps);
    chains!(chains_256_f64, f64, "avx2,fma", 12, 4, _mm256_set1_pd, _mm256_fmadd_pd, _mm256_storeu_pd);

    /// Reads the groups, a line by one load.
    #[target_feature(enable = "avx512f")]
    pub(super) fn read_512(groups: &[[Line; GROUP]]) -> u64 {
        let mut a = [_mm512_setzero_si512(); GROUP];
        for group in groups {
            for i in 0..GROUP {
                // SAFETY: a line is 64 bytes long and aligned to 64.
                let line = unsafe { _mm512_load_si512(group[i].0.as_ptr().cast()) };
                a[i] = _mm512_xor_si512(a[i], line);
            }
        }
        let mut sum = a[0];
        for i in 1..GROUP {
            sum = _mm512_xor_si512(sum, a[i]);
        }
        _mm512_reduce_or_epi64(sum) as u64
    }

    /// Reads the groups, a line by two loads.
    #[target_feature(enable = "avx2")]
    pub(super) fn read_256(groups: &[[Line; GROUP]]) -> u64 {
        let mut a = [_mm256_setzero_si256(); GROUP];
        for group in groups {
            for i in 0..GROUP {
                let line: *const __m256i = group[i].0.as_ptr().cast();
                // SAFETY: a line is 64 bytes long and aligned to 64: it holds two vectors of 32.
                let (low, high) = unsafe { (_mm256_load_si256(line), _mm256_load_si256(line.add(1))) };
                a[i] = _mm256_xor_si256(a[i], _mm256_xor_si256(low, high));
            }
        }
        let mut sum = a[0];
        for i in 1..GROUP {
            sum = _mm256_xor_si256(sum, a[i]);
        }
        let words: [u64; 4] = {
            let mut words = [0; 4];
            // SAFETY: the array is as long as the vector, and the store takes any alignment.
            unsafe { _mm256_storeu_si256(words.as_mut_ptr().cast(), sum) };
            words
        };
        words.into_iter().fold(0, |sum, word| sum ^ word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_thread_adds_its_rate() {
        let rate = best_rate(3, Duration::ZERO, || {
            || {
                std::thread::sleep(Duration::from_millis(1));
                1.0
            }
        });
        // Three threads of at most a thousand naps a second.
        assert!(rate > 0.0 && rate <= 3000.0, "{rate}");
    }

    #[test]
    fn every_line_is_read() {
        let mut lines = vec![Line([0; 8]); 3 * GROUP];
        assert_eq!(read(&lines), 0);
        for i in 0..lines.len() {
            lines[i].0[i % 8] = 1 << 40;
            assert_ne!(read(&lines), 0, "line {i}");
            lines[i].0[i % 8] = 0;
        }
    }

    #[test]
    fn chains_end_where_they_should() {
        // Each of 32 chains converges to addend / (1 - factor) = 1.
        let (end, operations) = portable_chains(100, 0.5_f64, 0.5);
        assert_eq!((end, operations), (32.0, 6400.0));
        assert!(multiply_add(Precision::F32) > 0.0 && multiply_add(Precision::F64) > 0.0);
    }
}
