//! Text tables: CSV, TSV and their relatives. The encoding, the separator, the header and the notation of numbers are
//! found by looking; whatever was assumed is told in a notice.
//!
//! Fields, quotes and line ends are the `csv` crate's. The text is gone through twice: once to decide what each
//! column is, once for the values, so that no second copy of the text is kept.

mod cell;
mod columns;
mod encoding;
mod separator;

use std::collections::HashSet;

use self::columns::{Survey, all_different};
use self::encoding::line_at;
use self::separator::{Separator, collapse_spaces};
use super::notice::{Notice, push_some};
use super::problem::{Excerpt, FileProblem};
use crate::data::table::Table;

/// The most columns that are read; a wider table belongs in an array.
const MOST_COLUMNS: usize = 1 << 18;

/// Reads a table; `tabs` for a file that is known to be separated by tabs.
pub(super) fn read(bytes: Vec<u8>, tabs: bool, notices: &mut Vec<Notice>) -> Result<Table, FileProblem> {
    let (mut text, notice) = encoding::decode(bytes)?;
    notices.extend(notice);
    if !text.contains('\n') && text.contains('\r') {
        text = text.replace('\r', "\n");
    }
    let preamble = Preamble::of(&text);
    let body = &text[preamble.length..];
    if body.trim().is_empty() {
        return Err(FileProblem::NoRows { header: false });
    }
    let separator = match preamble.separator {
        Some(separator) => separator,
        None if tabs => Separator::Tab,
        None => separator::find(body),
    };
    let collapsed = (separator == Separator::Space).then(|| collapse_spaces(body));
    let rows = Rows { text: collapsed.as_deref().unwrap_or(body), separator, lines_before: preamble.lines };
    rows.check()?;
    table(&rows, preamble.comment, notices)
}

/// Lines before the table: Excel's `sep=;`, comments that begin with `#`, blank lines.
struct Preamble<'t> {
    separator: Option<Separator>,
    /// The last comment, without its mark: NumPy's `savetxt` writes the names there.
    comment: Option<&'t str>,
    length: usize,
    lines: u64,
}

impl<'t> Preamble<'t> {
    fn of(text: &'t str) -> Preamble<'t> {
        let mut preamble = Preamble { separator: None, comment: None, length: 0, lines: 0 };
        for line in text.split_inclusive('\n') {
            if preamble.lines == 0 {
                preamble.separator = Separator::from_excel_line(line);
            }
            let comment = line.trim_start().strip_prefix('#');
            let is_separator = preamble.lines == 0 && preamble.separator.is_some();
            if comment.is_none() && !is_separator && !line.trim().is_empty() {
                break;
            }
            preamble.comment = comment.map(str::trim).or(preamble.comment);
            preamble.length += line.len();
            preamble.lines += 1;
        }
        preamble
    }
}

/// The text of the table, row by row.
struct Rows<'t> {
    text: &'t str,
    separator: Separator,
    lines_before: u64,
}

impl Rows<'_> {
    /// Calls `each` with the line number and the trimmed fields of every row that is not blank, until it returns
    /// false.
    fn for_each(
        &self,
        mut each: impl FnMut(u64, &csv::StringRecord) -> Result<bool, FileProblem>,
    ) -> Result<(), FileProblem> {
        let mut reader = self.separator.reader(self.text);
        let mut record = csv::StringRecord::new();
        loop {
            // The reader goes past blank lines before a row; they are counted here to name the row's own line.
            let position = reader.position().clone();
            match reader.read_record(&mut record) {
                Ok(true) => {}
                Ok(false) => return Ok(()),
                Err(error) => {
                    let line = self.lines_before + position.line();
                    return Err(FileProblem::Csv { line, reason: Excerpt::reason(&error) });
                }
            }
            let rest = &self.text.as_bytes()[(position.byte() as usize).min(self.text.len())..];
            let blank = rest.iter().take_while(|byte| matches!(byte, b'\n' | b'\r'));
            let blank_lines = blank.filter(|&&byte| byte == b'\n').count() as u64;
            if record.len() == 1 && record[0].trim().is_empty() {
                continue;
            }
            if !each(self.lines_before + position.line() + blank_lines, &record)? {
                return Ok(());
            }
        }
    }

    /// Refuses a quote without an end and lines of absurd width, before rows are taken apart.
    fn check(&self) -> Result<(), FileProblem> {
        let separator = self.separator.byte();
        let widest = self
            .text
            .as_bytes()
            .split(|&byte| byte == b'\n')
            .map(|line| line.iter().filter(|&&byte| byte == separator).count() + 1)
            .max()
            .unwrap_or(0);
        // Separators inside quotes count here, so that only what cannot be meant is refused.
        if widest > 16 * MOST_COLUMNS {
            return Err(FileProblem::TooManyColumns { columns: widest, limit: MOST_COLUMNS });
        }
        match unclosed_quote(self.text.as_bytes(), separator) {
            Some(at) => {
                let line = self.lines_before + line_at(self.text.as_bytes(), at);
                Err(FileProblem::UnclosedQuote { line })
            }
            None => Ok(()),
        }
    }
}

