//! What a person should know about data that was read and prepared all the same.

use std::fmt;
use std::path::PathBuf;

use super::formats::Notice;

/// Something about the data that a person should know. `Display` is one sentence.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum DataNotice {
    /// Something odd in a file.
    File {
        /// The file.
        path: PathBuf,
        /// What is odd.
        notice: Notice,
    },
    /// Numbers were missing and took the training part's mean.
    MissingNumbers {
        /// The column.
        column: String,
        /// How many were missing.
        count: usize,
        /// What they became.
        mean: f64,
    },
    /// Categories were missing: these rows have 0 in all of the column's categories.
    MissingCategories {
        /// The column.
        column: String,
        /// How many were missing.
        count: usize,
    },
    /// Categories that the training part did not have: these rows have 0 in all of the column's categories.
    UnseenCategories {
        /// The column.
        column: String,
        /// How many rows.
        count: usize,
        /// One of the categories.
        example: String,
    },
    /// A column that is not used.
    LeftOut {
        /// The column.
        column: String,
        /// Why.
        reason: LeftOutReason,
    },
    /// Whole numbers in a table were taken for classes.
    NumbersAsClasses {
        /// The target.
        target: String,
        /// How many different ones there are.
        classes: usize,
    },
    /// The target was chosen by its name.
    TargetByName {
        /// The target.
        target: String,
    },
    /// Labels were found beside a file of images.
    LabelsBeside {
        /// The file of labels.
        path: PathBuf,
    },
}

/// Why a column is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LeftOutReason {
    /// The training part has no value in it.
    AllMissing,
    /// It numbers the rows and has no name.
    RowNumbers,
    /// Its text is different in every row.
    EveryRowDiffers,
    /// It has more categories than can become columns.
    TooManyCategories(usize),
}

impl fmt::Display for DataNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DataNotice::File { path, notice } => write!(f, "{}: {notice}", path.display()),
            DataNotice::MissingNumbers { column, count, mean } => {
                write!(f, "{count} missing in the column {column:?} took the training part's mean, {mean}")
            }
            DataNotice::MissingCategories { column, count } => {
                write!(f, "{count} missing in the column {column:?} count as none of its categories")
            }
            DataNotice::UnseenCategories { column, count, example } => {
                let were = if *count == 1 { "value" } else { "values" };
                write!(
                    f,
                    "{count} {were} in the column {column:?} (such as {example:?}) did not occur in training and count \
                     as none of its categories"
                )
            }
            DataNotice::LeftOut { column, reason } => {
                write!(f, "the column {column:?} is left out: ")?;
                match reason {
                    LeftOutReason::AllMissing => write!(f, "the training part has no value in it"),
                    LeftOutReason::RowNumbers => write!(f, "it has no name and numbers the rows"),
                    LeftOutReason::EveryRowDiffers => write!(f, "its text is different in every row"),
                    LeftOutReason::TooManyCategories(count) => {
                        write!(f, "{count} categories are too many to become columns")
                    }
                }
            }
            DataNotice::NumbersAsClasses { target, classes } => {
                write!(
                    f,
                    "the target {target:?} has {classes} different whole numbers and is taken for classes"
                )
            }
            DataNotice::TargetByName { target } => write!(f, "the column {target:?} is taken for the target"),
            DataNotice::LabelsBeside { path } => write!(f, "the labels are taken from {}", path.display()),
        }
    }
}
