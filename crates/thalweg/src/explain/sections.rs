//! The sections of an explanation, written down while the step is made.

use super::number::short;
use super::{Entry, Formula, Matrix, Section, names};
use crate::data::{Dataset, DatasetTargets, FittedScale};
use crate::layers::{FormulaNames, Layer, ParameterRole};
use crate::losses::{LossSizes, Targets, Weights};
use crate::network::PlacedLayer;
use crate::optimizers::{Optimizer, Update, muon};
use crate::plan::{Plan, Rows};
use crate::real::Real;
use crate::shape::Shape;
use crate::train::BegunStep;

/// Row numbers that are listed before the rest is left out.
const LISTED_ROWS: usize = 10;

/// All sections of a step whose forward pass was made; backward and the update are made here, by the plan.
pub(super) fn sections<R: Real>(begun: &mut BegunStep<R>, data: &Dataset) -> Vec<Section> {
    let layers = begun.plan.layers().to_vec();
    let changed = begun.changed.take();
    let all_rows = data.rows();
    let batch = match &changed {
        Some(changed) => changed.batch(),
        None => Rows { data, rows: &begun.rows, epoch: begun.epoch },
    };
    let data = batch.data;
    let story = Story {
        all_rows,
        is_changed: changed.is_some(),
        values: names::values(&layers, &begun.plan.rules().loss),
        parameters: layers.iter().map(names::parameters).collect(),
        numbers: (0..layers.len()).map(|i| i.to_string()).collect(),
        layers,
        data,
        rows: begun.rows.len(),
    };
    let mut sections = vec![story.batch(begun)];
    sections.extend((0..story.layers.len()).map(|i| story.forward(&begun.plan, i)));
    sections.push(story.loss(&begun.plan));

    begun.plan.backward_data(batch);
    sections.push(story.loss_gradient(&begun.plan));
    sections.extend((0..story.layers.len()).rev().map(|i| story.backward(&begun.plan, i)));

    begun.plan.penalise();
    sections.extend(story.penalties(&begun.plan));
    begun.plan.cut();
    sections.extend(story.cutting(&begun.plan));
    let norm = begun.plan.clip();
    sections.extend(story.clipping(&begun.plan, norm));

    begun.plan.update(&begun.rates);
    sections.push(story.update(begun));
    sections
}

/// What does not change from section to section.
struct Story<'a> {
    /// The rows as the network sees them.
    data: &'a Dataset,
    /// How many rows the training part has.
    all_rows: usize,
    /// Whether the rows of the batch are changed.
    is_changed: bool,
    rows: usize,
    layers: Vec<PlacedLayer>,
    /// The names of the layers' inputs, then of the last output.
    values: Vec<String>,
    /// The names of each layer's parameters.
    parameters: Vec<Vec<String>>,
    /// The layers' numbers.
    numbers: Vec<String>,
}

