//! The table of a sweep: what each setting came to over its runs.

use std::collections::BTreeMap;

use super::plan::{Plan, signed};
use super::spread::Spread;
use crate::data::{Dataset, DatasetTargets};
use crate::error::Result;
use crate::model_file::{PartFigures, TrainingSummary};
use crate::run::Prepared;

/// So many rows show which metrics there are.
const ROWS_TO_LOOK_AT: usize = 256;

/// And so many of each class.
const ROWS_OF_A_CLASS: usize = 2;

/// What a setting came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Which of the plan's settings.
    pub setting: usize,
    /// The rung that the figures are of.
    pub rung: usize,
    /// Every metric of every part, over the runs that have it: `validation.loss`.
    pub figures: BTreeMap<String, Spread>,
    /// The runs that failed.
    pub failed: Vec<usize>,
    /// The runs that have no result yet.
    pub missing: usize,
}

/// Every number that a result has, by part and name: `validation.accuracy`.
pub fn figures(result: &TrainingSummary) -> BTreeMap<String, f64> {
    let parts = [("train", &result.train), ("validation", &result.validation), ("test", &result.test)];
    let mut figures = BTreeMap::new();
    for (part, found) in parts {
        figures.extend(found.iter().flat_map(|found| part_figures(part, found)));
    }
    figures
}

/// The names of all numbers that the results of an experiment have, found by evaluating its start on some rows.
///
/// # Errors
/// As [`Model::evaluate`](crate::Model::evaluate).
pub fn known_metrics(prepared: &Prepared) -> Result<Vec<String>> {
    let model = prepared.untrained_model();
    let mut names = Vec::new();
    for (part, data) in prepared.parts() {
        let report = model.evaluate(&data.select(&rows_to_look_at(data)), part)?;
        names
            .extend(part_figures(part.name(), &PartFigures::from(&report)).into_iter().map(|(name, _)| name));
    }
    Ok(names)
}

/// The numbers of one part. Its rows are no metric.
fn part_figures(part: &str, figures: &PartFigures) -> Vec<(String, f64)> {
    let Ok(serde_json::Value::Object(fields)) = serde_json::to_value(figures) else { return Vec::new() };
    let number =
        |(name, value): (&String, &serde_json::Value)| Some((format!("{part}.{name}"), value.as_f64()?));
    fields.iter().filter(|(name, _)| *name != "rows").filter_map(number).collect()
}

/// The first rows, and some of each class further on: without a row of a class its metrics have no value.
fn rows_to_look_at(data: &Dataset) -> Vec<u32> {
    let mut rows: Vec<u32> = (0..data.rows().min(ROWS_TO_LOOK_AT) as u32).collect();
    if let DatasetTargets::Classes { ids, count } = data.targets() {
        let mut seen = vec![0; *count];
        for (row, &class) in ids.iter().enumerate() {
            seen[class as usize] += 1;
            if row >= ROWS_TO_LOOK_AT && seen[class as usize] <= ROWS_OF_A_CLASS {
                rows.push(row as u32);
            }
        }
    }
    rows
}

/// One of these numbers; one that is not finite is none.
pub(super) fn figure(result: &TrainingSummary, metric: &str) -> Option<f64> {
    figures(result).get(metric).copied()
}

impl Plan {
    /// A row per setting, in the plan's order.
    pub fn rows(&self) -> Vec<Row> {
        (0..self.settings.len()).map(|setting| self.row(setting)).collect()
    }

    /// The figures of the highest rung at which all runs of the setting are; of the lowest where there is none.
    fn row(&self, setting: usize) -> Row {
        let runs = self.runs_of(setting);
        let is_whole = |rung: &usize| {
            let mut results = runs.clone().filter(|&run| !self.runs[run].state.is_failure());
            results.clone().next().is_some() && results.all(|run| self.result_at(run, *rung).is_some())
        };
        let rung = (0..self.rungs()).rev().find(is_whole).unwrap_or(0);
        let mut values: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for result in runs.clone().filter_map(|run| self.result_at(run, rung)) {
            for (name, value) in figures(result) {
                values.entry(name).or_default().push(value);
            }
        }
        Row {
            setting,
            rung,
            figures: values
                .into_iter()
                .filter_map(|(name, values)| Some((name, Spread::of(&values)?)))
                .collect(),
            failed: runs.clone().filter(|&run| self.runs[run].state.is_failure()).collect(),
            missing: runs.filter(|&run| !self.is_decided(run, 0)).count(),
        }
    }

    /// Puts the best rows first: those that came furthest, then by the mean of the metric. Settings of which a run failed, and those
    /// without the metric, come last; equals keep their order.
    pub fn sort(&self, rows: &mut [Row], metric: &str) {
        let value = |row: &Row| row.figures.get(metric).map(|spread| signed(metric, spread.mean));
        let whole = |row: &Row| row.failed.is_empty() && row.missing == 0 && value(row).is_some();
        rows.sort_by(|a, b| {
            let key = |row: &Row| value(row).unwrap_or(f64::INFINITY);
            whole(b)
                .cmp(&whole(a))
                .then(b.rung.cmp(&a.rung))
                .then(key(a).total_cmp(&key(b)))
                .then(a.setting.cmp(&b.setting))
        });
    }

    /// The row of the best setting by the plan's own metric, of those that came furthest and have a result of every run.
    pub fn best<'r>(&self, rows: &'r [Row]) -> Option<&'r Row> {
        let mut sorted: Vec<Row> = rows.to_vec();
        self.sort(&mut sorted, &self.metric);
        let first = sorted.first()?;
        let is_whole =
            first.failed.is_empty() && first.missing == 0 && first.figures.contains_key(&self.metric);
        rows.iter().find(|row| is_whole && row.setting == first.setting)
    }
}
