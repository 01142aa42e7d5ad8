//! What stands before the dense layers of a network for images: convolutions and what follows them, worked example by example.
//!
//! An example goes through all of them while it is in cache. What its way back needs is kept beside it:
//!
//! ```text
//! of each convolution: x in planes · what follows it keeps · dy in panels of channels
//! ```

use std::ops::Range;

use super::parameters::visit_slots;
use crate::activations::Activation;
use crate::kernels::LINE;
use crate::kernels::convolution::{ConvolutionSizes, Correlation, ParameterPanels, Planes, PoolSizes};
use crate::layers::{Layer, Pooling};
use crate::network::PlacedLayer;
use crate::plan::Rules;
use crate::plan::arena::run;
use crate::real::Real;

/// Convolutions and what follows them, up to the first dense layer.
#[derive(Clone, Debug)]
pub(super) struct Front {
    pub(super) stages: Vec<ImageStage>,
    /// Values of an example as it comes in, and as it goes out.
    pub(super) inputs: usize,
    pub(super) features: usize,
    /// What one example keeps.
    pub(super) example_len: usize,
    /// Where a member's two images lie in its working memory, and how much of that it has in all.
    pub(super) images: [Range<usize>; 2],
    pub(super) member_len: usize,
    pub(super) packed_len: usize,
    /// How many values its parameters take here.
    pub(super) weights_len: usize,
    /// Multiplications of an example's forward pass.
    pub(super) work: usize,
    /// Whether every example of a batch is kept, or one for each member.
    pub(super) trains: bool,
}

/// A convolution and what follows it up to the next.
#[derive(Clone, Debug)]
pub(super) struct ImageStage {
    pub(super) layer: usize,
    pub(super) frozen: bool,
    pub(super) sizes: ConvolutionSizes,
    pub(super) planes: Planes,
    pub(super) forward: Packed,
    pub(super) bias: PackedBias,
    /// For the gradient by x; empty where nobody needs it.
    pub(super) backward: Vec<Packed>,
    pub(super) dplanes: Planes,
    pub(super) panels: ParameterPanels,
    /// Its parameters, in the plan's own order.
    pub(super) weights: Range<usize>,
    /// Where its weight and its bias lie in the plain plan.
    pub(super) plain_weight: Range<usize>,
    pub(super) plain_bias: Range<usize>,
    /// Of an example: x in planes and dy in panels.
    pub(super) x: Range<usize>,
    pub(super) dy: Range<usize>,
    /// Of a member's working memory: dy in planes.
    pub(super) dy_planes: Range<usize>,
    pub(super) tail: Vec<ImageTail>,
}

/// What happens to an image after its convolution.
#[derive(Clone, Debug)]
pub(super) struct ImageTail {
    pub(super) kind: ImageTailKind,
    /// Values of its input and of its output.
    pub(super) inputs: usize,
    pub(super) outputs: usize,
}

#[derive(Clone, Debug)]
pub(super) enum ImageTailKind {
    /// Where an example keeps z (empty where f' follows from a) and a.
    Activation {
        activation: Activation,
        z: Range<usize>,
        a: Range<usize>,
    },
    Scale(f64),
    /// Where an example keeps the places.
    MaxPool {
        sizes: PoolSizes,
        places: Range<usize>,
    },
    AveragePool(PoolSizes),
}

/// Weights as a kernel reads them.
#[derive(Clone, Debug)]
pub(super) struct Packed {
    pub(super) work: Correlation,
    /// Where each lies among the plan's parameters.
    order: Vec<u32>,
    pub(super) range: Range<usize>,
}

/// The biases of a convolution, side by side.
#[derive(Clone, Debug)]
pub(super) struct PackedBias {
    order: Vec<u32>,
    pub(super) range: Range<usize>,
}

/// Copies some of the parameters to where a kernel reads them.
pub(super) fn pack<R: Real>(order: &[u32], weights: &[R], to: &mut [R]) {
    for (to, &from) in to.iter_mut().zip(order) {
        *to = weights[from as usize];
    }
}

