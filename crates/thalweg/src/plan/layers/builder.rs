//! From layers to a program: steps in order, forward and back, and the phases that they need.

use std::ops::Range;

use super::program::{
    Back, Convolution, Dense, Lens, Norm, Packed, Phase, Program, RowOp, Step, StepKind, Strand, UnitOp,
};
use super::slots::{Moment, Slots};
use crate::activations::Activation;
use crate::kernels::channels;
use crate::kernels::convolution::{ConvolutionSizes, Correlation, ParameterPanels, Planes};
use crate::layers::{BatchNorm, Block, Layer, Residual, inner_number};
use crate::network::PlacedLayer;
use crate::plan::Rules;
use crate::real::Real;
use crate::shape::Shape;

/// Bytes that start a run of their own, and that kernels may read behind one: a cache line.
const LINE: usize = 64;

/// Bytes of the widest matrix of a chunk of rows: a few of them fit the second cache together.
const CHUNK: usize = 1 << 16;

/// How much longer the longest share of the rows may be than an equal one, in percent, so that members work whole blocks of rows.
const UNFAIR: usize = 25;

/// Outputs of a dense layer whose gradient is taken transposed (NUMERICS rule 4).
const FEW_OUTPUTS: usize = 8;

/// For whom a program is made.
#[derive(Clone, Copy)]
pub(super) struct Size<'a> {
    /// `None`: for forward passes alone.
    pub(super) rules: Option<&'a Rules>,
    pub(super) largest_batch: usize,
    pub(super) threads: usize,
}

impl Program {
    /// The program of a network; `None` where a layer is a user's own.
    pub(super) fn new<R: Real>(layers: &[PlacedLayer], size: Size<'_>) -> Option<Program> {
        let is_own =
            |layer: &Layer| matches!(layer, Layer::Custom(_) | Layer::Activation(Activation::Custom(_)));
        if layers.iter().any(|placed| placed.layer.any(&is_own)) {
            return None;
        }
        let builder = Builder {
            size,
            steps: Vec::new(),
            slots: Slots::default(),
            phases: Vec::new(),
            is_closed: true,
            pending: Vec::new(),
            lens: Lens::default(),
        };
        builder.program::<R>(layers)
    }
}

/// The output of a step.
#[derive(Clone, Copy)]
struct Value {
    slot: usize,
    /// Whether the next step may write over it: nobody else reads it, and its own step does not need it to go back.
    is_free: bool,
}

/// A gradient on its way back.
#[derive(Clone, Copy)]
struct Gradient {
    slot: usize,
    /// Whether nobody else reads it.
    is_free: bool,
}

/// Steps, and blocks of them.
enum Node {
    Step(usize),
    Block { straight: Vec<Node>, around: Vec<Node>, sum: usize },
}

/// A layer with its sizes and its parameters among the network's.
struct Sited<'a> {
    layer: &'a Layer,
    input: &'a Shape,
    output: &'a Shape,
    parameters: Range<usize>,
    number: u32,
    learns: bool,
}

struct Builder<'a> {
    size: Size<'a>,
    steps: Vec<Step>,
    slots: Slots,
    phases: Vec<Phase>,
    /// Whether the last phase takes no more.
    is_closed: bool,
    /// Gradients that are taken after the next barrier.
    pending: Vec<usize>,
    lens: Lens,
}

/// So many values from `end` on, a line of their own.
fn run<R>(end: &mut usize, len: usize) -> Range<usize> {
    let start = end.next_multiple_of(LINE / size_of::<R>());
    *end = start + len;
    start..*end
}

