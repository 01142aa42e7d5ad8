//! Sources: from what an experiment says to data sets that are split, prepared and scaled.

mod files;
mod folders;
mod named;

use std::path::PathBuf;

use crate::error::{Error, Result};
use crate::random::numpy::NumpyRandom;
use crate::shape::Shape;

use super::arrays::PartName;
use super::dataset::{Dataset, DatasetTargets};
use super::features::Features;
use super::generators::{self, Draws};
use super::notice::DataNotice;
use super::preprocessing::{InputScale, Preprocessing};
use super::problem::DataProblem;
use super::raw::{NumberKind, RawData, RawInputs, RawTarget};
use super::settings::{DataSettings, Generator, Scaling, Source, Split};
use super::splits::{SplitRows, fold_rows, split_rows};
use super::task::{TargetSchema, Task, TaskKind};

pub use folders::data_folders;
pub(crate) use named::named_folder;
pub use named::{NAMED, named_files};

/// What loading depends on besides the experiment's data settings.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LoadOptions {
    /// The folder of `--data`, searched first for sets known by name.
    pub data_folder: Option<PathBuf>,
    /// The run's seed: it decides splits and what generators draw.
    pub seed: u64,
    /// Whether generators draw from NumPy's stream (`random = "numpy"`); splits never do.
    pub draws_from_numpy: bool,
    /// How many classes there are, where the network says so: labels are then 0 to `classes` - 1. One output that tells
    /// two classes apart means 2.
    pub classes: Option<usize>,
    /// What the target is, where the loss says so; otherwise its values decide.
    pub task: Option<TaskKind>,
    /// The features that the network takes for ids of categories beside those made of text, by number: they are not scaled. `None` for a network
    /// without an embedding: each category of a text then has a feature of its own, else each text column is one feature, an id.
    pub ids: Option<Vec<usize>>,
    /// Whether the network takes images `[channels, height, width]`: rows in another order of axes are turned.
    pub images: bool,
    /// The shape of one example, where the network says it.
    pub input_shape: Option<Shape>,
}

/// The parts of an experiment's data, ready for training.
#[derive(Debug)]
pub struct Parts {
    /// Rows to train on.
    pub train: Dataset,
    /// Rows that choose the best epoch.
    pub validation: Option<Dataset>,
    /// Rows kept for the end.
    pub test: Option<Dataset>,
    /// What was fitted on the training part, for the model file.
    pub preprocessing: Preprocessing,
    /// How the rows were cut, whoever said so; the share of a part that has rows of its own is 0.
    pub split: Split,
    /// How the inputs were scaled, whoever said so; `None` for a division by another number than 255 (`digits`: by 16).
    pub scale: Option<Scaling>,
    /// What is learned.
    pub task: Task,
    /// Every file that was read, with the SHA-256 of its bytes.
    pub files: Vec<(PathBuf, String)>,
    /// What a person should know.
    pub notices: Vec<DataNotice>,
    /// NumPy's stream after the generators' draws, for the initial weights; there with `draws_from_numpy`.
    pub numpy: Option<NumpyRandom>,
}

/// The rows of one source that a model is to predict or be evaluated on.
#[derive(Debug)]
pub struct Loaded {
    /// The rows, prepared and scaled as in training; with targets if the source has them.
    pub dataset: Dataset,
    /// Every file that was read, with the SHA-256 of its bytes.
    pub files: Vec<(PathBuf, String)>,
    /// What a person should know.
    pub notices: Vec<DataNotice>,
}

/// What one source gave, before anything is fitted.
#[derive(Debug)]
pub(crate) struct SourceRows {
    train: RawData,
    validation: Option<RawData>,
    test: Option<RawData>,
    /// How this source is scaled when the user does not say.
    scale: InputScale,
    /// Whether the source is cut by default: files and sets without parts of their own are, generators are not.
    is_cut: bool,
    files: Vec<(PathBuf, String)>,
    notices: Vec<DataNotice>,
}

/// Which columns or arrays are meant, and how files are read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Choice<'a> {
    features: &'a [String],
    target: &'a [String],
    weight: Option<&'a str>,
    format: Option<&'a str>,
    /// The part that the source serves as; `None` for the main source.
    part: Option<PartName>,
}

