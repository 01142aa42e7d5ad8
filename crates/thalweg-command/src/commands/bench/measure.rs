//! Timing a work through the library's public interface, as a user would run it.

use std::time::Instant;

use thalweg::train::{Command, Ending, Observer, Progress, Snapshot};
use thalweg::{Network, Precision, Real, Trainer};

use super::passes;
use super::sets::Rows;
use super::works::{Unit, Work};
use crate::exit::Failure;
use crate::interrupt::Interrupt;

/// How long a sample of a short unit takes, in seconds.
const SAMPLE: f64 = 0.15;
/// Samples at least.
const FEWEST: usize = 5;
/// As many where one takes longer than a fifth of the time.
const FEWEST_LONG: usize = 3;
/// One alone is enough where it takes so many times as long as all were to take.
const ENDLESS: f64 = 5.0;
/// Samples at most.
const MOST: usize = 15;

/// Seconds of one unit, sorted.
pub(super) struct Samples(Vec<f64>);

impl Samples {
    fn new(mut seconds: Vec<f64>) -> Samples {
        seconds.sort_by(f64::total_cmp);
        Samples(seconds)
    }

    pub(super) fn median(&self) -> f64 {
        let middle = self.0.len() / 2;
        match self.0.len() % 2 {
            1 => self.0[middle],
            _ => (self.0[middle - 1] + self.0[middle]) / 2.0,
        }
    }

    /// The shortest and the longest.
    pub(super) fn spread(&self) -> [f64; 2] {
        [self.0[0], self.0[self.0.len() - 1]]
    }

    pub(super) fn count(&self) -> usize {
        self.0.len()
    }
}

/// Times a work on so many threads, for about so many seconds after a warm-up.
pub(super) fn time(
    work: &Work,
    rows: &Rows,
    threads: usize,
    seconds: f64,
    interrupt: &Interrupt,
) -> Result<Samples, Failure> {
    match work.precision {
        Precision::F32 => time_in::<f32>(work, rows, threads, seconds, interrupt),
        Precision::F64 => time_in::<f64>(work, rows, threads, seconds, interrupt),
    }
}

fn time_in<R: Real>(
    work: &Work,
    rows: &Rows,
    threads: usize,
    seconds: f64,
    interrupt: &Interrupt,
) -> Result<Samples, Failure> {
    let mut network = network::<R>(work, rows)?;
    let samples = match work.unit {
        Unit::Rows(_) => predict(&network, work, rows, threads, seconds, interrupt)?,
        Unit::Step | Unit::TenSteps | Unit::Epoch => {
            train(&mut network, work, rows, threads, seconds, interrupt)?
        }
        Unit::Pass(convolution, pass) => {
            let mut x = vec![0.0; rows.dataset.rows() * rows.dataset.columns()];
            rows.dataset.gather(&(0..rows.dataset.rows() as u32).collect::<Vec<_>>(), &mut x);
            passes::time(convolution, pass, &x, threads, seconds, interrupt)?
        }
    };
    // Ten steps are timed one by one.
    let repeats = if work.unit == Unit::TenSteps { 10.0 } else { 1.0 };
    let samples = samples.into_iter().map(|seconds| seconds * repeats).collect();
    match interrupt.is_raised() {
        true => Err(Failure::new(interrupt.status(), "interrupted; a benchmark leaves nothing behind")),
        false => Ok(Samples::new(samples)),
    }
}

/// The network of a work, at its start.
pub(super) fn network<R: Real>(work: &Work, rows: &Rows) -> Result<Network<R>, Failure> {
    let shape = work.image.map_or_else(|| rows.dataset.feature_shape().clone(), Into::into);
    let mut builder = Network::<R>::builder(shape);
    for layer in &work.layers {
        builder = builder.layer(layer.clone());
    }
    if let Some(init) = &work.init {
        builder = builder.init(init.clone());
    }
    Ok(builder.build(0)?)
}

fn train<R: Real>(
    network: &mut Network<R>,
    work: &Work,
    rows: &Rows,
    threads: usize,
    seconds: f64,
    interrupt: &Interrupt,
) -> Result<Vec<f64>, Failure> {
    let mut watch = Watch { unit: work.unit, stopwatch: Stopwatch::new(seconds), next: 0 };
    let trainer = Trainer::with_settings(work.settings.clone());
    let trainer = trainer.threads(threads).interrupt(interrupt.flag()).observer(&mut watch);
    let outcome = trainer.fit(network, &rows.dataset)?;
    match outcome.ending {
        Ending::Stopped | Ending::Interrupted => Ok(watch.stopwatch.samples),
        Ending::Finished => unreachable!("nobody makes so many steps"),
    }
}

