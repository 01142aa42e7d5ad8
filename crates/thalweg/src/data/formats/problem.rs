//! What can be wrong with a data file: one variant for each kind of fault, made of the numbers and places that name it.

use std::fmt;

use super::Format;
use super::detect::Foreign;

/// A piece of a file, or a library's reason, inside a message: on one line, without control characters, cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt(String);

impl Excerpt {
    /// How many characters of a file's text, and of a library's reason, a message shows.
    const LENGTH: usize = 40;
    const REASON_LENGTH: usize = 160;

    /// The beginning of a text from a file.
    pub fn new(text: &str) -> Excerpt {
        Excerpt::cut(text, Self::LENGTH)
    }

    /// What a library gives as its reason.
    pub(super) fn reason(error: &dyn fmt::Display) -> Excerpt {
        Excerpt::cut(&error.to_string(), Self::REASON_LENGTH)
    }

    fn cut(text: &str, length: usize) -> Excerpt {
        let mut excerpt: String = text.chars().take(length).collect();
        if excerpt.len() < text.len() {
            excerpt.push('…');
        }
        Excerpt(excerpt)
    }
}

impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("'")?;
        for c in self.0.chars() {
            if c.is_control() { write!(f, "{}", c.escape_default())? } else { write!(f, "{c}")? }
        }
        f.write_str("'")
    }
}

/// A column in a message: its number, counted from 1, and its name if it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnPlace {
    /// Counted from 1.
    pub number: usize,
    /// The name in the header, or empty.
    pub name: String,
}

impl fmt::Display for ColumnPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {}", self.number)?;
        if self.name.is_empty() { Ok(()) } else { write!(f, " ({})", Excerpt::new(&self.name)) }
    }
}

