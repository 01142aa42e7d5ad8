//! The course of a run: loss and accuracy over steps or epochs, one run or several together.

use thalweg::Loss;
use thalweg::train::{BatchSize, Every, History, Part, PartReport, Report, TrainingSettings};
use thalweg_draw::{Animation, LineChart, Picture};

use super::recorder::Recorder;
use super::{Reason, RunView, Unfit};

/// From this ratio of the largest to the smallest loss on, the axis is logarithmic.
const DECADES: f64 = 30.0;

/// Seconds that an animation of so many frames may take, and the least a frame is shown.
pub(super) const FILM_SECONDS: f64 = 6.0;

const PARTS: [Part; 3] = [Part::Train, Part::Validation, Part::Test];

/// Where reports lie along x.
struct Moments {
    label: &'static str,
    at: fn(&Report) -> f64,
}

impl Moments {
    fn of(training: &TrainingSettings) -> Self {
        let full = training.batch_size == BatchSize::Full;
        match training.report_every {
            None | Some(Every::Steps(100)) if full => {
                Moments { label: "steps (in hundreds)", at: |report| report.step as f64 / 100.0 }
            }
            None | Some(Every::Epochs(_)) if !full => {
                Moments { label: "epoch", at: |report| report.epoch as f64 }
            }
            _ => Moments { label: "step", at: |report| report.step as f64 },
        }
    }
}

/// The loss of every part.
pub(super) fn loss(run: &RunView<'_>) -> Result<Picture, Unfit> {
    let value = |part: &PartReport| Some(part.loss);
    let curves = curves(run.history, &Moments::of(run.training), value);
    let all = || curves.iter().flat_map(|(_, _, y)| y.iter().copied());
    if all().next().is_none() {
        return Err(Reason::NoReports.into());
    }
    let mut chart = LineChart::new(title(run)).y_label(loss_label(run.loss));
    if spans_decades(all()) {
        chart = chart.log_y();
    }
    Ok(drawn(chart, run, curves)?)
}

/// The accuracy of every part, in per cent.
pub(super) fn accuracy(run: &RunView<'_>) -> Result<Picture, Unfit> {
    let value = |part: &PartReport| part.metrics.accuracy.map(|accuracy| 100.0 * accuracy);
    let curves = curves(run.history, &Moments::of(run.training), value);
    if curves.is_empty() {
        return Err(if run.is_classified() { Reason::NoReports } else { Reason::NotClasses }.into());
    }
    let mut text = format!("{}: accuracy", run.name);
    if let Some((name, _, y)) = curves.last()
        && let Some(last) = y.last()
    {
        text.push_str(&format!(" ({last:.2} % of the {name} part at the end)"));
    }
    let chart = LineChart::new(text).y_label("accuracy (%)");
    Ok(drawn(chart, run, curves)?)
}

/// The loss at the frames of a show, growing.
pub(super) fn animation(run: &RunView<'_>, recorder: Option<&Recorder>) -> Result<Animation, Unfit> {
    let not_recorded = Reason::OnlyInTraining { what: "the animation of the loss (`train --live`)" };
    let Some(recorder) = recorder.filter(|recorder| recorder.is_for_show()) else {
        return Err(not_recorded.into());
    };
    let frames: Vec<_> = recorder.frames().iter().filter(|frame| frame.loss.is_finite()).collect();
    let (x, y): (Vec<f64>, Vec<f64>) = frames.iter().map(|frame| (frame.step as f64, frame.loss)).unzip();
    let (Some(low), Some(high)) = (y.iter().copied().reduce(f64::min), y.iter().copied().reduce(f64::max))
    else {
        return Err(not_recorded.into());
    };
    let log = spans_decades(y.iter().copied());
    let range =
        if log { (low / 1.3, high * 1.3) } else { (low - 0.05 * (high - low), high + 0.05 * (high - low)) };
    let mut film = Animation::new(FILM_SECONDS / frames.len().max(1) as f64);
    for (count, frame) in (1..).zip(&frames) {
        let mut chart = LineChart::new(format!("{}: {}", run.name, recorder.caption(frame)))
            .x_label("step")
            .y_label(loss_label(run.loss))
            .x_range(0.0, recorder.total_steps().max(1) as f64)
            .y_range(range.0, range.1);
        if log {
            chart = chart.log_y();
        }
        film = film.frame(chart.curve("train", &x[..count], &y[..count]).draw()?);
    }
    Ok(film)
}

