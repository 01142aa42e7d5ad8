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
    /// A layer for images, and something else comes.
    #[error(
        "takes images [channels, height, width], but its input has the shape {input}; {}",
        images_instead(input)
    )]
    NotImage {
        /// The shape that came.
        input: Shape,
    },
    /// A layer for sequences, and something else comes.
    #[error(
        "takes sequences [channels, length], but its input has the shape {input}; say network.input_shape = [channels, length] if the rows are sequences"
    )]
    NotSequence {
        /// The shape that came.
        input: Shape,
    },
    /// A window over sequences that is higher than one value.
    #[error(
        "has windows of {kernel_size:?}; over sequences their height must be 1, and nothing be added above or below"
    )]
    TallWindow {
        /// Height and width.
        kernel_size: [usize; 2],
    },
    /// Padding that takes all of a transposed convolution's output.
    #[error("leaves no output: its {axis} is {whole}, and padding = {given:?} takes that away; pad less")]
    NothingLeft {
        /// `"height"` or `"width"`.
        axis: &'static str,
        /// (size - 1)·stride + dilation·(kernel_size - 1) + 1 + output_padding.
        whole: usize,
        /// Above and below, left and right.
        given: [[usize; 2]; 2],
    },
    /// More is added to an output than a stride leaves open.
    #[error("has output_padding = {given:?}, which must be less than stride = {stride:?}")]
    OutputPadding {
        /// What was given, height first.
        given: [usize; 2],
        /// The stride.
        stride: [usize; 2],
    },
    /// An option of a window is 0, or astronomical.
    #[error("has {name} = {given:?}; each must be a whole number from 1 to 1048576")]
    WindowOption {
        /// The option.
        name: &'static str,
        /// What was given, height first.
        given: [usize; 2],
    },
    /// Padding of astronomical size.
    #[error("has padding = {given:?}; each must be at most 1048576")]
    PaddingTooLarge {
        /// What was given: above and below, left and right.
        given: [[usize; 2]; 2],
    },
    /// A window larger than the image with its padding.
    #[error(
        "has no place for its window: its {axis} would be ({size} + {} + {} - {dilation}·({kernel_size} - 1) - 1) / {stride} + 1 = {}, \
         by ({axis} + padding - dilation·(kernel_size - 1) - 1) / stride + 1; make kernel_size smaller, or pad more",
        padding[0], padding[1], windows(*size, *padding, *dilation, *kernel_size, *stride)
    )]
    WindowTooLarge {
        /// `"height"` or `"width"`.
        axis: &'static str,
        /// The image's size along it.
        size: usize,
        /// Before and after.
        padding: [usize; 2],
        /// From one value of the window to the next.
        dilation: usize,
        /// How many values the window has along the axis.
        kernel_size: usize,
        /// From one window to the next.
        stride: usize,
    },
    /// A window that would hold nothing of the image.
    #[error(
        "has padding = {padding:?} around windows of {kernel_size:?}, so that some hold nothing of the image; pad by less than kernel_size"
    )]
    EmptyWindow {
        /// Above and below, left and right.
        padding: [[usize; 2]; 2],
        /// Height and width.
        kernel_size: [usize; 2],
    },
    /// A pool whose windows leave values out.
    #[error("has dilation = {dilation:?}, which no pool takes; leave it out")]
    PoolDilation {
        /// What was given, height first.
        dilation: [usize; 2],
    },
    /// Groups that are not of the same size.
    #[error(
        "has groups = {groups}, but {channels} {what} cannot be cut into {groups} groups of the same size: {}; give a divisor of {channels}",
        remainder(*channels, *groups)
    )]
    Groups {
        /// What was given.
        groups: usize,
        /// `"input channels"` and the like.
        what: &'static str,
        /// How many there are.
        channels: usize,
    },
    /// More values than any memory has.
    #[error("would have {what} of the shape {shape:?}, more than {most} values; make it smaller")]
    TooLarge {
        /// `"an output"` or `"a weight"`.
        what: &'static str,
        /// Its axes.
        shape: Vec<usize>,
        /// How many are allowed.
        most: usize,
    },
    /// An output size that no average of an image has.
    #[error("has the output size {given:?}; both must be from 1 to the input's {size:?}")]
    AdaptiveSize {
        /// What was given, height first.
        given: [usize; 2],
        /// The input's height and width.
        size: [usize; 2],
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

/// How rows that are no images become some.
fn images_instead(input: &Shape) -> String {
    match *input.axes() {
        [height, width] => format!(
            "say network.input_shape = [1, {height}, {width}] if that is what the rows are, and put no \"flatten\" before it"
        ),
        _ => "say network.input_shape = [channels, height, width] if the rows are images, and put it before \"flatten\" and dense layers"
            .to_owned(),
    }
}

/// ⌊(size + padding - dilation·(kernel_size - 1) - 1) / stride⌋ + 1, which may be 0 or less.
fn windows(size: usize, padding: [usize; 2], dilation: usize, kernel_size: usize, stride: usize) -> i64 {
    let [size, before, after, dilation, kernel_size, stride] =
        [size, padding[0], padding[1], dilation, kernel_size, stride].map(|pixels| pixels as i64);
    (size + before + after - dilation * (kernel_size - 1) - 1).div_euclid(stride) + 1
}

/// `"7 = 3·2 + 1"`.
fn remainder(channels: usize, groups: usize) -> String {
    match channels.checked_div(groups) {
        Some(each) => format!("{channels} = {groups}·{each} + {}", channels - groups * each),
        None => "there must be at least one".to_owned(),
    }
}
