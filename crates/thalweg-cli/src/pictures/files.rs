//! The files of pictures, each written whole or not at all.

use std::fs;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Drawing, PictureProblem};

/// Pixels per unit of a PNG that stands still.
pub(crate) const SCALE: f64 = 2.0;

/// Pixels per unit of an animated PNG, which is large enough as it is.
pub(crate) const MOVING_SCALE: f64 = 1.0;

/// Writes each drawing as `NAME.svg` and `NAME.png`; several at a time, since turning a picture into pixels takes a while.
///
/// # Errors
/// The first problem in the order of the drawings.
pub(crate) fn write_all(
    folder: &Path,
    drawings: &[(String, Drawing)],
) -> Result<Vec<PathBuf>, PictureProblem> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| PictureProblem::Write { path, source }
    };
    fs::create_dir_all(folder).map_err(io(folder))?;
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    let work = || {
        while let Some((name, drawing)) = drawings.get(next.fetch_add(1, Ordering::Relaxed)) {
            let written = write(folder, name, drawing);
            results.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push((name, written));
        }
    };
    let workers = std::thread::available_parallelism().map_or(1, NonZero::get).min(drawings.len());
    std::thread::scope(|scope| {
        for _ in 1..workers {
            scope.spawn(work);
        }
        work();
    });
    let mut results = results.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
    let place = |name: &String| drawings.iter().position(|(drawn, _)| drawn == name);
    results.sort_by_key(|(name, _)| place(name));
    let mut files = Vec::new();
    for (_, written) in results {
        files.extend(written?);
    }
    Ok(files)
}

fn write(folder: &Path, name: &str, drawing: &Drawing) -> Result<[PathBuf; 2], PictureProblem> {
    let (svg, png) = (folder.join(format!("{name}.svg")), folder.join(format!("{name}.png")));
    write_whole(&svg, drawing.to_svg()?.as_bytes())?;
    write_whole(&png, &drawing.to_png()?)?;
    Ok([svg, png])
}

/// Writes a file beside its place and then moves it there.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), PictureProblem> {
    let beside = path.with_extension(format!(
        "{}.{}.part",
        path.extension().and_then(|extension| extension.to_str()).unwrap_or_default(),
        std::process::id()
    ));
    fs::write(&beside, bytes).and_then(|()| fs::rename(&beside, path)).map_err(|source| {
        // Nothing more can be done about a file that cannot be removed either.
        let _ = fs::remove_file(&beside);
        PictureProblem::Write { path: path.to_owned(), source }
    })
}
