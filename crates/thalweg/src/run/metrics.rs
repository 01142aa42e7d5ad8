//! `metrics.jsonl`: a flat object per report and part, one per line.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

use super::problem::RunProblem;
use crate::error::{Error, Result};
use crate::train::{Part, PartReport, Report};
use crate::whole_file::write_whole;

/// The columns of `metrics.csv` in their order; a user's own metrics come after them.
const COLUMNS: [&str; 28] = [
    "epoch",
    "step",
    "split",
    "loss",
    "data_loss",
    "accuracy",
    "correct",
    "mse",
    "mae",
    "r2",
    "rmse",
    "mape",
    "precision_macro",
    "recall_macro",
    "f1_macro",
    "precision_weighted",
    "recall_weighted",
    "f1_weighted",
    "top_k",
    "roc_auc",
    "roc_auc_weighted",
    "average_precision",
    "log_loss",
    "brier",
    "calibration_error",
    "learning_rate",
    "seconds",
    "checksum",
];

/// Microseconds are enough for a wall clock.
const SECONDS_DIGITS: f64 = 1e6;

/// One part of one report, as a line.
struct Line<'a> {
    report: &'a Report,
    part: &'a PartReport,
}

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("epoch", &self.report.epoch)?;
        map.serialize_entry("step", &self.report.step)?;
        map.serialize_entry("split", self.part.part.name())?;
        map.serialize_entry("loss", &self.part.loss)?;
        map.serialize_entry("data_loss", &self.part.data_loss)?;
        if let Some(correct) = self.part.metrics.correct {
            map.serialize_entry("accuracy", &self.part.metrics.accuracy)?;
            map.serialize_entry("correct", &correct)?;
        }
        let metrics = &self.part.metrics;
        for (name, value) in [("mse", metrics.mse), ("mae", metrics.mae), ("r2", metrics.r2)] {
            if let Some(value) = value {
                map.serialize_entry(name, &value)?;
            }
        }
        for (metric, value) in &metrics.more {
            map.serialize_entry(metric.name(), value)?;
        }
        for (name, value) in &self.part.custom {
            map.serialize_entry(name, value)?;
        }
        map.serialize_entry("learning_rate", &self.report.learning_rate)?;
        let seconds = (self.report.seconds * SECONDS_DIGITS).round() / SECONDS_DIGITS;
        map.serialize_entry("seconds", &seconds)?;
        if self.part.part == Part::Train {
            map.serialize_entry("checksum", &format!("{:016x}", self.report.checksum))?;
        }
        map.end()
    }
}

/// The lines of a report, one per part, each with its line end.
pub(super) fn lines(report: &Report) -> String {
    let line = |part| serde_json::to_string(&Line { report, part }).unwrap_or_default() + "\n";
    report.parts.iter().map(line).collect()
}

/// The same as rows.
pub(super) fn rows(report: &Report) -> Vec<MetricsRow> {
    lines(report).lines().filter_map(|line| MetricsRow::parse(line).ok()).collect()
}

/// One line read back.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricsRow {
    /// Epochs completed.
    pub epoch: u64,
    /// Updates made before the loss was computed.
    pub step: u64,
    /// `train`, `validation` or `test`.
    pub split: String,
    /// Every field of the line.
    pub fields: Map<String, Value>,
}

impl MetricsRow {
    /// A number of the line: `loss`, `accuracy`, `seconds` ...; `None` if it has none of that name, or one that was not
    /// finite.
    pub fn number(&self, name: &str) -> Option<f64> {
        self.fields.get(name)?.as_f64()
    }

    /// The first field whose value is another in `other`, or which that does not have, as `"validation.loss"`; the clock aside.
    pub(super) fn first_other(&self, other: &MetricsRow) -> Option<String> {
        let is_other =
            |name: &&String| *name != "seconds" && self.fields.get(*name) != other.fields.get(*name);
        self.fields.keys().find(is_other).map(|name| format!("{}.{name}", self.split))
    }

    fn parse(line: &str) -> Result<Self, String> {
        let fields: Map<String, Value> = serde_json::from_str(line).map_err(|error| error.to_string())?;
        let whole = |name: &str| {
            fields
                .get(name)
                .and_then(Value::as_u64)
                .ok_or_else(|| format!("there is no whole number {name:?}"))
        };
        let split =
            fields.get("split").and_then(Value::as_str).ok_or("there is no text \"split\"")?.to_owned();
        Ok(MetricsRow { epoch: whole("epoch")?, step: whole("step")?, split, fields })
    }
}

/// The whole lines of the file and what they say. A last line that was cut off by a kill is left out.
fn read_lines(path: &Path) -> Result<Vec<(String, MetricsRow)>> {
    let mut text = String::new();
    let failed = |error| Error::io(path, "read", error);
    File::open(path).map_err(failed)?.read_to_string(&mut text).map_err(failed)?;
    let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
    let row = |(index, line): (usize, &str)| match MetricsRow::parse(line) {
        Ok(row) => Ok((line.to_owned(), row)),
        Err(reason) => Err(Error::Run {
            path: path.to_owned(),
            problem: RunProblem::MetricsLine { line: index + 1, reason },
        }),
    };
    whole.lines().enumerate().map(row).collect()
}

/// Reads the file.
pub(super) fn read(path: &Path) -> Result<Vec<MetricsRow>> {
    Ok(read_lines(path)?.into_iter().map(|(_, row)| row).collect())
}

/// Cuts the file back to the reports that were made when a state was saved, so that going on writes the rest again.
pub(super) fn cut_back(path: &Path, last_report: Option<u64>) -> Result<()> {
    let lines = if path.exists() { read_lines(path)? } else { Vec::new() };
    let kept: String = lines
        .iter()
        .filter(|(_, row)| last_report.is_some_and(|last| row.step <= last))
        .map(|(line, _)| format!("{line}\n"))
        .collect();
    if let Some(step) = last_report
        && !lines.iter().any(|(_, row)| row.step == step)
    {
        return Err(Error::Run { path: path.to_owned(), problem: RunProblem::MetricsEnd { step } });
    }
    write_whole(path, |file| file.write_all(kept.as_bytes()))
}

/// Writes the same as a table.
pub(super) fn write_csv(rows: &[MetricsRow], path: &Path) -> Result<()> {
    let names: BTreeSet<&str> = rows.iter().flat_map(|row| row.fields.keys().map(String::as_str)).collect();
    let known = COLUMNS.into_iter().filter(|name| names.contains(name));
    let own = names.iter().copied().filter(|name| !COLUMNS.contains(name));
    let columns: Vec<&str> = known.chain(own).collect();
    write_whole(path, |file| {
        let mut csv = csv::Writer::from_writer(file);
        csv.write_record(&columns)?;
        for row in rows {
            csv.write_record(columns.iter().map(|name| match row.fields.get(*name) {
                None | Some(Value::Null) => String::new(),
                Some(Value::String(text)) => text.clone(),
                Some(value) => value.to_string(),
            }))?;
        }
        csv.flush()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Metric;

    #[test]
    fn every_metric_has_its_column() {
        assert_eq!(COLUMNS[5..][..Metric::NAMES.len()], Metric::NAMES);
    }
}
