//! One value of an array as bytes: its type, its size, and how many of them become [`Values`].

use super::problem::FileProblem;
use super::stream::Stream;
use crate::data::array::{Array, Values};

/// The most axes an array may have; NumPy's own limit.
pub(super) const MOST_AXES: usize = 64;

/// How many bytes are read and converted at a time.
const BLOCK: usize = 1 << 20;

/// The type of one value in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    U8,
    I8,
    I16,
    I32,
    I64,
    U16,
    U32,
    U64,
    F16,
    F32,
    F64,
    Bool,
    /// Bytes of text, padded with NUL to this length.
    Bytes(usize),
    /// UTF-32 text, padded with NUL to this many characters.
    Unicode(usize),
}

impl Element {
    /// Bytes of one value.
    pub(super) fn size(self) -> usize {
        match self {
            Element::U8 | Element::I8 | Element::Bool => 1,
            Element::I16 | Element::U16 | Element::F16 => 2,
            Element::I32 | Element::U32 | Element::F32 => 4,
            Element::I64 | Element::U64 | Element::F64 => 8,
            Element::Bytes(length) => length,
            Element::Unicode(length) => 4 * length,
        }
    }

    /// No values of this type, with room for some.
    fn values(self, capacity: usize) -> Values {
        match self {
            Element::U8 => Values::U8(Vec::with_capacity(capacity)),
            Element::I8 => Values::I8(Vec::with_capacity(capacity)),
            Element::I16 => Values::I16(Vec::with_capacity(capacity)),
            Element::I32 => Values::I32(Vec::with_capacity(capacity)),
            Element::I64 => Values::I64(Vec::with_capacity(capacity)),
            Element::U16 => Values::U16(Vec::with_capacity(capacity)),
            Element::U32 => Values::U32(Vec::with_capacity(capacity)),
            Element::U64 => Values::U64(Vec::with_capacity(capacity)),
            Element::F16 | Element::F32 => Values::F32(Vec::with_capacity(capacity)),
            Element::F64 => Values::F64(Vec::with_capacity(capacity)),
            Element::Bool => Values::Bool(Vec::with_capacity(capacity)),
            // A string is larger in memory than in the file: no room is promised for what was only claimed.
            Element::Bytes(_) | Element::Unicode(_) => Values::Text(Vec::new()),
        }
    }

    /// Converts whole values and appends them.
    fn append(self, values: &mut Values, bytes: &[u8], big_endian: bool) -> Result<(), FileProblem> {
        /// Appends numbers of N bytes, whose order is given.
        fn numbers<const N: usize, T>(
            to: &mut Vec<T>,
            bytes: &[u8],
            big_endian: bool,
            from_little_endian: impl Fn([u8; N]) -> T,
        ) {
            to.extend(bytes.chunks_exact(N).map(|chunk| {
                let mut value = [0; N];
                value.copy_from_slice(chunk);
                if big_endian {
                    value.reverse();
                }
                from_little_endian(value)
            }));
        }
        match values {
            Values::U8(to) => to.extend_from_slice(bytes),
            Values::I8(to) => to.extend(bytes.iter().map(|&byte| byte as i8)),
            Values::Bool(to) => to.extend(bytes.iter().map(|&byte| byte != 0)),
            Values::I16(to) => numbers(to, bytes, big_endian, i16::from_le_bytes),
            Values::I32(to) => numbers(to, bytes, big_endian, i32::from_le_bytes),
            Values::I64(to) => numbers(to, bytes, big_endian, i64::from_le_bytes),
            Values::U16(to) => numbers(to, bytes, big_endian, u16::from_le_bytes),
            Values::U32(to) => numbers(to, bytes, big_endian, u32::from_le_bytes),
            Values::U64(to) => numbers(to, bytes, big_endian, u64::from_le_bytes),
            Values::F32(to) if self == Element::F16 => {
                numbers(to, bytes, big_endian, |two| half_to_f32(u16::from_le_bytes(two)));
            }
            Values::F32(to) => numbers(to, bytes, big_endian, f32::from_le_bytes),
            Values::F64(to) => numbers(to, bytes, big_endian, f64::from_le_bytes),
            Values::Text(to) => {
                for chunk in bytes.chunks_exact(self.size()) {
                    to.push(self.text(chunk, to.len(), big_endian)?);
                }
            }
        }
        Ok(())
    }

    /// One padded string.
    fn text(self, chunk: &[u8], index: usize, big_endian: bool) -> Result<String, FileProblem> {
        if let Element::Unicode(_) = self {
            let mut text = String::new();
            for four in chunk.chunks_exact(4) {
                let mut code = [four[0], four[1], four[2], four[3]];
                if big_endian {
                    code.reverse();
                }
                let c = char::from_u32(u32::from_le_bytes(code)).ok_or(FileProblem::Character { index })?;
                text.push(c);
            }
            text.truncate(text.trim_end_matches('\0').len());
            return Ok(text);
        }
        let end = chunk.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        String::from_utf8(chunk[..end].to_vec()).map_err(|_| FileProblem::Character { index })
    }
}

/// An IEEE half-precision number as `f32`, exactly: (-1)ˢ · 2^(e-15) · 1.m, or 2⁻²⁴ · m for the smallest.
fn half_to_f32(half: u16) -> f32 {
    let sign = u32::from(half >> 15) << 31;
    let exponent = u32::from(half >> 10) & 0x1f;
    let fraction = u32::from(half) & 0x3ff;
    match exponent {
        0 => {
            let magnitude = fraction as f32 / 16_777_216.0;
            f32::from_bits(sign | magnitude.to_bits())
        }
        // Infinity, or NaN with its payload.
        0x1f => f32::from_bits(sign | 0x7f80_0000 | fraction << 13),
        _ => f32::from_bits(sign | (exponent + 127 - 15) << 23 | fraction << 13),
    }
}

