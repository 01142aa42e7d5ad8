//! The header of an NPY file: a Python dictionary of three plain values, parsed without recursion.

use super::problem::{Excerpt, FileProblem};

/// What the dictionary says.
#[derive(Debug, PartialEq)]
pub(super) struct Header {
    /// The element type; a list (a structured type) is kept as its text, which begins with `[`.
    pub(super) descr: String,
    pub(super) fortran_order: bool,
    pub(super) shape: Vec<u64>,
}

/// Parses `{'descr': '<f8', 'fortran_order': False, 'shape': (5, 7), }` with any order of keys.
pub(super) fn parse(text: &[u8]) -> Result<Header, FileProblem> {
    let mut parser = Parser { text, at: 0 };
    let (mut descr, mut fortran_order, mut shape) = (None, None, None);
    parser.expect(b'{', "a dictionary '{'")?;
    while !parser.take(b'}') {
        let key = parser.string("a key in quotes")?;
        parser.expect(b':', "':' after the key")?;
        match key.as_str() {
            "descr" => descr = Some(parser.descr()?),
            "fortran_order" => fortran_order = Some(parser.boolean()?),
            "shape" => shape = Some(parser.shape()?),
            _ => return Err(parser.unexpected("only descr, fortran_order and shape")),
        }
        if !parser.take(b',') {
            parser.expect(b'}', "',' or '}'")?;
            break;
        }
    }
    parser.skip_space();
    if parser.at < text.len() {
        return Err(parser.unexpected("nothing after the dictionary"));
    }
    Ok(Header {
        descr: descr.ok_or(FileProblem::NpyKey { key: "descr" })?,
        fortran_order: fortran_order.ok_or(FileProblem::NpyKey { key: "fortran_order" })?,
        shape: shape.ok_or(FileProblem::NpyKey { key: "shape" })?,
    })
}

/// A position in the header's text.
struct Parser<'a> {
    text: &'a [u8],
    at: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace() || byte == 0) {
            self.at += 1;
        }
    }

    /// Goes past this byte if it comes next.
    fn take(&mut self, byte: u8) -> bool {
        self.skip_space();
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8, expected: &'static str) -> Result<(), FileProblem> {
        if self.take(byte) { Ok(()) } else { Err(self.unexpected(expected)) }
    }

    fn unexpected(&self, expected: &'static str) -> FileProblem {
        let rest = &self.text[self.at.min(self.text.len())..];
        let found = Excerpt::new(&String::from_utf8_lossy(&rest[..rest.len().min(24)]));
        FileProblem::NpyHeader { at: self.at, expected, found }
    }

    /// A string in single or double quotes, without escapes.
    fn string(&mut self, expected: &'static str) -> Result<String, FileProblem> {
        self.skip_space();
        let quote = self.peek().filter(|byte| matches!(byte, b'\'' | b'"'));
        let Some(quote) = quote else { return Err(self.unexpected(expected)) };
        let start = self.at + 1;
        let length = self.text[start..].iter().position(|&byte| byte == quote || byte == b'\\');
        let Some(length) = length.filter(|&length| self.text[start + length] == quote) else {
            return Err(self.unexpected("a string that ends, without escapes"));
        };
        self.at = start + length + 1;
        Ok(String::from_utf8_lossy(&self.text[start..start + length]).into_owned())
    }

    fn boolean(&mut self) -> Result<bool, FileProblem> {
        self.skip_space();
        for (word, value) in [(&b"True"[..], true), (b"False", false)] {
            if self.text[self.at..].starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(self.unexpected("True or False"))
    }

    /// A tuple of sizes; Python 2 wrote `5L` for a large one.
    fn shape(&mut self) -> Result<Vec<u64>, FileProblem> {
        const EXPECTED: &str = "a tuple of sizes such as (5, 7), none below 0";
        self.expect(b'(', EXPECTED)?;
        let mut shape = Vec::new();
        while !self.take(b')') {
            self.skip_space();
            let digits = self.text[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            let number = std::str::from_utf8(&self.text[self.at..self.at + digits]).ok();
            let Some(size) = number.and_then(|digits| digits.parse().ok()) else {
                return Err(self.unexpected(EXPECTED));
            };
            shape.push(size);
            self.at += digits;
            if self.peek() == Some(b'L') {
                self.at += 1;
            }
            if !self.take(b',') {
                self.expect(b')', EXPECTED)?;
                break;
            }
        }
        Ok(shape)
    }

    /// A type in quotes, or a list of columns, which is only gone past: brackets are counted, not followed.
    fn descr(&mut self) -> Result<String, FileProblem> {
        self.skip_space();
        if self.peek() != Some(b'[') {
            return self.string("a type in quotes");
        }
        let start = self.at;
        let mut open = 0_usize;
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'[' | b'(' => open += 1,
                b']' | b')' => open -= 1,
                _ => {}
            }
            if open == 0 {
                return Ok(String::from_utf8_lossy(&self.text[start..self.at]).into_owned());
            }
        }
        Err(self.unexpected("']' at the end of the list of columns"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_as_numpy_writes_them() {
        let header = parse(b"{'descr': '<f8', 'fortran_order': False, 'shape': (5, 7), }   \n").unwrap();
        assert_eq!(header, Header { descr: "<f8".into(), fortran_order: false, shape: vec![5, 7] });
        let scalar = parse(b"{\"shape\": (), \"descr\": \"|b1\", \"fortran_order\": True}").unwrap();
        assert_eq!(scalar, Header { descr: "|b1".into(), fortran_order: true, shape: vec![] });
        assert_eq!(parse(b"{'descr':'<i4','fortran_order':False,'shape':(3L,)}").unwrap().shape, [3]);
        let structured =
            parse(b"{'descr': [('a', '<i4'), ('b', '<f8')], 'fortran_order': False, 'shape': (2,)}");
        assert!(structured.unwrap().descr.starts_with('['));
    }

    #[test]
    fn what_is_not_plain_is_refused_by_position() {
        let code = b"{'descr': __import__('os').system('true'), 'fortran_order': False, 'shape': (1,)}";
        let message = parse(code).unwrap_err().to_string();
        assert!(message.contains("at byte 10") && message.contains("__import__"), "{message}");
        for refused in
            [&b"[1, 2]"[..], b"", b"{", b"{'descr'", b"{'shape': (-1, 4)}", b"{'shape': (2.5,)}", b"{}x"]
        {
            assert!(parse(refused).is_err());
        }
        assert!(parse(&[b'('; 30_000]).is_err());
        let mut deep = b"{'descr': ".to_vec();
        deep.extend([b'['; 100_000]);
        assert!(parse(&deep).is_err());
    }
}
