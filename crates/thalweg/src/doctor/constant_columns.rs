//! Constant columns: the same value in every row of the training part.

use super::finding::{Finding, Kind, Severity, Verdict};
use super::inputs;
use super::patient::Patient;

/// How many columns the sentence names.
const NAMED: usize = 5;

/// Looks for columns of a table with one value in all training rows: nothing can be learned from them, and a row that has
/// another value later is one that the network knows nothing of. Pixels of images are not looked at; a margin is constant by
/// nature.
pub(super) fn find(patient: &Patient<'_>) -> Verdict {
    let columns = &patient.inputs.columns;
    if columns.is_empty() {
        return Verdict::NotJudged("the inputs are images");
    }
    let constant: Vec<usize> = (0..columns.len()).filter(|&column| columns[column].is_constant()).collect();
    let Some(&first) = constant.first() else { return Verdict::HEALTHY };
    let names: Vec<String> =
        constant.iter().take(NAMED).map(|&column| inputs::name(patient.train(), column)).collect();
    let message = match constant.len() {
        1 => format!("the column {} has the same value in every training row", names[0]),
        count if count <= NAMED => {
            format!("the columns {} have the same value in every training row", names.join(", "))
        }
        count => format!(
            "{count} columns have the same value in every training row, among them {}",
            names.join(", ")
        ),
    };
    Finding::new(
        Kind::ConstantColumns,
        Severity::Hint,
        message,
        inputs::leave_out(patient.prepared, &constant),
    )
    .of_column(names.join(", "))
    .with("columns", constant.len() as f64)
    .with("value", columns[first].low)
    .into()
}
