//! The type of each column, decided from all its fields, and then its values.

use std::collections::HashSet;

use super::cell;
use super::separator::Separator;
use crate::data::formats::Notice;
use crate::data::formats::notice::push_some;
use crate::data::formats::problem::{ColumnPlace, Excerpt};
use crate::data::table::{Column, ColumnValues};

/// How a column's fields become values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Notation {
    Number,
    DecimalComma,
    Thousands,
    Boolean,
    Text,
}

/// A field that stands for several: the first of its kind, and how many there are.
#[derive(Default)]
struct First {
    line: u64,
    value: Option<Excerpt>,
    count: usize,
}

impl First {
    fn add(&mut self, line: u64, field: &str) {
        if self.count == 0 {
            (self.line, self.value) = (line, Some(Excerpt::new(field)));
        }
        self.count += 1;
    }
}

/// What the fields of one column have been so far.
#[derive(Default)]
struct Fields {
    present: usize,
    numbers: usize,
    /// Of those, the ones with a point in them.
    pointed: usize,
    decimal_commas: usize,
    thousands: usize,
    booleans: usize,
    not_numbers: First,
    infinite: First,
}

impl Fields {
    fn add(&mut self, line: u64, field: &str) {
        if cell::is_missing(field) {
            return;
        }
        self.present += 1;
        if let Some(number) = cell::number(field) {
            self.numbers += 1;
            self.pointed += usize::from(field.contains('.'));
            if number.is_infinite() {
                self.infinite.add(line, field);
            }
            return;
        }
        self.not_numbers.add(line, field);
        self.decimal_commas += usize::from(cell::decimal_comma(field).is_some());
        self.thousands += usize::from(cell::thousands(field).is_some());
        self.booleans += usize::from(cell::boolean(field).is_some());
    }

    /// The notation that fits every field. `1,234` may be either of two: in a file separated by commas it can only
    /// have been quoted for its thousands, else it is a decimal comma.
    fn notation(&self, separator: Separator) -> Notation {
        let all = |count: usize| self.numbers + count == self.present;
        let thousands = all(self.thousands);
        let decimal = all(self.decimal_commas) && self.pointed == 0;
        if self.numbers == self.present {
            Notation::Number
        } else if decimal && !(thousands && separator == Separator::Comma) {
            Notation::DecimalComma
        } else if thousands {
            Notation::Thousands
        } else if self.booleans == self.present {
            Notation::Boolean
        } else {
            Notation::Text
        }
    }
}

/// The first pass over a table: what each column is.
pub(super) struct Survey {
    fields: Vec<Fields>,
    rows: usize,
}

impl Survey {
    pub(super) fn new(columns: usize) -> Survey {
        Survey { fields: (0..columns).map(|_| Fields::default()).collect(), rows: 0 }
    }

    /// Adds a row; it has as many fields as there are columns.
    pub(super) fn add<'f>(&mut self, line: u64, row: impl Iterator<Item = &'f str>) {
        self.rows += 1;
        for (fields, field) in self.fields.iter_mut().zip(row) {
            fields.add(line, field);
        }
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Ends the first pass: columns without values yet, and notices about what was found.
    pub(super) fn finish(
        self,
        names: Vec<String>,
        separator: Separator,
        notices: &mut Vec<Notice>,
    ) -> Filling {
        let (mut text_in_numbers, mut infinite, mut thousands) = (Vec::new(), Vec::new(), Vec::new());
        let mut decimal_commas: Option<(ColumnPlace, usize)> = None;
        let mut all_missing: Option<(ColumnPlace, usize)> = None;
        let mut columns = Vec::with_capacity(names.len());
        for (index, (name, fields)) in names.into_iter().zip(self.fields).enumerate() {
            let place = || ColumnPlace { number: index + 1, name: name.clone() };
            let notation = fields.notation(separator);
            match notation {
                _ if fields.present == 0 => all_missing.get_or_insert_with(|| (place(), 0)).1 += 1,
                Notation::DecimalComma => decimal_commas.get_or_insert_with(|| (place(), 0)).1 += 1,
                Notation::Thousands => thousands.push(Notice::Thousands { column: place() }),
                // A column with a few numbers among texts is text; one with a few texts among numbers has a fault.
                Notation::Text if fields.numbers * 2 >= fields.present => {
                    let First { line, value, count: texts } = fields.not_numbers;
                    if let Some(value) = value {
                        let numbers = fields.numbers;
                        text_in_numbers.push(Notice::TextInNumbers {
                            column: place(),
                            line,
                            value,
                            numbers,
                            texts,
                        });
                    }
                }
                _ => {}
            }
            if let (true, First { line, value: Some(value), count }) =
                (notation != Notation::Text, fields.infinite)
            {
                infinite.push(Notice::Infinite { column: place(), line, value, count });
            }
            let values = match notation {
                Notation::Text => ColumnValues::Text(Vec::with_capacity(self.rows)),
                _ => ColumnValues::Numbers(Vec::with_capacity(self.rows)),
            };
            columns.push((notation, Column { name, values }));
        }
        push_some(notices, text_in_numbers);
        push_some(notices, infinite);
        push_some(notices, thousands);
        notices.extend(decimal_commas.map(|(column, columns)| Notice::DecimalComma { column, columns }));
        notices.extend(all_missing.map(|(column, columns)| Notice::AllMissing { column, columns }));
        Filling { columns }
    }
}

