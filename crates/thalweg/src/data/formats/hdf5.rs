//! HDF5, through the `hdf5-reader` crate: every dataset of numbers or strings, by its path.
//!
//! The crate checks much, and this file what is left: what a dataset claims against the file's length, the number of
//! objects, and number types whose bits lie otherwise than IEEE's and the machine's.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use hdf5_reader::error::{ByteOrder, Error};
use hdf5_reader::group::Group;
use hdf5_reader::messages::datatype::{Datatype, StringSize, VarLenKind};
use hdf5_reader::{Dataset, Hdf5File, OpenOptions};

use super::element::{Element, Layout, MOST_AXES, count_and_bytes, in_memory};
use super::hdf5_names::names;
use super::problem::{Excerpt, FileProblem};
use super::stream::MOST_PER_PACKED_BYTE;
use super::{Notice, notice::push_some};
use crate::data::array::{Array, Values};

/// The most groups and datasets in one file, and the most levels of groups.
const MOST_OBJECTS: usize = 20_000;
const MOST_LEVELS: usize = 64;

/// What any file may claim, however short it is: fill values need no bytes in the file.
const FREE_BYTES: u64 = 16 << 20;

/// Reads all datasets of numbers and strings, named by their path without a leading slash. One that uses a part of
/// HDF5 that is not read is left out with a notice if another can be read; damage anywhere refuses the file.
pub(super) fn read(path: &Path, notices: &mut Vec<Notice>) -> Result<Vec<(String, Array)>, FileProblem> {
    // The crate is meant never to panic, but it parses foreign bytes and is not ours: the last resort. Nothing that
    // it has touched is used after a panic.
    catch_unwind(AssertUnwindSafe(|| {
        let length = std::fs::metadata(path).map_err(FileProblem::Io)?.len();
        // Every chunk is read once, so that keeping unpacked chunks would be of no use.
        let options = OpenOptions::default()
            .with_chunk_cache_bytes(0)
            .with_max_chunk_bytes(most_bytes(length).min(1 << 30) as usize)
            .with_max_object_header_bytes(4 << 20);
        let file = Hdf5File::open_with_options(path, options).map_err(problem)?;
        check_superblock(&file, length)?;
        let root = file.root_group().map_err(problem)?;
        let mut walk = Walk {
            file: &file,
            length,
            claimed: 0,
            objects: 0,
            groups: HashSet::new(),
            arrays: vec![],
            left_out: vec![],
        };
        walk.group(&root, "", 0)?;
        if walk.arrays.is_empty() {
            return Err(walk
                .left_out
                .into_iter()
                .next()
                .map_or(FileProblem::NoDatasets, |(_, problem)| problem));
        }
        let of_one = |(name, problem): (String, FileProblem)| {
            let reason = match problem {
                FileProblem::InArray { problem, .. } => problem.to_string(),
                other => other.to_string(),
            };
            Notice::LeftOut { name: Excerpt::new(&name), reason }
        };
        push_some(notices, walk.left_out.into_iter().map(of_one).collect());
        Ok(walk.arrays)
    }))
    .unwrap_or(Err(FileProblem::Hdf5Panic))
}

/// Refuses a file that is shorter than it says, or whose addresses start beyond its end. (A base address that merely
/// differs from where the superblock lies is no fault: a user block was put in front.) Source: HDF5 File Format
/// Specification 3.0, "Format Signature and Superblock".
fn check_superblock(file: &Hdf5File, length: u64) -> Result<(), FileProblem> {
    let superblock = file.superblock();
    if superblock.eof_address > length {
        return Err(FileProblem::Hdf5Cut { claimed: superblock.eof_address, length });
    }
    let (at, size) = match superblock.version {
        0 => (24, superblock.offset_size),
        1 => (28, superblock.offset_size),
        _ => (12, superblock.offset_size),
    };
    let bytes = file.storage().read_range(at, usize::from(size)).map_err(problem)?;
    let base = bytes.as_ref().iter().rev().fold(0_u64, |base, &byte| base << 8 | u64::from(byte));
    if base >= length { Err(FileProblem::Hdf5Base { base, length }) } else { Ok(()) }
}

