//! Overfitting: good on the training part, worse on the validation part.

use super::course::{Point, mean};
use super::cures;
use super::finding::{Finding, Kind, Severity, Verdict, percent, rounded};
use super::patient::Patient;
use crate::layers::Layer;
use crate::optimizers::Optimizer;

/// The validation loss may end so far above its lowest, as a share of it.
const RISE: f64 = 0.1;

/// And by so many times what it moves from report to report.
const OF_ITS_JITTER: f64 = 3.0;

/// The accuracy of the training part may be so far above that of the validation part, beyond two standard errors of the latter.
const ACCURACY_GAP: f64 = 0.1;

/// The same for r².
const R2_GAP: f64 = 0.2;

/// Fewer reports make no curve.
const FEWEST_REPORTS: usize = 5;

/// Compares the training and the validation curve. Either the validation loss turned and rises while the training loss goes on
/// falling: a hint, since the weights that are kept are the best by validation. Or, at the report of those weights, the training part is
/// told much better than the validation part: a problem.
///
/// Without a validation part, or with one that is far too small, nothing is said. The test part is not looked at: whoever changes settings by what it says has chosen by it.
///
/// # Source
/// Goodfellow, Bengio, Courville, *Deep Learning* (2016), sections 5.2 and 7.8; Prechelt, "Early stopping - but when?" (1998).
pub(super) fn find(patient: &Patient<'_>) -> Verdict {
    let Some(validation) = &patient.prepared.validation else {
        return Verdict::NotJudged("there is no validation part");
    };
    if patient.is_explained_by(&[Kind::SmallValidation]) {
        return Verdict::NotJudged("the validation part is too small to tell");
    }
    let reports: Vec<(Point, f64)> = patient
        .course
        .reports
        .iter()
        .filter_map(|point| Some((*point, point.validation?.loss)))
        .filter(|(_, loss)| loss.is_finite())
        .collect();
    if reports.len() < FEWEST_REPORTS {
        return Verdict::NotJudged("there are too few reports");
    }
    let best = (0..reports.len()).min_by(|&a, &b| reports[a].1.total_cmp(&reports[b].1)).unwrap_or(0);
    let (rise, gap) = (rise(&reports, best), gap(&reports[best].0, validation.rows()));
    if rise.is_none() && gap.is_none() {
        return Verdict::HEALTHY;
    }
    let (point, lowest) = reports[best];
    let mut said = Vec::new();
    if let Some(last) = rise {
        said.push(format!(
            "the validation loss was lowest at step {} with {} and has risen to {} since, while the training loss fell",
            point.step,
            rounded(lowest),
            rounded(last)
        ));
    }
    if let Some(Gap { what, train, validation }) = gap {
        let figure = |value: f64| if what == "accuracy" { percent(value) } else { rounded(value) };
        said.push(format!(
            "the {what} is {} on the training part and {} on the validation part",
            figure(train),
            figure(validation)
        ));
    }
    let severity = if gap.is_some() { Severity::Problem } else { Severity::Hint };
    let mut finding =
        Finding::new(Kind::Overfitting, severity, said.join("; "), cure(patient, gap.is_some()))
            .with("best_step", point.step as f64)
            .with("lowest_validation_loss", lowest)
            .with("training_loss_then", point.train.loss);
    if let Some(last) = rise {
        finding = finding.with("last_validation_loss", last);
    }
    if let Some(Gap { what, train, validation }) = gap {
        let [of_train, of_validation] = match what {
            "accuracy" => ["training_accuracy", "validation_accuracy"],
            _ => ["training_r2", "validation_r2"],
        };
        finding = finding.with(of_train, train).with(of_validation, validation);
    }
    finding.into()
}

/// Where the validation loss ends, if it has turned and risen while the training loss fell.
fn rise(reports: &[(Point, f64)], best: usize) -> Option<f64> {
    let tail = &reports[reports.len() - (reports.len() / 10).max(1)..];
    let last = mean(tail.iter().map(|(_, loss)| *loss));
    let train_last = mean(tail.iter().map(|(point, _)| point.train.loss));
    let (point, lowest) = &reports[best];
    let moves: Vec<f64> =
        reports[reports.len() / 2..].windows(2).map(|pair| (pair[1].1 - pair[0].1).abs()).collect();
    let jitter = mean(moves.iter().copied());
    let has_risen = last - lowest >= RISE * lowest.abs() && last - lowest >= OF_ITS_JITTER * jitter;
    (has_risen && train_last < point.train.loss).then_some(last)
}

/// How far the parts are apart.
#[derive(Clone, Copy, Debug)]
struct Gap {
    what: &'static str,
    train: f64,
    validation: f64,
}

fn gap(best: &Point, rows: usize) -> Option<Gap> {
    let validation = best.validation?;
    if let (Some(train), Some(p)) = (best.train.accuracy, validation.accuracy) {
        let error = (p * (1.0 - p) / rows as f64).sqrt();
        return (train - p > ACCURACY_GAP + 2.0 * error).then_some(Gap {
            what: "accuracy",
            train,
            validation: p,
        });
    }
    let (train, own) = (best.train.r2?, validation.r2?);
    (train - own > R2_GAP).then_some(Gap { what: "r2", train, validation: own })
}

/// Stopping mends a rise; a gap needs a network that is held back.
fn cure(patient: &Patient<'_>, has_gap: bool) -> String {
    let training = patient.training();
    let stop = match training.early_stopping {
        None => Some("--set training.early_stopping.metric=validation.loss"),
        Some(_) => None,
    };
    let has_dropout = patient
        .layers()
        .any(|layer| layer.any(&|layer| matches!(layer, Layer::Dropout(_) | Layer::ChannelDropout(_))));
    let mut ways = Vec::new();
    if !has_gap {
        ways.extend(stop);
    }
    if patient.has_hidden_layers() && !has_dropout {
        ways.push("--dropout 0.2");
    }
    if training.weight_decay == 0.0 && training.l2 == 0.0 {
        // L-BFGS takes no decay, but a penalty.
        ways.push(match training.optimizer {
            Optimizer::Lbfgs { .. } => "--l2 0.001",
            _ => "--weight-decay 0.01",
        });
    }
    ways.push("more rows");
    cures::or(ways)
}

#[cfg(test)]
mod tests {
    use super::super::course::Figures;
    use super::*;

    fn report(step: u64, train: f64, validation: f64) -> (Point, f64) {
        let figures = |loss| Figures { loss, ..Figures::default() };
        (Point { step, train: figures(train), validation: Some(figures(validation)) }, validation)
    }

    #[test]
    fn a_validation_loss_that_turns_is_a_rise_and_one_that_jitters_is_not() {
        let turns: Vec<_> =
            (0..20).map(|i| report(i, 1.0 / (1.0 + i as f64), 0.5 + 0.02 * (i as f64 - 6.0).abs())).collect();
        assert!((rise(&turns, 6).unwrap() - 0.75).abs() < 0.02);
        let jitters: Vec<_> =
            (0..20).map(|i| report(i, 1.0 / (1.0 + i as f64), 0.5 + 0.1 * (i % 2) as f64)).collect();
        assert_eq!(rise(&jitters, 0), None);
    }

    #[test]
    fn few_rows_allow_a_wide_gap() {
        let with = |accuracy| Figures { accuracy: Some(accuracy), ..Figures::default() };
        let point = Point { step: 1, train: with(1.0), validation: Some(with(0.8)) };
        assert!(gap(&point, 1000).is_some());
        assert!(gap(&point, 20).is_none()); // two standard errors are 18 %
    }
}
