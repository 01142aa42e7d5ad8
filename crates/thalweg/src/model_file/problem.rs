//! Why a model or a state file cannot be used.

use crate::error::Error;
use crate::experiment::ExperimentProblem;
use crate::real::Precision;
use crate::shape::Shape;

/// Why a model or a state file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelProblem {
    /// A file of another kind.
    #[error("it is {found}, not a safetensors file; nothing in it was run or loaded")]
    Foreign {
        /// What it looks like: "a Python pickle".
        found: &'static str,
    },
    /// A folder, a pipe or a device.
    #[error("it is not a file")]
    NotAFile,
    /// The file ends before its header does.
    #[error(
        "its header claims {claimed} bytes, but the file has {available} after the header's length; it is cut off or no safetensors file"
    )]
    CutOff {
        /// The length that the first 8 bytes claim.
        claimed: u64,
        /// How many bytes follow.
        available: u64,
    },
    /// The header is longer than any that is written.
    #[error("its header claims {claimed} bytes, more than the {limit} that are read")]
    HeaderTooLong {
        /// The length that the first 8 bytes claim.
        claimed: u64,
        /// The longest that is read.
        limit: u64,
    },
    /// The header is not what the safetensors format says.
    #[error("its header is not valid: {reason}")]
    Header {
        /// What is wrong, from the reader of the format.
        reason: String,
    },
    /// A name stands in the header twice.
    #[error("its header names {name:?} twice")]
    Duplicate {
        /// The name.
        name: String,
    },
    /// Tensors without a description of the network.
    #[error(
        "it holds tensors but no description of a network; to start from its values, write init = {{ name = \"file\", path = ... }} into an experiment"
    )]
    NoMetadata,
    /// The description is not valid.
    #[error("its description of the network is not valid: {reason}")]
    Metadata {
        /// What is wrong, from the reader of JSON.
        reason: String,
    },
    /// Written by a later version of the program.
    #[error("it has format version {found}, this program knows up to {known}; use a newer thalweg")]
    Version {
        /// The file's version.
        found: u64,
        /// The newest version known.
        known: u64,
    },
    /// A state where a model is wanted, or the other way round.
    #[error("it is a {found}, not a {expected}")]
    Kind {
        /// What is wanted.
        expected: &'static str,
        /// What the file says it is.
        found: String,
    },
    /// A layer, or the loss, is described wrongly.
    #[error("its description of the network is not valid: {0}")]
    Description(Box<ExperimentProblem>),
    /// The layers do not fit each other.
    #[error("its layers do not fit each other: {source}")]
    Layers {
        /// Which, and why.
        source: Box<Error>,
    },
    /// A part of a user's own program.
    #[error(
        "its {part} {name:?} is of a program's own, and this program does not have it; load the file in the program that defines it, with a Registry that has the name"
    )]
    Custom {
        /// "layer 2", "loss".
        part: String,
        /// Its name.
        name: String,
    },
    /// A parameter of the network has no tensor.
    #[error("it has no tensor {name:?}, which the network needs")]
    MissingTensor {
        /// The parameter.
        name: String,
    },
    /// A tensor that belongs to no parameter.
    #[error("it has a tensor {name:?}, which the network does not have")]
    UnknownTensor {
        /// The tensor.
        name: String,
    },
    /// A tensor of another shape than the parameter.
    #[error("its tensor {name:?} has the shape {found}, but the network needs {expected}")]
    TensorShape {
        /// The tensor.
        name: String,
        /// The parameter's shape.
        expected: Shape,
        /// The tensor's.
        found: Shape,
    },
    /// A tensor of another type than the file says.
    #[error("its tensor {name:?} is of the type {found}, but {expected} is needed")]
    TensorType {
        /// The tensor.
        name: String,
        /// What is needed.
        expected: &'static str,
        /// What there is.
        found: String,
    },
    /// A value that is not finite.
    #[error("its tensor {name:?} holds {value} at position {index}; every value must be finite")]
    NotFinite {
        /// The tensor.
        name: String,
        /// Where, from 0, row-major.
        index: usize,
        /// What.
        value: f64,
    },
    /// A variance below 0.
    #[error("its tensor {name:?} holds {value} at position {index}; a variance is 0 or more")]
    NegativeVariance {
        /// The tensor.
        name: String,
        /// Where, from 0.
        index: usize,
        /// What.
        value: f64,
    },
    /// The preprocessing is not valid.
    #[error("its preprocessing is not valid: {source}")]
    Preprocessing {
        /// Why.
        source: Box<Error>,
    },
    /// The preprocessing makes rows that the network does not take.
    #[error("its preprocessing makes rows of the shape {made}, but its network takes {taken}")]
    Inputs {
        /// What preprocessing makes.
        made: Shape,
        /// What the network takes.
        taken: Shape,
    },
    /// The labels or targets are not as many as the network's outputs.
    #[error("it names {names} labels or targets, but its network says {outputs}")]
    Outputs {
        /// How many names there are.
        names: usize,
        /// How many outputs.
        outputs: usize,
    },
    /// A network without preprocessing, where a file is to be predicted.
    #[error("it holds a network alone, without the preprocessing that turns a file into its inputs")]
    NoPreprocessing,
    /// A network in the other precision.
    #[error("it is {found}, but {expected} is wanted; load it as it is and convert it with `cast`")]
    Precision {
        /// What is wanted.
        expected: Precision,
        /// What there is.
        found: Precision,
    },
    /// A state whose content does not match its checksum.
    #[error("its content does not match its checksum: the file was damaged or changed")]
    Checksum,
    /// A state whose counters cannot be.
    #[error("its counter {counter} is {value}, which no run can reach")]
    Counter {
        /// Which.
        counter: &'static str,
        /// What it says.
        value: u64,
    },
}

impl From<ExperimentProblem> for ModelProblem {
    fn from(problem: ExperimentProblem) -> Self {
        ModelProblem::Description(Box::new(problem))
    }
}
