//! The gradient check: backward's gradients against differences of the loss, in f64.
//!
//! A central difference of fourth order is taken at every coordinate (of large tensors, at evenly spread ones, and along
//! one random direction through the whole tensor). Where it disagrees with the gradient, the step is shortened, since a
//! kink may lie within it. If they still disagree and the one-sided differences disagree with each other, the point lies
//! on or by a kink, where differences say nothing; then all parameters are moved a little and the coordinate is checked
//! again there, at a few such points. A wrong gradient is wrong there too. The tolerance is never widened.

mod difference;
mod kinks;

use crate::data::Dataset;
use crate::error::Result;
use crate::layers::Layer;
use crate::losses::Loss;
use crate::network::{Network, Parameter};
use crate::plan::{Plan, Rows, Rules};
use crate::random::{Purpose, Stream};
use crate::real::Real;
use crate::train::{TrainingSettings, default_loss};

use difference::Objective;

/// The largest relative error that a right gradient may show. Differences of fourth order with the steps used here are
/// good to about 1e-9; a wrong formula is off by 1e-2 and more.
pub const TOLERANCE: f64 = 1e-5;

/// Coordinates of one tensor that are checked singly; of larger tensors, that many, evenly spread.
const COORDINATES: usize = 100;

/// Rows that are checked at most: differences cost two forward passes per coordinate.
const ROWS: usize = 300;

/// Of images so many rows at least: a filter moves the values of a channel at all places at once, each of which may come by a kink, so
/// that places count as rows do.
const LEAST_ROWS: usize = 2;

/// At how many points beside a kink a coordinate is checked: each may lie by another kink.
const POINTS_BESIDE: usize = 5;

/// How far parameters are moved off a kink, relative to their size or to 0.1.
const BESIDE: f64 = 1e-2;

/// One comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// `LAYER.weight` or `LAYER.bias`.
    pub parameter: String,
    /// The coordinate, row-major; `None` for a direction through the whole tensor.
    pub index: Option<usize>,
    /// What backward says.
    pub analytic: f64,
    /// What the differences say.
    pub numeric: f64,
    /// |analytic - numeric| / max(|analytic|, |numeric|, a thousandth of the network's largest gradient).
    pub relative_error: f64,
}

/// What the check found.
#[derive(Clone, Debug, PartialEq)]
pub struct GradientReport {
    /// Whether every comparison is within [`TOLERANCE`].
    pub ok: bool,
    /// The comparison with the largest error.
    pub worst: Option<Comparison>,
    /// The worst comparison of every parameter tensor.
    pub by_parameter: Vec<Comparison>,
    /// Values of the forward pass that lie on a kink of their activation: one-sided differences disagree there.
    pub kinks: usize,
    /// Coordinates that lie on a kink of the loss and were checked beside it.
    pub checked_beside: usize,
    /// Comparisons made.
    pub comparisons: usize,
    /// Rows of the data used.
    pub rows: usize,
}

/// Checks the gradients of `network` for the settings' loss and penalties, on the first rows of `data`.
///
/// Networks in `f32` are checked as the same network in `f64`.
///
/// # Errors
/// When network, loss and data do not fit each other.
///
/// # Example
/// ```
/// use thalweg::data::{Dataset, DatasetTargets, Features};
/// use thalweg::gradient_check;
/// use thalweg::train::TrainingSettings;
/// use thalweg::{Network, Shape};
///
/// let x = Features::F64(vec![0.5, -1.0, 2.0]);
/// let targets = DatasetTargets::Values { values: vec![1.0, 0.0, 3.0], outputs: 1 };
/// let data = Dataset::new(x, Shape::from(1), targets)?;
/// let network = Network::<f64>::builder(1).dense(4).tanh().dense(1).build(0)?;
/// let report = gradient_check::check(&network, &TrainingSettings::default(), &data, 0)?;
/// assert!(report.ok && report.kinks == 0);
/// # Ok::<(), thalweg::Error>(())
/// ```
pub fn check<R: Real>(
    network: &Network<R>,
    settings: &TrainingSettings,
    data: &Dataset,
    seed: u64,
) -> Result<GradientReport> {
    let network: Network<f64> = network.cast();
    let loss = settings.loss.clone().unwrap_or_else(|| default_loss(&network, data));
    let rows: Vec<u32> = (0..data.rows().min(rows(&network)) as u32).collect();
    let mut check = Check::new(&network, rules(loss, settings, seed), data, &rows, seed)?;
    Ok(check.run())
}

/// How many rows are checked.
fn rows(network: &Network<f64>) -> usize {
    let filtered = network.layers().iter().filter(|placed| placed.layer.any(&Layer::is_convolution));
    let places = filtered.map(|placed| placed.output.axes().iter().skip(1).product::<usize>());
    (ROWS / places.max().unwrap_or(1).max(1)).max(LEAST_ROWS)
}

fn rules(loss: Loss, settings: &TrainingSettings, seed: u64) -> Rules {
    Rules { l2: settings.l2, l1: settings.l1, seed, ..Rules::forward_only(loss) }
}

/// Parameters and the gradient that backward gives there.
#[derive(Clone)]
struct Point {
    parameters: Vec<f64>,
    gradient: Vec<f64>,
}

/// A check in progress.
struct Check<'a> {
    objective: Objective<'a>,
    /// The parameters that are checked, and the gradient there.
    start: Point,
    /// These moved off their kinks, in several ways.
    beside: Vec<Point>,
    tensors: Vec<Parameter>,
    seed: u64,
    checked_beside: usize,
}

