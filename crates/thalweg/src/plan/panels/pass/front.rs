//! The passes of the convolutions that stand before the dense layers: each member takes its share of the examples, and after a
//! barrier its share of the parameters.
#![allow(
    unsafe_code,
    reason = "members take parts of shared matrices; each part says why nobody else has it"
)]

use std::mem;

use super::super::front::{self, Front, ImageStage, ImageTailKind};
use super::{Input, Pass, StageRule};
use crate::kernels::LINE;
use crate::kernels::convolution::{
    add_example, average_pool, average_pool_gradient, correlate, max_pool, max_pool_gradient, to_panels,
};
use crate::kernels::elementwise;
use crate::kernels::panels::panel_width;
use crate::real::Real;

impl<R: Real> Pass<'_, R> {
    /// Lays this member's share of the convolutions' parameters out for the kernels.
    pub(in crate::plan::panels) fn pack_front(&self, front: &Front) {
        // SAFETY: weights are written only by updates, and a barrier or the start of the run lies between.
        let weights = unsafe { self.buffers.weights.read(0..front.weights_len) };
        let mut number = 0;
        for stage in &front.stages {
            stage.visit_packed(|range, order| {
                if number % self.member.count() == self.member.index() {
                    // SAFETY: a run belongs to the member whose turn it is.
                    let to = unsafe { self.buffers.packed.part(range.clone()) };
                    front::pack(order, weights, to);
                }
                number += 1;
            });
        }
    }

    /// This member's examples, through all convolutions and what follows them, into the matrix of features.
    pub(in crate::plan::panels) fn front_forward(&self, front: &Front) {
        let [mut image, mut other] = self.images(front);
        for n in self.member.share(self.rows()) {
            let example = self.example(front, n);
            let first = &front.stages[0];
            match self.input {
                Input::Data(data, numbers) => {
                    data.gather_row(numbers[n], &mut image[..front.inputs]);
                    first.planes.fill(&image[..front.inputs], &mut example[first.x.clone()]);
                }
                Input::Values(values) => {
                    let x = &values[n * front.inputs..(n + 1) * front.inputs];
                    first.planes.fill(x, &mut example[first.x.clone()]);
                }
                // The example's x is where it was put before.
                Input::Gathered(..) => {}
            }
            for (s, stage) in front.stages.iter().enumerate() {
                if s > 0 {
                    stage.planes.fill(&image[..stage.sizes.x_len()], &mut example[stage.x.clone()]);
                }
                self.front_stage(front, stage, example, &mut image, &mut other);
            }
            self.write_features(n, &image[..front.features]);
        }
    }

    /// One convolution of an example whose x lies in planes, and what follows it; the result is in `image`.
    fn front_stage<'a>(
        &self,
        front: &Front,
        stage: &ImageStage,
        example: &mut [R],
        image: &mut &'a mut [R],
        other: &mut &'a mut [R],
    ) {
        // SAFETY: packed parameters were written before the last barrier.
        let packed = unsafe { self.buffers.packed.read(0..front.packed_len) };
        let (weight, bias) = (&packed[stage.forward.range.clone()], &packed[stage.bias.range.clone()]);
        correlate(&stage.forward.work, &example[stage.x.clone()], weight, bias, image);
        for tail in &stage.tail {
            match &tail.kind {
                ImageTailKind::Activation { activation, z, a } => {
                    let values = &mut image[..tail.inputs];
                    let kept = z.len();
                    example[z.clone()].copy_from_slice(&values[..kept]);
                    elementwise::activate_in_place(activation, values);
                    let kept = a.len();
                    example[a.clone()].copy_from_slice(&values[..kept]);
                }
                ImageTailKind::Scale(factor) => {
                    elementwise::scale_in_place(R::from_f64(*factor), &mut image[..tail.inputs]);
                }
                ImageTailKind::MaxPool { sizes, places } => {
                    let places = &mut example[places.clone()];
                    max_pool(*sizes, 1, &image[..tail.inputs], &mut other[..tail.outputs], places);
                    mem::swap(image, other);
                }
                ImageTailKind::AveragePool(sizes) => {
                    average_pool(*sizes, 1, &image[..tail.inputs], &mut other[..tail.outputs]);
                    mem::swap(image, other);
                }
            }
        }
    }

    /// This member's examples, from the gradient by their features back to the first convolution. What the gradients of the
    /// parameters need of them is kept.
    pub(in crate::plan::panels) fn front_backward(&self, front: &Front) {
        // SAFETY: packed parameters were written before the last barrier.
        let packed = unsafe { self.buffers.packed.read(0..front.packed_len) };
        let [mut image, mut other] = self.images(front);
        for n in self.member.share(self.rows()) {
            let example = self.example(front, n);
            self.read_dfeatures(n, &mut image[..front.features]);
            for (s, stage) in front.stages.iter().enumerate().rev() {
                self.back_through_image(stage, example, &mut image, &mut other);
                let y = stage.sizes.y_len();
                if !stage.frozen {
                    let dy = &image[..y + LINE / size_of::<R>()];
                    to_panels(&stage.panels, dy, &mut example[stage.dy.clone()]);
                }
                if s > 0 {
                    let dy = self.dy_planes(front, stage);
                    stage.dplanes.fill(&image[..y], dy);
                    for part in &stage.backward {
                        correlate(&part.work, dy, &packed[part.range.clone()], &[], other);
                    }
                    mem::swap(&mut image, &mut other);
                }
            }
        }
    }

    /// Back through what follows a convolution.
    fn back_through_image<'a>(
        &self,
        stage: &ImageStage,
        example: &[R],
        image: &mut &'a mut [R],
        other: &mut &'a mut [R],
    ) {
        for tail in stage.tail.iter().rev() {
            match &tail.kind {
                ImageTailKind::Activation { activation, z, a } => {
                    let a = &example[a.clone()];
                    let z = if z.is_empty() { a } else { &example[z.clone()] };
                    elementwise::activate_backward_in_place(activation, z, a, &mut image[..tail.outputs]);
                }
                ImageTailKind::Scale(factor) => {
                    elementwise::scale_in_place(R::from_f64(*factor), &mut image[..tail.outputs]);
                }
                ImageTailKind::MaxPool { sizes, places } => {
                    let places = &example[places.clone()];
                    max_pool_gradient(*sizes, 1, places, &image[..tail.outputs], &mut other[..tail.inputs]);
                    mem::swap(image, other);
                }
                ImageTailKind::AveragePool(sizes) => {
                    average_pool_gradient(*sizes, 1, &image[..tail.outputs], &mut other[..tail.inputs]);
                    mem::swap(image, other);
                }
            }
        }
    }

    /// The gradients of this member's share of the parameters, over all examples in order, and their update.
    pub(in crate::plan::panels) fn front_parameters(&self, front: &Front, rules: &[StageRule<R>]) {
        for (stage, rule) in front.stages.iter().zip(rules) {
            if stage.frozen {
                continue;
            }
            let (block, rows) = (stage.sizes.block(), self.rows());
            let units = (self.member.index()..stage.panels.units::<R>()).step_by(self.member.count());
            for n in 0..rows {
                let start = n * front.example_len;
                // SAFETY: examples were written before the last barrier, and nobody writes them in this phase.
                let example = unsafe { self.buffers.examples.read(start..start + front.example_len) };
                let (x, dy) = (&example[stage.x.clone()], &example[stage.dy.clone()]);
                for unit in units.clone() {
                    let chains = self.unit_part(stage, unit, false);
                    add_example(&stage.panels, unit, x, dy, !n.is_multiple_of(block), chains);
                }
                if (n + 1).is_multiple_of(block) || n + 1 == rows {
                    for unit in units.clone() {
                        let (chains, total) =
                            (self.unit_part(stage, unit, false), self.unit_part(stage, unit, true));
                        if n < block {
                            total.fill(R::ZERO);
                        }
                        elementwise::add_in_place(chains, total);
                    }
                }
            }
            for unit in units {
                self.update_unit(stage, unit, rule);
            }
        }
    }

    /// The gradient of a unit's parameters: its open chains, or the sum of its blocks.
    #[expect(clippy::mut_from_ref, reason = "the slice comes from shared memory, not from this view of it")]
    fn unit_part(&self, stage: &ImageStage, unit: usize, total: bool) -> &mut [R] {
        let range = stage.panels.range::<R>(unit);
        let range = stage.weights.start + range.start..stage.weights.start + range.end;
        let shared = if total { self.buffers.front_totals } else { self.buffers.front_chains };
        // SAFETY: a unit belongs to one member.
        unsafe { shared.part(range) }
    }

    /// Penalties, limits and the update of one unit.
    fn update_unit(&self, stage: &ImageStage, unit: usize, rule: &StageRule<R>) {
        let range = stage.panels.range::<R>(unit);
        let range = stage.weights.start + range.start..stage.weights.start + range.end;
        let dw = self.unit_part(stage, unit, true);
        let is_bias = stage.panels.is_bias(unit);
        // SAFETY: a unit belongs to one member, and nobody reads these weights in this phase.
        let w = unsafe { self.buffers.weights.part(range.clone()) };
        self.penalise_and_cut(w, dw, is_bias);
        self.update(range, w, dw, is_bias, rule);
    }

    /// What an example keeps.
    #[expect(clippy::mut_from_ref, reason = "as in `unit_part`")]
    fn example(&self, front: &Front, n: usize) -> &mut [R] {
        let start = if front.trains { n } else { self.member.index() } * front.example_len;
        // SAFETY: an example belongs to the member whose row it is; without a way back each member has one.
        unsafe { self.buffers.examples.part(start..start + front.example_len) }
    }

    /// This member's two images.
    #[expect(clippy::mut_from_ref, reason = "as in `unit_part`")]
    fn images(&self, front: &Front) -> [&mut [R]; 2] {
        let start = self.member.index() * front.member_len;
        front.images.clone().map(|range| {
            // SAFETY: every member has its own run, and the two do not overlap.
            unsafe { self.buffers.front_scratch.part(start + range.start..start + range.end) }
        })
    }

    /// This member's dy in planes.
    #[expect(clippy::mut_from_ref, reason = "as in `unit_part`")]
    fn dy_planes(&self, front: &Front, stage: &ImageStage) -> &mut [R] {
        let start = self.member.index() * front.member_len;
        let range = start + stage.dy_planes.start..start + stage.dy_planes.end;
        // SAFETY: every member has its own run.
        unsafe { self.buffers.front_scratch.part(range) }
    }

    /// Writes a row of the first dense layer's input.
    fn write_features(&self, n: usize, features: &[R]) {
        for (panel, values) in features.chunks(panel_width::<R>()).enumerate() {
            self.write(self.program.input.output, panel, &(n..n + 1))[..values.len()].copy_from_slice(values);
        }
    }

    /// Reads a row of the gradient by the first dense layer's input.
    fn read_dfeatures(&self, n: usize, d: &mut [R]) {
        let width = panel_width::<R>();
        for (panel, d) in d.chunks_mut(width).enumerate() {
            d.copy_from_slice(&self.read(self.program.input.doutput, panel, &(n..n + 1))[..d.len()]);
        }
    }
}