impl ImageStage {
    /// Calls `pack(range, order)` for everything that kernels read of its parameters.
    pub(super) fn visit_packed(&self, mut visit: impl FnMut(&Range<usize>, &[u32])) {
        visit(&self.bias.range, &self.bias.order);
        visit(&self.forward.range, &self.forward.order);
        for packed in &self.backward {
            visit(&packed.range, &packed.order);
        }
    }

    /// Calls `visit(own, plain, chunk)` with the place of every parameter here and in the plain plan, and the unit that it belongs to;
    /// the plain plan's order.
    fn visit<R: Real>(&self, mut visit: impl FnMut(usize, usize, Range<usize>)) {
        let start = self.weights.start;
        let units: Vec<_> = (0..self.panels.units::<R>()).map(|unit| self.panels.range::<R>(unit)).collect();
        let mut call = |own: usize, plain: usize| {
            let unit = units.partition_point(|range| range.end <= own);
            visit(start + own, plain, start + units[unit].start..start + units[unit].end);
        };
        for (at, plain) in self.plain_weight.clone().enumerate() {
            call(self.panels.weight_place::<R>(at), plain);
        }
        for (at, plain) in self.plain_bias.clone().enumerate() {
            call(self.panels.bias_place::<R>(at), plain);
        }
    }
}

impl Front {
    /// Lays out the convolutions that `layers` begin with, and says how many layers that are; `None` where they do not begin with one.
    /// Its parameters lie first among the plan's.
    pub(super) fn new<R: Real>(layers: &[PlacedLayer], rules: Option<&Rules>) -> Option<(Front, usize)> {
        let first = layers.first()?;
        first.layer.convolution(&first.input)?;
        let mut builder =
            Builder { stages: Vec::new(), rules, example: 0, packed: 0, weights: 0, member: 0, widest: 0 };
        let mut count = 0;
        while count < layers.len() && builder.add::<R>(&layers[count])? {
            count += 1;
        }
        let features = layers[count - 1].output.len();
        let mut front = builder.finish::<R>();
        (front.inputs, front.features) = (first.input.len(), features);
        Some((front, count))
    }

    /// Lays the parameters out for the kernels.
    pub(super) fn pack<R: Real>(&self, weights: &[R], packed: &mut [R]) {
        for stage in &self.stages {
            stage.visit_packed(|range, order| pack(order, weights, &mut packed[range.clone()]));
        }
    }

    /// Writes the parameters row-major.
    pub(super) fn read<R: Real>(&self, own: &[R], plain: &mut [R]) {
        for stage in &self.stages {
            stage.visit::<R>(|from, to, _| plain[to] = own[from]);
        }
    }

    /// Takes row-major parameters.
    pub(super) fn write<R: Real>(&self, plain: &[R], own: &mut [R]) {
        for stage in &self.stages {
            stage.visit::<R>(|to, from, _| own[to] = plain[from]);
        }
    }

    /// Calls `visit(own, plain)` with the places of every value of the optimizer's state, as runs of one.
    pub(super) fn visit_state<R: Real>(&self, slots: usize, mut visit: impl FnMut(Range<usize>, usize)) {
        for stage in &self.stages {
            stage.visit::<R>(|own, plain, chunk| {
                let tensor = match stage.plain_weight.contains(&plain) {
                    true => &stage.plain_weight,
                    false => &stage.plain_bias,
                };
                visit_slots(slots, (own..own + 1, &chunk), (plain, tensor), &mut visit);
            });
        }
    }
}

/// A front in the making.
struct Builder<'a> {
    stages: Vec<ImageStage>,
    rules: Option<&'a Rules>,
    /// How much of each memory has an owner.
    example: usize,
    packed: usize,
    weights: usize,
    member: usize,
    /// Values of the largest image.
    widest: usize,
}

