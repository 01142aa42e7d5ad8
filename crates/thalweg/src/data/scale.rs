//! Scaling: inputs and numeric targets brought to sizes that train well, by numbers fitted on the training part.

use serde::{Deserialize, Serialize};

use super::features::Features;
use super::settings::Scaling;

/// How inputs are scaled, with the numbers that the training part gave.
///
/// ```text
/// none     x
/// divide   x / divisor
/// columns  (x - shift[column]) / width[column], and 0 where width[column] = 0
/// ```
///
/// All of it is computed in `f64` and rounded once to the network's scalar type (NUMERICS rule 13).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum FittedScale {
    /// As they are.
    None,
    /// Every value divided by one number.
    Divide {
        /// The number, not 0.
        divisor: f64,
    },
    /// Column by column.
    Columns {
        /// What is taken away: the mean (standard) or the smallest value (min-max).
        shift: Vec<f64>,
        /// What the rest is divided by: the standard deviation or the range; 0 marks a column that was constant.
        width: Vec<f64>,
    },
}

impl FittedScale {
    /// Fits `scaling` on some rows of `features`, which lie row-major with `columns` values per row.
    ///
    /// Means and variances are sums over the rows in their order, in `f64`; the variance divides by the number of rows.
    pub fn fit(scaling: Scaling, features: &Features, columns: usize, rows: &[u32]) -> FittedScale {
        match scaling {
            Scaling::None => FittedScale::None,
            Scaling::Divide255 => FittedScale::Divide { divisor: 255.0 },
            Scaling::Standard | Scaling::MinMax => {
                let (shift, width) = match features {
                    Features::U8(v) => fit_columns(scaling, rows, columns, |i| f64::from(v[i])),
                    Features::F32(v) => fit_columns(scaling, rows, columns, |i| f64::from(v[i])),
                    Features::F64(v) => fit_columns(scaling, rows, columns, |i| v[i]),
                    Features::Shared(_) | Features::Sparse(_) => {
                        fit_columns(scaling, rows, columns, |i| features.value(i))
                    }
                };
                FittedScale::Columns { shift, width }
            }
        }
    }

    /// One value of a column, scaled.
    #[inline]
    pub fn apply(&self, column: usize, value: f64) -> f64 {
        match self {
            FittedScale::None => value,
            FittedScale::Divide { divisor } => value / divisor,
            FittedScale::Columns { shift, width } => scaled(value, shift[column], width[column]),
        }
    }

    /// The value of a column in its own units that [`apply`](Self::apply) turns into `scaled`; the constant itself where
    /// the column was constant.
    pub fn undo(&self, column: usize, scaled: f64) -> f64 {
        match self {
            FittedScale::None => scaled,
            FittedScale::Divide { divisor } => scaled * divisor,
            FittedScale::Columns { shift, width } => scaled.mul_add(width[column], shift[column]),
        }
    }

    /// Leaves the columns for which `keep` says so as they are (those made of categories are 0 or 1 already).
    pub(crate) fn leave(&mut self, keep: impl Fn(usize) -> bool) {
        if let FittedScale::Columns { shift, width } = self {
            for column in (0..shift.len()).filter(|&column| keep(column)) {
                shift[column] = 0.0;
                width[column] = 1.0;
            }
        }
    }

    /// The same scale with numbers for each column.
    pub(crate) fn by_column(self, columns: usize) -> FittedScale {
        match self {
            FittedScale::Divide { divisor } => {
                FittedScale::Columns { shift: vec![0.0; columns], width: vec![divisor; columns] }
            }
            other => other,
        }
    }

    /// Whether the numbers can scale `columns` columns: as many as needed, finite, no division by 0.
    pub(crate) fn is_valid(&self, columns: usize) -> bool {
        match self {
            FittedScale::None => true,
            FittedScale::Divide { divisor } => divisor.is_finite() && *divisor != 0.0,
            FittedScale::Columns { shift, width } => {
                shift.len() == columns
                    && width.len() == columns
                    && shift.iter().chain(width).all(|number| number.is_finite())
            }
        }
    }
}

/// (value - shift) / width, and 0 for a column that was constant in training: the network learned nothing from it.
#[inline(always)]
pub(crate) fn scaled(value: f64, shift: f64, width: f64) -> f64 {
    if width == 0.0 { 0.0 } else { (value - shift) / width }
}

