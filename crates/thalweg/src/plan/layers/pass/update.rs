//! What becomes of the gradients: members share out chunks of parameters.
#![allow(
    unsafe_code,
    reason = "members take parts of shared matrices; each part says why nobody else has it"
)]

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use super::Pass;
use crate::kernels::{OrderedSum, elementwise};
use crate::layers::ParameterRole;
use crate::network::{Parameter, PlacedLayer};
use crate::optimizers::{Optimizer, Update, muon};
use crate::plan::plain::{limit_norms, muon_room};
use crate::plan::{Rates, Rules};
use crate::real::Real;

/// Values of a chunk at most: enough that the constants of a step are little work beside it.
const CHUNK: usize = 1 << 13;

/// The parameters in chunks, and what an update of them needs.
#[derive(Debug)]
pub(in crate::plan::layers) struct Updates<R> {
    pub(in crate::plan::layers) chunks: Vec<Chunk>,
    tensors: Vec<Tensor>,
    /// Muon's working memory, for one matrix at a time.
    room: Mutex<muon::Room<R>>,
}

#[derive(Debug)]
struct Tensor {
    parameter: Parameter,
    layer: usize,
    is_frozen: bool,
    /// Inputs and outputs of a matrix that Muon moves as a whole.
    matrix: Option<[usize; 2]>,
}

/// A run of one tensor's values. The optimizer's state has their slots one after the other.
#[derive(Clone, Debug)]
pub(in crate::plan::layers) struct Chunk {
    pub(in crate::plan::layers) range: Range<usize>,
    /// That of the whole tensor.
    pub(in crate::plan::layers) of: Range<usize>,
    tensor: usize,
}

impl<R: Real> Updates<R> {
    pub(in crate::plan::layers) fn new(layers: &[PlacedLayer], rules: &Rules) -> Self {
        let mut updates =
            Updates { chunks: Vec::new(), tensors: Vec::new(), room: Mutex::new(muon_room(layers, rules)) };
        let moves = matches!(rules.optimizer, Optimizer::Muon { .. });
        for layer in layers {
            for parameter in &layer.parameters {
                let is_matrix =
                    moves && parameter.role.is_penalised() && muon::is_hidden(layers, layer.number);
                let of = parameter.range.clone();
                let each = if is_matrix { of.len().max(1) } else { CHUNK };
                for start in of.clone().step_by(each) {
                    let range = start..of.end.min(start + each);
                    updates.chunks.push(Chunk { range, of: of.clone(), tensor: updates.tensors.len() });
                }
                updates.tensors.push(Tensor {
                    parameter: parameter.clone(),
                    layer: layer.number,
                    is_frozen: rules.frozen.contains(&layer.number),
                    matrix: is_matrix.then_some([layer.input.len(), layer.output.len()]),
                });
            }
        }
        updates
    }
}

