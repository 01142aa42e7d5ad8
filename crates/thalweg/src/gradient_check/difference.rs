//! The loss as a function of the parameters, and its derivative along a direction by differences.

use std::ops::Range;

use crate::plan::{Plan, Rows};

/// Steps that are tried, relative to the parameters' size or to 1: the first is best for smooth losses, the shorter
/// ones get away from a kink nearby.
const STEPS: [f64; 5] = [1e-3, 1e-4, 1e-5, 1e-6, 1e-7];

/// Steps at which one-sided derivatives are compared, each a tenth of the one before.
const KINK_STEPS: [f64; 5] = [1e-3, 1e-4, 1e-5, 1e-6, 1e-7];

/// How far one-sided derivatives must differ, relative to the larger: well above what rounding does at these steps.
const KINK_GAP: f64 = 1e-3;

/// The loss, penalties included, as a function of the parameters.
pub(super) struct Objective<'a> {
    pub(super) plan: Plan<f64>,
    pub(super) rows: Rows<'a>,
    /// Where running averages lie, which have no gradient.
    pub(super) averages: Vec<Range<usize>>,
}

impl Objective<'_> {
    /// Runs forward with these parameters, random masks included.
    pub(super) fn forward(&mut self, parameters: &[f64]) {
        self.plan.parameters_mut().copy_from_slice(parameters);
        self.plan.forward(self.rows, true);
    }

    fn value(&mut self, parameters: &[f64]) -> f64 {
        self.forward(parameters);
        self.plan.training_loss(self.rows.data, self.rows.rows.len()) + self.plan.penalty()
    }

    /// What backward says.
    pub(super) fn gradient(&mut self, parameters: &[f64]) -> Vec<f64> {
        self.forward(parameters);
        self.plan.backward(self.rows);
        let mut gradient = self.plan.gradients().to_vec();
        for range in &self.averages {
            gradient[range.clone()].fill(0.0);
        }
        gradient
    }

    /// The derivative along `direction` in the parameters of `range`, and its error against `analytic`, with the step
    /// that agrees best.
    ///
    /// ```text
    /// f'(0) ≈ (8·(f(h) - f(-h)) - (f(2h) - f(-2h))) / 12h
    /// ```
    ///
    /// Source: Abramowitz and Stegun, *Handbook of Mathematical Functions* (1964), table 25.2.
    pub(super) fn numeric(
        &mut self,
        point: &[f64],
        range: &Range<usize>,
        direction: &[f64],
        analytic: f64,
        scale: f64,
        tolerance: f64,
    ) -> (f64, f64) {
        let mut best = (f64::NAN, f64::INFINITY);
        for step in STEPS {
            let h = step * size(&point[range.clone()], direction);
            let mut f = |factor: f64| self.value(&moved(point, range, direction, factor * h));
            let numeric = (8.0 * (f(1.0) - f(-1.0)) - (f(2.0) - f(-2.0))) / (12.0 * h);
            let error = (analytic - numeric).abs()
                / analytic.abs().max(numeric.abs()).max(scale).max(f64::MIN_POSITIVE);
            if error < best.1 || best.0.is_nan() {
                best = (numeric, if error.is_nan() { f64::INFINITY } else { error });
            }
            if best.1 <= tolerance {
                break;
            }
        }
        best
    }

    /// Whether a kink lies on the point or within the steps around it: the one-sided derivatives differ, and at some step
    /// their difference does not shrink about as the step does (to a tenth), as it must where the loss is smooth.
    pub(super) fn is_by_a_kink(&mut self, point: &[f64], range: &Range<usize>, direction: &[f64]) -> bool {
        let mut wider: Option<f64> = None;
        for step in KINK_STEPS {
            let h = step * size(&point[range.clone()], direction);
            let here = self.value(point);
            let right = (self.value(&moved(point, range, direction, h)) - here) / h;
            let left = (here - self.value(&moved(point, range, direction, -h))) / h;
            let gap = (right - left).abs();
            if wider.is_some_and(|wider| gap > 0.2 * wider) && gap > KINK_GAP * right.abs().max(left.abs()) {
                return true;
            }
            wider = Some(gap);
        }
        false
    }
}

/// The size that a step is relative to: the largest parameter that the direction touches, or 1.
fn size(values: &[f64], direction: &[f64]) -> f64 {
    values.iter().zip(direction).filter(|(_, d)| **d != 0.0).fold(1.0_f64, |size, (v, _)| size.max(v.abs()))
}

fn moved(point: &[f64], range: &Range<usize>, direction: &[f64], by: f64) -> Vec<f64> {
    let mut moved = point.to_vec();
    for (value, d) in moved[range.clone()].iter_mut().zip(direction) {
        *value += by * d;
    }
    moved
}