/// Loads an experiment's data: reads or makes the rows, decides the task, cuts the parts, fits the preprocessing on the
/// training part, and applies it to all.
///
/// - Sources of their own for validation and test come before the source's own parts, these before a split. A share of
///   `split` counts only for a part that has no source. Without `split`, files without parts are cut by [`Split::default`]
///   and generators are not. With `fold`, the held-out fold is the validation part, whatever its share would be.
/// - Unless `scale` is set, bytes are divided by 255 (`digits`, whose brightest value is 16, by 16), tables and matrices are
///   standardised, floating-point images and generators are left as they are.
/// - For a network that takes images, rows `[height, width]` become `[1, height, width]`, and rows `[height, width, channels]` are turned
///   into `[channels, height, width]`.
/// - With NumPy's stream the generators draw in the order source, validation, test; one with a seed of its own has a
///   stream of its own.
///
/// # Errors
/// [`Error::Io`] and [`Error::File`] from reading; [`Error::Data`] for everything that is wrong with the set as a whole.
pub fn load(settings: &DataSettings, options: &LoadOptions) -> Result<Parts> {
    let name = source_name(&settings.source);
    let fail = |problem| Error::Data { source_name: name.clone(), problem };
    let mut numpy = match options.draws_from_numpy {
        true => Some(numpy_stream(options.seed).map_err(fail)?),
        false => None,
    };
    let choice = Choice {
        features: &settings.features,
        target: &settings.target,
        weight: settings.weight.as_deref(),
        format: settings.format.as_deref(),
        part: None,
    };
    let mut source = read_source(&settings.source, choice, options, &mut numpy)?;
    if let (Some(weight), None) = (&settings.weight, &source.train.weights) {
        return Err(fail(DataProblem::NoWeightColumn { name: weight.clone() }));
    }
    let mut own_part = |own: &Option<Source>, part| -> Result<Option<(RawData, String)>> {
        let Some(own) = own else { return Ok(None) };
        let rows = read_source(own, Choice { part: Some(part), ..choice }, options, &mut numpy)?;
        source.files.extend(rows.files.iter().cloned());
        source.notices.extend(rows.notices.iter().cloned());
        Ok(Some((rows.into_part(part), source_name(own))))
    };
    let validation = own_part(&settings.validation, PartName::Validation)?;
    let test = own_part(&settings.test, PartName::Test)?;
    let validation = validation.or_else(|| source.validation.take().map(|rows| (rows, name.clone())));
    let test = test.or_else(|| source.test.take().map(|rows| (rows, name.clone())));

    let target = TargetSchema::decide(&source.train.target, options.task, options.classes).map_err(fail)?;
    let Some(task) = target.task() else {
        return Err(fail(DataProblem::NoLabels));
    };
    note_classes(&source.train.target, &target, options, &mut source.notices);

    let split = match &settings.split {
        Some(split) => *split,
        None if source.is_cut && validation.is_none() && test.is_none() => Split::default(),
        None => Split { validation: 0.0, test: 0.0, stratify: false },
    };
    let split = Split {
        validation: if validation.is_some() || settings.fold.is_some() { 0.0 } else { split.validation },
        test: if test.is_some() { 0.0 } else { split.test },
        ..split
    };
    let rows = source.train.inputs.rows();
    let encoded = target.encode(&source.train.target).map_err(fail)?;
    let classes = match &encoded {
        DatasetTargets::Classes { ids, count } => Some((ids.as_slice(), *count)),
        _ => None,
    };
    let cut = match settings.fold {
        None => split_rows(rows, classes, &split, options.seed),
        Some(_) if validation.is_some() => Err(DataProblem::FoldBesideValidation),
        Some(fold) => fold_rows(rows, classes, &split, fold, options.seed),
    };
    let cut = cut.map_err(fail)?;

    let scale = settings.scale.map_or(source.scale, InputScale::Fit);
    let ids = options.ids.as_deref();
    let fitted = Preprocessing::fit(source.train, &cut.train, target, (scale, ids), settings.scale_target)
        .map_err(fail)?;
    source.notices.extend(fitted.notices);
    let preprocessing = fitted.preprocessing;
    let mut other = |part: Option<(RawData, String)>| -> Result<Option<Dataset>> {
        let Some((raw, name)) = part else { return Ok(None) };
        preprocessing
            .encode_part(raw, &mut source.notices)
            .map(Some)
            .map_err(|problem| Error::Data { source_name: name, problem })
    };
    let validation = other(validation)?;
    let test = other(test)?;
    let (train, cut_validation, cut_test) = cut_parts(fitted.dataset, &cut);
    let train = match &settings.class_weight {
        Some(weight) => train.weighted_by_class(weight).map_err(fail)?,
        None => train,
    };
    Ok(Parts {
        train,
        validation: validation.or(cut_validation),
        test: test.or(cut_test),
        preprocessing,
        split,
        scale: match scale {
            InputScale::Fit(scaling) => Some(scaling),
            InputScale::Divide(_) => None,
        },
        task,
        files: source.files,
        notices: source.notices,
        numpy,
    })
}

/// Loads rows for a model that was trained before: of a set with parts the test part, of a file all rows.
///
/// # Errors
/// As [`load`] and [`Preprocessing::apply`].
pub fn load_for(
    preprocessing: &Preprocessing,
    source: &Source,
    format: Option<&str>,
    options: &LoadOptions,
) -> Result<Loaded> {
    let name = source_name(source);
    if let Source::Files(paths) = source {
        let (contents, files, mut notices) = files::contents(paths, format, &name)?;
        if let Some(contents) = contents {
            let (dataset, more) = preprocessing.apply(contents, &name)?;
            notices.extend(more);
            return Ok(Loaded { dataset, files, notices });
        }
    }
    let mut numpy = match options.draws_from_numpy {
        true => Some(
            numpy_stream(options.seed)
                .map_err(|problem| Error::Data { source_name: name.clone(), problem })?,
        ),
        false => None,
    };
    let choice = Choice { features: &[], target: &[], weight: None, format, part: Some(PartName::Test) };
    let mut rows = read_source(source, choice, options, &mut numpy)?;
    let mut notices = std::mem::take(&mut rows.notices);
    let files = std::mem::take(&mut rows.files);
    let dataset = preprocessing
        .encode_part(rows.into_part(PartName::Test), &mut notices)
        .map_err(|problem| Error::Data { source_name: name, problem })?;
    Ok(Loaded { dataset, files, notices })
}

