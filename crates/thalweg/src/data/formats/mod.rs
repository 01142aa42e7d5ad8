//! Readers of data files that other programs wrote.
//!
//! | format | files | what is read |
//! |---|---|---|
//! | `csv`, `tsv` | `.csv .tsv .txt .data`, also `.gz` | UTF-8, UTF-16, Windows-1252; comma, semicolon, tab, `\|`, spaces; decimal comma; quotes; missing values |
//! | `npy` | `.npy`, also `.gz` | versions 1 to 3; integers, f16, f32, f64, booleans, strings; either byte order, either axis order |
//! | `npz` | `.npz` | stored or deflated NPY entries, each a named array |
//! | `idx` | `.idx`, `…-idx3-ubyte`, also `.gz` | MNIST's format, all its types |
//! | `hdf5` | `.h5 .hdf5` | datasets of numbers and strings in any group, contiguous, compact or chunked; gzip, shuffle, Fletcher-32, szip, n-bit, scale-offset |
//!
//! [`read`] finds the format by the content, then by the name. Any number keeps its own type in an [`Array`]
//! (16-bit floating point becomes 32-bit); columns of a text are `f64` or text.
//!
//! # What is refused
//! What a header claims is compared with the file's length before memory is taken for it, and with what compression
//! can do at best (1032 to 1) where the data are packed. The values must fill the file to its end. Text is read up to
//! [`MAX_TEXT_BYTES`]; packed text up to 64 MiB or 200 times its packed size, whichever is more. Arrays have at most 64
//! axes, tables at most 262,144 columns. Complex numbers, dates, structured rows and Python objects are refused by
//! name; a pickle is never loaded. A picture, a web page, a git-LFS pointer, a workbook under the name of a data file is
//! called what it is. In an HDF5 file, a dataset of a type or filter that is not read is left out with a notice if
//! another one can be read; damage anywhere refuses the whole file.
//!
//! Something odd that can be lived with becomes a [`Notice`].

mod csv;
mod detect;
mod element;
mod hdf5;
mod hdf5_names;
mod idx;
mod notice;
mod npy;
mod npy_header;
mod npz;
mod problem;
mod stream;
mod summary;

use std::fmt;
use std::path::Path;

pub use self::detect::Foreign;
pub use self::notice::Notice;
pub use self::problem::{ColumnPlace, Excerpt, FileProblem};
pub use self::summary::{ColumnSummary, Summary};

use self::detect::{Kind, by_content, by_name, detect};
use self::stream::Stream;
use super::array::Array;
use super::table::Table;
use crate::error::{Error, Result};

/// The longest text that is read as a table, in bytes.
pub const MAX_TEXT_BYTES: u64 = 2 << 30;

/// How much a packed text may unpack to: this many bytes in any case, or this many times its packed size.
const PACKED_TEXT_BYTES: u64 = 64 << 20;
const PACKED_TEXT_RATIO: u64 = 200;

/// A format that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Text with separators, found by looking.
    Csv,
    /// Text with tabs.
    Tsv,
    /// NumPy's format for one array.
    Npy,
    /// NumPy's container of named arrays.
    Npz,
    /// MNIST's format.
    Idx,
    /// Hierarchical Data Format 5.
    Hdf5,
}

impl Format {
    /// All formats.
    pub const ALL: [Format; 6] =
        [Format::Csv, Format::Tsv, Format::Npy, Format::Npz, Format::Idx, Format::Hdf5];

    /// The name in experiment files: `"csv"`, `"tsv"`, `"npy"`, `"npz"`, `"idx"`, `"hdf5"`.
    pub const fn name(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::Tsv => "tsv",
            Format::Npy => "npy",
            Format::Npz => "npz",
            Format::Idx => "idx",
            Format::Hdf5 => "hdf5",
        }
    }

    /// The format of this name.
    pub fn from_name(name: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|format| format.name() == name)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Format::Csv => "CSV",
            Format::Tsv => "TSV",
            Format::Npy => "NPY",
            Format::Npz => "NPZ",
            Format::Idx => "IDX",
            Format::Hdf5 => "HDF5",
        })
    }
}

/// What a file held.
#[derive(Clone, Debug, PartialEq)]
pub enum Contents {
    /// One array without a name.
    Array(Array),
    /// Arrays by name, in the file's order; HDF5's names are paths such as `train/x`.
    Arrays(Vec<(String, Array)>),
    /// Columns.
    Table(Table),
}

/// A file that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The format that was found or given.
    pub format: Format,
    /// The values.
    pub contents: Contents,
    /// What a person should know about it.
    pub notices: Vec<Notice>,
}

/// Reads a data file, in the given format or in the one that its content and its name show.
///
/// # Errors
/// [`Error::Io`] if the file cannot be opened or read, [`Error::File`] if it is not what it should be: the message
/// names the file, what is wrong, and where.
pub fn read(path: &Path, format: Option<Format>) -> Result<Reading> {
    let mut found = format;
    read_found(path, &mut found).map_err(|problem| match problem {
        FileProblem::Io(source) => Error::io(path, "read", source),
        problem => Error::File { path: path.to_owned(), format: found, problem: Box::new(problem) },
    })
}

/// Reads a file; `format` becomes the one that was found, for the error's sake.
fn read_found(path: &Path, format: &mut Option<Format>) -> Result<Reading, FileProblem> {
    let mut stream = Stream::open(path)?;
    let prefix = stream.peek()?;
    if prefix.is_empty() {
        return Err(FileProblem::Empty);
    }
    // What the content proves wins over the name; where the two disagree, the user is asked.
    let kind = match *format {
        None => detect(&prefix, path),
        // A given format is believed, unless the content proves another.
        Some(given) => by_content(&prefix).unwrap_or(Kind::Known(given)),
    };
    let known = match kind {
        Kind::Foreign(found) => return Err(FileProblem::Foreign { found }),
        Kind::Known(known) => known,
    };
    if let (None, Some(Kind::Known(named))) = (*format, by_name(path))
        && named != known
        && by_content(&prefix).is_some()
    {
        return Err(FileProblem::Renamed { named, found: known });
    }
    if let Some(given) = format.filter(|&given| given != known) {
        return Err(FileProblem::OtherFormat { given, found: known });
    }
    *format = Some(known);

    let mut notices = Vec::new();
    let contents = match known {
        Format::Csv | Format::Tsv => {
            let limit = if stream.is_gzip() {
                stream
                    .file_length()
                    .saturating_mul(PACKED_TEXT_RATIO)
                    .clamp(PACKED_TEXT_BYTES, MAX_TEXT_BYTES)
            } else {
                MAX_TEXT_BYTES
            };
            let bytes = stream.read_text(limit)?;
            Contents::Table(csv::read(bytes, known == Format::Tsv, &mut notices)?)
        }
        Format::Npy => Contents::Array(npy::read(&mut stream)?),
        Format::Idx => Contents::Array(idx::read(&mut stream)?),
        Format::Npz | Format::Hdf5 if stream.is_gzip() => {
            return Err(FileProblem::PackedInGzip { format: known });
        }
        Format::Npz => Contents::Arrays(npz::read(path, &mut notices)?),
        Format::Hdf5 => Contents::Arrays(hdf5::read(path, &mut notices)?),
    };
    Ok(Reading { format: known, contents, notices })
}
