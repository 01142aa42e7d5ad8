//! Pictures made of characters, for watching a training in a terminal.
//!
//! Curves and points are dots of braille characters (2 by 4 per character); regions are half blocks (1 by 2 per character).

mod canvas;
mod screen;

pub use screen::{Screen, Trace, short_number};
