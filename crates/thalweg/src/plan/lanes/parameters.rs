//! Parameters, gradients and state of the plan, and their update.

use std::ops::Range;

use crate::kernels::lanes::{PARTIAL, join};
use crate::kernels::{elementwise, sums};
use crate::optimizers::Update;
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

/// Where runs of parameters lie, so that a step can work on many tensors at once.
///
/// ```text
/// 0 .. wide         weights in panels, whose gradients are chains
///   .. weights      weights whose gradients are sums in lanes
///   .. sums         biases whose gradients are sums in lanes
///   .. len          biases whose gradients are chains
/// ```
#[derive(Clone, Debug, Default)]
pub(super) struct Runs {
    /// The end of the weights in panels: a multiple of [`PARTIAL`].
    pub(super) wide: usize,
    /// The end of the weights.
    pub(super) weights: usize,
    /// The end of the sums in lanes, whose number is made a multiple of [`PARTIAL`].
    pub(super) sums: usize,
    /// The end.
    pub(super) len: usize,
}

/// Parameters, gradients and optimizer state in the plan's layout.
#[derive(Clone, Debug)]
pub(super) struct Parameters<R> {
    runs: Runs,
    tensors: Vec<Tensor>,
    /// Where each parameter of the plain plan lies here.
    places: Vec<u32>,
    weights: Arena<R>,
    gradients: Arena<R>,
    /// For each tensor in turn, its slots one after the other, in this layout.
    state: Arena<R>,
    slots: usize,
    /// The parts of the sums in lanes.
    parts: Arena<R>,
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
            has_frozen: tensors.iter().any(|tensor| rules.frozen.contains(&tensor.layer)),
            runs,
            tensors,
            places,
        }
    }

    /// All parameters.
    pub(super) fn weights(&self) -> &[R] {
        &self.weights.all()[..self.runs.len]
    }

    /// All gradients.
    pub(super) fn gradients_mut(&mut self) -> &mut [R] {
        &mut self.gradients.all_mut()[..self.runs.len]
    }

    /// The parts of the sums of a weight and a bias tensor.
    pub(super) fn parts(&mut self, weight: &Range<usize>, bias: &Range<usize>) -> (&mut [R], &mut [R]) {
        let wide = self.runs.wide;
        let at = |range: &Range<usize>| {
            range.start.saturating_sub(wide) * PARTIAL..range.end.saturating_sub(wide) * PARTIAL
        };
        let (weight, bias) = (at(weight), at(bias));
        let (before, after) = self.parts.all_mut().split_at_mut(bias.start);
        (&mut before[weight], &mut after[..bias.len()])
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

    /// Finishes the gradients, adds the penalties, shortens to the norm, and changes the parameters.
    pub(super) fn update(&mut self, rules: &Rules, rates: &Rates) {
        let Runs { wide, weights, sums, .. } = self.runs;
        if wide > 0 {
            elementwise::add_to_zero(&mut self.gradients.all_mut()[..wide]);
        }
        if sums > wide {
            join(self.parts.all(), &mut self.gradients.all_mut()[wide..sums]);
        }
        if rules.l2 != 0.0 || rules.l1 != 0.0 {
            let (l2, l1) = (R::from_f64(rules.l2), R::from_f64(rules.l1));
            let dw = &mut self.gradients.all_mut()[..weights];
            elementwise::penalise(l2, l1, &self.weights.all()[..weights], dw);
        }
        self.clip(rules);
        let first = rates.learning_rates[self.tensors[0].layer];
        let is_one_rate = self.tensors.iter().all(|tensor| rates.learning_rates[tensor.layer] == first);
        if is_one_rate && !self.has_frozen && self.slots < 2 {
            self.update_at_once(rules, rates, first);
        } else {
            self.update_by_tensor(rules, rates);
        }
    }

    /// dw ← dw · clip_norm / ‖dw‖ where the norm is larger; the norm is taken in the plain plan's order.
    fn clip(&mut self, rules: &Rules) {
        let Some(clip_norm) = rules.clip_norm else { return };
        for (value, &place) in self.plain.iter_mut().zip(&self.places) {
            *value = self.gradients.all()[place as usize];
        }
        let norm = sums::sum_of_squares(&self.plain).sqrt();
        if norm > clip_norm {
            elementwise::scale_in_place(R::from_f64(clip_norm / norm), self.gradients.all_mut());
        }
    }

    /// All tensors share a rate, and a rule of at most one slot sees no borders: weights and biases are one run each, or both
    /// one without a decay.
    fn update_at_once(&mut self, rules: &Rules, rates: &Rates, learning_rate: f64) {
        let Runs { weights, len, .. } = self.runs;
        let (w, dw, state) = (self.weights.all_mut(), self.gradients.all(), self.state.all_mut());
        let biases = Update { step: rates.step, learning_rate, weight_decay: 0.0 };
        let without = rules.optimizer.at_step(&biases).expect("the rule is built in");
        let from = if rules.weight_decay == 0.0 {
            0
        } else {
            let update = Update { weight_decay: rules.weight_decay, ..biases };
            let rule = rules.optimizer.at_step(&update).expect("the rule is built in");
            let slots = &mut state[..weights * self.slots];
            elementwise::apply(&rule, &mut w[..weights], &dw[..weights], slots);
            weights
        };
        let slots = &mut state[from * self.slots..len * self.slots];
        elementwise::apply(&without, &mut w[from..len], &dw[from..len], slots);
    }

    /// Tensor by tensor, each by its layer's rate.
    fn update_by_tensor(&mut self, rules: &Rules, rates: &Rates) {
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
