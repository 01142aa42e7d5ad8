//! Data and fitted curve: at the start, along the way, at the end, and moving.

use thalweg_draw::{Animation, Fit, Picture};

use super::history::{FILM_SECONDS, kept_moment};
use super::recorder::{Frame, Recorder, View};
use super::subject::{Curve, Subject, embeds};
use super::{Reason, RunView, Trained, Unfit};

/// Shares of the run at which the curve along the way is shown.
const ALONG_THE_WAY: [f64; 3] = [0.03, 0.1, 0.3];

/// The room above and below the points in an animation, as a share of their range.
const ROOM: f64 = 0.12;

/// The points, the curve of the kept weights, and, of a run that was recorded, earlier curves.
pub(super) fn fit(
    run: &RunView<'_>,
    trained: &mut dyn Trained,
    recorder: Option<&Recorder>,
) -> Result<Picture, Unfit> {
    let own;
    let subject = match recorder {
        Some(recorder) => recorder.subject(),
        None => {
            own = Subject::of(run.train, run.layers, Some(run.loss))?;
            &own
        }
    };
    let Subject::Curve(curve) = subject else { return Err(not_a_curve(run)) };
    let mut fit = start(curve, format!("{}: data and fit", run.name));
    for (name, y) in recorder.map(stages).unwrap_or_default() {
        fit = fit.stage(name, &curve.places, y);
    }
    let end = trained.predict(&curve.rows)?;
    Ok(fit.stage(format!("end ({})", kept_moment(run)), &curve.places, &end).draw()?)
}

/// The curve going through its points.
pub(super) fn animation(run: &RunView<'_>, recorder: Option<&Recorder>) -> Result<Animation, Unfit> {
    let is_curve = matches!((run.train.columns(), run.train.outputs(), run.is_classified()), (1, 1, false));
    if !is_curve || embeds(run.layers) {
        return Err(not_a_curve(run));
    }
    let Some((recorder, Subject::Curve(curve))) = recorder.map(|recorder| (recorder, recorder.subject()))
    else {
        return Err(Reason::OnlyInTraining { what: "the moving curve" }.into());
    };
    let finite = || curve.points.1.iter().copied();
    let (low, high) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
    let room = ROOM * (high - low).max(f64::MIN_POSITIVE);
    let frames = recorder.frames();
    let mut film = Animation::new(FILM_SECONDS / frames.len().max(1) as f64);
    for frame in frames {
        if let View::Curve(y) = &frame.view {
            let fit = start(curve, format!("{}: {}", run.name, recorder.caption(frame)));
            film =
                film.frame(fit.stage("network", &curve.places, y).y_range(low - room, high + room).draw()?);
        }
    }
    if film.is_empty() {
        return Err(Reason::OnlyInTraining { what: "the moving curve" }.into());
    }
    Ok(film)
}

fn start(curve: &Curve, title: String) -> Fit {
    let [x, y] = &curve.labels;
    Fit::new(title).labels(x, y).points(&curve.points.0, &curve.points.1)
}

fn not_a_curve(run: &RunView<'_>) -> Unfit {
    if embeds(run.layers) {
        return Reason::Categories.into();
    }
    Reason::NotCurve { inputs: run.train.columns() }.into()
}

/// The start and a few moments along the way, each once.
fn stages(recorder: &Recorder) -> Vec<(String, &[f64])> {
    let frames = recorder.frames();
    let Some((first, last)) = frames.first().zip(frames.last()) else { return Vec::new() };
    let span = last.step.saturating_sub(first.step) as f64;
    let mut chosen: Vec<&Frame> = vec![first];
    for share in ALONG_THE_WAY {
        let wanted = first.step as f64 + share * span;
        let distance = |frame: &&Frame| (frame.step as f64 - wanted).abs();
        let nearest = frames.iter().min_by(|a, b| distance(a).total_cmp(&distance(b)));
        chosen.extend(
            nearest.filter(|frame| {
                frame.step < last.step && chosen.iter().all(|chosen| chosen.step < frame.step)
            }),
        );
    }
    let name = |step: u64| if step == 0 { "start".to_owned() } else { format!("step {step}") };
    chosen
        .into_iter()
        .filter_map(|frame| match &frame.view {
            View::Curve(y) => Some((name(frame.step), y.as_slice())),
            _ => None,
        })
        .collect()
}
