//! The files of pictures, each written whole or not at all.

use std::fs;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use thalweg::whole_file::write_whole;

use super::{Drawing, PictureProblem};

/// Pixels per unit of a PNG that stands still.
pub(crate) const SCALE: f64 = 2.0;

/// Pixels per unit of an animated PNG, which is large enough as it is.
pub(crate) const MOVING_SCALE: f64 = 1.0;

/// Frames of an animated PNG: in pixels a frame takes far more room than in SVG.
pub(crate) const MOST_PIXEL_FRAMES: usize = 30;

/// What became of a drawing: its files, or why there are none.
pub(crate) type Written = Result<[PathBuf; 2], PictureProblem>;

/// Writes each drawing as `NAME.svg` and `NAME.png`; several at a time, since turning a picture into pixels takes a while.
/// The results are in the order of the drawings.
///
/// # Errors
/// [`PictureProblem::Write`] when the folder cannot be made.
pub(crate) fn write_all(
    folder: &Path,
    drawings: &[(String, Drawing)],
) -> Result<Vec<Written>, PictureProblem> {
    fs::create_dir_all(folder).map_err(|source| PictureProblem::Write { path: folder.to_owned(), source })?;
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    let work = || loop {
        let place = next.fetch_add(1, Ordering::Relaxed);
        let Some((name, drawing)) = drawings.get(place) else { break };
        let written = write(folder, name, drawing);
        results.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push((place, written));
    };
    let workers = std::thread::available_parallelism().map_or(1, NonZero::get).min(drawings.len());
    std::thread::scope(|scope| {
        for _ in 1..workers {
            scope.spawn(work);
        }
        work();
    });
    let mut results = results.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
    results.sort_by_key(|(place, _)| *place);
    Ok(results.into_iter().map(|(_, written)| written).collect())
}

fn write(folder: &Path, name: &str, drawing: &Drawing) -> Written {
    let (svg, png) = (folder.join(format!("{name}.svg")), folder.join(format!("{name}.png")));
    for (path, bytes) in [(&svg, drawing.to_svg()?.into_bytes()), (&png, drawing.to_png()?)] {
        write_whole(path, |file| file.write_all(&bytes))?;
    }
    Ok([svg, png])
}
