//! What becomes of a chunk of the gradient: the update, or a part of a larger sum.
#![allow(
    unsafe_code,
    reason = "members take parts of shared matrices; each part says why nobody else has it"
)]

use std::ops::Range;

use super::super::program::{Form, Stage};
use super::{Block, Pass, StageRule};
use crate::kernels::elementwise;
use crate::kernels::panels::{self, Run, panel_width};
use crate::kernels::sums::{self, ROWS};
use crate::real::Real;
use crate::team::Shared;

impl<R: Real> Pass<'_, R> {
    /// At the end of a block its sums become part of the gradient; at the end of the batch the gradient changes the
    /// parameters, unless it is kept.
    pub(super) fn close(
        &self,
        chunk: Range<usize>,
        sums: &mut [R],
        block: &Block,
        is_bias: bool,
        rule: Option<&StageRule<R>>,
    ) {
        if !block.ends {
            return;
        }
        let dw = if self.buffers.totals.is_empty() {
            // Where batches are one tile, sums come with the zero added.
            if !self.buffers.chains.is_empty() || is_bias {
                elementwise::add_zero(sums);
            }
            sums
        } else {
            // SAFETY: a chunk's gradient belongs to the chunk's unit.
            let total = unsafe { self.buffers.totals.part(chunk.clone()) };
            if block.first < ROWS {
                total.fill(R::ZERO);
            }
            elementwise::add_in_place(sums, total);
            total
        };
        if !block.is_last {
            return;
        }
        // SAFETY: a chunk's parameters belong to the chunk's unit, and nobody reads the weights in this phase.
        let w = unsafe { self.buffers.weights.part(chunk.clone()) };
        self.penalise_and_cut(w, dw, is_bias);
        if let Some(rule) = rule {
            self.update(chunk, w, dw, is_bias, rule);
        }
    }

    /// -rate, where a gradient is a whole batch's and changes the parameters by nothing but gradient descent: then it need
    /// not be stored.
    pub(super) fn descent(&self, rule: Option<&StageRule<R>>) -> Option<R> {
        let is_plain = self.rules.l1 == 0.0 && self.rules.clip_value.is_none();
        if is_plain && self.is_whole() { rule?.weight.descent() } else { None }
    }

    /// The squares' penalty, where it can be added to a gradient as soon as that is summed.
    pub(super) fn early_penalty(&self) -> Option<R> {
        let is_early = self.rules.l2 != 0.0 && self.rules.l1 == 0.0 && self.is_whole();
        is_early.then(|| R::from_f64(self.rules.l2))
    }

    /// Whether the gradient of a block is that of the batch.
    fn is_whole(&self) -> bool {
        self.buffers.chains.is_empty() && self.buffers.totals.is_empty()
    }

    /// Parameters and their state, to be asked for; nothing where they are near or there are none.
    pub(super) fn far_parameters(&self, chunk: Range<usize>) -> [Run<R>; 2] {
        if !self.is_far() || chunk.end > self.buffers.weights.len() {
            return [Run::NONE; 2];
        }
        let slots = self.rules.optimizer.state_slots();
        let run = |shared: Shared<'_, R>, per_weight: usize| Run {
            start: shared.as_mut_ptr().wrapping_add(chunk.start * per_weight).cast_const(),
            len: chunk.len() * per_weight,
        };
        [run(self.buffers.weights, 1), run(self.buffers.state, slots)]
    }

    /// Penalties of weights, then the limit to each value.
    pub(super) fn penalise_and_cut(&self, w: &[R], dw: &mut [R], is_bias: bool) {
        if !is_bias && (self.rules.l2 != 0.0 || self.rules.l1 != 0.0) {
            elementwise::penalise(R::from_f64(self.rules.l2), R::from_f64(self.rules.l1), w, dw);
        }
        self.cut(dw);
    }

    pub(super) fn cut(&self, dw: &mut [R]) {
        if let Some(limit) = self.rules.clip_value {
            elementwise::cut(R::from_f64(limit), dw);
        }
    }

    pub(super) fn update(
        &self,
        chunk: Range<usize>,
        w: &mut [R],
        dw: &[R],
        is_bias: bool,
        rule: &StageRule<R>,
    ) {
        let slots = self.rules.optimizer.state_slots();
        // SAFETY: as for the chunk's parameters.
        let state = unsafe { self.buffers.state.part(chunk.start * slots..chunk.end * slots) };
        elementwise::apply(if is_bias { &rule.bias } else { &rule.weight }, w, dw, state);
    }

    /// The weights that come into a unit, shortened where they are longer than allowed: what is left after the update of
    /// all chunks.
    pub(in crate::plan::panels) fn limit_units(&self, stage: &Stage) {
        let Some(limit) = self.rules.max_norm.filter(|_| !stage.frozen && self.tile.is_last()) else {
            return;
        };
        let width = panel_width::<R>();
        for panel in self.member.share(stage.panels::<R>()) {
            let start = stage.chunk::<R>(panel, 0).start;
            match stage.form {
                Form::Panels => {
                    // SAFETY: a panel's weights belong to the panel's unit, and nobody else looks at them in this phase.
                    let w = unsafe { self.buffers.weights.part(start..start + stage.in_features * width) };
                    panels::limit_columns(limit, w);
                }
                Form::OneOutput => {
                    // SAFETY: as above; there is one panel.
                    let w = unsafe { self.buffers.weights.part(start..start + stage.in_features) };
                    let norm = sums::sum_of_squares(w).sqrt();
                    if norm > limit {
                        elementwise::scale_in_place(R::from_f64(limit / norm), w);
                    }
                }
            }
        }
    }

    /// The gradients in `totals` times `factor`, and the update: what is left where they were kept.
    pub(in crate::plan::panels) fn update_kept(&self, stage: &Stage, rule: &StageRule<R>, factor: Option<R>) {
        if stage.frozen {
            return;
        }
        if let Some(step) = &rule.matrix {
            self.move_matrix(stage, step, factor);
        }
        let inputs = stage.input_panels::<R>();
        for unit in self.member.share(stage.panels::<R>() * (inputs + 1)) {
            let (panel, k_panel) = (unit / (inputs + 1), unit % (inputs + 1));
            let is_bias = k_panel == inputs;
            if rule.matrix.is_some() && !is_bias {
                continue;
            }
            let chunk = stage.chunk::<R>(panel, k_panel);
            // SAFETY: a chunk's parameters and gradients belong to its unit.
            let (w, dw) = unsafe {
                (self.buffers.weights.part(chunk.clone()), self.buffers.totals.part(chunk.clone()))
            };
            if let Some(factor) = factor {
                elementwise::scale_in_place(factor, dw);
            }
            self.update(chunk, w, dw, is_bias, rule);
        }
    }
}
