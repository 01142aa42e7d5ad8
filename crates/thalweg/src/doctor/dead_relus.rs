//! Dead ReLUs: units that are 0 for every row, so that no gradient reaches their weights again.

use super::cures;
use super::finding::{Finding, Kind, Severity, Verdict, percent};
use super::patient::Patient;

/// So large a share of a layer's units may be dead. Some always are; as much as this is a sign of a rate that was too high, or of
/// biases that start far below 0.
const SHARE: f64 = 0.4;

/// From this share on it is a problem.
const GRAVE: f64 = 0.8;

/// Fewer dead units than this are chance.
const FEWEST: usize = 2;

/// Looks, after the last step, at the outputs of each ReLU layer for a sample of the training rows. A unit whose output is 0 for
/// all of them passes no gradient back (relu'(z) = 0 for z ≤ 0): no update changes it while its inputs stay as they are.
///
/// # Source
/// Karpathy and others, CS231n course notes, "Neural networks 1": "as much as 40% of your network can be dead".
pub(super) fn find(patient: &Patient<'_>) -> Verdict {
    let Some(moment) = &patient.end else {
        return Verdict::NotJudged("the loss does not stay finite");
    };
    let finding = |layer: &super::moment::LayerFigures| {
        let dead = layer.dead?;
        let share = dead as f64 / layer.units as f64;
        if dead < FEWEST || share < SHARE {
            return None;
        }
        let message = format!(
            "{dead} of {} units of layer {} (relu) are 0 for every row: they learn nothing any more",
            layer.units, layer.number
        );
        let was_dead = patient.start.as_ref().and_then(|start| start.layers[layer.number].dead).unwrap_or(0);
        let slower = cures::rate(patient, 0.1);
        let leaky = "--activation leaky_relu";
        // Those that were dead before the first step did not die of the rate.
        let cure = match 2 * was_dead >= dead {
            true => cures::or([leaky, "biases that start at 0 (no `bias_init`)"]),
            false => cures::or([slower.as_str(), leaky]),
        };
        let severity = if share >= GRAVE { Severity::Problem } else { Severity::Hint };
        Some(
            Finding::new(Kind::DeadRelus, severity, format!("{message} ({})", percent(share)), cure)
                .of_layer(layer.number)
                .with("dead", dead as f64)
                .with("units", layer.units as f64)
                .with("share", share)
                .with("dead_at_the_start", was_dead as f64),
        )
    };
    Verdict::Judged(moment.layers.iter().filter_map(finding).collect())
}
