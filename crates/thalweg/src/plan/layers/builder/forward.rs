//! Forward: what each layer becomes, and which matrices it reads and writes.

use std::ops::Range;

use super::back::back_of;
use super::{Builder, FEW_OUTPUTS, Node, Sited, Value};
use crate::activations::Activation;
use crate::kernels::convolution::{ConvolutionSizes, Correlation, ParameterPanels, Planes};
use crate::kernels::{LINE, channels};
use crate::layers::{BatchNorm, Block, Layer, Residual, inner_number};
use crate::plan::arena::run;
use crate::plan::layers::program::{
    Back, Convolution, Dense, Norm, Packed, Phase, RowOp, Step, StepKind, UnitOp,
};
use crate::plan::layers::slots::Moment;
use crate::real::Real;

impl Builder<'_> {
    pub(super) fn path<R: Real>(&mut self, layers: &[Sited<'_>], x: Value) -> Option<(Vec<Node>, Value)> {
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

    pub(super) fn widest(&self, step: usize) -> usize {
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

    pub(super) fn packed<R: Real>(&mut self, work: Correlation) -> Option<Packed> {
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
    pub(super) fn close_by_channels(&mut self, step: usize) {
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
        let [straight, shortcut] = [&block.straight, &block.shortcut].map(|steps| {
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
    pub(super) fn follows_sum(&self, step: usize) -> bool {
        step > 0 && matches!(self.steps[step - 1].kind, StepKind::Sum { .. })
    }
}