impl Builder<'_> {
    fn program<R: Real>(mut self, layers: &[PlacedLayer]) -> Option<Program> {
        let first = layers.first()?;
        let input = self.slots.add(first.input.len(), self.trains());
        let at = self.row_op::<R>(RowOp::Gather, first.input.len(), 1);
        self.slots.touch(input, at);
        let frozen = |number: usize| self.size.rules.is_some_and(|rules| rules.frozen.contains(&number));
        let wants_whole = self.size.rules.is_some_and(Rules::wants_whole_gradient);
        let learns: Vec<bool> = layers.iter().map(|placed| wants_whole || !frozen(placed.number)).collect();
        let sited = layers.iter().map(|placed| Sited {
            layer: &placed.layer,
            input: &placed.input,
            output: &placed.output,
            parameters: placed.range.clone(),
            number: placed.number as u32,
            learns: self.size.rules.is_some() && learns[placed.number],
        });
        let sited: Vec<Sited<'_>> = sited.collect();
        let (nodes, output) = self.path::<R>(&sited, Value { slot: input, is_free: false })?;
        let outputs = self.slots.width(output.slot);
        let at = self.row_op::<R>(RowOp::Losses, outputs, 1);
        self.slots.touch(output.slot, at);
        self.close();
        let forward = self.phases.len();
        let doutput = self.slots.add(outputs, false);
        if self.trains() {
            let at = self.row_op::<R>(RowOp::LossGradient, outputs, 1);
            self.slots.touch(doutput, at);
            self.back::<R>(&nodes, Gradient { slot: doutput, is_free: true }, false);
            self.close();
        }
        Some(self.finish::<R>(forward, [input, output.slot, doutput]))
    }

    fn finish<R: Real>(mut self, forward: usize, [input, output, doutput]: [usize; 3]) -> Program {
        let line = LINE / size_of::<R>();
        let phases = &self.phases;
        let chunk = |at: Moment| match &phases[at.phase] {
            Phase::Rows { strands, .. } => match strands[at.strand].chunk {
                usize::MAX => None,
                chunk => Some(chunk),
            },
            Phase::Units(_) => None,
        };
        // Behind a matrix another line may be read.
        let round = |len: usize| (len + line).next_multiple_of(line);
        let mut places = self.slots.place(self.size.largest_batch, chunk, round);
        let first = run::<R>(&mut self.lens.member, places.local).start;
        for matrix in places.matrices.iter_mut().filter(|matrix| matrix.is_local) {
            matrix.start += first;
        }
        self.lens.member = self.lens.member.next_multiple_of(2 * line);
        self.lens.member_sums = self.lens.member_sums.next_multiple_of(2 * line);
        self.lens.arena = places.arena;
        let backward = self.phases.split_off(forward);
        Program {
            trains: self.size.rules.is_some(),
            steps: self.steps,
            matrices: places.matrices,
            forward: self.phases,
            backward,
            input,
            output,
            doutput,
            lens: self.lens,
        }
    }

    fn trains(&self) -> bool {
        self.size.rules.is_some()
    }

    // Phases.

    /// Ends a phase; what waited for a barrier comes after it.
    fn close(&mut self) {
        self.is_closed = true;
        if !self.pending.is_empty() {
            let ops: Vec<UnitOp> = self.pending.drain(..).map(UnitOp::Gradient).collect();
            let at = Moment { phase: self.phases.len(), strand: 0, op: 0 };
            for op in &ops {
                let UnitOp::Gradient(step) = *op else { unreachable!("gradients wait") };
                let Step { x, y, cache, dy, .. } = self.steps[step];
                [x, y, cache, dy].into_iter().for_each(|slot| self.slots.touch(slot, at));
            }
            self.phases.push(Phase::Units(ops));
        }
    }

    /// A phase of its own.
    fn unit_op(&mut self, op: UnitOp) -> Moment {
        self.close();
        self.phases.push(Phase::Units(vec![op]));
        Moment { phase: self.phases.len() - 1, strand: 0, op: 0 }
    }

    /// Adds something done row by row, to matrices of at most so many columns. A `grain` of rows must not be cut.
    fn row_op<R: Real>(&mut self, op: RowOp, widest: usize, grain: usize) -> Moment {
        let rows = (CHUNK / size_of::<R>()) / widest.max(1);
        self.strand_op(op, rows.max(1), grain)
    }

    /// The same with the rows of a chunk.
    fn strand_op(&mut self, op: RowOp, rows: usize, grain: usize) -> Moment {
        if self.is_closed {
            self.phases.push(Phase::Rows { grain: 1, strands: Vec::new() });
            self.is_closed = false;
        }
        let phase = self.phases.len() - 1;
        let Phase::Rows { grain: of_phase, strands } = &mut self.phases[phase] else {
            unreachable!("an open phase is one of rows")
        };
        // One member alone has all rows.
        *of_phase = if self.size.threads == 1 { 1 } else { common_multiple(*of_phase, grain) };
        match strands.last_mut() {
            Some(strand) if (strand.chunk == usize::MAX) == (rows == usize::MAX) => {
                strand.chunk = strand.chunk.min(rows);
                strand.ops.push(op);
            }
            _ => strands.push(Strand { chunk: rows, ops: vec![op] }),
        }
        let strand = strands.len() - 1;
        Moment { phase, strand, op: strands[strand].ops.len() - 1 }
    }

    /// Whether members may work this many rows at a time, in the phase that is open, and have about as many.
    fn is_fair(&self, grain: usize) -> bool {
        let Size { largest_batch, threads, .. } = self.size;
        if threads == 1 {
            return true;
        }
        let grain = match self.phases.last() {
            Some(Phase::Rows { grain: of_phase, .. }) if !self.is_closed => common_multiple(*of_phase, grain),
            _ => grain,
        };
        let longest = largest_batch.div_ceil(grain).div_ceil(threads) * grain;
        longest * threads * 100 <= largest_batch * (100 + UNFAIR)
    }

    // Forward.

    fn path<R: Real>(&mut self, layers: &[Sited<'_>], x: Value) -> Option<(Vec<Node>, Value)> {
        let mut nodes = Vec::with_capacity(layers.len());
        let mut x = x;
        let mut is_done = false;
        for (i, sited) in layers.iter().enumerate() {
            let relu_follows = layers
                .get(i + 1)
                .is_some_and(|next| matches!(next.layer, Layer::Activation(Activation::Relu)));
            let node = match sited.layer {
                Layer::Flatten => continue,
                Layer::Residual(residual) => self.block::<R>(sited, residual, &mut x)?,
                Layer::BatchNorm(norm) => Node::Step(self.norm::<R>(sited, norm, relu_follows, &mut x)),
                Layer::Activation(activation) => {
                    Node::Step(self.activation::<R>(sited, activation, is_done, &mut x))
                }
                layer => match layer.convolution(sited.input).filter(|sizes| sizes.fits_planes()) {
                    Some(sizes) => Node::Step(self.convolution::<R>(sited, sizes, &mut x)?),
                    None => Node::Step(self.layer::<R>(sited, &mut x)),
                },
            };
            is_done = relu_follows && matches!(sited.layer, Layer::BatchNorm(_));
            nodes.push(node);
        }
        Some((nodes, x))
    }

    /// Adds a step from x to y.
    fn step(&mut self, sited: &Sited<'_>, kind: StepKind, x: usize, y: usize) -> usize {
        let cache_len = match &kind {
            StepKind::Layer(layer, _) => layer.cache_len(sited.input),
            _ => 0,
        };
        let cache = self.slots.add(cache_len, self.trains());
        self.steps.push(Step {
            kind,
            number: sited.number,
            input: sited.input.clone(),
            output: sited.output.clone(),
            parameters: sited.parameters.clone(),
            learns: sited.learns && !sited.parameters.is_empty(),
            x,
            y,
            cache,
            dy: 0,
            dx: None,
        });
        self.steps.len() - 1
    }

    /// Notes that a step's matrices are read and written.
    fn touch_forward(&mut self, step: usize, at: Moment) {
        let Step { x, y, cache, .. } = self.steps[step];
        [x, y, cache].into_iter().for_each(|slot| self.slots.touch(slot, at));
    }

    /// A new output.
    fn output(&mut self, sited: &Sited<'_>) -> usize {
        self.slots.add(sited.output.len(), self.trains())
    }

    fn widest(&self, step: usize) -> usize {
        let Step { input, output, .. } = &self.steps[step];
        input.len().max(output.len())
    }

    fn forward_op<R: Real>(&mut self, step: usize) {
        let at = self.row_op::<R>(RowOp::Forward(step), self.widest(step), 1);
        self.touch_forward(step, at);
    }

    /// A layer that runs by its own passes, or a dense one.
    fn layer<R: Real>(&mut self, sited: &Sited<'_>, x: &mut Value) -> usize {
        let y = self.output(sited);
        let kind = match sited.layer {
            Layer::Dense(_) => StepKind::Dense(self.dense::<R>(sited, true)),
            layer => {
                let back = back_of(layer);
                if back == Back::Whole && self.trains() {
                    let len = layer.scratch_len(sited.input)
                        + self.size.largest_batch * layer.row_scratch_len(sited.input);
                    self.lens.whole = self.lens.whole.max(len);
                }
                StepKind::Layer(layer.clone(), back)
            }
        };
        let is_dense = matches!(kind, StepKind::Dense(_));
        let step = self.step(sited, kind, x.slot, y);
        if is_dense {
            let at = self.strand_op(RowOp::Forward(step), usize::MAX, 1);
            self.touch_forward(step, at);
        } else {
            self.forward_op::<R>(step);
        }
        *x = Value { slot: y, is_free: !(self.trains() && sited.layer.reads_output()) };
        step
    }

    fn dense<R: Real>(&mut self, sited: &Sited<'_>, has_bias: bool) -> Dense {
        let (inputs, outputs) = (sited.input.len(), sited.output.len());
        let mut room =
            |len: usize, wanted: bool| run::<R>(&mut self.lens.packed, if wanted { len } else { 0 });
        Dense {
            has_bias,
            transposed: 0..0,
            zeros: room(outputs, !has_bias),
            scratch: room(inputs * outputs, sited.learns && outputs < FEW_OUTPUTS),
        }
    }

    fn activation<R: Real>(
        &mut self,
        sited: &Sited<'_>,
        activation: &Activation,
        is_done: bool,
        x: &mut Value,
    ) -> usize {
        let mut is_done = is_done;
        // A normalisation that adds takes what follows the sum too.
        if let (Activation::Relu, Some(number)) = (activation, self.last_norm().filter(|_| x.is_free))
            && self.steps[number].y == x.slot
            && let StepKind::Norm(norm) = &mut self.steps[number].kind
            && norm.added.is_some()
        {
            (norm.relu, is_done) = (true, true);
        }
        let keeps_x = self.trains() && !activation.derivative_follows_from_output();
        let in_place = is_done || (x.is_free && !keeps_x && !matches!(activation, Activation::Softmax));
        let y = if in_place { x.slot } else { self.output(sited) };
        let step =
            self.step(sited, StepKind::Activation { activation: activation.clone(), is_done }, x.slot, y);
        if !is_done {
            self.forward_op::<R>(step);
        }
        *x = Value { slot: y, is_free: !self.trains() };
        step
    }

    fn convolution<R: Real>(
        &mut self,
        sited: &Sited<'_>,
        sizes: ConvolutionSizes,
        x: &mut Value,
    ) -> Option<usize> {
        let (planes, dplanes) = (Planes::of_input(sizes), Planes::of_gradient(sizes));
        let panels = ParameterPanels::new(sizes);
        let weights = (0..sizes.weight_len()).map(|at| panels.weight_place::<R>(at));
        let biases = (0..sizes.out_channels).map(|channel| panels.bias_place::<R>(channel));
        let places = weights.chain(biases).map(|place| u32::try_from(place).ok());
        let places = if sited.learns { places.collect::<Option<_>>()? } else { Vec::new() };
        let (line, trains) = (LINE / size_of::<R>(), self.trains());
        let mut own =
            |len: usize, wanted: bool| run::<R>(&mut self.lens.member, if wanted { len } else { 0 });
        let x_planes = own(planes.len::<R>(), true);
        let dy_planes = own(dplanes.len::<R>(), trains);
        let last_dy = own(sizes.y_len() + line, sited.learns);
        let dy_panels = own(panels.dy_len::<R>(), sited.learns);
        let convolution = Convolution {
            sizes,
            forward: self.packed::<R>(Correlation::forward(sizes))?,
            backward: Vec::new(),
            places,
            by_blocks: false,
            chains: 0..0,
            x_planes,
            dy_planes,
            last_dy,
            dy_panels,
            planes,
            dplanes,
            panels,
        };
        let y = self.output(sited);
        let step = self.step(sited, StepKind::Convolution(Box::new(convolution)), x.slot, y);
        self.forward_op::<R>(step);
        *x = Value { slot: y, is_free: true };
        Some(step)
    }

    fn packed<R: Real>(&mut self, work: Correlation) -> Option<Packed> {
        let order = work.order::<R>().into_iter().map(|at| u32::try_from(at).ok());
        let order = order.collect::<Option<_>>()?;
        Some(Packed { order, range: run::<R>(&mut self.lens.packed, work.packed_len()), work })
    }

    fn norm<R: Real>(&mut self, sited: &Sited<'_>, norm: &BatchNorm, relu: bool, x: &mut Value) -> usize {
        let channels = sited.input.axes().first().copied().unwrap_or(1);
        let positions = sited.input.len() / channels;
        let trains = self.trains();
        let blocks = channels::blocks(self.size.largest_batch, positions);
        let sums = [1, 1, 2]
            .map(|each| run::<f64>(&mut self.lens.sums, if trains { blocks * channels * each } else { 0 }));
        let open = if trains { 2 * channels * channels::LANES } else { 0 };
        let grain = channels::examples_of_whole_blocks(positions);
        let by_blocks = trains && self.is_fair(grain);
        let kind = StepKind::Norm(Norm {
            epsilon: norm.epsilon,
            channels,
            positions,
            relu,
            added: None,
            by_blocks: [by_blocks, false],
            statistics: run::<R>(&mut self.lens.statistics, 5 * channels),
            sums,
            numbers: run::<R>(&mut self.lens.member, 4 * channels),
            open: run::<f64>(&mut self.lens.member_sums, open),
            closed: 0..0,
            means: run::<f64>(&mut self.lens.member_sums, channels),
        });
        let y = self.output(sited);
        let step = self.step(sited, kind, x.slot, y);
        let width = sited.input.len();
        if by_blocks {
            let at = self.row_op::<R>(RowOp::Values(step), width, grain);
            self.slots.touch(x.slot, at);
            self.close();
            let at = self.row_op::<R>(RowOp::Squares(step), width, grain);
            self.slots.touch(x.slot, at);
            self.close();
        } else if trains {
            let at = self.unit_op(UnitOp::Moments(step));
            self.slots.touch(x.slot, at);
            self.close_by_channels(step);
        }
        self.forward_op::<R>(step);
        *x = Value { slot: y, is_free: !relu || !trains };
        step
    }

    /// Room in each member's memory for the sums of its channels.
    fn close_by_channels(&mut self, step: usize) {
        let StepKind::Norm(norm) = &mut self.steps[step].kind else { return };
        if norm.closed.is_empty() {
            let blocks = channels::blocks(self.size.largest_batch, norm.positions);
            norm.closed = run::<f64>(&mut self.lens.member_sums, 2 * blocks * norm.channels);
        }
    }

    fn block<R: Real>(&mut self, sited: &Sited<'_>, residual: &Residual, x: &mut Value) -> Option<Node> {
        let block = residual.block(sited.input).ok()?;
        let block: &Block = &block;
        let inner = |steps: &'_ [crate::layers::BlockStep]| -> Vec<(Range<usize>, u32)> {
            let start = sited.parameters.start;
            let of = |range: &Range<usize>| start + range.start..start + range.end;
            steps.iter().map(|step| (of(&step.parameters), inner_number(sited.number, step.place))).collect()
        };
        let mut paths = [&block.straight, &block.shortcut].map(|steps| {
            let placed = inner(steps).into_iter().zip(steps.iter());
            placed
                .map(|((parameters, number), step)| Sited {
                    layer: &step.layer,
                    input: &step.input,
                    output: &step.output,
                    parameters,
                    number,
                    learns: sited.learns,
                })
                .collect::<Vec<_>>()
        });
        let [shortcut, straight] = [paths[1].split_off(0), paths[0].split_off(0)];
        let shared = Value { is_free: false, ..*x };
        let (straight, last) = self.path::<R>(&straight, shared)?;
        let (around, other) = match &block.projection {
            Some(projection) => {
                let start = sited.parameters.start;
                let parameters = start + projection.range.start..start + projection.range.end;
                let projected = Sited { parameters, ..*sited };
                let dense = self.dense::<R>(&projected, false);
                let y = self.output(sited);
                let step = self.step(&projected, StepKind::Dense(dense), x.slot, y);
                let at = self.strand_op(RowOp::Forward(step), usize::MAX, 1);
                self.touch_forward(step, at);
                (vec![Node::Step(step)], Value { slot: y, is_free: true })
            }
            None => self.path::<R>(&shortcut, shared)?,
        };
        if let Some(y) = self.sum_with_norm([last, other]) {
            *x = Value { slot: y, is_free: true };
            let sum = self.sum_step(sited, [last, other], y);
            return Some(Node::Block { straight, around, sum });
        }
        let y = match (last.is_free, other.is_free) {
            (true, _) => last.slot,
            (false, true) => other.slot,
            (false, false) => self.output(sited),
        };
        let sum = self.sum_step(sited, [last, other], y);
        let at = self.row_op::<R>(RowOp::Forward(sum), sited.output.len(), 1);
        self.touch_forward(sum, at);
        self.slots.touch(other.slot, at);
        *x = Value { slot: y, is_free: true };
        Some(Node::Block { straight, around, sum })
    }

    fn sum_step(&mut self, sited: &Sited<'_>, [last, around]: [Value; 2], y: usize) -> usize {
        let sum = StepKind::Sum { around: around.slot, last: last.slot };
        let nothing = Sited { parameters: 0..0, ..*sited };
        self.step(&nothing, sum, last.slot, y)
    }

    /// Where one of two values is what a normalisation has just been made to write, it may add the other on the way: where it does so.
    fn sum_with_norm(&mut self, values: [Value; 2]) -> Option<usize> {
        let number = self.last_norm()?;
        let y = self.steps[number].y;
        let other = match values {
            [own, other] | [other, own] if own.slot == y && own.is_free && other.slot != y => other.slot,
            _ => return None,
        };
        let StepKind::Norm(norm) = &mut self.steps[number].kind else { return None };
        if norm.relu {
            return None;
        }
        norm.added = Some(other);
        let at = self.last_moment()?;
        self.slots.touch(other, at);
        Some(y)
    }

    /// The normalisation whose forward pass is the last operation of the phase that is open.
    fn last_norm(&self) -> Option<usize> {
        let Phase::Rows { strands, .. } = self.phases.last().filter(|_| !self.is_closed)? else {
            return None;
        };
        match *strands.last()?.ops.last()? {
            RowOp::Forward(step) => matches!(self.steps[step].kind, StepKind::Norm(_)).then_some(step),
            _ => None,
        }
    }

    /// When the last operation is.
    fn last_moment(&self) -> Option<Moment> {
        let phase = self.phases.len() - 1;
        let Phase::Rows { strands, .. } = &self.phases[phase] else { return None };
        let strand = strands.len() - 1;
        Some(Moment { phase, strand, op: strands[strand].ops.len() - 1 })
    }

    /// Whether an activation follows a sum that the normalisation before it made.
    fn follows_sum(&self, step: usize) -> bool {
        step > 0 && matches!(self.steps[step - 1].kind, StepKind::Sum { .. })
    }

    // Back.

    /// Whether anybody wants a gradient of parameters among these.
    fn learn(&self, nodes: &[Node]) -> bool {
        nodes.iter().any(|node| match node {
            Node::Step(step) => self.steps[*step].learns,
            Node::Block { straight, around, .. } => self.learn(straight) || self.learn(around),
        })
    }

    /// Back through a path; the gradient by its input, where it is wanted.
    fn back<R: Real>(&mut self, nodes: &[Node], dy: Gradient, wants_dx: bool) -> Option<Gradient> {
        let mut dy = dy;
        for (i, node) in nodes.iter().enumerate().rev() {
            let wants_dx = wants_dx || self.learn(&nodes[..i]);
            if !wants_dx && !self.learn(std::slice::from_ref(node)) {
                return None;
            }
            let dx = match node {
                Node::Step(step) => self.back_step::<R>(*step, dy, wants_dx),
                Node::Block { straight, around, sum } => {
                    self.steps[*sum].dy = dy.slot;
                    let by_straight = self.back::<R>(straight, Gradient { is_free: false, ..dy }, wants_dx);
                    // Where nothing stands inside, dy itself is what comes by there.
                    let dy = Gradient { is_free: dy.is_free && !straight.is_empty(), ..dy };
                    let by_around = self.back::<R>(around, dy, wants_dx);
                    self.join::<R>(by_straight, by_around)
                }
            };
            dy = dx?;
        }
        Some(dy)
    }

    /// The sum of two gradients.
    fn join<R: Real>(&mut self, first: Option<Gradient>, second: Option<Gradient>) -> Option<Gradient> {
        let (first, second) = (first?, second?);
        let (from, to) = match (self.is_free(first), self.is_free(second)) {
            (true, _) if first.slot != second.slot => (second, first),
            (false, true) if first.slot != second.slot => (first, second),
            _ => {
                // Both ways are straight: the same gradient twice.
                let copy =
                    Gradient { slot: self.slots.add(self.slots.width(first.slot), false), is_free: true };
                self.add_op::<R>(first.slot, copy.slot, true);
                (second, copy)
            }
        };
        self.add_op::<R>(from.slot, to.slot, false);
        Some(Gradient { is_free: true, ..to })
    }

    fn add_op<R: Real>(&mut self, from: usize, to: usize, copies: bool) {
        let op = if copies { RowOp::Copy { from, to } } else { RowOp::Add { from, to } };
        let at = self.row_op::<R>(op, self.slots.width(to), 1);
        [from, to].into_iter().for_each(|slot| self.slots.touch(slot, at));
    }

    /// Whether a gradient may be written over: not while somebody waits to read it.
    fn is_free(&self, gradient: Gradient) -> bool {
        gradient.is_free && !self.pending.iter().any(|&step| self.steps[step].dy == gradient.slot)
    }

    fn back_step<R: Real>(&mut self, step: usize, dy: Gradient, wants_dx: bool) -> Option<Gradient> {
        let is_free = self.is_free(dy);
        self.steps[step].dy = dy.slot;
        let (inputs, widest) = (self.steps[step].input.len(), self.widest(step));
        let learns = self.steps[step].learns;
        let new = |builder: &mut Self| {
            let slot = builder.slots.add(inputs, false);
            builder.steps[step].dx = Some(slot);
            Some(Gradient { slot, is_free: true })
        };
        match &self.steps[step].kind {
            // The normalisation before it does it too.
            StepKind::Activation { is_done: true, .. } if !self.follows_sum(step) => {
                self.steps[step].dx = Some(dy.slot);
                Some(dy)
            }
            StepKind::Activation { activation, .. } => {
                let in_place = is_free && !matches!(activation, Activation::Softmax);
                let dx = if in_place { Some(dy) } else { new(self) };
                self.steps[step].dx = dx.map(|dx| dx.slot);
                self.backward_op::<R>(step);
                dx
            }
            StepKind::Layer(_, Back::Rows) => {
                let dx = new(self);
                self.backward_op::<R>(step);
                dx
            }
            StepKind::Layer(_, Back::Channels) => {
                if learns {
                    self.pending.push(step);
                }
                if !wants_dx {
                    return None;
                }
                let dx = new(self);
                self.backward_op::<R>(step);
                dx
            }
            StepKind::Layer(_, Back::Whole) => {
                let dx = if wants_dx { new(self) } else { None };
                let at = self.unit_op(UnitOp::Gradient(step));
                self.touch_backward(step, at);
                dx
            }
            StepKind::Dense(_) => {
                if learns {
                    self.pending.push(step);
                }
                if !wants_dx {
                    return None;
                }
                let dx = new(self);
                let len = self.steps[step].input.len() * self.steps[step].output.len();
                let transposed = run::<R>(&mut self.lens.packed, len);
                if let StepKind::Dense(dense) = &mut self.steps[step].kind {
                    dense.transposed = transposed;
                }
                let at = self.strand_op(RowOp::Backward(step), usize::MAX, 1);
                self.touch_backward(step, at);
                dx
            }
            StepKind::Convolution(convolution) => {
                let (sizes, panels) = (convolution.sizes, convolution.panels.len::<R>());
                if learns {
                    let grain = sizes.block();
                    let blocks = self.size.largest_batch.div_ceil(grain);
                    // The chains of all blocks must not take more than the images themselves.
                    let is_small =
                        blocks * panels <= self.size.largest_batch * (sizes.x_len() + sizes.y_len());
                    if is_small && self.is_fair(grain) {
                        let at = self.row_op::<R>(RowOp::Gradient(step), widest, grain);
                        self.touch_backward(step, at);
                        let chains = run::<R>(&mut self.lens.chains, blocks * panels);
                        if let StepKind::Convolution(convolution) = &mut self.steps[step].kind {
                            (convolution.by_blocks, convolution.chains) = (true, chains);
                        }
                    } else {
                        self.pending.push(step);
                        let chains = run::<R>(&mut self.lens.chains, panels * 2);
                        if let StepKind::Convolution(convolution) = &mut self.steps[step].kind {
                            convolution.chains = chains;
                        }
                    }
                }
                if !wants_dx {
                    return None;
                }
                let works = Correlation::input_gradient(sizes).into_iter();
                let packed = works.map(|work| self.packed::<R>(work)).collect::<Option<_>>();
                if let StepKind::Convolution(convolution) = &mut self.steps[step].kind {
                    convolution.backward = packed.expect("the forward pass has as many weights");
                }
                let dx = new(self);
                self.backward_op::<R>(step);
                dx
            }
            StepKind::Norm(norm) => {
                let grain = channels::examples_of_whole_blocks(norm.positions);
                let by_blocks = self.is_fair(grain);
                if by_blocks {
                    let at = self.row_op::<R>(RowOp::Products(step), widest, grain);
                    self.touch_backward(step, at);
                    self.close();
                    if let StepKind::Norm(norm) = &mut self.steps[step].kind {
                        norm.by_blocks[1] = true;
                    }
                } else {
                    let at = self.unit_op(UnitOp::Products(step));
                    self.touch_backward(step, at);
                    self.close_by_channels(step);
                }
                let dx = if wants_dx { new(self) } else { None };
                self.backward_op::<R>(step);
                dx
            }
            StepKind::Sum { .. } => unreachable!("a block goes back by itself"),
        }
    }

    fn backward_op<R: Real>(&mut self, step: usize) {
        let at = self.row_op::<R>(RowOp::Backward(step), self.widest(step), 1);
        self.touch_backward(step, at);
    }

    fn touch_backward(&mut self, step: usize, at: Moment) {
        let Step { x, y, cache, dy, dx, .. } = self.steps[step];
        [x, y, cache, dy].into_iter().chain(dx).for_each(|slot| self.slots.touch(slot, at));
    }
}