/// Why a file was refused. `Display` is the second half of a sentence that began with the file's name.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileProblem {
    /// The operating system failed while the file was read.
    #[error("{0}")]
    Io(std::io::Error),
    /// Nothing in it.
    #[error("the file is empty (0 bytes); fetch or write it again")]
    Empty,
    /// A folder where a file is meant.
    #[error("it is a folder, not a file; name a file in it")]
    Folder,
    /// The content is of another kind than the name or the request says.
    #[error("it is {}; {}", found.what(), found.cure())]
    Foreign {
        /// What it is.
        found: Foreign,
    },
    /// Inside gzip, a format that has to be read from a plain file.
    #[error("{format} inside gzip is not read; unpack it first (gunzip)")]
    PackedInGzip {
        /// The format that was found.
        format: Format,
    },
    /// A format was asked for, and the content proves another.
    #[error("it is {found}, not {given} as asked for; leave the format out, or ask for {}", found.name())]
    OtherFormat {
        /// The one that was asked for.
        given: Format,
        /// The one that the content shows.
        found: Format,
    },
    /// The content proves one format, and the name says another.
    #[error("it is {found}, though its name says {named}; rename it, or ask for the format {}", found.name())]
    Renamed {
        /// The one that the name says.
        named: Format,
        /// The one that the content shows.
        found: Format,
    },

    /// The compressed data end too early.
    #[error("the gzip stream ends early, after {unpacked} unpacked bytes: the file was cut; fetch it again")]
    GzipCut {
        /// How much had been unpacked.
        unpacked: u64,
    },
    /// The compressed data are damaged.
    #[error("the gzip stream is damaged near unpacked byte {unpacked}: {reason}; fetch the file again")]
    GzipDamaged {
        /// How much had been unpacked.
        unpacked: u64,
        /// What the decompressor says.
        reason: Excerpt,
    },
    /// A gzip file with something behind it.
    #[error(
        "bytes that are not gzip follow the compressed data ({unpacked} bytes unpacked); fetch the file again"
    )]
    GzipTrailing {
        /// How much had been unpacked.
        unpacked: u64,
    },
    /// A text that unpacks to more than the limit.
    #[error(
        "the text is longer than the limit of {limit} bytes; cut it into several files, or save it as NPY"
    )]
    TextTooLong {
        /// [`super::MAX_TEXT_BYTES`].
        limit: u64,
    },

    /// The file ends inside its header.
    #[error("the file ends at byte {length}, inside the header: it was cut; fetch it again")]
    HeaderCut {
        /// Where it ends.
        length: u64,
    },
    /// The file does not begin as this format does.
    #[error("it does not begin as {format} does: expected {expected}, found bytes {found:02x?}")]
    Magic {
        /// The format's name.
        format: &'static str,
        /// The right beginning.
        expected: &'static str,
        /// The first bytes of the file.
        found: Vec<u8>,
    },
    /// An IDX header whose numbers are in the wrong byte order.
    #[error(
        "the IDX header is little-endian; IDX is big-endian: write it again, most significant byte first"
    )]
    IdxLittleEndian,
    /// An IDX type code that does not exist.
    #[error(
        "type code 0x{code:02x} at byte 2 does not exist in IDX (08 u8, 09 i8, 0b i16, 0c i32, 0d f32, 0e f64)"
    )]
    IdxType {
        /// The byte that was found.
        code: u8,
    },
    /// A format's version that is unknown.
    #[error(
        "version {major}.{minor} of the format is unknown (known: {known}); save it with a current version"
    )]
    Version {
        /// First number.
        major: u8,
        /// Second number.
        minor: u8,
        /// Those that are read.
        known: &'static str,
    },
    /// An array without axes where some are needed, or with far too many.
    #[error("the header says {axes} axes; between {least} and {most} are read")]
    Axes {
        /// How many the header says.
        axes: usize,
        /// The least that makes sense.
        least: usize,
        /// The most that is read.
        most: usize,
    },
    /// No rows.
    #[error("the array of shape {shape:?} holds no values")]
    NoValues {
        /// The shape in the header.
        shape: Vec<u64>,
    },
    /// A shape that no file can hold.
    #[error("the shape {shape:?} has more values than a computer can address: the header is wrong")]
    TooManyValues {
        /// The shape in the header.
        shape: Vec<u64>,
    },
    /// Less data than the header says.
    #[error(
        "the header says {expected} bytes of data (shape {shape:?}), but {found} follow: the file was cut or the header is wrong"
    )]
    DataShort {
        /// The shape in the header.
        shape: Vec<u64>,
        /// Bytes by the header.
        expected: u64,
        /// Bytes in the file, or the most that its compressed bytes can unpack to.
        found: u64,
    },
    /// More data than the header says.
    #[error(
        "the header says {expected} bytes of data (shape {shape:?}), but more follow: the header is wrong or the file damaged"
    )]
    DataLong {
        /// The shape in the header.
        shape: Vec<u64>,
        /// Bytes by the header.
        expected: u64,
    },

    /// An NPY header that is longer than the file or than any real one.
    #[error(
        "the NPY header claims {claimed} bytes, but at most {most} are possible: the file was cut or the length is wrong"
    )]
    NpyHeaderLength {
        /// The length in the file.
        claimed: u64,
        /// What the file or the limit allows.
        most: u64,
    },
    /// An NPY header that is not a dictionary of plain values.
    #[error(
        "the NPY header is not a dictionary of plain values at byte {at}: expected {expected}, found {found}"
    )]
    NpyHeader {
        /// Position in the header's text.
        at: usize,
        /// What may stand there.
        expected: &'static str,
        /// What stands there.
        found: Excerpt,
    },
    /// A key that is missing in an NPY header.
    #[error("the NPY header has no '{key}'; save the array again with numpy.save")]
    NpyKey {
        /// `descr`, `fortran_order` or `shape`.
        key: &'static str,
    },
    /// An element type that is not read.
    #[error("values of type {found} are not read: {kind}; convert with .astype before saving")]
    ElementType {
        /// The type as the file writes it.
        found: Excerpt,
        /// What that is.
        kind: &'static str,
    },
    /// Characters that do not exist.
    #[error("value {index} is not text: it holds a character that does not exist in Unicode")]
    Character {
        /// Position in the array, counted from 0.
        index: usize,
    },

    /// A zip container that cannot be read.
    #[error("the zip container is damaged: {reason}; fetch or save the file again")]
    Zip {
        /// What the zip reader says.
        reason: Excerpt,
    },
    /// A zip without arrays.
    #[error("the zip holds no arrays (no entry ends in .npy); save it with numpy.savez")]
    NoArrays,
    /// Entries of a zip that claim more than the file holds.
    #[error(
        "the zip's entries claim {claimed} compressed bytes, but the file has {length}: its directory is wrong"
    )]
    ZipOverlap {
        /// The sum over all entries.
        claimed: u64,
        /// The file's length.
        length: u64,
    },
    /// An entry whose size in the directory differs from its array.
    #[error(
        "the zip's directory says {claimed} bytes, but the array needs {needed}: one of the two is wrong"
    )]
    ZipSize {
        /// By the directory.
        claimed: u64,
        /// By the array's own header.
        needed: u64,
    },
    /// Two arrays of one name.
    #[error("two arrays are named {name}; save the file again with different names")]
    RepeatedArray {
        /// The name.
        name: Excerpt,
    },
    /// A fault of one entry or dataset.
    #[error("array {name}: {problem}")]
    InArray {
        /// The entry's or dataset's name.
        name: Excerpt,
        /// The fault.
        problem: Box<FileProblem>,
    },

    /// What the HDF5 library says.
    #[error("the HDF5 structure is damaged or unknown: {}", Excerpt::reason(source))]
    Hdf5 {
        /// The library's error.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A part of HDF5 that the library does not read.
    #[error(
        "it uses a part of HDF5 that is not read: {}; save it again without (h5repack -f NONE helps with filters)",
        Excerpt::reason(source)
    )]
    Hdf5Unsupported {
        /// The library's error.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The file is shorter than its superblock says.
    #[error("the HDF5 file should have {claimed} bytes, but has {length}: it was cut; fetch it again")]
    Hdf5Cut {
        /// By the superblock.
        claimed: u64,
        /// The file's length.
        length: u64,
    },
    /// The superblock's addresses start behind the file's end.
    #[error(
        "the HDF5 base address {base} lies behind the file's end at {length}: its head is damaged; fetch it again"
    )]
    Hdf5Base {
        /// By the superblock.
        base: u64,
        /// The file's length.
        length: u64,
    },
    /// The HDF5 library panicked, which is its bug; the file is damaged in a way it did not foresee.
    #[error(
        "the HDF5 reader gave up on it: the file is damaged in an unforeseen way; fetch or save it again"
    )]
    Hdf5Panic,
    /// A dataset that claims more than the file can hold.
    #[error(
        "the dataset claims {claimed} bytes (shape {shape:?}), but a file of {length} bytes cannot hold them"
    )]
    Hdf5TooLarge {
        /// The shape in the file.
        shape: Vec<u64>,
        /// Its bytes.
        claimed: u64,
        /// The file's length.
        length: u64,
    },
    /// A dataset of a type that is not read.
    #[error("values of type {kind} are not read; save plain numbers or strings")]
    Hdf5Type {
        /// The kind's name.
        kind: &'static str,
    },
    /// Groups nested too deeply or too many of them.
    #[error("it has more than {limit} {what}: save what is needed into a smaller file")]
    Hdf5Tree {
        /// "levels of groups" or "objects".
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// A file without a dataset that can be read.
    #[error("it holds no dataset")]
    NoDatasets,

    /// Bytes that are no text in any encoding.
    #[error(
        "it is not text: {controls} of its first {looked_at} bytes are control characters; give the right file or format"
    )]
    NotText {
        /// How many control characters there are.
        controls: usize,
        /// Among how many bytes.
        looked_at: usize,
    },
    /// A NUL byte in a text.
    #[error("line {line} holds a NUL byte, which no text has: the file is damaged")]
    Nul {
        /// Counted from 1.
        line: u64,
    },
    /// An encoding that is not read.
    #[error("it is text in {name}, which is not read; save it as UTF-8")]
    Encoding {
        /// The encoding's name.
        name: &'static str,
    },
    /// UTF-16 with half a character.
    #[error("the UTF-16 text is damaged near character {character}; save it as UTF-8")]
    Utf16 {
        /// Counted from 0.
        character: usize,
    },
    /// No rows below the header, or nothing but blank lines.
    #[error("it has {}no rows", if *header { "a header but " } else { "" })]
    NoRows {
        /// Whether there was a header.
        header: bool,
    },
    /// A row of another length than the first.
    #[error(
        "line {line} has {found} {} where {expected} are expected (by the first line, separated by {separator}); \
         correct the line, or put fields that contain the separator in quotes",
        if *found == 1 { "field" } else { "fields" }
    )]
    Ragged {
        /// Counted from 1.
        line: u64,
        /// Fields in that row.
        found: usize,
        /// Fields in the first row.
        expected: usize,
        /// The separator's name.
        separator: &'static str,
    },
    /// A quote without an end.
    #[error("the quote that opens on line {line} is never closed; add the closing \" or remove it")]
    UnclosedQuote {
        /// Counted from 1.
        line: u64,
    },
    /// Too many columns.
    #[error("the first line has {columns} columns, more than the limit of {limit}; save the table as NPY")]
    TooManyColumns {
        /// How many.
        columns: usize,
        /// The limit.
        limit: usize,
    },
    /// The CSV library's own refusal.
    #[error("the table cannot be read near line {line}: {reason}")]
    Csv {
        /// Counted from 1.
        line: u64,
        /// What the library says.
        reason: Excerpt,
    },
}

impl FileProblem {
    /// The same fault, told of one array of several.
    pub(super) fn in_array(self, name: &str) -> FileProblem {
        match self {
            FileProblem::Io(_) => self,
            _ => FileProblem::InArray { name: Excerpt::new(name), problem: Box::new(self) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excerpts_stay_on_one_line_and_are_cut() {
        assert_eq!(Excerpt::new("a\nb\u{1b}").to_string(), r"'a\nb\u{1b}'");
        let long = Excerpt::new(&"x".repeat(1000)).to_string();
        assert_eq!(long.chars().count(), 43);
    }

    #[test]
    fn messages_are_one_sentence() {
        let ragged = FileProblem::Ragged { line: 3, found: 2, expected: 3, separator: "comma" };
        assert_eq!(
            ragged.to_string(),
            "line 3 has 2 fields where 3 are expected (by the first line, separated by comma); \
             correct the line, or put fields that contain the separator in quotes"
        );
        assert_eq!(FileProblem::NoRows { header: true }.to_string(), "it has a header but no rows");
        let inner = FileProblem::Hdf5Type { kind: "reference" }.in_array("a/ref");
        assert_eq!(
            inner.to_string(),
            "array 'a/ref': values of type reference are not read; save plain numbers or strings"
        );
    }
}
