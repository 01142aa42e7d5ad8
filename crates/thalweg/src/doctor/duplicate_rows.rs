//! Rows in two parts: what is to be predicted was seen in training.

use std::collections::HashSet;

use super::finding::{Finding, Kind, Severity, Verdict, percent};
use super::patient::Patient;
use crate::data::Dataset;
use crate::train::Part;

/// So large a share of a part's rows may occur in the training part too.
const SHARE: f64 = 0.05;

/// And so many rows, whatever share they are: two measurements may well agree.
const FEWEST: usize = 3;

/// From this share on it is a problem.
const GRAVE: f64 = 0.2;

/// So many times as many combinations of values as rows must be possible; with fewer, rows are equal by chance.
const ROOM: f64 = 10.0;

/// Compares the inputs of validation and test rows with those of the training rows, to the bit. The targets are not looked at: with
/// equal inputs the network says the same.
///
/// Where the columns have so few different values that rows must be equal, nothing is said.
pub(super) fn find(patient: &Patient<'_>) -> Verdict {
    let train = patient.train();
    let others: Vec<(Part, &Dataset)> =
        patient.prepared.parts().filter(|(part, _)| *part != Part::Train).collect();
    if others.is_empty() {
        return Verdict::NotJudged("there is one part only");
    }
    let known: HashSet<u64> = (0..train.rows()).map(|row| fingerprint(train, row)).collect();
    let repeated =
        |data: &Dataset| (0..data.rows()).filter(|&row| known.contains(&fingerprint(data, row))).count();
    let finding = |(part, data): (Part, &Dataset)| {
        let count = repeated(data);
        let share = count as f64 / data.rows() as f64;
        if count < FEWEST || share < SHARE || !has_room(train) {
            return None;
        }
        let message = format!(
            "{count} of {} {} rows ({}) have inputs that occur in the training part too: they measure memory",
            data.rows(),
            part.name(),
            percent(share)
        );
        let severity = if share >= GRAVE { Severity::Problem } else { Severity::Hint };
        let cure = format!(
            "leave repeated rows out of the file, or give the part rows of its own: --set data.{}=FILE",
            part.name()
        );
        Some(
            Finding::new(Kind::DuplicateRows, severity, message, cure)
                .with("rows", count as f64)
                .with("part_rows", data.rows() as f64)
                .with("share", share),
        )
    };
    Verdict::Judged(others.into_iter().filter_map(finding).collect())
}

/// FNV-1a over the bits of a row's inputs.
fn fingerprint(data: &Dataset, row: usize) -> u64 {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let mut hash = OFFSET;
    for column in 0..data.columns() {
        let value = data.feature(row, column) + 0.0; // -0 is 0
        hash = (hash ^ value.to_bits()).wrapping_mul(PRIME);
        hash ^= hash >> 29;
    }
    hash
}

/// Whether the columns' values can be combined in many more ways than there are rows.
fn has_room(data: &Dataset) -> bool {
    let wanted = ROOM * data.rows() as f64;
    let mut ways = 1.0;
    for column in 0..data.columns() {
        let values: HashSet<u64> =
            (0..data.rows()).map(|row| (data.feature(row, column) + 0.0).to_bits()).collect();
        ways *= values.len() as f64;
        if ways >= wanted {
            return true;
        }
    }
    false
}