/// The most that a file of this length can honestly hold: deflate packs at most 1032 to 1.
fn most_bytes(length: u64) -> u64 {
    length.saturating_mul(MOST_PER_PACKED_BYTE).saturating_add(FREE_BYTES)
}

/// The crate's error: a part that it does not read, an error of the system, or damage.
fn problem(error: Error) -> FileProblem {
    let mut innermost = error;
    // The dataset's name, which the crate adds, is told by the caller.
    while let Error::Context { source, .. } = innermost {
        innermost = *source;
    }
    match innermost {
        Error::Io(io) if io.kind() != std::io::ErrorKind::UnexpectedEof => FileProblem::Io(io),
        Error::UnsupportedFilter(_)
        | Error::UnsupportedEncoding(_)
        | Error::UnsupportedLayoutClass(_)
        | Error::UnsupportedLayoutVersion(_)
        | Error::UnsupportedDatatypeClass(_)
        | Error::UnsupportedLinkType(_) => FileProblem::Hdf5Unsupported { source: Box::new(innermost) },
        _ => FileProblem::Hdf5 { source: Box::new(innermost) },
    }
}

/// Whether another dataset may be read in spite of this problem: the file is sound, only this part is not read.
fn is_unsupported(problem: &FileProblem) -> bool {
    match problem {
        FileProblem::Hdf5Unsupported { .. } | FileProblem::Hdf5Type { .. } => true,
        FileProblem::InArray { problem, .. } => is_unsupported(problem),
        _ => false,
    }
}

/// A walk through all groups.
struct Walk<'f> {
    file: &'f Hdf5File,
    /// The file's length.
    length: u64,
    /// What all datasets so far have claimed.
    claimed: u64,
    /// Groups and datasets so far.
    objects: usize,
    /// Addresses of the groups that were entered: links may make a circle.
    groups: HashSet<u64>,
    arrays: Vec<(String, Array)>,
    /// Names and reasons.
    left_out: Vec<(String, FileProblem)>,
}

