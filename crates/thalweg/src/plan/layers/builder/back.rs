//! Back: which gradient each step reads and writes, and when those of parameters are taken.

use super::{Builder, Gradient, Node};
use crate::activations::Activation;
use crate::kernels::channels;
use crate::kernels::convolution::Correlation;
use crate::layers::Layer;
use crate::plan::arena::run;
use crate::plan::layers::program::{Back, RowOp, Step, StepKind, UnitOp};
use crate::plan::layers::slots::Moment;
use crate::real::Real;

impl Builder<'_> {
    /// Whether anybody wants a gradient of parameters among these.
    fn learn(&self, nodes: &[Node]) -> bool {
        nodes.iter().any(|node| match node {
            Node::Step(step) => self.steps[*step].learns,
            Node::Block { straight, around, .. } => self.learn(straight) || self.learn(around),
        })
    }

    /// Back through a path; the gradient by its input, where it is wanted.
    pub(super) fn back<R: Real>(&mut self, nodes: &[Node], dy: Gradient, wants_dx: bool) -> Option<Gradient> {
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
        let learns = self.steps[step].learns;
        match &self.steps[step].kind {
            // The normalisation before it does it too.
            StepKind::Activation { is_done: true, .. } if !self.follows_sum(step) => {
                self.steps[step].dx = Some(dy.slot);
                Some(dy)
            }
            StepKind::Activation { activation, .. } => {
                let in_place = is_free && !matches!(activation, Activation::Softmax);
                let dx = if in_place { Some(dy) } else { self.new_dx(step) };
                self.steps[step].dx = dx.map(|dx| dx.slot);
                self.backward_op::<R>(step);
                dx
            }
            StepKind::Layer(_, Back::Rows) => {
                let dx = self.new_dx(step);
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
                let dx = self.new_dx(step);
                self.backward_op::<R>(step);
                dx
            }
            StepKind::Layer(_, Back::Whole) => {
                let dx = if wants_dx { self.new_dx(step) } else { None };
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
                let dx = self.new_dx(step);
                let len = self.steps[step].input.len() * self.steps[step].output.len();
                let transposed = run::<R>(&mut self.lens.packed, len);
                if let StepKind::Dense(dense) = &mut self.steps[step].kind {
                    dense.transposed = transposed;
                }
                let at = self.strand_op(RowOp::Backward(step), usize::MAX, 1);
                self.touch_backward(step, at);
                dx
            }
            StepKind::Convolution(_) => self.back_convolution::<R>(step, wants_dx),
            StepKind::Norm(_) => self.back_norm::<R>(step, wants_dx),
            StepKind::Sum { .. } => unreachable!("a block goes back by itself"),
        }
    }

    /// A new gradient by the input of a step.
    fn new_dx(&mut self, step: usize) -> Option<Gradient> {
        let slot = self.slots.add(self.steps[step].input.len(), false);
        self.steps[step].dx = Some(slot);
        Some(Gradient { slot, is_free: true })
    }

    /// The gradient of the filters by whole blocks of examples, while these are in cache, or else after the next barrier, filter by filter;
    /// then that by x.
    fn back_convolution<R: Real>(&mut self, step: usize, wants_dx: bool) -> Option<Gradient> {
        let widest = self.widest(step);
        let StepKind::Convolution(convolution) = &self.steps[step].kind else { return None };
        let (sizes, panels) = (convolution.sizes, convolution.panels.len::<R>());
        if self.steps[step].learns {
            let grain = sizes.block();
            let blocks = self.size.largest_batch.div_ceil(grain);
            // The chains of all blocks must not take more than the images themselves.
            let is_small = blocks * panels <= self.size.largest_batch * (sizes.x_len() + sizes.y_len());
            let by_blocks = is_small && self.is_fair(grain);
            if by_blocks {
                let at = self.row_op::<R>(RowOp::Gradient(step), widest, grain);
                self.touch_backward(step, at);
            } else {
                self.pending.push(step);
            }
            let chains = if by_blocks { blocks * panels } else { 2 * panels };
            let chains = run::<R>(&mut self.lens.chains, chains);
            if let StepKind::Convolution(convolution) = &mut self.steps[step].kind {
                (convolution.by_blocks, convolution.chains) = (by_blocks, chains);
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
        let dx = self.new_dx(step);
        self.backward_op::<R>(step);
        dx
    }

    /// The sums by whole blocks of rows, or channel by channel; then the gradient by x.
    fn back_norm<R: Real>(&mut self, step: usize, wants_dx: bool) -> Option<Gradient> {
        let widest = self.widest(step);
        let StepKind::Norm(norm) = &self.steps[step].kind else { return None };
        let grain = channels::examples_of_whole_blocks(norm.positions);
        if self.is_fair(grain) {
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
        let dx = if wants_dx { self.new_dx(step) } else { None };
        self.backward_op::<R>(step);
        dx
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
pub(super) fn back_of(layer: &Layer) -> Back {
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
