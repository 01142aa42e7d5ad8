//! Cutting the rows of one source into training, validation and test parts.

use crate::random::{self, Purpose, Stream};

use super::problem::DataProblem;
use super::settings::Split;

/// The rows of each part, ascending. Every row is in exactly one part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SplitRows {
    /// Rows to train on.
    pub train: Vec<u32>,
    /// Rows that choose the best epoch.
    pub validation: Vec<u32>,
    /// Rows kept for the end.
    pub test: Vec<u32>,
}

/// Cuts `rows` rows by seed into parts of exact sizes: each share of the rows, rounded to the nearest whole number.
///
/// With `classes` (the class of each row, and how many classes there are) and `split.stratify`, each part holds the
/// classes in proportion: a class gets the whole part of its quota, and what is left goes to the largest remainders,
/// while training keeps a row of each class where it can.
///
/// # Errors
/// [`DataProblem::TooFewRows`] when a part with a share, or the training part, would be empty.
pub fn split_rows(
    rows: usize,
    classes: Option<(&[u32], usize)>,
    split: &Split,
    seed: u64,
) -> Result<SplitRows, DataProblem> {
    let Split { validation, test, stratify } = *split;
    let is_share = |share: f64| (0.0..1.0).contains(&share);
    if !is_share(validation) || !is_share(test) || validation + test >= 1.0 {
        return Err(DataProblem::Shares { validation, test });
    }
    let validation_rows = part_size(rows, validation, "validation")?;
    let test_rows = part_size(rows, test, "test")?;
    if validation_rows + test_rows >= rows {
        return Err(DataProblem::TooFewRows { rows, part: "training", share: 1.0 - validation - test });
    }
    // Group rows by class, or put all into one group.
    let mut groups: Vec<Vec<u32>> = match classes {
        Some((ids, count)) if stratify => {
            let mut groups = vec![Vec::new(); count];
            for (row, &id) in (0_u32..).zip(ids) {
                groups[id as usize].push(row);
            }
            groups
        }
        _ => vec![(0..rows as u32).collect()],
    };
    let sizes: Vec<usize> = groups.iter().map(Vec::len).collect();
    let keep_one: Vec<usize> = sizes.iter().map(|size| size.saturating_sub(1)).collect();
    let test_quota = quotas(&sizes, &keep_one, &sizes, test_rows);
    let left = |room: &[usize]| {
        room.iter().zip(&test_quota).map(|(room, taken)| room.saturating_sub(*taken)).collect()
    };
    let (room, most): (Vec<usize>, Vec<usize>) = (left(&keep_one), left(&sizes));
    let validation_quota = quotas(&sizes, &room, &most, validation_rows);

    let mut parts = SplitRows::default();
    for (class, group) in groups.iter_mut().enumerate() {
        shuffle(seed, class as u32, group);
        let (test, rest) = group.split_at(test_quota[class]);
        let (validation, train) = rest.split_at(validation_quota[class]);
        parts.test.extend_from_slice(test);
        parts.validation.extend_from_slice(validation);
        parts.train.extend_from_slice(train);
    }
    parts.train.sort_unstable();
    parts.validation.sort_unstable();
    parts.test.sort_unstable();
    Ok(parts)
}

/// A share of the rows, rounded; an error when a share of more than nothing comes to no row.
fn part_size(rows: usize, share: f64, part: &'static str) -> Result<usize, DataProblem> {
    let size = (rows as f64 * share).round() as usize;
    if share > 0.0 && size == 0 { Err(DataProblem::TooFewRows { rows, part, share }) } else { Ok(size) }
}

