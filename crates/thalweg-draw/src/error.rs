//! What can go wrong while drawing.

/// Why a picture could not be drawn.
///
/// `Display` is one sentence for a person: what is wrong, where, and the nearest cure.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DrawError {
    /// Nothing is left to draw.
    #[error("the {picture} has no {what} to draw; give at least one")]
    Empty {
        /// The kind of picture.
        picture: &'static str,
        /// What is missing.
        what: &'static str,
    },
    /// Two inputs that belong together differ in length.
    #[error("the {picture} was given {given} {what} where {expected} are needed")]
    Length {
        /// The kind of picture.
        picture: &'static str,
        /// What was counted.
        what: &'static str,
        /// How many there should be.
        expected: usize,
        /// How many there are.
        given: usize,
    },
    /// A class number without a name.
    #[error("the {picture} was given class {class} at row {row}, but has {classes} classes, numbered from 0")]
    Class {
        /// The kind of picture.
        picture: &'static str,
        /// The row that holds it, from 0.
        row: usize,
        /// The class number.
        class: usize,
        /// How many classes there are.
        classes: usize,
    },
    /// A picture that no reader would open.
    #[error(
        "a picture of {width} by {height} pixels is not possible; each side must lie between 1 and {limit}"
    )]
    Size {
        /// Width in pixels.
        width: f64,
        /// Height in pixels.
        height: f64,
        /// The longest side allowed.
        limit: u32,
    },
    /// A frame of an animation that differs in size from the first.
    #[error("frame {frame} of the animation is {} by {} pixels, but the first is {} by {}; draw all frames alike", given.0, given.1, expected.0, expected.1)]
    Frame {
        /// The frame, from 0.
        frame: usize,
        /// Size of the first frame.
        expected: (f64, f64),
        /// Size of this frame.
        given: (f64, f64),
    },
    /// The SVG could not be turned into pixels.
    #[error("the picture could not be turned into pixels")]
    Render {
        /// The renderer's own error.
        #[source]
        source: Box<resvg::usvg::Error>,
    },
    /// The PNG could not be written.
    #[error("the picture could not be written as PNG")]
    Encode {
        /// The encoder's own error.
        #[from]
        source: png::EncodingError,
    },
}

/// Checks that `given` items came where `expected` are needed.
pub(crate) fn same_length(
    picture: &'static str,
    what: &'static str,
    expected: usize,
    given: usize,
) -> Result<(), DrawError> {
    if expected == given { Ok(()) } else { Err(DrawError::Length { picture, what, expected, given }) }
}
