//! Pictures of a run: which kinds there are, which of them a run has, and how each is made from the run's numbers.
//!
//! A [`Recorder`] watches the run; [`draw_run`] then writes every picture that applies into a folder, each as SVG and PNG,
//! and [`draw_kind`] draws one of them again from a run that is over. What only a run in progress can record (the frames
//! of an animation, the path of the parameters) is in the folder alone.

mod activations;
mod boundary;
mod confusion;
mod files;
mod filters;
mod fit;
mod history;
mod images;
mod problem;
mod recorder;
mod subject;
mod surface;
#[cfg(test)]
mod tests;
mod trained;
mod weights;
mod write;

use std::path::{Path, PathBuf};

use thalweg::Loss;
use thalweg::data::{Dataset, DatasetTargets};
use thalweg::network::PlacedLayer;
use thalweg::train::{History, Part, TrainingSettings};
use thalweg_draw::{Animation, Picture};

pub(crate) use history::{spans_decades, sweep};
pub(crate) use problem::{PictureProblem, Reason};
pub(crate) use recorder::{Recorder, View};
pub(crate) use subject::Subject;
pub(crate) use trained::Trained;
pub(crate) use write::write;

/// A kind of picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    /// Its name: `thalweg draw RUN NAME`, and the name of its files.
    pub(crate) name: &'static str,
    /// What it shows, in one line.
    pub(crate) description: &'static str,
}

/// All kinds, in the order in which a person would look at them.
pub(crate) const KINDS: &[Kind] = &[
    Kind { name: "loss", description: "the loss of each part over the run" },
    Kind { name: "loss-animation", description: "the same, moving (of `train --live`)" },
    Kind { name: "accuracy", description: "the share of rows predicted correctly over the run" },
    Kind { name: "fit", description: "data and fitted curve: one input, one number" },
    Kind { name: "fit-animation", description: "the curve going through its points" },
    Kind { name: "data", description: "the points by class: two features" },
    Kind { name: "boundary", description: "the class chosen at each place of the plane: two features" },
    Kind { name: "boundary-animation", description: "the same, moving" },
    Kind { name: "images", description: "the first images with label and prediction" },
    Kind { name: "image", description: "one image by its index, with label and prediction" },
    Kind { name: "mistakes", description: "the images that are predicted most wrongly" },
    Kind { name: "confusion", description: "which class is taken for which" },
    Kind { name: "weights", description: "the weights of the first dense layer" },
    Kind { name: "filters", description: "the filters of the first convolution" },
    Kind { name: "features", description: "what the first convolution makes of one image by its index" },
    Kind { name: "activations", description: "the network's activation functions and their derivatives" },
    Kind { name: "surface", description: "a slice of the loss surface with the path of the descent" },
];

/// The image that is drawn where nobody says which: the one that the published script on cats shows.
pub(crate) const USUAL_INDEX: usize = 25;

/// A run as its pictures see it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RunView<'a> {
    /// The experiment's name.
    pub(crate) name: &'a str,
    /// How it was trained.
    pub(crate) training: &'a TrainingSettings,
    /// The loss.
    pub(crate) loss: &'a Loss,
    /// The layers with their shapes and places.
    pub(crate) layers: &'a [PlacedLayer],
    /// The rows trained on.
    pub(crate) train: &'a Dataset,
    /// The rows that chose the weights.
    pub(crate) validation: Option<&'a Dataset>,
    /// The rows that decided nothing.
    pub(crate) test: Option<&'a Dataset>,
    /// Every report.
    pub(crate) history: &'a History,
    /// The epoch whose weights were kept.
    pub(crate) best_epoch: Option<u64>,
}

/// What a picture may be asked for beside its kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Choice {
    /// Which image, from 0; [`USUAL_INDEX`] without it, or the last row of fewer.
    pub(crate) index: Option<usize>,
    /// Of which part; each kind has its own default.
    pub(crate) part: Option<Part>,
}

/// A picture that is drawn.
#[derive(Clone, Debug)]
pub(crate) enum Drawing {
    /// One that stands still.
    Still(Picture),
    /// One that moves.
    Moving(Animation),
}

/// What [`draw_run`] did.
#[derive(Debug, Default)]
pub(crate) struct Drawn {
    /// The files written.
    pub(crate) files: Vec<PathBuf>,
    /// Pictures that should have been there and failed.
    pub(crate) problems: Vec<(&'static str, PictureProblem)>,
}

impl RunView<'_> {
    /// The rows of a part.
    fn part(&self, part: Part) -> Result<&Dataset, PictureProblem> {
        let found = match part {
            Part::Train => Some(self.train),
            Part::Validation => self.validation,
            Part::Test => self.test,
        };
        found.ok_or(PictureProblem::NoSuchPart { part: part.name() })
    }

    /// The part that nothing was decided by, or the nearest to it.
    fn outermost_part(&self) -> Part {
        match (self.test, self.validation) {
            (Some(_), _) => Part::Test,
            (None, Some(_)) => Part::Validation,
            (None, None) => Part::Train,
        }
    }

    fn is_classified(&self) -> bool {
        matches!(self.train.targets(), DatasetTargets::Classes { .. })
    }
}

/// What a part's network says of its rows: predictions by row.
fn predicted<'r>(
    run: &RunView<'r>,
    trained: &mut dyn Trained,
    part: Part,
) -> Result<Vec<Vec<f64>>, PictureProblem> {
    let data = run.part(part)?;
    let values = trained.predict(data)?;
    Ok(values.chunks_exact(values.len() / data.rows()).map(<[f64]>::to_vec).collect())
}

