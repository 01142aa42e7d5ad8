//! Parameters, gradients and state of the plan, and their update.

use std::ops::Range;

use crate::kernels::lanes::{PARTIAL, Runs};
use crate::kernels::{elementwise, sums};
use crate::optimizers::{Optimizer, StepRule, Update};
use crate::plan::arena::Arena;
use crate::plan::{Rates, Rules};
use crate::real::Real;

/// A parameter tensor in the plan.
#[derive(Clone, Debug)]
pub(super) struct Tensor {
    /// Its layer's number.
    pub(super) layer: usize,
    /// Where it lies in the plain plan.
    pub(super) plain: Range<usize>,
    /// Where it lies here.
    pub(super) own: Range<usize>,
    /// Whether penalties and weight decay touch it.
    pub(super) penalised: bool,
}

/// Parameters, gradients and optimizer state in the plan's layout.
#[derive(Clone, Debug)]
pub(super) struct Parameters<R> {
    pub(super) runs: Runs,
    tensors: Vec<Tensor>,
    /// Where each parameter of the plain plan lies here.
    places: Vec<u32>,
    pub(super) weights: Arena<R>,
    pub(super) gradients: Arena<R>,
    /// For each tensor in turn, its slots one after the other, in this layout.
    pub(super) state: Arena<R>,
    slots: usize,
    /// The parts of the sums in lanes.
    pub(super) parts: Arena<R>,
    /// The updates of this step that are made at once.
    pub(super) updates: Vec<(Range<usize>, StepRule<R>)>,
    /// The rates that the updates were made ready for; none at first.
    prepared_for: Vec<f64>,
    /// Whether the rule depends on nothing but the rates, from step to step.
    is_steady: bool,
    /// Gradients in the plain order, for their norm.
    plain: Vec<R>,
    /// Whether some layer's parameters stay.
    has_frozen: bool,
}

impl<R: Real> Parameters<R> {
    pub(super) fn new(rules: &Rules, runs: Runs, tensors: Vec<Tensor>, places: Vec<u32>) -> Self {
        let slots = rules.optimizer.state_slots();
        Parameters {
            weights: Arena::with_len(runs.len),
            gradients: Arena::with_len(runs.len),
            state: Arena::with_len(runs.len * slots),
            slots,
            parts: Arena::with_len((runs.sums - runs.wide) * PARTIAL),
            plain: vec![R::ZERO; if rules.clip_norm.is_some() { places.len() } else { 0 }],
            updates: Vec::with_capacity(2),
            prepared_for: Vec::new(),
            is_steady: matches!(
                rules.optimizer,
                Optimizer::Sgd
                    | Optimizer::Momentum { .. }
                    | Optimizer::RmsProp { .. }
                    | Optimizer::Adagrad { .. }
                    | Optimizer::Adadelta { .. }
                    | Optimizer::Lion { .. }
                    | Optimizer::Rprop { .. }
            ),
            has_frozen: tensors.iter().any(|tensor| rules.frozen.contains(&tensor.layer)),
            runs,
            tensors,
            places,
        }
    }

    pub(super) fn read_weights(&self, plain: &mut [R]) {
        for (value, &place) in plain.iter_mut().zip(&self.places) {
            *value = self.weights.all()[place as usize];
        }
    }

    pub(super) fn set_weights(&mut self, plain: &[R]) {
        for (value, &place) in plain.iter().zip(&self.places) {
            self.weights.all_mut()[place as usize] = *value;
        }
    }

    /// Calls `visit` with each value's place in the plain plan's state and in this one's.
    fn for_state(&self, mut visit: impl FnMut(usize, usize)) {
        for tensor in &self.tensors {
            for slot in 0..self.slots {
                for (i, at) in tensor.plain.clone().enumerate() {
                    let plain = tensor.plain.start * self.slots + slot * tensor.plain.len() + i;
                    let within = self.places[at] as usize - tensor.own.start;
                    visit(plain, tensor.own.start * self.slots + slot * tensor.own.len() + within);
                }
            }
        }
    }

    pub(super) fn read_state(&self, plain: &mut [R]) {
        let state = self.state.all();
        self.for_state(|at, own| plain[at] = state[own]);
    }

    pub(super) fn set_state(&mut self, plain: &[R]) {
        let mut state = std::mem::replace(&mut self.state, Arena::with_len(0));
        self.for_state(|at, own| state.all_mut()[own] = plain[at]);
        self.state = state;
    }

    /// Makes ready the updates that can be made at once: all tensors share a rate, none stays, and a rule of at most one slot
    /// sees no borders. Weights and biases are one run each, or both one without a decay.
    pub(super) fn prepare(&mut self, rules: &Rules, rates: &Rates) {
        if self.is_steady && self.prepared_for == rates.learning_rates {
            return;
        }
        self.prepared_for.clone_from(&rates.learning_rates);
        self.updates.clear();
        let learning_rate = rates.learning_rates[self.tensors[0].layer];
        let is_one_rate =
            self.tensors.iter().all(|tensor| rates.learning_rates[tensor.layer] == learning_rate);
        if !is_one_rate || self.has_frozen || self.slots > 1 || rules.clip_norm.is_some() {
            return;
        }
        let Runs { weights, len, .. } = self.runs;
        let update = Update { step: rates.step, learning_rate, weight_decay: rules.weight_decay };
        let rule = |update: &Update| rules.optimizer.at_step(update).expect("the rule is built in");
        if rules.weight_decay == 0.0 {
            self.updates.push((0..len, rule(&update)));
        } else {
            self.updates.push((0..weights, rule(&update)));
            self.updates.push((weights..len, rule(&Update { weight_decay: 0.0, ..update })));
        }
    }

    /// dw ← dw · clip_norm / ‖dw‖ where the norm is larger; the norm is taken in the plain plan's order.
    pub(super) fn clip(&mut self, rules: &Rules) {
        let Some(clip_norm) = rules.clip_norm else { return };
        for (value, &place) in self.plain.iter_mut().zip(&self.places) {
            *value = self.gradients.all()[place as usize];
        }
        let norm = sums::sum_of_squares(&self.plain).sqrt();
        if norm > clip_norm {
            elementwise::scale_in_place(R::from_f64(clip_norm / norm), self.gradients.all_mut());
        }
    }

    /// Tensor by tensor, each by its layer's rate.
    pub(super) fn update_by_tensor(&mut self, rules: &Rules, rates: &Rates) {
        let mut last = None;
        for tensor in &self.tensors {
            if self.has_frozen && rules.frozen.contains(&tensor.layer) {
                continue;
            }
            let learning_rate = rates.learning_rates[tensor.layer];
            let weight_decay = if tensor.penalised { rules.weight_decay } else { 0.0 };
            let rule = match last {
                Some((rate, decay, rule)) if rate == learning_rate && decay == weight_decay => rule,
                _ => {
                    let update = Update { step: rates.step, learning_rate, weight_decay };
                    rules.optimizer.at_step(&update).expect("the rule is built in")
                }
            };
            last = Some((learning_rate, weight_decay, rule));
            let own = tensor.own.clone();
            elementwise::apply(
                &rule,
                &mut self.weights.all_mut()[own.clone()],
                &self.gradients.all()[own.clone()],
                &mut self.state.all_mut()[own.start * self.slots..own.end * self.slots],
            );
        }
    }
}