impl Builder<'_> {
    fn trains(&self) -> bool {
        self.rules.is_some()
    }

    /// Adds a layer. `Some(false)`: the front ends before it; `None`: this plan works no such network.
    fn add<R: Real>(&mut self, placed: &PlacedLayer) -> Option<bool> {
        let (inputs, outputs) = (placed.input.len(), placed.output.len());
        let kind = match &placed.layer {
            Layer::Conv1d(_) | Layer::Conv2d(_) => {
                self.convolution::<R>(placed)?;
                self.widest = self.widest.max(inputs).max(outputs);
                return Some(true);
            }
            Layer::Activation(Activation::Softmax | Activation::Custom(_)) => return None,
            Layer::Activation(activation) => {
                let kept = if self.trains() { outputs } else { 0 };
                let needs_z = !activation.derivative_follows_from_output();
                let z = run::<R>(&mut self.example, if needs_z { kept } else { 0 });
                let a = run::<R>(&mut self.example, kept);
                ImageTailKind::Activation { activation: activation.clone(), z, a }
            }
            Layer::Scale(scale) => ImageTailKind::Scale(scale.factor),
            Layer::Flatten | Layer::Dense(_) | Layer::Dropout(_) | Layer::Noise(_) => return Some(false),
            other => match other.pooling(&placed.input)? {
                Pooling::Max(sizes) => {
                    ImageTailKind::MaxPool { sizes, places: run::<R>(&mut self.example, outputs) }
                }
                Pooling::Average(sizes) => ImageTailKind::AveragePool(sizes),
            },
        };
        self.widest = self.widest.max(outputs);
        self.stages.last_mut()?.tail.push(ImageTail { kind, inputs, outputs });
        Some(true)
    }

    fn convolution<R: Real>(&mut self, placed: &PlacedLayer) -> Option<()> {
        let sizes = placed.layer.convolution(&placed.input)?;
        let (planes, dplanes) = (Planes::of_input(sizes), Planes::of_gradient(sizes));
        if !sizes.fits_planes() {
            return None;
        }
        let panels = ParameterPanels::new(sizes);
        let weights = run::<R>(&mut self.weights, panels.len::<R>());
        let place = |at: usize| u32::try_from(weights.start + at).ok();
        let forward = Correlation::forward(sizes);
        let has_gradient = self.trains() && !self.stages.is_empty();
        let backward = if has_gradient { Correlation::input_gradient(sizes) } else { Vec::new() };
        let mut packed = |work: Correlation| {
            let order = work.order::<R>().into_iter().map(|at| place(panels.weight_place::<R>(at)));
            let range = run::<R>(&mut self.packed, work.packed_len());
            Some(Packed { order: order.collect::<Option<_>>()?, range, work })
        };
        let forward = packed(forward)?;
        let backward = backward.into_iter().map(&mut packed).collect::<Option<_>>()?;
        let order = (0..sizes.out_channels).map(|channel| place(panels.bias_place::<R>(channel)));
        let bias = PackedBias {
            order: order.collect::<Option<_>>()?,
            range: run::<R>(&mut self.packed, sizes.out_channels),
        };
        let dy_len = if self.trains() { panels.dy_len::<R>() } else { 0 };
        let dplanes_len = if has_gradient { dplanes.len::<R>() } else { 0 };
        let stage = ImageStage {
            layer: placed.number,
            frozen: self.rules.is_some_and(|rules| rules.frozen.contains(&placed.number)),
            sizes,
            x: run::<R>(&mut self.example, planes.len::<R>()),
            dy: run::<R>(&mut self.example, dy_len),
            dy_planes: run::<R>(&mut self.member, dplanes_len),
            planes,
            forward,
            bias,
            backward,
            dplanes,
            panels,
            weights,
            plain_weight: placed.parameters.first()?.range.clone(),
            plain_bias: placed.parameters.get(1)?.range.clone(),
            tail: Vec::new(),
        };
        self.stages.push(stage);
        Some(())
    }

    fn finish<R: Real>(mut self) -> Front {
        let line = LINE / size_of::<R>();
        let images = [0, 1].map(|_| run::<R>(&mut self.member, self.widest + line));
        let work = self.stages.iter().map(|stage| stage.sizes.y_len() * stage.sizes.terms()).sum();
        Front {
            trains: self.rules.is_some(),
            stages: self.stages,
            inputs: 0,
            features: 0,
            example_len: self.example.next_multiple_of(line),
            images,
            member_len: self.member.next_multiple_of(line),
            packed_len: self.packed,
            // Panels of the dense layers follow.
            weights_len: self.weights.next_multiple_of(2 * line),
            work,
        }
    }
}