impl Walk<'_> {
    fn count_object(&mut self) -> Result<(), FileProblem> {
        self.objects += 1;
        if self.objects > MOST_OBJECTS {
            return Err(FileProblem::Hdf5Tree { what: "objects", limit: MOST_OBJECTS });
        }
        Ok(())
    }

    fn group(&mut self, group: &Group, prefix: &str, level: usize) -> Result<(), FileProblem> {
        if level > MOST_LEVELS {
            return Err(FileProblem::Hdf5Tree { what: "levels of groups", limit: MOST_LEVELS });
        }
        if !self.groups.insert(group.address()) {
            return Ok(());
        }
        let (groups, datasets) = match group.member_names().map_err(problem) {
            Ok(names) => names,
            Err(reason) if is_unsupported(&reason) => self.sorted_names(group)?,
            Err(reason) => return Err(reason),
        };
        for name in datasets {
            self.count_object()?;
            let full = format!("{prefix}{name}");
            let result = group.dataset(&name).map_err(problem).and_then(|dataset| self.dataset(&dataset));
            match result.map_err(|problem| problem.in_array(&full)) {
                Ok(Some(array)) => self.arrays.push((full, array)),
                Ok(None) => {}
                Err(problem) if is_unsupported(&problem) => self.left_out.push((full, problem)),
                Err(problem) => return Err(problem),
            }
        }
        for name in groups {
            self.count_object()?;
            let child = group.group(&name).map_err(problem)?;
            self.group(&child, &format!("{prefix}{name}/"), level + 1)?;
        }
        Ok(())
    }

    /// The names of groups and of everything else in a group that holds an object which cannot be opened.
    fn sorted_names(&self, group: &Group) -> Result<(Vec<String>, Vec<String>), FileProblem> {
        let names = names(self.file, group.address()).map_err(problem)?;
        Ok(names.into_iter().partition(|name| group.group(name).is_ok()))
    }

    /// Reads one dataset; `None` for one without a value (a null dataspace).
    fn dataset(&mut self, dataset: &Dataset) -> Result<Option<Array>, FileProblem> {
        let shape = dataset.shape().to_vec();
        if shape.len() > MOST_AXES {
            return Err(FileProblem::Axes { axes: shape.len(), least: 0, most: MOST_AXES });
        }
        if shape.is_empty() && dataset.num_elements().map_err(problem)? == 0 {
            return Ok(None);
        }
        let kind = Kind::of(dataset)?;
        let stored = match kind {
            Kind::Numbers(element, _) => element.size(),
            Kind::Strings(size) => size,
        };
        let (count, bytes) = count_and_bytes(&shape, stored)?;
        // A dataset that is not chunked is not packed either.
        let most = if dataset.chunks().is_some() {
            most_bytes(self.length)
        } else {
            self.length.saturating_add(FREE_BYTES)
        };
        self.claimed = self.claimed.saturating_add(bytes);
        if bytes > most || self.claimed > most_bytes(self.length) {
            return Err(FileProblem::Hdf5TooLarge { shape, claimed: bytes, length: self.length });
        }
        if count == 0 {
            let values = match kind {
                Kind::Numbers(element, _) => return empty(shape, element).map(Some),
                Kind::Strings(_) => Values::Text(Vec::new()),
            };
            return Ok(Some(Array::new(in_memory(&shape), values)));
        }
        match kind {
            Kind::Strings(_) => {
                self.check_heap(dataset, &shape)?;
                let strings = dataset.read_strings().map_err(problem)?;
                if strings.len() != count {
                    return Err(FileProblem::DataShort {
                        shape,
                        expected: count as u64,
                        found: strings.len() as u64,
                    });
                }
                Ok(Some(Array::new(in_memory(&shape), Values::Text(strings))))
            }
            Kind::Numbers(element, big_endian) => {
                let raw = dataset.read_raw_bytes().map_err(problem)?;
                let layout = Layout { shape, element, big_endian, column_major: false };
                let mut rest = raw.as_slice();
                let array = layout.read_from(bytes, |block| {
                    let length = block.len().min(rest.len());
                    let (now, later) = rest.split_at(length);
                    block[..length].copy_from_slice(now);
                    rest = later;
                    Ok(length)
                })?;
                Ok(Some(array))
            }
        }
    }
}

impl Walk<'_> {
    /// Strings of variable length lie in a heap, and many references may name one place there: their lengths are
    /// added up before any is read. A reference begins with its length, 4 bytes, little-endian.
    fn check_heap(&mut self, dataset: &Dataset, shape: &[u64]) -> Result<(), FileProblem> {
        if matches!(dataset.dtype(), Datatype::String { size: StringSize::Fixed(_), .. }) {
            return Ok(());
        }
        let raw = dataset.read_raw_bytes().map_err(problem)?;
        let lengths = raw.chunks_exact(dataset.vlen_reference_size());
        let claimed: u64 = lengths.map(|r| u64::from(u32::from_le_bytes([r[0], r[1], r[2], r[3]]))).sum();
        self.claimed = self.claimed.saturating_add(claimed);
        if claimed > self.length.saturating_mul(4).saturating_add(FREE_BYTES) {
            return Err(FileProblem::Hdf5TooLarge { shape: shape.to_vec(), claimed, length: self.length });
        }
        Ok(())
    }
}

/// An array without values, of this type.
fn empty(shape: Vec<u64>, element: Element) -> Result<Array, FileProblem> {
    Layout { shape, element, big_endian: false, column_major: false }.read_from(0, |_| Ok(0))
}

/// The types that are read.
#[derive(Clone, Copy)]
enum Kind {
    /// Numbers and whether they are big-endian.
    Numbers(Element, bool),
    /// Strings, and how many bytes one takes in the dataset itself.
    Strings(usize),
}

