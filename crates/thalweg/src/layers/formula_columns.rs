//! The formulas of the layers that work on columns of a table.

use super::columns::Chosen;
use super::formula::FormulaNames;
use super::{Embedding, Periodic, PiecewiseLinear};
use crate::explain::Formula;

impl FormulaNames<'_> {
    /// The parameter at this place, by its name here.
    fn parameter(&self, place: usize) -> &str {
        self.parameters.get(place).map_or("w", String::as_str)
    }

    /// `", after the 2 columns that pass by"`, where some do.
    fn after(&self, chosen: Chosen<'_>) -> String {
        match chosen.rest() {
            0 => String::new(),
            1 => ", after the column that passes by".to_owned(),
            rest => format!(", after the {rest} columns that pass by"),
        }
    }

    /// How y comes of e, and where it stands.
    fn of_numbers(&self, chosen: Chosen<'_>, dimension: Option<usize>, relu: bool, first: usize) -> Formula {
        let FormulaNames { y, number, .. } = self;
        let e = format!("e{number}[n,c,:]");
        let own = match dimension {
            None => e,
            Some(_) => {
                let z = format!("{e}·{}[c] + {}[c]", self.parameter(first), self.parameter(first + 1));
                if relu { format!("max(0, {z})") } else { z }
            }
        };
        Formula::new(format!("{y}[n,c,:] = {own}{}", self.after(chosen)), self.batch(self.output))
    }

    /// The gradients of the columns' own layers, where there are some.
    fn of_column_layers(&self, relu: bool, first: usize) -> [Formula; 2] {
        let FormulaNames { y, number, .. } = self;
        let (w, b) = (self.parameter(first), self.parameter(first + 1));
        let dz = if relu { format!("dz = d{y} where {y} > 0, else 0") } else { format!("dz = d{y}") };
        [
            Formula::new(format!("d{w}[c] = e{number}[:,c,:]ᵀ·dz[:,c,:], {dz}"), ""),
            Formula::new(format!("d{b}[c] = Σₙ dz[n,c,:]"), ""),
        ]
    }
}

/// de by what follows e.
fn by_e(dimension: Option<usize>, y: &str, w: &str) -> String {
    match dimension {
        Some(_) => format!("de = dz[n,c,:]·{w}[c]ᵀ"),
        None => format!("de = d{y}[n,c,:]"),
    }
}

impl Embedding {
    pub(super) fn forward_formulas(&self, names: FormulaNames<'_>) -> Vec<Formula> {
        let FormulaNames { x, y, .. } = names;
        let w = names.parameter(0);
        let after = names.after(Chosen::new(&self.columns, names.input));
        let text = format!("{y}[n,c,:] = the row of {w} for the id {x}[n,c], 0 for the id -1{after}");
        vec![Formula::new(text, names.batch(names.output))]
    }

    pub(super) fn backward_formulas(&self, names: FormulaNames<'_>, wants_dx: bool) -> Vec<Formula> {
        let FormulaNames { x, y, .. } = names;
        let w = names.parameter(0);
        let text = format!("d{w}[k,:] = Σ d{y}[n,c,:] over the n and c with the row k for the id {x}[n,c]");
        let mut formulas = vec![Formula::new(text, "")];
        if wants_dx {
            let text = format!("d{x} = d{y} of what passes by, 0 for ids");
            formulas.push(Formula::new(text, names.batch(names.input)));
        }
        formulas
    }
}

impl Periodic {
    pub(super) fn forward_formulas(&self, names: FormulaNames<'_>) -> Vec<Formula> {
        let FormulaNames { rows, x, number, .. } = names;
        let chosen = Chosen::new(&self.columns, names.input);
        let f = names.parameter(0);
        let shape = format!("[{rows}, {}, {}]", chosen.count(), 2 * self.frequencies);
        vec![
            Formula::new(format!("v = 2π·{f}[c,:]·{x}[n,c], e{number}[n,c,:] = sin v, then cos v"), shape),
            names.of_numbers(chosen, self.dimension, self.relu, 1),
        ]
    }

    pub(super) fn backward_formulas(&self, names: FormulaNames<'_>, wants_dx: bool) -> Vec<Formula> {
        let FormulaNames { x, y, .. } = names;
        let f = names.parameter(0);
        let de = by_e(self.dimension, y, names.parameter(1));
        let text = format!("d{f}[c,:] = Σₙ dv·2π·{x}[n,c], dv = de_sin·cos v - de_cos·sin v, {de}");
        let mut formulas = vec![Formula::new(text, "")];
        if self.dimension.is_some() {
            formulas.extend(names.of_column_layers(self.relu, 1));
        }
        if wants_dx {
            let text = format!("d{x}[n,c] = Σₖ dv·2π·{f}[c,k], d{y} of what passes by");
            formulas.push(Formula::new(text, names.batch(names.input)));
        }
        formulas
    }
}

impl PiecewiseLinear {
    pub(super) fn forward_formulas(&self, names: FormulaNames<'_>) -> Vec<Formula> {
        let FormulaNames { rows, x, number, .. } = names;
        let chosen = Chosen::new(&self.columns, names.input);
        let bins: usize = self.edges.iter().map(|edges| edges.len() - 1).sum();
        vec![
            Formula::new(
                format!(
                    "e{number}[n,c,t] = ({x}[n,c] - b[t]) / (b[t+1] - b[t]) between the edges b of column c, cut to 0 and 1 inside"
                ),
                format!("[{rows}, {bins}]"),
            ),
            names.of_numbers(chosen, self.dimension, self.relu, 0),
        ]
    }

    pub(super) fn backward_formulas(&self, names: FormulaNames<'_>, wants_dx: bool) -> Vec<Formula> {
        let FormulaNames { x, y, .. } = names;
        let mut formulas = Vec::new();
        if self.dimension.is_some() {
            formulas.extend(names.of_column_layers(self.relu, 0));
        }
        if wants_dx {
            let de = by_e(self.dimension, y, names.parameter(0));
            let text = format!(
                "d{x}[n,c] = Σₜ de[t] / (b[t+1] - b[t]) where e is not cut, {de}; d{y} of what passes by"
            );
            formulas.push(Formula::new(text, names.batch(names.input)));
        }
        formulas
    }
}
