//! How training went: the training loss along the steps, and the reports.

use crate::error::Result;
use crate::run::{MetricsRow, RunFolder};
use crate::train::{History, Part};

/// The last tenth of a curve is its end.
const END: usize = 10;

/// Losses of single batches are averaged over so many stretches of a probe, where there are not enough epochs.
const STRETCHES: usize = 40;

/// Fewer batches than this do not tell how uncertain their mean is.
const FEWEST_IN_A_STRETCH: usize = 4;

/// From so many epochs on, their means are the curve, as in a run's reports: each has every row once.
const ENOUGH_EPOCHS: usize = 9;

/// Loss and metrics of one part.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Figures {
    /// Without penalties.
    pub(super) loss: f64,
    pub(super) accuracy: Option<f64>,
    pub(super) r2: Option<f64>,
}

/// One report.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    pub(super) step: u64,
    pub(super) train: Figures,
    pub(super) validation: Option<Figures>,
}

/// How training went, in a run that was recorded or in a probe.
#[derive(Clone, Debug, Default)]
pub(super) struct Course {
    /// The training loss without penalties, after so many steps.
    pub(super) losses: Vec<(u64, f64)>,
    /// The reports, where train and validation stand side by side.
    pub(super) reports: Vec<Point>,
    /// By how much each of `losses` is uncertain, since it is a mean over rows drawn at random: a standard error.
    pub(super) noise: f64,
    /// Updates made.
    pub(super) steps: u64,
    /// Updates of the whole run.
    pub(super) total_steps: u64,
    /// Whether it is the whole run, from its start to its end.
    pub(super) is_whole: bool,
    /// The step at which the loss stopped being finite.
    pub(super) diverged_at: Option<u64>,
}

impl Course {
    /// What a run wrote down.
    pub(super) fn of_run(folder: &RunFolder) -> Result<Course> {
        let rows = folder.metrics()?;
        let result = folder.result()?;
        let same = |a: &MetricsRow, b: &MetricsRow| (a.epoch, a.step) == (b.epoch, b.step);
        let reports: Vec<Point> = rows.chunk_by(same).filter_map(point).collect();
        let steps = result.as_ref().map(|result| result.summary.steps);
        let diverged_at = folder.diverged_at();
        let steps = steps.or(diverged_at).or(reports.last().map(|point| point.step)).unwrap_or(0);
        Ok(Course {
            losses: reports.iter().map(|point| (point.step, point.train.loss)).collect(),
            noise: 0.0,
            reports,
            steps,
            total_steps: steps,
            is_whole: result.is_some(),
            diverged_at,
        })
    }

    /// The loss of the start, or of the first stretch.
    pub(super) fn first(&self) -> f64 {
        self.losses.first().map_or(f64::NAN, |(_, loss)| *loss)
    }

    /// The mean loss of the last tenth.
    pub(super) fn last(&self) -> f64 {
        self.around(self.losses.len())
    }

    /// The lowest mean of a tenth, or the first loss if that is lower.
    pub(super) fn lowest(&self) -> f64 {
        let width = self.width();
        let means = self.losses.windows(width).map(|window| mean(window.iter().map(|(_, loss)| *loss)));
        means.fold(self.first(), f64::min).min(self.last())
    }

    /// The mean loss of the tenth that ends before point `end`.
    pub(super) fn around(&self, end: usize) -> f64 {
        let start = end.saturating_sub(self.width());
        mean(self.losses[start..end].iter().map(|(_, loss)| *loss))
    }

    fn width(&self) -> usize {
        (self.losses.len() / END).max(1)
    }
}

/// One report of a run, from its lines; `None` where the training loss is no number.
fn point(lines: &[MetricsRow]) -> Option<Point> {
    let figures = |part: Part| {
        let line = lines.iter().find(|line| line.split == part.name())?;
        Some(Figures {
            loss: line.number("data_loss")?,
            accuracy: line.number("accuracy"),
            r2: line.number("r2"),
        })
    };
    let train = figures(Part::Train)?;
    Some(Point { step: lines[0].step, train, validation: figures(Part::Validation) })
}

/// The reports of a history.
pub(super) fn points(history: &History) -> Vec<Point> {
    let points = history.reports.iter().filter_map(|report| {
        let figures = |part| {
            let part = report.part(part)?;
            Some(Figures { loss: part.data_loss, accuracy: part.metrics.accuracy, r2: part.metrics.r2 })
        };
        Some(Point { step: report.step, train: figures(Part::Train)?, validation: figures(Part::Validation) })
    });
    points.collect()
}

/// The losses of single batches, averaged, and by how much the means are uncertain. Over whole epochs, if there are enough; else
/// over stretches of equal length, which have some rows and not others. What is left over at the end is not counted.
pub(super) fn averaged(losses: &[(u64, f64)], steps_per_epoch: usize) -> (Vec<(u64, f64)>, f64) {
    let mean_of = |part: &[(u64, f64)]| mean(part.iter().map(|(_, loss)| *loss));
    let curve = |length: usize| {
        losses
            .chunks_exact(length)
            .map(|part| (part[part.len() - 1].0 + 1, mean_of(part)))
            .collect::<Vec<_>>()
    };
    let per_epoch = steps_per_epoch.max(1);
    if losses.len() / per_epoch >= ENOUGH_EPOCHS {
        return (curve(per_epoch), 0.0);
    }
    let length = losses.len().div_ceil(STRETCHES).max(FEWEST_IN_A_STRETCH);
    let error = |part: &[(u64, f64)]| {
        let mean = mean_of(part);
        let squares: f64 = part.iter().map(|(_, loss)| (loss - mean) * (loss - mean)).sum();
        (squares / (length * length) as f64).sqrt()
    };
    let errors: Vec<f64> = losses.chunks_exact(length).map(error).collect();
    let noise = if errors.is_empty() { 0.0 } else { mean(errors.iter().copied()) };
    (curve(length), noise)
}

pub(super) fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len();
    values.sum::<f64>() / count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_batches_become_epochs_or_stretches() {
        let losses: Vec<(u64, f64)> = (0..400).map(|step| (step, (step % 2) as f64)).collect();
        let (epochs, noise) = averaged(&losses, 20);
        assert_eq!((epochs.len(), epochs[0], noise), (20, (20, 0.5), 0.0));
        // Ten batches that are 0 or 1 alike: a standard deviation of a half, over the root of ten.
        let (even, noise) = averaged(&losses, 100);
        assert_eq!((even.len(), even[0], even[39]), (40, (10, 0.5), (400, 0.5)));
        assert!((noise - 0.5 / 10.0_f64.sqrt()).abs() < 1e-12);
        assert_eq!(averaged(&losses[..7], 100).0.len(), 1);
    }

    #[test]
    fn the_ends_of_a_curve_are_means() {
        let losses = (0..20).map(|i| (i, 20.0 - i as f64)).collect();
        let course = Course { losses, ..Course::default() };
        assert_eq!((course.first(), course.last(), course.lowest()), (20.0, 1.5, 1.5));
    }
}
