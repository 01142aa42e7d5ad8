//! Leaking columns: one column alone gives the target away.

use super::finding::{Finding, Kind, Severity, Verdict, percent, rounded};
use super::inputs;
use super::patient::Patient;
use super::sample;
use crate::data::{Dataset, DatasetTargets};

/// A column whose correlation with a numeric target is beyond this leaves a five-hundredth of its variance unexplained.
const CORRELATION: f64 = 0.999;

/// A column from which this share of the rows outside the most frequent class can be told.
const TOLD: f64 = 0.99;

/// Fewer rows say nothing: chance orders them too.
const FEWEST_ROWS: usize = 50;

/// Fewer rows outside of the most frequent class say nothing either.
const FEWEST_OTHERS: usize = 20;

/// So many rows are looked at.
const MOST_ROWS: usize = 5000;

/// Looks for a column of a table that says the target almost alone, as an identifier, a rounded copy or something that is
/// known only afterwards does.
///
/// A numeric target: the correlation of column and target. Classes: how many rows are told right when the column's values are cut
/// into one interval for each class, in the order of the classes' means; an interval, not a list of values, since a number that
/// differs in every row would "determine" any class. Only what is gained over always saying the most frequent class counts.
///
/// Three things are no leak, and silent: the only column there is (a curve); more than half of the columns doing it (the
/// task is easy); pixels of images.
pub(super) fn find(patient: &Patient<'_>) -> Verdict {
    let data = patient.train();
    let columns = patient.inputs.columns.len();
    if columns == 0 {
        return Verdict::NotJudged("the inputs are images");
    }
    if columns < 2 {
        return Verdict::HEALTHY;
    }
    if data.rows() < FEWEST_ROWS {
        return Verdict::NotJudged("there are too few training rows");
    }
    let rows = sample::spread(data.rows(), MOST_ROWS);
    let told = |column: usize| match data.targets() {
        DatasetTargets::Classes { ids, count } => by_intervals(data, column, &rows, ids, *count),
        DatasetTargets::Values { values, outputs } => by_correlation(data, column, &rows, values, *outputs),
        DatasetTargets::None => None,
    };
    let leaking: Vec<(usize, f64)> = (0..columns)
        .filter(|&column| !patient.inputs.columns[column].is_constant())
        .filter_map(|column| Some((column, told(column)?)))
        .collect();
    if 2 * leaking.len() > columns {
        return Verdict::HEALTHY;
    }
    let are_classes = matches!(data.targets(), DatasetTargets::Classes { .. });
    let finding = |&(column, figure): &(usize, f64)| {
        let name = inputs::name(data, column);
        let how = match are_classes {
            true => format!("tells the class of {} of the rows that need telling", percent(figure)),
            false => format!("has the correlation {} with the target", rounded(figure)),
        };
        let message = format!("the column {name} alone {how}: is it known when the network is to predict?");
        let cure = inputs::leave_out(patient.prepared, &[column]);
        Finding::new(Kind::LeakingColumns, Severity::Problem, message, cure)
            .of_column(name)
            .with(if are_classes { "told" } else { "correlation" }, figure)
            .with("rows", rows.len() as f64)
    };
    Verdict::Judged(leaking.iter().map(finding).collect())
}

/// The correlation with one of the outputs, if it is beyond the limit.
fn by_correlation(
    data: &Dataset,
    column: usize,
    rows: &[u32],
    values: &[f64],
    outputs: usize,
) -> Option<f64> {
    let x: Vec<f64> = rows.iter().map(|&row| data.feature(row as usize, column)).collect();
    (0..outputs)
        .map(|j| correlation(&x, rows.iter().map(|&row| values[row as usize * outputs + j])))
        .find(|correlation| correlation.abs() > CORRELATION)
}

/// Pearson's correlation; 0 where one of the two is constant.
fn correlation(x: &[f64], t: impl Iterator<Item = f64> + Clone) -> f64 {
    let count = x.len() as f64;
    let mean_x = x.iter().sum::<f64>() / count;
    let mean_t = t.clone().sum::<f64>() / count;
    let (mut xx, mut tt, mut xt) = (0.0, 0.0, 0.0);
    for (x, t) in x.iter().zip(t) {
        let (dx, dt) = (x - mean_x, t - mean_t);
        xx += dx * dx;
        tt += dt * dt;
        xt += dx * dt;
    }
    if xx > 0.0 && tt > 0.0 { xt / (xx * tt).sqrt() } else { 0.0 }
}

/// The share of the rows outside the most frequent class that one interval for each class tells right, if it is beyond the limit.
fn by_intervals(data: &Dataset, column: usize, rows: &[u32], ids: &[u32], classes: usize) -> Option<f64> {
    let mut rows: Vec<(f64, usize)> =
        rows.iter().map(|&row| (data.feature(row as usize, column), ids[row as usize] as usize)).collect();
    let mut sums = vec![(0.0, 0_usize); classes];
    for (value, class) in &rows {
        sums[*class].0 += value;
        sums[*class].1 += 1;
    }
    let most = sums.iter().map(|(_, count)| *count).max()?;
    let others = rows.len() - most;
    if others < FEWEST_OTHERS {
        return None;
    }
    let mut order: Vec<usize> = (0..classes).filter(|&class| sums[class].1 > 0).collect();
    let mean = |class: usize| sums[class].0 / sums[class].1 as f64;
    order.sort_by(|&a, &b| mean(a).total_cmp(&mean(b)));
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let errors = rows.len() - most_told(&rows, &order);
    let told = 1.0 - errors as f64 / others as f64;
    (told >= TOLD).then_some(told)
}

/// The most rows, in ascending order of their values, that intervals in the classes' order can tell right. Equal values cannot be
/// cut apart.
fn most_told(rows: &[(f64, usize)], order: &[usize]) -> usize {
    // best[k]: rows told so far with the current interval that of class order[k] or an earlier one.
    let mut best = vec![0_usize; order.len()];
    for equal in rows.chunk_by(|a, b| a.0 == b.0) {
        let mut before = 0;
        for (best, &class) in best.iter_mut().zip(order) {
            let told = equal.iter().filter(|(_, own)| *own == class).count();
            // The interval that these rows fall into began here or went on.
            before = before.max(*best);
            *best = before + told;
        }
    }
    best.into_iter().max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_cut_where_they_tell_most() {
        // Classes 1, 0, 2 along the values, with one row of class 0 among class 2.
        let rows: Vec<(f64, usize)> =
            [1, 1, 0, 0, 2, 0, 2].into_iter().enumerate().map(|(i, class)| (i as f64, class)).collect();
        assert_eq!(most_told(&rows, &[1, 0, 2]), 6);
        // Equal values stay together: two of three are right.
        assert_eq!(most_told(&[(1.0, 0), (1.0, 1), (1.0, 1)], &[0, 1]), 2);
    }

    #[test]
    fn a_correlation_by_hand() {
        let x = [1.0, 2.0, 3.0];
        assert_eq!(correlation(&x, [2.0, 4.0, 6.0].into_iter()), 1.0);
        assert_eq!(correlation(&x, [5.0; 3].into_iter()), 0.0);
        // cov = 1, var x = 2, var t = 2: ½
        assert_eq!(correlation(&x, [1.0, 3.0, 2.0].into_iter()), 0.5);
    }
}
