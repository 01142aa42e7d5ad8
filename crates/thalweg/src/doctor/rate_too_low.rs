//! A learning rate that is too low: the loss hardly moves, or is still falling as steadily as ever at the end.

use super::course::Course;
use super::cures;
use super::finding::{Finding, Kind, Severity, Verdict, percent, rounded};
use super::patient::Patient;

/// An update of less than this share of the weights is small: a tenth of what is healthy.
const SMALL_UPDATE: f64 = 1e-4;

/// What is healthy.
const HEALTHY_UPDATE: f64 = 1e-3;

/// A loss that changes by less than this share does not move.
const UNMOVED: f64 = 0.01;

/// The last third of the curve may fall by so much of what the middle third does. A straight line falls by all of it, a curve
/// that is settling by less and less.
const STEADY: f64 = 0.7;

/// And the last third's fall must be this share of the whole, or it is a tail. A straight line's is a third.
const OF_THE_FALL: f64 = 0.1;

/// And this share of the loss, or nobody would see it.
const OF_THE_LOSS: f64 = 0.02;

/// Fewer losses make no curve.
const FEWEST_POINTS: usize = 9;

/// No proposed rate is further away than this.
const MOST_TIMES: f64 = 100.0;

/// Judges the training loss along the steps, in two ways.
///
/// It does not move, every layer's updates at the start are less than a ten-thousandth of its weights (about a thousandth is healthy), and
/// all steps of the run together, were they all to point the same way, would change them by less than their own size. This is
/// a problem, and it is seen in a probe too.
///
/// Or a whole run is still falling at its end as steadily as before, its validation loss too if there is one: a hint, since more
/// epochs do as well.
///
/// Where inputs of wild size, or layers that pass no gradient, explain it, nothing is said here.
///
/// # Source
/// Karpathy and others, CS231n course notes, "Neural networks 3": the shapes of loss curves, and updates of about 1e-3 of the weights.
pub(super) fn find(patient: &Patient<'_>) -> Verdict {
    use Kind::{DeadRelus, ExplodingGradients, RateTooHigh, Saturation, UnscaledColumns, VanishingGradients};
    let causes =
        [UnscaledColumns, DeadRelus, Saturation, VanishingGradients, ExplodingGradients, RateTooHigh];
    if patient.is_explained_by(&causes) {
        return Verdict::NotJudged("another finding explains what the loss does");
    }
    let course = &patient.course;
    if course.losses.len() < FEWEST_POINTS {
        return Verdict::NotJudged("there are too few losses");
    }
    let ratio = patient.start.as_ref().and_then(|moment| moment.largest_update_ratio());
    if let Some(ratio) = ratio
        && is_stuck(course, ratio)
    {
        return stuck(patient, ratio).into();
    }
    let is_late = patient.has(VanishingGradients); // a plateau that was left late falls until the end
    match still_falling(course) {
        Some(falls) if course.is_whole && !is_late && does_validation_follow(course) => {
            steady(patient, falls).into()
        }
        _ => Verdict::HEALTHY,
    }
}

fn stuck(patient: &Patient<'_>, ratio: f64) -> Finding {
    let course = &patient.course;
    let moved = (course.first() - course.last()).abs() / course.first().abs();
    let message = format!(
        "the training loss moves by {} in {} steps, and an update changes the weights by {} of their size at most: about \
         0.001 is healthy",
        percent(moved),
        course.steps,
        rounded(ratio)
    );
    let factor = (HEALTHY_UPDATE / ratio).min(MOST_TIMES);
    Finding::new(Kind::RateTooLow, Severity::Problem, message, cures::rate(patient, factor))
        .with("learning_rate", patient.rate())
        .with("update_to_weight", ratio)
        .with("first_loss", course.first())
        .with("last_loss", course.last())
}

