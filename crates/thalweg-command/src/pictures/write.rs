//! A picture into a file of the user's choice.

use std::path::Path;

use thalweg::whole_file::write_whole;
use thalweg_draw::Picture;

use super::PictureProblem;
use crate::exit::Failure;

/// Pixels per unit of a picture as PNG.
const PIXELS_PER_UNIT: f64 = 2.0;

/// Writes it as what the name's ending says: SVG or PNG.
pub(crate) fn write(picture: &Picture, out: &Path) -> Result<(), Failure> {
    let ending = out.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    let bytes = match ending.as_deref() {
        Some("svg") => picture.to_svg().into_bytes(),
        Some("png") => picture.to_png(PIXELS_PER_UNIT).map_err(PictureProblem::Draw)?,
        _ => {
            return Err(Failure::usage(format!(
                "--out {}: a picture's name ends in .svg or .png",
                out.display()
            )));
        }
    };
    Ok(write_whole(out, |file| file.write_all(&bytes))?)
}
