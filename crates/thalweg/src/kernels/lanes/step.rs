//! A whole step of a small net under one entry: at a tenth of a microsecond a step, calls would count.
#![allow(
    unsafe_code,
    reason = "the entries compiled for an instruction set are called after it was detected"
)]

use std::ops::Range;

use super::dense::{Backward, DenseStage};
use super::sums::join_body;
use crate::activations::Activation;
use crate::kernels::elementwise;
use crate::kernels::losses::{OutputLimits, in_lanes_body, within_limits};
use crate::kernels::panels::panel_width;
use crate::kernels::vector::Vector;
use crate::losses::{Factors, LaneBatch, Loss};
use crate::optimizers::StepRule;
use crate::real::Real;

/// What is done from one matrix to the next.
#[derive(Clone, Debug)]
pub(crate) enum Stage<R> {
    /// z = x·w + b.
    Dense(DenseStage),
    /// a = f(z), for functions of single values.
    Activation {
        /// f.
        activation: Activation,
        /// Its input in the values.
        z: Range<usize>,
        /// Its output in the values.
        a: Range<usize>,
    },
    /// y = factor·x.
    Scale {
        /// The factor.
        factor: R,
        /// Its input in the values.
        x: Range<usize>,
        /// Its output in the values.
        y: Range<usize>,
    },
}

/// Where runs of parameters lie, so that a step works on many tensors at once.
///
/// ```text
/// 0 .. wide         weights in panels, whose gradients are chains
///   .. weights      weights whose gradients are sums in lanes
///   .. sums         biases whose gradients are sums in lanes
///   .. len          biases whose gradients are chains
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Runs {
    /// The end of the weights in panels: a multiple of [`PARTIAL`](super::PARTIAL).
    pub(crate) wide: usize,
    /// The end of the weights.
    pub(crate) weights: usize,
    /// The end of the sums in lanes, whose number is made a multiple of [`PARTIAL`](super::PARTIAL).
    pub(crate) sums: usize,
    /// The end.
    pub(crate) len: usize,
}

/// What a step is told.
#[derive(Clone, Debug)]
pub(crate) struct Step<'a, R> {
    /// How many rows there are.
    pub(crate) rows: usize,
    /// How many outputs a row has.
    pub(crate) outputs: usize,
    /// What is done, in order.
    pub(crate) stages: &'a [Stage<R>],
    /// Where the last output lies in the values.
    pub(crate) predictions: &'a Range<usize>,
    /// The loss.
    pub(crate) loss: &'a Loss,
    /// The factor of its gradient.
    pub(crate) factor: R,
    /// What the squares of all outputs together may not exceed.
    pub(crate) limits: OutputLimits<R>,
    /// Where runs of parameters lie.
    pub(crate) runs: Runs,
    /// The factors of the penalties.
    pub(crate) l2: R,
    /// See `l2`.
    pub(crate) l1: R,
    /// The updates of runs of parameters, if they are made at once; a rule of at most one slot sees no borders of tensors.
    pub(crate) updates: &'a [(Range<usize>, StepRule<R>)],
}

/// What a step reads and writes.
#[derive(Debug)]
pub(crate) struct Memory<'a, R> {
    /// The input of every stage, then the output of the last.
    pub(crate) values: &'a mut [R],
    /// The targets, laid out as the last output.
    pub(crate) targets: &'a [R],
    /// Two matrices of the widest layer.
    pub(crate) dvalues: &'a mut [R],
    /// Inputs of dense layers in panels of columns.
    pub(crate) columns: &'a mut [R],
    /// The parameters.
    pub(crate) weights: &'a mut [R],
    /// Their gradients.
    pub(crate) gradients: &'a mut [R],
    /// The parts of the sums in lanes.
    pub(crate) parts: &'a mut [R],
    /// The optimizer's state.
    pub(crate) state: &'a mut [R],
}

vectorised! {
    /// The output of every stage.
    ///
    /// # Panics
    /// If a place of a stage lies outside of the slices.
    pub(crate) fn forward_pass<R>(
        stages: &[Stage<R>], rows: usize, weights: &[R], values: &mut [R],
    ) = forward_pass_body, if has_portable_plans;
}

#[inline(always)]
unsafe fn forward_pass_body<R: Real, V: Vector<R>>(
    stages: &[Stage<R>],
    rows: usize,
    weights: &[R],
    values: &mut [R],
) {
    for stage in stages {
        match stage {
            // SAFETY: the caller's instruction set.
            Stage::Dense(dense) => unsafe { dense.forward::<R, V>(rows, weights, values) },
            Stage::Activation { activation, z, a } => {
                let (before, after) = values.split_at_mut(a.start);
                let (z, a) = (&before[z.start..z.end], &mut after[..a.end - a.start]);
                match activation.near() {
                    // SAFETY: the caller's instruction set.
                    Some(near) if unsafe { smallest::<R, V>(z) } >= R::from_f64(near) => {
                        activation.forward_near(z, a);
                    }
                    _ => activation.forward(1, z, a),
                }
            }
            Stage::Scale { factor, x, y } => {
                let (before, after) = values.split_at_mut(y.start);
                // SAFETY: the caller's instruction set.
                unsafe { scale::<R, V>(*factor, &before[x.start..x.end], &mut after[..y.end - y.start]) }
            }
        }
    }
}

