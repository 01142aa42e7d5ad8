//! `thalweg lr-find`: the learning rate range test.

use std::path::Path;

use serde_json::{Value, json};
use thalweg::train::{RateCurve, RateRange};
use thalweg::{Real, run};
use thalweg_draw::LineChart;

use crate::arguments::LrFindArguments;
use crate::exit::{Failure, Status};
use crate::numbers;
use crate::output::Output;
use crate::pictures::{self, PictureProblem};
use crate::{draft, training};

pub(crate) fn run(arguments: &LrFindArguments, output: &Output) -> Result<Status, Failure> {
    let range = RateRange { from: arguments.from, to: arguments.to, steps: arguments.tries };
    if !(range.from > 0.0 && range.to > range.from && range.to.is_finite() && range.steps >= 2) {
        return Err(Failure::usage(format!(
            "--from {} --to {} --tries {}: the first must be above 0, the second above the first, the third at least 2",
            range.from, range.to, range.steps
        )));
    }
    let named = draft::named(&arguments.what, &arguments.data, &arguments.settings)?;
    let prepared = run::prepare(named.check()?, named.data_folder.as_deref())?;
    training::announce(&prepared, output);
    let curve = prepared.rate_range(range)?;
    let name = &prepared.experiment.name;
    if let Some(out) = &arguments.out {
        draw(name, &curve, out)?;
        output.note(format_args!("wrote {}", out.display()));
    }
    output.json(&object(&curve));
    let steps = numbers::counted(curve.points.len() as u64, "step");
    let last = curve.points.last().map_or(range.from, |point| point.rate);
    output.line(format_args!("{steps}, the rate rising from {:.1e} to {last:.1e}", range.from));
    if let Some(lowest) = curve.lowest {
        output.line(format_args!("the smoothed loss was lowest at {lowest:.1e}"));
    }
    match curve.suggestion {
        Some(rate) => output.line(format_args!("it fell fastest at {rate:.1e}: try --lr {rate:.1e}")),
        None => {
            output.line("it never fell: nothing to suggest; try other rates, scaled data, or another network")
        }
    }
    Ok(Status::Done)
}

fn draw(name: &str, curve: &RateCurve, out: &Path) -> Result<(), Failure> {
    let column = |value: fn(&thalweg::train::RatePoint) -> f64| -> Vec<f64> {
        curve.points.iter().map(value).collect()
    };
    let (rates, losses, smoothed) = (
        column(|point| Real::log(point.rate) / std::f64::consts::LN_10),
        column(|point| point.loss),
        column(|point| point.smoothed),
    );
    let picture = LineChart::new(format!("{name}: loss while the learning rate rises"))
        .x_label("learning rate, as a power of 10")
        .y_label("loss")
        .curve("loss", &rates, &losses)
        .curve("smoothed", &rates, &smoothed)
        .draw()
        .map_err(PictureProblem::Draw)?;
    pictures::write(&picture, out)
}

fn object(curve: &RateCurve) -> Value {
    let points: Vec<Value> = curve
        .points
        .iter()
        .map(|point| json!({ "learning_rate": point.rate, "loss": point.loss, "smoothed": point.smoothed }))
        .collect();
    json!({ "suggestion": curve.suggestion, "lowest": curve.lowest, "points": points })
}
