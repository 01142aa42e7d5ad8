//! What a run says about itself: a report, its parts, and all of them as history.

use crate::metrics::{Metric, MetricValues};

/// One of the parts that data is cut into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// The rows that are trained on.
    Train,
    /// The rows that decide which weights are kept and when to stop.
    Validation,
    /// The rows that decide nothing.
    Test,
}

impl Part {
    /// `"train"`, `"validation"` or `"test"`.
    pub const fn name(self) -> &'static str {
        match self {
            Part::Train => "train",
            Part::Validation => "validation",
            Part::Test => "test",
        }
    }
}

/// Loss and metrics of one part.
#[derive(Clone, Debug, PartialEq)]
pub struct PartReport {
    /// Which part.
    pub part: Part,
    /// The loss with penalties.
    pub loss: f64,
    /// The loss without penalties, in the target's own units.
    pub data_loss: f64,
    /// The metrics that go with the task.
    pub metrics: MetricValues,
    /// A user's own metrics, by name.
    pub custom: Vec<(String, f64)>,
}

impl PartReport {
    /// The value of `loss`, `data_loss`, one of [`Metric`]'s names or a custom metric.
    pub fn metric(&self, name: &str) -> Option<f64> {
        let custom = || self.custom.iter().find(|(custom, _)| custom == name).map(|(_, value)| *value);
        match name {
            "loss" => Some(self.loss),
            "data_loss" => Some(self.data_loss),
            _ => Metric::from_name(name).and_then(|metric| self.metrics.get(metric)).or_else(custom),
        }
    }

    /// The names that [`metric`](PartReport::metric) knows here.
    pub fn metric_names(&self) -> Vec<String> {
        ["loss", "data_loss"]
            .into_iter()
            .chain(Metric::NAMES)
            .map(str::to_owned)
            .chain(self.custom.iter().map(|(name, _)| name.clone()))
            .filter(|name| self.metric(name).is_some())
            .collect()
    }
}

/// Whether more of the metric of this name is better; of a loss and of a custom metric less is.
pub fn more_is_better(metric: &str) -> bool {
    Metric::from_name(metric).is_some_and(Metric::more_is_better)
}

/// What is known at one moment of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Passes over the training part completed; in a full-batch run the same as `step`.
    pub epoch: u64,
    /// Updates made before the training loss was computed; with mini-batches, updates made so far.
    pub step: u64,
    /// The base learning rate of the next step, or of the last one at the end.
    pub learning_rate: f64,
    /// Wall time since training began.
    pub seconds: f64,
    /// Every part that exists, the training part first.
    pub parts: Vec<PartReport>,
    /// The running hash of parameters and losses; 0 where reports are [brief](super::Trainer::brief_reports).
    pub checksum: u64,
}

impl Report {
    /// The report of one part.
    pub fn part(&self, part: Part) -> Option<&PartReport> {
        self.parts.iter().find(|report| report.part == part)
    }

    /// A metric by part and name: `"validation.loss"`.
    pub fn metric(&self, path: &str) -> Option<f64> {
        let (part, name) = path.split_once('.')?;
        self.parts.iter().find(|report| report.part.name() == part)?.metric(name)
    }
}

/// Every report of a run, oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// The reports.
    pub reports: Vec<Report>,
}

impl History {
    /// The losses of a part, as (step, loss).
    pub fn losses(&self, part: Part) -> Vec<(u64, f64)> {
        self.reports.iter().filter_map(|report| Some((report.step, report.part(part)?.loss))).collect()
    }

    /// The last report.
    pub fn last(&self) -> Option<&Report> {
        self.reports.last()
    }
}
