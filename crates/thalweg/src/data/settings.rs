//! What data an experiment trains on, as its file says it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::class_weight::ClassWeight;

/// Where rows come from.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// A set known by name: `"mnist"`, `"fashion-mnist"`, `"cats"`, `"digits"`, `"iris"`.
    Named(String),
    /// One file, a folder, or several files that make one table; a pattern with `*` is expanded when the data is read.
    Files(Vec<PathBuf>),
    /// Made by a formula.
    Generator(Generator),
}

/// A data set made by a formula: what is left `None` takes the generator's default.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Generator {
    /// `"curve"`, `"regression"`, `"spiral"`, `"moons"`, `"circles"`, `"blobs"`, `"xor"`, `"checkerboard"`.
    pub name: String,
    /// How many rows in all.
    pub rows: Option<usize>,
    /// How many classes, where the generator has classes.
    pub classes: Option<usize>,
    /// How strong the noise is, in the generator's own unit.
    pub noise: Option<f64>,
    /// A seed of its own; `None` takes the run's.
    pub seed: Option<u64>,
}

/// How columns are scaled; fitted on the training part.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Scaling {
    /// As they are.
    None,
    /// Divided by 255, for bytes.
    Divide255,
    /// (x - mean) / standard deviation, by column; a constant column becomes 0.
    Standard,
    /// (x - min) / (max - min), by column; a constant column becomes 0.
    MinMax,
}

/// How the rows of one source are cut into parts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Split {
    /// The share of the validation part, 0 or more; both shares together below 1.
    pub validation: f64,
    /// The share of the test part, 0 or more.
    pub test: f64,
    /// Whether classes are kept in proportion (without classes it means nothing).
    pub stratify: bool,
}

/// Which fold a run of a cross-validation holds out: the rows outside the test part are cut into `of` folds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fold {
    /// The fold that is the validation part, from 1 to `of`.
    pub number: usize,
    /// How many folds there are, at least 2.
    pub of: usize,
}

impl Default for Split {
    fn default() -> Self {
        Split { validation: 0.1, test: 0.1, stratify: true }
    }
}

/// What data an experiment trains on.
#[derive(Clone, Debug, PartialEq)]
pub struct DataSettings {
    /// Where the training rows come from (and the others, unless they have a source of their own).
    pub source: Source,
    /// A source of its own for the validation part.
    pub validation: Option<Source>,
    /// A source of its own for the test part.
    pub test: Option<Source>,
    /// The columns or arrays that are inputs; empty: all but the target.
    pub features: Vec<String>,
    /// The columns or arrays that are the target; empty: decided by the source, or the one that is named so.
    pub target: Vec<String>,
    /// The column or array that says what each row weighs in every loss; it is no feature.
    pub weight: Option<String>,
    /// What each class weighs in the loss of the training part, beside that.
    pub class_weight: Option<ClassWeight>,
    /// How the source is cut; `None`: its own parts where it has some, else the default split.
    pub split: Option<Split>,
    /// The fold that is held out, in place of the split's validation share.
    pub fold: Option<Fold>,
    /// Forces a file format by name, in place of detection.
    pub format: Option<String>,
    /// How the inputs are scaled; `None`: by the source (bytes are divided by 255, tables standardised, generators left).
    pub scale: Option<Scaling>,
    /// How a numeric target is scaled for training; losses and predictions are always reported in its own units.
    pub scale_target: Scaling,
}
