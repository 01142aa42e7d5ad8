//! Cutting the rows of one source into training, validation and test parts.

use crate::random::{self, Purpose, Stream};

use super::problem::DataProblem;
use super::settings::{Fold, Split};

/// Which stream of [`Purpose::Split`] orders the rows that are cut into folds; 0 orders those of the parts.
const FOLDS: u64 = 1;

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
    let mut groups = groups(0..rows as u32, classes.filter(|_| stratify));
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
        shuffle(seed, class as u32, 0, group);
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

/// Cuts the rows outside the test part into folds by seed; fold `number` is the validation part, the others are trained on.
///
/// The test part is the one that [`split_rows`] gives, whatever the fold: the validation share does not count. Each class
/// (with `split.stratify`) is put in an order of its own, and the rows of all classes in turn are dealt out like cards, so
/// that the folds differ by one row at most, in each class and in all.
///
/// # Errors
/// [`DataProblem::NoSuchFold`], [`DataProblem::FewerRowsThanFolds`], and those of [`split_rows`].
///
/// # Example
/// ```
/// use thalweg::data::{Fold, Split, fold_rows};
/// let split = Split { test: 0.0, ..Split::default() };
/// let fold = |number| fold_rows(7, None, &split, Fold { number, of: 3 }, 0).unwrap();
/// assert_eq!([1, 2, 3].map(|number| fold(number).validation.len()), [3, 2, 2]);
/// ```
pub fn fold_rows(
    rows: usize,
    classes: Option<(&[u32], usize)>,
    split: &Split,
    fold: Fold,
    seed: u64,
) -> Result<SplitRows, DataProblem> {
    let Fold { number, of } = fold;
    if of < 2 || !(1..=of).contains(&number) {
        return Err(DataProblem::NoSuchFold { number, of });
    }
    let SplitRows { train: rest, test, .. } =
        split_rows(rows, classes, &Split { validation: 0.0, ..*split }, seed)?;
    if rest.len() < of {
        return Err(DataProblem::FewerRowsThanFolds { rows: rest.len(), folds: of });
    }
    let mut parts = SplitRows { test, ..SplitRows::default() };
    let mut turn = 0;
    for (class, group) in
        groups(rest.iter().copied(), classes.filter(|_| split.stratify)).iter_mut().enumerate()
    {
        shuffle(seed, class as u32, FOLDS, group);
        for &row in group.iter() {
            let part = if turn + 1 == number { &mut parts.validation } else { &mut parts.train };
            part.push(row);
            turn = (turn + 1) % of;
        }
    }
    parts.train.sort_unstable();
    parts.validation.sort_unstable();
    Ok(parts)
}

/// Rows by class, or all in one group.
fn groups(rows: impl Iterator<Item = u32>, classes: Option<(&[u32], usize)>) -> Vec<Vec<u32>> {
    let Some((ids, count)) = classes else { return vec![rows.collect()] };
    let mut groups = vec![Vec::new(); count];
    for row in rows {
        groups[ids[row as usize] as usize].push(row);
    }
    groups
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

/// Puts rows in the order that the seed gives them; each class has a stream of its own, for the parts (0) and for the folds.
fn shuffle(seed: u64, class: u32, cut: u64, rows: &mut [u32]) {
    random::shuffle(Stream::new(seed, Purpose::Split, class, cut), rows);
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
    fn folds_hold_each_row_out_once_and_keep_classes_in_proportion() {
        // 60, 30 and 10 rows, of which the test part takes 12, 6 and 2: 48, 24 and 8 are left for the folds.
        let ids: Vec<u32> = (0..100).map(|row| if row < 60 { 0 } else { u32::from(row >= 90) + 1 }).collect();
        let classes = Some((&ids[..], 3));
        let count = |rows: &[u32]| [0, 1, 2].map(|c| rows.iter().filter(|&&r| ids[r as usize] == c).count());
        let whole = split_rows(100, classes, &TENTHS, 5).unwrap();
        let mut held_out = Vec::new();
        for number in 1..=5 {
            let parts = fold_rows(100, classes, &TENTHS, Fold { number, of: 5 }, 5).unwrap();
            assert_eq!(parts.test, whole.test, "the test part is untouched");
            assert_eq!(all(&parts), (0..100).collect::<Vec<_>>());
            // A fifth is 9.6, 4.8 and 1.6 rows, and 16 of all 80.
            let [a, b, c] = count(&parts.validation);
            assert!((9..=10).contains(&a) && (4..=5).contains(&b) && (1..=2).contains(&c), "{a} {b} {c}");
            assert_eq!(parts.validation.len(), 16);
            held_out.extend(parts.validation);
        }
        held_out.sort_unstable();
        let mut outside: Vec<u32> = [&whole.train[..], &whole.validation].concat();
        outside.sort_unstable();
        assert_eq!(held_out, outside, "every row outside the test part is held out once");
    }

    #[test]
    fn folds_are_cut_by_the_seed_and_only_where_there_are_rows() {
        let split = Split { validation: 0.9, test: 0.0, stratify: false };
        let fold = |number, of, seed| fold_rows(9, None, &split, Fold { number, of }, seed);
        assert_eq!(fold(1, 3, 7).unwrap(), fold(1, 3, 7).unwrap());
        assert_ne!(fold(1, 3, 7).unwrap(), fold(1, 3, 8).unwrap());
        assert_eq!(fold(9, 9, 0).unwrap().validation.len(), 1, "leaving one out");
        for (number, of) in [(0, 3), (4, 3), (1, 1)] {
            assert!(matches!(fold(number, of, 0), Err(DataProblem::NoSuchFold { .. })));
        }
        insta::assert_snapshot!(fold(1, 10, 0).unwrap_err(), @"9 rows outside the test part cannot be cut into 10 folds; take fewer");
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
