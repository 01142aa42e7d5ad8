//! What a sweep shows: a table, a picture, JSON.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::{Map, Value, json};
use thalweg::metrics::Metric;
use thalweg::model_file::{PartFigures, TrainingSummary};
use thalweg::run::{RunFolder, TrainResult};
use thalweg::sweep::{Plan, Row, RunState, Setting, Spread, SweepFolder, label};
use thalweg::train::History;
use thalweg::whole_file::write_whole;
use thalweg::{Loss, sweep};

use crate::exit::Failure;
use crate::numbers;
use crate::output::Output;
use crate::pictures::{self, PictureProblem};
use crate::recorded;
use crate::table::Table;
use crate::training;

/// Pixels per unit of the picture as PNG.
const PIXELS_PER_UNIT: f64 = 2.0;

/// More curves than an eye can tell apart.
const MOST_CURVES: usize = 24;

/// A cell with nothing in it.
const NOTHING: &str = "-";

/// A result in one line.
pub(super) fn figures(result: &TrainingSummary) -> String {
    let part = |(name, part): (&str, &PartFigures)| match part.accuracy {
        Some(accuracy) => format!("{name} loss {}, {}", numbers::loss(part.loss), numbers::percent(accuracy)),
        None => format!("{name} loss {}", numbers::loss(part.loss)),
    };
    training::parts_of(result).map(part).collect::<Vec<_>>().join("; ")
}

/// Draws the training losses of the runs, in the table's order, into one picture; its files come back.
pub(super) fn draw(folder: &SweepFolder, plan: &Plan, rows: &[Row]) -> Result<Vec<PathBuf>, Failure> {
    let runs = rows.iter().flat_map(|row| plan.runs_of(row.setting));
    let trained: Vec<usize> =
        runs.filter(|&run| !plan.runs[run].results.is_empty()).take(MOST_CURVES).collect();
    let Some(&first) = trained.first() else { return Ok(Vec::new()) };
    let mut histories: Vec<(String, History)> = Vec::new();
    for &run in &trained {
        let history = recorded::history(&RunFolder::open(folder.run(plan, run))?)?;
        histories.push((plan.run_label(run), history));
    }
    let curves: Vec<(String, &History)> =
        histories.iter().map(|(label, history)| (label.clone(), history)).collect();
    let opened = RunFolder::open(folder.run(plan, first))?;
    let training = &opened.experiment().training;
    let loss = training.loss.clone().unwrap_or(Loss::MeanSquaredError);
    let picture = pictures::sweep(&plan.name, training, &loss, &curves)?;
    let (svg, png) = (folder.path().join("loss.svg"), folder.path().join("loss.png"));
    let pixels = picture.to_png(PIXELS_PER_UNIT).map_err(PictureProblem::Draw)?;
    write_whole(&svg, |file| file.write_all(picture.to_svg().as_bytes()))?;
    write_whole(&png, |file| file.write_all(&pixels))?;
    Ok(vec![svg, png])
}

/// Prints the table, or everything as JSON.
pub(super) fn show(
    folder: &SweepFolder,
    plan: &Plan,
    rows: &[Row],
    sort: &str,
    picture: &[PathBuf],
    output: &Output,
) {
    let path = folder.path().display().to_string();
    let is_complete = plan.is_complete();
    let runs: Vec<Value> =
        (0..plan.runs.len()).map(|run| run_object(folder, plan, run, is_complete)).collect();
    output.json(&json!({
        "name": plan.name,
        "folder": path,
        "picture": picture.iter().map(|path| path.display().to_string()).collect::<Vec<_>>(),
        "search": plan.search,
        "seed": plan.seed,
        "metric": plan.metric,
        "halving": plan.halving,
        "complete": is_complete,
        "best": plan.best(rows).map(|row| object(&plan.settings[row.setting])),
        "settings": rows.iter().map(|row| row_object(plan, row)).collect::<Vec<_>>(),
        "runs": runs,
    }));
    let asked = folder.experiment(plan, 0).training.metrics;
    output.line(table(plan, rows, sort, &asked));
    if let Some(best) = plan.best(rows).filter(|_| plan.settings.len() > 1) {
        let value = cell(&plan.metric, best.figures[&plan.metric].mean);
        let settings = label(&plan.settings[best.setting]);
        output.line(format_args!("the best by {}, {value}: {settings}", plan.metric));
    }
    output.line(format_args!("the runs lie in {path}"));
    if let Some(path) = picture.first() {
        output.line(format_args!("their curves together: {}", path.display()));
    }
}

