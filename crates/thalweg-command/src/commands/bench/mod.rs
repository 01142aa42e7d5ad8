//! `thalweg bench`: the library's own engine timed on this machine, beside what the machine can do.

mod machine;
mod measure;
mod passes;
mod report;
mod sets;
mod works;

use thalweg::Precision;
use thalweg::train::BatchSize;

use crate::arguments::BenchArguments;
use crate::environment;
use crate::exit::{Failure, Status};
use crate::interrupt::Interrupt;
use crate::numbers;
use crate::output::Output;
use crate::progress;
use machine::{Caches, Level, Limits};
use measure::Samples;
use sets::{Rows, Sets};
use works::{Unit, Work};

/// The longest that a work may be sampled, in seconds.
const LONGEST: f64 = 3600.0;

/// A work that was timed.
struct Timed {
    work: Work,
    threads: usize,
    input: &'static str,
    origin: &'static str,
    needs: Needs,
    samples: Samples,
}

/// What bounds a work, and how much of it a unit needs.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Needs {
    /// Floating-point operations of the products, a multiply-add counted as two.
    Operations(f64),
    /// Bytes that are read.
    Bytes(usize),
}

pub(crate) fn run(arguments: &BenchArguments, output: &Output) -> Result<Status, Failure> {
    let seconds = arguments.seconds;
    if !(seconds > 0.0 && seconds <= LONGEST) {
        return Err(Failure::usage(format!(
            "--seconds must be above 0 and at most {LONGEST}, not {seconds}"
        )));
    }
    let threads = threads(arguments)?;
    let works = works::chosen(&arguments.work)?;
    let mut sets = Sets::new(arguments.data.clone())?;
    let interrupt = Interrupt::listen()?;
    let bar = output.progress.then(|| {
        let length = works.len() * threads.len();
        progress::bar(length as u64, "{pos}/{len} works  {msg}")
    });
    let mut timed = Vec::new();
    for work in works {
        let rows = sets.rows(work.set)?;
        let needs = needs(&work, &rows)?;
        for &threads in &threads {
            let title =
                format!("{} ({} from {}) on {}", work.name, work.precision, rows.input(), on(threads));
            if let Some(bar) = &bar {
                bar.set_message(title.clone());
            }
            let samples = measure::time(&work, &rows, threads, seconds, &interrupt)?;
            let line = format!("{title}: {} per {}", numbers::time(samples.median()), work.unit.name());
            match &bar {
                Some(bar) => bar.inc(1),
                None => output.note(line),
            }
            let (input, origin, work) = (rows.input(), rows.origin, work.clone());
            timed.push(Timed { work, threads, input, origin, needs, samples });
        }
    }
    // Before the limits are measured, for which memory is taken that no work needs.
    let peak_memory_mb = machine::peak_memory_mb().filter(|_| arguments.work.len() == 1);
    let caches = Caches::of_this_machine();
    let mut limits = Vec::new();
    for &threads in &threads {
        if let Some(bar) = &bar {
            bar.set_message(format!("the machine's limits on {}", on(threads)));
        }
        limits.push(Limits::measure(threads, caches, seconds));
    }
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    let report = report::Report { timed, limits, caches, peak_memory_mb };
    output.json(&report.json());
    output.line(report.text());
    Ok(Status::Done)
}

/// The numbers of threads: those asked for, else one and all.
fn threads(arguments: &BenchArguments) -> Result<Vec<usize>, Failure> {
    let mut threads = Vec::new();
    for &count in &arguments.threads {
        threads.push(environment::threads(Some(count))?);
    }
    if threads.is_empty() {
        threads = vec![1, environment::threads(None)?];
    }
    threads.sort_unstable();
    threads.dedup();
    Ok(threads)
}

/// `1 thread`, `2 threads`.
fn on(threads: usize) -> String {
    numbers::counted(threads as u64, "thread")
}