fn steady(patient: &Patient<'_>, falls: Falls) -> Finding {
    let course = &patient.course;
    let message = format!(
        "the training loss is still falling at the end: by {} in the last third of the run, by {} in the middle one",
        rounded(falls.last),
        rounded(falls.middle)
    );
    let longer = match (patient.training().epochs, patient.training().steps) {
        (_, Some(steps)) => format!("--steps {}", steps.saturating_mul(3)),
        (epochs, None) => format!("--epochs {}", epochs.unwrap_or(100).saturating_mul(3)),
    };
    let cure = cures::or([cures::rate(patient, 3.0).as_str(), longer.as_str()]);
    let finding = Finding::new(Kind::RateTooLow, Severity::Hint, message, cure)
        .with("learning_rate", patient.rate())
        .with("fall_in_middle_third", falls.middle)
        .with("fall_in_last_third", falls.last)
        .with("first_loss", course.first())
        .with("last_loss", course.last());
    match patient.end.as_ref().and_then(|moment| moment.largest_update_ratio()) {
        Some(ratio) => finding.with("update_to_weight", ratio),
        None => finding,
    }
}

/// Whether nothing moves, and nothing will.
fn is_stuck(course: &Course, update_ratio: f64) -> bool {
    let (first, last) = (course.first(), course.last());
    (first - last).abs() < UNMOVED * first.abs()
        && update_ratio < SMALL_UPDATE
        && update_ratio * (course.total_steps as f64) < 1.0
}

/// By how much a loss falls.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Falls {
    middle: f64,
    last: f64,
}

/// By how much the loss falls in the middle and in the last third, if it falls as steadily as ever.
fn still_falling(course: &Course) -> Option<Falls> {
    let count = course.losses.len();
    let [one, two, end] = [count / 3, 2 * count / 3, count].map(|point| course.around(point));
    let falls = Falls { middle: one - two, last: two - end };
    let is_steady = falls.middle > 0.0
        && falls.last >= STEADY * falls.middle
        && falls.last >= OF_THE_FALL * (course.first() - end)
        && falls.last >= OF_THE_LOSS * two.abs();
    is_steady.then_some(falls)
}

/// Whether the validation loss, where there is one, was lowest in the last third: else more of the same is no cure.
fn does_validation_follow(course: &Course) -> bool {
    let losses: Vec<f64> = course.reports.iter().filter_map(|point| Some(point.validation?.loss)).collect();
    let best = (0..losses.len()).min_by(|&a, &b| losses[a].total_cmp(&losses[b]));
    best.is_none_or(|best| best >= 2 * losses.len() / 3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::real::Real;

    fn course(loss: impl Fn(f64) -> f64) -> Course {
        let losses = (0..60).map(|step| (step, loss(step as f64 / 60.0))).collect();
        Course { losses, total_steps: 60, is_whole: true, ..Course::default() }
    }

    #[test]
    fn a_line_falls_steadily_and_a_curve_that_settles_does_not() {
        let line = still_falling(&course(|x| 1.0 - 0.5 * x)).unwrap();
        assert!((line.last / line.middle - 1.0).abs() < 0.01, "{line:?}");
        assert_eq!(still_falling(&course(|x| 1.0 / (1.0 + 20.0 * x))), None);
        assert_eq!(still_falling(&course(|x| Real::exp(-3.0 * x))), None);
        assert_eq!(still_falling(&course(|x| 1.0 - 0.01 * x)), None); // nobody would see it
        assert_eq!(still_falling(&course(|x| 1.0 + x)), None);
    }

    #[test]
    fn a_loss_is_stuck_only_where_no_number_of_steps_would_move_it() {
        let flat = course(|x| 1.0 - 0.001 * x);
        assert!(is_stuck(&flat, 1e-5));
        assert!(!is_stuck(&flat, 1e-3));
        assert!(!is_stuck(&Course { total_steps: 1_000_000, ..flat }, 1e-5));
        assert!(!is_stuck(&course(|x| 1.0 - 0.5 * x), 1e-5));
    }
}