/// The table: a row per setting; the loss, the first measure and the metrics asked for of each part, and the one that it is
/// sorted by.
fn table(plan: &Plan, rows: &[Row], sort: &str, asked: &[Metric]) -> Table {
    let metrics = shown(rows, sort, asked);
    let repeats = plan.repeats() > 1;
    let has_reasons = rows.iter().any(|row| !row.failed.is_empty());
    let mut heads: Vec<String> = plan
        .settings
        .first()
        .map_or(Vec::new(), |setting| setting.iter().map(|(key, _)| key.clone()).collect());
    if plan.halving.is_some() {
        heads.push("epochs".to_owned());
    }
    if repeats {
        heads.push("runs".to_owned());
    }
    for metric in &metrics {
        heads.push(metric.replace('.', " ").replace("data_loss", "data loss"));
        if repeats {
            heads.push("±".to_owned());
        }
        if repeats && metric == sort {
            heads.extend(["min", "max"].map(str::to_owned));
        }
    }
    if has_reasons {
        heads.push("not there because".to_owned());
    }
    let mut table = Table::new(heads);
    for row in rows {
        let mut cells: Vec<String> =
            plan.settings[row.setting].iter().map(|(_, value)| value.clone()).collect();
        if let Some(halving) = &plan.halving {
            cells.push(numbers::count(reached(plan, row).unwrap_or(halving.epochs[row.rung])));
        }
        let count = row.figures.values().map(|spread| spread.count).max().unwrap_or(0);
        if repeats {
            cells.push(numbers::count(count as u64));
        }
        for metric in &metrics {
            let spread = row.figures.get(metric);
            let one = |value: fn(&Spread) -> Option<f64>| {
                spread.and_then(value).map_or(NOTHING.to_owned(), |value| cell(metric, value))
            };
            cells.push(one(|spread| Some(spread.mean)));
            if repeats {
                cells.push(one(|spread| spread.std));
            }
            if repeats && metric == sort {
                cells.extend([one(|spread| Some(spread.min)), one(|spread| Some(spread.max))]);
            }
        }
        cells.extend(reason(plan, row));
        table.row(cells);
    }
    table
}

/// For how many epochs the runs of a row were trained; not as many as its rung says where they ended before.
fn reached(plan: &Plan, row: &Row) -> Option<u64> {
    plan.runs_of(row.setting)
        .filter_map(|run| plan.result_at(run, row.rung))
        .map(|result| result.epochs)
        .max()
}

/// Why runs of a setting have no figures: `diverged: the loss is ...`, or `1 of 5 runs diverged: ...`.
fn reason(plan: &Plan, row: &Row) -> Option<String> {
    let first = &plan.runs[*row.failed.first()?];
    let repeats = plan.repeats();
    let which = if repeats > 1 { format!("{} of {repeats} runs ", row.failed.len()) } else { String::new() };
    Some(format!("{which}{}: {}", first.state.name(), first.reason.as_deref().unwrap_or_default()))
}

/// The metrics that have columns: of each part its loss, its accuracy or r2, those that not every run has, and the one that was asked
/// for.
fn shown(rows: &[Row], sort: &str, asked: &[Metric]) -> Vec<String> {
    let is_there = |metric: &str| rows.iter().any(|row| row.figures.contains_key(metric));
    let mut metrics = Vec::new();
    for part in ["train", "validation", "test"] {
        let of_part = |name: &str| format!("{part}.{name}");
        let measure = ["accuracy", "r2"].map(of_part).into_iter().find(|metric| is_there(metric));
        metrics.push(of_part("loss"));
        metrics.extend(measure);
        let names: BTreeSet<&String> = rows.iter().flat_map(|row| row.figures.keys()).collect();
        let is_shown = |metric: &&String| {
            let own = metric.strip_prefix(part).and_then(|rest| rest.strip_prefix('.'));
            own.is_some_and(|own| asked.iter().any(|asked| asked.name() == own) || *metric == sort)
        };
        let others: Vec<String> = names.into_iter().filter(is_shown).cloned().collect();
        metrics.extend(others.into_iter().filter(|metric| !metrics.contains(metric)).collect::<Vec<_>>());
    }
    metrics.retain(|metric| is_there(metric));
    metrics
}

/// A metric's value for people.
fn cell(metric: &str, value: f64) -> String {
    match metric.split_once('.').map_or(metric, |(_, name)| name) {
        "loss" | "data_loss" => numbers::loss(value),
        "accuracy" => numbers::percent(value),
        _ => numbers::measure(value),
    }
}

fn object(setting: &Setting) -> Map<String, Value> {
    setting.iter().map(|(key, value)| (key.clone(), Value::from(value.as_str()))).collect()
}

/// A setting as JSON: what its runs came to together.
fn row_object(plan: &Plan, row: &Row) -> Value {
    json!({
        "settings": object(&plan.settings[row.setting]),
        "epochs": reached(plan, row),
        "runs": plan.runs_of(row.setting).collect::<Vec<_>>(),
        "failed": row.failed,
        "figures": row.figures,
    })
}

/// A run as JSON: its settings, and its result or why there is none.
fn run_object(folder: &SweepFolder, plan: &Plan, number: usize, is_complete: bool) -> Value {
    let run = &plan.runs[number];
    let path = folder.run(plan, number).display().to_string();
    let mut whole = json!({ "settings": object(&plan.settings[run.setting]), "seed": run.seed });
    if let Some(fold) = run.fold {
        whole["fold"] = json!(fold.number);
    }
    if let Some(result) = run.results.last() {
        let result = TrainResult { run: path.clone(), summary: result.clone() };
        if let (Value::Object(whole), Value::Object(result)) = (&mut whole, training::object(&result)) {
            whole.extend(result);
        }
    }
    match run.state {
        RunState::Finished => {}
        RunState::Paused if is_complete => whole["status"] = json!("dropped"),
        state => whole["status"] = json!(state.name()),
    }
    whole["run"] = json!(path);
    if let Some(reason) = &run.reason {
        whole["error"] = json!(reason);
    }
    if plan.halving.is_some() {
        let rung =
            |result: &TrainingSummary| json!({ "epochs": result.epochs, "figures": sweep::figures(result) });
        whole["rungs"] = json!(run.results.iter().map(rung).collect::<Vec<_>>());
    }
    whole
}