impl Kind {
    fn of(dataset: &Dataset) -> Result<Kind, FileProblem> {
        let refuse = |kind| Err(FileProblem::Hdf5Type { kind });
        match dataset.dtype() {
            Datatype::FixedPoint { size, signed, byte_order } => {
                if !whole_bits(dataset, *size, &[])? {
                    return refuse("integer with unused bits");
                }
                number(*size, if *signed { Class::Signed } else { Class::Unsigned }, *byte_order)
            }
            Datatype::FloatingPoint { size, byte_order } => {
                // Where IEEE puts the exponent, how long it and the fraction are, and the exponent's bias.
                let ieee = match size {
                    2 => [10, 5, 0, 10, 15, 0, 0, 0],
                    4 => [23, 8, 0, 23, 127, 0, 0, 0],
                    8 => [52, 11, 0, 52, 0xff, 3, 0, 0],
                    _ => return refuse("long double"),
                };
                if !whole_bits(dataset, *size, &ieee)? {
                    return refuse("floating point that is not IEEE's");
                }
                number(*size, Class::Float, *byte_order)
            }
            Datatype::Enum { base, members } => {
                let boolean = members.len() == 2
                    && members.iter().all(|member| {
                        let zero = member.value.iter().all(|&byte| byte == 0);
                        let name = if zero { "FALSE" } else { "TRUE" };
                        member.name.eq_ignore_ascii_case(name)
                    });
                match &**base {
                    Datatype::FixedPoint { size: 1, .. } if boolean => {
                        Ok(Kind::Numbers(Element::Bool, false))
                    }
                    Datatype::FixedPoint { size, signed, byte_order } => {
                        number(*size, if *signed { Class::Signed } else { Class::Unsigned }, *byte_order)
                    }
                    _ => refuse("enumeration"),
                }
            }
            Datatype::String { .. } => Ok(Kind::Strings(dataset.raw_element_size().map_err(problem)?.max(1))),
            Datatype::VarLen { base, kind: VarLenKind::String, .. } if base.is_vlen_string_base() => {
                Ok(Kind::Strings(dataset.vlen_reference_size()))
            }
            Datatype::Compound { .. } => refuse("compound"),
            Datatype::Array { .. } => refuse("array in each element"),
            Datatype::VarLen { .. } => refuse("variable-length list"),
            Datatype::Opaque { .. } => refuse("opaque"),
            Datatype::Reference { .. } => refuse("reference"),
            Datatype::Bitfield { .. } => refuse("bit field"),
        }
    }
}

enum Class {
    Signed,
    Unsigned,
    Float,
}

/// The element of a number of this size.
fn number(size: u8, class: Class, order: ByteOrder) -> Result<Kind, FileProblem> {
    let element = match (class, size) {
        (Class::Signed, 1) => Element::I8,
        (Class::Signed, 2) => Element::I16,
        (Class::Signed, 4) => Element::I32,
        (Class::Signed, 8) => Element::I64,
        (Class::Unsigned, 1) => Element::U8,
        (Class::Unsigned, 2) => Element::U16,
        (Class::Unsigned, 4) => Element::U32,
        (Class::Unsigned, 8) => Element::U64,
        (Class::Float, 2) => Element::F16,
        (Class::Float, 4) => Element::F32,
        (Class::Float, 8) => Element::F64,
        _ => return Err(FileProblem::Hdf5Type { kind: "integer of an odd size" }),
    };
    Ok(Kind::Numbers(element, matches!(order, ByteOrder::BigEndian)))
}

/// Whether a number uses all its bits from bit 0 on, and (for floating point) in the given layout. Source: HDF5 File
/// Format Specification 3.0, "Datatype Message": 8 bytes of head, then bit offset and precision (u16 each), then for
/// floating point the exponent's place and length, the fraction's place and length, and the bias (u32).
fn whole_bits(dataset: &Dataset, size: u8, ieee: &[u8]) -> Result<bool, FileProblem> {
    let raw = dataset.raw_datatype().map_err(problem)?;
    let precision = u16::from(size) * 8;
    let whole = raw.get(8..12) == Some(&[0, 0, precision as u8, (precision >> 8) as u8][..]);
    Ok(whole && (ieee.is_empty() || raw.get(12..12 + ieee.len()) == Some(ieee)))
}