/// Draws one kind of picture of a run.
///
/// # Errors
/// [`PictureProblem::UnknownKind`], [`PictureProblem::DoesNotApply`] for a kind without a meaning here, and what drawing
/// and predicting refuse.
pub(crate) fn draw_kind(
    kind: &str,
    run: &RunView<'_>,
    trained: &mut dyn Trained,
    recorder: Option<&Recorder>,
    choice: Choice,
) -> Result<Drawing, PictureProblem> {
    let unknown = || PictureProblem::UnknownKind {
        given: kind.to_owned(),
        known: KINDS.iter().map(|kind| kind.name).collect(),
    };
    let name = KINDS.iter().find(|known| known.name == kind).map(|known| known.name).ok_or_else(unknown)?;
    let drawing = match name {
        "loss" => history::loss(run).map(Drawing::Still),
        "loss-animation" => history::animation(run, recorder).map(Drawing::Moving),
        "accuracy" => history::accuracy(run).map(Drawing::Still),
        "fit" => fit::fit(run, trained, recorder).map(Drawing::Still),
        "fit-animation" => fit::animation(run, recorder).map(Drawing::Moving),
        "data" => boundary::data(run).map(Drawing::Still),
        "boundary" => boundary::boundary(run, trained).map(Drawing::Still),
        "boundary-animation" => boundary::animation(run, recorder).map(Drawing::Moving),
        "images" => images::images(run, trained, choice).map(Drawing::Still),
        "image" => images::image(run, trained, choice).map(Drawing::Still),
        "mistakes" => images::mistakes(run, trained, choice).map(Drawing::Still),
        "confusion" => confusion::confusion(run, trained, choice).map(Drawing::Still),
        "weights" => weights::weights(run, trained).map(Drawing::Still),
        "filters" => filters::filters(run, trained).map(Drawing::Still),
        "features" => filters::features(run, trained, choice).map(Drawing::Still),
        "activations" => activations::activations(run).map(Drawing::Still),
        "surface" => surface::surface(run, trained, recorder).map(Drawing::Still),
        _ => Err(Unfit::Problem(unknown())),
    };
    drawing.map_err(|unfit| match unfit {
        Unfit::Reason(reason) => PictureProblem::DoesNotApply { kind: name, reason },
        Unfit::Problem(problem) => problem,
    })
}

/// Draws every picture that applies to a run that has just ended, and writes each as SVG and PNG into `folder`, which is
/// made if need be. Each file is written whole or not at all. An animation's PNG is an animated PNG.
///
/// # Errors
/// When a file cannot be written. A picture that cannot be drawn is named in [`Drawn::problems`], and the others are drawn.
pub(crate) fn draw_run(
    run: &RunView<'_>,
    trained: &mut dyn Trained,
    recorder: &Recorder,
    folder: &Path,
) -> Result<Drawn, PictureProblem> {
    let mut drawn = Drawn::default();
    let (mut kinds, mut drawings) = (Vec::new(), Vec::new());
    for kind in KINDS {
        match draw_kind(kind.name, run, trained, Some(recorder), Choice::default()) {
            Ok(drawing) => {
                kinds.push(kind.name);
                drawings.push((file_name(kind.name, run), drawing));
            }
            Err(PictureProblem::DoesNotApply { .. }) => {}
            Err(problem) => drawn.problems.push((kind.name, problem)),
        }
    }
    for (kind, written) in kinds.into_iter().zip(files::write_all(folder, &drawings)?) {
        match written {
            Ok(files) => drawn.files.extend(files),
            Err(problem @ PictureProblem::Draw(_)) => drawn.problems.push((kind, problem)),
            Err(problem) => return Err(problem),
        }
    }
    Ok(drawn)
}

/// The name of a kind's files in a run, without extension: an image carries its index.
fn file_name(kind: &str, run: &RunView<'_>) -> String {
    match kind {
        "image" | "features" => format!("{kind}-{}", images::usual_index(run.train)),
        other => other.to_owned(),
    }
}

impl Drawing {
    /// The drawing as SVG; an animation moves by CSS.
    ///
    /// # Errors
    /// As [`Animation::to_svg`].
    pub(crate) fn to_svg(&self) -> Result<String, PictureProblem> {
        Ok(match self {
            Drawing::Still(picture) => picture.to_svg(),
            Drawing::Moving(animation) => animation.to_svg()?,
        })
    }

    /// The drawing as PNG, an animation as animated PNG.
    ///
    /// # Errors
    /// As [`Picture::to_png`] and [`Animation::to_apng`].
    pub(crate) fn to_png(&self) -> Result<Vec<u8>, PictureProblem> {
        Ok(match self {
            Drawing::Still(picture) => picture.to_png(files::SCALE)?,
            Drawing::Moving(animation) => {
                animation.clone().thinned(files::MOST_PIXEL_FRAMES).to_apng(files::MOVING_SCALE)?
            }
        })
    }
}

/// What a kind's own function answers where there is no picture.
#[derive(Debug)]
enum Unfit {
    /// It has no meaning here.
    Reason(Reason),
    /// Something failed.
    Problem(PictureProblem),
}

impl From<Reason> for Unfit {
    fn from(reason: Reason) -> Self {
        Unfit::Reason(reason)
    }
}

impl<E: Into<PictureProblem>> From<E> for Unfit {
    fn from(error: E) -> Self {
        Unfit::Problem(error.into())
    }
}