/// The second pass: the values.
pub(super) struct Filling {
    columns: Vec<(Notation, Column)>,
}

impl Filling {
    /// Adds a row; the first pass has seen the same one.
    pub(super) fn add<'f>(&mut self, row: impl Iterator<Item = &'f str>) {
        for ((notation, column), field) in self.columns.iter_mut().zip(row) {
            let missing = cell::is_missing(field);
            match &mut column.values {
                ColumnValues::Text(values) => values.push((!missing).then(|| field.to_owned())),
                ColumnValues::Numbers(values) => {
                    let value = match notation {
                        _ if missing => None,
                        Notation::DecimalComma => cell::number(field).or_else(|| cell::decimal_comma(field)),
                        Notation::Thousands => cell::number(field).or_else(|| cell::thousands(field)),
                        Notation::Boolean => cell::boolean(field).map(|value| f64::from(u8::from(value))),
                        Notation::Number | Notation::Text => cell::number(field),
                    };
                    values.push(value.unwrap_or(f64::NAN));
                }
            }
        }
    }

    /// The columns.
    pub(super) fn finish(self) -> Vec<Column> {
        self.columns.into_iter().map(|(_, column)| column).collect()
    }
}

/// A notice for each text column in which no value repeats, though there are enough rows to expect it.
pub(super) fn all_different(columns: &[Column]) -> Vec<Notice> {
    const ENOUGH_ROWS: usize = 20;
    let mut notices = Vec::new();
    for (index, column) in columns.iter().enumerate() {
        let ColumnValues::Text(values) = &column.values else { continue };
        let mut seen = HashSet::new();
        if values.len() >= ENOUGH_ROWS && values.iter().all(|value| seen.insert(value)) {
            let place = ColumnPlace { number: index + 1, name: column.name.clone() };
            notices.push(Notice::AllDifferent { column: place, rows: values.len() });
        }
    }
    notices
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(separator: Separator, fields: &[&str]) -> (ColumnValues, Vec<Notice>) {
        let mut survey = Survey::new(1);
        for (index, field) in fields.iter().enumerate() {
            survey.add(index as u64 + 2, [*field].into_iter());
        }
        let mut notices = Vec::new();
        let mut filling = survey.finish(vec!["x".into()], separator, &mut notices);
        for field in fields {
            filling.add([*field].into_iter());
        }
        (filling.finish().remove(0).values, notices)
    }

    #[test]
    fn thousands_or_decimal_commas_by_the_separator() {
        let fields = ["1,234", "56,789"];
        assert_eq!(read(Separator::Comma, &fields).0, ColumnValues::Numbers(vec![1234.0, 56789.0]));
        assert_eq!(read(Separator::Semicolon, &fields).0, ColumnValues::Numbers(vec![1.234, 56.789]));
        assert_eq!(read(Separator::Comma, &["1,5", "2"]).0, ColumnValues::Numbers(vec![1.5, 2.0]));
    }

    #[test]
    fn points_and_commas_together_stay_text() {
        let (values, notices) = read(Separator::Semicolon, &["1,5", "2.5"]);
        assert!(matches!(values, ColumnValues::Text(_)));
        assert!(matches!(notices[..], [Notice::TextInNumbers { line: 2, texts: 1, .. }]));
    }

    #[test]
    fn booleans_are_0_and_1_and_yes_stays_text() {
        assert_eq!(read(Separator::Comma, &["true", "False"]).0, ColumnValues::Numbers(vec![1.0, 0.0]));
        let (values, notices) = read(Separator::Comma, &["yes", "NA"]);
        assert_eq!(values, ColumnValues::Text(vec![Some("yes".into()), None]));
        assert!(notices.is_empty());
    }

    #[test]
    fn infinite_numbers_are_noticed_once() {
        let (_, notices) = read(Separator::Comma, &["1", "inf", "1e999"]);
        assert!(matches!(notices[..], [Notice::Infinite { line: 3, count: 2, .. }]));
    }
}
