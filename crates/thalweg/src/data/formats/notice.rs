//! What a reader wants a person to know about a file that it has read.

use std::fmt;

use super::problem::{ColumnPlace, Excerpt};

/// Something odd in a file that was read all the same. `Display` is one sentence.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Notice {
    /// A text that is not UTF-8.
    Encoding {
        /// The encoding it was read as.
        name: &'static str,
        /// The first line with a byte that is not UTF-8; 0 where the encoding shows from the start.
        line: u64,
    },
    /// Numbers written with a decimal comma.
    DecimalComma {
        /// The first such column.
        column: ColumnPlace,
        /// How many columns there are.
        columns: usize,
    },
    /// Numbers written with commas between thousands.
    Thousands {
        /// The column.
        column: ColumnPlace,
    },
    /// Some text in a column of numbers: the whole column was read as text.
    TextInNumbers {
        /// The column.
        column: ColumnPlace,
        /// The first line with such a cell.
        line: u64,
        /// What stands there.
        value: Excerpt,
        /// How many cells are numbers.
        numbers: usize,
        /// How many cells are not.
        texts: usize,
    },
    /// Infinite numbers, or numbers too large for 64 bits.
    Infinite {
        /// The column.
        column: ColumnPlace,
        /// The first line with one.
        line: u64,
        /// What stands there.
        value: Excerpt,
        /// How many there are.
        count: usize,
    },
    /// Several columns of one name.
    RepeatedNames {
        /// The first name that repeats.
        name: Excerpt,
        /// How many columns have the name of an earlier one.
        columns: usize,
    },
    /// A header without a single name.
    NoNames,
    /// Columns without any value.
    AllMissing {
        /// The first such column.
        column: ColumnPlace,
        /// How many columns there are.
        columns: usize,
    },
    /// A table of one row.
    OneRow,
    /// A table that is far wider than long.
    Wide {
        /// Columns.
        columns: usize,
        /// Rows.
        rows: usize,
    },
    /// A text column in which no value repeats.
    AllDifferent {
        /// The column.
        column: ColumnPlace,
        /// Rows.
        rows: usize,
    },
    /// An array of a file of several that was left out.
    LeftOut {
        /// Its name.
        name: Excerpt,
        /// Why.
        reason: String,
    },
    /// More notices of the same kind than are listed.
    More {
        /// How many.
        count: usize,
    },
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Notice::Encoding { name, line: 0 } => {
                write!(f, "the text is in {name}, not UTF-8: it was read as {name}")
            }
            Notice::Encoding { name, line } => {
                write!(
                    f,
                    "line {line} is not UTF-8: the file was read as {name}; if letters look wrong, save it as UTF-8"
                )
            }
            Notice::DecimalComma { column, columns } => {
                write!(f, "{column}{}: numbers with a decimal comma", and_more(*columns))
            }
            Notice::Thousands { column } => {
                write!(f, "{column}: commas between thousands were taken out of the numbers")
            }
            Notice::TextInNumbers { column, line, value, numbers, texts } => write!(
                f,
                "line {line}, {column}: {value} is not a number, as {numbers} others of the column are; it was read as \
                 text because of {texts} such {}",
                if *texts == 1 { "cell" } else { "cells" }
            ),
            Notice::Infinite { column, line, value, count } => {
                write!(
                    f,
                    "line {line}, {column}: {value} is infinite or too large for a number; {count} such in the column"
                )
            }
            Notice::RepeatedNames { name, columns: 1 } => {
                write!(f, "two columns are named {name}: rename one of them")
            }
            Notice::RepeatedNames { name, columns } => {
                write!(f, "{columns} columns have the name of an earlier one, such as {name}: rename them")
            }
            Notice::NoNames => {
                write!(f, "all names in the header are empty: columns can only be told apart by number")
            }
            Notice::AllMissing { column, columns } => {
                write!(f, "{column}{}: every value is missing", and_more(*columns))
            }
            Notice::OneRow => write!(f, "the table has one row: it cannot be split into parts"),
            Notice::Wide { columns, rows } => {
                let rows_word = if *rows == 1 { "row" } else { "rows" };
                write!(
                    f,
                    "the table has {columns} columns and {rows} {rows_word}: is it the right way round?"
                )
            }
            Notice::AllDifferent { column, rows } => {
                write!(f, "{column}: all {rows} texts differ, as names do; as classes they cannot be learned")
            }
            Notice::LeftOut { name, reason } => write!(f, "array {name} was left out: {reason}"),
            Notice::More { count } => write!(f, "{count} more notices of this kind"),
        }
    }
}

/// " and 3 others" after the first of several columns.
fn and_more(columns: usize) -> String {
    match columns {
        0 | 1 => String::new(),
        2 => " and one other".into(),
        _ => format!(" and {} others", columns - 1),
    }
}

/// Adds notices of one kind, but no more than 20 of them: the rest is counted in one.
pub(super) fn push_some(notices: &mut Vec<Notice>, of_one_kind: Vec<Notice>) {
    const SHOWN: usize = 20;
    let count = of_one_kind.len();
    notices.extend(of_one_kind.into_iter().take(SHOWN));
    if count > SHOWN {
        notices.push(Notice::More { count: count - SHOWN });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_cell_is_named_by_line_and_column() {
        let notice = Notice::TextInNumbers {
            column: ColumnPlace { number: 1, name: "a".into() },
            line: 52,
            value: Excerpt::new("abc"),
            numbers: 59,
            texts: 1,
        };
        assert_eq!(
            notice.to_string(),
            "line 52, column 1 ('a'): 'abc' is not a number, as 59 others of the column are; it was read as text \
             because of 1 such cell"
        );
    }

    #[test]
    fn a_flood_is_counted() {
        let mut notices = Vec::new();
        push_some(&mut notices, vec![Notice::OneRow; 50]);
        assert_eq!(notices.len(), 21);
        assert_eq!(notices[20], Notice::More { count: 30 });
    }
}