impl Story<'_> {
    fn batch<R: Real>(&self, begun: &BegunStep<R>) -> Section {
        let mut section = Section::new("the batch".to_owned());
        let is_whole = self.rows == self.all_rows;
        section.say(format!(
            "Epoch {}, batch {} of {}: {} of {} rows{}.",
            begun.epoch + 1,
            begun.batch + 1,
            begun.batches_per_epoch,
            self.rows,
            self.all_rows,
            if is_whole { String::new() } else { format!(", {}", listed(&begun.rows)) },
        ));
        if !matches!(self.data.scale(), FittedScale::None) {
            section.say("x is scaled, as the network sees it.".to_owned());
        }
        if self.is_changed {
            section.say(
                "x is scaled and changed as training.augment says; t too, where rows are mixed.".to_owned(),
            );
        }
        let shape = self.with_batch(self.data.feature_shape());
        section.matrix("x", shape, self.data.columns(), begun.plan.value(0, self.rows));
        let outputs = self.outputs();
        match begun.plan.targets(self.data, self.rows) {
            Targets::Values(values) => {
                if !self.data.target_scale().is_none() {
                    section.say("t is scaled, as the loss sees it in training.".to_owned());
                }
                section.matrix("t", vec![self.rows, outputs], outputs, values);
            }
            Targets::Classes(classes) => {
                let values = classes.iter().map(|&class| f64::from(class)).collect();
                let (name, shape) = ("t".to_owned(), vec![self.rows]);
                section.entries.push(Entry::Matrix(Matrix { name, shape, columns: self.rows, values }));
            }
        }
        if let Weights::Each(weights) = begun.plan.weights(self.rows) {
            let (name, shape) = ("weight".to_owned(), vec![self.rows]);
            let values = weights.to_vec();
            section.entries.push(Entry::Matrix(Matrix { name, shape, columns: self.rows, values }));
        }
        section
    }

    fn forward<R: Real>(&self, plan: &Plan<R>, i: usize) -> Section {
        let placed = &self.layers[i];
        let mut section = Section::new(format!("forward, layer {i}: {}", placed.layer.kind()));
        section.formulas(placed.layer.forward_formulas(self.names(i)));
        self.parameters_of(i, "", plan.parameters(), &mut section);
        if let Layer::Dropout(_) | Layer::ChannelDropout(_) = placed.layer {
            let columns = placed.layer.cache_len(&placed.input);
            let shape = match placed.layer {
                Layer::Dropout(_) => self.with_batch(&placed.input),
                _ => vec![self.rows, columns],
            };
            section.matrix(&format!("mask{i}"), shape, columns, plan.cache(i, self.rows));
        }
        if let Layer::Residual(residual) = &placed.layer {
            let names = residual.value_names(&self.numbers[i]);
            let values = residual.values(&placed.input, self.rows, plan.cache(i, self.rows));
            for (name, (shape, values)) in names.iter().zip(values) {
                section.matrix(name, self.with_batch(&shape), shape.len(), values);
            }
        }
        let output = &placed.output;
        section.matrix(
            &self.values[i + 1],
            self.with_batch(output),
            output.len(),
            plan.value(i + 1, self.rows),
        );
        section
    }

    fn loss<R: Real>(&self, plan: &Plan<R>) -> Section {
        let loss = &plan.rules().loss;
        let outputs = self.outputs();
        let mut section = Section::new(format!("loss: {}", loss.name()));
        let logits = plan.outputs(self.rows);
        if let Some(activation) = loss.prediction_activation() {
            let mut p = vec![R::ZERO; logits.len()];
            activation.forward(outputs, logits, &mut p);
            let shape = vec![self.rows, outputs];
            let text = format!("p = {}", activation.formula(&self.values[self.layers.len()]));
            section.formulas(vec![Formula::new(text, format!("{shape:?}"))]);
            section.matrix("p", shape, outputs, &p);
        }
        if loss.from_log_rates() {
            let mut rates = vec![R::ZERO; logits.len()];
            loss.predictions(outputs, logits, &mut rates);
            let shape = vec![self.rows, outputs];
            section.formulas(vec![Formula::new("λ = exp(log λ)".to_owned(), format!("{shape:?}"))]);
            section.matrix("λ", shape, outputs, &rates);
        }
        let targets = plan.targets(self.data, self.rows);
        let by_row: Vec<R> = logits
            .chunks_exact(outputs)
            .enumerate()
            .map(|(n, row)| loss.row_value(row, targets.row(n, outputs)))
            .collect();
        section.matrix("loss of each row", vec![self.rows], self.rows, &by_row);
        section.value(
            format!("data_loss = {}", loss.formula(self.sizes(plan))),
            plan.training_loss(self.data, self.rows),
        );
        let penalty = self.penalty_formula(plan);
        if !penalty.is_empty() {
            section.value(format!("penalty = {penalty}"), plan.penalty());
            let loss = plan.training_loss(self.data, self.rows) + plan.penalty();
            section.value("loss = data_loss + penalty".to_owned(), loss);
        }
        if !self.data.target_scale().is_none() {
            let own = plan.data_loss(self.rows);
            section.say("Reports give the loss in the target's own units:".to_owned());
            section.value("data_loss in own units".to_owned(), own);
        }
        section
    }

    fn loss_gradient<R: Real>(&self, plan: &Plan<R>) -> Section {
        let loss = &plan.rules().loss;
        let mut section = Section::new(format!("backward, loss: {}", loss.name()));
        let name = format!("d{}", self.values[self.layers.len()]);
        let shape = vec![self.rows, self.outputs()];
        let text = format!("{name} = {}", loss.gradient_formula(self.sizes(plan)));
        section.formulas(vec![Formula::new(text, format!("{shape:?}"))]);
        section.matrix(&name, shape, self.outputs(), plan.dvalue(self.layers.len(), self.rows));
        section
    }

    fn backward<R: Real>(&self, plan: &Plan<R>, i: usize) -> Section {
        let placed = &self.layers[i];
        let mut section = Section::new(format!("backward, layer {i}: {}", placed.layer.kind()));
        let wants_dx = !plan.dvalue(i, self.rows).is_empty();
        if plan.rules().shards > 1 && !placed.parameters.is_empty() {
            section.say(format!(
                "Each sum over rows is made of {} runs of rows, added in order.",
                plan.rules().shards
            ));
        }
        // A built-in layer has a formula for each gradient, which then stands above it; a user's own has one for all.
        let mut formulas = placed.layer.backward_formulas(self.names(i), wants_dx).into_iter();
        if let Layer::Residual(_) = placed.layer {
            section.formulas(formulas.by_ref().collect()); // in the order in which a block works
        }
        let parameters = placed.parameters.iter().zip(&self.parameters[i]);
        for (parameter, w) in parameters.filter(|(parameter, _)| parameter.role.is_trained()) {
            section.formulas(formulas.next().into_iter().collect());
            section.of_parameter(
                &format!("d{w}"),
                &parameter.shape,
                &plan.gradients()[parameter.range.clone()],
            );
        }
        section.formulas(formulas.next().into_iter().collect());
        if wants_dx {
            let shape = self.with_batch(&placed.input);
            let name = format!("d{}", self.values[i]);
            section.matrix(&name, shape, placed.input.len(), plan.dvalue(i, self.rows));
        } else {
            section.say("Nobody needs dx: it would be the gradient by the data.".to_owned());
        }
        section
    }

    /// The gradients with what the penalties add, if there are penalties.
    fn penalties<R: Real>(&self, plan: &Plan<R>) -> Option<Section> {
        let rules = plan.rules();
        if rules.l2 == 0.0 && rules.l1 == 0.0 {
            return None;
        }
        let mut section = Section::new("penalties".to_owned());
        for (i, placed) in self.layers.iter().enumerate() {
            for (parameter, w) in placed.parameters.iter().zip(&self.parameters[i]) {
                if !parameter.role.is_penalised() {
                    continue;
                }
                let mut text = format!("d{w} ← d{w}");
                if rules.l2 != 0.0 {
                    text.push_str(&format!(" + {}·{w}", short(rules.l2)));
                }
                if rules.l1 != 0.0 {
                    text.push_str(&format!(" + {}·sign({w})", short(rules.l1)));
                }
                section.formulas(vec![Formula::new(text, parameter.shape.to_string())]);
                section.of_parameter(
                    &format!("d{w}"),
                    &parameter.shape,
                    &plan.gradients()[parameter.range.clone()],
                );
            }
        }
        Some(section)
    }

    /// The gradients with their largest values cut, if there is a limit.
    fn cutting<R: Real>(&self, plan: &Plan<R>) -> Option<Section> {
        let limit = plan.rules().clip_value?;
        let mut section = Section::new("clipping by value".to_owned());
        section.say(format!("Every value of a gradient is cut to [-{0}, {0}].", short(limit)));
        for i in 0..self.layers.len() {
            self.parameters_of(i, "d", plan.gradients(), &mut section);
        }
        Some(section)
    }

    /// How the gradients were shortened, if there is a limit; `norm` is their length before.
    fn clipping<R: Real>(&self, plan: &Plan<R>, norm: Option<f64>) -> Option<Section> {
        let (norm, limit) = (norm?, plan.rules().clip_norm?);
        let mut section = Section::new("clipping".to_owned());
        section.value("norm = √(Σ d²) over all gradients together".to_owned(), norm);
        if norm <= limit {
            section.say(format!("The limit is {}: nothing is shortened.", short(limit)));
            return Some(section);
        }
        section.value(format!("factor = {} / norm", short(limit)), limit / norm);
        section.say("Every gradient is multiplied by the factor.".to_owned());
        for i in 0..self.layers.len() {
            self.parameters_of(i, "d", plan.gradients(), &mut section);
        }
        Some(section)
    }

    /// The rule, what it remembers, and the new parameters.
    fn update<R: Real>(&self, begun: &BegunStep<R>) -> Section {
        let rules = begun.plan.rules();
        let mut section = Section::new(format!("update {}: {}", begun.rates.step, rules.optimizer.name()));
        let slots = rules.optimizer.slot_names();
        for (i, placed) in self.layers.iter().enumerate() {
            if rules.frozen.contains(&i) && !placed.parameters.is_empty() {
                section.say(format!("Layer {i} is frozen: {} stay.", self.parameters[i].join(" and ")));
                continue;
            }
            for (parameter, w) in placed.parameters.iter().zip(&self.parameters[i]) {
                let update = Update {
                    step: begun.rates.step,
                    learning_rate: begun.rates.learning_rates[i],
                    weight_decay: if parameter.role.is_penalised() { rules.weight_decay } else { 0.0 },
                };
                if let ParameterRole::Average { momentum } = parameter.role {
                    let (kept, new) = (short(momentum), short(1.0 - momentum));
                    let text = format!("{w} ← {kept}·{w} + {new}·(the batch's own)");
                    section.formulas(vec![Formula::new(text, "")]);
                    let new = &begun.plan.parameters()[parameter.range.clone()];
                    section.of_parameter(&format!("new {w}"), &parameter.shape, new);
                    continue;
                }
                let is_hidden = parameter.role.is_penalised() && muon::is_hidden(&self.layers, i);
                let formulas = match (&rules.optimizer, is_hidden) {
                    (Optimizer::Muon { momentum, iterations, .. }, true) => {
                        muon::formulas([*momentum, *iterations as f64], &update, w, &parameter.shape)
                    }
                    (optimizer, _) => optimizer.formulas(&update, w),
                };
                section.formulas(formulas.into_iter().map(|text| Formula::new(text, "")).collect());
                if let (Some(limit), true) = (rules.max_norm, parameter.role.is_limited()) {
                    let limit = short(limit);
                    let unit = if parameter.role == ParameterRole::Filter { "[o]" } else { "[:,j]" };
                    let text = format!(
                        "{w}{unit} ← {w}{unit}·{limit}/‖{w}{unit}‖ where the norm is larger than {limit}"
                    );
                    section.formulas(vec![Formula::new(text, "")]);
                }
                if let Optimizer::Lbfgs { .. } = rules.optimizer {
                    section.say(
                        "The line search looks at the loss several times; training shows where it ends."
                            .to_owned(),
                    );
                    continue;
                }
                let len = parameter.range.len();
                for (k, slot) in slots.iter().enumerate() {
                    let start = parameter.range.start * slots.len() + k * len;
                    let state = &begun.plan.optimizer_state()[start..start + len];
                    section.of_parameter(&format!("{slot} of {w}"), &parameter.shape, state);
                }
                let new = &begun.plan.parameters()[parameter.range.clone()];
                section.of_parameter(&format!("new {w}"), &parameter.shape, new);
            }
        }
        section
    }

    /// ½·l2·(Σw0² + ...) + l1·(Σ|w0| + ...), without what is zero.
    fn penalty_formula<R: Real>(&self, plan: &Plan<R>) -> String {
        let penalised: Vec<&String> = self
            .layers
            .iter()
            .zip(&self.parameters)
            .flat_map(|(placed, names)| placed.parameters.iter().zip(names))
            .filter(|(parameter, _)| parameter.role.is_penalised())
            .map(|(_, name)| name)
            .collect();
        let sum = |term: fn(&String) -> String| {
            let terms: Vec<String> = penalised.iter().map(|name| term(name)).collect();
            if terms.len() == 1 { terms.join("") } else { format!("({})", terms.join(" + ")) }
        };
        let mut parts = Vec::new();
        if plan.rules().l2 != 0.0 {
            parts.push(format!("½·{}·{}", short(plan.rules().l2), sum(|w| format!("Σ{w}²"))));
        }
        if plan.rules().l1 != 0.0 {
            parts.push(format!("{}·{}", short(plan.rules().l1), sum(|w| format!("Σ|{w}|"))));
        }
        parts.join(" + ")
    }

    /// Adds the part of `all` that belongs to each parameter of layer `i`.
    fn parameters_of<R: Real>(&self, i: usize, prefix: &str, all: &[R], section: &mut Section) {
        let parameters = self.layers[i].parameters.iter().zip(&self.parameters[i]);
        let of_gradients = prefix == "d"; // averages have none
        for (parameter, name) in parameters.filter(|(p, _)| !of_gradients || p.role.is_trained()) {
            let values = &all[parameter.range.clone()];
            section.of_parameter(&format!("{prefix}{name}"), &parameter.shape, values);
        }
    }

    fn names(&self, i: usize) -> FormulaNames<'_> {
        FormulaNames {
            rows: self.rows,
            input: &self.layers[i].input,
            output: &self.layers[i].output,
            number: &self.numbers[i],
            x: &self.values[i],
            y: &self.values[i + 1],
            parameters: &self.parameters[i],
        }
    }

    fn sizes<R: Real>(&self, plan: &Plan<R>) -> LossSizes {
        let classes = matches!(self.data.targets(), DatasetTargets::Classes { .. });
        let weights = plan.weights(self.rows);
        let weight = matches!(weights, Weights::Each(_)).then(|| weights.total());
        LossSizes { rows: self.rows, outputs: self.outputs(), classes, weight }
    }

    fn outputs(&self) -> usize {
        self.layers.last().map_or(1, |layer| layer.output.len())
    }

    fn with_batch(&self, shape: &Shape) -> Vec<usize> {
        [self.rows].into_iter().chain(shape.axes().iter().copied()).collect()
    }
}

