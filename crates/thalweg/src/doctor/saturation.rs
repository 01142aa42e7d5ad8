//! Saturation: sigmoids and tanhs in their flat ends.

use super::cures;
use super::finding::{Finding, Kind, Severity, Verdict, percent};
use super::patient::Patient;

/// So large a share of a hidden layer's values may be flat. Where it is larger, less than a tenth of the values pass a gradient on
/// that is worth the name. Trained layers have many flat values, and sharp steps are made of them: half or two thirds are no
/// sickness.
const SHARE: f64 = 0.9;

/// Looks, after the last step, at the outputs of each hidden sigmoid or tanh layer for a sample of the training rows. A value is flat
/// where the slope is less than a twentieth of the steepest: a sigmoid below 0.013 or above 0.987, a tanh beyond ±0.975. The
/// outputs of the network are not looked at: they are flat where it is sure.
///
/// Where inputs of wild size push the values there, nothing is said here.
///
/// # Source
/// Glorot, Bengio, "Understanding the difficulty of training deep feedforward neural networks" (2010), section 3.
pub(super) fn find(patient: &Patient<'_>) -> Verdict {
    let Some(moment) = &patient.end else {
        return Verdict::NotJudged("the loss does not stay finite");
    };
    if patient.is_explained_by(&[Kind::UnscaledColumns]) {
        return Verdict::NotJudged("inputs of wild size explain it");
    }
    let finding = |layer: &super::moment::LayerFigures| {
        let share = layer.flat.filter(|_| layer.is_hidden)?;
        if share < SHARE {
            return None;
        }
        let kind = patient.prepared.network.layers()[layer.number].layer.kind();
        let message = format!(
            "{} of the values of layer {} ({kind}) lie in the flat ends, where hardly any gradient passes",
            percent(share),
            layer.number
        );
        let at_start =
            patient.start.as_ref().and_then(|start| start.layers[layer.number].flat).unwrap_or(0.0);
        // What was flat before the first step is the start's doing, else the steps were too long.
        let first = match at_start >= SHARE {
            true => cures::start(patient).unwrap_or_else(|| "--set data.scale=standard".to_owned()),
            false => cures::rate(patient, 0.1),
        };
        Some(
            Finding::new(
                Kind::Saturation,
                Severity::Problem,
                message,
                cures::or([first.as_str(), "--activation relu"]),
            )
            .of_layer(layer.number)
            .with("share", share)
            .with("share_at_the_start", at_start),
        )
    };
    Verdict::Judged(moment.layers.iter().filter_map(finding).collect())
}
