//! `thalweg gradcheck`: an experiment's gradients against differences of its loss.

use serde_json::{Value, json};
use thalweg::gradient_check::{self, Comparison, GradientReport};
use thalweg::run;
use thalweg::train::TrainingSettings;

use crate::arguments::GradcheckArguments;
use crate::exit::{Failure, Status};
use crate::numbers;
use crate::output::Output;
use crate::table::Table;
use crate::{draft, training};

pub(crate) fn run(arguments: &GradcheckArguments, output: &Output) -> Result<Status, Failure> {
    let named = draft::named(&arguments.what, &arguments.data, &arguments.settings)?;
    let prepared = run::prepare(named.check()?, named.data_folder.as_deref())?;
    training::announce(&prepared, output);
    let settings =
        TrainingSettings { loss: Some(prepared.loss.clone()), ..prepared.experiment.training.clone() };
    let network = prepared.network.to_f64();
    let report = gradient_check::check(&network, &settings, &prepared.train, prepared.experiment.seed)?;
    output.json(&object(&report));
    print(&report, output);
    Ok(if report.ok { Status::Done } else { Status::Failed })
}

fn print(report: &GradientReport, output: &Output) {
    let mut table = Table::new(["parameter", "worst at", "backward", "differences", "relative error"]);
    for comparison in &report.by_parameter {
        table.row([
            comparison.parameter.clone(),
            comparison.index.map_or("a direction".to_owned(), |index| index.to_string()),
            format!("{:.9e}", comparison.analytic),
            format!("{:.9e}", comparison.numeric),
            format!("{:.1e}", comparison.relative_error),
        ]);
    }
    output.line(table);
    if report.kinks > 0 {
        output.line(format_args!(
            "{} of the forward pass on a kink; {} checked beside it",
            numbers::counted(report.kinks as u64, "value"),
            numbers::counted(report.checked_beside as u64, "coordinate")
        ));
    }
    let rows = numbers::counted(report.rows as u64, "row");
    let comparisons = numbers::counted(report.comparisons as u64, "comparison");
    match (&report.worst, report.ok) {
        (Some(worst), false) => output.line(format_args!(
            "WRONG: the gradient of {} is off by {:.1e}, more than {:.0e} ({comparisons}, {rows})",
            worst.parameter,
            worst.relative_error,
            gradient_check::TOLERANCE
        )),
        _ => output.line(format_args!(
            "right: every gradient is within {:.0e} ({comparisons}, {rows})",
            gradient_check::TOLERANCE
        )),
    }
}

fn object(report: &GradientReport) -> Value {
    let worst = |worst: &Comparison| {
        json!({
            "parameter": worst.parameter,
            "index": worst.index,
            "analytic": worst.analytic,
            "numeric": worst.numeric,
            "relative_error": worst.relative_error,
        })
    };
    json!({ "ok": report.ok, "worst": report.worst.as_ref().map(worst), "kinks": report.kinks })
}