/// Where a quote opens that never closes. A quote opens only at the beginning of a field; a doubled one inside is a
/// character.
fn unclosed_quote(text: &[u8], separator: u8) -> Option<usize> {
    let mut field_starts = true;
    let mut at = 0;
    while at < text.len() {
        if field_starts && text[at] == b'"' {
            let opened = at;
            at += 1;
            loop {
                match text[at..].iter().position(|&byte| byte == b'"') {
                    None => return Some(opened),
                    Some(length) if text.get(at + length + 1) == Some(&b'"') => at += length + 2,
                    Some(length) => {
                        at += length + 1;
                        break;
                    }
                }
            }
            field_starts = false;
        } else {
            field_starts = text[at] == separator || text[at] == b'\n' || text[at] == b'\r';
            at += 1;
        }
    }
    None
}

/// Takes the rows apart.
fn table(rows: &Rows, comment: Option<&str>, notices: &mut Vec<Notice>) -> Result<Table, FileProblem> {
    let mut first: Option<Vec<String>> = None;
    rows.for_each(|_, record| {
        first = Some(record.iter().map(|field| field.trim().to_owned()).collect());
        Ok(false)
    })?;
    let Some(first) = first else { return Err(FileProblem::NoRows { header: false }) };
    let width = first.len();
    if width > MOST_COLUMNS {
        return Err(FileProblem::TooManyColumns { columns: width, limit: MOST_COLUMNS });
    }
    let header = is_header(rows, &first)?;
    let names = if header {
        first
    } else {
        let from_comment = comment.and_then(|comment| names_in_comment(comment, rows.separator, width));
        from_comment.unwrap_or_else(|| (0..width).map(|number| number.to_string()).collect())
    };

    let mut survey = Survey::new(width);
    let mut skip = header;
    rows.for_each(|line, record| {
        if std::mem::take(&mut skip) {
            return Ok(true);
        }
        if record.len() != width {
            let separator = rows.separator.name();
            return Err(FileProblem::Ragged { line, found: record.len(), expected: width, separator });
        }
        survey.add(line, record.iter().map(str::trim));
        Ok(true)
    })?;
    let count = survey.rows();
    if count == 0 {
        return Err(FileProblem::NoRows { header });
    }
    notices_on_names(&names, notices);
    let mut filling = survey.finish(names, rows.separator, notices);
    let mut skip = header;
    rows.for_each(|_, record| {
        if !std::mem::take(&mut skip) {
            filling.add(record.iter().map(str::trim));
        }
        Ok(true)
    })?;
    let columns = filling.finish();
    push_some(notices, all_different(&columns));
    if count == 1 {
        notices.push(Notice::OneRow);
    }
    if width >= 10_000 && width > 100 * count {
        notices.push(Notice::Wide { columns: width, rows: count });
    }
    Ok(Table::new(columns))
}

/// Whether the first row holds names. A row with a number in it does not, except for pandas' default names 0, 1, 2 ...;
/// one without does, unless everything is text and the row's own fields come back below it.
fn is_header(rows: &Rows, first: &[String]) -> Result<bool, FileProblem> {
    /// How many rows are looked at for fields that come back.
    const LOOKED_AT: usize = 200;
    if first.len() >= 4 && first.iter().enumerate().all(|(number, field)| *field == number.to_string()) {
        return Ok(true);
    }
    if first.iter().any(|field| cell::is_number(field)) {
        return Ok(false);
    }
    let (mut count, mut numbers, mut returns) = (0, false, false);
    rows.for_each(|_, record| {
        if count > 0 {
            let fields = || record.iter().map(str::trim);
            numbers |= fields().any(cell::is_number);
            returns |= fields().zip(first).any(|(field, name)| !field.is_empty() && field == name);
        }
        count += 1;
        Ok(!numbers && count <= LOOKED_AT)
    })?;
    Ok(numbers || !returns)
}

/// The names in a comment above the table, if there are as many as columns.
fn names_in_comment(comment: &str, separator: Separator, width: usize) -> Option<Vec<String>> {
    let mut record = csv::StringRecord::new();
    let collapsed = collapse_spaces(comment);
    let text = if separator == Separator::Space { &collapsed } else { comment };
    let read = separator.reader(text).read_record(&mut record).ok()?;
    let names = || record.iter().map(str::trim);
    let fit = read && width >= 2 && record.len() == width && !names().any(cell::is_number);
    fit.then(|| names().map(str::to_owned).collect())
}

/// Notices about names that repeat or are all empty.
fn notices_on_names(names: &[String], notices: &mut Vec<Notice>) {
    if names.iter().all(|name| name.is_empty()) {
        notices.push(Notice::NoNames);
        return;
    }
    let mut seen = HashSet::new();
    let mut repeated = names.iter().filter(|name| !name.is_empty() && !seen.insert(name.as_str()));
    if let Some(name) = repeated.next() {
        let name = Excerpt::new(name);
        notices.push(Notice::RepeatedNames { name, columns: 1 + repeated.count() });
    }
}

#[cfg(test)]
mod tests;
