//! Unscaled columns: inputs of very different size, or all far from 1.

use super::finding::{Finding, Kind, Severity, Verdict, rounded};
use super::inputs::{self, ColumnFigures};
use super::patient::Patient;
use crate::network::{either, id_columns};

/// The largest column may be so many times as large as the smallest. For one layer of weights the curvature of the loss along
/// a column goes with the square of its size: at the rate that suits the largest column, one of a tenth of its size is
/// learned a hundred times as slowly.
const APART: f64 = 10.0;

/// All inputs together may be so many times larger or smaller than 1, the size for which weights start.
const FROM_ONE: f64 = 10.0;

/// From here on it is a problem.
const GRAVE: f64 = 100.0;

/// Compares the sizes of columns, and of all values with 1, as the network sees them: scaled. A column's size is the root of its
/// mean square. Ids of categories, which an embedding takes, constant columns, and those that hold nothing but 0 and 1, are not compared: constant ones are a finding of
/// their own, the others are categories. Images are one column: their values share a unit.
///
/// # Source
/// LeCun, Bottou, Orr, Müller, "Efficient BackProp" (1998), section 4.3: inputs of mean 0 and like variance.
pub(super) fn find(patient: &Patient<'_>) -> Verdict {
    let ids = either!(&patient.prepared.network, network => id_columns(network.layers()));
    let is_id = |column: usize| ids.iter().any(|(id, _)| *id == column);
    let compared: Vec<(usize, &ColumnFigures)> = patient
        .inputs
        .columns
        .iter()
        .enumerate()
        .filter(|(i, _)| !is_id(*i))
        .filter(|(_, column)| !column.is_constant() && !column.is_binary && column.size > 0.0)
        .collect();
    let smallest = compared.iter().min_by(|(_, a), (_, b)| a.size.total_cmp(&b.size));
    let largest = compared.iter().max_by(|(_, a), (_, b)| a.size.total_cmp(&b.size));
    if let (Some((small, least)), Some((large, most))) = (smallest, largest)
        && most.size / least.size >= APART
    {
        let ratio = most.size / least.size;
        let names = [*large, *small].map(|column| inputs::name(patient.train(), column));
        let message = format!(
            "the column {} is {} times as large as the column {}: one learning rate cannot suit both",
            names[0],
            rounded(ratio),
            names[1]
        );
        return Finding::new(Kind::UnscaledColumns, severity(ratio), message, "--set data.scale=standard")
            .of_column(names[0].clone())
            .with("largest_size", most.size)
            .with("smallest_size", least.size)
            .with("ratio", ratio)
            .into();
    }
    // Of a table, what was compared; of images, all values.
    let size = match largest {
        Some((_, most)) => most.size,
        None if patient.inputs.columns.is_empty() => patient.inputs.size,
        None => return Verdict::HEALTHY,
    };
    let ratio = size.max(1.0 / size);
    if ratio < FROM_ONE || !ratio.is_finite() {
        return Verdict::HEALTHY;
    }
    let is_bytes = matches!(patient.train().features(), crate::data::Features::U8(_));
    let scaling = if is_bytes { "divide-255" } else { "standard" };
    let message = format!("the inputs are of size {}, far from the 1 for which weights start", rounded(size));
    Finding::new(Kind::UnscaledColumns, severity(ratio), message, format!("--set data.scale={scaling}"))
        .with("size", size)
        .into()
}

fn severity(ratio: f64) -> Severity {
    if ratio >= GRAVE { Severity::Problem } else { Severity::Hint }
}
