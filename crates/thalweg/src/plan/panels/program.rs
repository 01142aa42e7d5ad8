//! What a panel plan does with a network: stages, and where each matrix and each parameter lies.

use std::ops::Range;

use crate::activations::Activation;
use crate::kernels::panels::{LANE_COLUMNS, panel_count, panel_width};
use crate::kernels::sums::LANES;
use crate::layers::{Dropout, Layer};
use crate::network::PlacedLayer;
use crate::plan::Rules;
use crate::real::Real;

/// Matrices start at multiples of this many bytes: a cache line.
const LINE: usize = 64;

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
    /// With its mask.
    Dropout(Dropout, Matrix),
}

/// How the weights of a stage lie and which sums they take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Panels of outputs, `[panel][inputs, then the bias][W]`.
    Panels,
    /// One output and at least 64 inputs: `[inputs]` padded to whole panels, then the bias (NUMERICS rule 2).
    OneOutput,
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
    /// z.
    pub(super) output: Matrix,
    /// The gradient by the output, and in turn by whatever the tail makes of it.
    pub(super) doutput: Matrix,
    pub(super) tail: Vec<Tail>,
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

    /// The last matrix of the stage.
    pub(super) fn last(&self) -> Matrix {
        self.tail.last().map_or(self.output, |tail| tail.y)
    }
}

/// A network as stages.
#[derive(Clone, Debug)]
pub(super) struct Program {
    pub(super) input: Matrix,
    /// What happens to the input before the first dense layer.
    pub(super) head: Vec<Tail>,
    pub(super) stages: Vec<Stage>,
    /// Rows worked at once: what every matrix has room for.
    pub(super) capacity: usize,
    pub(super) arena_len: usize,
    pub(super) weights_len: usize,
    pub(super) transposed_len: usize,
    pub(super) lanes_len: usize,
    pub(super) outputs: usize,
}

impl Program {
    /// The stages of a network of dense and elementwise layers; `None` for any other.
    /// Where `rules` are given, with room for the way back.
    pub(super) fn new<R: Real>(
        layers: &[PlacedLayer],
        rules: Option<&Rules>,
        capacity: usize,
    ) -> Option<Program> {
        let trains = rules.is_some();
        let mut layout = Layout::<R> { capacity, arena: 0, scalar: std::marker::PhantomData };
        let columns = layers.first()?.input.len();
        let input = layout.matrix(columns);
        let mut head = Vec::new();
        let mut stages: Vec<Stage> = Vec::new();
        let (mut weights, mut transposed, mut lanes) = (0, 0, 0);
        let mut x = input;
        // Whether somebody still needs x in backward, so that it may not be overwritten.
        let mut kept = trains;
        for placed in layers {
            let kind = match &placed.layer {
                Layer::Flatten => continue,
                Layer::Dense(_) => {
                    let (in_features, out_features) = (placed.input.len(), placed.output.len());
                    let form = if out_features == 1 && in_features >= LANES {
                        Form::OneOutput
                    } else {
                        Form::Panels
                    };
                    let width = panel_width::<R>();
                    let length = match form {
                        Form::Panels => panel_count::<R>(out_features) * (in_features + 1) * width,
                        Form::OneOutput => (panel_count::<R>(in_features) + 1) * width,
                    };
                    let output = layout.matrix(out_features);
                    let doutput = if trains { layout.matrix(out_features) } else { output };
                    let turned = match trains && !stages.is_empty() {
                        true => panel_count::<R>(in_features) * out_features * width,
                        false => 0,
                    };
                    let mut stage = Stage {
                        form,
                        layer: placed.number,
                        in_features,
                        out_features,
                        input: x,
                        output,
                        doutput,
                        tail: Vec::new(),
                        weights: weights..weights + length,
                        transposed: transposed..transposed + turned,
                        lanes: lanes..lanes,
                        plain_weight: placed.parameters.first()?.range.clone(),
                        plain_bias: placed.parameters.get(1)?.range.clone(),
                        frozen: rules.is_some_and(|rules| rules.frozen.contains(&placed.number)),
                    };
                    let narrow = if stage.weight_lanes() { in_features } else { 0 };
                    lanes += (narrow + usize::from(stage.bias_lanes())) * LANES * LANE_COLUMNS;
                    stage.lanes.end = lanes;
                    weights += length;
                    transposed += turned;
                    x = output;
                    kept = false;
                    stages.push(stage);
                    continue;
                }
                Layer::Activation(Activation::Softmax | Activation::Custom(_)) | Layer::Custom(_) => {
                    return None;
                }
                Layer::Activation(activation) => TailKind::Activation(activation.clone()),
                Layer::Scale(scale) => TailKind::Scale(scale.factor),
                Layer::Dropout(_) if !trains => continue,
                Layer::Dropout(dropout) => TailKind::Dropout(*dropout, layout.matrix(x.columns)),
            };
            let (needs_input, needs_output) = match &kind {
                TailKind::Activation(activation) if activation.derivative_follows_from_output() => {
                    (false, true)
                }
                TailKind::Activation(_) => (true, true),
                TailKind::Scale(_) | TailKind::Dropout(..) => (false, false),
            };
            let y = if trains && (needs_input || kept) { layout.matrix(x.columns) } else { x };
            kept = needs_output;
            let tail = Tail { kind, layer: placed.number, x, y };
            match stages.last_mut() {
                Some(stage) => stage.tail.push(tail),
                None => head.push(tail),
            }
            x = y;
        }
        let outputs = stages.last()?.out_features;
        Some(Program {
            input,
            head,
            stages,
            capacity,
            arena_len: layout.arena,
            weights_len: weights,
            transposed_len: transposed,
            lanes_len: lanes,
            outputs,
        })
    }

    /// How far apart the panels of a matrix lie.
    pub(super) fn panel<R: Real>(&self) -> usize {
        self.capacity * panel_width::<R>()
    }

    /// The matrix that the network ends in.
    pub(super) fn last(&self) -> Matrix {
        self.stages.last().map_or(self.input, Stage::last)
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

/// Places matrices one after the other.
struct Layout<R> {
    capacity: usize,
    arena: usize,
    scalar: std::marker::PhantomData<R>,
}

impl<R: Real> Layout<R> {
    fn matrix(&mut self, columns: usize) -> Matrix {
        let start = self.arena.next_multiple_of(LINE / size_of::<R>());
        self.arena = start + panel_count::<R>(columns) * self.capacity * panel_width::<R>();
        Matrix { start, columns }
    }
}
