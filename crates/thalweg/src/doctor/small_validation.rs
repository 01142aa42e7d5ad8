//! A validation part that is too small to decide which weights are kept.

use super::finding::{Finding, Kind, Severity, Verdict, percent, rounded};
use super::patient::Patient;
use crate::data::DatasetTargets;

/// Fewer rows are too few: of 50, an accuracy of 90 % is known to ±8 % only (two standard errors, 2·√(p(1 - p)/rows)), so that
/// the best epoch is the luckiest one.
const ENOUGH: usize = 50;

/// Fewer than this are a problem: ±13 % and more.
const FEW: usize = 20;

/// No larger share of the rows is proposed.
const MOST_SHARE: f64 = 0.3;

/// The accuracy for which the uncertainty is said.
const EXAMPLE: f64 = 0.9;

/// Counts the rows of the validation part, if there is one: no such part is a choice, and then nothing is decided by it.
pub(super) fn find(patient: &Patient<'_>) -> Verdict {
    let Some(validation) = &patient.prepared.validation else {
        return Verdict::NotJudged("there is no validation part");
    };
    let rows = validation.rows();
    if rows >= ENOUGH {
        return Verdict::HEALTHY;
    }
    let uncertainty = 2.0 * (EXAMPLE * (1.0 - EXAMPLE) / rows as f64).sqrt();
    let of_what = match validation.targets() {
        DatasetTargets::Classes { .. } => {
            format!("an accuracy of {} is known to ±{}", percent(EXAMPLE), percent(uncertainty))
        }
        _ => "chance decides which weights look best".to_owned(),
    };
    let are = if rows == 1 { "row is" } else { "rows are" };
    let message = format!("{rows} validation {are} few: with so many, {of_what}");
    let severity = if rows < FEW { Severity::Problem } else { Severity::Hint };
    Finding::new(Kind::SmallValidation, severity, message, cure(patient, rows))
        .with("rows", rows as f64)
        .with("uncertainty", uncertainty)
        .into()
}

/// A share of the rows that is large enough, in steps of 0.05.
fn cure(patient: &Patient<'_>, rows: usize) -> String {
    let data = &patient.prepared.experiment.data;
    let share = data.split.map_or(0.0, |split| split.validation);
    if data.validation.is_some() || share == 0.0 {
        return "more rows in the validation part's own source (data.validation)".to_owned();
    }
    let all = patient.prepared.parts().map(|(_, part)| part.rows()).sum::<usize>();
    let wanted = ((ENOUGH as f64 / all as f64 * 20.0).ceil() / 20.0).min(MOST_SHARE);
    if wanted <= share || rows >= all {
        return "more rows".to_owned();
    }
    format!("--set data.split.validation={}", rounded(wanted))
}
