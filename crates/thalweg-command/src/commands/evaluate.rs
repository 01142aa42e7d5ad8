//! `thalweg evaluate`: loss and metrics of a trained model on data.

use std::path::Path;

use thalweg::metrics::{Metric, MetricValues};
use thalweg::model_file::PartFigures;
use thalweg::train::Part;

use crate::arguments::EvaluateArguments;
use crate::exit::{Failure, Status};
use crate::numbers;
use crate::output::Output;
use crate::table::Table;
use crate::{source, training};

/// A table of more classes than this is more than anybody reads.
const MOST_CLASSES: usize = 30;

pub(crate) fn run(arguments: &EvaluateArguments, output: &Output) -> Result<Status, Failure> {
    let trained = source::open(&arguments.model)?;
    let model = &trained.model;
    let (report, name): (_, String) = match (&arguments.source, &trained.run) {
        (Some(name), run) => {
            let options = source::options(arguments.data.as_deref(), run.as_ref());
            let loaded = model.load_rows(&source::source(name), None, &options)?;
            loaded.notices.iter().for_each(|notice| output.notice(notice));
            (model.evaluate(&loaded.dataset, Part::Test)?, file_name(name))
        }
        (None, Some(run)) => {
            let prepared = run.prepare()?;
            let (part, data) =
                prepared.parts().last().expect("a prepared run has a training part, whatever else it has");
            (model.evaluate(data, part)?, part.name().to_owned())
        }
        (None, None) => {
            return Err(Failure::usage("a model file does not know its data: thalweg evaluate MODEL DATA"));
        }
    };
    let figures = PartFigures::from(&report);
    output.json(&figures);
    output.line(training::figures_table(&[(&name, &figures)]));
    let metrics = &report.metrics;
    if !metrics.classes.is_empty() {
        output.line("");
        match metrics.classes.len() {
            ..=MOST_CLASSES => output.line(classes_table(metrics)),
            classes => {
                output.line(format_args!("precision, recall and F1 of {classes} classes: with --json"))
            }
        }
    }
    let headlines = headlines(metrics);
    if !headlines.is_empty() {
        output.line("");
        output.line(headlines_table(&headlines));
    }
    for group in metrics.undefined.chunk_by(|(_, a), (_, b)| a == b) {
        let names: Vec<&str> = group.iter().map(|(metric, _)| metric.name()).collect();
        output.line(format_args!("no {}: {}", names.join(", "), group[0].1));
    }
    Ok(Status::Done)
}

/// A row per class, and their averages.
fn classes_table(metrics: &MetricValues) -> Table {
    let mut table = Table::new(["class", "precision", "recall", "f1", "rows"]);
    for class in &metrics.classes {
        let shares = [class.precision, class.recall, class.f1].map(numbers::measure);
        let [precision, recall, f1] = shares;
        table.row([class.label.clone(), precision, recall, f1, numbers::count(class.support)]);
    }
    let averages = [
        ("mean of the classes", [Metric::PrecisionMacro, Metric::RecallMacro, Metric::F1Macro]),
        ("weighted by their rows", [Metric::PrecisionWeighted, Metric::RecallWeighted, Metric::F1Weighted]),
    ];
    for (name, of) in averages {
        let values = of.map(|metric| metrics.get(metric).map_or("-".to_owned(), numbers::measure));
        let [precision, recall, f1] = values;
        table.row([name.to_owned(), precision, recall, f1, numbers::count(metrics.rows)]);
    }
    table
}

/// The metrics that stand in no other table.
fn headlines(metrics: &MetricValues) -> Vec<(Metric, f64)> {
    let is_average = |metric: Metric| metric.needs_class_counts();
    metrics.more.iter().copied().filter(|(metric, _)| !is_average(*metric)).collect()
}

/// One row, a column per metric.
fn headlines_table(metrics: &[(Metric, f64)]) -> Table {
    let mut table = Table::new(metrics.iter().map(|(metric, _)| metric.name()));
    table.row(metrics.iter().map(|(_, value)| numbers::measure(*value)));
    table
}

/// The last part of a path: the table has no room for all of it.
fn file_name(path: &str) -> String {
    Path::new(path).file_name().map_or_else(|| path.to_owned(), |name| name.to_string_lossy().into_owned())
}