/// What one unit of a work needs.
fn needs(work: &Work, rows: &Rows) -> Result<Needs, Failure> {
    // The precision changes the size of a number only.
    let network = measure::network::<f32>(work, rows)?;
    let layers = network.layers().iter();
    let products_of_layers: Vec<usize> = layers
        .map(|layer| layer.layer.multiplications(&layer.input))
        .filter(|products| *products > 0)
        .collect();
    if work.is_bound_by_reading {
        let number = match work.precision {
            Precision::F32 => size_of::<f32>(),
            Precision::F64 => size_of::<f64>(),
        };
        return Ok(Needs::Bytes(rows.bytes() + network.parameter_count() * number));
    }
    let all: usize = products_of_layers.iter().sum();
    let products = match work.unit {
        Unit::Rows(_) | Unit::Pass(..) => all,
        // Forward, dw, and dx of every layer but the first.
        Unit::Step | Unit::TenSteps | Unit::Epoch => {
            3 * all - products_of_layers.first().copied().unwrap_or(0)
        }
    };
    let count = match (work.unit, work.settings.batch_size) {
        (Unit::Rows(count), _) => count,
        (Unit::Pass(convolution, _), _) => convolution.rows,
        (Unit::TenSteps, _) => 10 * rows.dataset.rows(),
        (Unit::Step, BatchSize::Rows(count)) => count.min(rows.dataset.rows()),
        (Unit::Step | Unit::Epoch, _) => rows.dataset.rows(),
    };
    Ok(Needs::Operations(2.0 * products as f64 * count as f64))
}

/// What bounds a work on a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Limit {
    Fma(Precision),
    Read(Level),
}

impl Limit {
    /// The name in JSON: that of the limit without its unit.
    fn name(self) -> &'static str {
        match self {
            Limit::Fma(Precision::F32) => "fma_f32",
            Limit::Fma(Precision::F64) => "fma_f64",
            Limit::Read(Level::L1) => "read_l1",
            Limit::Read(Level::L2) => "read_l2",
            Limit::Read(Level::L3) => "read_l3",
            Limit::Read(Level::Memory) => "read_memory",
        }
    }

    /// The name in the table.
    fn title(self) -> &'static str {
        match self {
            Limit::Fma(_) => "FMA",
            Limit::Read(Level::L1) => "read L1",
            Limit::Read(Level::L2) => "read L2",
            Limit::Read(Level::L3) => "read L3",
            Limit::Read(Level::Memory) => "read memory",
        }
    }
}

impl Timed {
    /// The share of the machine's limit that was reached, and which limit that is.
    fn share(&self, limits: &[Limits], caches: Caches) -> Option<(f64, Limit)> {
        let limits = limits.iter().find(|limits| limits.threads == self.threads)?;
        let seconds = self.samples.median();
        Some(match self.needs {
            Needs::Operations(operations) => {
                let precision = self.work.precision;
                (operations / (seconds * limits.fma(precision)), Limit::Fma(precision))
            }
            Needs::Bytes(bytes) => {
                let level = Level::holding(bytes, self.threads, caches);
                (bytes as f64 / (seconds * limits.read(level)?), Limit::Read(level))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs_of(name: &str) -> Vec<Needs> {
        let mut sets = Sets::new(None).unwrap();
        let works = works::chosen(&[name.to_owned()]).unwrap();
        works.iter().map(|work| needs(work, &sets.rows(work.set).unwrap()).unwrap()).collect()
    }

    #[test]
    fn operations_and_bytes_are_counted_by_hand() {
        // 100 rows: forward 27·9 + 9·3, as much for dw, 9·3 for dx of the second layer.
        let regression = 2.0 * 100.0 * f64::from(27 * 9 + 9 * 3 + 27 * 9 + 9 * 3 + 9 * 3);
        assert_eq!(needs_of("W1"), [Needs::Operations(regression)]);
        let spiral = 2.0 * 300.0 * f64::from(2 * (2 * 100 + 100 * 3) + 100 * 3);
        assert_eq!(needs_of("W3"), [Needs::Operations(spiral); 2]);
        let cats = 209 * 12_288;
        assert_eq!(needs_of("W4"), [Needs::Bytes(cats + 4 * 12_289), Needs::Bytes(4 * cats + 4 * 12_289)]);
        let step = 2.0 * 8.0 * f64::from(2 * (20 * 30 + 30 * 5) + 30 * 5);
        assert_eq!(needs_of("20-30-5@8"), [Needs::Operations(step)]);
        // 784 and 100 positions; forward, dw, and dx of every layer but the first.
        let (first, others) = (784 * 6 * 25, 100 * 16 * 150 + 400 * 120 + 120 * 84 + 84 * 10);
        assert_eq!(needs_of("INF9"), [Needs::Operations(2.0 * f64::from(first + others))]);
        let epoch = 2.0 * 60_000.0 * f64::from(2 * first + 3 * others);
        assert_eq!(needs_of("W9"), [Needs::Operations(epoch)]);
        assert_eq!(needs_of("DEPTHWISE"), [Needs::Operations(2.0 * f64::from(8 * 64 * 56 * 56 * 9))]);
    }
}
