//! Data: from a file or generator to batches of rows.

pub mod array;
pub mod formats;
pub mod settings;
pub mod table;

pub use array::{Array, Values};
pub use formats::{Contents, FileProblem, Format, Notice, Reading, read};
pub use settings::{DataSettings, Generator, Scaling, Source, Split};
pub use table::{Column, ColumnValues, Table};
