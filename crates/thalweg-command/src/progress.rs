//! Progress: a bar on a terminal, one plain line per report everywhere.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use thalweg::Error;
use thalweg::train::{Command, Observer, Part, PartReport, Progress, Report, Snapshot};

use crate::numbers;
use crate::output::Output;

/// How often the bar moves, in seconds.
const BAR_PERIOD: f64 = 0.05;

/// Shows a run's reports, and on a terminal how far it is.
pub(crate) struct ProgressObserver {
    output: Output,
    is_full_batch: bool,
    bar: Option<ProgressBar>,
    metric: String,
    next: u64,
    steps_per_epoch: u64,
    /// Step and seconds when this was asked first: a run that begins from another has a clock of its own.
    first: Option<(u64, f64)>,
}

impl ProgressObserver {
    /// Shows a run; full-batch runs count steps, others epochs.
    pub(crate) fn new(output: Output, is_full_batch: bool) -> Self {
        ProgressObserver {
            output,
            is_full_batch,
            bar: None,
            metric: String::new(),
            next: 0,
            steps_per_epoch: 1,
            first: None,
        }
    }

    fn start(&mut self, progress: &Progress) {
        self.steps_per_epoch = progress.steps_per_epoch.max(1);
        if self.output.progress && self.bar.is_none() {
            let bar = bar(progress.total_steps, "{pos}/{len} steps  {msg}{eta} left");
            bar.set_position(progress.step);
            bar.reset_eta();
            self.bar = Some(bar);
        }
    }

    /// `epoch 3`, `step 100`, or both in the middle of an epoch.
    fn moment(&self, report: &Report) -> String {
        if self.is_full_batch {
            format!("step {}", report.step)
        } else if report.step.is_multiple_of(self.steps_per_epoch) {
            format!("epoch {}", report.epoch)
        } else {
            format!("epoch {}, step {}", report.epoch + 1, report.step)
        }
    }
}

impl Observer for ProgressObserver {
    fn next_step(&self) -> Option<u64> {
        Some(self.next)
    }

    fn on_step(&mut self, progress: &Progress, _: &mut dyn Snapshot) -> thalweg::Result<Command> {
        self.start(progress);
        self.next = match &self.bar {
            Some(bar) => {
                bar.set_position(progress.step);
                let (step, seconds) = *self.first.get_or_insert((progress.step, progress.seconds));
                let per_second = (progress.step - step) as f64 / (progress.seconds - seconds).max(1e-9);
                if progress.loss.is_finite() {
                    let loss = numbers::loss(progress.loss);
                    let speed = numbers::count(per_second as u64);
                    bar.set_message(format!("loss {loss}{}  {speed} steps/s  ", self.metric));
                }
                progress.step + ((per_second * BAR_PERIOD) as u64).max(1)
            }
            None => u64::MAX,
        };
        Ok(Command::Continue)
    }

    fn on_report(&mut self, report: &Report, _: &mut dyn Snapshot) -> thalweg::Result<Command> {
        let line = format!("{}: {}", self.moment(report), parts(report));
        match &self.bar {
            Some(bar) => {
                self.metric = shown_metric(report);
                bar.println(line);
            }
            None => self.output.note(line),
        }
        Ok(Command::Continue)
    }

    fn on_warning(&mut self, warning: &Error) {
        match &self.bar {
            Some(bar) => bar.suspend(|| self.output.unsaved(warning)),
            None => self.output.unsaved(warning),
        }
    }
}

impl Drop for ProgressObserver {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// A bar on stderr.
pub(crate) fn bar(length: u64, template: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr_with_hz(20));
    let style = ProgressStyle::with_template(&format!("{{bar:30}} {template}"));
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("━╸ "));
    bar
}

/// All parts of a report in one line, the training part without its name.
fn parts(report: &Report) -> String {
    let part = |part: &PartReport| match part.part {
        Part::Train => figures(part),
        Part::Validation | Part::Test => format!("{} {}", part.part.name(), figures(part)),
    };
    report.parts.iter().map(part).collect::<Vec<_>>().join("; ")
}

/// `loss 0.245000, 9321 / 10000`, then the metrics that were asked for.
pub(crate) fn figures(part: &PartReport) -> String {
    let mut text = format!("loss {}", numbers::loss(part.loss));
    let metrics = &part.metrics;
    match (metrics.correct, metrics.accuracy, metrics.r2) {
        (Some(correct), Some(accuracy), _) => {
            text.push_str(&format!(", {correct} / {} ({})", metrics.rows, numbers::percent(accuracy)));
        }
        (_, _, Some(r2)) => text.push_str(&format!(", r2 {r2:.4}")),
        _ => {}
    }
    for (metric, value) in &metrics.more {
        text.push_str(&format!(", {} {}", metric.name(), numbers::measure(*value)));
    }
    for (name, value) in &part.custom {
        text.push_str(&format!(", {name} {}", numbers::measure(*value)));
    }
    text
}

/// The metric beside the bar: of the test part if there is one, else of validation, else of training.
fn shown_metric(report: &Report) -> String {
    let Some(part) = report.parts.last() else { return String::new() };
    match (part.metrics.accuracy, part.metrics.r2) {
        (Some(accuracy), _) => format!("  {} accuracy {}", part.part.name(), numbers::percent(accuracy)),
        (_, Some(r2)) => format!("  {} r2 {r2:.4}", part.part.name()),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use thalweg::metrics::{Metric, MetricValues};

    fn report(epoch: u64, step: u64) -> Report {
        let metrics = MetricValues {
            more: vec![(Metric::F1Macro, 0.93125)],
            rows: 10_000,
            accuracy: Some(0.9321),
            correct: Some(9321),
            ..MetricValues::default()
        };
        let part = |part, metrics| PartReport { part, loss: 0.25, data_loss: 0.25, metrics, custom: vec![] };
        Report {
            epoch,
            step,
            learning_rate: 3.0,
            seconds: 1.0,
            parts: vec![part(Part::Train, MetricValues::default()), part(Part::Test, metrics)],
            checksum: 0,
        }
    }

    #[test]
    fn a_report_is_one_line() {
        let mut observer = ProgressObserver::new(
            Output { json: false, quiet: false, verbose: false, progress: false },
            false,
        );
        observer.steps_per_epoch = 5000;
        assert_eq!(observer.moment(&report(3, 15_000)), "epoch 3");
        assert_eq!(observer.moment(&report(3, 15_100)), "epoch 4, step 15100");
        observer.is_full_batch = true;
        assert_eq!(observer.moment(&report(100, 100)), "step 100");
        assert_eq!(
            parts(&report(3, 15_000)),
            "loss 0.250000; test loss 0.250000, 9321 / 10000 (93.21 %), f1_macro 0.9313"
        );
    }
}