/// Shift and width of each column.
fn fit_columns(
    scaling: Scaling,
    rows: &[u32],
    columns: usize,
    value: impl Fn(usize) -> f64,
) -> (Vec<f64>, Vec<f64>) {
    let mut low = vec![f64::INFINITY; columns];
    let mut high = vec![f64::NEG_INFINITY; columns];
    let mut mean = vec![0.0; columns];
    for &row in rows {
        let start = row as usize * columns;
        for column in 0..columns {
            let x = value(start + column);
            low[column] = low[column].min(x);
            high[column] = high[column].max(x);
            mean[column] += x;
        }
    }
    if rows.is_empty() {
        return (vec![0.0; columns], vec![0.0; columns]);
    }
    if scaling == Scaling::MinMax {
        let width = low.iter().zip(&high).map(|(low, high)| high - low).collect();
        return (low, width);
    }
    let count = rows.len() as f64;
    for mean in &mut mean {
        *mean /= count;
    }
    let mut variance = vec![0.0; columns];
    for &row in rows {
        let start = row as usize * columns;
        for column in 0..columns {
            let distance: f64 = value(start + column) - mean[column];
            variance[column] = distance.mul_add(distance, variance[column]);
        }
    }
    // A constant column is known by its extremes: its rounded mean may lie beside it and leave a tiny variance.
    let width = (0..columns)
        .map(|column| if low[column] == high[column] { 0.0 } else { (variance[column] / count).sqrt() })
        .collect();
    (mean, width)
}

/// How numeric targets are scaled for training: t' = (t - shift) / width for each output; empty when they are not.
///
/// Losses and predictions are reported in the targets' own units: [`to_own_units`](Self::to_own_units).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetScale {
    /// What is taken away, by output.
    shift: Vec<f64>,
    /// What the rest is divided by, by output; 1 for a constant output.
    width: Vec<f64>,
}

impl TargetScale {
    /// Targets as they are.
    pub const NONE: TargetScale = TargetScale { shift: Vec::new(), width: Vec::new() };

    /// Fits `scaling` on some rows of `values`, row-major with `outputs` values per row.
    pub fn fit(scaling: Scaling, values: &[f64], outputs: usize, rows: &[u32]) -> TargetScale {
        match scaling {
            Scaling::None => TargetScale::NONE,
            Scaling::Divide255 => TargetScale { shift: vec![0.0; outputs], width: vec![255.0; outputs] },
            Scaling::Standard | Scaling::MinMax => {
                let (shift, mut width) = fit_columns(scaling, rows, outputs, |i| values[i]);
                for width in &mut width {
                    if *width == 0.0 {
                        *width = 1.0;
                    }
                }
                TargetScale { shift, width }
            }
        }
    }

    /// Whether targets are left as they are.
    pub fn is_none(&self) -> bool {
        self.shift.is_empty()
    }

    /// A target or prediction of one output, from its own units to those the network is trained in.
    #[inline]
    pub fn to_training_units(&self, output: usize, value: f64) -> f64 {
        if self.shift.is_empty() { value } else { (value - self.shift[output]) / self.width[output] }
    }

    /// A prediction of one output, from the units the network is trained in to the target's own.
    #[inline]
    pub fn to_own_units(&self, output: usize, value: f64) -> f64 {
        if self.shift.is_empty() { value } else { value.mul_add(self.width[output], self.shift[output]) }
    }

    /// How many of its own units one unit of training is, for an output: errors are multiplied by this.
    #[inline]
    pub fn width(&self, output: usize) -> f64 {
        if self.width.is_empty() { 1.0 } else { self.width[output] }
    }

    /// Whether the numbers can scale `outputs` outputs.
    pub(crate) fn is_valid(&self, outputs: usize) -> bool {
        self.shift.len() == self.width.len()
            && (self.shift.is_empty() || self.shift.len() == outputs)
            && self.shift.iter().all(|number| number.is_finite())
            && self.width.iter().all(|number| number.is_finite() && *number != 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standard_takes_the_mean_and_divides_by_the_deviation() {
        // Column 0: 1, 3 -> mean 2, deviation 1. Column 1: 5, 5 is constant.
        let features = Features::F64(vec![1.0, 5.0, 3.0, 5.0, 100.0, 100.0]);
        let scale = FittedScale::fit(Scaling::Standard, &features, 2, &[0, 1]);
        assert_eq!(scale, FittedScale::Columns { shift: vec![2.0, 5.0], width: vec![1.0, 0.0] });
        assert_eq!(scale.apply(0, 100.0), 98.0);
        assert_eq!(scale.apply(1, 100.0), 0.0);
        assert_eq!(scale.undo(0, 98.0), 100.0);
        assert_eq!(scale.undo(1, 0.0), 5.0);
    }

    #[test]
    fn min_max_maps_the_range_to_0_and_1() {
        let features = Features::U8(vec![10, 20, 30]);
        let scale = FittedScale::fit(Scaling::MinMax, &features, 1, &[0, 1, 2]);
        assert_eq!([10.0, 15.0, 30.0].map(|x| scale.apply(0, x)), [0.0, 0.25, 1.0]);
    }

    #[test]
    fn target_scale_goes_both_ways() {
        let scale = TargetScale::fit(Scaling::Standard, &[1.0, 7.0, 3.0, 7.0], 2, &[0, 1]);
        assert_eq!(scale.to_training_units(0, 3.0), 1.0);
        assert_eq!(scale.to_own_units(0, 1.0), 3.0);
        assert_eq!(scale.to_own_units(1, 0.0), 7.0);
        assert_eq!(scale.width(1), 1.0);
        assert_eq!(TargetScale::NONE.to_own_units(5, 4.0), 4.0);
    }
}
