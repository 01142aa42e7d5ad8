//! The hinge losses of several scores, one for each class.

use crate::losses::hinge::{slack, where_slack};
use crate::losses::lanes::LaneBatch;
use crate::losses::{Factors, Target};
use crate::real::Real;

/// How far the score of the right class is from standing out by 1 against each other class; rows are averaged.
///
/// ```text
/// mⱼ    = zⱼ - (z_c - 1)                    for class c and j ≠ c
/// loss  = Σⱼ max(0, mⱼ) / classes           hinge
///       = Σⱼ max(0, mⱼ)² / classes          squared hinge
/// dzⱼ   = (1/classes)·(1 where mⱼ > 0, else 0)          or (1/classes)·2·max(0, mⱼ)
/// dz_c  = -Σⱼ dzⱼ
/// ```
///
/// Sums go over j ascending, without c. The class of the highest score is predicted, the first of equals.
///
/// # Shapes
/// `predictions` are the scores z: `[classes]`, two or more; a score is no probability.
///
/// # Units and ranges
/// Targets that are values are taken for the class of the largest, the first of equals.
///
/// # Source
/// Weston and Watkins, "Support vector machines for multi-class pattern recognition", 1999, whose slack variables these are (their
/// margin is 2); with the division by the number of classes it is PyTorch's `MultiMarginLoss`, `p` 1 and 2.
#[derive(Clone, Copy)]
pub(crate) struct MultiMargin<R> {
    is_squared: bool,
    classes: R,
    /// 1/classes.
    factor: R,
}

impl<R: Real> MultiMargin<R> {
    #[inline(always)]
    pub(super) fn new(is_squared: bool, classes: usize) -> Self {
        MultiMargin {
            is_squared,
            classes: R::from_f64(classes as f64),
            factor: R::from_f64(1.0 / classes as f64),
        }
    }

    /// The sum over the classes, with the term of one more.
    #[inline(always)]
    fn add(self, sum: R, m: R) -> R {
        let slack = slack(m);
        if self.is_squared { slack.mul_add(slack, sum) } else { sum + slack }
    }

    /// dzⱼ
    #[inline(always)]
    fn slope(self, m: R) -> R {
        if self.is_squared {
            let slack = slack(m);
            self.factor * (slack + slack)
        } else {
            where_slack(m, self.factor)
        }
    }

    /// The loss of one row.
    #[inline(always)]
    pub(super) fn row_value(self, predictions: &[R], target: Target<'_, R>) -> R {
        let class = class_of(target);
        let edge = predictions[class] - R::ONE;
        let mut sum = R::ZERO;
        for (j, &z) in predictions.iter().enumerate() {
            if j != class {
                sum = self.add(sum, z - edge);
            }
        }
        sum / self.classes
    }

    /// The gradient of one row.
    #[inline(always)]
    pub(super) fn row_gradient(self, predictions: &[R], target: Target<'_, R>, dpredictions: &mut [R]) {
        let class = class_of(target);
        let edge = predictions[class] - R::ONE;
        let mut sum = R::ZERO;
        for (j, (&z, d)) in predictions.iter().zip(dpredictions.iter_mut()).enumerate() {
            if j != class {
                *d = self.slope(z - edge);
                sum += *d;
            }
        }
        dpredictions[class] = -sum;
    }

    /// Gradient and values of rows in lanes, to the bits of the single rows.
    #[inline(always)]
    pub(crate) fn in_lanes(self, batch: LaneBatch<'_, R>, d: &mut [R], values: Option<&mut [R]>) {
        let mut nowhere = [R::ZERO; SIDE];
        let mut values = values;
        let mut row = 0;
        while row < batch.rows {
            let mut lane = 0;
            while lane < batch.stride && row + lane < batch.rows {
                let sums = self.side(batch, row, lane, d);
                let count = SIDE.min(batch.rows - (row + lane));
                let to = match &mut values {
                    Some(values) => &mut values[row + lane..row + lane + count],
                    None => &mut nowhere[..count],
                };
                to.copy_from_slice(&sums[..count]);
                lane += SIDE;
            }
            row += batch.stride;
        }
    }

