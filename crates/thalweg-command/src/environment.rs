//! Settings from the environment, checked before anything starts.

use thalweg::kernels::Path;
use thalweg::team::{MOST_THREADS, default_threads};

use crate::exit::Failure;

/// Refuses a `THALWEG_CPU` that names no kernels, or kernels that this processor cannot run.
pub(crate) fn check_cpu() -> Result<(), Failure> {
    let Some(given) = std::env::var_os("THALWEG_CPU").filter(|name| !name.is_empty()) else { return Ok(()) };
    let all = [Path::Avx512, Path::Avx2, Path::Portable];
    let names =
        |paths: &mut dyn Iterator<Item = &Path>| paths.map(|path| path.name()).collect::<Vec<_>>().join(", ");
    match all.iter().find(|path| path.name() == given) {
        Some(path) if path.is_available() => Ok(()),
        Some(path) => Err(Failure::usage(format!(
            "THALWEG_CPU={}: this processor cannot run these kernels; it can run {}",
            path.name(),
            names(&mut all.iter().filter(|path| path.is_available()))
        ))),
        None => Err(Failure::usage(format!(
            "THALWEG_CPU={}: there are no such kernels; there are {}",
            given.to_string_lossy(),
            names(&mut all.iter())
        ))),
    }
}

/// How many threads to use: the flag, else `THALWEG_THREADS`, else one per processor.
pub(crate) fn threads(flag: Option<usize>) -> Result<usize, Failure> {
    if let Some(threads) = flag {
        return in_range(threads, "--threads", &threads.to_string());
    }
    match std::env::var("THALWEG_THREADS") {
        Ok(text) if !text.is_empty() => in_range(text.trim().parse().unwrap_or(0), "THALWEG_THREADS", &text),
        _ => Ok(default_threads()),
    }
}

fn in_range(threads: usize, name: &str, given: &str) -> Result<usize, Failure> {
    match threads {
        1..=MOST_THREADS => Ok(threads),
        _ => Err(Failure::usage(format!(
            "{name} must be a whole number from 1 to {MOST_THREADS}, not {given}"
        ))),
    }
}
