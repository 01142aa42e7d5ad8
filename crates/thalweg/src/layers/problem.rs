//! Why a layer cannot stand where it stands.

use crate::shape::Shape;

/// Why a layer does not fit its input.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LayerProblem {
    /// A dense layer takes one axis.
    #[error("takes a row of values, but its input has the shape {input}; put \"flatten\" before it")]
    NotFlat {
        /// The shape that came.
        input: Shape,
    },
    /// A dense layer without outputs.
    #[error("has 0 outputs; give it at least 1")]
    NoOutputs,
    /// Nothing comes in.
    #[error("has an input of the shape {input}, which holds no values; check the data's columns")]
    EmptyInput {
        /// The shape that came.
        input: Shape,
    },
    /// The chance to drop is not a chance.
    #[error("has dropout = {dropout}; it must be at least 0 and less than 1")]
    DropoutOutOfRange {
        /// What was given.
        dropout: f64,
    },
    /// Noise that is no noise.
    #[error("has noise = {noise}; it must be a finite number, 0 or more")]
    NoiseOutOfRange {
        /// What was given.
        noise: f64,
    },
    /// An average that keeps too much or less than nothing.
    #[error("has momentum = {momentum}; it must be at least 0 and less than 1")]
    MomentumOutOfRange {
        /// What was given.
        momentum: f64,
    },
    /// Nothing keeps a variance of 0 from a division.
    #[error("has epsilon = {epsilon}; it must be a finite number above 0")]
    EpsilonOutOfRange {
        /// What was given.
        epsilon: f64,
    },
    /// Columns that the input does not have, or not in order.
    #[error("works on the columns {columns:?}, which must be ascending and from 0 to {}; leave `columns` out for all that fit", width - 1)]
    Columns {
        /// What was given.
        columns: Vec<usize>,
        /// How many the input has.
        width: usize,
    },
    /// An embedding whose tables do not fit its columns.
    #[error(
        "has {columns} columns of ids and the counts of categories {categories:?}; give as many counts as columns, each 1 or more, together at most 16777216"
    )]
    Categories {
        /// The counts.
        categories: Vec<usize>,
        /// How many columns there are.
        columns: usize,
    },
    /// An embedding behind layers that compute.
    #[error(
        "takes ids of categories as the data has them, but column {column} of its input is computed by the layers before; put it first"
    )]
    NoIds {
        /// The column of its input.
        column: usize,
    },
    /// Rows of numbers without numbers.
    #[error("has dimension = 0; give it at least 1")]
    NoDimension,
    /// More values than a row can have.
    #[error(
        "makes {each} numbers of each of {columns} columns, and a row has at most 1073741824; make them fewer"
    )]
    TooWide {
        /// How many columns it works on.
        columns: usize,
        /// How many numbers each becomes.
        each: usize,
    },
    /// Waves without waves.
    #[error("has frequencies = 0; give it at least 1")]
    NoFrequencies,
    /// Frequencies that cannot be drawn.
    #[error("has sigma = {sigma}; it must be a finite number above 0")]
    SigmaOutOfRange {
        /// What was given.
        sigma: f64,
    },
    /// Bins for other columns than there are.
    #[error("has edges for {given} columns but works on {columns}; give a list of edges for each")]
    EdgeLists {
        /// How many lists there are.
        given: usize,
        /// How many columns there are.
        columns: usize,
    },
    /// Edges that make no bins.
    #[error("has edges for column {column} that make no bins; give two or more finite numbers, ascending")]
    Edges {
        /// The column of its input.
        column: usize,
    },
    /// A residual block around nothing.
    #[error("has no layers inside; give it at least one, such as {{ residual = [{{ dense = 8 }}] }}")]
    NoInnerLayers,
    /// Ids inside a block.
    #[error(
        "cannot stand inside a residual block, which would add its ids to something; put it first in the network"
    )]
    EmbeddingInside,
    /// Paths of a block that cannot be added.
    #[error(
        "gives {inner} by its inner layers and {around} by the way around them, which cannot be added; give it a `shortcut` of layers that ends in {inner} too"
    )]
    PathsDiffer {
        /// What the inner layers give.
        inner: Shape,
        /// What the way around gives.
        around: Shape,
    },
    /// Something is wrong with a layer inside.
    #[error("cannot be made: its inner layer {place} ({kind}) {problem}")]
    Inside {
        /// The layer's place inside.
        place: String,
        /// What it is.
        kind: String,
        /// What is wrong with it.
        problem: Box<LayerProblem>,
    },
    /// A custom layer refuses the shape.
    #[error("does not take an input of the shape {input}: {reason}")]
    Custom {
        /// The shape that came.
        input: Shape,
        /// The layer's own words.
        reason: String,
    },
}
