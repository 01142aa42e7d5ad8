//! `thalweg compare`: runs side by side: what was set otherwise, how they went, what they came to.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use thalweg::Loss;
use thalweg::model_file::{PartFigures, Status as RunStatus};
use thalweg::run::{RunFolder, TrainResult};
use thalweg::train::History;

use crate::arguments::CompareArguments;
use crate::exit::{Failure, Status};
use crate::numbers;
use crate::output::Output;
use crate::pictures;
use crate::recorded;
use crate::table::Table;
use crate::training::{self, parts};

/// What stands where a run says nothing.
const NOTHING: &str = "-";

/// The status of a run that has not come to its end.
const UNFINISHED: &str = "unfinished";

/// One of the runs.
struct Run {
    /// The folder's own name, or the whole path where two have the same.
    name: String,
    folder: RunFolder,
    settings: Vec<(String, String)>,
    history: History,
    /// None as long as it has not come to its end.
    result: Option<TrainResult>,
}

pub(crate) fn run(arguments: &CompareArguments, output: &Output) -> Result<Status, Failure> {
    let runs: Vec<Run> =
        arguments.runs.iter().map(|path| open(path, &arguments.runs)).collect::<Result<_, _>>()?;
    let differences = differences(&runs);
    output.json(&object(&runs, &differences));
    if differences.is_empty() {
        output.line("all settings are the same");
    } else {
        let heads = ["setting"].into_iter().chain(runs.iter().map(|run| run.name.as_str()));
        let mut table = Table::new(heads);
        for (key, values) in &differences {
            table.row([*key].into_iter().chain(values.iter().map(|value| value.unwrap_or(NOTHING))));
        }
        output.line(table);
    }
    output.line("");
    output.line(figures(&runs));
    if let Some(out) = &arguments.out {
        draw(&runs, out)?;
        output.line(format_args!("their curves together: {}", out.display()));
    }
    Ok(Status::Done)
}

fn open(path: &Path, all: &[PathBuf]) -> Result<Run, Failure> {
    let folder = RunFolder::open(path)?;
    let short = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let is_alone = all.iter().filter(|other| short(other) == short(path)).count() == 1;
    let name = short(path).filter(|_| is_alone).unwrap_or_else(|| path.display().to_string());
    let (settings, history, result) =
        (folder.experiment().written_settings(), recorded::history(&folder)?, folder.result()?);
    Ok(Run { name, folder, settings, history, result })
}

/// The settings that are not the same in all runs, each with its value in every run, in the order in which they are written.
fn differences(runs: &[Run]) -> Vec<(&str, Vec<Option<&str>>)> {
    let mut keys: Vec<&str> = Vec::new();
    for (key, _) in runs.iter().flat_map(|run| &run.settings) {
        if !keys.contains(&key.as_str()) {
            keys.push(key);
        }
    }
    let mut rows = Vec::new();
    for key in keys {
        let of = |run: &'_ Run| run.settings.iter().position(|(own, _)| own == key);
        let values: Vec<Option<&str>> =
            runs.iter().map(|run| of(run).map(|at| run.settings[at].1.as_str())).collect();
        if values.iter().any(|value| *value != values[0]) {
            rows.push((key, values));
        }
    }
    rows
}

/// A row for each run: how far it went and what it came to.
fn figures(runs: &[Run]) -> Table {
    let named: Vec<&str> = ["train", "validation", "test"]
        .into_iter()
        .filter(|name| runs.iter().any(|run| part(run, name).is_some()))
        .collect();
    let mut heads = vec!["run".to_owned(), "status".to_owned(), "steps".to_owned()];
    for name in &named {
        let is_classified = runs.iter().filter_map(|run| part(run, name)).any(|part| part.accuracy.is_some());
        heads.push(format!("{name} loss"));
        heads.push(format!("{name} {}", if is_classified { "accuracy" } else { "r2" }));
    }
    let mut table = Table::new(heads);
    for run in runs {
        let (status, steps) = match &run.result {
            Some(result) if result.summary.status == RunStatus::Stopped => ("stopped", result.summary.steps),
            Some(result) => ("finished", result.summary.steps),
            None => (UNFINISHED, run.history.last().map_or(0, |report| report.step)),
        };
        let mut row = vec![run.name.clone(), status.to_owned(), numbers::count(steps)];
        for name in &named {
            let part = part(run, name);
            row.push(part.map_or(NOTHING.to_owned(), |part| numbers::loss(part.loss)));
            let measure = |part: &PartFigures| match (part.accuracy, part.r2) {
                (Some(accuracy), _) => Some(numbers::percent(accuracy)),
                (None, r2) => r2.map(numbers::measure),
            };
            row.push(part.and_then(measure).unwrap_or(NOTHING.to_owned()));
        }
        table.row(row);
    }
    table
}

/// What a run came to on a part.
fn part<'r>(run: &'r Run, name: &str) -> Option<&'r PartFigures> {
    let result = run.result.as_ref()?;
    parts(result).find(|(own, _)| *own == name).map(|(_, part)| part)
}

/// The training losses together.
fn draw(runs: &[Run], out: &Path) -> Result<(), Failure> {
    let curves: Vec<(String, &History)> = runs.iter().map(|run| (run.name.clone(), &run.history)).collect();
    let experiment = runs[0].folder.experiment();
    let loss = experiment.training.loss.clone().unwrap_or(Loss::MeanSquaredError);
    let picture = pictures::sweep(&experiment.name, &experiment.training, &loss, &curves)?;
    pictures::write(&picture, out)
}

fn object(runs: &[Run], differences: &[(&str, Vec<Option<&str>>)]) -> Value {
    let settings: Map<String, Value> =
        differences.iter().map(|(key, values)| ((*key).to_owned(), json!(values))).collect();
    let run = |run: &Run| match &run.result {
        Some(result) => training::object(result),
        None => json!({ "run": run.folder.path().display().to_string(), "status": UNFINISHED }),
    };
    json!({ "settings": settings, "runs": runs.iter().map(run).collect::<Vec<_>>() })
}