impl SourceRows {
    /// All parts as images, channels first.
    fn for_images(mut self, own: Option<&Shape>) -> SourceRows {
        self.train = turned(self.train, own);
        self.validation = self.validation.map(|part| turned(part, own));
        self.test = self.test.map(|part| turned(part, own));
        self
    }

    /// The rows that serve as a part: the source's own part of that name, or all.
    fn into_part(self, part: PartName) -> RawData {
        match part {
            PartName::Test => self.test.unwrap_or(self.train),
            PartName::Validation => self.validation.unwrap_or(self.train),
            PartName::Train | PartName::Whole => self.train,
        }
    }
}

/// A part as images, channels first.
fn turned(part: RawData, own: Option<&Shape>) -> RawData {
    RawData { inputs: part.inputs.for_images(own), ..part }
}

/// Reads or makes the rows of a source.
fn read_source(
    source: &Source,
    choice: Choice<'_>,
    options: &LoadOptions,
    numpy: &mut Option<NumpyRandom>,
) -> Result<SourceRows> {
    let rows = match source {
        Source::Named(name) => named::read(name, choice, options.data_folder.as_deref()),
        Source::Files(paths) => files::read(paths, choice, &source_name(source)),
        Source::Generator(generator) => make(generator, choice.part, options, numpy)
            .map_err(|problem| Error::Data { source_name: generator.name.clone(), problem }),
    }?;
    Ok(if options.images { rows.for_images(options.input_shape.as_ref()) } else { rows })
}

fn make(
    generator: &Generator,
    part: Option<PartName>,
    options: &LoadOptions,
    numpy: &mut Option<NumpyRandom>,
) -> Result<SourceRows, DataProblem> {
    let part_number = match part {
        None | Some(PartName::Train | PartName::Whole) => 0,
        Some(PartName::Validation) => 1,
        Some(PartName::Test) => 2,
    };
    let train = match (numpy, generator.seed) {
        (Some(_), Some(seed)) => {
            generators::generate(generator, &mut Draws::numpy(&mut numpy_stream(seed)?))?
        }
        (Some(random), None) => generators::generate(generator, &mut Draws::numpy(random))?,
        (None, seed) => {
            generators::generate(generator, &mut Draws::philox(seed.unwrap_or(options.seed), part_number))?
        }
    };
    Ok(SourceRows {
        train,
        validation: None,
        test: None,
        scale: InputScale::Fit(Scaling::None),
        is_cut: false,
        files: Vec::new(),
        notices: Vec::new(),
    })
}

fn numpy_stream(seed: u64) -> Result<NumpyRandom, DataProblem> {
    u32::try_from(seed).map(NumpyRandom::new).map_err(|_| DataProblem::NumpySeed { seed })
}

/// The three parts of a split; a data set that is not cut is not copied.
fn cut_parts(dataset: Dataset, cut: &SplitRows) -> (Dataset, Option<Dataset>, Option<Dataset>) {
    let part = |rows: &[u32]| (!rows.is_empty()).then(|| dataset.select(rows));
    let (validation, test) = (part(&cut.validation), part(&cut.test));
    let train = if cut.train.len() == dataset.rows() { dataset } else { dataset.select(&cut.train) };
    (train, validation, test)
}

/// How inputs are scaled when nobody says: see [`load`].
fn default_scale(inputs: &RawInputs) -> InputScale {
    InputScale::Fit(match inputs {
        RawInputs::Columns(_) => Scaling::Standard,
        RawInputs::Array { features: Features::U8(_), .. } => Scaling::Divide255,
        RawInputs::Array { shape, .. } if shape.len() == 1 => Scaling::Standard,
        RawInputs::Array { .. } => Scaling::None,
    })
}

/// Says so when plain numbers of a table were taken for classes, since nobody said that they are.
fn note_classes(
    target: &RawTarget,
    schema: &TargetSchema,
    options: &LoadOptions,
    notices: &mut Vec<DataNotice>,
) {
    if let (RawTarget::Numbers { kind: NumberKind::Floats, .. }, TargetSchema::Classes { name, labels, .. }) =
        (target, schema)
        && options.task.is_none()
        && options.classes.is_none()
    {
        notices.push(DataNotice::NumbersAsClasses { target: name.clone(), classes: labels.len() });
    }
}

/// A source as messages call it: its name, its first file, or the generator's name.
pub fn source_name(source: &Source) -> String {
    match source {
        Source::Named(name) => name.clone(),
        Source::Files(paths) => {
            paths.first().map_or_else(|| "data".to_owned(), |path| path.display().to_string())
        }
        Source::Generator(generator) => generator.name.clone(),
    }
}

#[cfg(test)]
mod tests;
