//! Data: from a file or generator to batches of rows.

pub mod settings;

pub use settings::{DataSettings, Generator, Scaling, Source, Split};
