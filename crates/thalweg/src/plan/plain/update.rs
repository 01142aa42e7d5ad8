//! What the plain plan does with a gradient: penalties, limits, the update.

use super::Plan;
use crate::kernels::{OrderedSum, elementwise};
use crate::layers::ParameterRole;
use crate::network::{Parameter, PlacedLayer};
use crate::optimizers::{Optimizer, Update, muon};
use crate::plan::{Rates, Rules};
use crate::real::Real;

impl<R: Real> Plan<R> {
    /// dw ← fma(l2, w, dw) + sign(w)·l1, weights only.
    pub(crate) fn penalise(&mut self) {
        if self.rules.l2 == 0.0 && self.rules.l1 == 0.0 {
            return;
        }
        let (l2, l1) = (R::from_f64(self.rules.l2), R::from_f64(self.rules.l1));
        for parameter in
            self.layers.iter().flat_map(|layer| &layer.parameters).filter(|p| p.role.is_penalised())
        {
            let range = parameter.range.clone();
            elementwise::penalise(l2, l1, &self.parameters[range.clone()], &mut self.gradients[range]);
        }
    }

    /// dw ← dw cut to [-clip_value, clip_value], value by value.
    pub(crate) fn cut(&mut self) {
        let Some(limit) = self.rules.clip_value else { return };
        let parameters = self.layers.iter().flat_map(|layer| &layer.parameters);
        for parameter in parameters.filter(|parameter| parameter.role.is_trained()) {
            elementwise::cut(R::from_f64(limit), &mut self.gradients[parameter.range.clone()]);
        }
    }

    /// dw ← dw · clip_norm / ‖dw‖ where the norm of all gradients together is larger than `clip_norm`. The norm before
    /// is returned, where there is a limit.
    pub(crate) fn clip(&mut self) -> Option<f64> {
        let clip_norm = self.rules.clip_norm?;
        let trained = || {
            let parameters = self.layers.iter().flat_map(|layer| &layer.parameters);
            parameters
                .filter(|parameter| parameter.role.is_trained())
                .map(|parameter| parameter.range.clone())
        };
        let mut sum = OrderedSum::new();
        for range in trained() {
            for dw in &self.gradients[range] {
                let dw = dw.to_f64();
                sum.push(dw * dw);
            }
        }
        let norm = sum.total().sqrt();
        if norm > clip_norm {
            let factor = R::from_f64(clip_norm / norm);
            for range in trained() {
                for dw in &mut self.gradients[range] {
                    *dw *= factor;
                }
            }
        }
        Some(norm)
    }

    /// Changes every parameter that is not frozen by its gradient.
    pub fn update(&mut self, rates: &Rates) {
        let slots = self.rules.optimizer.state_slots();
        for layer in &self.layers {
            if self.rules.frozen.contains(&layer.number) {
                continue;
            }
            for parameter in &layer.parameters {
                let range = parameter.range.clone();
                if let ParameterRole::Average { momentum } = parameter.role {
                    let values = &self.gradients[range.clone()];
                    elementwise::average(momentum, &mut self.parameters[range], values);
                    continue;
                }
                let update = Update {
                    step: rates.step,
                    learning_rate: rates.learning_rates[layer.number],
                    weight_decay: if parameter.role.is_penalised() { self.rules.weight_decay } else { 0.0 },
                };
                let state = &mut self.state[range.start * slots..range.end * slots];
                let (w, dw) = (&mut self.parameters[range.clone()], &self.gradients[range.clone()]);
                let is_hidden = parameter.role.is_penalised() && muon::is_hidden(&self.layers, layer.number);
                let sizes = [layer.input.len(), layer.output.len()];
                let optimizer = &self.rules.optimizer;
                match muon::Step::new(optimizer, &update, sizes).filter(|_| is_hidden) {
                    Some(step) => {
                        muon::update(&step, sizes, w, dw, &mut state[..dw.len()], &mut self.room);
                    }
                    None => elementwise::update(optimizer, &update, w, dw, state),
                }
                if let Some(limit) = self.rules.max_norm {
                    limit_norms(limit, parameter, &mut self.parameters[range]);
                }
            }
        }
    }
}

/// Limits the norm of what comes into each unit of a parameter that has some.
pub(in crate::plan) fn limit_norms<R: Real>(limit: f64, parameter: &Parameter, weights: &mut [R]) {
    if parameter.role == ParameterRole::Filter {
        let each = weights.len() / parameter.shape.axes()[0];
        weights.chunks_exact_mut(each).for_each(|filter| limit_units(limit, 1, filter));
    } else if parameter.role.is_limited() {
        limit_units(limit, parameter.shape.axes().last().copied().unwrap_or(1), weights);
    }
}

/// w[:,j] ← w[:,j]·limit/‖w[:,j]‖ for each of `outputs` units whose incoming weights have a larger norm; a filter of a convolution is
/// one unit.
///
/// Source: Srivastava et al., "Dropout" (2014), section 5.1.
fn limit_units<R: Real>(limit: f64, outputs: usize, w: &mut [R]) {
    for j in 0..outputs {
        let mut sum = OrderedSum::new();
        for w in w.iter().skip(j).step_by(outputs) {
            let w = w.to_f64();
            sum.push(w * w);
        }
        let norm = sum.total().sqrt();
        if norm > limit {
            let factor = R::from_f64(limit / norm);
            for w in w.iter_mut().skip(j).step_by(outputs) {
                *w *= factor;
            }
        }
    }
}

/// Room for the hidden matrices, if Muon moves them.
pub(in crate::plan) fn muon_room<R: Real>(layers: &[PlacedLayer], rules: &Rules) -> muon::Room<R> {
    let moves = matches!(rules.optimizer, Optimizer::Muon { .. });
    let hidden = layers.iter().filter(|layer| moves && muon::is_hidden(layers, layer.number));
    muon::Room::new(hidden.map(|layer| [layer.input.len(), layer.output.len()]))
}
