//! Vanishing gradients: what reaches the first layers is a small fraction of what the last one gets.

use super::cures;
use super::finding::{Finding, Kind, Severity, Verdict, rounded};
use super::moment::GradientGrowth;
use super::patient::Patient;

/// What fraction of the last layer's gradient must reach the first. Weights that move by the healthy thousandth of their size per
/// step at the end of the network then still move by a millionth at its beginning.
pub(super) const FRACTION: f64 = 1e-3;

/// Compares the gradient of the loss by the outputs of the first and of the last layer with weights (the roots of their mean
/// squares over a sample of the training rows), before the first step and after the last. A start after He or Glorot keeps them
/// about equal; each sigmoid takes three quarters away or more. Too small at the start and still at the end, it is a problem; at
/// the start alone, a hint: training left it, but late. At the end alone it is nothing: a network that is nearly done has small
/// gradients everywhere.
///
/// Dead or saturated layers stop the gradient too, and are found by themselves; then nothing is said here.
///
/// # Source
/// Glorot, Bengio (2010), section 4.2; Hochreiter, "The vanishing gradient problem" (1998).
pub(super) fn find(patient: &Patient<'_>) -> Verdict {
    let (Some(start), Some(end)) = (&patient.start, &patient.end) else {
        return Verdict::NotJudged("the loss does not stay finite");
    };
    if patient.is_explained_by(&[Kind::DeadRelus, Kind::Saturation]) {
        return Verdict::NotJudged("another finding explains small gradients");
    }
    let (Some(at_start), Some(at_end)) = (start.gradient_growth(), end.gradient_growth()) else {
        return Verdict::HEALTHY;
    };
    if at_start.ratio() >= FRACTION {
        return Verdict::HEALTHY;
    }
    let is_left = at_end.ratio() >= FRACTION;
    let GradientGrowth { first, last, at_first, at_last } = if is_left { at_start } else { at_end };
    let (severity, when, what) = match is_left {
        true => (Severity::Hint, "at the start ", "the first layers learn late"),
        false => (Severity::Problem, "", "the first layers hardly learn"),
    };
    let message = format!(
        "{when}the gradient at layer {first} is {} of that at layer {last}: {what}",
        rounded(at_first / at_last)
    );
    let cure = match (cures::has_squashing(patient), cures::start(patient)) {
        (true, _) => "--activation relu, or fewer hidden layers".to_owned(),
        (false, Some(start)) => start,
        (false, None) => "fewer hidden layers (--hidden)".to_owned(),
    };
    Finding::new(Kind::VanishingGradients, severity, message, cure)
        .of_layer(first)
        .with("gradient_at_first", at_first)
        .with("gradient_at_last", at_last)
        .with("ratio_at_the_start", at_start.ratio())
        .with("ratio_at_the_end", at_end.ratio())
        .into()
}
