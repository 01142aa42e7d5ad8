//! Steps of L-BFGS over a full batch: each looks at the loss along a line as often as it takes.

use std::cell::Cell;
use std::cmp::Ordering;

use super::choose::choose_gradients;
use super::{GradientPlan, Plan, Rates, Rows, Rules, StepPlan, Wanted};
use crate::error::Result;
use crate::kernels::{OrderedSum, elementwise};
use crate::layers::{Layer, ParameterRole};
use crate::network::{Network, NetworkProblem, PlacedLayer};
use crate::optimizers::Optimizer;
use crate::optimizers::lbfgs::{Memory, Point, strong_wolfe};
use crate::real::Real;

/// A network moved by L-BFGS.
#[derive(Debug)]
pub(crate) struct LbfgsSteps<R: Real> {
    objective: Objective<R>,
    memory: Memory<R>,
    /// The parameters and the gradient before the step.
    w: Vec<R>,
    g: Vec<f64>,
    /// The direction, and the gradient at the point looked at last.
    d: Vec<f64>,
    new_g: Vec<f64>,
    /// The loss at the parameters as they are, and whether `new_g` is the gradient there: not where a step draws at random.
    known: Option<f64>,
}

/// The loss of the batch as a function of the parameters.
#[derive(Debug)]
struct Objective<R: Real> {
    /// What takes the gradient: to the same bits whichever it is.
    plan: Box<dyn GradientPlan<R>>,
    layers: Vec<PlacedLayer>,
    rules: Rules,
    /// Where the loss is looked at, and its gradient there, row-major.
    parameters: Vec<R>,
    gradients: Vec<R>,
    /// Which parameters move.
    moves: Vec<bool>,
    is_random: bool,
    /// How often it was looked at.
    looks: u64,
}

/// Refuses what L-BFGS cannot work with: batches of some rows, and settings that would make the gradient another function's.
///
/// # Errors
/// [`NetworkProblem::FullBatchOnly`], [`NetworkProblem::NoWeightDecay`] and [`NetworkProblem::NoClipping`].
pub(crate) fn check(rules: &Rules, is_full_batch: bool) -> Result<()> {
    let optimizer = rules.optimizer.name().to_owned();
    if !is_full_batch {
        return Err(NetworkProblem::FullBatchOnly { optimizer }.into());
    }
    if rules.weight_decay != 0.0 {
        return Err(NetworkProblem::NoWeightDecay { optimizer }.into());
    }
    let limits =
        [("clip_value", rules.clip_value), ("clip_norm", rules.clip_norm), ("max_norm", rules.max_norm)];
    if let Some((limit, _)) = limits.into_iter().find(|(_, value)| value.is_some()) {
        return Err(NetworkProblem::NoClipping { optimizer, limit }.into());
    }
    Ok(())
}

impl<R: Real> LbfgsSteps<R> {
    /// Lays out L-BFGS over full batches of data like `data`.
    ///
    /// # Errors
    /// As [`check`] and [`Plan::new`].
    pub(crate) fn new(network: &Network<R>, wanted: Wanted<'_>) -> Result<Self> {
        let Wanted { rules, is_full_batch, .. } = wanted;
        check(rules, is_full_batch)?;
        let history = match rules.optimizer {
            Optimizer::Lbfgs { history } => history,
            _ => 1,
        };
        let count = network.parameter_count();
        let mut moves = vec![false; count];
        for layer in network.layers().iter().filter(|layer| !rules.frozen.contains(&layer.number)) {
            for parameter in layer.parameters.iter().filter(|parameter| parameter.role.is_trained()) {
                moves[parameter.range.clone()].fill(true);
            }
        }
        let plan = match choose_gradients(network, wanted)? {
            Some(plan) => plan,
            None => Box::new(PlainGradients::new(network, wanted)?),
        };
        Ok(LbfgsSteps {
            objective: Objective {
                plan,
                layers: network.layers().to_vec(),
                rules: rules.clone(),
                parameters: network.parameters().to_vec(),
                gradients: vec![R::ZERO; count],
                moves,
                is_random: network.layers().iter().any(|layer| layer.layer.any(&Layer::is_random)),
                looks: 0,
            },
            memory: Memory::new(history, count),
            w: vec![R::ZERO; count],
            g: vec![0.0; count],
            d: vec![0.0; count],
            new_g: vec![0.0; count],
            known: None,
        })
    }

    /// Where value `i` of a slot of the optimizer's state lies: the slots of each tensor follow each other.
    fn place(&self) -> impl Fn(usize, usize) -> usize + use<R> {
        let slots = self.objective.rules.optimizer.state_slots();
        let parameters = self.objective.layers.iter().flat_map(|layer| &layer.parameters);
        let tensors: Vec<_> = parameters.map(|parameter| parameter.range.clone()).collect();
        move |slot, i| {
            let tensor = tensors.partition_point(|range| range.end <= i);
            let range = &tensors[tensor];
            range.start * slots + slot * range.len() + (i - range.start)
        }
    }
}

impl<R: Real> Objective<R> {
    /// The loss, penalties included, with the parameters as they are, not rounded to the scalar type; and its gradient.
    fn look(&mut self, batch: Rows<'_>, g: &mut [f64]) -> f64 {
        self.looks += 1;
        let value = self.plan.look(batch, &self.parameters, &mut self.gradients);
        for ((g, dw), moves) in g.iter_mut().zip(&self.gradients).zip(&self.moves) {
            *g = if *moves { dw.to_f64() } else { 0.0 };
        }
        value + self.rules.penalty(&self.layers, &self.parameters)
    }