/// How a layer without a step of its own goes back.
fn back_of(layer: &Layer) -> Back {
    match layer {
        Layer::Activation(_)
        | Layer::Scale(_)
        | Layer::Dropout(_)
        | Layer::Noise(_)
        | Layer::Flatten
        | Layer::Upsample(_)
        | Layer::MaxPool2d(_)
        | Layer::AveragePool2d(_)
        | Layer::AdaptiveAveragePool2d(_)
        | Layer::GlobalAveragePool(_)
        | Layer::ChannelDropout(_) => Back::Rows,
        Layer::GroupNorm(_) | Layer::LayerNorm(_) => Back::Channels,
        Layer::Dense(_)
        | Layer::Embedding(_)
        | Layer::Periodic(_)
        | Layer::PiecewiseLinear(_)
        | Layer::Conv2d(_)
        | Layer::Conv1d(_)
        | Layer::ConvTranspose2d(_)
        | Layer::BatchNorm(_)
        | Layer::Residual(_)
        | Layer::Custom(_) => Back::Whole,
    }
}

/// The least common multiple.
fn common_multiple(a: usize, b: usize) -> usize {
    let mut rest = (a, b);
    while rest.1 != 0 {
        rest = (rest.1, rest.0 % rest.1);
    }
    a / rest.0 * b
}
