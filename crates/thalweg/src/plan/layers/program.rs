//! A network as steps over matrices of the whole batch, and the phases in which a team runs them.

use std::ops::Range;

use crate::activations::Activation;
use crate::kernels::convolution::{ConvolutionSizes, Correlation, ParameterPanels, Planes};
use crate::layers::Layer;
use crate::shape::Shape;

/// What a team runs, with a barrier after each phase.
#[derive(Clone, Debug)]
pub(super) struct Program {
    pub(super) steps: Vec<Step>,
    pub(super) matrices: Vec<Matrix>,
    pub(super) forward: Vec<Phase>,
    pub(super) backward: Vec<Phase>,
    /// The data, the outputs and their gradient.
    pub(super) input: usize,
    pub(super) output: usize,
    pub(super) doutput: usize,
    pub(super) trains: bool,
    pub(super) lens: Lens,
}

/// How much memory a program takes.
#[derive(Clone, Debug, Default)]
pub(super) struct Lens {
    /// Matrices of the batch.
    pub(super) arena: usize,
    /// Weights as kernels read them.
    pub(super) packed: usize,
    /// Gradients of filters, block by block.
    pub(super) chains: usize,
    /// What normalisations know of their channels.
    pub(super) statistics: usize,
    /// Their sums, block by block, in `f64`.
    pub(super) sums: usize,
    /// A member's own, and its open sums.
    pub(super) member: usize,
    pub(super) member_sums: usize,
    /// For those layers that one member works alone.
    pub(super) whole: usize,
}

/// Where a matrix lies: among those of the batch, or in each member's own memory, a chunk of rows of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Matrix {
    pub(super) start: usize,
    pub(super) width: usize,
    pub(super) is_local: bool,
}

/// One layer in its place.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) kind: StepKind,
    /// The number that it draws random numbers by.
    pub(super) number: u32,
    pub(super) input: Shape,
    pub(super) output: Shape,
    /// Its parameters among the network's.
    pub(super) parameters: Range<usize>,
    /// Whether anybody wants their gradient.
    pub(super) learns: bool,
    pub(super) x: usize,
    /// May be x.
    pub(super) y: usize,
    pub(super) cache: usize,
    pub(super) dy: usize,
    /// May be dy; none where nobody needs it.
    pub(super) dx: Option<usize>,
}

#[derive(Clone, Debug)]
pub(super) enum StepKind {
    /// Forward by its own pass over some rows, and how it goes back.
    Layer(Layer, Back),
    /// Value by value; `is_done`: forward by the step before, and if that is a normalisation without an addition, back too.
    Activation {
        activation: Activation,
        is_done: bool,
    },
    Dense(Dense),
    Convolution(Box<Convolution>),
    Norm(Norm),
    /// y = around + last
    Sum {
        around: usize,
        last: usize,
    },
}

/// How a layer goes back that has no kernels of its own here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Back {
    /// It has no parameters: by rows.
    Rows,
    /// By rows, and the gradients of its parameters channel by channel.
    Channels,
    /// As a whole, by one member.
    Whole,
}

/// A dense layer, or the projection of a residual block, which has no bias.
#[derive(Clone, Debug)]
pub(super) struct Dense {
    pub(super) has_bias: bool,
    /// wᵀ among the packed weights; empty where nobody goes back through it.
    pub(super) transposed: Range<usize>,
    /// Zeros in place of a bias.
    pub(super) zeros: Range<usize>,
    /// Room for dwᵀ among the packed weights, where there are few outputs.
    pub(super) scratch: Range<usize>,
}

/// A convolution at work.
#[derive(Clone, Debug)]
pub(super) struct Convolution {
    pub(super) sizes: ConvolutionSizes,
    pub(super) planes: Planes,
    pub(super) forward: Packed,
    pub(super) dplanes: Planes,
    /// For the gradient by x; empty where nobody needs it.
    pub(super) backward: Vec<Packed>,
    pub(super) panels: ParameterPanels,
    /// Where each weight, and after them each bias, lies in panels.
    pub(super) places: Vec<u32>,
    /// Whether members work whole blocks of examples; the sums of these lie one after the other in `chains`.
    pub(super) by_blocks: bool,
    pub(super) chains: Range<usize>,
    /// Of a member's memory.
    pub(super) x_planes: Range<usize>,
    pub(super) dy_planes: Range<usize>,
    pub(super) last_dy: Range<usize>,
    pub(super) dy_panels: Range<usize>,
}

/// Weights as a kernel reads them.
#[derive(Clone, Debug)]
pub(super) struct Packed {
    pub(super) work: Correlation,
    /// Where each lies in the layer's weight.
    pub(super) order: Vec<u32>,
    pub(super) range: Range<usize>,
}

/// A batch normalisation at work.
#[derive(Clone, Debug)]
pub(super) struct Norm {
    pub(super) epsilon: f64,
    pub(super) channels: usize,
    pub(super) positions: usize,
    /// Whether max(0, y) follows, and what is added before it.
    pub(super) relu: bool,
    pub(super) added: Option<usize>,
    /// Whether members sum whole blocks of examples, forward and back.
    pub(super) by_blocks: [bool; 2],
    /// Means, variances for the average, and s, of all channels; and the means of dy and dy·u.
    pub(super) statistics: Range<usize>,
    /// Sums of values, of squares, and of dy and dy·u.
    pub(super) sums: [Range<usize>; 3],
    /// Of a member's memory: m, s, and the means of dy and dy·u.
    pub(super) numbers: Range<usize>,
    /// Of a member's sums: the open ones, those of blocks of its channels, and the means.
    pub(super) open: Range<usize>,
    pub(super) closed: Range<usize>,
    pub(super) means: Range<usize>,
}

/// What happens between two barriers.
#[derive(Clone, Debug)]
pub(super) enum Phase {
    /// Each member works its share of the rows, `grain` of them being one unit.
    Rows { grain: usize, strands: Vec<Strand> },
    /// Members share out channels, inputs or units of parameters of one step after the other, or one member works one of them whole.
    Units(Vec<UnitOp>),
}

/// Operations that a chunk of rows goes through while it is in cache.
#[derive(Clone, Debug)]
pub(super) struct Strand {
    /// Rows at a time; the whole share where there is no limit.
    pub(super) chunk: usize,
    pub(super) ops: Vec<RowOp>,
}

/// Something done to some rows, mostly of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RowOp {
    /// Brings features in.
    Gather,
    Forward(usize),
    /// Sums of a normalisation: values, squares, dy and dy·u.
    Values(usize),
    Squares(usize),
    Products(usize),
    /// The losses of the rows, and their gradient by the outputs.
    Losses,
    LossGradient,
    /// Gradient by x.
    Backward(usize),
    /// Gradient of filters, block by block.
    Gradient(usize),
    /// to ← to + from
    Add {
        from: usize,
        to: usize,
    },
    /// to ← from
    Copy {
        from: usize,
        to: usize,
    },
}

/// Something shared out otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UnitOp {
    /// Mean and variance of each channel.
    Moments(usize),
    /// Its sums of dy and dy·u.
    Products(usize),
    /// Gradients of parameters; of a layer that one member works whole, that by x too.
    Gradient(usize),
}
