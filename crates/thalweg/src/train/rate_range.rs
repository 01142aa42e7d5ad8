//! The learning rate range test: a short run whose rate rises from far too small to far too large.

use super::observer::{Command, Observer, Progress, Snapshot};
use super::settings::TrainingSettings;
use super::trainer::Trainer;
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::losses::Loss;
use crate::network::Network;
use crate::real::Real;
use crate::schedules::Schedule;

/// How much of the old mean stays when the losses are smoothed.
const SMOOTHING: f64 = 0.9;

/// The test ends where the smoothed loss is so many times the lowest before it; of a loss whose 0 means nothing, where it is so many
/// times its fall above the lowest.
const TOO_HIGH: f64 = 4.0;

/// Steps before the smoothed loss means anything.
const WARM: usize = 5;

/// A loss that falls by less than this share has not fallen.
const FALL: f64 = 0.02;

/// Which rates are tried.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateRange {
    /// The smallest, above 0; 1e-6 by default.
    pub from: f64,
    /// The largest, above `from`; 10 by default.
    pub to: f64,
    /// How many steps the way takes, at least 2; 200 by default. Each multiplies the rate by the same number.
    pub steps: u64,
}

impl Default for RateRange {
    fn default() -> Self {
        RateRange { from: 1e-6, to: 10.0, steps: 200 }
    }
}

impl RateRange {
    /// The rate of step `step`, from 0.
    fn rate(&self, step: u64) -> f64 {
        let way = step as f64 / (self.steps.max(2) - 1) as f64;
        self.from * Real::pow(self.to / self.from, way.min(1.0))
    }
}

/// One step of the test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RatePoint {
    /// The rate of the step.
    pub rate: f64,
    /// The loss of the step's rows, before its update.
    pub loss: f64,
    /// The running mean of the losses, each counting 0.9 times as much as the one after it.
    pub smoothed: f64,
}

/// What the test found.
#[derive(Clone, Debug, PartialEq)]
pub struct RateCurve {
    /// The steps, up to where the loss rose too high or stopped being finite.
    pub points: Vec<RatePoint>,
    /// The rate at which the smoothed loss fell fastest before its lowest point; `None` where it never fell.
    pub suggestion: Option<f64>,
    /// The rate at which the smoothed loss was lowest.
    pub lowest: Option<f64>,
}

/// Trains a copy of `network` with a rate that grows from step to step, and watches the loss.
///
/// Loss, optimizer, penalties, batch size and layers' own settings are those of `settings`; their rate, schedule and length are not
/// used.
///
/// # Errors
/// As [`Trainer::fit`], but for a loss that stops being finite: that is the end of the test.
///
/// # Source
/// Smith, "Cyclical learning rates for training neural networks", 2017, section 3.3; the smoothing and the steepest fall are
/// customs since.
///
/// # Example
/// ```
/// use thalweg::data::{Dataset, DatasetTargets, Features};
/// use thalweg::train::{RateRange, TrainingSettings, rate_range};
/// use thalweg::{Network, Shape};
///
/// let x: Vec<f64> = (0..64).map(|i| f64::from(i) / 32.0 - 1.0).collect();
/// let targets = DatasetTargets::Values { values: x.iter().map(|x| 3.0 * x).collect(), outputs: 1 };
/// let data = Dataset::new(Features::F64(x), Shape::from(1), targets)?;
/// let network = Network::<f64>::builder(1).dense(8).relu().dense(1).build(1)?;
/// let curve = rate_range(&network, &TrainingSettings::default(), &data, 0, RateRange::default())?;
/// assert!(curve.suggestion.is_some_and(|rate| rate < curve.lowest.unwrap()));
/// # Ok::<(), thalweg::Error>(())
/// ```
pub fn rate_range<R: Real>(
    network: &Network<R>,
    settings: &TrainingSettings,
    data: &Dataset,
    seed: u64,
    range: RateRange,
) -> Result<RateCurve> {
    let settings = TrainingSettings {
        learning_rate: Some(range.from),
        schedule: Schedule::Constant,
        epochs: None,
        steps: Some(range.steps.saturating_add(1)),
        early_stopping: None,
        reduce_on_plateau: None,
        metrics: Vec::new(),
        custom_metrics: Vec::new(),
        report_every: None,
        checkpoint_every: None,
        ..settings.clone()
    };
    let may_be_negative = settings.loss.as_ref().is_some_and(Loss::from_log_rates);
    let (points, lowest) = (Vec::new(), f64::INFINITY);
    let mut watch = Watch { range, next: 0, points, mean: 0.0, lowest, may_be_negative };
    let trainer = Trainer::with_settings(settings).seed(seed).observer(&mut watch);
    match trainer.fit(&mut network.clone(), data) {
        Ok(_) | Err(Error::Diverged { .. }) => {}
        Err(error) => return Err(error),
    }
    Ok(curve(watch.points))
}

/// Raises the rate before each step, and notes the loss after it.
struct Watch {
    range: RateRange,
    next: u64,
    points: Vec<RatePoint>,
    mean: f64,
    lowest: f64,
    /// Whether a loss of 0 is like any other.
    may_be_negative: bool,
}

impl Watch {
    fn is_too_high(&self, smoothed: f64) -> bool {
        let limit = match (self.may_be_negative, self.points.first()) {
            (true, Some(first)) => self.lowest + TOO_HIGH * (first.smoothed - self.lowest),
            _ => TOO_HIGH * self.lowest,
        };
        smoothed > limit
    }
}

impl Observer for Watch {
    fn next_step(&self) -> Option<u64> {
        Some(self.next)
    }

