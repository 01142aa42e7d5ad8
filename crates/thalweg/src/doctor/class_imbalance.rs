//! Class imbalance: few rows of one class beside many of another.

use super::finding::{Finding, Kind, Severity, Verdict, percent, rounded};
use super::patient::Patient;
use crate::data::DatasetTargets;

/// The largest class may have so many times the rows of the smallest. Beyond it, of two classes, saying always the larger one is
/// right in more than ten rows of eleven, and accuracy says little.
const APART: f64 = 10.0;

/// From here on it is a problem.
const GRAVE: f64 = 100.0;

/// Compares the classes' rows in the training part. A class without any row is a problem: it cannot be learned. Where rows or
/// classes weigh differently, somebody has seen to it, and nothing is said.
///
/// # Source
/// He, Garcia, "Learning from imbalanced data" (2009), section 2: imbalances in the order of 100 to 1 and more.
pub(super) fn find(patient: &Patient<'_>) -> Verdict {
    let data = patient.train();
    let DatasetTargets::Classes { ids, count } = data.targets() else {
        return Verdict::NotJudged("the target is numbers");
    };
    if data.weights().is_some() {
        return Verdict::NotJudged("rows weigh differently");
    }
    let mut rows = vec![0_usize; *count];
    for &id in ids {
        rows[id as usize] += 1;
    }
    let by_rows = |class: &usize| rows[*class];
    let (Some(least), Some(most)) = ((0..*count).min_by_key(by_rows), (0..*count).max_by_key(by_rows)) else {
        return Verdict::HEALTHY;
    };
    let ratio = rows[most] as f64 / rows[least] as f64;
    if ratio < APART {
        return Verdict::HEALTHY;
    }
    let name = |class: usize| data.label_names().get(class).cloned().unwrap_or_else(|| class.to_string());
    let message = match rows[least] {
        0 => format!("the class {} has no row in the training part: it cannot be learned", name(least)),
        few => format!(
            "the class {} has {} rows, {} times as many as the class {}, which has {few}: saying always {0} is right in {}",
            name(most),
            rows[most],
            rounded(ratio),
            name(least),
            percent(rows[most] as f64 / ids.len() as f64)
        ),
    };
    let cure = match rows[least] {
        0 => "rows of the class in the training part",
        _ => "--set data.class_weight=balanced",
    };
    let severity = if ratio >= GRAVE { Severity::Problem } else { Severity::Hint };
    Finding::new(Kind::ClassImbalance, severity, message, cure)
        .with("largest_class_rows", rows[most] as f64)
        .with("smallest_class_rows", rows[least] as f64)
        .with("largest_class_share", rows[most] as f64 / ids.len() as f64)
        .into()
}
