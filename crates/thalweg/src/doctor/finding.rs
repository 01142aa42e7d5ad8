//! What the doctor says: findings, their figures, and what could not be judged.

use std::fmt;

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::explain::number::short;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It keeps the run from what it could come to.
    Problem,
    /// It may be meant, or costs little.
    Hint,
}

impl Severity {
    /// `"problem"` or `"hint"`.
    pub const fn name(self) -> &'static str {
        match self {
            Severity::Problem => "problem",
            Severity::Hint => "hint",
        }
    }
}

/// What is looked for. Each kind has a file of its own, which says when it is found and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Kind {
    /// Columns of very different size.
    UnscaledColumns,
    /// Columns that say nothing.
    ConstantColumns,
    /// A column that gives the target away.
    LeakingColumns,
    /// Classes with few rows beside one with many.
    ClassImbalance,
    /// A validation part that says little.
    SmallValidation,
    /// The same rows in two parts.
    DuplicateRows,
    /// Units of a ReLU layer that are 0 for every row.
    DeadRelus,
    /// Sigmoids and tanhs in their flat ends.
    Saturation,
    /// Gradients that are lost on the way back.
    VanishingGradients,
    /// Gradients that grow on the way back.
    ExplodingGradients,
    /// A learning rate that is too high.
    RateTooHigh,
    /// A learning rate that is too low.
    RateTooLow,
    /// Good on the training part, worse on the validation part.
    Overfitting,
    /// Hardly better than saying always the same.
    Underfitting,
}

impl Kind {
    /// All kinds, in the order in which they are looked for.
    pub const ALL: [Kind; 14] = [
        Kind::UnscaledColumns,
        Kind::ConstantColumns,
        Kind::LeakingColumns,
        Kind::ClassImbalance,
        Kind::SmallValidation,
        Kind::DuplicateRows,
        Kind::DeadRelus,
        Kind::Saturation,
        Kind::VanishingGradients,
        Kind::ExplodingGradients,
        Kind::RateTooHigh,
        Kind::RateTooLow,
        Kind::Overfitting,
        Kind::Underfitting,
    ];

    /// The kind in words: `"unscaled columns"`.
    pub const fn words(self) -> &'static str {
        match self {
            Kind::UnscaledColumns => "unscaled columns",
            Kind::ConstantColumns => "constant columns",
            Kind::LeakingColumns => "leaking columns",
            Kind::ClassImbalance => "class imbalance",
            Kind::SmallValidation => "a small validation part",
            Kind::DuplicateRows => "rows in two parts",
            Kind::DeadRelus => "dead ReLUs",
            Kind::Saturation => "saturation",
            Kind::VanishingGradients => "vanishing gradients",
            Kind::ExplodingGradients => "exploding gradients",
            Kind::RateTooHigh => "a learning rate that is too high",
            Kind::RateTooLow => "a learning rate that is too low",
            Kind::Overfitting => "overfitting",
            Kind::Underfitting => "underfitting",
        }
    }
}

/// The figures behind a finding, by name, in the order in which they are said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evidence(Vec<(&'static str, f64)>);

impl Evidence {
    /// The figure of this name.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.0.iter().find(|(own, _)| *own == name).map(|(_, value)| *value)
    }

    /// All figures.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, f64)> {
        self.0.iter().copied()
    }
}

/// `first_loss 2.3, last_loss 7.1`
impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (name, value)) in self.0.iter().enumerate() {
            let comma = if i > 0 { ", " } else { "" };
            write!(f, "{comma}{name} {}", rounded(*value))?;
        }
        Ok(())
    }
}

impl Serialize for Evidence {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// One thing that is wrong or may be.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Finding {
    /// What.
    pub kind: Kind,
    /// How bad.
    pub severity: Severity,
    /// The layer by its number, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layer: Option<usize>,
    /// The column, or several with commas between, where it is about columns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// The figures that say so.
    pub evidence: Evidence,
    /// One sentence for a person.
    pub message: String,
    /// What mends it, as it is typed after `thalweg train ...`; several ways are joined by "or".
    pub cure: String,
}

impl Finding {
    pub(super) fn new(
        kind: Kind,
        severity: Severity,
        message: impl Into<String>,
        cure: impl Into<String>,
    ) -> Self {
        Finding {
            kind,
            severity,
            layer: None,
            column: None,
            evidence: Evidence::default(),
            message: message.into(),
            cure: cure.into(),
        }
    }

    /// Adds a figure.
    pub(super) fn with(mut self, name: &'static str, value: f64) -> Self {
        self.evidence.0.push((name, value));
        self
    }

    pub(super) fn of_layer(self, layer: usize) -> Self {
        Finding { layer: Some(layer), ..self }
    }

    pub(super) fn of_column(self, column: impl Into<String>) -> Self {
        Finding { column: Some(column.into()), ..self }
    }
}

/// A kind that could not be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct NotChecked {
    /// What.
    pub kind: Kind,
    /// Why not.
    pub reason: &'static str,
}

/// Everything that an examination came to.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Diagnosis {
    /// What was found, in the order of [`Kind::ALL`].
    pub findings: Vec<Finding>,
    /// What was looked at, in words.
    pub looked_at: String,
    /// What was judged, found or not.
    pub checked: Vec<Kind>,
    /// What was not.
    pub not_checked: Vec<NotChecked>,
}

/// What a rule says.
#[derive(Debug)]
pub(super) enum Verdict {
    /// What it found; nothing is good.
    Judged(Vec<Finding>),
    /// It cannot say, and why.
    NotJudged(&'static str),
}

impl Verdict {
    /// Nothing was found.
    pub(super) const HEALTHY: Verdict = Verdict::Judged(Vec::new());
}

impl From<Finding> for Verdict {
    fn from(finding: Finding) -> Self {
        Verdict::Judged(vec![finding])
    }
}

/// Whole numbers up to here are counts, and said in full.
const LARGEST_COUNT: f64 = 1e9;

/// A figure with four digits, as sentences have it.
pub(super) fn rounded(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < LARGEST_COUNT {
        return short(value);
    }
    short(format!("{value:.3e}").parse().unwrap_or(value))
}

/// A share in percent, without digits that nobody needs.
pub(super) fn percent(share: f64) -> String {
    format!("{} %", rounded(share * 100.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_said_with_four_digits_and_kept_with_all() {
        let finding = Finding::new(Kind::DeadRelus, Severity::Hint, "", "")
            .with("share", 1.0 / 3.0)
            .with("rows", 123_456.0);
        assert_eq!(finding.evidence.to_string(), "share 0.3333, rows 123456");
        assert_eq!(finding.evidence.get("share"), Some(1.0 / 3.0));
        let json = serde_json::to_string(&finding.evidence).unwrap();
        assert_eq!(json, r#"{"share":0.3333333333333333,"rows":123456.0}"#);
        assert_eq!(percent(0.98765), "98.77 %");
        assert_eq!(rounded(6.114742e253), "6.115e253");
    }

    #[test]
    fn every_kind_stands_in_the_list_once() {
        let names: std::collections::HashSet<&str> = Kind::ALL.iter().map(|kind| kind.words()).collect();
        assert_eq!(names.len(), Kind::ALL.len());
    }
}