/// The training losses of several runs of one experiment together.
pub(crate) fn sweep(
    name: &str,
    training: &TrainingSettings,
    loss: &Loss,
    runs: &[(String, &History)],
) -> Result<Picture, super::PictureProblem> {
    let moments = Moments::of(training);
    let mut chart = LineChart::new(format!("{name}: {} runs", runs.len()))
        .x_label(moments.label)
        .y_label(loss_label(loss));
    let mut all = Vec::new();
    for (run, history) in runs {
        let found = curves(history, &moments, |part| (part.part == Part::Train).then_some(part.loss));
        let (x, y) = found.into_iter().next().map(|(_, x, y)| (x, y)).unwrap_or_default();
        chart = chart.curve(run.clone(), &x, &y);
        all.extend(y);
    }
    if spans_decades(all.iter().copied()) {
        chart = chart.log_y();
    }
    Ok(chart.draw()?)
}

/// "Learning rate = 0.005 (cats, sgd)".
fn title(run: &RunView<'_>) -> String {
    let training = run.training;
    let rate = training.learning_rate.unwrap_or_else(|| training.optimizer.default_learning_rate());
    let schedule = match &training.schedule {
        thalweg::schedules::Schedule::Constant => "",
        _ => ", with a schedule",
    };
    format!("Learning rate = {rate} ({}, {}{schedule})", run.name, training.optimizer.name())
}

/// What the height of a loss curve is, in words.
pub(super) fn loss_label(loss: &Loss) -> String {
    match loss {
        Loss::SumOfSquares => "sum of squares".to_owned(),
        Loss::MeanSquaredError => "mean squared error".to_owned(),
        Loss::HalfSquares => "quadratic cost".to_owned(),
        Loss::MeanAbsoluteError => "mean absolute error".to_owned(),
        Loss::Huber { .. } => "Huber loss".to_owned(),
        Loss::LogCosh => "log-cosh loss".to_owned(),
        Loss::Quantile { quantile } => format!("quantile loss, {quantile}"),
        Loss::Poisson => "Poisson loss".to_owned(),
        Loss::Focal { .. } => "focal loss".to_owned(),
        Loss::Hinge => "hinge loss".to_owned(),
        Loss::SquaredHinge => "squared hinge loss".to_owned(),
        Loss::BinaryCrossEntropy | Loss::SmoothedBinaryCrossEntropy { .. } => {
            "cost (binary cross-entropy)".to_owned()
        }
        Loss::SoftmaxCrossEntropy | Loss::SmoothedSoftmaxCrossEntropy { .. } => {
            "loss (cross-entropy)".to_owned()
        }
        other => format!("loss ({})", other.name()),
    }
}

/// Whether values reach so far that a logarithmic axis shows them better.
pub(crate) fn spans_decades(values: impl Iterator<Item = f64>) -> bool {
    let (low, high) = values
        .filter(|value| value.is_finite())
        .fold((f64::INFINITY, 0.0), |(low, high): (f64, f64), value| (low.min(value), high.max(value)));
    low > 0.0 && high > low * DECADES
}

/// (name of the part, x, y) for every part of which the reports know the value.
fn curves(
    history: &History,
    moments: &Moments,
    value: impl Fn(&PartReport) -> Option<f64>,
) -> Vec<(&'static str, Vec<f64>, Vec<f64>)> {
    let curve = |part: Part| {
        let pairs = history.reports.iter().filter_map(|report| {
            let value = value(report.part(part)?)?;
            Some(((moments.at)(report), value))
        });
        let (x, y): (Vec<f64>, Vec<f64>) = pairs.unzip();
        (!x.is_empty()).then(|| (part.name(), x, y))
    };
    PARTS.into_iter().filter_map(curve).collect()
}

fn drawn(
    mut chart: LineChart,
    run: &RunView<'_>,
    curves: Vec<(&'static str, Vec<f64>, Vec<f64>)>,
) -> Result<Picture, thalweg_draw::DrawError> {
    let moments = Moments::of(run.training);
    chart = chart.x_label(moments.label);
    for (name, x, y) in &curves {
        chart = chart.curve(*name, x, y);
    }
    if let Some(epoch) = run.best_epoch.filter(|_| moments.label == "epoch") {
        chart = chart.mark(epoch as f64, format!("best epoch {epoch}"));
    }
    chart.draw()
}

/// "epoch 12" or "step 300": when the weights that were kept were made.
pub(super) fn kept_moment(run: &RunView<'_>) -> String {
    let last = run.history.last();
    let full = run.training.batch_size == BatchSize::Full;
    match (run.best_epoch, last) {
        (Some(epoch), _) if full => format!("step {epoch}, the best"),
        (Some(epoch), _) => format!("epoch {epoch}, the best"),
        (None, Some(report)) if full => format!("step {}", report.step),
        (None, Some(report)) => format!("epoch {}", report.epoch),
        (None, None) => "end".to_owned(),
    }
}