vectorised! {
    /// Forward, the loss's gradient, backward, penalties, and the updates that are made at once. False: the loss may not be
    /// finite, and nothing came after forward.
    ///
    /// # Panics
    /// If a place lies outside of the slices.
    pub(crate) fn step<R>(step: &Step<'_, R>, memory: Memory<'_, R>) -> bool = step_body, if has_portable_plans;
}

#[inline(always)]
unsafe fn step_body<R: Real, V: Vector<R>>(step: &Step<'_, R>, memory: Memory<'_, R>) -> bool {
    let Memory { values, targets, dvalues, columns, weights, gradients, parts, state } = memory;
    // SAFETY: the caller's instruction set.
    unsafe { forward_pass_body::<R, V>(step.stages, step.rows, weights, values) }
    let half = dvalues.len() / 2;
    let (mut d, mut other) = dvalues.split_at_mut(half);
    let batch = LaneBatch {
        rows: step.rows,
        width: step.outputs,
        stride: panel_width::<R>(),
        predictions: &values[step.predictions.start..step.predictions.end],
        targets,
        factors: Factors::Same(step.factor),
    };
    // SAFETY: the caller's instruction set.
    unsafe {
        if !within_limits::<R, V>(batch.predictions, step.limits) {
            return false;
        }
        in_lanes_body::<R, V>(step.loss, batch, d, None);
    }
    for stage in step.stages.iter().rev() {
        match stage {
            Stage::Dense(dense) => {
                let pass = Backward { values, dz: d, dx: other, columns, weights, gradients, parts };
                // SAFETY: the caller's instruction set.
                unsafe { dense.backward::<R, V>(step.rows, pass) }
                (d, other) = (other, d);
            }
            Stage::Activation { activation, z, a } => {
                let (z, a) = (&values[z.start..z.end], &values[a.start..a.end]);
                activation.backward_in_place(z, a, &mut d[..a.len()]);
            }
            Stage::Scale { factor, y, .. } => {
                // SAFETY: the caller's instruction set.
                unsafe { scale_in_place::<R, V>(*factor, &mut d[..y.end - y.start]) }
            }
        }
    }
    let Runs { wide, weights: weights_end, sums, .. } = step.runs;
    // SAFETY: the caller's instruction set.
    unsafe { join_body::<R, V>(parts, &mut gradients[wide..sums]) }
    if step.l2 != R::ZERO || step.l1 != R::ZERO {
        elementwise::penalise_portable(
            step.l2,
            step.l1,
            &weights[..weights_end],
            &mut gradients[..weights_end],
        );
    }
    for (range, rule) in step.updates {
        let (start, end) = (range.start, range.end);
        let slots = if state.is_empty() { &mut [] } else { &mut state[start..end] };
        rule.update(&mut weights[start..end], &gradients[start..end], slots);
    }
    true
}

/// y = factor·x over whole registers.
#[inline(always)]
unsafe fn scale<R: Real, V: Vector<R>>(factor: R, x: &[R], y: &mut [R]) {
    assert!(x.len() == y.len() && x.len().is_multiple_of(panel_width::<R>()), "whole panels");
    let mut i = 0;
    while i < x.len() {
        // SAFETY: a panel is whole registers.
        unsafe { V::splat(factor).mul(V::load(x.as_ptr().add(i))).store(y.as_mut_ptr().add(i)) }
        i += V::WIDTH;
    }
}

/// x ← factor·x over whole registers: matrices with rows in lanes are.
#[inline(always)]
unsafe fn scale_in_place<R: Real, V: Vector<R>>(factor: R, x: &mut [R]) {
    assert!(x.len().is_multiple_of(panel_width::<R>()), "whole panels");
    let mut i = 0;
    while i < x.len() {
        // SAFETY: a panel is whole registers.
        unsafe {
            let at = x.as_mut_ptr().add(i);
            V::splat(factor).mul(V::load(at)).store(at);
        }
        i += V::WIDTH;
    }
}

/// The smallest of the values, NaN left aside: a sigmoid of NaN is NaN either way.
#[inline(always)]
unsafe fn smallest<R: Real, V: Vector<R>>(values: &[R]) -> R {
    assert!(values.len().is_multiple_of(panel_width::<R>()), "whole panels");
    let mut lanes = [R::NEG_INFINITY; 16];
    let mut i = 0;
    // SAFETY: a panel is whole registers, and there is room for one in `lanes`.
    unsafe {
        let mut largest = V::splat(R::NEG_INFINITY);
        while i < values.len() {
            let negative = V::splat(R::ZERO).sub(V::load(values.as_ptr().add(i)));
            largest = negative.larger(largest);
            i += V::WIDTH;
        }
        largest.store(lanes.as_mut_ptr());
    }
    let mut half = 8;
    while half > 0 {
        for l in 0..half {
            lanes[l] = if lanes[l + half] > lanes[l] { lanes[l + half] } else { lanes[l] };
        }
        half /= 2;
    }
    -lanes[0]
}