impl<'a> Check<'a> {
    fn new(
        network: &Network<f64>,
        rules: Rules,
        data: &'a Dataset,
        rows: &'a [u32],
        seed: u64,
    ) -> Result<Self> {
        let mut plan = Plan::new(network, rules, data, rows.len())?;
        plan.gather(Rows { data, rows, epoch: 0 });
        let averages = network.parameter_tensors().filter(|tensor| !tensor.role.is_trained());
        let averages = averages.map(|tensor| tensor.range.clone()).collect();
        let mut objective = Objective { plan, rows: Rows { data, rows, epoch: 0 }, averages };
        let mut point =
            |parameters: Vec<f64>| Point { gradient: objective.gradient(&parameters), parameters };
        let start = network.parameters();
        let beside = (0..POINTS_BESIDE).map(|way| point(moved_off(start, seed, way))).collect();
        let start = point(start.to_vec());
        let tensors =
            network.parameter_tensors().filter(|tensor| tensor.role.is_trained()).cloned().collect();
        Ok(Check { objective, tensors, start, beside, seed, checked_beside: 0 })
    }

    fn run(&mut self) -> GradientReport {
        self.objective.forward(&self.start.parameters);
        let kinks = kinks::count(&self.objective.plan, self.objective.rows.rows.len());
        let mut comparisons = 0;
        let mut by_parameter = Vec::new();
        for tensor in self.tensors.clone() {
            let mut worst: Option<Comparison> = None;
            for index in coordinates(tensor.range.len()) {
                let mut direction = vec![0.0; tensor.range.len()];
                direction[index] = 1.0;
                keep_worse(&mut worst, self.compare(&tensor, Some(index), &direction));
                comparisons += 1;
            }
            let direction = self.random_direction(&tensor);
            keep_worse(&mut worst, self.compare(&tensor, None, &direction));
            comparisons += 1;
            by_parameter.extend(worst);
        }
        let mut worst = None;
        for comparison in &by_parameter {
            keep_worse(&mut worst, comparison.clone());
        }
        GradientReport {
            ok: worst.as_ref().is_none_or(|worst| worst.relative_error <= TOLERANCE),
            worst,
            by_parameter,
            kinks,
            checked_beside: self.checked_beside,
            comparisons,
            rows: self.objective.rows.rows.len(),
        }
    }

    /// Compares the derivative along a direction within one tensor, at the start or, by a kink, beside it.
    fn compare(&mut self, tensor: &Parameter, index: Option<usize>, direction: &[f64]) -> Comparison {
        let first = compare_at(&mut self.objective, &self.start, tensor, index, direction);
        if first.relative_error <= TOLERANCE
            || !self.objective.is_by_a_kink(&self.start.parameters, &tensor.range, direction)
        {
            return first;
        }
        self.checked_beside += 1;
        let mut best = first;
        for point in &self.beside {
            let comparison = compare_at(&mut self.objective, point, tensor, index, direction);
            if comparison.relative_error < best.relative_error {
                best = comparison;
            }
            if best.relative_error <= TOLERANCE {
                break;
            }
        }
        best
    }

    /// A direction of length 1 through a whole tensor.
    fn random_direction(&self, tensor: &Parameter) -> Vec<f64> {
        let stream = Stream::new(self.seed, Purpose::GradientCheck, 1, 0);
        let mut direction: Vec<f64> =
            (0..tensor.range.len()).map(|i| stream.normal(tensor.range.start as u64 + i as u64)).collect();
        let length = direction.iter().map(|d| d * d).sum::<f64>().sqrt();
        for d in &mut direction {
            *d /= length.max(f64::MIN_POSITIVE);
        }
        direction
    }
}

/// Compares the derivative along a direction within one tensor at one point.
fn compare_at(
    objective: &mut Objective<'_>,
    point: &Point,
    tensor: &Parameter,
    index: Option<usize>,
    direction: &[f64],
) -> Comparison {
    let analytic: f64 = point.gradient[tensor.range.clone()].iter().zip(direction).map(|(g, d)| g * d).sum();
    let largest = point.gradient.iter().fold(0.0_f64, |largest, g| largest.max(g.abs()));
    let (numeric, relative_error) =
        objective.numeric(&point.parameters, &tensor.range, direction, analytic, 1e-3 * largest, TOLERANCE);
    Comparison { parameter: tensor.name.clone(), index, analytic, numeric, relative_error }
}

/// Every parameter moved a little, at random.
fn moved_off(parameters: &[f64], seed: u64, way: usize) -> Vec<f64> {
    let stream = Stream::new(seed, Purpose::GradientCheck, 0, way as u64);
    let step = |i: usize, w: f64| BESIDE * w.abs().max(0.1) * (2.0 * stream.uniform::<f64>(i as u64) - 1.0);
    parameters.iter().enumerate().map(|(i, &w)| w + step(i, w)).collect()
}

/// All coordinates of a small tensor, evenly spread ones of a large tensor; always the first and the last.
fn coordinates(len: usize) -> Vec<usize> {
    if len <= COORDINATES {
        return (0..len).collect();
    }
    (0..COORDINATES).map(|i| i * (len - 1) / (COORDINATES - 1)).collect()
}

fn keep_worse(worst: &mut Option<Comparison>, comparison: Comparison) {
    let worse = match worst {
        None => true,
        // In the total order, an error that is not a number is the worst.
        Some(before) => comparison.relative_error.total_cmp(&before.relative_error).is_gt(),
    };
    if worse {
        *worst = Some(comparison);
    }
}

#[cfg(test)]
mod tests;