/// Shares `wanted` rows out to groups of the given sizes, in proportion, by largest remainders; no group gives more than
/// `room`, unless there is no other way: then up to `most`.
fn quotas(sizes: &[usize], room: &[usize], most: &[usize], wanted: usize) -> Vec<usize> {
    let total: usize = sizes.iter().sum();
    let mut quota: Vec<usize> =
        sizes.iter().zip(room).map(|(&size, &room)| floor_share(size, wanted, total).min(room)).collect();
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    // Largest remainder first; of equals, the first class.
    order.sort_by_key(|&group| {
        let remainder = (sizes[group] as u128 * wanted as u128) % total.max(1) as u128;
        (std::cmp::Reverse(remainder), group)
    });
    let mut missing = wanted - quota.iter().sum::<usize>();
    for limit in [room, most] {
        let mut progress = true;
        while missing > 0 && progress {
            progress = false;
            for &group in &order {
                if missing > 0 && quota[group] < limit[group] {
                    quota[group] += 1;
                    missing -= 1;
                    progress = true;
                }
            }
        }
    }
    quota
}

/// ⌊size·wanted / total⌋ without overflow.
fn floor_share(size: usize, wanted: usize, total: usize) -> usize {
    ((size as u128 * wanted as u128) / total.max(1) as u128) as usize
}

/// Puts rows in the order that the seed gives them; each class has a stream of its own.
fn shuffle(seed: u64, class: u32, rows: &mut [u32]) {
    random::shuffle(Stream::new(seed, Purpose::Split, class, 0), rows);
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENTHS: Split = Split { validation: 0.1, test: 0.2, stratify: true };

    fn all(parts: &SplitRows) -> Vec<u32> {
        let mut all = [&parts.train[..], &parts.validation, &parts.test].concat();
        all.sort_unstable();
        all
    }

    #[test]
    fn sizes_are_exact_and_every_row_is_in_one_part() {
        for rows in [10, 11, 99, 1797] {
            let parts = split_rows(rows, None, &TENTHS, 7).unwrap();
            assert_eq!(parts.validation.len(), (rows as f64 * 0.1).round() as usize);
            assert_eq!(parts.test.len(), (rows as f64 * 0.2).round() as usize);
            assert_eq!(all(&parts), (0..rows as u32).collect::<Vec<_>>());
        }
    }

    #[test]
    fn classes_stay_in_proportion() {
        // 60, 30 and 10 rows: a fifth is 12, 6 and 2; a tenth 6, 3 and 1.
        let ids: Vec<u32> = (0..100).map(|row| if row < 60 { 0 } else { u32::from(row >= 90) + 1 }).collect();
        let parts = split_rows(100, Some((&ids, 3)), &TENTHS, 0).unwrap();
        let count = |rows: &[u32]| [0, 1, 2].map(|c| rows.iter().filter(|&&r| ids[r as usize] == c).count());
        assert_eq!(count(&parts.test), [12, 6, 2]);
        assert_eq!(count(&parts.validation), [6, 3, 1]);
        assert_eq!(count(&parts.train), [42, 21, 7]);
    }

    #[test]
    fn remainders_decide_the_last_rows() {
        // 7 and 3 rows, 2 wanted: quotas 1.4 and 0.6 -> 1 and 0, then the larger remainder, 0.6.
        assert_eq!(quotas(&[7, 3], &[6, 2], &[7, 3], 2), [1, 1]);
        // A class with one row keeps it for training while others can give.
        assert_eq!(quotas(&[1, 9], &[0, 8], &[1, 9], 5), [0, 5]);
        // No other way: all classes have one row.
        assert_eq!(quotas(&[1, 1, 1, 1], &[0; 4], &[1; 4], 2), [1, 1, 0, 0]);
    }

    #[test]
    fn the_seed_decides() {
        let parts = |seed| split_rows(50, None, &TENTHS, seed).unwrap();
        assert_eq!(parts(1), parts(1));
        assert_ne!(parts(1), parts(2));
    }

    #[test]
    fn too_few_rows_are_refused() {
        let refuse = |rows| split_rows(rows, None, &TENTHS, 0).unwrap_err().to_string();
        insta::assert_snapshot!(refuse(1), @"1 row cannot be split: the validation part, 0.1 of the rows, would be empty; give more rows, or a split without it");
        let half = Split { validation: 0.0, test: 0.6, stratify: false };
        assert!(split_rows(1, None, &half, 0).is_err());
        assert!(split_rows(9, None, &Split { validation: 0.5, test: 0.5, stratify: false }, 0).is_err());
    }
}