fn predict<R: Real>(
    network: &Network<R>,
    work: &Work,
    rows: &Rows,
    threads: usize,
    seconds: f64,
    interrupt: &Interrupt,
) -> Result<Vec<f64>, Failure> {
    let loss = work.settings.loss.clone().expect("every work names its loss");
    let mut predictor = network.predictor(&loss)?.threads(threads)?;
    let mut x = vec![R::ZERO; rows.dataset.rows() * rows.dataset.columns()];
    let all: Vec<u32> = (0..rows.dataset.rows() as u32).collect();
    rows.dataset.gather(&all, &mut x);
    let mut predictions = vec![R::ZERO; all.len() * network.output_shape().len()];
    let mut stopwatch = Stopwatch::new(seconds);
    let mut done = 0;
    while let Some(next) = stopwatch.mark(done).filter(|_| !interrupt.is_raised()) {
        while done < next {
            predictor.predict(&x, &mut predictions)?;
            done += 1;
        }
    }
    Ok(stopwatch.samples)
}

/// Watches a run that has no end of its own, and ends it when there are enough samples. The loop calls it at the ends of
/// samples only, so that neither the run's beginning nor its end is timed, and its steps carry no calls.
struct Watch {
    unit: Unit,
    stopwatch: Stopwatch,
    next: u64,
}

impl Observer for Watch {
    fn next_step(&self) -> Option<u64> {
        Some(self.next)
    }

    fn on_step(&mut self, progress: &Progress, _: &mut dyn Snapshot) -> thalweg::Result<Command> {
        let steps = match self.unit {
            Unit::Step | Unit::TenSteps | Unit::Rows(_) | Unit::Pass(..) => 1,
            Unit::Epoch => progress.steps_per_epoch,
        };
        Ok(match self.stopwatch.mark(progress.step / steps) {
            Some(units) => {
                self.next = units * steps;
                Command::Continue
            }
            None => Command::Stop,
        })
    }
}

/// Decides how many units make a sample, and when there are enough samples.
pub(super) struct Stopwatch {
    /// How long to sample.
    seconds: f64,
    begun: Option<Instant>,
    /// When it was asked last, and how many units were done.
    last: Option<(Instant, u64)>,
    /// Units of a sample, after the warm-up.
    units: Option<u64>,
    samples: Vec<f64>,
}

impl Stopwatch {
    pub(super) fn new(seconds: f64) -> Stopwatch {
        Stopwatch { seconds, begun: None, last: None, units: None, samples: Vec::new() }
    }

    /// To be asked when so many units are done. It says at how many to ask next; `None`: there are enough samples.
    pub(super) fn mark(&mut self, done: u64) -> Option<u64> {
        self.mark_at(Instant::now(), done)
    }

    /// Seconds of a unit, sample by sample.
    pub(super) fn into_samples(self) -> Vec<f64> {
        self.samples
    }

    fn mark_at(&mut self, now: Instant, done: u64) -> Option<u64> {
        let begun = *self.begun.get_or_insert(now);
        let Some((at, before)) = self.last.replace((now, done)) else { return Some(done + 1) };
        let elapsed = (now - at).as_secs_f64();
        let spent = (now - begun).as_secs_f64();
        let per_unit = elapsed / (done - before) as f64;
        let sample = SAMPLE.min(self.seconds / FEWEST as f64);
        let Some(units) = self.units else {
            // The warm-up: twice as far each time, until it has lasted as long as a sample.
            if spent < sample {
                return Some(2 * done);
            }
            let units = ((sample / per_unit) as u64).max(1);
            self.units = Some(units);
            self.begun = Some(now);
            return Some(done + units);
        };
        self.samples.push(per_unit);
        let fewest = match elapsed / self.seconds {
            ratio if ratio > ENDLESS => 1,
            ratio if ratio * FEWEST as f64 > 1.0 => FEWEST_LONG,
            _ => FEWEST,
        };
        let is_enough = self.samples.len() >= fewest && spent >= self.seconds;
        match is_enough || self.samples.len() >= MOST {
            true => None,
            false => Some(done + units),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_stopwatch_warms_up_and_takes_enough_samples() {
        // Units of 1.9 ms on a clock of our own, sampled for 20, 6 and 0.1 ms: samples of two units and of one, and one
        // that is endless.
        let unit = Duration::from_micros(1900);
        let begun = Instant::now();
        for (seconds, fewest, units) in [(0.02, FEWEST, 2), (0.006, FEWEST_LONG, 1), (1e-4, 1, 1)] {
            let mut stopwatch = Stopwatch::new(seconds);
            let mut done = 0;
            while let Some(next) = stopwatch.mark_at(begun + unit * done as u32, done) {
                assert!(next > done);
                done = next;
            }
            assert_eq!(stopwatch.units, Some(units), "{seconds}");
            let samples = stopwatch.samples;
            assert!((fewest..=fewest + 1).contains(&samples.len()), "{seconds}: {} samples", samples.len());
            assert!(samples.iter().all(|&seconds| (seconds - 0.0019).abs() < 1e-9));
        }
    }

    #[test]
    fn the_median_is_in_the_middle() {
        let samples = Samples::new(vec![3.0, 1.0, 2.0, 10.0]);
        assert_eq!((samples.median(), samples.spread(), samples.count()), (2.5, [1.0, 10.0], 4));
        assert_eq!(Samples::new(vec![5.0, 7.0, 6.0]).median(), 6.0);
    }
}
