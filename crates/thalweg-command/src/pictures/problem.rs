//! Why a picture was not drawn.

use std::fmt;
use std::path::PathBuf;

use thalweg_draw::DrawError;

/// Why a picture was not drawn. `Display` is one sentence.
#[derive(Debug)]
pub(crate) enum PictureProblem {
    /// No picture is called this.
    UnknownKind {
        /// What was asked for.
        given: String,
        /// The kinds there are.
        known: Vec<&'static str>,
    },
    /// The picture has no meaning for this run.
    DoesNotApply {
        /// The kind of picture.
        kind: &'static str,
        /// Why.
        reason: Reason,
    },
    /// A row that the part does not have.
    NoSuchRow {
        /// The index asked for, from 0.
        index: usize,
        /// The part's name.
        part: &'static str,
        /// How many rows it has.
        rows: usize,
    },
    /// A part that the run does not have.
    NoSuchPart {
        /// The part's name.
        part: &'static str,
    },
    /// The drawing failed.
    Draw(DrawError),
    /// The library refused.
    Library(thalweg::Error),
    /// The folder of the pictures could not be made.
    Write {
        /// The folder.
        path: PathBuf,
        /// The system's own error.
        source: std::io::Error,
    },
}

/// Why a kind of picture has no meaning for a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// No report was made.
    NoReports,
    /// Nothing is classified.
    NotClasses,
    /// Not one number in and one number out.
    NotCurve {
        /// Features per row.
        inputs: usize,
    },
    /// Not two features with a class.
    NotPlane {
        /// Features per row.
        inputs: usize,
    },
    /// Ids of categories come in.
    Categories,
    /// The rows are no images.
    NotImages {
        /// The shape of a row, in words.
        shape: String,
    },
    /// Every row is predicted correctly.
    NoneWrong {
        /// The part.
        part: &'static str,
    },
    /// More classes than a matrix of counts can show.
    ManyClasses {
        /// How many.
        classes: usize,
        /// How many can be shown.
        most: usize,
    },
    /// No layer has weights to draw.
    NoWeights,
    /// No layer is a convolution.
    NoConvolution,
    /// The first convolution sees single pixels.
    PointFilters,
    /// The first weight is too large to be drawn.
    LargeWeights {
        /// How many values.
        values: usize,
        /// How many can be shown.
        most: usize,
    },
    /// No activation that is a curve.
    NoActivations,
    /// Only a run in progress can record this.
    OnlyInTraining {
        /// What is recorded.
        what: &'static str,
    },
    /// The parameters did not move.
    NoPath,
    /// Too many parameters and rows for a loss at every point of a grid.
    LargeNetwork {
        /// How many parameters.
        parameters: usize,
    },
}

impl fmt::Display for PictureProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PictureProblem::UnknownKind { given, known } => {
                write!(f, "there is no picture `{given}`; the kinds are {}", known.join(", "))
            }
            PictureProblem::DoesNotApply { kind, reason } => write!(f, "no picture `{kind}`: {reason}"),
            PictureProblem::NoSuchRow { index, part, rows } => {
                write!(
                    f,
                    "the {part} part has no row {index}; its {rows} rows are numbered 0 to {}",
                    rows - 1
                )
            }
            PictureProblem::NoSuchPart { part } => write!(f, "this run has no {part} part; ask for another"),
            PictureProblem::Draw(error) => write!(f, "{error}"),
            PictureProblem::Library(error) => write!(f, "{error}"),
            PictureProblem::Write { path, source } => write!(f, "cannot create {}: {source}", path.display()),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::NoReports => f.write_str("the run made no report; set `training.report_every`"),
            Reason::NotClasses => {
                f.write_str("the target is numbers, not classes; `loss` shows how far off they are")
            }
            Reason::NotCurve { inputs } => write!(
                f,
                "it needs one input and one number as target, and this data has {inputs} {} and another target or more",
                if *inputs == 1 { "input" } else { "inputs" }
            ),
            Reason::NotPlane { inputs } => {
                write!(f, "it needs two features and a class as target, and this data has {inputs} features")
            }
            Reason::Categories => {
                f.write_str("the network takes ids of categories, and between them there is nothing to show")
            }
            Reason::NotImages { shape } => {
                write!(
                    f,
                    "a row of shape {shape} is no image; say `network.input_shape = [height, width]` if it is one"
                )
            }
            Reason::NoneWrong { part } => write!(f, "every row of the {part} part is predicted correctly"),
            Reason::ManyClasses { classes, most } => {
                write!(f, "it shows at most {most} classes, and there are {classes}")
            }
            Reason::NoWeights => f.write_str("the network has no dense layer"),
            Reason::NoConvolution => f.write_str("the network has no convolution"),
            Reason::PointFilters => f.write_str("the filters of the first convolution are single pixels"),
            Reason::LargeWeights { values, most } => {
                write!(f, "the first weight has {values} values and a heat map shows at most {most}")
            }
            Reason::NoActivations => f.write_str("the network has no activation that acts on single values"),
            Reason::OnlyInTraining { what } => {
                write!(f, "{what} is recorded while training only, and the run's folder `pictures` has none")
            }
            Reason::NoPath => f.write_str("the parameters did not move, so there is no path to show"),
            Reason::LargeNetwork { parameters } => {
                write!(f, "a loss at every point of a grid takes too long with {parameters} parameters")
            }
        }
    }
}

impl std::error::Error for PictureProblem {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            PictureProblem::Draw(error) => Some(error),
            PictureProblem::Library(error) => Some(error),
            PictureProblem::Write { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl From<DrawError> for PictureProblem {
    fn from(error: DrawError) -> Self {
        PictureProblem::Draw(error)
    }
}

impl From<thalweg::Error> for PictureProblem {
    fn from(error: thalweg::Error) -> Self {
        PictureProblem::Library(error)
    }
}
