//! The machine: its processor's name and caches as the system tells them, and what it can do at most, measured.

use std::fs;
use std::time::Duration;

use serde_json::{Value, json};
use thalweg::Precision;
use thalweg::kernels::limits::{fma_rate, read_rate};

/// How long a limit is measured, in seconds, where works are sampled long enough.
const LONGEST: f64 = 0.2;
/// The part of the works' sampling time that a limit is measured.
const PART: f64 = 0.1;

/// Bytes that are read from memory, at least.
const MEMORY_BYTES: usize = 256 << 20;
const MOST_MEMORY_BYTES: usize = 1 << 30;

/// The sizes of the caches in bytes: a core's own first and second, and the third, which cores share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Caches {
    pub(super) l1: usize,
    pub(super) l2: usize,
    /// 0 where there is none.
    pub(super) l3: usize,
}

/// Taken for granted where the system does not tell.
const USUAL: Caches = Caches { l1: 32 << 10, l2: 512 << 10, l3: 8 << 20 };

impl Caches {
    /// The caches of the first processor.
    pub(super) fn of_this_machine() -> Caches {
        let mut found = Caches { l1: 0, l2: 0, l3: 0 };
        for index in 0..8 {
            let read = |what: &str| {
                let file = format!("/sys/devices/system/cpu/cpu0/cache/index{index}/{what}");
                fs::read_to_string(file).unwrap_or_default().trim().to_owned()
            };
            let size = cache_size(&read("size")).unwrap_or(0);
            match (read("level").as_str(), read("type").as_str()) {
                ("1", "Data" | "Unified") => found.l1 = size,
                ("2", "Data" | "Unified") => found.l2 = size,
                ("3", "Data" | "Unified") => found.l3 = size,
                _ => {}
            }
        }
        if found.l1 == 0 || found.l2 == 0 { USUAL } else { found }
    }

    pub(super) fn json(self) -> Value {
        json!({ "l1": self.l1, "l2": self.l2, "l3": self.l3 })
    }
}

/// `48K`, `1024K`, `32M`.
fn cache_size(text: &str) -> Option<usize> {
    let (number, unit) = match text.strip_suffix('K') {
        Some(number) => (number, 1 << 10),
        None => (text.strip_suffix('M')?, 1 << 20),
    };
    number.parse::<usize>().ok()?.checked_mul(unit)
}

/// A level of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    L1,
    L2,
    L3,
    Memory,
}

impl Level {
    pub(super) const ALL: [Level; 4] = [Level::L1, Level::L2, Level::L3, Level::Memory];

    /// The first level that holds so many bytes, each of the threads with caches of its own.
    pub(super) fn holding(bytes: usize, threads: usize, caches: Caches) -> Level {
        match bytes {
            bytes if bytes <= caches.l1 * threads => Level::L1,
            bytes if bytes <= caches.l2 * threads => Level::L2,
            bytes if bytes <= caches.l3 => Level::L3,
            _ => Level::Memory,
        }
    }

    /// How much each thread reads to measure it: well inside the level, well beyond the one before. `None` where there is
    /// no such level.
    fn bytes(self, threads: usize, caches: Caches) -> Option<usize> {
        match self {
            Level::L1 => Some(caches.l1 / 3 * 2),
            Level::L2 => Some(caches.l2 / 2),
            Level::L3 => (caches.l3 > 0).then(|| (caches.l3 / 4 / threads).max(2 * caches.l2)),
            Level::Memory => {
                let all = (4 * caches.l3).clamp(MEMORY_BYTES, MOST_MEMORY_BYTES);
                Some(all / threads)
            }
        }
    }
}

/// What so many threads can do at most.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) threads: usize,
    /// Floating-point operations per second.
    fma_f32: f64,
    fma_f64: f64,
    /// Bytes per second, by level.
    read: [Option<f64>; 4],
}

impl Limits {
    /// Measures them, each for a tenth of the time that a work is sampled and at most a fifth of a second.
    pub(super) fn measure(threads: usize, caches: Caches, seconds: f64) -> Limits {
        let time = Duration::from_secs_f64((seconds * PART).min(LONGEST));
        Limits {
            threads,
            fma_f32: fma_rate(Precision::F32, threads, time),
            fma_f64: fma_rate(Precision::F64, threads, time),
            read: Level::ALL
                .map(|level| level.bytes(threads, caches).map(|bytes| read_rate(bytes, threads, time))),
        }
    }

    /// Floating-point operations per second.
    pub(super) fn fma(&self, precision: Precision) -> f64 {
        match precision {
            Precision::F32 => self.fma_f32,
            Precision::F64 => self.fma_f64,
        }
    }

    /// Bytes per second from a level, if there is one.
    pub(super) fn read(&self, level: Level) -> Option<f64> {
        self.read[level as usize]
    }

    pub(super) fn json(&self) -> Value {
        let giga = |rate: f64| (rate / 1e7).round() / 100.0;
        let read = |level| self.read(level).map(giga);
        json!({
            "threads": self.threads,
            "fma_f32_gflops": giga(self.fma_f32),
            "fma_f64_gflops": giga(self.fma_f64),
            "read_l1_gb_per_second": read(Level::L1),
            "read_l2_gb_per_second": read(Level::L2),
            "read_l3_gb_per_second": read(Level::L3),
            "read_memory_gb_per_second": read(Level::Memory),
        })
    }
}

/// The processor's name, as the system tells it.
pub(super) fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    name.map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, name)| name.trim().to_owned())
}

/// The most memory that this process has held so far, in megabytes of 10⁶ bytes, if the system tells.
pub(super) fn peak_memory_mb() -> Option<f64> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some((kibibytes * 1024.0 / 1e5).round() / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CACHES: Caches = Caches { l1: 48 << 10, l2: 1 << 20, l3: 32 << 20 };

    #[test]
    fn sizes_of_caches_are_read() {
        assert_eq!(cache_size("48K"), Some(48 << 10));
        assert_eq!(cache_size("32M"), Some(32 << 20));
        assert_eq!(cache_size(""), None);
        let caches = Caches::of_this_machine();
        assert!(caches.l1 > 0 && caches.l2 > caches.l1, "{caches:?}");
    }

    #[test]
    fn bytes_lie_in_the_first_level_that_holds_them() {
        let level = |bytes, threads| Level::holding(bytes, threads, CACHES);
        assert_eq!([level(40_000, 1), level(50_000, 1), level(50_000, 2)], [Level::L1, Level::L2, Level::L1]);
        assert_eq!([level(2_000_000, 1), level(2_000_000, 2)], [Level::L3, Level::L2]);
        assert_eq!(level(40_000_000, 8), Level::Memory);
    }

    #[test]
    fn each_level_is_measured_inside_of_it() {
        for threads in [1, 2] {
            for level in Level::ALL {
                let bytes = level.bytes(threads, CACHES).unwrap();
                assert_eq!(Level::holding(bytes * threads, threads, CACHES), level, "{threads}");
            }
        }
        assert_eq!(Level::L3.bytes(1, Caches { l3: 0, ..CACHES }), None);
    }
}
