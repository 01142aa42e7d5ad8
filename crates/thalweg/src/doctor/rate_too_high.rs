//! A learning rate that is too high: the loss diverges, rises, or swings.

use super::course::Course;
use super::cures;
use super::finding::{Finding, Kind, Severity, Verdict, rounded};
use super::patient::Patient;

/// A loss that ends so far above its lowest, as a share of its whole fall, has risen.
const RISEN: f64 = 0.25;

/// And so far above the lowest itself.
const RISEN_FROM_LOWEST: f64 = 0.1;

/// What goes down in the second half and comes up again, as a share: above this, a loss swings more than it falls.
const COMES_UP: f64 = 0.8;

/// How far a swing must go at least, as a share of the whole fall.
const SWING: f64 = 0.05;

/// And as a share of the loss at that time: rows drawn at random move a loss too, by less.
const SWING_OF_LOSS: f64 = 0.1;

/// How far a rise or a swing must go as a multiple of the standard error of each loss, where that is a mean over some of the rows.
const OF_NOISE: f64 = 3.0;

/// Fewer losses make no curve.
const FEWEST_POINTS: usize = 8;

/// Judges the training loss along the steps: it stops being finite; it ends above the lowest it had; or it swings, the second half of
/// the curve going up about as much as down, by much more than rows drawn at random explain. Losses of single batches are
/// averaged first: over epochs, or over shorter stretches where there are few epochs. The update-to-weight ratio stands beside it as evidence: about a thousandth is healthy, a hundredth high. It
/// does not decide, since some runs live well with more.
///
/// Where inputs of wild size or exploding gradients explain it, nothing is said here.
///
/// # Source
/// For full batches: gradient descent rises where the rate is above 2 over the curvature (Goodfellow, Bengio, Courville, *Deep Learning*
/// (2016), section 4.3). The ratio: Karpathy and others, CS231n course notes, "Neural networks 3".
pub(super) fn find(patient: &Patient<'_>) -> Verdict {
    if patient.is_explained_by(&[Kind::UnscaledColumns, Kind::ExplodingGradients]) {
        return Verdict::NotJudged("another finding explains what the loss does");
    }
    let course = &patient.course;
    let (message, factor) = match symptom(course) {
        None if course.losses.len() < FEWEST_POINTS => return Verdict::NotJudged("there are too few losses"),
        None => return Verdict::HEALTHY,
        Some(Symptom::Diverges(step)) => (format!("the loss stops being finite after step {step}"), 0.1),
        Some(Symptom::Rises) => {
            let (last, lowest) = (rounded(course.last()), rounded(course.lowest()));
            (format!("the training loss rises: it ends at {last} after having been {lowest}"), 0.1)
        }
        Some(Symptom::Swings(swing)) => {
            (format!("the training loss swings up and down by {} and does not settle", rounded(swing)), 0.3)
        }
    };
    let mut finding =
        Finding::new(Kind::RateTooHigh, Severity::Problem, message, cures::rate(patient, factor))
            .with("learning_rate", patient.rate());
    if !course.losses.is_empty() {
        finding = finding
            .with("first_loss", course.first())
            .with("lowest_loss", course.lowest())
            .with("last_loss", course.last());
    }
    match patient.end.as_ref().or(patient.start.as_ref()).and_then(|moment| moment.largest_update_ratio()) {
        Some(ratio) => finding.with("update_to_weight", ratio).into(),
        None => finding.into(),
    }
}

/// What a curve shows.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Symptom {
    Diverges(u64),
    Rises,
    /// By how much, on average.
    Swings(f64),
}

fn symptom(course: &Course) -> Option<Symptom> {
    if let Some(step) = course.diverged_at {
        return Some(Symptom::Diverges(step));
    }
    if course.losses.len() < FEWEST_POINTS {
        return None;
    }
    let (first, last, lowest) = (course.first(), course.last(), course.lowest());
    let fall = first - lowest;
    let rise = last - lowest;
    if rise > RISEN * fall && rise > RISEN_FROM_LOWEST * lowest.abs() && rise > OF_NOISE * course.noise {
        return Some(Symptom::Rises);
    }
    let half = &course.losses[course.losses.len() / 2..];
    let (mut up, mut down, mut level) = (0.0, 0.0, 0.0);
    for pair in half.windows(2) {
        let change = pair[1].1 - pair[0].1;
        up += change.max(0.0);
        down -= change.min(0.0);
        level += pair[1].1.abs();
    }
    let count = (half.len() - 1) as f64;
    let swing = (up + down) / count;
    let is_large =
        swing > SWING * fall && swing > SWING_OF_LOSS * level / count && swing > OF_NOISE * course.noise;
    (is_large && up > COMES_UP * down).then_some(Symptom::Swings(swing))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn course(loss: impl Fn(f64) -> f64) -> Course {
        Course { losses: (0..40).map(|step| (step, loss(step as f64))).collect(), ..Course::default() }
    }

    #[test]
    fn curves_show_what_they_do() {
        assert_eq!(symptom(&course(|x| 1.0 / (1.0 + x))), None);
        assert_eq!(symptom(&course(|x| (x - 20.0).abs())), Some(Symptom::Rises));
        assert_eq!(symptom(&course(|x| 1.0 + x)), Some(Symptom::Rises));
        let swings = |amplitude: f64| course(move |x| 1.0 / (1.0 + x) + amplitude * (x % 2.0));
        assert!(matches!(symptom(&swings(0.3)), Some(Symptom::Swings(_))));
        // Less than a twentieth of the fall is how a curve settles.
        assert_eq!(symptom(&swings(0.03)), None);
        // Random rows move a loss that cannot fall: a hundredth of it is no swing.
        assert_eq!(symptom(&course(|x| 0.69 + 0.007 * (x % 2.0))), None);
        assert_eq!(
            symptom(&Course { diverged_at: Some(3), ..Course::default() }),
            Some(Symptom::Diverges(3))
        );
    }
}
