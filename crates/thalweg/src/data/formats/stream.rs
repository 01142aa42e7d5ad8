//! Bytes of a file in order, unpacked if it is gzip, with a bound on what can still follow.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use super::problem::{Excerpt, FileProblem};

/// Deflate's best case: one byte stands for at most 1032.
pub(super) const MOST_PER_PACKED_BYTE: u64 = 1032;

/// How many bytes are looked at to tell what a file is.
pub(super) const PREFIX: usize = 4096;

/// Where a stream's bytes come from.
enum Origin {
    /// The file itself.
    Plain(BufReader<File>),
    /// The file's bytes, unpacked. Several gzip members in a row are one stream.
    Gzip(Box<BufReader<MultiGzDecoder<BufReader<File>>>>),
}

/// A file read from front to back.
pub(super) struct Stream {
    origin: Origin,
    /// The file's length on disk.
    file_length: u64,
    /// How many (unpacked) bytes have been taken.
    position: u64,
}

impl Stream {
    /// Opens a file; one that begins as gzip does is unpacked on the way.
    pub(super) fn open(path: &Path) -> Result<Stream, FileProblem> {
        let mut file = File::open(path).map_err(FileProblem::Io)?;
        let metadata = file.metadata().map_err(FileProblem::Io)?;
        if metadata.is_dir() {
            return Err(FileProblem::Folder);
        }
        let mut magic = Vec::new();
        file.by_ref().take(2).read_to_end(&mut magic).map_err(FileProblem::Io)?;
        file.rewind().map_err(FileProblem::Io)?;
        let file = BufReader::with_capacity(1 << 16, file);
        let origin = if magic == [0x1f, 0x8b] {
            Origin::Gzip(Box::new(BufReader::with_capacity(1 << 16, MultiGzDecoder::new(file))))
        } else {
            Origin::Plain(file)
        };
        Ok(Stream { origin, file_length: metadata.len(), position: 0 })
    }

    /// The length on disk.
    pub(super) fn file_length(&self) -> u64 {
        self.file_length
    }

    /// How many bytes have been taken.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// Whether the file is gzip.
    pub(super) fn is_gzip(&self) -> bool {
        matches!(self.origin, Origin::Gzip(_))
    }

    /// The most that can still follow: known for a plain file, bounded by the compression for a packed one.
    pub(super) fn most_left(&self) -> u64 {
        let length = match self.origin {
            Origin::Plain(_) => self.file_length,
            Origin::Gzip(_) => self.file_length.saturating_mul(MOST_PER_PACKED_BYTE),
        };
        length.saturating_sub(self.position)
    }

    /// The next bytes, without taking them; only at the very beginning are they [`PREFIX`] many (or the whole file).
    pub(super) fn peek(&mut self) -> Result<Vec<u8>, FileProblem> {
        let position = self.position;
        let result = match &mut self.origin {
            // Both buffers are larger than the prefix, but one fill may give less.
            Origin::Plain(reader) => {
                let mut bytes = vec![0; PREFIX];
                let count = read_up_to(reader, &mut bytes);
                count.and_then(|count| {
                    bytes.truncate(count);
                    reader.seek_relative(-(count as i64))?;
                    Ok(bytes)
                })
            }
            Origin::Gzip(reader) => reader.fill_buf().map(|bytes| bytes[..bytes.len().min(PREFIX)].to_vec()),
        };
        result.map_err(|error| self.problem(error, position))
    }

    /// Fills the buffer as far as the stream goes; less means its end.
    pub(super) fn read_some(&mut self, buffer: &mut [u8]) -> Result<usize, FileProblem> {
        let position = self.position;
        let result = match &mut self.origin {
            Origin::Plain(reader) => read_up_to(reader, buffer),
            Origin::Gzip(reader) => read_up_to(reader, buffer),
        };
        let count = result.map_err(|error| self.problem(error, position))?;
        self.position += count as u64;
        Ok(count)
    }

    /// Whether nothing follows. For gzip this also checks the checksum and that no garbage follows.
    pub(super) fn at_end(&mut self) -> Result<bool, FileProblem> {
        Ok(self.read_some(&mut [0])? == 0)
    }

    /// Everything that is left, refused beyond `limit` bytes.
    pub(super) fn read_text(&mut self, limit: u64) -> Result<Vec<u8>, FileProblem> {
        let plain = matches!(self.origin, Origin::Plain(_));
        if plain && self.most_left() > limit {
            return Err(FileProblem::TextTooLong { limit });
        }
        // A plain file's length is certain, so that one allocation suffices.
        let mut bytes = Vec::with_capacity(if plain { self.most_left() as usize } else { 0 });
        let position = self.position;
        let result = match &mut self.origin {
            Origin::Plain(reader) => reader.take(limit + 1).read_to_end(&mut bytes),
            Origin::Gzip(reader) => reader.take(limit + 1).read_to_end(&mut bytes),
        };
        result.map_err(|error| self.problem(error, position + bytes.len() as u64))?;
        self.position += bytes.len() as u64;
        if bytes.len() as u64 > limit { Err(FileProblem::TextTooLong { limit }) } else { Ok(bytes) }
    }

    /// An error while reading, told as a fault of the gzip stream if it is one.
    fn problem(&self, error: std::io::Error, unpacked: u64) -> FileProblem {
        use std::io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
        if !self.is_gzip() {
            return FileProblem::Io(error);
        }
        match error.kind() {
            UnexpectedEof => FileProblem::GzipCut { unpacked },
            InvalidInput if error.to_string() == "invalid gzip header" && unpacked > 0 => {
                FileProblem::GzipTrailing { unpacked }
            }
            InvalidInput | InvalidData => {
                FileProblem::GzipDamaged { unpacked, reason: Excerpt::reason(&error) }
            }
            _ => FileProblem::Io(error),
        }
    }
}

/// Reads until the buffer is full or the end is reached.
pub(super) fn read_up_to(reader: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut count = 0;
    while count < buffer.len() {
        match reader.read(&mut buffer[count..]) {
            Ok(0) => break,
            Ok(more) => count += more,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(count)
}
