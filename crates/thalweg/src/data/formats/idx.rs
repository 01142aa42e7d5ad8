//! IDX, the format of MNIST: two zero bytes, a type, the number of axes, their sizes, then the values; big-endian.

use super::element::{Element, Layout, MOST_AXES, count_and_bytes};
use super::problem::FileProblem;
use super::stream::Stream;
use crate::data::array::Array;

/// The type codes of the format.
fn element(code: u8) -> Option<Element> {
    Some(match code {
        0x08 => Element::U8,
        0x09 => Element::I8,
        0x0b => Element::I16,
        0x0c => Element::I32,
        0x0d => Element::F32,
        0x0e => Element::F64,
        _ => return None,
    })
}

/// Whether a byte is a type code of the format.
pub(super) fn is_type(code: u8) -> bool {
    element(code).is_some()
}

/// Reads the one array of an IDX file. Its length must be what the header says, to the byte.
pub(super) fn read(stream: &mut Stream) -> Result<Array, FileProblem> {
    let mut magic = [0; 4];
    let got = stream.read_some(&mut magic)?;
    if got < magic.len() && magic[..got.min(2)].iter().all(|&byte| byte == 0) {
        return Err(FileProblem::HeaderCut { length: stream.position() });
    }
    if magic[0] != 0 || magic[1] != 0 {
        if magic[2..] == [0, 0] && element(magic[1]).is_some() {
            return Err(FileProblem::IdxLittleEndian);
        }
        let expected = "two zero bytes, a type and the number of axes";
        return Err(FileProblem::Magic { format: "IDX", expected, found: magic.to_vec() });
    }
    let element = element(magic[2]).ok_or(FileProblem::IdxType { code: magic[2] })?;
    let axes = usize::from(magic[3]);
    if axes == 0 || axes > MOST_AXES {
        return Err(FileProblem::Axes { axes, least: 1, most: MOST_AXES });
    }
    let mut sizes = vec![0; 4 * axes];
    if stream.read_some(&mut sizes)? < sizes.len() {
        return Err(FileProblem::HeaderCut { length: stream.position() });
    }
    let shape: Vec<u64> = sizes
        .chunks_exact(4)
        .map(|four| u64::from(u32::from_be_bytes([four[0], four[1], four[2], four[3]])))
        .collect();
    let (count, expected) = count_and_bytes(&shape, element.size())?;
    if count == 0 {
        return Err(FileProblem::NoValues { shape });
    }
    let layout = Layout { shape, element, big_endian: true, column_major: false };
    let array = layout.read(stream)?;
    if !stream.at_end()? {
        return Err(FileProblem::DataLong { shape: layout.shape, expected });
    }
    Ok(array)
}
