//! NPY, NumPy's format for one array: a magic, a version, a header that is a Python dictionary, then the values.
//!
//! The header is parsed here as plain values and nothing else; it is never run. Source: NumPy Enhancement Proposal 1
//! and `numpy/lib/format.py`'s description of versions 1.0, 2.0 and 3.0.

use super::detect::NPY_MAGIC;
use super::element::{Element, Layout, MOST_AXES};
use super::npy_header::{Header, parse};
use super::problem::{Excerpt, FileProblem};
use super::stream::Stream;
use crate::data::array::Array;

/// The longest header that is read. Real ones have some hundred bytes; only structured types reach thousands.
const LONGEST_HEADER: u64 = 1 << 20;

/// Reads an NPY file. What follows the values is an error, as for every format here.
pub(super) fn read(stream: &mut Stream) -> Result<Array, FileProblem> {
    let most = stream.most_left();
    let (layout, _) = read_header(most, |buffer| stream.read_some(buffer))?;
    let array = layout.read(stream)?;
    if !stream.at_end()? {
        let expected = array.len() as u64 * layout.element.size() as u64;
        return Err(FileProblem::DataLong { shape: layout.shape, expected });
    }
    Ok(array)
}

/// Reads the header of an array from a source that holds at most `most` bytes; also gives the header's own length.
pub(super) fn read_header(
    most: u64,
    mut read: impl FnMut(&mut [u8]) -> Result<usize, FileProblem>,
) -> Result<(Layout, u64), FileProblem> {
    let mut fixed = [0; 10];
    let got = read(&mut fixed)?;
    if !fixed[..got].starts_with(&NPY_MAGIC[..got.min(NPY_MAGIC.len())]) {
        let found = fixed[..got.min(NPY_MAGIC.len())].to_vec();
        return Err(FileProblem::Magic { format: "NPY", expected: "\\x93NUMPY", found });
    }
    if got < fixed.len() {
        return Err(FileProblem::HeaderCut { length: got as u64 });
    }
    let [major, minor] = [fixed[6], fixed[7]];
    let short = u64::from(u16::from_le_bytes([fixed[8], fixed[9]]));
    let (claimed, before) = match major {
        1 => (short, 10),
        2 | 3 => {
            let mut upper = [0; 2];
            if read(&mut upper)? < upper.len() {
                return Err(FileProblem::HeaderCut { length: most });
            }
            (short | u64::from(u16::from_le_bytes(upper)) << 16, 12)
        }
        _ => return Err(FileProblem::Version { major, minor, known: "1.0, 2.0 and 3.0" }),
    };
    let possible = most.saturating_sub(before).min(LONGEST_HEADER);
    if claimed > possible {
        return Err(FileProblem::NpyHeaderLength { claimed, most: possible });
    }
    let mut text = vec![0; claimed as usize];
    let got = read(&mut text)?;
    if got < text.len() {
        return Err(FileProblem::HeaderCut { length: before + got as u64 });
    }
    Ok((layout(parse(&text)?)?, before + claimed))
}

/// What the header means for the bytes that follow.
fn layout(header: Header) -> Result<Layout, FileProblem> {
    let Header { descr, fortran_order, shape } = header;
    if shape.len() > MOST_AXES {
        return Err(FileProblem::Axes { axes: shape.len(), least: 0, most: MOST_AXES });
    }
    let (element, big_endian) = element(&descr)?;
    Ok(Layout { shape, element, big_endian, column_major: fortran_order })
}

/// A type such as `<f8`: byte order, kind, size.
fn element(descr: &str) -> Result<(Element, bool), FileProblem> {
    let refuse = |kind| FileProblem::ElementType { found: Excerpt::new(descr), kind };
    let unknown = "there is no such type in NumPy";
    let mut rest = descr;
    let mut big_endian = cfg!(target_endian = "big");
    if let Some(order) = descr.chars().next().filter(|c| "<>|=".contains(*c)) {
        rest = &descr[1..];
        match order {
            '>' => big_endian = true,
            '<' => big_endian = false,
            _ => {}
        }
    }
    let Some(kind) = rest.chars().next() else { return Err(refuse(unknown)) };
    let size = rest[kind.len_utf8()..].parse::<usize>().ok();
    let element = match (kind, size) {
        ('b', Some(1)) => Element::Bool,
        ('i', Some(1)) => Element::I8,
        ('i', Some(2)) => Element::I16,
        ('i', Some(4)) => Element::I32,
        ('i', Some(8)) => Element::I64,
        ('u', Some(1)) => Element::U8,
        ('u', Some(2)) => Element::U16,
        ('u', Some(4)) => Element::U32,
        ('u', Some(8)) => Element::U64,
        ('f', Some(2)) => Element::F16,
        ('f', Some(4)) => Element::F32,
        ('f', Some(8)) => Element::F64,
        // A length without a bound would overflow; no name is longer than a mebibyte.
        ('S', Some(length @ 1..=0x10_0000)) => Element::Bytes(length),
        ('U', Some(length @ 1..=0x10_0000)) => Element::Unicode(length),
        ('f', Some(12 | 16)) => return Err(refuse("long doubles differ from machine to machine")),
        ('c', _) => return Err(refuse("complex numbers are not supported")),
        ('O', _) => return Err(refuse("they are Python objects, a pickle that is never loaded")),
        ('M' | 'm', _) => return Err(refuse("dates and times are not supported")),
        ('V' | '[', _) => {
            return Err(refuse("structured rows are not supported, save each column by itself"));
        }
        _ => return Err(refuse(unknown)),
    };
    Ok((element, big_endian))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_with_their_byte_order() {
        assert_eq!(element(">f4").unwrap(), (Element::F32, true));
        assert_eq!(element("|u1").unwrap().0, Element::U8);
        assert_eq!(element("<U3").unwrap(), (Element::Unicode(3), false));
        for refused in ["<c16", "|O", "<f16", "<q9", "", "<", "<f", "<U99999999999999999999", "é"] {
            assert!(element(refused).is_err(), "{refused}");
        }
    }
}