impl<R: Real> Pass<'_, R> {
    /// Brings the parameters to where kernels read them, and clears their gradients: this member's share.
    pub(in crate::plan::layers) fn prepare(&self) {
        for step in &self.program.steps {
            self.pack(step);
            self.transpose(step);
        }
        let own = self.member.share(self.buffers.gradients.len());
        // SAFETY: shares do not overlap.
        unsafe { self.buffers.gradients.part(own) }.fill(R::ZERO);
    }

    /// The whole gradient: what is left of it, penalties, and the limit to each value.
    pub(in crate::plan::layers) fn finish_gradients(&self, updates: &Updates<R>, rules: &Rules) {
        for step in &self.program.steps {
            self.join_blocks(step);
        }
        self.member.wait();
        let (l2, l1) = (R::from_f64(rules.l2), R::from_f64(rules.l1));
        for chunk in self.chunks(updates) {
            let role = updates.tensors[chunk.tensor].parameter.role;
            let dw = self.gradient(chunk);
            if role.is_penalised() && (rules.l2 != 0.0 || rules.l1 != 0.0) {
                elementwise::penalise(l2, l1, self.parameters(&chunk.range), dw);
            }
            if let Some(limit) = rules.clip_value.filter(|_| role.is_trained()) {
                elementwise::cut(R::from_f64(limit), dw);
            }
        }
    }

    /// The update of this member's chunks.
    pub(in crate::plan::layers) fn update(&self, updates: &Updates<R>, rules: &Rules, rates: &Rates) {
        let factor = rules.clip_norm.and_then(|clip_norm| {
            self.member.wait();
            let factor = self.clip_factor(updates, clip_norm);
            self.member.wait(); // all have read
            factor
        });
        for chunk in self.chunks(updates) {
            let tensor = &updates.tensors[chunk.tensor];
            if !tensor.is_frozen {
                self.update_chunk(updates, rules, rates, chunk, tensor, factor);
            }
        }
        let Some(limit) = rules.max_norm else { return };
        self.member.wait();
        for (i, Tensor { parameter, is_frozen, .. }) in updates.tensors.iter().enumerate() {
            if i % self.member.count() == self.member.index() && !is_frozen {
                // SAFETY: a tensor belongs to one member.
                let w = unsafe { self.buffers.parameters.part(parameter.range.clone()) };
                limit_norms(limit, parameter, w);
            }
        }
    }

    fn update_chunk(
        &self,
        updates: &Updates<R>,
        rules: &Rules,
        rates: &Rates,
        chunk: &Chunk,
        tensor: &Tensor,
        factor: Option<R>,
    ) {
        let dw = self.gradient(chunk);
        // SAFETY: a chunk belongs to one member, and nobody else reads or writes its parameters in this phase.
        let w = unsafe { self.buffers.parameters.part(chunk.range.clone()) };
        let role = tensor.parameter.role;
        if let ParameterRole::Average { momentum } = role {
            return elementwise::average(momentum, w, dw);
        }
        if let Some(factor) = factor {
            elementwise::scale_in_place(factor, dw);
        }
        let update = Update {
            step: rates.step,
            learning_rate: rates.learning_rates[tensor.layer],
            weight_decay: if role.is_penalised() { rules.weight_decay } else { 0.0 },
        };
        let slots = rules.optimizer.state_slots();
        // SAFETY: as for the parameters.
        let state = unsafe { self.buffers.state.part(chunk.range.start * slots..chunk.range.end * slots) };
        let matrix =
            tensor.matrix.and_then(|sizes| Some((sizes, muon::Step::new(&rules.optimizer, &update, sizes)?)));
        match matrix {
            Some((sizes, step)) => {
                let mut room = updates.room.lock().unwrap_or_else(PoisonError::into_inner);
                muon::update(&step, sizes, w, dw, &mut state[..dw.len()], &mut room);
            }
            None => elementwise::update(&rules.optimizer, &update, w, dw, state),
        }
    }

    /// What the gradients are multiplied by where their norm is too large; every member adds them up.
    fn clip_factor(&self, updates: &Updates<R>, clip_norm: f64) -> Option<R> {
        let mut sum = OrderedSum::new();
        for tensor in updates.tensors.iter().filter(|tensor| tensor.parameter.role.is_trained()) {
            // SAFETY: gradients were written before the last barrier, and nobody writes them before the next.
            for dw in unsafe { self.buffers.gradients.read(tensor.parameter.range.clone()) } {
                let dw = dw.to_f64();
                sum.push(dw * dw);
            }
        }
        let norm = sum.total().sqrt();
        (norm > clip_norm).then(|| R::from_f64(clip_norm / norm))
    }

    /// This member's chunks.
    fn chunks<'u>(&self, updates: &'u Updates<R>) -> impl Iterator<Item = &'u Chunk> + use<'u, R> {
        updates.chunks.iter().skip(self.member.index()).step_by(self.member.count())
    }

    #[expect(clippy::mut_from_ref, reason = "the slice comes from shared memory, not from this view of it")]
    fn gradient(&self, chunk: &Chunk) -> &mut [R] {
        // SAFETY: a chunk belongs to one member.
        unsafe { self.buffers.gradients.part(chunk.range.clone()) }
    }
}