impl Section {
    fn new(title: String) -> Self {
        Section { title, entries: Vec::new() }
    }

    fn say(&mut self, sentence: String) {
        self.entries.push(Entry::Text(sentence));
    }

    fn formulas(&mut self, formulas: Vec<Formula>) {
        self.entries.extend(formulas.into_iter().map(|formula| Entry::Formula { formula, value: None }));
    }

    fn value(&mut self, text: String, value: f64) {
        self.entries.push(Entry::Formula { formula: Formula::new(text, ""), value: Some(value) });
    }

    fn matrix<R: Real>(&mut self, name: &str, shape: Vec<usize>, columns: usize, values: &[R]) {
        let values = values.iter().map(|value| value.to_f64()).collect();
        self.entries.push(Entry::Matrix(Matrix { name: name.to_owned(), shape, columns, values }));
    }

    /// A parameter, or what goes with it: its last axis across.
    fn of_parameter<R: Real>(&mut self, name: &str, shape: &Shape, values: &[R]) {
        let columns = shape.axes().last().copied().unwrap_or(1);
        self.matrix(name, shape.axes().to_vec(), columns, values);
    }
}

/// "rows 4 to 9", or the first few of them.
fn listed(rows: &[u32]) -> String {
    let (first, last) = (rows[0], rows[rows.len() - 1]);
    if rows.len() == 1 {
        return format!("row {first}");
    }
    if rows.windows(2).all(|pair| pair[1] == pair[0] + 1) {
        return format!("rows {first} to {last}");
    }
    let some: Vec<String> = rows.iter().take(LISTED_ROWS).map(u32::to_string).collect();
    format!("rows {}{}", some.join(", "), if rows.len() > LISTED_ROWS { " …" } else { "" })
}