    /// Moves the averages of normalisations by what the last look saw.
    fn average(&mut self) {
        for layer in self.layers.iter().filter(|layer| !self.rules.frozen.contains(&layer.number)) {
            for parameter in &layer.parameters {
                if let ParameterRole::Average { momentum } = parameter.role {
                    let range = parameter.range.clone();
                    let averages = &mut self.parameters[range.clone()];
                    elementwise::average(momentum, averages, &self.gradients[range]);
                }
            }
        }
    }
}

/// Gradients by the plain plan.
#[derive(Debug)]
pub(super) struct PlainGradients<R: Real> {
    plan: Plan<R>,
    outputs: usize,
    has_gathered: bool,
}

impl<R: Real> PlainGradients<R> {
    /// Lays out the plain plan.
    ///
    /// # Errors
    /// As [`Plan::new`].
    pub(super) fn new(network: &Network<R>, wanted: Wanted<'_>) -> Result<Self> {
        Ok(PlainGradients {
            plan: Plan::new(network, wanted.rules.clone(), wanted.data, wanted.largest_batch)?,
            outputs: network.output_shape().len(),
            has_gathered: false,
        })
    }
}

impl<R: Real> GradientPlan<R> for PlainGradients<R> {
    fn look(&mut self, batch: Rows<'_>, parameters: &[R], gradients: &mut [R]) -> f64 {
        self.forward_at(batch, parameters);
        let rows = batch.rows.len();
        let (plan, loss) = (&self.plan, &self.plan.rules().loss);
        let weights = plan.weights(rows);
        let mut sum = OrderedSum::new();
        loss.add_values(self.outputs, plan.outputs(rows), plan.targets(batch.data, rows), weights, &mut sum);
        let value = loss.join::<f64>(sum.total(), weights.total());
        self.plan.backward(batch);
        gradients.copy_from_slice(self.plan.gradients());
        value
    }

    fn forward_at(&mut self, batch: Rows<'_>, parameters: &[R]) {
        self.plan.parameters_mut().copy_from_slice(parameters);
        if !self.has_gathered {
            self.plan.gather(batch);
            self.has_gathered = true;
        }
        self.plan.forward(batch, true);
    }

    fn last_outputs(&self, rows: usize) -> &[R] {
        self.plan.outputs(rows)
    }
}

impl<R: Real> StepPlan<R> for LbfgsSteps<R> {
    fn read_parameters(&self, parameters: &mut [R]) {
        parameters.copy_from_slice(&self.objective.parameters);
    }

    fn set_parameters(&mut self, parameters: &[R]) {
        self.objective.parameters.copy_from_slice(parameters);
        self.known = None;
    }

    fn read_state(&self, state: &mut [R]) {
        self.memory.write(state, self.place());
    }

    fn set_state(&mut self, state: &[R]) {
        let place = self.place();
        self.memory.read(state, place);
    }

    fn forward(&mut self, batch: Rows<'_>) {
        self.objective.plan.forward_at(batch, &self.objective.parameters);
    }

    fn outputs(&self, rows: usize) -> &[R] {
        self.objective.plan.last_outputs(rows)
    }

    fn looks(&self) -> u64 {
        self.objective.looks
    }

    fn step(&mut self, batch: Rows<'_>, rates: &Rates) -> bool {
        let LbfgsSteps { objective, memory, w, g, d, new_g, known } = self;
        let value = match known.take() {
            Some(value) if !objective.is_random => value,
            _ => objective.look(batch, new_g),
        };
        g.copy_from_slice(new_g);
        if !value.is_finite() || objective.rules.has_failed() {
            return false;
        }
        w.copy_from_slice(&objective.parameters);
        memory.direction(g, d);
        let mut slope = dot(g, d);
        if slope.partial_cmp(&0.0) != Some(Ordering::Less) {
            memory.clear();
            memory.direction(g, d);
            slope = dot(g, d);
        }
        if slope == 0.0 {
            return true; // the gradient is 0: there is nowhere to go
        }
        if !slope.is_finite() {
            // As after any other rule: the parameters are no numbers, and the next step's loss says so.
            objective.parameters.fill(R::from_f64(f64::NAN));
            return true;
        }
        let rate = rates.learning_rates.iter().copied().fold(0.0, f64::max);
        let first = match memory.count() {
            0 => rate * (1.0 / sum_of_magnitudes(g)).min(1.0),
            _ => rate,
        };
        let last = Cell::new(0.0);
        let mut look = |t: f64| {
            last.set(t);
            for (i, new) in objective.parameters.iter_mut().enumerate() {
                *new = R::from_f64(w[i].to_f64() + t * d[i]);
            }
            let value = objective.look(batch, new_g);
            Point { t, value, slope: dot(new_g, d) }
        };
        let found = strong_wolfe(Point { t: 0.0, value, slope }, first, &mut look);
        let found = found.map(|point| if last.get() == point.t { point.value } else { look(point.t).value });
        if objective.rules.has_failed() {
            objective.parameters.copy_from_slice(w);
            return false;
        }
        match found {
            Some(value) => {
                memory.remember([&w[..], &objective.parameters], [&g[..], &new_g[..]]);
                *known = Some(value);
                objective.average();
            }
            None => {
                // Rounding hides what is left to gain; without its memory, the next step looks straight down.
                objective.parameters.copy_from_slice(w);
                memory.clear();
                new_g.copy_from_slice(g);
                *known = Some(value);
            }
        }
        true
    }
}

/// aᵀb
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sum = OrderedSum::new();
    for (a, b) in a.iter().zip(b) {
        sum.push(a * b);
    }
    sum.total()
}

fn sum_of_magnitudes(g: &[f64]) -> f64 {
    crate::kernels::sums::sum_of_magnitudes(g)
}
