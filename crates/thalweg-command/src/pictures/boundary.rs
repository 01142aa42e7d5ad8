//! Two features and a class: the points, the regions of the plane, and the regions moving.

use thalweg_draw::{Animation, DecisionRegions, Picture, Scatter};

use super::history::FILM_SECONDS;
use super::images::percent;
use super::recorder::{Recorder, View};
use super::subject::{Plane, Regions, Subject, embeds};
use super::{Reason, RunView, Trained, Unfit};

/// Frames of the animation: each holds an image of the plane, so fewer than a moving curve has.
const MOST_FRAMES: usize = 40;

/// The points by class.
pub(super) fn data(run: &RunView<'_>) -> Result<Picture, Unfit> {
    let Subject::Plane(plane) = Subject::of(run.train, run.layers, Some(run.loss))? else {
        return Err(not_a_plane(run));
    };
    let (x, y, classes) = &plane.points;
    let rows = run.train.rows();
    let mut title = format!("{}: {rows} rows, {} classes", run.name, plane.class_names.len());
    if x.len() < rows {
        title.push_str(&format!(" ({} shown)", x.len()));
    }
    let [x_label, y_label] = &plane.labels;
    let scatter = Scatter::new(title).labels(x_label, y_label).points(x, y, classes);
    Ok(scatter.class_names(&class_names(&plane)).draw()?)
}

/// The class chosen at each place, shaded by how sure the network is, with the points on top.
pub(super) fn boundary(run: &RunView<'_>, trained: &mut dyn Trained) -> Result<Picture, Unfit> {
    let Subject::Plane(plane) = Subject::of(run.train, run.layers, Some(run.loss))? else {
        return Err(not_a_plane(run));
    };
    let regions = plane.regions(&trained.predict(&plane.rows)?);
    let predictions = super::predicted(run, trained, thalweg::train::Part::Train)?;
    let thalweg::data::DatasetTargets::Classes { ids, .. } = run.train.targets() else {
        return Err(not_a_plane(run));
    };
    let right = predictions
        .iter()
        .zip(ids)
        .filter(|(row, id)| super::subject::chosen(row, run.loss.gives_scores()).0 == Some(**id as usize))
        .count();
    let share = percent(right as f64 / ids.len() as f64);
    Ok(picture(&plane, &regions, format!("{}: {share} of {} rows predicted correctly", run.name, ids.len()))?)
}

/// The regions as they changed.
pub(super) fn animation(run: &RunView<'_>, recorder: Option<&Recorder>) -> Result<Animation, Unfit> {
    let Subject::Plane(_) = Subject::of(run.train, run.layers, Some(run.loss))? else {
        return Err(not_a_plane(run));
    };
    let recorded = recorder.map(|recorder| (recorder, recorder.subject()));
    let Some((recorder, Subject::Plane(plane))) =
        recorded.filter(|(recorder, _)| !recorder.frames().is_empty())
    else {
        return Err(Reason::OnlyInTraining { what: "the moving boundary" }.into());
    };
    let frames = recorder.frames();
    let every = frames.len().div_ceil(MOST_FRAMES);
    let count = frames.len().div_ceil(every);
    let mut film = Animation::new(FILM_SECONDS / count.max(1) as f64);
    for (i, frame) in frames.iter().enumerate() {
        if let View::Regions(regions) = &frame.view
            && (i % every == 0 || i + 1 == frames.len())
        {
            film = film.frame(picture(plane, regions, format!("{}: {}", run.name, recorder.caption(frame)))?);
        }
    }
    Ok(film)
}

fn picture(plane: &Plane, regions: &Regions, title: String) -> Result<Picture, thalweg_draw::DrawError> {
    let classes: Vec<usize> = regions.classes.iter().map(|&class| usize::from(class)).collect();
    let confidence: Vec<f64> = regions.confidence.iter().map(|&value| f64::from(value)).collect();
    let (x, y, labels) = &plane.points;
    let [x_label, y_label] = &plane.labels;
    DecisionRegions::new(title, plane.grid, &classes)
        .confidence(&confidence)
        .labels(x_label, y_label)
        .points(x, y, labels)
        .class_names(&class_names(plane))
        .draw()
}

/// Class names; a bare number says that it is a class.
fn class_names(plane: &Plane) -> Vec<String> {
    let is_number = |name: &str| name.parse::<f64>().is_ok();
    let named = |name: &String| if is_number(name) { format!("class {name}") } else { name.clone() };
    plane.class_names.iter().map(named).collect()
}

fn not_a_plane(run: &RunView<'_>) -> Unfit {
    if embeds(run.layers) {
        return Reason::Categories.into();
    }
    Reason::NotPlane { inputs: run.train.columns() }.into()
}
