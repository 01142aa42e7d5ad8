//! Bytes of a text file as a string: UTF-8, UTF-16 with or without its mark, else Windows-1252.

use crate::data::formats::Notice;
use crate::data::formats::problem::FileProblem;

/// How many bytes are looked at to tell text from other things.
const LOOKED_AT: usize = 1 << 16;

/// The text, and a notice where it was not UTF-8.
pub(super) fn decode(bytes: Vec<u8>) -> Result<(String, Option<Notice>), FileProblem> {
    if bytes.starts_with(&[0xff, 0xfe, 0, 0]) || bytes.starts_with(&[0, 0, 0xfe, 0xff]) {
        return Err(FileProblem::Encoding { name: "UTF-32" });
    }
    if bytes.starts_with(&[0xff, 0xfe]) {
        return utf16(&bytes[2..], u16::from_le_bytes);
    }
    if bytes.starts_with(&[0xfe, 0xff]) {
        return utf16(&bytes[2..], u16::from_be_bytes);
    }
    match nul_pattern(&bytes) {
        Some(Half::Second) => return utf16(&bytes, u16::from_le_bytes),
        Some(Half::First) => return utf16(&bytes, u16::from_be_bytes),
        None => {}
    }
    check_text(&bytes)?;
    let mut bytes = bytes;
    if bytes.starts_with(b"\xef\xbb\xbf") {
        bytes.drain(..3);
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok((text, None)),
        Err(error) => {
            let line = line_at(error.as_bytes(), error.utf8_error().valid_up_to());
            let text = error.as_bytes().iter().map(|&byte| windows_1252(byte)).collect();
            Ok((text, Some(Notice::Encoding { name: "Windows-1252", line })))
        }
    }
}

/// The line, counted from 1, of a byte.
pub(super) fn line_at(bytes: &[u8], at: usize) -> u64 {
    1 + bytes[..at].iter().filter(|&&byte| byte == b'\n').count() as u64
}

/// Refuses what is no text in any encoding.
fn check_text(bytes: &[u8]) -> Result<(), FileProblem> {
    let sample = &bytes[..bytes.len().min(LOOKED_AT)];
    // Tab, line ends, form feed, and the end-of-file mark of old systems are in texts.
    let is_control =
        |byte: u8| byte < 32 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c | 0x1a) || byte == 127;
    let controls = sample.iter().filter(|&&byte| is_control(byte)).count();
    if controls > 10 && controls > sample.len() / 50 {
        return Err(FileProblem::NotText { controls, looked_at: sample.len() });
    }
    match bytes.iter().position(|&byte| byte == 0) {
        Some(at) => Err(FileProblem::Nul { line: line_at(bytes, at) }),
        None => Ok(()),
    }
}

/// Which byte of each pair is NUL.
enum Half {
    First,
    Second,
}

/// Western text in UTF-16 has a NUL in one half of nearly every pair and none in the other.
fn nul_pattern(bytes: &[u8]) -> Option<Half> {
    let sample = &bytes[..bytes.len().min(LOOKED_AT) & !1];
    let nuls = |start: usize| sample.iter().skip(start).step_by(2).filter(|&&byte| byte == 0).count();
    let (first, second, pairs) = (nuls(0), nuls(1), sample.len() / 2);
    let most = |count: usize| pairs >= 4 && count * 10 >= pairs * 4;
    match (first, second) {
        (0, second) if most(second) => Some(Half::Second),
        (first, 0) if most(first) => Some(Half::First),
        _ => None,
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<(String, Option<Notice>), FileProblem> {
    if bytes.len() % 2 == 1 {
        return Err(FileProblem::Utf16 { character: bytes.len() / 2 });
    }
    let mut text = String::with_capacity(bytes.len() / 2);
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    for (character, c) in char::decode_utf16(units).enumerate() {
        text.push(c.map_err(|_| FileProblem::Utf16 { character })?);
    }
    check_text(text.as_bytes())?;
    Ok((text, Some(Notice::Encoding { name: "UTF-16", line: 0 })))
}

/// Windows-1252 is Latin-1 with letters and marks in place of the control characters 80 to 9F.
/// Source: WHATWG Encoding Standard, index windows-1252; the five unassigned bytes stay control characters.
fn windows_1252(byte: u8) -> char {
    const UPPER: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
        '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9f => UPPER[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_is_no_part_of_the_text() {
        assert_eq!(decode(b"\xef\xbb\xbfa,b".to_vec()).unwrap(), ("a,b".into(), None));
        assert_eq!(decode(vec![0xff, 0xfe, b'a', 0, 0x36, 0x72]).unwrap().0, "a\u{7236}");
        assert_eq!(decode(vec![0xfe, 0xff, 0, b'a']).unwrap().0, "a");
    }

    #[test]
    fn what_is_not_utf8_is_windows_1252_with_a_notice() {
        let (text, notice) = decode(b"name\nM\xfcller \x80".to_vec()).unwrap();
        assert_eq!(text, "name\nMüller €");
        assert_eq!(notice, Some(Notice::Encoding { name: "Windows-1252", line: 2 }));
    }

    #[test]
    fn nul_bytes_are_named_by_line_and_utf16_is_recognised() {
        assert!(matches!(decode(b"a,b\n1,\x002\n3,4\n".to_vec()), Err(FileProblem::Nul { line: 2 })));
        assert_eq!(decode(b"a\0,\0b\0\n\x001\0,\x002\0".to_vec()).unwrap().0, "a,b\n1,2");
        assert!(matches!(decode((0..=255).collect()), Err(FileProblem::NotText { .. })));
    }
}
