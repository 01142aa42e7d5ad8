//! Why a network and what it is used with do not fit together.

use std::path::PathBuf;

use crate::metrics::Undefined;
use crate::real::Precision;
use crate::shape::Shape;

/// Why a network cannot be used as asked.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NetworkProblem {
    /// A network without layers.
    #[error("the network has no layers; add at least one, such as {{ dense = 10 }}")]
    NoLayers,
    /// More parameters than memory can hold.
    #[error(
        "the network has {parameters} parameters, for which {gigabytes} GB of memory cannot be had; make its layers smaller"
    )]
    OutOfMemory {
        /// How many parameters.
        parameters: usize,
        /// What was asked for.
        gigabytes: f64,
    },
    /// A rule that needs the whole batch.
    #[error(
        "{optimizer} needs every row in each step; set batch_size to \"full\" or choose another optimizer"
    )]
    FullBatchOnly {
        /// The rule.
        optimizer: String,
    },
    /// A rule that a decay beside it would lead astray.
    #[error("{optimizer} takes no weight_decay, which its line search would not see; give l2 instead")]
    NoWeightDecay {
        /// The rule.
        optimizer: String,
    },
    /// A rule that a changed gradient would lead astray.
    #[error("{optimizer} takes no {limit}, which would make its gradient another function's; leave it out")]
    NoClipping {
        /// The rule.
        optimizer: String,
        /// The setting.
        limit: &'static str,
    },
    /// Data of another width.
    #[error(
        "the network takes rows of the shape {expected}, but the data has rows of the shape {given}; choose the same columns as in training"
    )]
    InputShape {
        /// What the network takes.
        expected: Shape,
        /// What the data has.
        given: Shape,
    },
    /// The outputs are not as many as the targets need.
    #[error(
        "the network has {outputs} outputs, but the targets need {needed}; make its last dense layer {needed} wide"
    )]
    Outputs {
        /// What the network gives.
        outputs: usize,
        /// What the loss and the targets want.
        needed: String,
    },
    /// A parameter of that name does not exist.
    #[error("there is no parameter {name:?}; the network has {known}")]
    UnknownParameter {
        /// What was asked for.
        name: String,
        /// The names that exist, joined by commas.
        known: String,
    },
    /// A file of starting values lacks a parameter.
    #[error("{}: there is no array {name:?} to start from; the file has {known}", path.display())]
    MissingArray {
        /// The file.
        path: PathBuf,
        /// The parameter.
        name: String,
        /// The arrays that it has, joined by commas.
        known: String,
    },
    /// Values of another shape for a parameter.
    #[error("the parameter {name:?} has the shape {expected}, but the values given have {given}")]
    ParameterShape {
        /// The parameter.
        name: String,
        /// Its shape.
        expected: Shape,
        /// What was given.
        given: String,
    },
    /// A parameter was to get a value that is not finite.
    #[error(
        "the values given for the parameter {name:?} hold {value} at position {index}; every value must be finite"
    )]
    NotFinite {
        /// The parameter.
        name: String,
        /// Where, from 0, row-major.
        index: usize,
        /// What.
        value: f64,
    },
    /// A running variance was to get a value below 0.
    #[error("the values given for {name:?} hold {value} at position {index}; a variance is 0 or more")]
    NegativeVariance {
        /// The parameter.
        name: String,
        /// Where, from 0.
        index: usize,
        /// What.
        value: f64,
    },
    /// A value that an embedding takes for an id and that is none.
    #[error(
        "row {row} (counted from 0) has {value} in column {column}, where an embedding takes whole numbers from 0 to {}, and -1 for none of the categories; \
         leave the column unscaled, or give it more `categories`",
        categories - 1
    )]
    NotACategory {
        /// The row.
        row: usize,
        /// The column of the data, from 0, or its name.
        column: String,
        /// What stands there, as the network sees it.
        value: f64,
        /// How many categories the column has.
        categories: usize,
    },
    /// An embedding was to find its columns in data that has none for it.
    #[error("layer {layer} (embedding) finds no columns of categories in the data; {cure}")]
    NoCategories {
        /// The layer.
        layer: usize,
        /// What to do.
        cure: &'static str,
    },
    /// Numbers were to be embedded in data that has none.
    #[error("layer {layer} ({kind}) finds no columns of numbers in the data; leave it out")]
    NoNumbers {
        /// The layer.
        layer: usize,
        /// What it is.
        kind: &'static str,
    },
    /// Values to predict from that are not whole rows.
    #[error(
        "{given} values are no whole rows of the {inputs} values that the network takes; give a multiple of {inputs}"
    )]
    InputLength {
        /// How many values a row has.
        inputs: usize,
        /// How many were given.
        given: usize,
    },
    /// A place for predictions of another size.
    #[error(
        "predictions of {rows} rows are {expected} values, but there is room for {given}; make it {expected} long"
    )]
    PredictionsLength {
        /// How many rows were given.
        rows: usize,
        /// How many values their predictions are.
        expected: usize,
        /// How many the place holds.
        given: usize,
    },
    /// Augmentation of rows that are no images.
    #[error(
        "training.augment changes images, but a row has the shape {shape}; say network.input_shape = [channels, height, width] if the rows are images, or leave augment out"
    )]
    AugmentsNoImages {
        /// The shape of a row.
        shape: Shape,
    },
    /// Augmentation of pixels that are not alike.
    #[error(
        "training.augment moves values from pixel to pixel, but each pixel is scaled in its own way here; use data.scale = \"divide-255\" or \"none\""
    )]
    AugmentsScaledColumns,
    /// Mixed targets that are no classes.
    #[error("training.augment.mixup mixes classes, but the target is numbers; leave mixup out")]
    MixesNoClasses,
    /// Evaluating was asked for without targets.
    #[error("the rows have no targets to compare with; use `predict`, or add the target column")]
    NoTargets,
    /// Training was asked for without any rows.
    #[error("there are no rows to train on")]
    NoRows,
    /// The loss cannot be used with these targets.
    #[error("the loss {loss} needs {needed} as targets, but the data has {given}")]
    Targets {
        /// The loss.
        loss: String,
        /// What it can use.
        needed: &'static str,
        /// What there is.
        given: &'static str,
    },
    /// Counts in other units than their own.
    #[error(
        "the loss {loss} takes counts as they are, not scaled; set data.scale_target to \"none\", or take mean_squared_error"
    )]
    ScaledCounts {
        /// The loss.
        loss: String,
    },
    /// A count below 0.
    #[error(
        "row {row} (counted from 0) has the target {value}, but the loss {loss} takes counts, which are 0 or more; leave the row out, or take mean_squared_error"
    )]
    NegativeCount {
        /// The loss.
        loss: String,
        /// The row's number in its source.
        row: u32,
        /// What it has.
        value: f64,
    },
    /// A layer number in the settings that the network does not have.
    #[error("training.layer names layer {layer}, but the network has the layers 0 to {last}")]
    UnknownLayer {
        /// What was named.
        layer: usize,
        /// The number of the last layer.
        last: usize,
    },
    /// A step that the run does not come to.
    #[error("there is no step {step} to explain: the run makes {steps} steps, counted from 0")]
    UnknownStep {
        /// What was asked for.
        step: u64,
        /// How many the run makes.
        steps: u64,
    },
    /// A step from before a run that began from another.
    #[error("there is no step {step} to explain: the run began after {first} steps of another")]
    StepBefore {
        /// What was asked for.
        step: u64,
        /// The step that it began after.
        first: u64,
    },
    /// A metric that the run does not have.
    #[error("there is no metric {metric:?} to stop on; this run has {known}")]
    UnknownMetric {
        /// What was named.
        metric: String,
        /// The metrics that exist, joined by commas.
        known: String,
    },
    /// A metric that makes no sense of these targets and outputs.
    #[error("the metric {metric} has no value here: {why}")]
    Metric {
        /// What was named.
        metric: String,
        /// Why.
        why: Undefined,
    },
    /// A file of one precision where the other is wanted.
    #[error("the model is {given}, but {expected} is wanted; convert it with `cast`")]
    Precision {
        /// What is wanted.
        expected: Precision,
        /// What there is.
        given: Precision,
    },
}
