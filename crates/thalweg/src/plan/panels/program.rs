//! What a panel plan does with a network: stages, and where each matrix and each parameter lies.

use std::iter;
use std::ops::Range;

use super::front::Front;
use crate::activations::Activation;
use crate::kernels::panels::{panel_count, panel_width};
use crate::layers::{BatchNorm, Dropout, LayerNorm, Noise};
use crate::real::Real;

/// A matrix of a tile of rows, in panels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Matrix {
    /// Where its first panel starts in the arena.
    pub(super) start: usize,
    /// How many columns it has.
    pub(super) columns: usize,
}

/// What happens to the values of a stage after its product, element by element.
#[derive(Clone, Debug)]
pub(super) struct Tail {
    pub(super) kind: TailKind,
    /// The layer's number.
    pub(super) layer: usize,
    /// Its input and its output; the same where the input need not be kept.
    pub(super) x: Matrix,
    pub(super) y: Matrix,
}

#[derive(Clone, Debug)]
pub(super) enum TailKind {
    Activation(Activation),
    Scale(f64),
    /// Nothing: the values are wanted in two places.
    Copy,
    /// With its mask.
    Dropout(Dropout, Matrix),
    Noise(Noise),
    BatchNorm(ColumnNorm),
}

/// Where the parameters of a normalisation lie: in the plan's own order tensor after tensor, each padded to whole panels.
#[derive(Clone, Debug)]
pub(super) struct Norm {
    /// Its number among the normalisations.
    pub(super) number: usize,
    pub(super) parameters: Range<usize>,
    /// Where they lie in the plain plan, tensor after tensor.
    pub(super) plain: Range<usize>,
    pub(super) columns: usize,
    /// How many tensors there are: weight and bias, and with averages those.
    pub(super) tensors: usize,
    /// What the old averages weigh, where there are any.
    pub(super) momentum: Option<f64>,
    pub(super) frozen: bool,
}

impl Norm {
    /// Where a tensor lies, padded.
    pub(super) fn tensor(&self, tensor: usize) -> Range<usize> {
        let each = self.parameters.len() / self.tensors;
        self.parameters.start + tensor * each..self.parameters.start + (tensor + 1) * each
    }

    /// Where a tensor's values of a panel's columns lie.
    pub(super) fn run<R>(&self, tensor: usize, panel: usize) -> Range<usize> {
        let start = self.tensor(tensor).start + panel * panel_width::<R>();
        start..start + panel_width::<R>()
    }
}

/// A batch normalisation: it works the columns of a panel.
#[derive(Clone, Debug)]
pub(super) struct ColumnNorm {
    pub(super) layer: BatchNorm,
    pub(super) norm: Norm,
    pub(super) u: Matrix,
    /// Where the batch's mean, variance and scale lie in the arena: for each panel `[3, W]`.
    pub(super) all_statistics: Range<usize>,
}

impl ColumnNorm {
    /// Where the statistics of a panel's columns lie.
    pub(super) fn statistics<R>(&self, panel: usize) -> Range<usize> {
        let each = 3 * panel_width::<R>();
        self.all_statistics.start + panel * each..self.all_statistics.start + (panel + 1) * each
    }
}

/// A layer normalisation: it works whole rows of `x`, in place, when all panels of them are there; and what follows it.
#[derive(Clone, Debug)]
pub(super) struct RowNorm {
    pub(super) layer: LayerNorm,
    pub(super) norm: Norm,
    pub(super) x: Matrix,
    pub(super) u: Matrix,
    /// Where each row's scale lies in the arena.
    pub(super) scales: Range<usize>,
    /// Where the gradients of its parameters lie in the arena, as these lie.
    pub(super) gradients: Range<usize>,
    pub(super) tail: Vec<Tail>,
}

/// How the weights of a stage lie and which sums they take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Panels of outputs, `[panel][inputs, then the bias][W]`.
    Panels,
    /// One output and at least 64 inputs: `[inputs]` padded to whole panels, then the bias (NUMERICS rule 2).
    OneOutput,
}

/// The values that a product or the gathering of rows gives, and what is done to them up to the next product.
#[derive(Clone, Debug)]
pub(super) struct Values {
    /// z, or the rows of the data.
    pub(super) output: Matrix,
    /// The gradient by the output, and in turn by whatever the tail makes of it.
    pub(super) doutput: Matrix,
    pub(super) tail: Vec<Tail>,
    /// What is done to whole rows after that.
    pub(super) row_norms: Vec<RowNorm>,
}

/// A dense layer and what follows it up to the next.
#[derive(Clone, Debug)]
pub(super) struct Stage {
    pub(super) form: Form,
    /// The dense layer's number.
    pub(super) layer: usize,
    pub(super) in_features: usize,
    pub(super) out_features: usize,
    /// x.
    pub(super) input: Matrix,
    /// z and what follows.
    pub(super) values: Values,
    /// Its parameters in the plan's own order.
    pub(super) weights: Range<usize>,
    /// wᵀ in panels of inputs, for the gradient by x; empty where nobody needs that.
    pub(super) transposed: Range<usize>,
    /// Lanes of narrow sums: for each input (where `weight_lanes`), then for the bias (where `bias_lanes`).
    pub(super) lanes: Range<usize>,
    /// Where its weight and its bias lie in the plain plan.
    pub(super) plain_weight: Range<usize>,
    pub(super) plain_bias: Range<usize>,
    pub(super) frozen: bool,
}

impl Stage {
    /// dw in 64 lanes over the rows (NUMERICS rule 4).
    pub(super) fn weight_lanes(&self) -> bool {
        self.in_features < 16 && self.out_features < 8
    }

    /// db in 64 lanes over the rows.
    pub(super) fn bias_lanes(&self) -> bool {
        self.out_features < 8
    }