/// How many values and bytes a shape means, refused if no computer can count them.
pub(super) fn count_and_bytes(shape: &[u64], size: usize) -> Result<(usize, u64), FileProblem> {
    let too_many = || FileProblem::TooManyValues { shape: shape.to_vec() };
    // The product without zeros too: strides and row lengths are made of it.
    let without_zeros =
        shape.iter().filter(|&&size| size > 0).try_fold(1_u64, |product, &s| product.checked_mul(s));
    let product = without_zeros.filter(|&product| product <= isize::MAX as u64 / 16).ok_or_else(too_many)?;
    let count = if shape.contains(&0) { 0 } else { product };
    let bytes = count.checked_mul(size as u64).filter(|&b| b <= isize::MAX as u64).ok_or_else(too_many)?;
    Ok((usize::try_from(count).map_err(|_| too_many())?, bytes))
}

/// The shape as sizes in memory; [`count_and_bytes`] has shown that they fit.
pub(super) fn in_memory(shape: &[u64]) -> Vec<usize> {
    shape.iter().map(|&size| size as usize).collect()
}

/// The rest of an array's description after its header was read.
pub(super) struct Layout {
    pub(super) shape: Vec<u64>,
    pub(super) element: Element,
    pub(super) big_endian: bool,
    pub(super) column_major: bool,
}

impl Layout {
    /// Reads the values from a stream. What the header claims is compared with what can follow before room is made
    /// for it.
    pub(super) fn read(&self, stream: &mut Stream) -> Result<Array, FileProblem> {
        let (_, expected) = count_and_bytes(&self.shape, self.element.size())?;
        let most = stream.most_left();
        if expected > most {
            return Err(FileProblem::DataShort { shape: self.shape.clone(), expected, found: most });
        }
        // Packed data may unpack to less: room grows with what really comes.
        let certain = if stream.is_gzip() { stream.file_length().saturating_mul(4) } else { expected };
        self.read_from(certain, |block| stream.read_some(block))
    }

    /// Reads the values block by block; `read` fills its buffer as far as the source goes, and `certain` bytes are
    /// known to come.
    pub(super) fn read_from(
        &self,
        certain: u64,
        mut read: impl FnMut(&mut [u8]) -> Result<usize, FileProblem>,
    ) -> Result<Array, FileProblem> {
        let size = self.element.size();
        let (count, expected) = count_and_bytes(&self.shape, size)?;
        let mut values = self.element.values((expected.min(certain) / size as u64) as usize);
        let mut block = vec![0; expected.min((BLOCK / size).max(1) as u64 * size as u64) as usize];
        let mut done = 0;
        while done < expected {
            let length = (expected - done).min(block.len() as u64) as usize;
            let got = read(&mut block[..length])?;
            if got < length {
                let found = done + got as u64;
                return Err(FileProblem::DataShort { shape: self.shape.clone(), expected, found });
            }
            self.element.append(&mut values, &block[..length], self.big_endian)?;
            done += length as u64;
        }
        debug_assert_eq!(values.len(), count);
        let shape = in_memory(&self.shape);
        Ok(if self.column_major {
            Array::from_column_major(shape, values)
        } else {
            Array::new(shape, values)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_precision_becomes_single_exactly() {
        // 1, -2, 65504 (largest), 2^-14 (smallest normal), 2^-24 (smallest), -0, infinity.
        let cases = [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0x0400, 1.0 / 16384.0),
            (0x0001, 1.0 / 16_777_216.0),
            (0x7c00, f32::INFINITY),
        ];
        for (half, expected) in cases {
            assert_eq!(half_to_f32(half), expected);
        }
        assert_eq!(half_to_f32(0x8000).to_bits(), 0x8000_0000);
        assert!(half_to_f32(0x7e01).is_nan());
    }

    #[test]
    fn shapes_are_multiplied_with_care() {
        assert_eq!(count_and_bytes(&[2, 3], 8).unwrap(), (6, 48));
        assert_eq!(count_and_bytes(&[], 8).unwrap(), (1, 8));
        assert_eq!(count_and_bytes(&[0, 4], 8).unwrap(), (0, 0));
        assert!(count_and_bytes(&[1 << 32, 1 << 32], 1).is_err());
        assert!(count_and_bytes(&[1 << 62], 8).is_err());
        assert!(count_and_bytes(&[0, 1 << 40, 1 << 40], 8).is_err());
    }

    #[test]
    fn big_endian_and_unicode_are_decoded() {
        let decode = |element: Element, bytes: &[u8], big_endian| {
            let mut values = element.values(0);
            element.append(&mut values, bytes, big_endian).map(|()| values)
        };
        assert_eq!(decode(Element::I16, &[1, 2, 255, 254], true).unwrap(), Values::I16(vec![258, -2]));
        let text = [b'd', 0, 0, 0, 0xf6, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(decode(Element::Unicode(3), &text, false).unwrap(), Values::Text(vec!["dö".into()]));
        assert!(decode(Element::Unicode(1), &[0, 0xd8, 0, 0], false).is_err());
        assert_eq!(
            decode(Element::Bytes(3), b"ab\0abc", false).unwrap(),
            Values::Text(vec!["ab".into(), "abc".into()])
        );
    }
}