    fn on_step(&mut self, progress: &Progress, _snapshot: &mut dyn Snapshot) -> Result<Command> {
        self.next = progress.step + 1;
        let Some(last) = progress.step.checked_sub(1) else {
            return Ok(Command::SetLearningRate(self.range.rate(0)));
        };
        self.mean = SMOOTHING * self.mean + (1.0 - SMOOTHING) * progress.loss;
        // As much as a mean that began at 0 is too small.
        let smoothed = self.mean / (1.0 - Real::pow(SMOOTHING, progress.step as f64));
        self.points.push(RatePoint { rate: self.range.rate(last), loss: progress.loss, smoothed });
        self.lowest = self.lowest.min(smoothed);
        let is_over = self.points.len() > WARM && self.is_too_high(smoothed);
        Ok(match is_over || progress.step >= self.range.steps {
            true => Command::Stop,
            false => Command::SetLearningRate(self.range.rate(progress.step)),
        })
    }
}

/// Where the loss fell fastest and where it was lowest.
fn curve(points: Vec<RatePoint>) -> RateCurve {
    let smoothed = |i: usize| points[i].smoothed;
    let lowest = (0..points.len()).min_by(|&i, &j| smoothed(i).total_cmp(&smoothed(j)));
    let has_fallen = |&low: &usize| smoothed(low) < (1.0 - FALL) * smoothed(WARM.min(low));
    let suggestion = lowest.filter(has_fallen).and_then(|low| {
        // All steps are equally far apart on a logarithmic scale, so that differences are slopes.
        let fall = |i: usize| smoothed(i + 1) - smoothed(i - 1);
        (WARM.max(1)..low).min_by(|&i, &j| fall(i).total_cmp(&fall(j))).map(|i| points[i].rate)
    });
    RateCurve { suggestion, lowest: lowest.map(|low| points[low].rate), points }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{DatasetTargets, Features};
    use crate::optimizers::Optimizer;
    use crate::shape::Shape;
    use crate::train::BatchSize;

    fn line() -> Dataset {
        let x: Vec<f64> = (0..64).map(|i| f64::from(i) / 32.0 - 1.0).collect();
        let values = x.iter().map(|x| 3.0 * x - 1.0).collect();
        Dataset::new(Features::F64(x), Shape::from(1), DatasetTargets::Values { values, outputs: 1 }).unwrap()
    }

    /// Gradient descent on a parabola falls below a rate of 2 over the curvature and rises above it.
    #[test]
    fn the_edge_of_gradient_descent_is_found() {
        let settings = TrainingSettings {
            optimizer: Optimizer::Sgd,
            batch_size: BatchSize::Full,
            ..TrainingSettings::default()
        };
        let network = Network::<f64>::builder(1).dense(1).build(0).unwrap();
        let range = RateRange { from: 1e-4, to: 100.0, steps: 300 };
        let found = rate_range(&network, &settings, &line(), 0, range).unwrap();
        // The mean squared error's curvature is 2 along the bias, so that the edge is 1.
        let end = found.points.last().unwrap().rate;
        assert!((1.0..10.0).contains(&end), "{end}");
        let (suggestion, lowest) = (found.suggestion.unwrap(), found.lowest.unwrap());
        assert!(suggestion < lowest && lowest < end && suggestion > 1e-3, "{suggestion}, {lowest}, {end}");
        assert!((found.points[1].rate / found.points[0].rate - Real::pow(1e6, 1.0 / 299.0)).abs() < 1e-12);
    }

    #[test]
    fn the_network_stays_and_a_flat_loss_suggests_nothing() {
        let network = Network::<f32>::builder(1).dense(1).build(0).unwrap();
        let before = network.parameters().to_vec();
        let range = RateRange { from: 1e-9, to: 1e-8, steps: 30 };
        let settings = TrainingSettings { batch_size: BatchSize::Full, ..TrainingSettings::default() };
        let found = rate_range(&network, &settings, &line(), 0, range).unwrap();
        assert_eq!((found.points.len(), found.suggestion), (30, None));
        assert_eq!(network.parameters(), before);
    }

    /// A constant less changes nothing for the network: nor may it for the test.
    #[test]
    fn a_loss_below_0_ends_the_test_where_it_has_risen_again() {
        let values = (0..40).map(|i| f64::from(i % 7) + 20.0).collect();
        let targets = DatasetTargets::Values { values, outputs: 1 };
        let x = (0..40).map(|i| f64::from(i % 11) / 5.0 - 1.0).collect();
        let data = Dataset::new(Features::F64(x), Shape::from(1), targets).unwrap();
        let settings = TrainingSettings {
            loss: Some(Loss::Poisson),
            optimizer: Optimizer::Sgd,
            batch_size: BatchSize::Full,
            ..TrainingSettings::default()
        };
        let network = Network::<f64>::builder(1).dense(1).build(0).unwrap();
        let found = rate_range(&network, &settings, &data, 0, RateRange { from: 1e-6, to: 10.0, steps: 200 })
            .unwrap();
        assert!(found.points.len() > 100 && found.points.len() < 200, "{}", found.points.len());
        assert!(found.points.iter().any(|point| point.smoothed < -20.0) && found.suggestion.is_some());
    }

    #[test]
    fn a_loss_that_is_no_number_ends_the_test() {
        let network = Network::<f32>::builder(1).dense(4).relu().dense(1).build(0).unwrap();
        let settings = TrainingSettings { optimizer: Optimizer::Sgd, ..TrainingSettings::default() };
        let range = RateRange { from: 1e6, to: 1e30, steps: 50 };
        let found = rate_range(&network, &settings, &line(), 0, range).unwrap();
        assert!(found.points.len() < 50);
    }
}