    /// How many panels its outputs take.
    pub(super) fn panels<R: Real>(&self) -> usize {
        panel_count::<R>(self.out_features)
    }

    /// How many panels its inputs take.
    pub(super) fn input_panels<R: Real>(&self) -> usize {
        panel_count::<R>(self.in_features)
    }
}

impl Values {
    /// Whether what follows looks at all rows of a column, so that rows may not be shared out.
    pub(super) fn looks_at_columns(&self) -> bool {
        self.column_norms().next().is_some()
    }

    /// Whether what stands last does.
    pub(super) fn last_looks_at_columns(&self) -> bool {
        self.row_norms.is_empty() && self.looks_at_columns()
    }

    /// The batch normalisations before rows are looked at.
    pub(super) fn column_norms(&self) -> impl Iterator<Item = &ColumnNorm> {
        self.tail.iter().filter_map(|tail| match &tail.kind {
            TailKind::BatchNorm(norm) => Some(norm),
            _ => None,
        })
    }

    /// Its normalisations, in order.
    pub(super) fn norms(&self) -> impl Iterator<Item = &Norm> {
        let of_columns = self.column_norms().map(|norm| &norm.norm);
        of_columns.chain(self.row_norms.iter().map(|norm| &norm.norm))
    }

    /// What stands last, after the output or after the last normalisation of rows.
    pub(super) fn last_tail(&self) -> &[Tail] {
        self.row_norms.last().map_or(&self.tail, |norm| &norm.tail)
    }

    /// The matrix that the next product reads.
    pub(super) fn last(&self) -> Matrix {
        let before = |norm: &RowNorm| norm.x;
        let start = self.row_norms.last().map_or(self.output, before);
        self.last_tail().last().map_or(start, |tail| tail.y)
    }
}

/// Where everything lies in the memory for hidden matrices: X, B·X, A, B, a row of zeros, and a run for each member.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct MatrixRoom {
    /// The values of the largest matrix, its shorter side and its longer one, each at most.
    len: usize,
    side: usize,
    wide: usize,
}

impl MatrixRoom {
    /// Room for the hidden ones of these: all but the first and the last.
    pub(super) fn new(stages: &[Stage]) -> Self {
        let mut room = MatrixRoom::default();
        for stage in stages.iter().take(stages.len().saturating_sub(1)).skip(1) {
            let (inputs, outputs) = (stage.in_features, stage.out_features);
            room.len = room.len.max(inputs * outputs);
            room.side = room.side.max(inputs.min(outputs));
            room.wide = room.wide.max(inputs.max(outputs));
        }
        room
    }

    /// How many values it is for so many members.
    pub(super) fn size(self, members: usize) -> usize {
        self.scratch(members).start
    }

    pub(super) fn x(self) -> Range<usize> {
        0..self.len
    }

    pub(super) fn product(self) -> Range<usize> {
        self.len..2 * self.len
    }

    pub(super) fn square(self, which: usize) -> Range<usize> {
        let start = 2 * self.len + which * self.side * self.side;
        start..start + self.side * self.side
    }

    pub(super) fn zeros(self) -> Range<usize> {
        let start = self.square(1).end;
        start..start + self.wide
    }

    pub(super) fn scratch(self, member: usize) -> Range<usize> {
        let start = self.zeros().end + member * self.len;
        start..start + self.len
    }
}

/// A network as stages.
#[derive(Clone, Debug)]
pub(super) struct Program {
    /// The convolutions before the dense layers, if there are any.
    pub(super) front: Option<Front>,
    /// Values of a row of data.
    pub(super) inputs: usize,
    /// The rows of the data, or what the convolutions make of them, and what happens to them before the first dense layer.
    pub(super) input: Values,
    pub(super) stages: Vec<Stage>,
    /// Rows worked at once, which every matrix has room for: whole batches where there are normalisations, else tiles.
    pub(super) capacity: usize,
    pub(super) arena_len: usize,
    pub(super) weights_len: usize,
    pub(super) transposed_len: usize,
    pub(super) lanes_len: usize,
    pub(super) outputs: usize,
    /// What an optimizer needs that moves hidden matrices as a whole.
    pub(super) matrices: MatrixRoom,
    /// The layers' numbers of the normalisations, by their own.
    pub(super) norm_layers: Vec<usize>,
}

impl Program {
    /// All normalisations, in order.
    pub(super) fn norms(&self) -> impl Iterator<Item = &Norm> {
        self.all_values().flat_map(Values::norms)
    }

    /// The input's, then those of each product.
    fn all_values(&self) -> impl Iterator<Item = &Values> {
        iter::once(&self.input).chain(self.stages.iter().map(|stage| &stage.values))
    }

    /// How far apart the panels of a matrix lie.
    pub(super) fn panel<R: Real>(&self) -> usize {
        self.capacity * panel_width::<R>()
    }

    /// The matrix that the network ends in.
    pub(super) fn last(&self) -> Matrix {
        self.stages.last().map_or(&self.input, |stage| &stage.values).last()
    }

    /// Where rows of one panel of a matrix lie in the arena.
    pub(super) fn part<R: Real>(&self, matrix: Matrix, panel: usize, rows: &Range<usize>) -> Range<usize> {
        let width = panel_width::<R>();
        let start = matrix.start + panel * self.panel::<R>();
        start + rows.start * width..start + rows.end * width
    }

    /// Where a matrix lies from row `first` of its panel `panel` on, to its end.
    pub(super) fn rest<R: Real>(&self, matrix: Matrix, panel: usize, first: usize) -> Range<usize> {
        let end = matrix.start + panel_count::<R>(matrix.columns) * self.panel::<R>();
        matrix.start + panel * self.panel::<R>() + first * panel_width::<R>()..end
    }
}
