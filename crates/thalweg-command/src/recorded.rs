//! What a run recorded in its folder, as the library's own types.

use thalweg::metrics::{Metric, MetricValues};
use thalweg::run::{MetricsRow, RunFolder};
use thalweg::train::{History, Part, PartReport, Report};

use crate::exit::Failure;

/// Every report of a run, those before a resume too.
pub(crate) fn history(run: &RunFolder) -> Result<History, Failure> {
    Ok(History { reports: reports(&run.metrics()?) })
}

/// The lines of one moment are one report.
fn reports(rows: &[MetricsRow]) -> Vec<Report> {
    let same = |a: &MetricsRow, b: &MetricsRow| (a.epoch, a.step) == (b.epoch, b.step);
    let report = |rows: &[MetricsRow]| Report {
        epoch: rows[0].epoch,
        step: rows[0].step,
        learning_rate: rows[0].number("learning_rate").unwrap_or(f64::NAN),
        seconds: rows[0].number("seconds").unwrap_or(f64::NAN),
        parts: rows.iter().filter_map(part).collect(),
        checksum: rows[0]
            .fields
            .get("checksum")
            .and_then(|sum| u64::from_str_radix(sum.as_str()?, 16).ok())
            .unwrap_or_default(),
    };
    rows.chunk_by(same).map(report).collect()
}

/// One line; a number that was not finite is not a number again.
fn part(row: &MetricsRow) -> Option<PartReport> {
    let part =
        [Part::Train, Part::Validation, Part::Test].into_iter().find(|part| part.name() == row.split)?;
    let correct = row.fields.get("correct").and_then(serde_json::Value::as_u64);
    let accuracy = row.number("accuracy");
    let rows = match (correct, accuracy) {
        (Some(correct), Some(accuracy)) if accuracy > 0.0 => (correct as f64 / accuracy).round() as u64,
        _ => 0,
    };
    let number = |name| row.number(name).unwrap_or(f64::NAN);
    Some(PartReport {
        part,
        loss: number("loss"),
        data_loss: number("data_loss"),
        metrics: MetricValues {
            rows,
            accuracy,
            correct,
            mse: row.number("mse"),
            mae: row.number("mae"),
            r2: row.number("r2"),
            more: more(row),
            ..MetricValues::default()
        },
        custom: Vec::new(),
    })
}

/// The metrics that not every report has.
fn more(row: &MetricsRow) -> Vec<(Metric, f64)> {
    let more = Metric::ALL.into_iter().filter(|metric| !metric.is_always_there());
    more.filter_map(|metric| Some((metric, row.number(metric.name())?))).collect()
}
