//! What stands between the fields of a text table, found by counting.

use super::cell;

/// What stands between fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Separator {
    Comma,
    Semicolon,
    Tab,
    Pipe,
    /// One or more spaces or tabs.
    Space,
}

impl Separator {
    pub(super) const fn byte(self) -> u8 {
        match self {
            Separator::Comma => b',',
            Separator::Semicolon => b';',
            Separator::Tab => b'\t',
            Separator::Pipe => b'|',
            Separator::Space => b' ',
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Separator::Comma => "comma",
            Separator::Semicolon => "semicolon",
            Separator::Tab => "tab",
            Separator::Pipe => "|",
            Separator::Space => "space",
        }
    }

    /// The separator that a line such as `sep=;`, which Excel writes and obeys, asks for.
    pub(super) fn from_excel_line(line: &str) -> Option<Separator> {
        let byte = line.trim_end_matches(['\r', '\n']).strip_prefix("sep=")?;
        [Separator::Comma, Separator::Semicolon, Separator::Tab, Separator::Pipe]
            .into_iter()
            .find(|separator| byte.as_bytes() == [separator.byte()])
    }

    /// A CSV reader for a text with this separator; rows may differ in length, which the caller checks.
    pub(super) fn reader(self, text: &str) -> csv::Reader<&[u8]> {
        csv::ReaderBuilder::new()
            .delimiter(self.byte())
            .has_headers(false)
            .flexible(true)
            .from_reader(text.as_bytes())
    }
}

/// How much of a text is looked at.
const SAMPLE_BYTES: usize = 1 << 18;
const SAMPLE_ROWS: usize = 200;

/// The separator that cuts most rows into as many fields as the first (at least two). Between equals the one that
/// occurs less in ordinary text wins: a comma may be a decimal comma, a space is everywhere. Without any, the table has
/// one column, and the comma serves.
pub(super) fn find(text: &str) -> Separator {
    let sample = sample(text);
    let mut best = (0.0, Separator::Comma);
    for separator in [Separator::Tab, Separator::Semicolon, Separator::Pipe, Separator::Comma] {
        let share = agreement(sample, separator);
        if share > best.0 {
            best = (share, separator);
        }
    }
    if best.0 < 1.0 {
        let collapsed = collapse_spaces(sample);
        if agreement(&collapsed, Separator::Space) >= 1.0 && mostly_numbers(&collapsed) {
            return Separator::Space;
        }
    }
    best.1
}

/// The first rows, up to the end of a line.
fn sample(text: &str) -> &str {
    if text.len() <= SAMPLE_BYTES {
        return text;
    }
    let mut end = SAMPLE_BYTES;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..text[..end].rfind('\n').map_or(end, |newline| newline + 1)]
}

/// Which share of the rows has as many fields as the first; 0 where the first has only one.
fn agreement(sample: &str, separator: Separator) -> f64 {
    let mut reader = separator.reader(sample);
    let mut record = csv::ByteRecord::new();
    let (mut first, mut rows, mut agree) = (0, 0, 0);
    while rows < SAMPLE_ROWS && matches!(reader.read_byte_record(&mut record), Ok(true)) {
        if record.len() == 1 && record[0].trim_ascii().is_empty() {
            continue;
        }
        if rows == 0 {
            first = record.len();
        }
        rows += 1;
        agree += usize::from(record.len() == first);
    }
    if first < 2 { 0.0 } else { agree as f64 / rows as f64 }
}

/// Whether at least half of the fields after the first row (of all, if there is one row) are numbers.
fn mostly_numbers(collapsed: &str) -> bool {
    let rows = || collapsed.lines().take(SAMPLE_ROWS);
    let (mut fields, mut numbers) = (0, 0);
    for line in rows().skip(usize::from(rows().count() > 1)) {
        for field in line.split(' ') {
            fields += 1;
            numbers += usize::from(cell::is_number(field) || cell::is_missing(field));
        }
    }
    numbers * 2 >= fields
}

/// Runs of spaces and tabs become one space, those at the ends of a line go; what stands in quotes stays.
pub(super) fn collapse_spaces(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let (mut quoted, mut space) = (false, false);
    for c in text.chars() {
        match c {
            ' ' | '\t' | '\r' if !quoted => {
                space = true;
                continue;
            }
            '"' => quoted = !quoted,
            _ => {}
        }
        if space && c != '\n' && !result.is_empty() && !result.ends_with('\n') {
            result.push(' ');
        }
        space = false;
        result.push(c);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_separator_is_found() {
        assert_eq!(find("a,b\n1,2\n"), Separator::Comma);
        assert_eq!(find("a;b\n1;2\n"), Separator::Semicolon);
        assert_eq!(find("a\tb\n1\t2\n"), Separator::Tab);
        assert_eq!(find("a|b\n1|2\n"), Separator::Pipe);
        assert_eq!(find("1.0  2.0\n3.0 \t4.0\n"), Separator::Space);
    }

    #[test]
    fn decimal_commas_and_spaces_in_names_do_not_mislead() {
        assert_eq!(find("x;y\n1,5;2,5\n3,5;4,5\n"), Separator::Semicolon);
        assert_eq!(find("1,5;2,5\n3,5;4,5\n"), Separator::Semicolon);
        assert_eq!(find("first name, last name\nAda, Lovelace\n"), Separator::Comma);
        assert_eq!(find("name\nAda Lovelace\nAlan Turing\n"), Separator::Comma);
        assert_eq!(find("\"a;b\",c\n\"d;e\",f\n"), Separator::Comma);
    }

    #[test]
    fn spaces_collapse_outside_quotes() {
        assert_eq!(collapse_spaces("  1   2\t3  \n\"a  b\"  c\r\n"), "1 2 3\n\"a  b\" c\n");
    }
}
