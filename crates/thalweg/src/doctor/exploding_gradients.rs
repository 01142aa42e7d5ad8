//! Exploding gradients: they grow from layer to layer on the way back.

use super::cures;
use super::finding::{Finding, Kind, Severity, Verdict, rounded};
use super::moment::GradientGrowth;
use super::patient::Patient;

/// So many times the last layer's gradient may reach the first: as far above 1 as
/// [`FRACTION`](super::vanishing_gradients::FRACTION) is below.
const TIMES: f64 = 1e3;

/// Compares the gradient of the loss by the outputs of the first and of the last layer with weights (the roots of their mean
/// squares over a sample of the training rows), before the first step and after the last; one of the two is enough. A start after He
/// or Glorot keeps them about equal; weights that are too large multiply them layer by layer.
///
/// # Source
/// Pascanu, Mikolov, Bengio, "On the difficulty of training recurrent neural networks" (2013), section 3.2 for the clipping.
pub(super) fn find(patient: &Patient<'_>) -> Verdict {
    let moments = [&patient.start, &patient.end].into_iter().flatten();
    let growths: Vec<GradientGrowth> = moments.filter_map(|moment| moment.gradient_growth()).collect();
    if patient.start.is_none() {
        return Verdict::NotJudged("the loss is not finite at the start");
    }
    let worst = growths.into_iter().max_by(|a, b| a.ratio().total_cmp(&b.ratio()));
    let Some(worst) = worst.filter(|worst| worst.ratio() >= TIMES) else { return Verdict::HEALTHY };
    let GradientGrowth { first, last, at_first, at_last } = worst;
    let message = format!(
        "the gradient at layer {first} is {} times that at layer {last}: it grows from layer to layer on the way back",
        rounded(worst.ratio())
    );
    let clipping = "--set training.clip_norm=1";
    let cure = match cures::start(patient) {
        Some(start) => cures::or([start.as_str(), clipping]),
        None => clipping.to_owned(),
    };
    Finding::new(Kind::ExplodingGradients, Severity::Problem, message, cure)
        .of_layer(first)
        .with("gradient_at_first", at_first)
        .with("gradient_at_last", at_last)
        .with("ratio", worst.ratio())
        .into()
}