    /// Some rows that lie side by side, from `lane` on of the block that begins at `row`: writes their gradients, and gives
    /// their values.
    #[inline(always)]
    fn side(self, batch: LaneBatch<'_, R>, row: usize, lane: usize, d: &mut [R]) -> [R; SIDE] {
        let first = batch.at(row, 0) + lane;
        let (class, edge) = rightful(batch, first);
        let (mut sum, mut slopes) = ([R::ZERO; SIDE], [R::ZERO; SIDE]);
        for j in 0..batch.width {
            let at = first + j * batch.stride;
            let (z, d) = (&batch.predictions[at..at + SIDE], &mut d[at..at + SIDE]);
            for l in 0..SIDE {
                let m = z[l] - edge[l];
                let (with, slope) = (self.add(sum[l], m), self.slope(m));
                let is_other = class[l] != j as u32;
                sum[l] = if is_other { with } else { sum[l] };
                slopes[l] = if is_other { slopes[l] + slope } else { slopes[l] };
                d[l] = slope;
            }
        }
        for j in 0..batch.width {
            let at = first + j * batch.stride;
            let d = &mut d[at..at + SIDE];
            for l in 0..SIDE {
                let own = if class[l] == j as u32 { -slopes[l] } else { d[l] };
                let factor = match batch.factors {
                    Factors::Same(factor) => factor,
                    Factors::Each(factors) => factors[row + lane + l],
                };
                d[l] = own * factor;
            }
        }
        for sum in &mut sum {
            *sum /= self.classes;
        }
        sum
    }
}

/// So many rows in lanes are worked at once: what every stride is a multiple of.
const SIDE: usize = 16;

/// The classes of rows side by side, whose first target lies at `first`, and z_c - 1.
#[inline(always)]
fn rightful<R: Real>(batch: LaneBatch<'_, R>, first: usize) -> ([u32; SIDE], [R; SIDE]) {
    let (mut class, mut largest, mut edge) = ([0; SIDE], [R::ZERO; SIDE], [R::ZERO; SIDE]);
    largest.copy_from_slice(&batch.targets[first..first + SIDE]);
    edge.copy_from_slice(&batch.predictions[first..first + SIDE]);
    for j in 1..batch.width {
        let at = first + j * batch.stride;
        let (t, z) = (&batch.targets[at..at + SIDE], &batch.predictions[at..at + SIDE]);
        for l in 0..SIDE {
            let is_larger = t[l] > largest[l];
            class[l] = if is_larger { j as u32 } else { class[l] };
            largest[l] = if is_larger { t[l] } else { largest[l] };
            edge[l] = if is_larger { z[l] } else { edge[l] };
        }
    }
    for edge in &mut edge {
        *edge -= R::ONE;
    }
    (class, edge)
}

/// The class that a target means.
#[inline(always)]
fn class_of<R: Real>(target: Target<'_, R>) -> usize {
    match target {
        Target::Class(class) => class,
        Target::Values(t) => {
            let mut class = 0;
            for j in 1..t.len() {
                if t[j] > t[class] {
                    class = j;
                }
            }
            class
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::losses::{Loss, Target};

    #[test]
    fn a_row_worked_by_hand() {
        // The right score is 1: the first lacks 1.5, the last is 2 behind.
        let z = [1.5, 1.0, -1.0];
        let mut d = [9.0; 3];
        assert_eq!(Loss::Hinge.row_value_and_gradient(&z, Target::Class(1), &mut d), 0.5);
        assert_eq!(d, [1.0 / 3.0, -1.0 / 3.0, 0.0]);
        assert_eq!(Loss::SquaredHinge.row_value_and_gradient(&z, Target::Class(1), &mut d), 0.75);
        assert_eq!(d, [1.0, -1.0, 0.0]);
    }

    #[test]
    fn the_largest_value_is_the_class_and_the_first_of_equals() {
        let z = [0.5, 0.25, 1.0];
        for loss in [Loss::Hinge, Loss::SquaredHinge] {
            let of = |target: Target<'_, f64>| {
                let mut d = [9.0; 3];
                (loss.row_value_and_gradient(&z, target, &mut d), d)
            };
            assert_eq!(of(Target::Values(&[0.0, 0.7, 0.3])), of(Target::Class(1)));
            assert_eq!(of(Target::Values(&[0.2, 0.4, 0.4])), of(Target::Class(1)));
        }
    }
}
