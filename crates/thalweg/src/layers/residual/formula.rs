//! The formulas of a residual block: those of its layers, and of the sum.

use super::super::{FormulaNames, Layer};
use super::{Block, Residual, Step};
use crate::explain::Formula;
use crate::shape::Shape;

impl Residual {
    /// What the outputs of the inner layers are called, in the order of [`values`](Self::values): `z3.0`.
    pub(crate) fn value_names(&self, number: &str) -> Vec<String> {
        let straight =
            self.layers.iter().enumerate().map(|(i, layer)| value_name(layer, &format!("{number}.{i}")));
        let around = self.shortcut.iter().enumerate();
        let around = around.map(|(i, layer)| value_name(layer, &format!("{number}.shortcut.{i}")));
        straight.chain(around).collect()
    }

    /// The outputs of the inner layers with their shapes, from what the last forward pass kept.
    pub(crate) fn values<'a, R>(
        &self,
        input: &Shape,
        rows: usize,
        cache: &'a [R],
    ) -> impl Iterator<Item = (Shape, &'a [R])> {
        let block = self.known(input);
        let values: Vec<_> =
            block.steps().map(|step| (step.output.clone(), step.value_of(rows, cache))).collect();
        values.into_iter()
    }

    pub(crate) fn forward_formulas(&self, names: FormulaNames<'_>) -> Vec<Formula> {
        let block = self.known(names.input);
        let values = self.value_names(names.number);
        let numbers = self.numbers(names.number);
        let mut formulas = Vec::new();
        for (place, step) in block.steps().enumerate() {
            formulas
                .extend(step.layer.forward_formulas(inner(&block, names, &values, &numbers, place, step)));
        }
        let (inner, x) = (&values[self.layers.len() - 1], names.x);
        let around = match (&block.projection, self.shortcut.is_empty()) {
            (Some(_), _) => format!("{x}·{}", projection(names)),
            (None, true) => x.to_owned(),
            (None, false) => values[values.len() - 1].clone(),
        };
        formulas.push(Formula::new(format!("{} = {around} + {inner}", names.y), names.batch(names.output)));
        formulas
    }

    /// In the order in which backward works, not in that of the parameters.
    pub(crate) fn backward_formulas(&self, names: FormulaNames<'_>, wants_dx: bool) -> Vec<Formula> {
        let block = self.known(names.input);
        let values = self.value_names(names.number);
        let numbers = self.numbers(names.number);
        let FormulaNames { x, y, .. } = names;
        let mut formulas = Vec::new();
        for path in [&block.straight, &block.shortcut] {
            let Some(last) = path.last() else { continue };
            formulas.push(Formula::new(format!("d{} = d{y}", values[last.place]), names.batch(names.output)));
            let first = match wants_dx {
                true => 0,
                false => path.iter().position(|step| !step.parameters.is_empty()).unwrap_or(path.len()),
            };
            for (i, step) in path.iter().enumerate().skip(first).rev() {
                let wants = i > first || (i == 0 && wants_dx);
                let own = inner(&block, names, &values, &numbers, step.place, step);
                formulas.extend(step.layer.backward_formulas(own, wants));
            }
        }
        if block.projection.is_some() {
            formulas.push(Formula::new(format!("d{} = {x}ᵀ·d{y}", projection(names)), ""));
        }
        if wants_dx {
            let around = match (&block.projection, self.shortcut.is_empty()) {
                (Some(_), _) => format!("d{y}·{}ᵀ", projection(names)),
                (None, true) => format!("d{y}"),
                (None, false) => "the same by the shortcut".to_owned(),
            };
            let text = format!("d{x} = d{x} by the inner layers + {around}");
            formulas.push(Formula::new(text, names.batch(names.input)));
        }
        formulas
    }

    /// The numbers of the inner layers: `3.0`.
    fn numbers(&self, number: &str) -> Vec<String> {
        let straight = (0..self.layers.len()).map(|i| format!("{number}.{i}"));
        straight.chain((0..self.shortcut.len()).map(|i| format!("{number}.shortcut.{i}"))).collect()
    }
}

/// `z3.0`
fn value_name(layer: &Layer, number: &str) -> String {
    let letter = match layer {
        layer if layer.has_weights() => "z",
        Layer::Activation(_) => "a",
        _ => "y",
    };
    format!("{letter}{number}")
}

/// The projection's matrix: the last parameter.
fn projection<'a>(names: FormulaNames<'a>) -> &'a str {
    names.parameters.last().map_or("w", String::as_str)
}

/// The names of an inner layer.
fn inner<'a>(
    block: &'a Block,
    names: FormulaNames<'a>,
    values: &'a [String],
    numbers: &'a [String],
    place: usize,
    step: &'a Step,
) -> FormulaNames<'a> {
    let is_first = place == 0 || place == block.straight.len();
    FormulaNames {
        rows: names.rows,
        input: &step.input,
        output: &step.output,
        number: &numbers[place],
        x: if is_first { names.x } else { &values[place - 1] },
        y: &values[place],
        parameters: &names.parameters[step.tensors.clone()],
    }
}
