//! Underfitting: the network does hardly better on its own training rows than saying always the same.

use super::cures;
use super::finding::{Finding, Kind, Severity, Verdict, percent, rounded};
use super::patient::Patient;
use crate::data::DatasetTargets;
use crate::layers::Layer;

/// What a trained network must gain over saying always the same: this share of the errors, or of the variance.
const GAIN: f64 = 0.1;

/// Twice as many units are proposed, at least so many.
const FEWEST_UNITS: usize = 64;

/// Judges what a whole run came to on its training part. Of classes: the accuracy beyond the share of the most frequent class, as a
/// part of what is missing to 1; of numbers: r². A model that can do little with the data (a line through a spiral) gains
/// more than a tenth; one that gains less learns nothing.
///
/// Where something that was found explains it, nothing is said here.
///
/// # Source
/// Goodfellow, Bengio, Courville, *Deep Learning* (2016), section 5.2.
pub(super) fn find(patient: &Patient<'_>) -> Verdict {
    use Kind::{
        DeadRelus, ExplodingGradients, RateTooHigh, RateTooLow, Saturation, UnscaledColumns,
        VanishingGradients,
    };
    if !patient.course.is_whole {
        return Verdict::NotJudged("it takes a whole run");
    }
    let causes = [
        UnscaledColumns,
        DeadRelus,
        Saturation,
        VanishingGradients,
        ExplodingGradients,
        RateTooHigh,
        RateTooLow,
    ];
    if patient.is_explained_by(&causes) {
        return Verdict::NotJudged("another finding explains it");
    }
    if patient.train().weights().is_some() {
        return Verdict::NotJudged("rows weigh differently, and accuracy counts each once");
    }
    if patient.has(Kind::ClassImbalance) {
        return Verdict::NotJudged("with classes so unlike, accuracy says little");
    }
    let Some(last) = patient.course.reports.last() else {
        return Verdict::NotJudged("there are no reports");
    };
    let (gain, message, finding) = match (patient.train().targets(), last.train.accuracy, last.train.r2) {
        (DatasetTargets::Classes { ids, count }, Some(accuracy), _) => {
            let most = share_of_most_frequent(ids, *count);
            let message = format!(
                "{} of the training rows are told right, where saying always the same class is right in {}",
                percent(accuracy),
                percent(most)
            );
            ((accuracy - most) / (1.0 - most).max(f64::MIN_POSITIVE), message, accuracy)
        }
        (DatasetTargets::Values { .. }, _, Some(r2)) => {
            let message =
                format!("the network explains {} of the variance of its training rows (r2)", rounded(r2));
            (r2, message, r2)
        }
        _ => return Verdict::NotJudged("there is no accuracy or r2 to judge by"),
    };
    if gain >= GAIN || gain.is_nan() {
        return Verdict::HEALTHY;
    }
    let name = if last.train.accuracy.is_some() { "training_accuracy" } else { "training_r2" };
    Finding::new(Kind::Underfitting, Severity::Problem, message, cure(patient))
        .with(name, finding)
        .with("gain", gain)
        .with("training_loss", last.train.loss)
        .into()
}

fn share_of_most_frequent(ids: &[u32], count: usize) -> f64 {
    let mut rows = vec![0_usize; count];
    for &id in ids {
        rows[id as usize] += 1;
    }
    rows.into_iter().max().unwrap_or(0) as f64 / ids.len() as f64
}

/// A larger network, and less that holds it back.
fn cure(patient: &Patient<'_>) -> String {
    let sizes: Vec<usize> = patient
        .layers()
        .filter_map(|layer| match layer {
            Layer::Dense(dense) => Some(dense.out_features),
            _ => None,
        })
        .collect();
    let hidden = &sizes[..sizes.len().saturating_sub(1)];
    let larger = match hidden {
        [] => FEWEST_UNITS.to_string(),
        sizes => {
            let doubled = sizes.iter().map(|units| (2 * units).max(FEWEST_UNITS).to_string());
            doubled.collect::<Vec<_>>().join(",")
        }
    };
    let training = patient.training();
    let hidden = format!("--hidden {larger}");
    let mut ways = Vec::new();
    if training.l2 > 0.0 {
        ways.push("--l2 0");
    }
    if training.l1 > 0.0 {
        ways.push("--set training.l1=0");
    }
    if training.weight_decay > 0.0 {
        ways.push("--weight-decay 0");
    }
    if patient
        .layers()
        .any(|layer| layer.any(&|layer| matches!(layer, Layer::Dropout(_) | Layer::ChannelDropout(_))))
    {
        ways.push("--dropout 0");
    }
    ways.push(&hidden);
    cures::or(ways)
}
