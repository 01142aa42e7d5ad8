//! NPZ: a zip container of NPY files, one for each named array.

use std::collections::HashSet;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use zip::read::ZipFile;
use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

use super::element::count_and_bytes;
use super::npy::read_header;
use super::problem::{Excerpt, FileProblem};
use super::stream::{MOST_PER_PACKED_BYTE, read_up_to};
use super::{Notice, notice::push_some};
use crate::data::array::Array;

/// The most entries that are looked at.
const MOST_ENTRIES: usize = 65_536;

/// Reads all arrays in the container's order; other entries are left out with a notice. Nothing is ever written to
/// disk, so an entry's name is only a name.
pub(super) fn read(path: &Path, notices: &mut Vec<Notice>) -> Result<Vec<(String, Array)>, FileProblem> {
    let file = File::open(path).map_err(FileProblem::Io)?;
    let length = file.metadata().map_err(FileProblem::Io)?.len();
    let mut zip = ZipArchive::new(BufReader::new(file)).map_err(zip_problem)?;
    check_directory(&mut zip, length)?;

    let mut arrays: Vec<(String, Array)> = Vec::new();
    let mut names = HashSet::new();
    let mut left_out = Vec::new();
    for index in 0..zip.len() {
        let entry = zip.by_index(index).map_err(zip_problem)?;
        let full_name = entry.name().map_err(zip_problem)?.into_owned();
        let Some(name) = full_name.strip_suffix(".npy") else {
            if !entry.is_dir() {
                left_out.push(Notice::LeftOut {
                    name: Excerpt::new(&full_name),
                    reason: "it is not an NPY file".into(),
                });
            }
            continue;
        };
        if !names.insert(name.to_owned()) {
            return Err(FileProblem::RepeatedArray { name: Excerpt::new(name) });
        }
        let array = read_entry(entry).map_err(|problem| problem.in_array(name))?;
        arrays.push((name.to_owned(), array));
    }
    push_some(notices, left_out);
    if arrays.is_empty() { Err(FileProblem::NoArrays) } else { Ok(arrays) }
}

/// Entries that share bytes could unpack to any size: their packed sizes must fit in the file side by side.
fn check_directory(zip: &mut ZipArchive<BufReader<File>>, length: u64) -> Result<(), FileProblem> {
    if zip.len() > MOST_ENTRIES {
        return Err(FileProblem::Zip { reason: Excerpt::new("it has more than 65536 entries") });
    }
    let mut claimed = 0_u64;
    for index in 0..zip.len() {
        let entry = zip.by_index_raw(index).map_err(zip_problem)?;
        claimed = claimed.saturating_add(entry.compressed_size());
    }
    if claimed > length { Err(FileProblem::ZipOverlap { claimed, length }) } else { Ok(()) }
}

/// Reads one array. The directory's size, the array's own header and the packed size have to agree before room is
/// made for the values.
fn read_entry(mut entry: ZipFile<'_, BufReader<File>>) -> Result<Array, FileProblem> {
    let (claimed, packed) = (entry.size(), entry.compressed_size());
    let stored = entry.compression() == CompressionMethod::Stored;
    let most = if stored { packed } else { packed.saturating_mul(MOST_PER_PACKED_BYTE) };
    let mut read = |buffer: &mut [u8]| read_up_to(&mut entry, buffer).map_err(entry_problem);

    let (layout, header) = read_header(most.min(claimed), &mut read)?;
    let (_, expected) = count_and_bytes(&layout.shape, layout.element.size())?;
    let needed = header.saturating_add(expected);
    if needed != claimed {
        return Err(FileProblem::ZipSize { claimed, needed });
    }
    if needed > most {
        return Err(FileProblem::DataShort {
            shape: layout.shape,
            expected,
            found: most.saturating_sub(header),
        });
    }
    let array = layout.read_from(packed.saturating_mul(4), &mut read)?;
    // Reading past the end makes the zip reader compare the checksum.
    if read(&mut [0])? > 0 {
        return Err(FileProblem::DataLong { shape: layout.shape, expected });
    }
    Ok(array)
}

/// An error while an entry is unpacked: a wrong checksum or a damaged stream.
fn entry_problem(error: std::io::Error) -> FileProblem {
    use std::io::ErrorKind::{InvalidData, InvalidInput, Other, UnexpectedEof};
    match error.kind() {
        InvalidData | InvalidInput | Other | UnexpectedEof => {
            FileProblem::Zip { reason: Excerpt::reason(&error) }
        }
        _ => FileProblem::Io(error),
    }
}

/// What the zip reader refuses.
fn zip_problem(error: ZipError) -> FileProblem {
    match error {
        ZipError::Io(error) => entry_problem(error),
        other => FileProblem::Zip { reason: Excerpt::reason(&other) },
    }
}
